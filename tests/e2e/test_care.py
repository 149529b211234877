"""What the daemon does of its own accord: doubts a database that is too old, mails checkpoints, tells of damage, follows the configuration."""

from __future__ import annotations

import contextlib
import email.policy
import json
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage

import pytest

from tests.e2e.stage import ASSISTANT, COACH, FRIEND, PATIENCE, Stage, mail, running

pytestmark = pytest.mark.timeout(300)  # many starts of the program, on a machine that may have other work
CARDS = mail("Cards, please.\n", to=FRIEND)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with running() as built:
        yield built


def notices(stage: Stage, subject: str) -> list[bytes]:
    return [octets for octets in stage.sink.to(COACH) if message_from_bytes(octets, policy=email.policy.default)["Subject"] == f"coachgate: {subject}"]


def notice(stage: Stage, subject: str) -> bytes:
    """The first notice with this subject, once it has come."""
    with stage.sink.came:
        assert stage.sink.came.wait_for(lambda: notices(stage, subject), PATIENCE), stage.log.read_text()
    return notices(stage, subject)[0]


def events(stage: Stage) -> list[str]:
    return [row["event"] for row in json.loads(stage.command("audit", "list", "--json", "--last", "500"))]


def change(stage: Stage, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(stage.folder / "s" / "coachgate.db", timeout=30)) as database, database:
        database.execute(statement)


# ------------------------------------------------------------------------------------------------ checkpoints
def test_the_notice_with_the_checkpoint_is_what_verify_reads(stage: Stage):
    """Saved as a file or pasted; it proves the rows it covers, names one that was changed since, and comes once a day."""
    octets = notice(stage, "The record of today, signed")
    saved = stage.folder / "saved.eml"
    saved.write_bytes(octets)
    stage.send(CARDS, FRIEND)
    stage.drained()
    check = ("audit", "verify", "--checkpoint", str(saved), "--public-key", str(saved), "--json")
    found = json.loads(stage.command(*check))
    assert found["ok"]
    assert 0 < found["proven"] < found["rows"]
    message = message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    quoted = "".join(f"> {line}\n" for line in message.get_content().splitlines())
    assert json.loads(stage.command("audit", "verify", "--checkpoint", "-", "--json", data=quoted)) == found
    assert "damaged" in stage.command("audit", "verify", "--checkpoint", "-", data=quoted.replace("\u2014", "-"), check=False)
    assert events(stage).count("checkpoint-sent") == 1
    assert stage.end() == 0
    change(stage, "UPDATE audit SET event = 'discarded' WHERE seq = 2")
    (stage.folder / "s" / "audit.key").rename(stage.folder / "elsewhere")
    bad = json.loads(stage.command(*check, check=False))
    assert (bad["ok"], bad["first_bad"]) == (False, 2)


# ------------------------------------------------------------------------------------------------ a database that is too old
def test_a_database_put_back_sends_nothing_twice_by_itself(stage: Stage):
    """A copy that went out after the backup was taken is unclear in the backup put back; the coach is told once, and sends it again if she wants to."""
    taken, killed = threading.Event(), threading.Event()

    def reply(octets: bytes) -> str:
        if octets != CARDS:
            return "250 2.0.0 kept"
        taken.set()
        assert killed.wait(PATIENCE)
        return "451 4.3.0 later"

    stage.sink.reply = reply
    stage.send(CARDS, FRIEND)
    assert taken.wait(PATIENCE)
    stage.end(signal.SIGKILL)
    state, backup = stage.folder / "s", stage.folder / "backup"
    shutil.copytree(state, backup, ignore=lambda _, names: [n for n in names if not n.startswith("coachgate.db")])
    killed.set()
    stage.sink.reply = lambda octets: "250 2.0.0 kept"
    stage.start()
    assert stage.sink.wait_for(FRIEND) == [CARDS]
    stage.drained()
    assert stage.end() == 0
    for name in ("coachgate.db", "coachgate.db-wal", "coachgate.db-shm"):
        (state / name).unlink(missing_ok=True)
    shutil.copytree(backup, state, dirs_exist_ok=True)
    stage.start()
    said = notice(stage, "The gateway's memory is older than it should be")
    assert b"none is sent unless you say so: 1" in said
    assert "older than its last checkpoint" in stage.log.read_text()
    stage.drained()
    assert stage.sink.to(FRIEND) == [CARDS]
    (copy,) = json.loads(stage.command("queue", "list", "--json"))
    assert (copy["recipient"], copy["state"], copy["reply"]) == (FRIEND, "unclear", "rolled-back")
    assert stage.end() == 0
    stage.start()
    stage.command("queue", "again", copy["id"])
    assert stage.sink.wait_for(FRIEND, 2) == [CARDS, CARDS]
    stage.drained()
    assert events(stage).count("rolled-back") == 1, "the second start knows of it"
    assert len(notices(stage, "The gateway's memory is older than it should be")) == 1
    assert "consistent" in stage.command("audit", "verify")


# ------------------------------------------------------------------------------------------------ damage
def test_a_copy_that_does_not_open_is_told_to_the_coach(stage: Stage):
    """One notice, and `status` counts it."""
    stage.sink.reply = lambda octets: "451 4.3.0 later" if octets == CARDS else "250 2.0.0 kept"
    stage.send(CARDS, FRIEND)
    stage.end()
    change(stage, "UPDATE copies SET envelope = x'00', next_attempt_at = 0 WHERE purpose = 'raw'")
    stage.start()
    notice(stage, "Stored mail does not open any more")
    stage.drained()
    assert stage.status()["damaged"] == 1
    assert "damaged" in stage.command("status")
    assert stage.end() == 0
    stage.start()
    stage.send(CARDS.replace(b"Cards", b"More cards"), FRIEND)
    stage.sink.wait_for(FRIEND)
    assert len(notices(stage, "Stored mail does not open any more")) == 1


# ------------------------------------------------------------------------------------------------ contacts of the configuration
def test_an_assistant_taken_from_the_configuration_is_one_no_more(stage: Stage):
    """At the next start she is unknown, the log says so, and the friend whom the coach named otherwise is still known."""

    def roles() -> dict[str, str]:
        return {row["who"]: row["role"] for row in json.loads(stage.command("contact", "list", "--json"))}

    assert roles() == {ASSISTANT: "support", FRIEND: "not-a-client"}
    assert "coach.support" in stage.command("contact", "remove", ASSISTANT, check=False)
    assert stage.end() == 0
    stage.config.write_text(stage.config.read_text().replace(f'support = ["{ASSISTANT}"]\n', ""))
    stage.start()
    assert roles() == {FRIEND: "not-a-client"}
    assert events(stage).count("contact-removed") == 1
    stage.send(mail("You said you freeze whenever Viktor raises his voice.\n", to=ASSISTANT), ASSISTANT)
    assert [(item["recipient"], item["reason"]) for item in stage.held()] == [(ASSISTANT, "unknown-recipient")]
