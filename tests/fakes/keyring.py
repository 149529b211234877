"""A keyring that knows what it is told. For tests only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gateway.core.model import Client, Key, KeyState


@dataclass
class FakeKeyring:
    """`ports.Keyring`: a client with a pinned fingerprint and a personal address is usable unless `reasons` (client id -> reason) says otherwise."""

    reasons: dict[str, str] = field(default_factory=dict)

    async def state(self, client: Client, at: datetime) -> KeyState:
        if client.id in self.reasons:
            return KeyState(None, self.reasons[client.id])
        if client.personal is None or client.fingerprint is None:
            return KeyState(None, "key-missing")
        return KeyState(Key(client.fingerprint, client.fingerprint[::-1]))

    def autocrypt(self, addr: str) -> str:
        return f"addr={addr}; keydata=bm8ga2V5"
