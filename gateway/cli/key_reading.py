"""Looks at many public keys, a few at a time, through the keyring's own judgement; needs no state folder, so it works before `init` too."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.core.model import Mailbox
from gateway.core.notice import HOLD_REASONS
from gateway.edges.keyring import Keyring

_AT_ONCE = min(8, 2 * (os.cpu_count() or 1))  # gpg waits for files more than it computes


@dataclass(frozen=True, slots=True)
class KeyReading:
    """What a key is good for at one moment."""

    fingerprint: str  # "" where there is no single key
    reason: str  # "" where it can be used; else a reason of `model.KeyState`
    expires: datetime | None = None

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return HOLD_REASONS.get(self.reason, self.reason)


async def inspect_all(keys: Sequence[tuple[bytes | None, Mailbox | None]], at: datetime, gpg: str, done: Callable[[], None] = lambda: None) -> list[KeyReading]:
    """A reading for each (key, personal address). Raises `errors.SealerUnavailable` where gpg does not answer."""

    async def none_stored(_: str) -> None:
        return None

    with tempfile.TemporaryDirectory(prefix="cg-") as home:  # mode 0700; stays empty but for what gpg makes of an empty home
        keyring, gate = Keyring(Path(home), none_stored, gpg=gpg), asyncio.Semaphore(_AT_ONCE)

        async def one(key: bytes | None, mailbox: Mailbox | None) -> KeyReading:
            reading = KeyReading("", "key-missing")
            if key is not None and mailbox is not None:
                async with gate:
                    seen = await keyring.inspect(key, mailbox, at)
                reading = KeyReading(seen.fingerprint, seen.state.reason if seen.state.key is None else "", seen.expires)
            done()
            return reading

        return list(await asyncio.gather(*(one(key, mailbox) for key, mailbox in keys)))
