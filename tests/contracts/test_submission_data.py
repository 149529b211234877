"""DATA: where a message ends, how it may come, how much it costs (RFC 5321 sections 4.1.1.4 and 4.5.2)."""

from __future__ import annotations

import asyncio
import base64
import gc
import os
import socket
import struct
import time
import tracemalloc

import pytest

from gateway.core.model import Receipt, Submission
from gateway.edges.submission.inbound import Inbound, Pace
from gateway.errors import BareLineEnd, TooLarge
from tests.contracts.submission_door import MAIL, Peer, open_door

SMUGGLED = b"MAIL FROM:<coach@coach.example>\r\nRCPT TO:<boss@corp.example>\r\nDATA\r\nsmuggled\r\n"
PACE = Pace(idle=10, whole=100, grace=100, slowest_rate=1)

# what various servers have taken for the end of data (SEC Consult 2023, CVE-2023-51764, -51765, -51766, CVE-2024-27305)
FALSE_ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\r\n", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\r\n.\r\n\n",
    b"\n\n.\n\n", b"\r\n.\n\r\n", b"\n\r\n.\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("false_end", FALSE_ENDS)
async def test_nothing_but_crlf_dot_crlf_ends_a_message_and_the_rest_is_never_obeyed(false_end: bytes) -> None:
    """The stream up to the true mark is one message, refused for its line ends; what follows from such a peer is not even read."""
    async with open_door() as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(b"Subject: x\r\n\r\nfirst" + false_end + SMUGGLED + b".\r\n")
        assert await peer.rest() == b"550 5.6.0 bare CR, LF or NUL in message\r\n", "one reply, and the connection is closed"
        assert door.accepted == []
        await peer.close()


@pytest.mark.parametrize("message", [b"Subject: a\rTo: v@corp.example\r\n\r\nx\r\n", b"a\r\nb\nc\r\n", b"\r\n\n\r\r\n",
                                     b"a\n\r\n", b"\0\r\n", b"x\r\n\r\r\n", b"\n", b"\r"])  # fmt: skip
async def test_bare_line_ends_and_nul_are_refused_anywhere(message: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(message + b"\r\n.\r\n")
        assert (await peer.reply()).startswith(b"550 5.6.0")
        assert door.accepted == []
        await peer.close()


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
        (b".x\r\n", b"x\r\n"),
        (b"...\r\n..\r\n", b"..\r\n.\r\n"),
        (b"a\r\n..\r\nb\r\n.c\r\n", b"a\r\n.\r\nb\r\nc\r\n"),
        (b"a. \r\n.. \r\n", b"a. \r\n. \r\n"),
        (b". \r\n", b" \r\n"),
        (b"a.\r\n\r\n..\r\n\r\n", b"a.\r\n\r\n.\r\n\r\n"),
    ],
)
async def test_dot_stuffing_is_undone_whatever_the_pieces(wire: bytes, message: bytes) -> None:
    """One piece, octet by octet, and every cut in two."""
    stream = wire + b".\r\n"
    async with open_door() as door:
        peer = await door.coach()
        cuts = [[stream], [bytes([o]) for o in stream], *([stream[:i], stream[i:]] for i in range(1, len(stream)))]
        for pieces in cuts:
            await peer.begin()
            for piece in pieces:
                await peer.send(piece)
                await asyncio.sleep(0)
            assert (await peer.reply()).startswith(b"250")
        assert {s.raw for s in door.accepted} == {message}
        await peer.close()


@pytest.mark.parametrize("length", [998, 1000, 5000, 200_000])
async def test_lines_of_any_length_are_taken(length: int) -> None:
    """aiosmtpd refuses more than 999 octets for good; 1 in 100 real mails has such a line."""
    async with open_door() as door:
        peer = await door.coach()
        assert (await peer.mail(b"x" * length + b"\r\n")).startswith(b"250")
        assert door.accepted[0].raw == b"x" * length + b"\r\n"
        await peer.close()


async def test_8_bit_octets_come_through_as_they_are() -> None:
    octets = bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"
    async with open_door() as door:
        peer = await door.coach()
        await peer.mail(octets)
        assert door.accepted[0].raw == octets
        await peer.close()


# ---------------------------------------------------------------- size
@pytest.mark.parametrize(("surplus", "code"), [(0, b"250"), (1, b"552 5.3.4"), (100_000, b"552 5.3.4")])
async def test_size_is_counted_on_the_wire_and_exactly(surplus: int, code: bytes) -> None:
    """The reply comes after the dot; the next mail is fine."""
    limit = 50_000
    async with open_door(size_limit=limit) as door:
        peer = await door.coach()
        assert (await peer.mail(b"x" * (limit + surplus - 2) + b"\r\n")).startswith(code)
        assert (await peer.mail(b".." + b"x" * (limit + surplus - 4) + b"\r\n")).startswith(code)
        assert len(door.accepted) == (0 if surplus else 2)
        assert (await peer.mail()).startswith(b"250")
        await peer.close()


