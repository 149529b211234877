"""The Merkle tree, its proofs and signed notes, against values computed by hand from RFC 6962 section 2.1 and the C2SP formats."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.checkpoint import (
    NoteKey,
    Tree,
    checkpoint_text,
    checkpoints_in,
    inclusion_proof,
    key_id,
    key_in,
    parse_checkpoints,
    root_from_proof,
    signed_note,
)


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


# ------------------------------------------------------------------------------------------------ what was kept in a mailbox
ORIGIN = "coachgate/0123456789abcdef"


def kept() -> tuple[str, str]:
    """A note of a log of ours, and a key line."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = checkpoint_text(ORIGIN, Tree().add(b"row"))
    note = signed_note(text, ORIGIN, key_id(ORIGIN, public), private.sign(text.encode()))
    return note, f"{ORIGIN}+{key_id(ORIGIN, public).hex()}+{base64.b64encode(b'1' + public).decode()}"


@pytest.mark.parametrize("frame", ["{}", "Hello,\n\n{}\nBye\n", "  {}", "> {}", ">> {}", "{} "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_checkpoint_is_found_in_what_a_mail_program_makes_of_it(frame: str, end: str) -> None:
    """Text around it, marks of quotation before it, blanks behind it, either line end."""
    note, key = kept()
    whole = f"{note}\n{key}\n"
    text = frame.format(whole) if "\n" in frame else "".join(frame.format(line) + "\n" for line in whole.splitlines())
    text = text.replace("\n", end)
    assert checkpoints_in(text) == parse_checkpoints(note)
    assert checkpoints_in(text + text) == parse_checkpoints(note + note)
    assert key_in(text) == key_in(text + text) == key


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda note: note.replace("\n1\n", "\nmany\n"), "damaged"),
        (lambda note: note.partition("\n\n")[0], "damaged"),
        (lambda note: note + note.replace("\u2014", "-"), "damaged"),
        (lambda note: note.replace(ORIGIN, "another.example/log"), "holds no checkpoint"),
        (lambda note: "", "holds no checkpoint"),
    ],
)
def test_a_damaged_checkpoint_is_not_passed_over(spoil: Callable[[str], str], complaint: str) -> None:
    """Less proof than was kept would look like proof."""
    with pytest.raises(ValueError, match=complaint):
        checkpoints_in("Hello,\n" + spoil(kept()[0]))


def test_one_public_key_is_wanted() -> None:
    (_, one), (_, other) = kept(), kept()
    with pytest.raises(ValueError, match="no public key"):
        key_in("Hello,\n")
    with pytest.raises(ValueError, match="more than one"):
        key_in(f"{one}\n{other}\n")
