"""What a peer may use up, the orderly stop, the log, and the surroundings the server insists on."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import aiosmtpd.smtp
import pytest

from gateway.core.model import Receipt, Submission
from gateway.edges.submission import SubmissionServer, SubmissionSettings
from gateway.edges.submission.limits import LoginGuard
from gateway.errors import ConfigurationError
from tests.contracts.submission_door import MAIL, PASSWORD, OneCoach, open_door
from tests.fakes.clock import FixedClock

ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------- connections
@pytest.mark.parametrize("limit", [{"max_connections": 3}, {"per_address": 3}])
async def test_connections_beyond_the_limit_get_421_and_places_come_back(limit: dict[str, int]) -> None:
    async with open_door(**limit) as door:
        peers = [await door.peer() for _ in range(3)]
        refused = await door.peer()
        assert refused.greeting.startswith(b"421 4.3.2")
        assert await refused.rest() == b""
        await refused.close()
        await peers[0].say(b"QUIT")
        await peers[0].close()
        while len(door.server._shared.open) == 3:
            await asyncio.sleep(0.01)
        again = await door.peer()
        assert again.greeting.startswith(b"220")
        for peer in (again, *peers[1:]):
            await peer.close()


async def test_no_place_is_lost_by_peers_that_vanish() -> None:
    """Open and drop more connections than there are places, in every state."""
    async with open_door(max_connections=4) as door:
        for round_ in range(12):
            peer = await (door.coach() if round_ % 2 else door.peer())
            if round_ % 3 == 0 and round_ % 2:
                await peer.begin()
            peer.writer.transport.abort()
            while door.server._connections:
                await asyncio.sleep(0.005)
        assert not door.server._shared.open


async def test_running_out_of_file_descriptors_does_not_flood_the_log() -> None:
    """aiosmtpd under asyncio wrote 20,220 lines in 10 seconds; here once, and afterwards mail is taken again."""
    # the peers live in a process of their own, or they would use up our descriptors themselves
    peers = """
import socket, sys
input()
held = [socket.socket() for _ in range(100)]
for s in held:
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", int(sys.argv[1])))
print("connected", flush=True)
input()
"""
    program = f"""
import asyncio, os, resource, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.contracts.submission_door import open_door
PIPE = asyncio.subprocess.PIPE
async def main():
    async with open_door(max_connections=1000, per_address=1000) as door:
        peers = await asyncio.create_subprocess_exec(sys.executable, "-c", {peers!r}, str(door.port), stdin=PIPE, stdout=PIPE)
        limit = len(os.listdir("/proc/self/fd")) + 20
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        peers.stdin.write(b"go\\n")
        await peers.stdout.readline()
        await asyncio.sleep(2.5)  # the time in which the log would be flooded
        peers.stdin.write(b"end\\n")
        await peers.wait()
        peer = await door.peer()
        await peer.log_in()
        print("AFTER", await peer.mail())
        await peer.close()
