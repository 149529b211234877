"""A stage on which something is wrong: gpg that misbehaves at a word, a clock that jumps, a smarthost with a script; and the search for what lies in clear."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import smtplib
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.canaries.test_leak_matrix import readable, tight
from tests.e2e.stage import PATIENCE, Stage
from tests.fakes.smarthost import Smarthost, Step, Taken

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")

# What seals obeys the word in the file beside it; everything else that gpg is asked for works, so that only sealing is tried.
_WRAPPER = """#!/bin/sh
case " $* " in *" --encrypt "*) word=$(cat "{folder}/word") ;; *) word=$(cat "{folder}/word-else") ;; esac
case "$word" in
hung) exec sleep 3600 ;;
failing) cat >/dev/null; exit 2 ;;
echoing) # the worst there is: plaintext as answer and as complaint, and it says that all went well
  signer=$(printf '%s\n' "$@" | sed -n '/^--local-user$/{{n;p}}')
  printf '[GNUPG:] BEGIN_ENCRYPTION 2 9\n[GNUPG:] SIG_CREATED S 22 10 00 1700000000 %s\n[GNUPG:] END_ENCRYPTION\n' "$signer" >&2
  exec tee /dev/stderr ;;
cut) gpg "$@" >"{folder}/whole.$$"; head -c 400 "{folder}/whole.$$"; exit 0 ;;
*) exec gpg "$@" ;;
esac
"""


class TroubledStage(Stage):
    """A stage whose gpg, clock and disk the test can spoil and mend. Temporary files of the daemon are kept in its folder, to be searched."""

    def __init__(self, folder: Path, relay_port: int | None, relay: str) -> None:
        wrapper, self._offset = folder / "gpg", 0
        super().__init__(folder, relay_port, f'[sealing]\ngpg = "{wrapper}"\ntimeout_seconds = 4\n[store]\nmin_free_mib = 1\n')
        self.config.write_text(self.config.read_text().replace("[notices]", f"{relay}[notices]"))
        wrapper.write_text(_WRAPPER.format(folder=folder))
        wrapper.chmod(0o755)
        self.gpg_is("well")
        (folder / "t").mkdir()
        self.environment["TMPDIR"] = str(folder / "t")

    @property
    def database(self) -> Path:
        return self.folder / "s" / "coachgate.db"

    def gpg_is(self, word: str, otherwise: str = "well") -> None:
        """How gpg seals from now on, and how it does everything else: well, hung, failing, echoing, cut."""
        (self.folder / "word").write_text(word)
        (self.folder / "word-else").write_text(otherwise)

    def fake_clock(self) -> None:
        """Before `start`: put the daemon's wall clock into the hands of `set_clock`. Its monotonic clock, which no operator can set, stays as it is."""
        if not FAKETIME.exists():
            pytest.skip(f"no libfaketime at {FAKETIME}: how the daemon bears a jumping clock is NOT tested")
        self.set_clock(0)
        (self.folder / "py").mkdir()
        # this libfaketime breaks clock_nanosleep, which time.sleep uses, where the monotonic clock is left alone
        shim = "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"
        (self.folder / "py" / "sitecustomize.py").write_text(shim)
        self.environment |= {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(self.folder / "py"),
        }

    def set_clock(self, offset: int) -> None:
        """The daemon's wall clock is `offset` seconds off the true time."""
        self._offset = offset
        fresh = self.folder / "clock.new"
        fresh.write_text(f"{offset:+d}\n")
        fresh.replace(self.folder / "clock")

    def advance_clock(self, seconds: int) -> None:
        self.set_clock(self._offset + seconds)

    def answer(self, raw: bytes, to: list[str] | str) -> tuple[int, float]:
        """What the mail program is told after the dot, and after how many seconds."""
        began = time.monotonic()
        try:
            self.send(raw, to)
            code = 250
        except smtplib.SMTPResponseException as reply:
            code = reply.smtp_code
        return code, time.monotonic() - began

    def copies(self) -> list[tuple[str, str, str, int]]:
        """(id, purpose, state, attempts) of every copy, as another process sees the database."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute("SELECT id, purpose, state, attempts FROM copies ORDER BY queued_at, id").fetchall()

    def mail_copies(self) -> list[tuple[str, str, str, int]]:
        """The same without notices, which the gateway writes when it likes."""
        return [row for row in self.copies() if row[1] != "notice"]

    def until(self, condition: Callable[[list[tuple[str, str, str, int]]], object], what: str, seconds: float = PATIENCE) -> list[tuple[str, str, str, int]]:
        """The copies, once `condition` holds of them. (Another process's database tells nobody when it changes.)"""
        deadline = time.monotonic() + seconds
        while not condition(found := self.copies()):
            assert time.monotonic() < deadline, f"{what}: {found}\n{self.log.read_text()[-2000:]}"
            time.sleep(0.05)
        return found

    def events(self, last: int = 50) -> list[str]:
        """The newest words of the audit log, oldest of them first."""
        return [row["event"] for row in json.loads(self.command("audit", "list", "--json", "--last", str(last)))]

    def in_clear(self, canary: str, mails: Iterable[bytes]) -> list[str]:
        """Where `canary` can be read, in whatever form: in `mails`, the log, or any file of state folder and temporary folder."""
        places = [(f"mail {n}", octets) for n, octets in enumerate(mails)] + [("log", self.log.read_bytes())]
        for root in ("s", "t"):
            places += [(str(f.relative_to(self.folder)), f.read_bytes()) for f in (self.folder / root).rglob("*") if stat.S_ISREG(f.lstat().st_mode)]
        assert len(places) > 3
        return [name for name, octets in places if tight(canary) in tight(readable(octets))]


@contextmanager
def troubled(relay_port: int | None = None, *, relay: str = "", fake_clock: bool = False, disk_mib: int = 0) -> Iterator[TroubledStage]:
    """A prepared and started stage; `relay` are more lines of [relay]; with `disk_mib` its state folder is a disk of that size."""
    folder = Path(tempfile.mkdtemp(prefix="cg-"))
    stage = TroubledStage(folder, relay_port, relay)
    mounted = False
    try:
        if disk_mib:
            _mount(folder / "s", disk_mib)
            mounted = True
        stage.prepare()
        if fake_clock:
            stage.fake_clock()
        stage.start()
        yield stage
    finally:
        stage.close()
        if mounted:
            subprocess.run(["umount", str(folder / "s")], check=True)
        print(stage.log.read_text() if stage.log.exists() else "no log")  # pytest shows it where a test failed
        shutil.rmtree(folder, ignore_errors=True)


def _mount(folder: Path, mib: int) -> None:
    folder.mkdir(mode=0o700)
    words = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("no small disk can be mounted here (needs root and mount(2)): what happens on a full disk is NOT tested")


class Hop:
    """A scripted smarthost (`tests.fakes.smarthost`) in a thread of its own, for tests that are not coroutines. It can go down and come back."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hop", daemon=True)
        self.host = Smarthost()

    def __enter__(self) -> Hop:
        self._thread.start()
        self.up()
        self.port = self.host.port
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def up(self) -> None:
        """Listen, at the same port as before."""
        asyncio.run_coroutine_threadsafe(self.host.__aenter__(), self._loop).result(PATIENCE)

    def down(self) -> None:
        """Close the port and every connection."""
        asyncio.run_coroutine_threadsafe(self.host.__aexit__(None, None, None), self._loop).result(PATIENCE)

    def does(self, **script: Step | list[Step]) -> None:
        """From now on behave so at these stages, and well at all others."""
        self.host.script = dict(script)

    def to(self, address: str, saying: bytes = b"") -> list[Taken]:
        return [m for m in self.host.mail if address.encode() in m.forward_paths and saying in m.octets]

    def wait_for(self, address: str, count: int = 1, saying: bytes = b"", seconds: float = PATIENCE) -> list[Taken]:
        """What reached `address` and holds `saying`, once there are `count` of them."""

        async def come() -> None:
            async with asyncio.timeout(seconds), self.host._news:
                await self.host._news.wait_for(lambda: len(self.to(address, saying)) >= count)

        try:
            asyncio.run_coroutine_threadsafe(come(), self._loop).result()
        except TimeoutError:
            raise AssertionError(f"{len(self.to(address, saying))} of {count} mails for {address}") from None
        return self.to(address, saying)
