"""The Merkle tree, its proofs and signed notes, against values computed by hand from RFC 6962 section 2.1 and the C2SP formats."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.checkpoint import NoteKey, Tree, checkpoint_text, inclusion_proof, key_id, parse_checkpoints, root_from_proof, signed_note


def sha(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def recursive_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) word for word from RFC 6962 section 2.1."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\x01" + recursive_root(leaves[:k]) + recursive_root(leaves[k:]))


def grown(leaves: list[bytes]) -> Tree:
    tree = Tree()
    for leaf in leaves:
        tree = tree.add(leaf)
    return tree


@given(st.lists(st.binary(min_size=1, max_size=4), max_size=70))
def test_the_growing_tree_has_the_root_of_the_rfc(leaves: list[bytes]) -> None:
    tree = grown(leaves)
    assert tree.size == len(leaves)
    assert tree.root() == recursive_root(leaves)
    assert len(tree.roots) == tree.size.bit_count()


def test_an_inclusion_proof_leads_to_the_root_for_its_own_row_only() -> None:
    for size in (1, 2, 3, 7, 8, 33):
        leaves = [bytes([i]) for i in range(size)]
        root = grown(leaves).root()
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert root_from_proof(leaves[index], index, size, proof) == root
            assert root_from_proof(b"other", index, size, proof) != root
            if size > 1:
                with pytest.raises(ValueError, match="too"):
                    root_from_proof(leaves[index], index, size, proof[:-1])
            with pytest.raises(ValueError, match="too long"):
                root_from_proof(leaves[index], index, size, (*proof, root))


@pytest.fixture
def signed() -> tuple[str, NoteKey]:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def check(signature: bytes, message: bytes) -> bool:
        try:
            private.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True

    name = "coachgate/00"
    text = checkpoint_text(name, grown([b"a", b"b"]))
    return signed_note(text, name, key_id(name, public), private.sign(text.encode())), NoteKey(name, key_id(name, public), check)


def test_a_note_reads_as_the_format_says(signed: tuple[str, NoteKey]) -> None:
    note, key = signed
    origin, size, root, empty, signature = note.splitlines()
    assert (origin, size, empty) == ("coachgate/00", "2", "")
    assert base64.b64decode(root) == recursive_root([b"a", b"b"])
    dash, name, blob = signature.split(" ")
    assert (dash, name, base64.b64decode(blob)[:4]) == ("\u2014", "coachgate/00", key.key_id)
    (checkpoint,) = parse_checkpoints(note)
    assert checkpoint.signed_by(key)


def test_a_file_may_hold_many_notes_and_may_have_travelled_by_mail(signed: tuple[str, NoteKey]) -> None:
    note, key = signed
    cosigned = note + "\u2014 witness.example AAAAAEEE\n"
    for text in (note + "\n\n" + note, note + note, (note + cosigned).replace("\n", "\r\n"), "\n" + note + note.rstrip("\n")):
        found = parse_checkpoints(text)
        assert len(found) == 2
        assert all(c.signed_by(key) for c in found)


def test_a_changed_note_is_not_signed(signed: tuple[str, NoteKey]) -> None:
    note, key = signed
    for changed in (note.replace("\n2\n", "\n3\n"), note.replace("coachgate/00\n2", "coachgate/01\n2"), note.replace("\n\n", "\nmore\n\n")):
        (checkpoint,) = parse_checkpoints(changed)
        assert not checkpoint.signed_by(key)


@pytest.mark.parametrize(
    "text", ["", "hello", "a\n1\nnot base64\n\n\u2014 a AAAA\n", "NOTE text after", "text before\nNOTE", "a\n01\n" + "A" * 43 + "=\n\n\u2014 a AAAA\n"]
)
def test_what_is_no_checkpoint_is_refused(signed: tuple[str, NoteKey], text: str) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        parse_checkpoints(text.replace("NOTE", signed[0]))


def test_a_signature_line_that_is_not_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        parse_checkpoints("a\n1\n" + "A" * 43 + "=\n\n\u2014 a AAAAA\n")
