"""A sealer without cryptography: its messages have the packets of real ones and pass the same proofs, and `open` gives the octets back. For tests only."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from gateway.core import openpgp
from gateway.core.model import Key
from gateway.errors import SealerUnavailable

_HIDE = bytes(255 - n for n in range(256))  # so that a leak test does not find the octets


@dataclass
class FakeSealer:
    """`ports.Sealer`. `failing` makes every seal fail; `sealed_to` records the subkeys in order."""

    failing: bool = False
    sealed_to: list[str] = field(default_factory=list)

    async def seal(self, octets: bytes, key: Key) -> bytes:
        if self.failing:
            raise SealerUnavailable("told to fail")
        self.sealed_to.append(key.encryption_subkey)
        session_key = b"\x03" + bytes.fromhex(key.encryption_subkey[-16:]) + b"\x12" + b"\0" * 48
        data = b"\x01" + b"\0" * 18 + octets.translate(_HIDE) + b"\0" * 22
        packets = b"".join(bytes((0xC0 | tag, 255)) + len(body).to_bytes(4, "big") + body for tag, body in ((1, session_key), (18, data)))
        return b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + base64.encodebytes(packets).replace(b"\n", b"\r\n") + b"-----END PGP MESSAGE-----\r\n"

    def open(self, armored: bytes) -> bytes:
        """What `seal` was given."""
        session_key_packet = 6 + 58
        return openpgp.dearmor(armored)[session_key_packet + 6 + 19 : -22].translate(_HIDE)
