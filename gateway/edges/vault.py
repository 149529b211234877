"""The vault: what lies on disk is sealed here with AES-256-GCM (NIST SP 800-38D) under one master key.

Sub-keys are derived from the master key by HKDF-SHA-256 (RFC 5869), one for each purpose, so that a value made for one purpose says nothing about another.
The master key comes from a file only its owner can read, or from a systemd credential given by its path. It never derives a key from a password, never writes
the key anywhere but in `Vault.create`, and never says in an exception what it sealed.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway import key_file
from gateway.errors import ConfigurationError, StoreDamaged

_HEADER = b"CGV\x01"  # the last octet is the version of the blob format
_NONCE_OCTETS = 12  # random; 2**32 blobs under one key stay within the bound of SP 800-38D section 8.3
_TAG_OCTETS = 16
_KEY_OCTETS = 32


class Vault:
    """`ports.Vault` under one master key of 32 octets."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != _KEY_OCTETS:
            raise ConfigurationError((f"the master key has {len(master_key)} octets, it must have {_KEY_OCTETS}",))
        self._subkey = lru_cache(maxsize=16)(lambda purpose: _derive(master_key, purpose))
        self._aead = AESGCM(self._subkey("blobs"))

    @classmethod
    def create(cls, path: Path) -> Vault:
        """A vault under a new random key, written to the new file `path` (`key_file.create`)."""
        key = os.urandom(_KEY_OCTETS)
        key_file.create(path, base64.b64encode(key) + b"\n")
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> Vault:
        """The vault whose key stands in `path` as one line of base64. Raises `ConfigurationError` naming what is wrong with the file."""
        try:
            key = base64.b64decode(key_file.read(path, "the master key").strip(), validate=True)
        except binascii.Error:
            raise ConfigurationError((f"the master key {path} is not base64: the file is damaged or is another file",)) from None
        if len(key) != _KEY_OCTETS:
            raise ConfigurationError((f"the master key {path} has {len(key)} octets instead of {_KEY_OCTETS}: the file is damaged or is another file",))
        return cls(key)

    def seal(self, octets: bytes, label: bytes) -> bytes:
        """`octets` sealed: header (4 octets), nonce (12), ciphertext and tag (len + 16). `label` is authenticated with it."""
        nonce = os.urandom(_NONCE_OCTETS)
        return _HEADER + nonce + self._aead.encrypt(nonce, octets, _HEADER + label)

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """The inverse of `seal`. Raises `StoreDamaged` naming the label where blob, label or master key is another."""
        name = label.decode("ascii", "replace")
        if not sealed.startswith(_HEADER) or len(sealed) < len(_HEADER) + _NONCE_OCTETS + _TAG_OCTETS:
            raise StoreDamaged(f"{name} is no sealed blob of this version")
        nonce = sealed[len(_HEADER) : len(_HEADER) + _NONCE_OCTETS]
        try:
            return self._aead.decrypt(nonce, memoryview(sealed)[len(_HEADER) + _NONCE_OCTETS :], _HEADER + label)
        except InvalidTag:
            raise StoreDamaged(f"{name} does not open: it was changed or swapped, or the master key is another") from None

    def keyed_hash(self, purpose: str, octets: bytes) -> bytes:
        """HMAC-SHA-256 (RFC 2104), 32 octets, under the sub-key of `purpose`: pseudonyms, repeated submissions, loop tokens."""
        if purpose == "blobs":
            raise ValueError("the key that seals blobs does nothing else")
        mac = hmac.HMAC(self._subkey(purpose), hashes.SHA256())
        mac.update(octets)
        return mac.finalize()


def _derive(master_key: bytes, purpose: str) -> bytes:
    """The sub-key of `purpose`. No salt: the master key is random already (RFC 5869 section 3.1)."""
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_OCTETS, salt=None, info=b"coachgate v1 " + purpose.encode("ascii")).derive(master_key)