asyncio.run(main())
"""
    result = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "AFTER b'250" in result.stdout, result.stdout + result.stderr
    assert result.stdout.count("submission-exhausted") >= 1, "the limit was reached"
    assert len((result.stdout + result.stderr).splitlines()) < 30


# ---------------------------------------------------------------- commands, errors, time
async def test_too_many_errors_end_the_session() -> None:
    async with open_door(errors=5) as door:
        peer = await door.peer()
        for _ in range(5):
            assert (await peer.say(b"NONSENSE")).startswith(b"500")
        assert (await peer.say(b"NONSENSE")).startswith(b"500")
        assert (await peer.reply()).startswith(b"421 4.7.0")
        assert await peer.rest() == b""
        await peer.close()


async def test_endless_commands_end_but_endless_mail_does_not() -> None:
    async with open_door(commands=20) as door:
        peer = await door.coach()
        for _ in range(15):
            assert (await peer.mail()).startswith(b"250")
        taken = 0
        while (await peer.say(b"NOOP")).startswith(b"250"):
            taken += 1
        assert 15 < taken <= 20
        assert await peer.rest() == b""
        await peer.close()


@pytest.mark.parametrize("verb", [b"BDAT 10 LAST", b"GET / HTTP/1.1", b"POST /", b"CONNECT x:25"])
async def test_verbs_whose_payload_would_be_read_as_commands_end_the_session(verb: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.send(verb + b"\r\nMAIL FROM:<coach@coach.example>\r\n")
        answer = await peer.rest()
        assert answer.startswith(b"502")
        assert answer.count(b"\r\n") == 1
        await peer.close()


@pytest.mark.parametrize("line", [b"NOOP\n", b"NOOP " + b"x" * 100_000 + b"\r\n", b"\n", b"EHLO\tx\r\n",
                                  b"EHLO x\rX: 1\r\n", b"NO\0OP\r\n", b"\r\n", b" \r\n", b"\xff\xfe\r\n"])  # fmt: skip
async def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    async with open_door() as door:
        peer = await door.peer()
        await peer.send(line)
        assert (await peer.reply()).startswith(b"500 5.5.2")
        assert (await peer.say(b"NOOP")).startswith(b"250")
        await peer.close()


async def test_recipients_beyond_the_limit_get_452_and_the_others_get_their_mail() -> None:
    async with open_door(max_recipients=5) as door:
        peer = await door.coach()
        await peer.say(b"MAIL FROM:<coach@coach.example>")
        codes = [(await peer.say(b"RCPT TO:<r%d@acme.example>" % i))[:9] for i in range(8)]
        assert codes == [b"250 2.1.5"] * 5 + [b"452 4.5.3"] * 3
        await peer.say(b"DATA")
        assert (await peer.say(MAIL + b".")).startswith(b"250")
        assert len(door.accepted[0].envelope.forward_paths) == 5
        await peer.close()


@pytest.mark.parametrize("limit", [{"idle_seconds": 0.2}, {"login_seconds": 0.2}])
async def test_a_silent_peer_gets_421(limit: dict[str, float]) -> None:
    async with open_door(**limit) as door:
        peer = await door.peer()
        assert (await peer.reply()).startswith(b"421 4.4.2")
        assert await peer.rest() == b""
        await peer.close()


async def test_a_silent_answer_to_auth_gets_421() -> None:
    async with open_door(idle_seconds=0.2) as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        await peer.say(b"AUTH LOGIN")
        assert (await peer.reply()).startswith(b"421 4.4.2")
        await peer.close()


@pytest.mark.parametrize(("logged_in", "limit"), [(True, {"session_seconds": 0.4}), (False, {"login_seconds": 0.4})])
async def test_noop_for_ever_ends_with_the_session(logged_in: bool, limit: dict[str, float]) -> None:
    """aiosmtpd never closes such a connection."""
    async with open_door(**limit) as door:
        peer = await (door.coach() if logged_in else door.peer())
        async with asyncio.timeout(10):
            while (reply := await peer.say(b"NOOP")).startswith(b"250"):
                await asyncio.sleep(0.02)
        assert reply.startswith(b"421 4.4.2")
        await peer.close()


async def test_a_peer_that_never_reads_is_dropped() -> None:
    """Replies pile up in its window; nobody waits for it for ever."""
    async with open_door(idle_seconds=0.3, commands=10**9) as door:
        peer = await door.peer()
        peer.writer.transport.pause_reading()
        try:
            async with asyncio.timeout(15):
                while True:
                    await peer.send(b"HELP\r\n" * 2000)
                    await asyncio.sleep(0)
        except ConnectionError:
            pass
        peer.writer.transport.abort()
        await peer.close()
        while door.server._shared.open:
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- the orderly stop
async def test_drain_tells_idle_peers_and_refuses_new_ones() -> None:
    async with open_door() as door:
        idle, amid = await door.peer(), await door.coach()
        await amid.say(b"MAIL FROM:<coach@coach.example>")
        port = door.port
        await door.server.drain(5)
        for peer in (idle, amid):
            assert (await peer.reply()).startswith(b"421 4.3.2")
            assert await peer.rest() == b""
            await peer.close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        assert door.server.addresses == []


async def test_drain_lets_a_message_that_is_coming_in_finish() -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(b"Subject: x\r\n")
        draining = asyncio.create_task(door.server.drain(20))
        while door.server.addresses:
            await asyncio.sleep(0.005)
        assert (await peer.say(b"\r\nbody\r\n.")).startswith(b"250")
        assert (await peer.reply()).startswith(b"421 4.3.2")
        async with asyncio.timeout(5):
            await draining
        assert door.accepted[0].raw == b"Subject: x\r\n\r\nbody\r\n"
        await peer.close()


async def test_drain_ends_a_message_that_does_not_finish_with_421() -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(b"Subject: x\r\n")
        async with asyncio.timeout(10):
            await door.server.drain(0.1)
        assert (await peer.reply()).startswith(b"421 4.3.2")
        assert door.accepted == []
        await peer.close()


async def test_drain_waits_for_work_after_the_dot_beyond_its_seconds() -> None:
    """The commit decides, and the peer still gets to know."""
    go_on = asyncio.Event()

    async def slow(_: Submission) -> Receipt:
        await go_on.wait()
        return Receipt("kept")

    async with open_door(slow) as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(MAIL + b".\r\n")
        while not door.server._shared.work:
            await asyncio.sleep(0.005)
        draining = asyncio.create_task(door.server.drain(0.05))
        await asyncio.sleep(0.3)
        assert not draining.done()
        go_on.set()
        async with asyncio.timeout(10):
            await draining
        assert await peer.reply() == b"250 2.0.0 taken as kept\r\n"
        await peer.close()


async def test_drain_waits_for_work_whose_peer_is_gone() -> None:
    """Nobody is left to be answered, and the commit is not cut all the same."""
    go_on, done = asyncio.Event(), asyncio.Event()

    async def slow(_: Submission) -> Receipt:
        await go_on.wait()
        done.set()
        return Receipt("kept")

    async with open_door(slow) as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(MAIL + b".\r\n")
        while not door.server._shared.work:
            await asyncio.sleep(0.005)
        for conversation in door.server._shared.open:
            conversation.abort()
        while door.server._shared.open:
            await asyncio.sleep(0.005)
        draining = asyncio.create_task(door.server.drain(0.05))
        await asyncio.sleep(0.2)
        assert not draining.done()
        go_on.set()
        async with asyncio.timeout(10):
            await draining
        assert done.is_set()
        await peer.close()


async def test_many_peers_in_every_state_drain_without_loss() -> None:
    """Whoever got 250 is in custody, whoever did not has the mail still."""
    async with open_door(max_connections=100, per_address=100) as door:
        told: list[bytes] = []

        async def one(number: int) -> None:
            peer = await door.coach()
            try:
                while True:
                    mail = b"Subject: %d\r\n\r\n" % number
                    if not (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"250"):
                        break
                    if not (await peer.say(b"RCPT TO:<dana@acme.example>")).startswith(b"250") or not (await peer.say(b"DATA")).startswith(b"354"):
                        break
                    await peer.send(mail)
                    await asyncio.sleep(0.001 * (number % 7))
                    if (await peer.say(b".")).startswith(b"250"):
                        told.append(mail)
            except ConnectionError:
                pass
            finally:
                await peer.close()

        peers = [asyncio.create_task(one(i)) for i in range(40)]
        while len(told) < 100:
            await asyncio.sleep(0.005)
        async with asyncio.timeout(20):
            await door.server.drain(2)
        await asyncio.gather(*peers)
        assert sorted(s.raw for s in door.accepted) == sorted(told)


async def test_a_server_that_cannot_have_its_second_address_keeps_no_first() -> None:
    async with open_door() as door:
        settings = SubmissionSettings((("127.0.0.1", 0), ("127.0.0.1", door.port)), tls="none")
        server = SubmissionServer(settings, OneCoach(), door.server._shared.accept, door.clock)
        with pytest.raises(OSError, match="in use"):
            await server.start()
        assert server.addresses == []


# ---------------------------------------------------------------- logins
def test_a_guesser_waits_ever_longer() -> None:
    """At most 20 guesses an hour from one address, and the first three at once."""
    clock = FixedClock()
    guard = LoginGuard(clock)
    evaluated = 0
    for second in range(3600):
        if guard.admit("192.0.2.1", f"login{second}"):
            evaluated += 1
            assert second > 2 or evaluated == second + 1
        clock.advance(seconds=1)
    assert 10 < evaluated <= 20


def test_an_account_is_guessed_at_most_100_times_an_hour_from_everywhere() -> None:
    clock = FixedClock()
    guard = LoginGuard(clock)
    evaluated = sum(guard.admit(f"10.{i >> 8}.{i & 255}.1", "robin") is not None for i in range(10_000))
    assert evaluated == 100
    clock.advance(hours=1)
    assert guard.admit("10.0.0.1", "robin")


def log_in(guard: LoginGuard, address: str, login: str) -> None:
    charge = guard.admit(address, login)
    assert charge is not None
    guard.succeeded(charge, address, login)


def test_the_coach_gets_in_from_where_she_was_before() -> None:
    """Though somebody elsewhere has used up the account, and another login from her own address failed often."""
    guard = LoginGuard(FixedClock())
    log_in(guard, "192.0.2.7", "robin")
    for i in range(200):
        guard.admit(f"10.0.{i}.1", "robin")
        guard.admit("192.0.2.7", "other")
    assert not guard.admit("198.51.100.1", "robin")
    assert guard.admit("192.0.2.7", "robin")


def test_right_logins_cost_nothing_and_parallel_guesses_are_charged_first() -> None:
    guard = LoginGuard(FixedClock())
    for _ in range(500):
        log_in(guard, "192.0.2.7", "robin")
    assert [guard.admit("192.0.2.8", "robin") is not None for _ in range(10)] == [True] * 3 + [False] * 7, "none of them is answered yet"


def test_logins_that_were_right_at_once_leave_nothing_behind() -> None:
    """The first of three made the place known; the charges of the other two are still taken from where they were put."""
    guard = LoginGuard(FixedClock())
    charges = [guard.admit("192.0.2.7", "robin") for _ in range(3)]
    for charge in charges[:2]:
        assert charge is not None
        guard.succeeded(charge, "192.0.2.7", "robin")
    assert charges[2] is not None
    guard.forgive(charges[2])  # not answered, by no fault of hers
    assert [guard.admit("192.0.2.7", "vera") is not None for _ in range(4)] == [True] * 3 + [False]


def test_ipv6_guessers_are_counted_by_network_and_mapped_ones_by_host() -> None:
    guard = LoginGuard(FixedClock())
    assert sum(guard.admit(f"2001:db8::{i:x}", f"a{i}") is not None for i in range(50)) == 3
    assert guard.admit("2001:db8:0:1::1", "x")
    assert sum(guard.admit(a, "y") is not None for a in ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1")) == 3
    assert guard.admit("fe80::1%eth0", "z")


def test_a_clock_set_back_locks_nobody_out() -> None:
    clock = FixedClock()
    guard = LoginGuard(clock)
    while guard.admit("192.0.2.1", "robin"):
        pass
    clock.advance(days=-300)
    assert guard.admit("192.0.2.1", "robin")


def test_the_memory_of_the_guard_is_bounded() -> None:
    guard = LoginGuard(FixedClock())
    for i in range(30_000):
        guard.admit(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", f"login{i}")
    assert len(guard._sources._times) <= 10_000
    assert len(guard._logins._times) <= 10_000


async def test_three_wrong_logins_end_the_connection_and_the_budget_ends_the_guessing() -> None:
    calls = []

    class Counting(OneCoach):
        async def verify(self, login: str, password: bytes) -> object:  # type: ignore[override]
            calls.append(password)
            return await super().verify(login, password)

    async with open_door(accounts=Counting()) as door:  # type: ignore[arg-type]
        peer = await door.peer()
        assert [(await peer.log_in(b"wrong"))[:9] for _ in range(3)] == [b"535 5.7.8"] * 3
        assert (await peer.reply()).startswith(b"421 4.7.0")
        assert await peer.rest() == b""
        await peer.close()
        peer = await door.peer()
        assert (await peer.log_in()).startswith(b"454 4.7.0"), "too early, so not even looked at"
        assert len(calls) == 3
        door.clock.advance(seconds=2)
        assert (await peer.log_in()).startswith(b"235")
        await peer.close()


# ---------------------------------------------------------------- log and surroundings
async def test_neither_content_nor_address_nor_password_is_logged_at_any_level(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """Even with everything at DEBUG: aiosmtpd prints every line of a mail there."""
    mail_log = logging.getLogger("mail.log")
    async with open_door() as door:
        assert mail_log.level >= logging.WARNING
        caplog.set_level(logging.DEBUG)
        mail_log.setLevel(logging.DEBUG)
        logging.getLogger("asyncio").setLevel(logging.DEBUG)
        try:
            peer = await door.coach()
            await peer.say(b"MAIL FROM:<stranger@acme.example>")
            await peer.say(b"RCPT TO:<secret%x@acme.example>")
            await peer.mail(b"Subject: secret-subject\r\n\r\nsecret-note\r\n")
            await peer.begin()
            await peer.send(b"secret-note\n\r\n.\r\n")
            await peer.reply()
            await peer.close()
            peer = await door.peer()
            await peer.log_in(b"secret-password")
            await peer.send(b"secret-command\r\n")
            await peer.reply()
            await peer.close()
        finally:
            mail_log.setLevel(logging.WARNING)
    written = caplog.text + "".join(capsys.readouterr())
    assert "submission-refused" in written, "the log works"
    for secret in ("secret", "stranger", "acme", "robin", "coach", PASSWORD.decode(), "127.0.0.1"):
        assert secret not in written


async def test_an_aiosmtpd_that_lost_a_hook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A renamed method would leave its fault uncovered without a word."""
    monkeypatch.delattr(aiosmtpd.smtp.SMTP, "smtp_DATA")
    with pytest.raises(ConfigurationError, match="smtp_DATA"):
        async with open_door():
            pass


def test_python_o_is_refused() -> None:
    """Libraries under us guard against injection by assert."""
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from gateway.edges.submission import SubmissionServer, SubmissionSettings
server = SubmissionServer(SubmissionSettings((("127.0.0.1", 0),), tls="none"), None, None, None)
try:
    asyncio.run(server.start())
except Exception as error:
    print(type(error).__name__, error)
else:
    print("started")
"""
    for flags, expected in (([], "started"), (["-O"], "ConfigurationError python -O")):
        result = subprocess.run([sys.executable, *flags, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert result.stdout.startswith(expected), result.stdout + result.stderr
