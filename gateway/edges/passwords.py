"""Passwords of the submission service: Argon2id hashes (RFC 9106), verified in threads, never on the event loop.

An unknown login costs the same work as a wrong password. A password found right is remembered for minutes as a keyed hash, so that a burst of
connections is not a burst of Argon2. Never keeps a password, and never logs a login.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from gateway.core.model import Account, Mailbox
from gateway.errors import StoreDamaged
from gateway.ports import Clock

_REMEMBERED = timedelta(minutes=5)
_MOST_REMEMBERED = 1024
_AT_ONCE = 2  # verifications; each takes 64 MiB and several threads of its own
_READ_ONLY_ROLE = "auditor"  # reads the log, sends nothing


class Login(Protocol):
    """What is stored of somebody who may log in."""

    @property
    def login(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102
    @property
    def password_hash(self) -> str: ...  # noqa: D102
    @property
    def mailboxes(self) -> tuple[Mailbox, ...]: ...  # noqa: D102
    @property
    def patterns(self) -> tuple[str, ...]: ...  # noqa: D102


class PasswordAccounts:
    """`submission.Accounts` over stored Argon2id hashes."""

    def __init__(self, lookup: Callable[[str], Awaitable[tuple[int, Login] | None]], clock: Clock, hasher: PasswordHasher | None = None) -> None:
        """`lookup` gives tenant and stored record of a login; `hasher` has the parameters of the hashes (the library's defaults, RFC 9106)."""
        self._lookup = lookup
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_bytes(16))  # what an unknown login is verified against
        self._key = secrets.token_bytes(32)
        self._found_right: OrderedDict[bytes, tuple[str, datetime]] = OrderedDict()  # keyed hash: the stored hash it fitted, when
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def verify(self, login: str, password: bytes) -> Account | None:
        """The account, or None where login or password is wrong. Raises `errors.StoreDamaged` where the stored hash is none."""
        found = await self._lookup(login)
        if not await self._is_right(login, password, found[1].password_hash if found else self._nobody) or found is None:
            return None
        tenant, user = found
        mailboxes, patterns = ((), ()) if user.role == _READ_ONLY_ROLE else (user.mailboxes, user.patterns)
        return Account(user.login, tenant, mailboxes, user.role, patterns)

    async def _is_right(self, login: str, password: bytes, stored: str) -> bool:
        name = hmac.digest(self._key, len(login.encode()).to_bytes(8, "big") + login.encode() + password, hashlib.sha256)
        if self._remembers(name, stored):
            return True
        async with self._turn:
            if self._remembers(name, stored):  # another connection of the same burst was first
                return True
            try:
                await asyncio.to_thread(self._hasher.verify, stored, password)
            except VerifyMismatchError:
                return False
            except (InvalidHashError, VerificationError):
                raise StoreDamaged from None
        self._found_right[name] = (stored, self._clock.now())
        if len(self._found_right) > _MOST_REMEMBERED:
            self._found_right.popitem(last=False)
        return True

    def _remembers(self, name: bytes, stored: str) -> bool:
        """Whether this password was right for this very hash a moment ago; a changed password is another hash."""
        known = self._found_right.get(name)
        return known is not None and known[0] == stored and timedelta(0) <= self._clock.now() - known[1] < _REMEMBERED
