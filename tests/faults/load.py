"""Load for fault tests: mail programs that do not give up, and the account of what became of their mail."""

from __future__ import annotations

import random
import re
import smtplib
import threading
import time
from collections import Counter
from contextlib import suppress

from tests.e2e.stage import COACH, FRIEND, HOME, PASSWORD, PATIENCE, WORK, Sink, Stage, mail

CANARY = "the biopsy frightens you"
CLIENTS = 4


class Load:
    """Mail programs that send one mail after the other and try each again until it gets its 250."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.stopping = stage, threading.Event()
        self.accepted: dict[str, str] = {}  # marker -> kind
        self.refused = 0  # attempts that got no 250 (counted without a lock: a figure for the report)
        self.threads = [threading.Thread(target=self._run, args=(random.Random(f"{seed}/{n}"), n)) for n in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Every mail program finishes the mail in hand, or gives it up unaccepted; also where the test has failed."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def wait_for(self, accepted: int, seconds: float = PATIENCE) -> None:
        """Return once so many mails have got their 250. (The mail programs tell nobody.)"""
        deadline = time.monotonic() + seconds
        while len(self.accepted) < accepted:
            assert time.monotonic() < deadline, f"{len(self.accepted)} of {accepted} mails were accepted"
            time.sleep(0.05)

    def figures(self, seen: Counter[str]) -> str:
        """For the report of a test."""
        doubled = sum(n - 1 for n in seen.values())
        return f"{len(self.accepted)} accepted, {self.refused} times put off, {len(set(self.accepted) - set(seen))} lost, {doubled} duplicates"

    def _run(self, chance: random.Random, number: int) -> None:
        count = 0
        while not self.stopping.is_set():
            marker, kind = f"m{number}x{count}x", chance.choice(("notes", "slot", "raw"))
            raw, to = self._mail(kind, marker, number, count)
            while not self._taken(raw, to):
                self.refused += 1
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


def settled(stage: Stage, sink: Sink, load: Load) -> tuple[Counter[str], int]:
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
