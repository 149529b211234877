"""Files that hold a secret: written so that a crash leaves all of it or nothing, read only where nobody else can reach them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gateway.errors import ConfigurationError

_MOST_OCTETS = 8192  # no key of ours is longer; whatever is longer is another file


def create(path: Path, octets: bytes) -> None:
    """Write `octets` to the new file `path`, mode 0600, file and folder synced. An existing file is never overwritten: `FileExistsError`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike rename(2) it never replaces a key that is there
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path, what: str) -> bytes:
    """The octets of the secret `what` ("the master key"). Raises `ConfigurationError` naming every problem of the file."""
    try:
        with open(path, "rb") as file:
            problems = _problems(path, what, os.fstat(file.fileno()))
            octets = file.read(_MOST_OCTETS)
    except OSError as error:
        raise ConfigurationError((f"{what} {path} cannot be read: {error.strerror}",)) from None
    if problems:
        raise ConfigurationError(tuple(problems))
    return octets


def _problems(path: Path, what: str, status: os.stat_result) -> list[str]:
    """Why others could read or change the file.

    systemd grants a service user access to its credentials by an ACL, and the mask of an ACL shows up as group bits: there, and only there, group read
    is no fault.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    by_systemd = credentials is not None and path.resolve().parent == Path(credentials).resolve()
    mode = stat.S_IMODE(status.st_mode)
    problems = []
    if not stat.S_ISREG(status.st_mode):
        problems.append(f"{what} {path} is not a regular file")
    if mode & (0o037 if by_systemd else 0o077):
        problems.append(f"{what} {path} has mode {mode:04o}, others can reach it: run chmod 600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        problems.append(f"{what} {path} belongs to user {status.st_uid}, who can read and replace it: run chown on it")
    return problems
