"""Client keys of every kind a coach may be given, made by GnuPG in short-lived homes (a Unix socket's path is short)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.core.model import Mailbox

KIM = Mailbox("kim", "home.example")


class Home:
    """A GnuPG home of a client."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.path), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def key(
        self, algorithm: str = "ed25519", subkey: str = "cv25519", *, user_id: str = f"Kim Lund <{KIM}>", expires: str = "never", options: tuple[str, ...] = ()
    ) -> str:
        """Make a key and its encryption subkey ("" for none); the fingerprint of the primary key."""
        self.gpg(*options, "--quick-generate-key", user_id, algorithm, "sign,cert", expires)
        fingerprint = self.fingerprints()[-1]
        if subkey:
            self.gpg(*options, "--quick-add-key", fingerprint, subkey, "encrypt", expires)
        return fingerprint

    def fingerprints(self) -> list[str]:
        """Fingerprints of the primary keys, in the order of making."""
        rows = [line.split(":") for line in self.gpg("--with-colons", "--list-keys").decode().splitlines()]
        return [rows[n + 1][9] for n, row in enumerate(rows) if row[0] == "pub"]

    def subkeys(self) -> list[str]:
        """Fingerprints of all subkeys."""
        rows = [line.split(":") for line in self.gpg("--with-colons", "--list-keys").decode().splitlines()]
        return [rows[n + 1][9] for n, row in enumerate(rows) if row[0] == "sub"]

    def edit(self, fingerprint: str, *lines: str) -> None:
        """Drive --edit-key, for what has no quick command."""
        self.gpg("--command-fd", "0", "--expert", "--edit-key", fingerprint, stdin="\n".join((*lines, "save", "")).encode())

    def public(self, *fingerprints: str) -> bytes:
        """Armoured public keys, in one block."""
        return self.gpg("--armor", "--export", *fingerprints)


@contextmanager
def home() -> Iterator[Home]:
    """An empty home; its agent ends with it."""
    path = Path(tempfile.mkdtemp(prefix="cgk"))
    try:
        yield Home(path)
    finally:
        subprocess.run(["gpgconf", "--homedir", path, "--kill", "all"], timeout=30, check=True)
        shutil.rmtree(path)
