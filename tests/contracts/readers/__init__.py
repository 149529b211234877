"""OpenPGP programs that clients read with, each driven the way its users' mail programs drive it.

A reader makes a key of its own, opens a message sealed to it and insists on the coach's good signature. Where a program is not installed the test that
needs it is skipped and says which; `npm ci --ignore-scripts` in this folder installs OpenPGP.js.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def run(*command: str | Path, stdin: bytes = b"") -> bytes:
    """Standard output of `command`; fails the test with its standard error."""
    done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class Reader:
    """`folder` is this reader's own; `signer` the coach's public key in armour."""

    program = ""

    def __init__(self, folder: Path, signer: bytes) -> None:
        if shutil.which(self.program) is None:
            pytest.skip(f"{self.program} is not installed: nobody reads back as it would")
        self.folder = folder
        self.signer = folder / "signer.asc"
        self.signer.write_bytes(signer)

    def make_key(self, address: str) -> bytes:
        """The public half of a new key for `address`."""
        raise NotImplementedError

    def open(self, armored: bytes) -> bytes:
        """What is inside `armored`; fails unless the coach's signature is good."""
        raise NotImplementedError


class GnuPG(Reader):
    """gpg: Enigmail's heirs, Kleopatra, GPG Suite, mutt."""

    program = "gpg"

    def _gpg(self, *arguments: str | Path, stdin: bytes = b"") -> bytes:
        return run("gpg", "--homedir", self.folder, "--batch", "--quiet", "--trust-model", "always", *arguments, stdin=stdin)

    def make_key(self, address: str) -> bytes:
        self.folder.chmod(0o700)
        self._gpg("--passphrase", "", "--quick-generate-key", f"Kim Lund <{address}>")
        public = self._gpg("--armor", "--export")
        self._gpg("--import", self.signer)
        return public

    def open(self, armored: bytes) -> bytes:
        status = self.folder / "status"
        octets = self._gpg("--status-file", status, "--decrypt", stdin=armored)
        words = status.read_text(encoding="utf-8")
        assert "GOODSIG" in words
        assert "GOODMDC" in words
        return octets


class Sequoia(Reader):
    """sq."""

    program = "sq"

    def make_key(self, address: str) -> bytes:
        run("sq", "key", "generate", "--userid", f"<{address}>", "--export", self.folder / "key.pgp")
        return run("sq", "key", "extract-cert", self.folder / "key.pgp")

    def open(self, armored: bytes) -> bytes:
        return run("sq", "decrypt", "--signatures", "1", "--recipient-key", self.folder / "key.pgp", "--signer-cert", self.signer, stdin=armored)


class RNP(Reader):
    """rnp: the library in Thunderbird."""

    program = "rnp"

    def make_key(self, address: str) -> bytes:
        run("rnpkeys", "--homedir", self.folder, "--generate-key", "--userid", f"<{address}>", "--password", "")
        public = run("rnpkeys", "--homedir", self.folder, "--export-key", address)
        run("rnpkeys", "--homedir", self.folder, "--import-keys", self.signer)
        return public

    def open(self, armored: bytes) -> bytes:
        (self.folder / "sealed.asc").write_bytes(armored)
        out = self.folder / "opened"
        done = subprocess.run(
            ["rnp", "--homedir", self.folder, "--password", "", "--overwrite", "--decrypt", self.folder / "sealed.asc", "--output", out],
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        assert b"Good signature" in done.stdout + done.stderr
        return out.read_bytes()


class OpenPGPjs(Reader):
    """OpenPGP.js: Proton Mail, Mailvelope, FlowCrypt."""

    program = "node"

    def __init__(self, folder: Path, signer: bytes) -> None:
        super().__init__(folder, signer)
        if not (_HERE / "node_modules" / "openpgp").is_dir():
            pytest.skip(f"OpenPGP.js is not installed: run `npm ci --ignore-scripts` in {_HERE.name}; nobody reads back as Proton Mail would")

    def make_key(self, address: str, command: str = "generate") -> bytes:
        return run("node", _HERE / "openpgpjs.mjs", command, self.folder, address)

    def open(self, armored: bytes) -> bytes:
        return run("node", _HERE / "openpgpjs.mjs", "open", self.folder, stdin=armored)


READERS = (GnuPG, Sequoia, RNP, OpenPGPjs)
