"""The budget of failed logins: who guesses waits ever longer, and the coach on a machine she has used before still gets in.

Only a finished, wrong attempt counts. That parallel guesses gain nothing comes from a queue instead: attempts that share a budget are looked at
one after the other, so each sees what came of those before it, and a burst of right logins costs nothing. An attempt that comes too early is
refused without looking at the password. Nothing sleeps: time is the clock's. Memory and queues are bounded; a restart forgets.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.ports import Clock

_K = TypeVar("_K")
_V = TypeVar("_V")

_WINDOW = timedelta(hours=1)
_KNOWN = timedelta(days=30)
_KEYS = 10_000
_FREE = 3  # failures without any wait: a person and her typing errors
_LONGEST_WAIT = timedelta(minutes=10)
_PER_SOURCE = 20  # failures an hour
_PER_LOGIN = 100  # failures an hour, from everywhere together
_IN_LINE = 32  # attempts that wait on one budget: a mail program opens a handful of connections


class TooManyFailures(Exception):
    """The password was not looked at: too many were wrong, or too many wait."""


class LoginGuard:
    """Says whether, and in which order, login attempts are evaluated."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources = _Failures(_PER_SOURCE, rising=True)
        self._logins = _Failures(_PER_LOGIN, rising=False)
        self._known: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._lines: dict[tuple[str, str], _Line] = {}

    async def judge(self, address: str, login: str, verify: Callable[[], Awaitable[_V | None]]) -> _V | None:
        """What `verify` answers, None for a wrong login, which is counted. Raises `TooManyFailures` where it was not asked.

        What `verify` raises leaves as it is and counts as nothing: such an attempt was not answered, by no fault of the peer. Whoever hangs up while
        her password is looked at is charged, or she could keep this machine at work for nothing.
        """
        budgets = self._budgets(address, login, self._clock.now())
        async with AsyncExitStack() as turns:
            for _, key in budgets:  # the source before the login, everywhere: so nobody waits in a circle
                await turns.enter_async_context(self._turn(key))
            now = self._clock.now()
            if not all(failures.allow(key, now) for failures, key in budgets):
                raise TooManyFailures
            found, counts = None, False
            try:
                found = await verify()
                counts = found is None
            except asyncio.CancelledError:
                counts = True
                raise
            finally:
                for failures, key in budgets if counts else ():
                    failures.charge(key, self._clock.now())
            if found is not None:
                _put(self._known, (_source(address), login), self._clock.now())
            return found

    @asynccontextmanager
    async def _turn(self, key: tuple[str, str]) -> AsyncIterator[None]:
        """First come, first served. Raises `TooManyFailures` where the line is too long already."""
        line = self._lines.setdefault(key, _Line())
        if line.length >= _IN_LINE:
            raise TooManyFailures
        line.length += 1
        try:
            async with line.lock:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[key]

    def _budgets(self, address: str, login: str, now: datetime) -> tuple[tuple[_Failures, tuple[str, str]], ...]:
        """A source that has logged in as `login` before has a budget of its own, which nobody elsewhere can use up."""
        pair = (_source(address), login)
        if pair in self._known and now - self._known[pair] < _KNOWN:
            return ((self._sources, pair),)
        return (self._sources, (pair[0], "")), (self._logins, ("", login))


class _Line:
    """Attempts on one budget: the one that is looked at, and those behind it."""

    def __init__(self) -> None:
        self.lock, self.length = asyncio.Lock(), 0


class _Failures:
    """Times of failure by key, within the window."""

    def __init__(self, limit: int, *, rising: bool) -> None:
        self._limit = limit
        self._rising = rising
        self._times: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def allow(self, key: tuple[str, str], now: datetime) -> bool:
        times = self._times.get(key, deque())
        while times and not timedelta(0) <= now - times[0] < _WINDOW:  # also forgets what a clock set back left in the future
            times.popleft()
        if len(times) >= self._limit:
            return False
        if not self._rising or len(times) < _FREE:
            return True
        return now - times[-1] >= min(timedelta(seconds=2 ** (len(times) - _FREE)), _LONGEST_WAIT)

    def charge(self, key: tuple[str, str], now: datetime) -> None:
        times = self._times.get(key, deque())
        times.append(now)
        _put(self._times, key, times)


def _put(memory: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    """Remember as the newest, and forget the oldest beyond the bound."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _KEYS:
        memory.popitem(last=False)


def _source(address: str) -> str:
    """The network a guesser cannot easily leave: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.IPv6Network((int(ip), 64), strict=False).network_address)
    return str(ip)
