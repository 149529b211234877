"""The mail transaction over a real socket: what is said, what is taken, what the peer is told."""

from __future__ import annotations

import asyncio
import smtplib
from base64 import b64encode
from pathlib import Path

import pytest

from gateway.core.model import ForwardPath, Mailbox, Receipt, Submission
from gateway.edges.submission import SubmissionSettings
from gateway.errors import FAILURES, FAULT, GatewayError, StoreDamaged
from tests.contracts.submission_door import COACH, MAIL, PASSWORD, open_door


# ---------------------------------------------------------------- what is taken
async def test_a_mail_of_smtplib_is_taken_with_its_envelope() -> None:
    """The library every script uses logs in, sends, and reads the submission id."""
    async with open_door() as door:

        def client() -> tuple[int, bytes]:
            with smtplib.SMTP("127.0.0.1", door.port) as smtp:
                smtp.login("robin", PASSWORD.decode())
                smtp.mail(COACH, ["BODY=8BITMIME", "RET=HDRS", "ENVID=aBc+2Bd"])
                smtp.rcpt("dana@acme.example", ["NOTIFY=success,Failure", "ORCPT=rfc822;Dana+2Bx@acme.example"])
                return smtp.data("Subject: ä\r\n\r\n..\r\n.x\r\n".encode())

        assert await asyncio.to_thread(client) == (250, b"2.0.0 taken as s1")
        [submission] = door.accepted
        assert submission.raw == "Subject: ä\r\n\r\n..\r\n.x\r\n".encode()
        assert submission.received_at == door.clock.now()
        envelope = submission.envelope
        assert (envelope.login, envelope.tenant, envelope.login_role, envelope.body_8bit, envelope.smtputf8) == ("robin", 1, "coach", True, False)
        assert (envelope.ret, envelope.envid) == ("HDRS", "aBc+2Bd")
        assert envelope.reverse_path == Mailbox("coach", "coach.example")
        assert envelope.authors == (COACH, "büro@xn--bcher-kva.example")
        assert envelope.forward_paths == (
            ForwardPath("dana@acme.example", Mailbox("dana", "acme.example"), "success,Failure", "rfc822;Dana+2Bx@acme.example"),
        )


async def test_ehlo_announces_what_is_done_and_nothing_else() -> None:
    async with open_door(size_limit=5000) as door:
        peer = await door.peer()
        assert set((await peer.say(b"EHLO x.example")).split(b"\r\n")) == {
            b"250-localhost", b"250-SIZE 5000", b"250-8BITMIME", b"250-SMTPUTF8", b"250-DSN", b"250-PIPELINING", b"250-ENHANCEDSTATUSCODES",
            b"250 AUTH PLAIN LOGIN", b"",
        }  # fmt: skip
        await peer.close()


async def test_every_reply_but_those_to_ehlo_and_the_greeting_has_an_enhanced_code() -> None:
    """ENHANCEDSTATUSCODES is announced (RFC 2034 section 4)."""
    async with open_door() as door:
        peer = await door.coach()
        for line in (b"NOOP", b"RSET", b"HELP", b"VRFY x", b"EXPN x", b"XYZ", b"MAIL", b"RCPT TO:<a@b.example>", b"DATA", b"AUTH X", b"QUIT"):
            code, enhanced, *_ = (await peer.say(line)).split()
            assert enhanced[:1] == code[:1], line
            assert enhanced.count(b".") == 2, line
        await peer.close()


