"""The budget of failed logins: who guesses waits ever longer, and the coach on a machine she has used before still gets in.

Every attempt is charged before the password is looked at, so that parallel guesses gain nothing, and refunded when it was right. An attempt
that comes too early is refused without looking at the password. Nothing sleeps: time is the clock's. Memory is bounded; a restart forgets.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
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


class LoginGuard:
    """Says whether a login attempt may be evaluated now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources = _Failures(_PER_SOURCE, rising=True)
        self._logins = _Failures(_PER_LOGIN, rising=False)
        self._known: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def admit(self, address: str, login: str) -> Charge | None:
        """What the attempt is charged until it `succeeded`, if the password may be looked at; None: it may not."""
        now = self._clock.now()
        charge = self._budgets(address, login, now)
        if not all(failures.allow(key, now) for failures, key in charge):
            return None
        for failures, key in charge:
            failures.charge(key, now)
        return charge

    def succeeded(self, charge: Charge, address: str, login: str) -> None:
        """The attempt that was charged so was right."""
        self.forgive(charge)
        _put(self._known, (_source(address), login), self._clock.now())

    def forgive(self, charge: Charge) -> None:
        """The attempt was not answered, by no fault of the peer. (Not worked out anew: another login may have made the place known meanwhile.)"""
        for failures, key in charge:
            failures.refund(key)

    def _budgets(self, address: str, login: str, now: datetime) -> Charge:
        """A source that has logged in as `login` before has a budget of its own, which nobody elsewhere can use up."""
        pair = (_source(address), login)
        if pair in self._known and now - self._known[pair] < _KNOWN:
            return ((self._sources, pair),)
        return (self._sources, (pair[0], "")), (self._logins, ("", login))


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

    def refund(self, key: tuple[str, str]) -> None:
        if times := self._times.get(key):
            times.pop()


Charge = tuple[tuple[_Failures, tuple[str, str]], ...]


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
