"""The daemon while its database cannot write: a full disk, and another process that holds the lock. 452 or 451 and nothing kept; then the same mail passes."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.stage import COACH, FRIEND, HOME, PASSWORD, PATIENCE, WORK, mail
from tests.faults.load import CANARY, Load, settled
from tests.faults.trouble import TroubledStage, troubled

BUSY = 5.0  # seconds a transaction waits for another process (`Store.busy_timeout`)
LARGE = "An unhurried sentence about nothing at all, to fill the disk. " * 20_000  # more than any write-ahead log has room for in a small database


# ------------------------------------------------------------------------------------------------ a full disk
@pytest.fixture
def small_disk() -> Iterator[TroubledStage]:
    with troubled(disk_mib=24) as stage:
        yield stage


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """No octet is left on the disk of `folder`."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 10, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size):
                        pass
            assert os.statvfs(folder).f_bavail == 0
        yield
    finally:
        filler.unlink()


def test_a_full_disk_is_said_before_the_mail_is_sent(small_disk: TroubledStage):
    """452 to MAIL, with nothing kept; so it is where the declared size is more than the room; `status` and `doctor` tell the operator."""
    stage, raw = small_disk, mail("Cards, please.\n", to=FRIEND)
    with full(stage.folder / "s"):
        assert stage.answer(raw, FRIEND)[0] == 452
        assert stage.copies() == []
        assert (stage.status()["free_mib"], stage.status()["min_free_mib"]) == (0, 1)
        (disk,) = [line for line in json.loads(stage.command("doctor", "--json", check=False)) if line["what"] == "disk"]
        assert (disk["level"], "452" in disk["todo"]) == ("fail", True)
    free = os.statvfs(stage.folder / "s").f_bavail * os.statvfs(stage.folder / "s").f_frsize
    with smtplib.SMTP("127.0.0.1", stage.port, timeout=PATIENCE) as smtp:
        smtp.ehlo("laptop.example")
        smtp.login("robin", PASSWORD)
        assert smtp.mail(COACH, [f"SIZE={free}"])[0] == 452
        assert smtp.mail(COACH, [f"SIZE={free // 2}"])[0] == 250
    stage.send(raw, FRIEND)
    assert stage.sink.wait_for(FRIEND) == [raw]
    assert "submission-no-room" in stage.log.read_text()


def test_a_disk_that_fills_up_during_a_mail_leaves_it_with_the_mail_program(small_disk: TroubledStage):
    """451 after the dot, with nothing sent to anybody; once there is room the same mail arrives, and the audit chain is whole."""
    stage, raw = small_disk, mail(f"Dana, {CANARY}. {LARGE}\n")
    with smtplib.SMTP("127.0.0.1", stage.port, timeout=PATIENCE) as smtp:
        smtp.ehlo("laptop.example")
        smtp.login("robin", PASSWORD)
        assert smtp.mail(COACH, ["BODY=8BITMIME"])[0] == 250
        assert [smtp.rcpt(to)[0] for to in (WORK, FRIEND)] == [250, 250]
        with full(stage.folder / "s"):
            began = time.monotonic()
            code, _ = smtp.data(raw)
            print(f"MEASURED disk full after MAIL: {code} after {time.monotonic() - began:.1f} s")
            assert code == 451
            assert stage.copies() == []
    assert stage.sink.mail == []
    assert stage.in_clear(CANARY, []) == []
    stage.send(raw, [WORK, FRIEND])
    assert raw.strip() in stage.decrypt(stage.sink.wait_for(HOME)[0])
    assert stage.sink.wait_for(FRIEND) == [raw]
    stage.drained()
    assert "consistent" in stage.command("audit", "verify")
    assert stage.in_clear(CANARY, [octets for paths, octets in stage.sink.mail if FRIEND not in paths]) == []


