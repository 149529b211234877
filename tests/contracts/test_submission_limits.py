"""What a peer may use up, the orderly stop, the log, and the surroundings the server insists on."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosmtpd.smtp
import pytest

from gateway.core.model import Account, Receipt, Submission
from gateway.edges.submission import SubmissionServer, SubmissionSettings, limits
from gateway.edges.submission.limits import LoginGuard, TooManyFailures
from gateway.errors import ConfigurationError, StoreUnavailable
from tests.contracts.submission_door import MAIL, PASSWORD, PLAIN_LOGIN, OneCoach, open_door
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


# ---------------------------------------------------------------- room on the disk
async def test_without_room_a_mail_is_put_off_before_it_is_sent() -> None:
    """452 4.3.1 to MAIL, in words that say where the mail is; on the same connection it is taken once there is room."""
    left = [-1]
    async with open_door(room=lambda: left[0]) as door:
        peer = await door.coach()
        refusal = await peer.say(b"MAIL FROM:<coach@coach.example>")
        assert refusal.startswith(b"452 4.3.1")
        assert b"stays with your mail program" in refusal
        assert (await peer.say(b"RCPT TO:<dana@acme.example>")).startswith(b"503"), "no transaction was begun"
        assert (await peer.say(b"MAIL FROM:<stranger@acme.example>")).startswith(b"550"), "what is refused for good is not put off"
        left[0] = 0
        assert (await peer.mail()).startswith(b"250")
        await peer.close()


async def test_a_declared_size_must_fit_into_the_room_left() -> None:
    """RFC 1870 section 6.1: too large for now is 452, too large for ever 552."""
    async with open_door(room=lambda: 5000, size_limit=10_000) as door:
        peer = await door.coach()
        replies = [(await peer.say(b"MAIL FROM:<coach@coach.example> SIZE=%d" % size))[:9] for size in (5001, 10_000, 10_001, 5000)]
        assert replies == [b"452 4.3.1", b"452 4.3.1", b"552 5.3.4", b"250 2.1.0"]
        assert not door.accepted
        await peer.close()


async def test_a_disk_that_cannot_be_looked_at_puts_mail_off() -> None:
    def gone() -> int:
        raise FileNotFoundError

    async with open_door(room=gone) as door:
        peer = await door.coach()
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"451 4.3.0")
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
async def wrong() -> None:
    """The password was looked at, and was none."""


async def right() -> bool:
    return True


async def asked(guard: LoginGuard, address: str, login: str, answer: Callable[[], Awaitable[object]] = wrong) -> bool:
    """Whether the guard had the password looked at."""
    try:
        await guard.judge(address, login, answer)
    except TooManyFailures:
        return False
    return True


async def test_a_guesser_waits_ever_longer() -> None:
    """At most 20 guesses an hour from one address, and the first three at once."""
    clock = FixedClock()
    guard = LoginGuard(clock)
    evaluated = 0
    for second in range(3600):
        if await asked(guard, "192.0.2.1", f"login{second}"):
            evaluated += 1
            assert second > 2 or evaluated == second + 1
        clock.advance(seconds=1)
    assert 10 < evaluated <= 20


async def test_an_account_is_guessed_at_most_100_times_an_hour_from_everywhere() -> None:
    clock = FixedClock()
    guard = LoginGuard(clock)
    evaluated = sum([await asked(guard, f"10.{i >> 8}.{i & 255}.1", "robin") for i in range(10_000)])
    assert evaluated == 100
    clock.advance(hours=1)
    assert await asked(guard, "10.0.0.1", "robin")


async def test_the_coach_gets_in_from_where_she_was_before() -> None:
    """Though somebody elsewhere has used up the account, and another login from her own address failed often."""
    guard = LoginGuard(FixedClock())
    assert await asked(guard, "192.0.2.7", "robin", right)
    for i in range(200):
        await asked(guard, f"10.0.{i}.1", "robin")
        await asked(guard, "192.0.2.7", "other")
    assert not await asked(guard, "198.51.100.1", "robin")
    assert await asked(guard, "192.0.2.7", "robin", right)


async def test_right_logins_cost_nothing() -> None:
    guard = LoginGuard(FixedClock())
    for _ in range(500):
        assert await asked(guard, "192.0.2.7", "robin", right)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one address", "many addresses"])
async def test_parallel_guesses_gain_nothing(elsewhere: bool) -> None:
    """Each sees what came of those before it: as many are looked at as if they had come one by one, and never two of one account at a time."""
    guard, at_once, most = LoginGuard(FixedClock()), 0, 0

    async def slowly() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    seen = 0
    for burst in range(5):
        guesses = (asked(guard, f"10.{burst}.{i}.1" if elsewhere else "192.0.2.8", "robin", slowly) for i in range(30))
        seen += sum(await asyncio.gather(*guesses))
    assert (seen, most) == (100 if elsewhere else 3, 1)


async def test_a_burst_of_right_logins_gets_in_whole_and_leaves_nothing_behind() -> None:
    """All wait for the first answer; afterwards a person at the same address has all of her typing errors left."""
    guard, answer = LoginGuard(FixedClock()), asyncio.Event()

    async def later() -> bool:
        return await answer.wait()

    burst = [asyncio.create_task(asked(guard, "192.0.2.7", "robin", later)) for _ in range(8)]
    await asyncio.sleep(0)
    answer.set()
    assert await asyncio.gather(*burst) == [True] * 8
    assert guard._lines == {}, "nobody is in line any more"
    assert [await asked(guard, "192.0.2.7", "vera") for _ in range(4)] == [True] * 3 + [False]


async def test_an_attempt_that_was_not_answered_counts_as_none() -> None:
    """The store was away, or the peer left: neither is a wrong password."""
    guard = LoginGuard(FixedClock())

    async def away() -> None:
        raise StoreUnavailable

    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            await guard.judge("192.0.2.7", "robin", away)
    assert [await asked(guard, "192.0.2.7", "robin") for _ in range(4)] == [True] * 3 + [False]


async def test_who_hangs_up_while_her_password_is_looked_at_is_charged() -> None:
    """The work is done by then; from three such attempts on the next ones are refused."""
    guard = LoginGuard(FixedClock())
    for _ in range(3):
        looking = asyncio.Event()

        async def looks(looking: asyncio.Event = looking) -> None:
            looking.set()
            await asyncio.Event().wait()

        attempt = asyncio.create_task(guard.judge("192.0.2.7", "robin", looks))
        await looking.wait()
        attempt.cancel()
        await asyncio.wait([attempt])
    assert not await asked(guard, "192.0.2.7", "robin")


async def test_the_line_is_bounded_and_whoever_finds_it_full_is_sent_away() -> None:
    guard, answer = LoginGuard(FixedClock()), asyncio.Event()

    async def later() -> bool:
        return await answer.wait()

    crowd = [asyncio.create_task(asked(guard, "192.0.2.7", "robin", later)) for _ in range(200)]
    await asyncio.sleep(0)
    assert sum(line.length for line in guard._lines.values()) <= limits._IN_LINE + 1
    answer.set()
    assert sum(await asyncio.gather(*crowd)) == limits._IN_LINE
    assert guard._lines == {}
    assert await asked(guard, "192.0.2.7", "robin", right)


async def test_ipv6_guessers_are_counted_by_network_and_mapped_ones_by_host() -> None:
    guard = LoginGuard(FixedClock())
    assert sum([await asked(guard, f"2001:db8::{i:x}", f"a{i}") for i in range(50)]) == 3
    assert await asked(guard, "2001:db8:0:1::1", "x")
    assert sum([await asked(guard, a, "y") for a in ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1")]) == 3
    assert await asked(guard, "fe80::1%eth0", "z")


async def test_a_clock_set_back_locks_nobody_out() -> None:
    clock = FixedClock()
    guard = LoginGuard(clock)
    while await asked(guard, "192.0.2.1", "robin"):
        pass
    clock.advance(days=-300)
    assert await asked(guard, "192.0.2.1", "robin")


async def test_the_memory_of_the_guard_is_bounded() -> None:
    guard = LoginGuard(FixedClock())
    for i in range(30_000):
        await asked(guard, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", f"login{i}")
    assert len(guard._sources._times) <= 10_000
    assert len(guard._logins._times) <= 10_000
    assert not guard._lines


async def test_four_right_logins_at_the_same_instant_all_get_in() -> None:
    """As a mail program with four connections does it; each waits until the one before was answered."""
    begun, answer = asyncio.Event(), asyncio.Event()

    class Slow(OneCoach):
        async def verify(self, login: str, password: bytes) -> Account | None:
            begun.set()
            await answer.wait()
            return await super().verify(login, password)

    async with open_door(accounts=Slow()) as door:
        peers = [await door.peer() for _ in range(4)]
        replies = [asyncio.create_task(peer.log_in()) for peer in peers]
        await begun.wait()
        answer.set()
        assert [reply[:3] for reply in await asyncio.gather(*replies)] == [b"235"] * 4
        for peer in peers:
            await peer.close()


async def test_wrong_logins_at_the_same_instant_are_limited_as_if_one_by_one() -> None:
    calls = []

    class Counting(OneCoach):
        async def verify(self, login: str, password: bytes) -> Account | None:
            calls.append(password)
            await asyncio.sleep(0)
            return await super().verify(login, password)

    async with open_door(accounts=Counting()) as door:
        peers = [await door.peer() for _ in range(8)]
        replies = [reply[:3] for reply in await asyncio.gather(*(peer.log_in(b"guess") for peer in peers))]
        assert sorted(replies) == [b"454"] * 5 + [b"535"] * 3
        assert len(calls) == 3
        for peer in peers:
            await peer.close()


async def test_who_leaves_the_line_is_not_looked_at() -> None:
    """A peer that hung up while it waited costs no verification."""
    calls, answer = [], asyncio.Event()

    class Slow(OneCoach):
        async def verify(self, login: str, password: bytes) -> Account | None:
            calls.append(login)
            await answer.wait()
            return await super().verify(login, password)

    async with open_door(accounts=Slow()) as door:
        first = await door.peer()
        reply = asyncio.create_task(first.log_in())
        while not calls:
            await asyncio.sleep(0)
        second = await door.peer()
        await second.say(b"EHLO x.example")
        await second.send(b"AUTH PLAIN " + PLAIN_LOGIN + b"\r\n")
        while not any(line.length == 2 for line in door.server._shared.guard._lines.values()):
            await asyncio.sleep(0)
        second.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no half-close
        second.writer.transport.abort()
        while len(door.server._shared.open) == 2:
            await asyncio.sleep(0)
        answer.set()
        assert (await reply).startswith(b"235")
        while door.server._shared.guard._lines:
            await asyncio.sleep(0)
        assert len(calls) == 1
        await first.close()


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
from gateway.edges.submission import SubmissionServer, SubmissionSettings, limits
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
