"""Random peers: framing against a model, command arguments, and whole sessions against a running server.

A short form by default; `-m slow` runs the long one.
"""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.core.model import Mailbox
from gateway.edges.submission import command
from gateway.edges.submission.auth import credentials
from gateway.edges.submission.command import Unacceptable
from gateway.edges.submission.inbound import Inbound, MalformedLine, Pace
from gateway.errors import BareLineEnd, TooLarge
from tests.contracts.submission_door import COACH, PLAIN_LOGIN, open_door

PACE = Pace(idle=10, whole=100, grace=100, slowest_rate=1)
LIMIT = 60
# what framing is made of, so that marks and near marks come up often
ATOMS = st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"\0", b"x", b"\r\n.", b"\r\n.\r\n", b"\xff", b".\r", b"MAIL FROM:<a@b.example>"])
STREAMS = st.lists(ATOMS, max_size=30).map(b"".join)


def cut(octets: bytes, sizes: list[int]) -> list[bytes]:
    """`octets` in pieces of the given sizes, over and over."""
    pieces, start, turn = [], 0, 0
    while start < len(octets):
        size = sizes[turn % len(sizes)] if sizes else len(octets)
        pieces.append(octets[start : start + size])
        start, turn = start + size, turn + 1
    return pieces


def model(stream: bytes) -> tuple[bytes | type[Exception], bytes]:
    """What a message is, by the letter of RFC 5321: the outcome and the rest of the stream. The slow and obvious way."""
    content, mark, rest = (b"\r\n" + stream).partition(b"\r\n.\r\n")
    assert mark
    wire = (content + b"\r\n")[2:]
    if len(wire) > LIMIT:
        return TooLarge, rest
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content + mark):
        return BareLineEnd, rest
    lines = wire.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines), rest


@given(STREAMS, STREAMS, st.lists(st.integers(1, 7), max_size=5))
@example(b"\r\n", b"", [1])
@example(b"", b"", [2])
@example(b"x" * LIMIT, b"", [3])
@example(b"x" * (LIMIT - 2) + b"\r", b"", [1])
@settings(deadline=None, max_examples=400)
def test_a_message_is_what_the_standard_says_whatever_the_pieces(before: bytes, after: bytes, sizes: list[int]) -> None:
    stream = before + b"\r\n.\r\n" + after
    expected, rest = model(stream)

    async def read() -> None:
        inbound = Inbound()
        task = asyncio.create_task(inbound.message(LIMIT, PACE))
        for piece in cut(stream, sizes):
            inbound.feed(piece)
            await asyncio.sleep(0)
        if isinstance(expected, bytes):
            assert await task == expected
        else:
            with pytest.raises(expected):
                await task
        assert bytes(inbound._buffer) == rest

    if len(before) < 3 * LIMIT:  # beyond some times the limit the peer is cut off instead, which has its own test
        asyncio.run(read())


@given(STREAMS, st.lists(st.integers(1, 7), max_size=5))
@settings(deadline=None, max_examples=300)
def test_lines_are_what_stands_between_line_ends(stream: bytes, sizes: list[int]) -> None:
    """Every LF ends one line; it is handed out if it ended in CRLF and held nothing strange."""
    stream += b"\n"
    expected = [
        line[:-1] if line.endswith(b"\r") and not {13, 0} & set(line[:-1]) and len(line) - 1 <= LIMIT else None for line in stream.split(b"\n")[:-1]
    ]

    async def read() -> list[bytes | None]:
        inbound, found = Inbound(), []
        pieces = cut(stream, sizes)

        async def feed() -> None:
            for piece in pieces:
                inbound.feed(piece)
                await asyncio.sleep(0)

        feeding = asyncio.create_task(feed())
        for _ in expected:
            try:
                found.append(await inbound.line(LIMIT, 10))
            except MalformedLine:
                found.append(None)
        await feeding
        return found

    assert asyncio.run(read()) == expected


