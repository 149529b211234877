"""The vault: sealing, labels, purposes, and which key files it refuses."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.edges.vault import Vault
from gateway.errors import ConfigurationError, StoreDamaged


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


@pytest.fixture
def vault(key_file: Path) -> Vault:
    return Vault.create(key_file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(octets=st.binary(max_size=300), label=st.binary(max_size=40))
def test_what_is_sealed_opens_again_under_its_label_only(vault: Vault, octets: bytes, label: bytes) -> None:
    sealed = vault.seal(octets, label)
    assert vault.open(sealed, label) == octets
    assert len(sealed) == len(octets) + 32
    assert sealed != vault.seal(octets, label)  # a new nonce each time
    with pytest.raises(StoreDamaged):
        vault.open(sealed, label + b"x")


def test_every_changed_octet_and_every_cut_is_found_and_names_the_label_not_the_content(vault: Vault) -> None:
    sealed = vault.seal(b"quiet words", b"bodies/c-1")
    broken = [sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :] for i in range(len(sealed))] + [sealed[:i] for i in range(len(sealed))]
    for blob in broken:
        with pytest.raises(StoreDamaged, match="bodies/c-1") as caught:
            vault.open(blob, b"bodies/c-1")
        assert "quiet" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_the_format_is_aes_256_gcm_under_an_hkdf_key_so_that_another_program_can_read_a_backup(vault: Vault, key_file: Path) -> None:
    master = base64.b64decode(key_file.read_bytes())
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"coachgate v1 blobs").derive(master)
    sealed = vault.seal(b"octets", b"label")
    assert AESGCM(key).decrypt(sealed[4:16], sealed[16:], sealed[:4] + b"label") == b"octets"
    assert sealed[:4] == b"CGV\x01"


def test_a_blob_of_another_version_is_refused_by_name(vault: Vault) -> None:
    sealed = vault.seal(b"octets", b"held/h")
    with pytest.raises(StoreDamaged, match="held/h is no sealed blob of this version"):
        vault.open(b"CGV\x02" + sealed[4:], b"held/h")


def test_keyed_hashes_differ_by_purpose_and_by_key_and_the_blob_key_does_nothing_else(vault: Vault, tmp_path: Path) -> None:
    other = Vault.create(tmp_path / "other.key")
    values = {v.keyed_hash(purpose, b"anna@home.example") for v in (vault, other) for purpose in ("digest", "audit", "loop")}
    assert len(values) == 6
    assert vault.keyed_hash("audit", b"x") == vault.keyed_hash("audit", b"x")
    with pytest.raises(ValueError, match="nothing else"):
        vault.keyed_hash("blobs", b"x")


def test_a_key_made_once_is_read_back_and_never_overwritten(vault: Vault, key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert Vault.load(key_file).open(vault.seal(b"octets", b"l"), b"l") == b"octets"
    with pytest.raises(FileExistsError):
        Vault.create(key_file)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o644, 0o610])
def test_a_key_that_others_can_reach_is_refused_with_the_command_that_helps(vault: Vault, key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}.*chmod 600"):
        Vault.load(key_file)


@pytest.mark.parametrize(("mode", "refused"), [(0o400, False), (0o440, False), (0o444, True), (0o460, True)])
def test_a_systemd_credential_may_show_its_acl_mask_as_group_read(
    vault: Vault, key_file: Path, monkeypatch: pytest.MonkeyPatch, mode: int, refused: bool
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key_file.parent))
    key_file.chmod(mode)
    if refused:
        with pytest.raises(ConfigurationError, match="others can reach it"):
            Vault.load(key_file)
    else:
        Vault.load(key_file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_that_belongs_to_somebody_else_is_refused(vault: Vault, key_file: Path) -> None:
    os.chown(key_file, 65534, 65534)
    with pytest.raises(ConfigurationError, match="belongs to user 65534"):
        Vault.load(key_file)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has 0 octets instead of 32"),
        (base64.b64encode(bytes(31)), "has 31 octets instead of 32"),
        (base64.b64encode(bytes(33)), "has 33 octets"),
        (b"not base64!", "is not base64"),
        (b"\xff\xfe", "is not base64"),
    ],
)
def test_a_damaged_key_file_is_named(key_file: Path, content: bytes, problem: str) -> None:
    key_file.touch(0o600)
    key_file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=problem):
        Vault.load(key_file)


def test_a_missing_key_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Vault.load(tmp_path / "none.key")
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        Vault.load(tmp_path)


def test_a_master_key_of_another_length_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="16 octets"):
        Vault(bytes(16))
