"""The daemon under load while processes it relies on are killed, and while it is told to end: what got its 250 arrives, once, and nothing lies in clear."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.stage import FRIEND
from tests.faults.load import CANARY, Load, settled
from tests.faults.trouble import TroubledStage, troubled

ROUNDS = 8


def reading_processes(stage: TroubledStage) -> list[int]:
    """Ids of the daemon's own children that read mail."""
    assert stage.process is not None
    children = Path(f"/proc/{stage.process.pid}/task").glob("*/children")
    return [int(pid) for file in children for pid in file.read_text().split() if b"gateway.edges.reader" in _command(pid)]


def agents(stage: TroubledStage) -> list[int]:
    """Id of the gpg-agent of the daemon's own home."""
    home = str(stage.folder / "s" / "g").encode()
    found = [p.name for p in Path("/proc").iterdir() if p.name.isdigit() and home in (words := _command(p.name).split(b"\0")) and b"gpg-agent" in words[0]]
    return [int(pid) for pid in found if _state(pid) not in ("Z", "")]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("what", "victims"), [("reading process", reading_processes), ("gpg-agent", agents)])
def test_killed_processes_cost_no_mail(what: str, victims: Callable[[TroubledStage], list[int]]):
    """kill -9 of one of them at random moments; the mail program may be put off, and everything accepted arrives, the appointment at the company too."""
    chance = random.Random(what)
    with troubled() as stage:
        killed: set[int] = set()
        with Load(stage, 5) as load:
            load.wait_for(8)
            deadline = time.monotonic() + 120
            while len(killed) < ROUNDS:
                assert time.monotonic() < deadline, f"only {len(killed)} found to kill: it does not come back"
                if found := [pid for pid in victims(stage) if pid not in killed]:
                    pid = chance.choice(found)
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
                time.sleep(chance.uniform(0.2, 0.8))  # the moment of the kill is the point: it must be any
            load.wait_for(len(load.accepted) + 8)
        stage.drained()
        seen, leaked = settled(stage, stage.sink, load)
        print(f"MEASURED {what} killed {len(killed)} times: {load.figures(seen)}, {leaked} leaked")
        assert not set(load.accepted) - set(seen)
        assert not leaked
        assert stage.in_clear(CANARY, [octets for paths, octets in stage.sink.mail if FRIEND not in paths]) == []
        assert stage.end() == 0
        assert agents(stage) == [], "the agent outlived the daemon"


@pytest.mark.timeout(600)
def test_the_end_under_load_is_in_good_order():
    """SIGTERM while mail comes in and goes out: exit 0, "stopped" and a checkpoint end the log, nothing is lost and nothing goes twice."""
    with troubled() as stage:
        ends = []
        with Load(stage, 7) as load:
            for _ in range(3):
                load.wait_for(len(load.accepted) + 6)
                began = time.monotonic()
                ends.append((stage.end(), round(time.monotonic() - began, 1)))
                assert stage.events(2) == ["stopped", "checkpoint"]
                stage.start()
            load.wait_for(len(load.accepted) + 6)
        stage.drained()
        seen, leaked = settled(stage, stage.sink, load)
        print(f"MEASURED SIGTERM under load, (exit code, seconds) {ends}: {load.figures(seen)}, {leaked} leaked")
        assert [code for code, _ in ends] == [0, 0, 0]
        assert not set(load.accepted) - set(seen)
        assert not leaked
        assert not [marker for marker, count in seen.items() if count > 1]
        assert "consistent" in stage.command("audit", "verify")
