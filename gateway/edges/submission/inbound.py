"""Octets as they arrive on a connection, handed out as command lines and as whole messages (RFC 5321 sections 2.3.8, 4.1.1.4, 4.5.2).

In place of asyncio's StreamReader, whose limit is line length, message bound and flow control at once. One buffer; while a message is being
read it grows by what arrives and only the new octets are searched for the end, so receiving is linear in the size and blind to line lengths.
Never repairs: a line or a message with a bare CR, bare LF or NUL is not handed out as if it were clean.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from gateway.errors import BareLineEnd, TooLarge

_END = b"\r\n.\r\n"
_OVERLAP = len(_END) - 1  # octets at the end of the searched part in which the mark may have begun
_BARE_CR = re.compile(rb"\r(?!\n)")
_HIGH_WATER = 64 * 1024  # read no further ahead than this while nobody waits for a message
_DRAINED = 4  # times the size limit: whoever still sends then is cut off


class Ended(Exception):
    """Nothing more can be read on this connection."""


class PeerGone(Ended):
    """The peer closed its side, or the connection is lost."""


class TooSlow(Ended):
    """The peer let its time pass."""


class Stopped(Ended):
    """The server is going down; no fault of anybody."""


class MalformedLine(Exception):
    """A command line too long, or with a bare CR, bare LF or NUL. It was consumed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a message may come, in seconds and octets a second."""

    idle: float
    whole: float
    grace: float
    slowest_rate: int


class _LineEnds:
    """Whether CR and LF come only as CRLF, and no NUL at all: what no other server can read as another end of data.

    Looks at what is new in a growing buffer, so that a large message never holds up the loop.
    """

    def __init__(self) -> None:
        self._looked_at = 0
        self.clean = True

    def look(self, octets: bytearray, end: int) -> None:
        """Go on to `end`. A CR there waits for what follows it."""
        start, end = self._looked_at, end - octets.endswith(b"\r", 0, end)
        # where no CR is bare, each has its LF, and equal numbers leave no LF over; three times faster than counting the pairs
        bare = _BARE_CR.search(octets, start, end) or octets.count(b"\r", start, end) != octets.count(b"\n", start, end)
        self.clean = self.clean and not bare and octets.find(b"\0", start, end) < 0
        self._looked_at = end


class Inbound:
    """The receiving side of one connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.ReadTransport | None = None
        self._paused = False
        self._in_message = False
        self._ended = False
        self._no_more_lines = False
        self._no_more_messages = False

    # -------------------------------------------------------------------------------------------- from the transport
    def attach(self, transport: asyncio.ReadTransport) -> None:
        """`transport` is the one to pause when the peer is ahead of us."""
        self._transport = transport

    def feed(self, octets: bytes) -> None:
        """Octets from the peer."""
        self._buffer += octets
        if len(self._buffer) > _HIGH_WATER and not self._in_message and not self._paused and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def end(self) -> None:
        """No more octets will come."""
        self._ended = True
        self._wake()

    def stop(self, *, messages: bool = False) -> None:
        """Hand out no more lines; with `messages`, break off a message that is coming in as well."""
        self._no_more_lines = True
        self._no_more_messages = self._no_more_messages or messages
        self._wake()

    @property
    def ahead(self) -> bool:
        """Whether the peer sent something that nobody has asked for yet."""
        return bool(self._buffer)

    # -------------------------------------------------------------------------------------------- to the conversation
    async def line(self, limit: int, seconds: float) -> bytes:
        """The next line without its CRLF, at most `limit` octets, within `seconds`. Raises `MalformedLine`, `Ended`."""
        searched, dropped = 0, False
        try:
            async with asyncio.timeout(seconds):
                while not self._no_more_lines and (end := self._buffer.find(b"\n", searched)) < 0:
                    if len(self._buffer) > limit + 1:
                        self._buffer.clear()
                        dropped = True
                    searched = len(self._buffer)
                    await self._more()
        except TimeoutError:
            raise TooSlow from None
        if self._no_more_lines:
            raise Stopped
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        text = line[:-2]
        if dropped or not line.endswith(b"\r\n") or len(text) > limit or b"\r" in text or b"\0" in text:
            raise MalformedLine
        return text

    async def message(self, limit: int, pace: Pace) -> bytes:
        """The octets between DATA and the final dot, dot-stuffing undone, CRLF line ends.

        Raises, with the message consumed: `TooLarge` (more than `limit` octets on the wire), `BareLineEnd`. Raises `Ended`.
        """
        self._buffer[:0] = b"\r\n"  # as if the line before had just ended: the mark may stand at the very beginning
        self._in_message = True
        try:
            end, line_ends = await self._end_of_message(limit, pace)
        finally:
            self._in_message = False
        raw, self._buffer = self._buffer, self._buffer[end + len(_END) :]
        if line_ends is None:
            raise TooLarge
        if not line_ends.clean:
            raise BareLineEnd
        message = bytes(memoryview(raw)[2 : end + 2])
        raw.clear()  # before the next copy is made
        if message.startswith(b"."):
            message = message[1:]
        return message.replace(b"\r\n.", b"\r\n")

    async def _end_of_message(self, limit: int, pace: Pace) -> tuple[int, _LineEnds | None]:
        """Where the mark stands in the buffer, and how its lines end; None for a message over `limit`, of which only the tail is kept."""
        loop = asyncio.get_running_loop()
        started, dropped, searched, line_ends = loop.time(), 0, 0, _LineEnds()
        try:
            async with asyncio.timeout(pace.idle) as patience:
                while (end := self._buffer.find(_END, searched)) < 0:
                    if self._no_more_messages:
                        raise Stopped
                    now, arrived = loop.time(), dropped + len(self._buffer)
                    if arrived > limit + len(b"\r\n") + _OVERLAP:
                        dropped = arrived - _OVERLAP
                        del self._buffer[:-_OVERLAP]
                    if arrived > limit * _DRAINED:
                        self._ended = True  # where the next command begins will never be known
                        raise TooLarge
                    if arrived < pace.slowest_rate * (now - started - pace.grace):
                        raise TooSlow
                    if not dropped:
                        line_ends.look(self._buffer, len(self._buffer))
                    searched = max(0, len(self._buffer) - _OVERLAP)
                    patience.reschedule(min(now + pace.idle, started + pace.whole))
                    await self._more()
        except TimeoutError:
            raise TooSlow from None
        if dropped + end > limit:
            return end, None
        line_ends.look(self._buffer, end + len(_END))
        return end, line_ends

    async def _more(self) -> None:
        """Wait for something to happen."""
        if self._ended:
            raise PeerGone
        if self._paused and self._transport is not None:
            self._transport.resume_reading()
            self._paused = False
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
