"""What this machine remembers of the audit log outside of the database: the newest checkpoint, in a file beside it.

A database that lacks that checkpoint was put back to an older state. Where the whole folder was put back the file is as old as the database and proves
nothing; then only the checkpoints in the coach's mailbox do.
"""

from __future__ import annotations

import os
from pathlib import Path


class Witness:
    """One file, written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self) -> str:
        """The note as remembered; "" where nothing is yet. Raises `OSError` where it cannot be read."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def remember(self, note: str) -> None:
        """Replace what is remembered. Raises `OSError`; then the older note stays, which is still true."""
        fresh = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(self._path)
