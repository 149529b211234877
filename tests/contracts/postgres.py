"""A PostgreSQL server of the tests' own, from the installed binaries: a Unix socket in a temporary folder, no network, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest


@contextmanager
def server() -> Iterator[str]:
    """Yields the URL of a fresh cluster; skips, and says why, where there is none to be had."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not programs:
        pytest.skip("no PostgreSQL: Debian package postgresql")
    if find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL driver: PyPI package psycopg[binary]")
    place = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        owner = _owner(place)
        _run(programs[-1].with_name("initdb"), owner, "-D", place / "data", "-A", "trust", "-U", "coachgate", "-E", "UTF8", "--no-sync")
        # fsync stays off: these tests ask what the statements mean there, not what the disk does
        options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off -c max_connections=60"
        _run(programs[-1], owner, "-D", place / "data", "-o", options, "-l", place / "log", "-w", "start")
        try:
            yield f"postgresql+psycopg://coachgate@/postgres?host={place}"
        finally:
            _run(programs[-1], owner, "-D", place / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place)


def _owner(place: Path) -> str | None:
    """PostgreSQL refuses to run as root: then the user "postgres" of the Debian package runs it."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root and there is no user postgres")
    os.chown(place, user.pw_uid, user.pw_gid)
    return user.pw_name


def _run(program: Path, owner: str | None, *words: object) -> None:
    command = [str(program), *map(str, words)]
    if owner is not None:
        command = ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