async def test_pipelined_commands_are_answered_in_order() -> None:
    """Two whole mails in one write each (RFC 2920)."""
    async with open_door() as door:
        peer = await door.coach()
        commands = b"MAIL FROM:<coach@coach.example>\r\nRCPT TO:<dana@acme.example>\r\nDATA\r\n"
        await peer.send(commands)
        assert [(await peer.reply())[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        await peer.send(MAIL + b".\r\n" + commands)
        assert [(await peer.reply())[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        await peer.send(MAIL + b".\r\nQUIT\r\n")
        assert [(await peer.reply())[:3] for _ in range(2)] == [b"250", b"221"]
        assert [s.raw for s in door.accepted] == [MAIL, MAIL]
        await peer.close()


async def test_one_command_in_many_pieces_is_one_command() -> None:
    async with open_door() as door:
        peer = await door.peer()
        for octet in b"EHLO mail.coach.example\r\n":
            await peer.send(bytes([octet]))
        assert b"PIPELINING" in await peer.reply()
        await peer.close()


async def test_several_connections_do_not_mix() -> None:
    async with open_door() as door:
        peers = [await door.coach() for _ in range(8)]
        replies = await asyncio.gather(*(p.mail(b"Subject: %d\r\n\r\n" % i, b"dana%d@acme.example" % i) for i, p in enumerate(peers)))
        assert all(r.startswith(b"250 2.0.0 taken as") for r in replies)
        assert sorted((s.raw, s.envelope.forward_paths[0].path) for s in door.accepted) == [
            (b"Subject: %d\r\n\r\n" % i, f"dana{i}@acme.example") for i in range(8)
        ]
        for peer in peers:
            await peer.close()


async def test_the_null_reverse_path_is_no_string_of_two_brackets() -> None:
    """aiosmtpd hands over "<>"; automatic replies depend on None."""
    async with open_door() as door:
        peer = await door.coach()
        assert (await peer.begin(sender=b"<>")).startswith(b"354")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
        assert door.accepted[0].envelope.reverse_path is None
        await peer.close()


async def test_smtputf8_paths_need_the_parameter_and_keep_their_octets() -> None:
    """The domain is judged as A-label, the path is kept as sent (RFC 6531)."""
    async with open_door() as door:
        peer = await door.coach()
        assert (await peer.say("MAIL FROM:<büro@bücher.example>".encode())).startswith(b"550 5.7.1")
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"250")
        assert (await peer.say("RCPT TO:<dana@acmé.example>".encode())).startswith(b"553 5.1.3")
        await peer.say(b"RSET")
        sender = "<büro@bu\u0308cher.example> SMTPUTF8".encode()
        assert (await peer.begin("dana@ACMÉ.example".encode(), sender=sender)).startswith(b"354")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
        [submission] = door.accepted
        assert submission.envelope.smtputf8
        assert submission.envelope.reverse_path == Mailbox("büro", "xn--bcher-kva.example")
        assert submission.envelope.forward_paths == (ForwardPath("dana@ACMÉ.example", Mailbox("dana", "xn--acm-dma.example")),)
        await peer.close()


async def test_the_same_recipient_twice_is_one_recipient() -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.mail(MAIL, b"dana@acme.example", b"dana@acme.example", b"Dana@acme.example")
        assert [p.path for p in door.accepted[0].envelope.forward_paths] == ["dana@acme.example", "Dana@acme.example"]
        await peer.close()


# ---------------------------------------------------------------- addresses are read from the octets
HOSTILE_PATHS = [
    b"=?utf-8?q?u=0d=0aRCPT_TO:=3cboss=40corp.example=3e?=@personal.example",  # decoded by aiosmtpd, then delivered to the boss
    b"u@=?utf-8?q?corp.example?=",
    b"@relay.example,@mx.example:dana@acme.example",
    b'"u@corp.example"@personal.example',
    b"u%corp.example@personal.example",
    b"corp.example!u@personal.example",
    b"u(personal.example)@corp.example",
    b"u@corp .example",
    b"u @corp.example",
    b"u@corp\t.example",
    b"u@[192.0.2.1]",
    b"u@corp.example.",
    b"u@corp\0.example",
    b"u@\xff\xfe.example",
    b"u@" + b"a" * 60 + b"." + b"b" * 400 + b".example",
    b"",
    b"postmaster",
    b"u",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
async def test_a_path_that_could_mean_two_mailboxes_is_refused_and_the_others_stand(path: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.say(b"MAIL FROM:<coach@coach.example> SMTPUTF8")
        assert (await peer.say(b"RCPT TO:<" + path + b">"))[:3] in (b"553", b"501", b"500")
        assert (await peer.say(b"RCPT TO:<dana@acme.example>")).startswith(b"250")
        await peer.say(b"DATA")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
        assert [p.path for p in door.accepted[0].envelope.forward_paths] == ["dana@acme.example"]
        await peer.close()


@pytest.mark.parametrize("line", [b"RCPT TO:dana@acme.example", b"RCPT dana@acme.example", b"RCPT TO:<dana@acme.example", b"RCPT TO:<a@b.example><c@d.example>",
                                  b"RCPT TO:<a@b.example>,<c@d.example>", b"RCPT", b"RCPT TO:", b"RCPT TO:Dana <dana@acme.example>"])  # fmt: skip
async def test_a_path_needs_its_brackets(line: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.say(b"MAIL FROM:<coach@coach.example>")
        assert (await peer.say(line)).startswith(b"501 5.5.4")
        assert (await peer.say(b"DATA")).startswith(b"503")
        await peer.close()


@pytest.mark.parametrize("sender", [b"someone.else@coach.example", b"coach@acme.example", b"coach", b"@a:coach@coach.example", b'"coach"@coach.example'])
async def test_a_login_sends_as_its_own_mailboxes_only(sender: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        assert (await peer.say(b"MAIL FROM:<" + sender + b">")) == b"550 5.7.1 this account may not send as that address\r\n"
        assert (await peer.say(b"RCPT TO:<dana@acme.example>")).startswith(b"503")
        assert (await peer.say(b"MAIL FROM: <COACH+tag@Coach.Example>")).startswith(b"250")
        await peer.close()


# ---------------------------------------------------------------- parameters
@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (b"SIZE=100 BODY=7BIT", b"250"), (b"size=100 body=8bitmime", b"250"), (b"AUTH=<>", b"250"), (b"RET=full ENVID=QQ314159", b"250"),
        (b"SIZE=999999999", b"552"), (b"SIZE=-1", b"501"), (b"SIZE=1e3", b"501"), (b"SIZE=" + b"9" * 30, b"501"), (b"SIZE=1 SIZE=2", b"501"),
        (b"BODY=BINARYMIME", b"501"), (b"SMTPUTF8=yes", b"501"), (b"RET=SOME", b"501"), (b"ENVID=a+2b", b"501"), (b"ENVID=" + b"x" * 101, b"501"),
        (b"REQUIRETLS", b"555"), (b"MT-PRIORITY=3", b"555"), (b"FOO=BAR", b"555"), (b"=x", b"501"), (b"SIZE=\xc3\xa4", b"501"), (b"RET=", b"501"),
    ],
)  # fmt: skip
async def test_mail_parameters(parameters: bytes, code: bytes) -> None:
    """Known ones are understood, unknown ones refused, so that nothing is promised which is not carried on."""
    async with open_door(size_limit=1_000_000) as door:
        peer = await door.coach()
        assert (await peer.say(b"MAIL FROM:<coach@coach.example> " + parameters)).startswith(code)
        await peer.close()


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (b"NOTIFY=NEVER", b"250"), (b"NOTIFY=SUCCESS,DELAY", b"250"), (b"ORCPT=rfc822;a@b.example NOTIFY=failure", b"250"),
        (b"NOTIFY=NEVER,DELAY", b"501"), (b"NOTIFY=DELAY,DELAY", b"501"), (b"NOTIFY=", b"501"), (b"NOTIFY=x", b"501"),
        (b"ORCPT=a@b.example", b"501"), (b"ORCPT=rfc822;", b"501"), (b"ORCPT=rfc822;a=b", b"501"), (b"FOO", b"555"),
    ],
)  # fmt: skip
async def test_rcpt_parameters(parameters: bytes, code: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.say(b"MAIL FROM:<coach@coach.example>")
        assert (await peer.say(b"RCPT TO:<dana@acme.example> " + parameters)).startswith(code)
        await peer.close()


async def test_a_long_mail_command_is_taken_also_after_another_peer_connected() -> None:
    """aiosmtpd's limits are one table for all connections, emptied by each new one."""
    async with open_door() as door:
        peer = await door.coach()
        other = await door.peer()
        assert (await peer.say(b"MAIL FROM:<coach@coach.example> ENVID=" + b"x" * 90 + b" AUTH=" + b"y" * 900)).startswith(b"250")
        assert (await peer.say(b"NOOP " + b"x" * 600)).startswith(b"500")
        await other.close()
        await peer.close()


# ---------------------------------------------------------------- order of commands
async def test_commands_out_of_order_are_503_and_harm_nothing() -> None:
    async with open_door() as door:
        peer = await door.peer()
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"503")
        assert (await peer.say(b"AUTH PLAIN AAAA")).startswith(b"503")
        await peer.say(b"HELO mail.coach.example")
        assert (await peer.say(b"AUTH PLAIN " + b64encode(b"\0robin\0" + PASSWORD))).startswith(b"503")
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"530 5.7.0")
        assert (await peer.say(b"VRFY coach")).startswith(b"530")
        assert (await peer.log_in()).startswith(b"235")
        assert (await peer.say(b"RCPT TO:<dana@acme.example>")).startswith(b"503")
        assert (await peer.say(b"DATA")).startswith(b"503")
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"250")
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"503")
        assert (await peer.say(b"AUTH PLAIN AAAA")).startswith(b"503")
        assert (await peer.say(b"RCPT TO:<dana@acme.example>")).startswith(b"250")
        assert (await peer.say(b"DATA now")).startswith(b"501")
        assert (await peer.say(b"DATA")).startswith(b"354")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
        await peer.close()


