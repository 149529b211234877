"""Who may submit: the accounts as a protocol, and the SASL mechanisms PLAIN (RFC 4616) and LOGIN, under AUTH (RFC 4954).

Never decides about a password, never keeps one, never says which part of the credentials was wrong.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Protocol

from gateway.core.model import Account
from gateway.edges.submission.command import Unacceptable

MECHANISMS = ("PLAIN", "LOGIN")


class Accounts(Protocol):
    """Knows who may log in."""

    async def verify(self, login: str, password: bytes) -> Account | None:
        """The account, or None where login or password is wrong: in the same time, whichever it is. Must not block the loop."""
        ...


async def credentials(mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]]) -> tuple[str, bytes]:
    """Login and password by `mechanism`; `initial` is the initial response, `ask` sends a challenge and returns the answer, both base64.

    Raises `command.Unacceptable`.
    """
    if mechanism == "PLAIN":
        answer = _decoded(initial if initial is not None else await ask(b""))
        try:
            authorisation, login, password = answer.split(b"\0")
        except ValueError:
            raise Unacceptable("501 5.5.2 malformed credentials") from None
        if authorisation not in (b"", login):
            raise Unacceptable("535 5.7.8 acting for another login is not offered")
    else:
        login = _decoded(initial if initial is not None else await ask(b"Username:"))
        password = _decoded(await ask(b"Password:"))
    try:
        return login.decode("utf-8"), password
    except UnicodeDecodeError:
        raise Unacceptable("535 5.7.8 credentials invalid") from None


def _decoded(answer: bytes) -> bytes:
    """RFC 4954 section 4: base64; "=" is an empty initial response, "*" gives up."""
    if answer == b"*":
        raise Unacceptable("501 5.7.0 given up")
    try:
        return b"" if answer == b"=" else b64decode(answer, validate=True)
    except binascii.Error:
        raise Unacceptable("501 5.5.2 not base64") from None
