"""The key that signs checkpoints: Ed25519 (RFC 8032) in a PKCS8 file, its public half as a C2SP signed-note verifier key.

The public half is meant to be copied to where checkpoints are kept; whoever verifies trusts that copy, not the one beside the database.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from gateway import key_file
from gateway.core.checkpoint import NoteKey, key_id, signed_note
from gateway.errors import ConfigurationError


class Notary:
    """Signs notes."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def create(cls, path: Path) -> Notary:
        """A new key, written to the new file `path` (`key_file.create`)."""
        key = Ed25519PrivateKey.generate()
        key_file.create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> Notary:
        """The key in `path`. Raises `ConfigurationError` naming what is wrong with the file."""
        pem = key_file.read(path, "the audit key")
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError((f"the audit key {path} is no Ed25519 key in PKCS8: the file is damaged or is another file",))
        return cls(key)

    def sign(self, text: str, name: str) -> str:
        """`text` as a signed note under the key name `name` (the origin of the log)."""
        return signed_note(text, name, key_id(name, self._public), self._key.sign(text.encode()))

    def public(self, name: str) -> str:
        """The verifier key: "name+hash+base64"."""
        encoded = base64.b64encode(b"\x01" + self._public).decode()
        return f"{name}+{key_id(name, self._public).hex()}+{encoded}"


def note_key(text: str) -> NoteKey:
    """A verifier key as it stands in a file. Raises `ValueError` where it is none."""
    parts = text.strip().split("+", 2)  # base64 may hold a plus, a name may not
    try:
        octets = base64.b64decode(parts[2], validate=True)
    except (IndexError, binascii.Error):
        raise ValueError("this is no public key of an audit log (name+hash+base64)") from None
    name, public = parts[0], octets[1:]
    if octets[:1] != b"\x01" or len(public) != 32 or parts[1] != key_id(name, public).hex():
        raise ValueError("this is no public key of an audit log: its parts do not belong together")
    key = Ed25519PublicKey.from_public_bytes(public)

    def check(signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return NoteKey(name, key_id(name, public), check)