@pytest.mark.parametrize("reset", [b"RSET", b"EHLO mail.coach.example"])
async def test_rset_and_ehlo_forget_the_transaction_but_not_the_login(reset: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.say(b"MAIL FROM:<coach@coach.example>")
        await peer.say(b"RCPT TO:<dana@acme.example>")
        await peer.say(reset)
        assert (await peer.say(b"DATA")).startswith(b"503")
        assert (await peer.mail(MAIL, b"other@acme.example")).startswith(b"250")
        assert [p.path for p in door.accepted[0].envelope.forward_paths] == ["other@acme.example"]
        await peer.close()


@pytest.mark.parametrize("name", [b"", b"a\rX-Injected: 1", b"a\0b", b"a b", "bücher.example".encode(), b"<x>", b"-x", b"x" * 300, b"a(b)"])
async def test_an_ehlo_name_that_is_none_is_refused(name: bytes) -> None:
    async with open_door() as door:
        peer = await door.peer()
        assert (await peer.say(b"EHLO " + name))[:1] == b"5"
        assert (await peer.say(b"HELO " + name))[:1] == b"5"
        assert (await peer.say(b"AUTH PLAIN AAAA")).startswith(b"503")
        await peer.close()


@pytest.mark.parametrize("name", [b"desk", b"DESK_TOP-1.local", b"[192.0.2.7]", b"[IPv6:2001:db8::1]", b"mail.coach.example"])
async def test_names_that_mail_programs_give_are_taken(name: bytes) -> None:
    async with open_door() as door:
        peer = await door.peer()
        assert (await peer.say(b"EHLO " + name)).startswith(b"250")
        await peer.close()


# ---------------------------------------------------------------- the reply after the dot
@pytest.mark.parametrize("error", sorted(FAILURES, key=lambda e: e.__name__))
async def test_every_failure_has_the_reply_of_the_table(error: type[GatewayError]) -> None:
    async def fail(_: Submission) -> Receipt:
        raise error("a secret sentence")

    async with open_door(fail) as door:
        peer = await door.coach()
        assert await peer.mail() == FAILURES[error].reply.encode() + b"\r\n"
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"250"), "the transaction is over"
        await peer.close()