@given(st.binary(max_size=120), st.sampled_from([b"FROM:", b"TO:"]))
@example(b"<a@b.example> SIZE=1", b"FROM:")
@settings(max_examples=500)
def test_command_arguments_are_read_or_unacceptable(argument: bytes, keyword: bytes) -> None:
    """No other exception, and no octet of the argument in a reply."""
    for octets in (argument, keyword + argument, keyword + b"<" + argument + b">", keyword + b"<a@b.example> " + argument):
        try:
            path, parameters = command.path_and_parameters(keyword, octets)
            assert b"<" + path + b">" in octets
            for read in (lambda p: command.mail_parameters(p, 1000), command.rcpt_parameters):
                read(parameters)
        except Unacceptable as refusal:
            assert re.fullmatch(r"5\d\d 5\.\d\.\d [A-Za-z <>:]+", refusal.reply)  # noqa: PT017 -- both outcomes are fine


@given(st.sampled_from(["PLAIN", "LOGIN"]), st.one_of(st.none(), st.binary(max_size=40)), st.lists(st.binary(max_size=40), min_size=3, max_size=3))
@settings(deadline=None)
def test_credentials_are_read_or_unacceptable(mechanism: str, initial: bytes | None, answers: list[bytes]) -> None:
    async def ask(_: bytes) -> bytes:
        return answers.pop()

    async def read() -> None:
        try:
            login, password = await credentials(mechanism, initial, ask)
        except Unacceptable:
            return
        assert isinstance(login, str)
        assert isinstance(password, bytes)

    asyncio.run(read())


WORDS = [
    b"EHLO x.example\r\n", b"HELO x\r\n", b"AUTH PLAIN " + PLAIN_LOGIN + b"\r\n", b"AUTH LOGIN\r\n", b"STARTTLS\r\n", b"VRFY x\r\n",
    b"MAIL FROM:<coach@coach.example>\r\n", b"MAIL FROM:<>\r\n", b"MAIL FROM:<boss@corp.example>\r\n", b"RCPT TO:<dana@acme.example>\r\n",
    b"RCPT TO:<a%b@acme.example>\r\n", b"DATA\r\n", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n", b"\r\n.\r\n", b"\n.\n", b".\r\n",
    b"Subject: x\r\n\r\n", b"\0", b"\r", b"\n", b"\xff\xfe", b"x" * 600, b"BDAT 5 LAST\r\n",
]  # fmt: skip
SESSIONS = st.tuples(st.lists(st.sampled_from(WORDS), max_size=40), st.lists(st.integers(1, 300), max_size=4), st.booleans())
PREFIX = b"EHLO x.example\r\nAUTH PLAIN " + PLAIN_LOGIN + b"\r\n"


async def play(sessions: list[tuple[list[bytes], list[int], bool]]) -> None:
    """Every session is answered in well-formed lines and closed; what was taken had a clean envelope and clean line ends; then mail still works."""
    async with open_door(idle_seconds=5, size_limit=2000) as door:
        for words, sizes, logged_in in sessions:
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            before = len(door.accepted)
            try:
                for piece in cut((PREFIX if logged_in else b"") + b"".join(words), sizes):
                    writer.write(piece)
                    await writer.drain()
                writer.write_eof()
                async with asyncio.timeout(10):
                    answer = await reader.read()
                lines = answer.split(b"\r\n")
                assert lines.pop() == b""
                assert all(re.fullmatch(rb"[2345]\d\d[ -][\x20-\x7e]*", line) for line in lines)
                assert answer.count(b"250 2.0.0 taken as") == len(door.accepted) - before
                assert b"451" not in answer, "no fault of ours"
            except ConnectionError:
                pass  # the server had enough
            finally:
                writer.close()
                try:
                    await writer.wait_closed()
                except ConnectionError:
                    pass
            door.clock.advance(hours=1)
        for submission in door.accepted:
            assert submission.envelope.reverse_path in (None, Mailbox(*COACH.split("@")))
            assert {p.path for p in submission.envelope.forward_paths} == {"dana@acme.example"}
            assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", submission.raw)
        peer = await door.coach()
        assert (await peer.mail()).startswith(b"250")
        await peer.close()


@given(st.lists(SESSIONS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_no_peer_can_confuse_the_server(sessions: list[tuple[list[bytes], list[int], bool]]) -> None:
    asyncio.run(play(sessions))


@pytest.mark.slow
@given(st.lists(SESSIONS, min_size=1, max_size=10))
@settings(deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
def test_no_peer_can_confuse_the_server_for_long(sessions: list[tuple[list[bytes], list[int], bool]]) -> None:
    asyncio.run(play(sessions))