async def test_a_message_without_end_is_cut_off_without_filling_memory() -> None:
    """Beyond some times the limit nobody waits for the dot."""
    limit = 100_000
    async with open_door(size_limit=limit) as door:
        peer = await door.coach()
        await peer.begin()
        tracemalloc.start()
        with pytest.raises(ConnectionError):
            await drip(peer, 0, b"x" * 10_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * limit
        assert door.accepted == []
        other = await door.coach()
        assert (await other.mail()).startswith(b"250")
        await other.close()
        await peer.close()


def attachment(octets: int) -> bytes:
    """A mail of about `octets` in base64 lines, as on the wire."""
    return b"Subject: x\r\n\r\n" + base64.encodebytes(os.urandom(octets * 3 // 4)).replace(b"\n", b"\r\n")


async def test_20_mb_take_less_than_3_copies_of_themselves() -> None:
    """Everything this process allocates between DATA and the reply, the copy that the pipeline holds included."""
    async with open_door() as door:
        peer = await door.coach()
        await peer.begin()
        for stuffed in (False, True):
            mail = attachment(20_000_000)
            if stuffed:
                mail = mail.replace(b"\r\na", b"\r\n..")
            view = memoryview(mail + b".\r\n")
            gc.collect()
            tracemalloc.start()
            for start in range(0, len(view), 100_000):
                peer.writer.write(bytes(view[start : start + 100_000]))
                await peer.writer.drain()
            assert (await peer.reply()).startswith(b"250")
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert door.accepted.pop().raw == mail.replace(b"\r\n.", b"\r\n")
            assert peak < 3 * len(mail), f"{peak / len(mail):.1f} copies"
            await peer.begin() if not stuffed else None
        await peer.close()


async def reading_time(message: bytes, piece: int) -> float:
    """CPU seconds to read `message` from pieces that arrive one after the other."""
    inbound = Inbound()
    task = asyncio.create_task(inbound.message(len(message), PACE))
    started = time.process_time()
    for start in range(0, len(message), piece):
        inbound.feed(message[start : start + piece])
        await asyncio.sleep(0)
    inbound.feed(b".\r\n")
    assert await task == message
    return time.process_time() - started


@pytest.mark.parametrize("kind", ["lines", "empty-lines", "one-line", "almost-ends"])
async def test_reading_is_linear_in_the_size(kind: str) -> None:
    """Four times the octets cost about four times the work, not sixteen; the bound leaves room for a busy machine."""
    unit = {"lines": b"x" * 70 + b"\r\n", "empty-lines": b"\r\n", "one-line": b"x" * 64, "almost-ends": b"x.\r\n\r\n"}[kind]
    small, large = (unit * (size // len(unit)) + b"\r\n" for size in (2_000_000, 8_000_000))
    base = min([await reading_time(small, 4096) for _ in range(3)])
    assert await reading_time(large, 4096) < 10 * base + 0.1


async def test_other_peers_are_answered_while_megabytes_come_in() -> None:
    """With aiosmtpd 10 MB of empty lines held everybody else up for more than a second."""
    async with open_door() as door:
        sender, other = await door.coach(), await door.peer()
        await sender.begin()

        async def flood() -> bytes:
            for _ in range(300):
                await sender.send(b"\r\n" * 50_000)
            return await sender.say(b".")

        flooding = asyncio.create_task(flood())
        waits = []
        while not flooding.done():
            started = time.perf_counter()
            await other.say(b"EHLO other.example")
            waits.append(time.perf_counter() - started)
        assert (await flooding).startswith(b"250")
        assert len(door.accepted[0].raw) == 30_000_000
        assert sorted(waits)[len(waits) // 2] < 0.3
        await sender.close()
        await other.close()


# ---------------------------------------------------------------- time
async def test_a_silent_peer_is_cut_off_with_421() -> None:
    async with open_door(idle_seconds=0.2) as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(b"Subject: x\r\n")
        assert (await peer.reply()).startswith(b"421 4.4.2")
        assert await peer.rest() == b""
        assert door.accepted == []
        await peer.close()


async def drip(peer: Peer, pause: float, drop: bytes = b"x") -> None:
    """Drop by drop until the server has enough and the connection breaks."""
    while True:
        await peer.send(drop)
        await asyncio.sleep(pause)


@pytest.mark.parametrize("limits", [{"grace_seconds": 0.2, "slowest_rate": 10_000}, {"data_seconds": 0.3}])
async def test_a_peer_that_drips_is_cut_off(limits: dict[str, float]) -> None:
    """It never falls silent, so only the rate and the cap end it."""
    async with open_door(**limits) as door:
        peer = await door.coach()
        await peer.begin()
        dripping = asyncio.create_task(drip(peer, 0.02))
        assert (await peer.reply()).startswith(b"421 4.4.2")
        with pytest.raises(ConnectionError):
            await dripping
        assert door.accepted == []
        await peer.close()


async def test_steady_progress_may_take_longer_than_the_idle_time() -> None:
    """aiosmtpd times DATA as a whole: a large mail on a thin line could never be sent."""
    async with open_door(idle_seconds=0.5) as door:
        peer = await door.coach()
        await peer.begin()
        started = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < started + 1.2:
            await peer.send(b"line\r\n")
            await asyncio.sleep(0.05)
        assert (await peer.say(b".")).startswith(b"250")
        await peer.close()


# ---------------------------------------------------------------- the peer goes away
@pytest.mark.parametrize("how", ["closed", "half-closed", "reset"])
async def test_work_after_the_dot_outlives_the_peer(how: str) -> None:
    """aiosmtpd cancels the handler in the middle of the commit."""
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: Submission) -> Receipt:
        begun.set()
        await go_on.wait()
        done.set()
        return Receipt("kept")

    async with open_door(slow) as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(MAIL + b".\r\n")
        await begun.wait()
        if how == "half-closed":
            peer.writer.write_eof()
        elif how == "closed":
            await peer.close()
        else:
            peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.writer.transport.abort()
        while not all(c._inbound._ended for c in door.server._shared.open):
            await asyncio.sleep(0.01)  # until the server has noticed
        go_on.set()
        async with asyncio.timeout(10):
            await done.wait()
        if how == "half-closed":
            assert await peer.rest() == b"250 2.0.0 taken as kept\r\n", "a peer that only stopped talking still gets its reply"
        await peer.close()


async def test_work_after_the_dot_is_not_bound_by_the_idle_time() -> None:
    """Sealing may take longer than a peer may be silent."""

    async def slow(_: Submission) -> Receipt:
        await asyncio.sleep(0.5)
        return Receipt("kept")

    async with open_door(slow, idle_seconds=0.15) as door:
        peer = await door.coach()
        assert await peer.mail() == b"250 2.0.0 taken as kept\r\n"
        await peer.close()


@pytest.mark.parametrize("cut", [b"", b"Subject: x\r\n", b"Subject: x\r\n\r\nbody\r\n", b"Subject: x\r\n.\r"])
async def test_a_message_without_its_dot_is_never_taken(cut: bytes) -> None:
    async with open_door() as door:
        peer = await door.coach()
        await peer.begin()
        await peer.send(cut)
        peer.writer.write_eof()
        assert await peer.rest() == b""
        assert door.accepted == []
        await peer.close()


# ---------------------------------------------------------------- the reader alone
async def test_what_follows_the_dot_stays_for_the_next_command() -> None:
    inbound = Inbound()
    inbound.feed(b"hello\r\n.\r\nNOOP\r\nQU")
    assert await inbound.message(100, PACE) == b"hello\r\n"
    assert await inbound.line(100, 1) == b"NOOP"
    assert inbound.ahead


async def test_a_bare_line_end_split_over_two_pieces_is_seen() -> None:
    for pieces in ((b"a\r", b"b\r\n.\r\n"), (b"a\r", b"\r\n.\r\n"), (b"a", b"\nb\r\n.\r\n")):
        inbound = Inbound()
        task = asyncio.create_task(inbound.message(100, PACE))
        for piece in pieces:
            inbound.feed(piece)
            await asyncio.sleep(0)
        with pytest.raises(BareLineEnd):
            await task


async def test_a_crlf_split_over_two_pieces_is_clean() -> None:
    inbound = Inbound()
    task = asyncio.create_task(inbound.message(100, PACE))
    for piece in (b"a\r", b"\nb\r", b"\n.", b"\r", b"\n"):
        inbound.feed(piece)
        await asyncio.sleep(0)
    assert await task == b"a\r\nb\r\n"


async def test_a_large_message_is_consumed_before_it_is_refused() -> None:
    inbound = Inbound()
    inbound.feed(b"x" * 150 + b"\r\n.\r\nNOOP\r\n")
    with pytest.raises(TooLarge):
        await inbound.message(100, PACE)
    assert await inbound.line(100, 1) == b"NOOP"


async def test_a_peer_that_is_ahead_is_paused_and_resumed() -> None:
    """Nobody may fill our memory with commands, and nobody is forgotten in the pause."""

    class Transport(asyncio.ReadTransport):
        paused = False

        def pause_reading(self) -> None:
            self.paused = True

        def resume_reading(self) -> None:
            self.paused = False

    transport, inbound = Transport(), Inbound()
    inbound.attach(transport)
    inbound.feed(b"NOOP\r\n" * 20_000)
    assert transport.paused
    for _ in range(20_000):
        await inbound.line(100, 1)
    waiting = asyncio.create_task(inbound.line(100, 1))
    await asyncio.sleep(0)
    assert not transport.paused
    inbound.feed(b"QUIT\r\n")
    assert await waiting == b"QUIT"
