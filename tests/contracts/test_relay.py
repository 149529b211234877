"""What every `ports.Relay` of ours must do on the wire: octets, addresses and parameters as they are, connections used again, tokens and passwords right."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.core.model import Purpose
from gateway.edges.relay import Password, RelaySettings, SmtpRelay, Timeouts, Token
from gateway.ports import Delivery, Result
from tests.contracts.postfix import PostfixWithSink
from tests.fakes.relay import copy_for
from tests.fakes.smarthost import Authority, Close, Reply, Silence, Smarthost

SHORT = Timeouts(connect=2, command=2, data=2, block=2, dot=2)
DELIVERED = Result.DELIVERED


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def plain(port: int, **more: object) -> SmtpRelay:
    return SmtpRelay(RelaySettings("127.0.0.1", port, tls="none", **({"timeouts": SHORT} | more)))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ octets
EVERY_OCTET = bytes(b for b in range(256) if b not in b"\r\n\0")
OCTETS = {
    "dots": b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n...\r\nend.\r\n",
    "a dot first": b".Subject: x\r\n\r\nx\r\n",
    "empty": b"\r\n",
    "no body": b"Subject: x\r\n",
    "every octet": b"Subject: x\r\n\r\n" + EVERY_OCTET + b"\r\n",
    "long line": b"Subject: x\r\n\r\n" + b"y" * 200_000 + b"\r\n",
    "blanks at line ends": b"Subject: x \r\n\t \r\n\r\na \t \r\n \r\n",
    "dots at block borders": b"Subject: x\r\n\r\n" + b"\r\n.".join([b"z" * 61] * 20_000) + b"\r\n",
    "megabytes": b"Subject: x\r\n\r\n" + (b"m" * 76 + b"\r\n") * 60_000,
    "latin-1 in the header section": b"Subject: \xe4\r\n\r\nx\r\n",
}


@pytest.mark.parametrize("octets", OCTETS.values(), ids=OCTETS)
async def test_the_octets_arrive_as_they_are(octets: bytes) -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        assert await relay.send(copy_for(octets=octets, purpose=Purpose.RAW)) == Delivery(DELIVERED, "250 2.0.0")
        await relay.close()
    assert hop.mail[0].octets == octets


@pytest.mark.parametrize("octets", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n", b"a\n\r\n", b"a\r\n.\n", b"a\r"])
async def test_a_bare_line_end_never_leaves(octets: bytes) -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        assert await relay.send(copy_for(octets=octets)) == Delivery(Result.FAILED, "line-ends")
        await relay.close()
    assert hop.connections == 0


async def test_a_missing_last_line_end_is_the_only_thing_added() -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        await relay.send(copy_for(octets=b"Subject: x\r\n\r\nend"))
        await relay.close()
    assert hop.mail[0].octets == b"Subject: x\r\n\r\nend\r\n"


# ------------------------------------------------------------------------------------------------ addresses
@pytest.mark.parametrize(
    "path",
    [
        "dana@acme.example",
        "Dana.Ray+x@ACME.example",
        '"dana ray"@acme.example',
        '"a>b"@acme.example',
        r'"a\"b"@acme.example',
        "dana@[192.0.2.1]",
        "=?utf-8?q?boss=40corp.example?=@acme.example",
        "dana(note)@acme.example",
        "dänä@acme.example",
        "dana@bücher.example",
    ],
)
async def test_the_address_sent_is_the_address_judged_byte_for_byte(path: str) -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        delivery = await relay.send(copy_for(path))
        await relay.close()
    assert delivery.result is DELIVERED
    assert hop.mail[0].forward_paths == [path.encode()]
    assert hop.mail[0].reverse_path == b"coach@coach.example"


@pytest.mark.parametrize(
    "path",
    [
        *("", "a@b>\r\nRCPT TO:<boss@corp.example", "a@b> <c@d", "a@b>", "<a@b>", "a b@c.example", "a@b\n", "a@b\x00", "a@b NOTIFY=NEVER"),
        *('x"> BODY=7BIT"@c.example', '"a\r\nb"@c', '"a"@b"> X="', "a@b\u2028c"),
    ],
)
async def test_an_address_that_could_mean_something_else_never_leaves(path: str) -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        assert await relay.send(copy_for(path)) == Delivery(Result.FAILED, "address")
        assert path == "" or await relay.send(copy_for(reverse_path=path)) == Delivery(Result.FAILED, "address")
        await relay.close()
    assert hop.connections == 0


async def test_the_null_reverse_path_is_spoken_as_such() -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        await relay.send(copy_for(reverse_path="", purpose=Purpose.NOTICE))
        await relay.close()
    assert hop.mail[0].reverse_path == b""


# ------------------------------------------------------------------------------------------------ extensions
async def test_parameters_follow_what_is_offered() -> None:
    octets = "Subject: x\r\n\r\ngrüße\r\n".encode()
    async with Smarthost() as hop:
        relay = plain(hop.port)
        await relay.send(copy_for(octets=octets, purpose=Purpose.RAW, notify="SUCCESS,FAILURE", orcpt="rfc822;dana+2Bx@acme.example", smtputf8=True))
        await relay.send(copy_for(purpose=Purpose.PRIVATE, notify="NEVER", orcpt="rfc822;dana@acme.example"))
        await relay.close()
    raw, private = hop.mail
    assert raw.mail_parameters == (b"SIZE=%d" % len(octets), b"BODY=8BITMIME", b"SMTPUTF8", b"ENVID=c0ffee01")
    assert raw.rcpt_parameters == [(b"NOTIFY=SUCCESS,FAILURE", b"ORCPT=rfc822;dana+2Bx@acme.example")]
    assert private.mail_parameters == (b"SIZE=21", b"RET=HDRS", b"ENVID=c0ffee01")
    assert private.rcpt_parameters == [(b"NOTIFY=NEVER",)]  # the work address must not ride along with the sealed copy


async def test_parameters_that_are_no_parameters_stay_behind() -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port)
        await relay.send(copy_for(id="with space", notify="NEVER ORCPT=x", orcpt="rfc822;a b"))
        await relay.close()
    assert hop.mail[0].mail_parameters == (b"SIZE=21", b"RET=HDRS")
    assert hop.mail[0].rcpt_parameters == [()]


@pytest.mark.parametrize("fallback", [False, True], ids=["bare EHLO", "HELO only"])
async def test_a_hop_without_extensions_gets_no_parameters(fallback: bool) -> None:
    script = {"ehlo": Reply("502 5.5.1 what?")} if fallback else {}
    async with Smarthost(extensions=(), script=script) as hop:
        relay = plain(hop.port)
        delivery = await relay.send(copy_for(notify="NEVER"))
        await relay.close()
    assert delivery.result is DELIVERED
    assert hop.mail[0].mail_parameters == ()
    assert hop.mail[0].rcpt_parameters == [()]


@pytest.mark.parametrize(
    ("extensions", "copy", "word"),
    [
        (("SIZE 10",), copy_for(), "size"),
        (("SIZE 20",), copy_for(octets=b"x" * 19 + b"\r\n"), "size"),
        (("SIZE 100",), copy_for(octets=b"\xc3\xa4\r\n"), "no-8bitmime"),
        (("8BITMIME",), copy_for("dänä@acme.example"), "no-smtputf8"),
        (("8BITMIME",), copy_for(reverse_path="cöach@coach.example"), "no-smtputf8"),
        (("8BITMIME",), copy_for(octets="Subject: ä\r\n\r\nx\r\n".encode(), smtputf8=True), "no-smtputf8"),
    ],
)
async def test_what_a_hop_cannot_take_fails_before_it_is_sent(extensions: tuple[str, ...], copy: object, word: str) -> None:
    async with Smarthost(extensions=extensions) as hop:
        relay = plain(hop.port)
        assert await relay.send(copy) == Delivery(Result.FAILED, word)  # type: ignore[arg-type]
        assert (await relay.send(copy_for(octets=b"x\r\n"))).result is DELIVERED  # and the connection is as good as before
        await relay.close()
    assert hop.connections == 1


@pytest.mark.parametrize("extension", ["SIZE", "SIZE 0", "SIZE 21", "SIZE much"])
async def test_no_limit_is_no_limit(extension: str) -> None:
    async with Smarthost(extensions=(extension,)) as hop:
        relay = plain(hop.port)
        assert (await relay.send(copy_for(octets=b"x" * 19 + b"\r\n"))).result is DELIVERED
        await relay.close()


async def test_smtputf8_declared_but_not_needed_is_no_reason_to_fail() -> None:
    async with Smarthost(extensions=("8BITMIME",)) as hop:
        relay = plain(hop.port)
        assert (await relay.send(copy_for(octets="Subject: x\r\n\r\nä\r\n".encode(), smtputf8=True))).result is DELIVERED
        await relay.close()


# ------------------------------------------------------------------------------------------------ replies
@pytest.mark.parametrize("reply", ["251 2.1.5 will forward to boss@corp.example", "252 2.1.5 perhaps", "250 no enhanced code"])
async def test_every_way_to_take_a_recipient(reply: str) -> None:
    async with Smarthost(script={"rcpt": Reply(reply)}) as hop:
        relay = plain(hop.port)
        assert (await relay.send(copy_for())).result is DELIVERED
        await relay.close()


async def test_the_record_holds_codes_and_no_prose() -> None:
    said = [Reply("550-5.1.1 dana@acme.example\r\n550 5.1.1 is gone"), Reply("550 no such Dana"), Reply("450 4.2.1extra"), Reply("553")]
    async with Smarthost(script={"rcpt": said}) as hop:
        relay = plain(hop.port)
        replies = [(await relay.send(copy_for())).reply for _ in range(4)]
        await relay.close()
    assert replies == ["550 5.1.1", "550", "450", "553"]
    assert hop.connections == 1  # each refusal was followed by RSET


@pytest.mark.parametrize("code", [530, 534, 535, 538])
async def test_a_login_demanded_at_mail_defers_as_auth(code: int) -> None:
    async with Smarthost(script={"mail": Reply(f"{code} 5.7.0 log in first")}) as hop:
        relay = plain(hop.port)
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, f"auth:{code}/5.7.0")
        await relay.close()


# ------------------------------------------------------------------------------------------------ connections
async def test_a_connection_is_used_again_and_refusals_do_not_spill_over() -> None:
    async with Smarthost(script={"rcpt": [Reply("550 5.1.1 no"), Reply("451 4.2.1 later")], "dot": [Reply("554 5.6.0 no")]}) as hop:
        relay = plain(hop.port)
        results = [(await relay.send(copy_for(f"r{n}@acme.example"))).result for n in range(5)]
        await relay.close()
    assert results == [Result.FAILED, Result.DEFERRED, Result.FAILED, DELIVERED, DELIVERED]
    assert [m.forward_paths for m in hop.mail] == [[b"r3@acme.example"], [b"r4@acme.example"]]
    assert hop.connections == 1


async def test_a_kept_connection_that_died_is_replaced_without_a_word() -> None:
    async with Smarthost(script={"mail": [Reply("250 ok"), Close(), Reply("250 ok"), Reply("421 4.4.2 idle too long", then_close=True)]}) as hop:
        relay = plain(hop.port)
        results = [(await relay.send(copy_for())).result for _ in range(3)]
        await relay.close()
    assert results == [DELIVERED] * 3
    assert len(hop.mail) == 3
    assert hop.connections == 3


async def test_a_hop_that_closes_after_each_mail_is_noticed() -> None:
    async with Smarthost(script={"dot": Reply("250 2.0.0 kept", then_close=True)}) as hop:
        relay = plain(hop.port)
        for _ in range(3):
            assert (await relay.send(copy_for())).result is DELIVERED
            await hop.deserted()
        await relay.close()
    assert hop.connections == 3


async def test_a_new_connection_that_closes_at_mail_is_not_tried_again_at_once() -> None:
    async with Smarthost(script={"mail": Close()}) as hop:
        relay = plain(hop.port)
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, "closed")
        await relay.close()
    assert hop.connections == 1


async def test_no_more_connections_than_allowed() -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port, connections=3)
        results = await asyncio.gather(*(relay.send(copy_for(f"r{n}@acme.example")) for n in range(30)))
        await relay.close()
    assert {r.result for r in results} == {DELIVERED}
    assert hop.most_open <= 3
    assert len(hop.mail) == 30
    assert all(len(m.forward_paths) == 1 for m in hop.mail)


async def test_an_idle_connection_leaves_with_quit() -> None:
    async with Smarthost() as hop:
        relay = plain(hop.port, reuse_idle=0.05)
        await relay.send(copy_for())
        await hop.deserted()
        assert hop.commands[-1] == b"QUIT"
        assert (await relay.send(copy_for())).result is DELIVERED
        await relay.close()


async def test_a_cancelled_send_leaves_no_half_conversation_behind() -> None:
    async with Smarthost(script={"dot": [Silence()]}) as hop:
        relay = plain(hop.port)
        task = asyncio.ensure_future(relay.send(copy_for()))
        while b"DATA" not in hop.commands:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await hop.deserted()
        assert (await relay.send(copy_for())).result is DELIVERED
        await relay.close()
    assert hop.connections == 2


@pytest.mark.parametrize(("stage", "result"), [("rcpt", Result.DEFERRED), ("dot", Result.UNCLEAR)])
async def test_close_makes_a_send_under_way_say_what_is_true(stage: str, result: Result) -> None:
    async with Smarthost(script={stage: Silence()}) as hop:
        relay = plain(hop.port, timeouts=Timeouts())
        task = asyncio.ensure_future(relay.send(copy_for()))
        waited_for = b"DATA" if stage == "dot" else b"RCPT"
        async with asyncio.timeout(5):
            while not any(c.startswith(waited_for) for c in hop.commands):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # for the octets to be written
        await relay.close()
        assert await asyncio.wait_for(task, 5) == Delivery(result, "stopped")
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, "stopped")


# ------------------------------------------------------------------------------------------------ who we are
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN CRAM-MD5", "LOGIN", "CRAM-MD5 PLAIN"])
async def test_password_logins_over_both_kinds_of_tls(tls: str, mechanisms: str, authority: Authority) -> None:
    async with Smarthost(tls=tls, context=authority.server(), auth=mechanisms, accepts=("coach", "sécret")) as hop:  # type: ignore[arg-type]
        relay = SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls=tls, ca_file=authority.file, auth=Password("coach", "sécret"), timeouts=SHORT))  # type: ignore[arg-type]
        assert (await relay.send(copy_for())).result is DELIVERED
        await relay.close()
    assert hop.mail[0].encrypted
    assert b"AUTH" not in hop.clear


async def test_cram_md5_alone_is_not_used(authority: Authority) -> None:
    async with Smarthost(tls="implicit", context=authority.server(), auth="CRAM-MD5") as hop:
        relay = SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls="implicit", ca_file=authority.file, auth=Password("coach", "x"), timeouts=SHORT))
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, "auth")
        await relay.close()


async def test_a_wrong_password_defers_and_is_tried_once_only(authority: Authority) -> None:
    async with Smarthost(tls="implicit", context=authority.server(), auth="PLAIN LOGIN", accepts=("coach", "right")) as hop:
        relay = SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls="implicit", ca_file=authority.file, auth=Password("coach", "wrong"), timeouts=SHORT))
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, "auth:535/5.7.8")
        await relay.close()
    assert sum(c.startswith(b"AUTH") for c in hop.commands) == 1
    assert hop.mail == []


def xoauth2(hop: Smarthost, authority: Authority, provide: object) -> SmtpRelay:
    auth = Token("coach@coach.example", provide)  # type: ignore[arg-type]
    return SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls="implicit", ca_file=authority.file, auth=auth, timeouts=SHORT))


async def test_xoauth2_says_user_and_bearer_token_in_its_first_breath(authority: Authority) -> None:
    async def provide() -> str:
        return "ya29.token"

    async with Smarthost(tls="implicit", context=authority.server(), auth="XOAUTH2", accepts=("coach@coach.example", "ya29.token")) as hop:
        relay = xoauth2(hop, authority, provide)
        assert (await relay.send(copy_for())).result is DELIVERED
        await relay.close()
    assert hop.auth_said == [b"user=coach@coach.example\x01auth=Bearer ya29.token\x01\x01"]


async def test_an_expired_token_is_asked_for_again_on_the_next_connection(authority: Authority) -> None:
    tokens = iter(["stale", "fresh"])

    async def provide() -> str:
        return next(tokens)

    async with Smarthost(tls="implicit", context=authority.server(), auth="XOAUTH2", accepts=("coach@coach.example", "fresh")) as hop:
        relay = xoauth2(hop, authority, provide)
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, "auth:535/5.7.8")
        assert (await relay.send(copy_for())).result is DELIVERED
        await relay.close()


@pytest.mark.parametrize("fault", [RuntimeError("no network"), None], ids=["raises", "hangs"])
async def test_a_token_that_cannot_be_had_defers(fault: Exception | None, authority: Authority) -> None:
    async def provide() -> str:
        if fault is None:
            await asyncio.Event().wait()
            return ""
        raise fault

    async with Smarthost(tls="implicit", context=authority.server(), auth="XOAUTH2") as hop:
        relay = xoauth2(hop, authority, provide)
        assert await relay.send(copy_for()) == Delivery(Result.DEFERRED, "auth")
        await relay.close()
    assert hop.mail == []


async def test_a_client_certificate_is_shown(authority: Authority, tmp_path: Path) -> None:
    certificate = authority.client(tmp_path / "client.pem")
    async with Smarthost(tls="implicit", context=authority.server(wants_client=True)) as hop:
        with_it = SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls="implicit", ca_file=authority.file, client_certificate=certificate, timeouts=SHORT))
        without = SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls="implicit", ca_file=authority.file, timeouts=SHORT))
        assert (await with_it.send(copy_for())).result is DELIVERED
        assert (await without.send(copy_for())).result is Result.DEFERRED
        await with_it.close()
        await without.close()


# ------------------------------------------------------------------------------------------------ settings
@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"host": "smtp.example", "tls": "none"}, "relay.tls"),
        ({"host": "10.0.0.1", "tls": "none"}, "relay.tls"),
        ({"host": "localhost.evil.example", "tls": "none"}, "relay.tls"),
        ({"host": "127.0.0.1.evil.example", "tls": "none"}, "relay.tls"),
        ({"host": "smtp.example", "tls": "auto"}, "relay.tls"),
        ({"host": "smtp.example", "port": 0}, "relay.port"),
        ({"host": "smtp.example", "connections": 0}, "relay.connections"),
        ({"host": "smtp.example", "hostname": "a b"}, "relay.hostname"),
        ({"host": "smtp.example", "hostname": "a\r\nMAIL"}, "relay.hostname"),
    ],
)
def test_settings_that_are_unsafe_or_wrong_name_their_key(fields: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        RelaySettings(**({"port": 587} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_loopback_may_do_without_tls(host: str) -> None:
    assert RelaySettings(host, 25, tls="none").tls == "none"


@pytest.mark.parametrize(("field", "key"), [("ca_file", "relay.ca_file"), ("client_certificate", "relay.client_certificate")])
def test_a_file_that_is_no_certificate_names_its_key(field: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no certificate")
    for name in ("x.pem", "missing.pem"):
        with pytest.raises(ValueError, match=key):
            SmtpRelay(RelaySettings("smtp.example", 587, **{field: str(tmp_path / name)}))  # type: ignore[arg-type]


def test_settings_do_not_show_their_secret() -> None:
    async def provide() -> str:
        return "x"

    assert "hunter2" not in repr(RelaySettings("smtp.example", 587, auth=Password("coach", "hunter2")))
    assert "provide" not in repr(RelaySettings("smtp.example", 587, auth=Token("coach", provide)))


# ------------------------------------------------------------------------------------------------ a real one
async def test_a_round_trip_through_a_real_postfix(postfix: PostfixWithSink) -> None:
    """Postfix takes the copies and hands them on; the octets come back unchanged beneath the Received field Postfix adds."""
    relay = plain(postfix.port, timeouts=Timeouts(connect=10, command=10, data=10, block=10, dot=10))
    rest = "Message-ID: <x@coach.example>\r\nFrom: coach@coach.example\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\n\r\n.\r\ngrüße\r\n"
    octets = {n: f"Subject: {n}\r\n{rest}" for n in range(20)}
    results = await asyncio.gather(*(relay.send(copy_for(f"r{n}@acme.example", text.encode(), id=f"c{n:03d}")) for n, text in octets.items()))
    await relay.close()
    assert {r.result for r in results} == {DELIVERED}
    taken = {m.forward_paths[0].decode(): m for m in await postfix.sink.received(20, 30)}
    for n, text in octets.items():
        mail = taken[f"r{n}@acme.example"]
        received, _, rest = mail.octets.partition(b"Subject:")
        assert received.startswith(b"Received: ")
        assert b"Subject:" + rest == text.encode()
        assert mail.reverse_path == b"coach@coach.example"


async def test_a_real_postfix_refuses_what_is_too_large(postfix: PostfixWithSink) -> None:
    relay = plain(postfix.port)
    octets = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 40_000
    assert await relay.send(copy_for(octets=octets)) == Delivery(Result.FAILED, "size")
    await relay.close()
