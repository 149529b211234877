"""Checkpoints: the Merkle tree of the audit log (RFC 6962 section 2.1) and its signed root (C2SP tlog-checkpoint in a C2SP signed note).

A checkpoint kept where nobody can reach it who can write the database proves every row it covers; an inclusion proof shows one row without the others.
This module never signs: a signature and its verification come as callables.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


# ------------------------------------------------------------------------------------------------ Merkle tree, RFC 6962 section 2.1
@dataclass(frozen=True, slots=True)
class Tree:
    """A Merkle tree that only grows: its size and the roots of its full subtrees, largest first (one for each bit set in `size`)."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def add(self, leaf: bytes) -> Tree:
        """The tree with one more leaf (the hash of a row)."""
        roots, node, size = list(self.roots), hashlib.sha256(b"\x00" + leaf).digest(), self.size
        while size & 1:  # a full subtree of the same height stands to the left: merge
            node, size = _node(roots.pop(), node), size >> 1
        return Tree(self.size + 1, (*roots, node))

    def root(self) -> bytes:
        """The Merkle tree hash."""
        if not self.roots:
            return hashlib.sha256(b"").digest()
        *left, root = self.roots
        for node in reversed(left):
            root = _node(node, root)
        return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _subroot(leaves: Sequence[bytes]) -> bytes:
    tree = Tree()
    for leaf in leaves:
        tree = tree.add(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of leaf `index` (from 0), RFC 6962 section 2.1.1: shows one row to somebody without showing the others."""
    if len(leaves) == 1:
        return ()
    k = _split(len(leaves))
    if index < k:
        return (*inclusion_proof(leaves[:k], index), _subroot(leaves[k:]))
    return (*inclusion_proof(leaves[k:], index - k), _subroot(leaves[:k]))


def root_from_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that `proof` leads to for the row hash `leaf` at `index` (from 0) of `size`. Raises `ValueError` for a proof of the wrong length."""
    if size == 1:
        if proof:
            raise ValueError("the proof is too long")
        return hashlib.sha256(b"\x00" + leaf).digest()
    if not proof:
        raise ValueError("the proof is too short")
    k = _split(size)
    if index < k:
        return _node(root_from_proof(leaf, index, k, proof[:-1]), proof[-1])
    return _node(proof[-1], root_from_proof(leaf, index - k, size - k, proof[:-1]))


# ------------------------------------------------------------------------------------------------ checkpoints, C2SP tlog-checkpoint and signed-note
@dataclass(frozen=True, slots=True)
class NoteKey:
    """A C2SP signed-note verifier key "name+hash+base64". `check(signature, message)` is the Ed25519 verification (RFC 8032)."""

    name: str
    key_id: bytes  # 4 octets
    check: Callable[[bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says, and the signatures under it as (name, key id, signature)."""

    origin: str
    size: int
    root: bytes
    text: str  # the signed octets
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signed_by(self, key: NoteKey) -> bool:
        """Whether one of the signatures is that of `key`; signatures of unknown keys are ignored, as the format demands."""
        return any((name, key_id) == (key.name, key.key_id) and key.check(signature, self.text.encode()) for name, key_id, signature in self.signatures)


def key_id(name: str, public_key: bytes) -> bytes:
    """The 4 octets that name an Ed25519 key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public_key).digest()[:4]


def checkpoint_text(origin: str, tree: Tree) -> str:
    """The octets to sign: origin, size, root."""
    return f"{origin}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n"


def signed_note(text: str, name: str, key: bytes, signature: bytes) -> str:
    """`text` with its signature line; `key` is the 4-octet key id."""
    return f"{text}\n\u2014 {name} {base64.b64encode(key + signature).decode()}\n"


_NOTE = re.compile(
    r"(?P<text>(?P<origin>[^\s\u2014][^\n]*)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*)"
    r"\n(?P<signatures>(?:\u2014 \S+ [A-Za-z0-9+/=]+\n)+)"
)


def parse_checkpoints(notes: str) -> tuple[Checkpoint, ...]:
    """Every checkpoint in a file of one or many. Raises `ValueError` where there is anything else: an outside checkpoint that cannot be read proves nothing."""
    found, end = [], 0
    notes = notes.replace("\r\n", "\n")  # the file may have travelled by mail
    notes = notes if notes.endswith("\n") else notes + "\n"
    for match in _NOTE.finditer(notes):
        if notes[end : match.start()].strip():
            raise ValueError("there is something in the file that is no checkpoint")
        end = match.end()
        found.append(Checkpoint(match["origin"], int(match["size"]), base64.b64decode(match["root"]), match["text"], _signatures(match["signatures"])))
    if notes[end:].strip() or not found:
        raise ValueError("there is something in the file that is no checkpoint" if found else "the file holds no checkpoint")
    return tuple(found)


_ORIGIN = re.compile(r"coachgate/[0-9a-f]{16}")  # of our own logs: a line of its own begins a checkpoint
_KEY_LINE = re.compile(r"(?m)^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$")


def checkpoints_in(text: str) -> tuple[Checkpoint, ...]:
    """Every checkpoint in a text that may say other things too, such as a notice, quoted or indented. Raises `ValueError` where there is none, or where
    one of our logs begins and cannot be read to its end: a damaged one must not be passed over."""
    text = _unquoted(text)
    found = [match for match in _NOTE.finditer(text) if _ORIGIN.fullmatch(match["origin"])]
    begun = [line for line in text.split("\n") if _ORIGIN.fullmatch(line)]
    if not found or len(begun) != len(found):
        raise ValueError("a checkpoint in it is damaged" if begun else "it holds no checkpoint")
    return tuple(checkpoint for match in found for checkpoint in parse_checkpoints(match[0]))


def key_in(text: str) -> str:
    """The one verifier key in such a text. Raises `ValueError` where there is none, or more than one."""
    found = set(_KEY_LINE.findall(_unquoted(text)))
    if len(found) != 1:
        raise ValueError("it holds more than one public key" if found else "it holds no public key of an audit log")
    key: str = found.pop()
    return key


def _unquoted(text: str) -> str:
    """Lines without what mail programs put in front of them and behind, closed by a line end."""
    return "\n".join(line.strip().lstrip("> ") for line in text.splitlines()) + "\n"


def _signatures(lines: str) -> tuple[tuple[str, bytes, bytes], ...]:
    signatures = []
    for line in lines.splitlines():
        _, name, encoded = line.split(" ")
        try:
            octets = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError("a signature line is not base64") from None
        signatures.append((name, octets[:4], octets[4:]))
    return tuple(signatures)