FAULTS = [OSError(28, "No space left: notes on Dana"), ValueError("notes on Dana"), StoreDamaged("notes on Dana"), TimeoutError(), EOFError()]


@pytest.mark.parametrize("error", FAULTS)
async def test_an_exception_defers_and_its_text_goes_nowhere(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """aiosmtpd answers a permanent 500 with the text, and leaves MAIL nested."""

    async def fail(_: Submission) -> Receipt:
        raise error

    async with open_door(fail) as door:
        peer = await door.coach()
        reply = (await peer.mail()).decode()
        assert reply.startswith(f"{FAULT.reply} (reference ")
        assert (await peer.mail()).startswith(b"451 4.3.0")
        await peer.close()
    log = capsys.readouterr()
    assert reply.split()[-1].rstrip(")") in log.out + log.err, "the reference leads to the log"
    assert type(error).__name__ in log.out + log.err
    for secret in ("Dana", "notes", "space", "acme"):
        assert secret not in reply + log.out + log.err


async def test_a_fault_in_the_accounts_defers_the_login() -> None:
    """And is not counted as a wrong password."""

    class Broken:
        calls = 0

        async def verify(self, login: str, password: bytes) -> None:
            self.calls += 1
            raise OSError("secret")

    accounts = Broken()
    async with open_door(accounts=accounts) as door:
        peer = await door.peer()
        for _ in range(6):
            reply = await peer.log_in()
            assert reply.startswith(b"451 4.3.0")
            assert b"secret" not in reply
        assert accounts.calls == 6
        await peer.close()


# ---------------------------------------------------------------- settings
@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"listen": ()}, "listen"),
        ({"listen": (("0.0.0.0", 25),), "tls": "none"}, "tls"),
        ({"listen": (("127.0.0.1", 25), ("192.0.2.1", 25)), "tls": "none"}, "tls"),
        ({"listen": (("localhost.corp.example", 25),), "tls": "none"}, "tls"),
        ({"listen": (("", 25),), "tls": "none"}, "tls"),
        ({"listen": (("::", 25),), "tls": "none"}, "tls"),
        ({"tls": "starttls"}, "certificate"),
        ({"tls": "implicit", "certificate": Path("x")}, "key"),
        ({"tls": "maybe"}, "tls"),
        ({"tls": "none", "idle_seconds": 0}, "idle_seconds"),
        ({"tls": "none", "per_address": -1}, "per_address"),
    ],
)
def test_settings_that_would_open_the_door_cannot_be_made(wrong: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        SubmissionSettings(**{"listen": (("127.0.0.1", 0),), **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_clear_text_is_allowed_on_loopback(host: str) -> None:
    assert SubmissionSettings(((host, 2587),), tls="none").tls == "none"
