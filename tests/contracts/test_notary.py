"""The key that signs checkpoints: its files, its public form, and what is refused."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.core.checkpoint import Tree, checkpoint_text, parse_checkpoints
from gateway.edges.store import Notary, note_key
from gateway.errors import ConfigurationError

ORIGIN = "coachgate/0123456789abcdef"
TEXT = checkpoint_text(ORIGIN, Tree().add(b"a"))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "audit.key"


def test_a_note_is_verified_with_nothing_but_the_public_key(key_file: Path) -> None:
    note = Notary.create(key_file).sign(TEXT, ORIGIN)
    public = Notary.load(key_file).public(ORIGIN)
    (checkpoint,) = parse_checkpoints(note)
    assert checkpoint.signed_by(note_key(public + "\n"))
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" in key_file.read_bytes()


def test_another_key_and_another_name_do_not_verify(key_file: Path, tmp_path: Path) -> None:
    notary = Notary.create(key_file)
    (checkpoint,) = parse_checkpoints(notary.sign(TEXT, ORIGIN))
    assert not checkpoint.signed_by(note_key(Notary.create(tmp_path / "other.key").public(ORIGIN)))
    assert not checkpoint.signed_by(note_key(notary.public("coachgate/other")))


def test_a_changed_signature_does_not_verify(key_file: Path) -> None:
    notary = Notary.create(key_file)
    (good,) = parse_checkpoints(notary.sign(TEXT, ORIGIN))
    blob = bytearray(base64.b64decode(notary.sign(TEXT, ORIGIN).split()[-1]))
    for index in range(4, len(blob)):
        forged = bytes(blob[:index] + bytes([blob[index] ^ 1]) + blob[index + 1 :])
        (checkpoint,) = parse_checkpoints(f"{TEXT}\n\u2014 {ORIGIN} {base64.b64encode(forged).decode()}\n")
        assert not checkpoint.signed_by(note_key(notary.public(ORIGIN)))
    assert good.signed_by(note_key(notary.public(ORIGIN)))


@pytest.mark.parametrize(
    "change", [lambda t: "", lambda t: "a+b", lambda t: t.replace("+", "-", 1), lambda t: t[:-4], lambda t: "x" + t, lambda t: t[:-1] + "!"]
)
def test_what_is_no_public_key_is_refused(key_file: Path, change: object) -> None:
    public = Notary.create(key_file).public(ORIGIN)
    with pytest.raises(ValueError, match="no public key"):
        note_key(change(public))  # type: ignore[operator]


def test_keys_that_others_can_read_that_are_damaged_or_of_another_kind_are_refused_by_name(key_file: Path, tmp_path: Path) -> None:
    Notary.create(key_file)
    key_file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="audit key .* mode 0640"):
        Notary.load(key_file)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Notary.load(tmp_path / "none")
    other_kind = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for number, octets in enumerate((b"", b"garbage", other_kind, other_kind[:60])):
        file = tmp_path / f"{number}.key"
        file.touch(0o600)
        file.write_bytes(octets)
        with pytest.raises(ConfigurationError, match="no Ed25519 key"):
            Notary.load(file)


def test_an_existing_key_is_never_overwritten_and_no_draft_stays(key_file: Path) -> None:
    Notary.create(key_file)
    before = key_file.read_bytes()
    with pytest.raises(FileExistsError):
        Notary.create(key_file)
    assert key_file.read_bytes() == before
    assert [p.name for p in key_file.parent.iterdir()] == ["audit.key"]
