"""kill -9 of the daemon at random moments under load, with a real Postfix behind it: what got a 250 arrives, nothing leaks, repeats are few.

`COACHGATE_KILLS` sets the rounds (default 4; the slow suite runs 100).
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import smtplib
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.contracts.postfix import Postfix, why_not
from tests.e2e.stage import COACH, FRIEND, HOME, PASSWORD, WORK, Sink, Stage, free_port, mail

CANARY = "the biopsy frightens you"
CLIENTS = 4


class Load:
    """Mail programs that send one mail after the other and try each again until it gets its 250."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.stopping = stage, threading.Event()
        self.accepted: dict[str, str] = {}  # marker -> kind
        self.threads = [threading.Thread(target=self._run, args=(random.Random(f"{seed}/{n}"), n)) for n in range(CLIENTS)]

    def _run(self, chance: random.Random, number: int) -> None:
        count = 0
        while not self.stopping.is_set():
            marker, kind = f"m{number}x{count}x", chance.choice(("notes", "slot", "raw"))
            raw, to = self._mail(kind, marker, number, count)
            while not self._taken(raw, to):
                if self.stopping.wait(0.05):
                    return
            self.accepted[marker] = kind
            count += 1

    def _mail(self, kind: str, marker: str, number: int, count: int) -> tuple[bytes, str]:
        if kind == "notes":
            return mail(f"Dana, {CANARY}. {marker}\n"), WORK
        if kind == "raw":
            return mail(f"Cards, please. {marker}\n", to=FRIEND), FRIEND
        return mail(f"Hi Dana,\n\nThursday {slot(number, count)} works.\n\nRobin\n"), WORK

    def _taken(self, raw: bytes, to: str) -> bool:
        with suppress(OSError, smtplib.SMTPException):
            with smtplib.SMTP("127.0.0.1", self.stage.port, timeout=20) as smtp:
                smtp.login("robin", PASSWORD)
                smtp.sendmail(COACH, [to], raw)
                return True
        return False


def slot(number: int, count: int) -> str:
    """A range that no other mail of the run has: 4 clients times 3,600 mails."""
    return f"{9 + number}:{count % 60:02d} to {15 + count // 3540}:{count // 60 % 59:02d}"


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("rounds", [int(os.environ.get("COACHGATE_KILLS", "4")), pytest.param(100, marks=pytest.mark.slow)])
def test_accepted_mail_survives_kill(rounds: int, record_property, capsys):
    """Accepted mails lost: 0; leaked: 0; duplicates counted and bounded by what was in flight at the kills."""
    if reason := why_not():
        pytest.skip(reason)
    sink, folder = Sink(), Path(tempfile.mkdtemp(prefix="cg-"))
    behind = Controller(sink, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    behind.start()
    postfix = Postfix(behind.port)
    postfix.start()
    stage = Stage(folder, postfix.port)
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    try:
        stage.prepare()
        stage.start()
        load = Load(stage, seed)
        for thread in load.threads:
            thread.start()
        for _ in range(rounds):
            time.sleep(chance.uniform(0.1, 1.0))  # the moment of the kill is the point: it must be any
            stage.end(signal.SIGKILL)
            stage.start()
        load.stopping.set()
        for thread in load.threads:
            thread.join(60)
        stage.drained()
        seen, leaked = _settled(stage, sink, load)
        verified = stage.command("audit", "verify")
    finally:
        stage.close()
        postfix.stop()
        behind.stop()
        shutil.rmtree(folder, ignore_errors=True)
    lost = set(load.accepted) - set(seen)
    doubled = sum(n - 1 for n in seen.values())
    with capsys.disabled():
        print(f"\nkill -9: seed {seed}, {rounds} rounds, {len(load.accepted)} accepted, {len(lost)} lost, {leaked} leaked, {doubled} duplicates")
    assert not lost
    assert not leaked
    assert "consistent" in verified
    # the relay has at most `connections` copies in flight, and each may be sent once more after a kill
    assert doubled <= rounds * 4 * 2


def _settled(stage: Stage, sink: Sink, load: Load) -> tuple[Counter[str], int]:
    """How often each mail arrived (waiting for Postfix's own queue), and how many clear texts hold the canary."""
    slots = {slot(*map(int, m[1:].rstrip("x").split("x"))): m for m, kind in load.accepted.items() if kind == "slot"}
    deadline = time.monotonic() + 60
    while True:
        with sink.came:
            mails = list(sink.mail)
        seen: Counter[str] = Counter()
        for paths, octets in mails:
            if HOME in paths:
                text = stage.decrypt(octets).decode("utf-8", "replace")
            else:
                text = octets.decode("utf-8", "replace")
            seen.update(m for m in _markers(text) if m in load.accepted)
            if WORK in paths:
                seen.update(slots[s] for s in slots if f"Thursday {s}" in text)
        if set(load.accepted) <= set(seen) or time.monotonic() > deadline:
            return seen, sum(CANARY.encode() in octets for _, octets in mails)
        with sink.came:
            sink.came.wait(1)


def _markers(text: str) -> set[str]:
    return set(re.findall(r"\bm\d+x\d+x\b", text))