@pytest.mark.timeout(400)
def test_a_disk_that_fills_up_under_load(small_disk: TroubledStage):
    """Full and roomy in turn while mail comes in and goes out: what got its 250 arrives, and after a restart nothing is missing."""
    stage = small_disk
    codes = []
    with Load(stage, 11) as load:
        for _ in range(3):
            with full(stage.folder / "s"):
                codes += [stage.answer(mail(f"Dana, {CANARY}. {LARGE}\n"), WORK)[0] for _ in range(2)]
            load.wait_for(len(load.accepted) + 4)
    stage.drained(300)
    seen, leaked = settled(stage, stage.sink, load)
    print(f"MEASURED disk filling up: {codes}, {load.figures(seen)}, {leaked} leaked")
    assert set(codes) == {452}
    assert load.accepted
    assert not set(load.accepted) - set(seen)
    assert not leaked
    assert stage.end() == 0
    stage.start()
    assert "consistent" in stage.command("audit", "verify")


# ------------------------------------------------------------------------------------------------ the lock
@pytest.fixture(scope="module")
def stage() -> Iterator[TroubledStage]:
    with troubled() as built:
        yield built


@contextmanager
def locked(stage: TroubledStage) -> Iterator[None]:
    """Another process (this one) has begun to write and does not finish."""
    with contextlib.closing(sqlite3.connect(stage.database, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def test_a_locked_store_leaves_the_mail_with_the_mail_program(stage: TroubledStage):
    """451 once the patience with the lock is over; nothing kept, nothing sent; unlocked, the same mail passes."""
    stage.drained()
    raw, before = mail(f"Dana, {CANARY}. Locked.\n"), len(stage.sink.mail)
    with locked(stage):
        code, seconds = stage.answer(raw, [WORK, FRIEND])
        assert len(stage.sink.mail) == before
    print(f"MEASURED store locked: {code} after {seconds:.1f} s")
    assert code == 451
    assert seconds < 2 * BUSY, "one wait for the lock, not one after the other"
    stage.send(raw, [WORK, FRIEND])
    assert raw.strip() in stage.decrypt(stage.sink.wait_for(HOME)[0])
    assert stage.sink.wait_for(FRIEND) == [raw]


def test_that_a_mail_was_put_off_is_written_once_the_store_is_back(stage: TroubledStage):
    """The mail program does not wait for it, and the audit log has it all the same."""
    stage.drained()
    before = stage.events(500).count("deferred-store")
    with locked(stage):
        assert stage.answer(mail(f"Dana, {CANARY}. Traced.\n"), WORK)[0] == 451
    deadline = time.monotonic() + PATIENCE
    while stage.events(500).count("deferred-store") == before:
        assert time.monotonic() < deadline
    assert stage.events(500).count("deferred-store") == before + 1


def test_a_lock_shorter_than_the_patience_is_not_noticed(stage: TroubledStage):
    """Another process writes for two seconds: the mail program waits as long and gets its 250."""
    raw = mail(f"Dana, {CANARY}. Briefly.\n")
    with locked(stage):
        answers: list[tuple[int, float]] = []
        sender = threading.Thread(target=lambda: answers.append(stage.answer(raw, WORK)))
        sender.start()
        sender.join(2)
        assert not answers
    sender.join()
    print(f"MEASURED store locked for two seconds: {answers[0][0]} after {answers[0][1]:.1f} s")
    assert answers[0][0] == 250


def test_what_the_smarthost_said_is_not_lost_to_a_lock(stage: TroubledStage):
    """The store is locked between the smarthost's 250 and the record of it, for longer than one transaction waits: recorded later, and sent once."""
    stage.drained()
    raw, lock, taken = mail("Cards, please. Once.\n", to=FRIEND), threading.Event(), threading.Event()
    before = len(stage.sink.to(FRIEND))

    def reply(octets: bytes) -> str:
        if octets == raw:
            taken.set()
            assert lock.wait(30)
        return "250 2.0.0 kept"

    stage.sink.reply = reply
    try:
        stage.send(raw, FRIEND)
        assert taken.wait(30)
        with locked(stage):
            lock.set()
            stage.sink.wait_for(FRIEND, before + 1)
            assert not threading.Event().wait(BUSY + 3)  # this long is the point: one transaction has failed
            assert [row for row in stage.copies() if row[2] == "leased"]
        stage.drained()
    finally:
        stage.sink.reply = lambda octets: "250 2.0.0 kept"
    assert stage.sink.to(FRIEND)[before:] == [raw]
    assert "settle failed" in stage.log.read_text()
