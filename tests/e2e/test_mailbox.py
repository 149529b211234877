"""The coach's mailbox on a real Dovecot, through the running daemon: her outbox folder, and mail that went round the gateway."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contracts.dovecot import PASSWORD, USER, Dovecot, why_not
from tests.e2e.stage import COACH, FRIEND, HOME, PATIENCE, WORK, Stage, mail

OUT, SENT, HELD = "Gateway/Outbox", "Gateway/Sent", "Gateway/Held"
LATER = "Can we move our appointment to Tuesday, 9 June 2026, 15:00?\n"
NOTES = LATER + "\nYour fear of the board is what the quokka story is about.\n"


@contextmanager
def scene(password: str = PASSWORD) -> Iterator[tuple[Stage, Dovecot]]:
    """Mailbox, smarthost and a prepared daemon that is not started yet."""
    if reason := why_not():
        pytest.skip(reason)
    server, folder = Dovecot(), Path(tempfile.mkdtemp(prefix="cg-"))
    (folder / "mailbox.password").write_text(password + "\n")
    (folder / "mailbox.password").chmod(0o600)
    section = f'host = "127.0.0.1"\nport = {server.port}\ntls = "none"\nusername = "{USER}"\npassword_file = "mailbox.password"\nlook_seconds = 5\n'
    stage = Stage(folder, extra=f"[mailbox]\n{section}")
    try:
        server.start()
        stage.prepare()
        yield stage, server
    finally:
        stage.close()
        server.close()
        print(stage.log.read_text() if stage.log.exists() else "no log")  # pytest shows it where a test failed
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def life() -> Iterator[tuple[Stage, Dovecot]]:
    """One daemon that watches."""
    with scene() as (stage, server):
        stage.start()
        watched(stage)
        yield stage, server


def until(what: Callable[[], bool], said: str) -> None:
    """Return once `what` is so. (Another program: nothing tells us.)"""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, said
        time.sleep(0.1)


def watched(stage: Stage) -> None:
    until(lambda: stage.status().get("mailbox") == "watched", "the mailbox is not watched")


def ends(server: Dovecot, folder: str, message_id: str) -> bytes:
    """The message, once it is in `folder`."""
    found: list[bytes] = []

    def is_there() -> bool:
        found[:] = [octets for octets in server.folder_of(folder) if message_id.encode() in octets]
        return bool(found)

    until(is_there, f"{message_id} did not reach {folder}")
    return found[0]


def id_of(raw: bytes) -> str:
    return next(line for line in raw.decode().splitlines() if line.startswith("Message-ID:")).split()[1]


def events(stage: Stage, word: str) -> int:
    return sum(word in line.split() for line in stage.command("audit", "list").splitlines())


# ------------------------------------------------------------------------------------------------ the outbox
def test_the_outbox_takes_the_way_of_a_submission(life: tuple[Stage, Dovecot]) -> None:
    """The company gets the appointment alone, the client the whole sealed; the message ends in the sent folder."""
    stage, server = life
    before = len(stage.sink.to(WORK)), len(stage.sink.to(HOME))
    raw = mail(NOTES)
    server.put(OUT, raw)
    assert ends(server, SENT, id_of(raw)) == raw
    company = stage.sink.wait_for(WORK, before[0] + 1)[-1]
    private = stage.sink.wait_for(HOME, before[1] + 1)[-1]
    assert b"15:00" in company
    assert b"quokka" not in company
    assert b"quokka" in stage.decrypt(private)
    assert server.folder_of(OUT) == []


def test_who_was_blind_stays_blind(life: tuple[Stage, Dovecot]) -> None:
    """Bcc is an address of the envelope and stands in no copy, not even in the one for somebody who is no client."""
    stage, server = life
    before = len(stage.sink.to(WORK)), len(stage.sink.to(FRIEND))
    raw = mail(LATER, to=FRIEND, Bcc=WORK)
    server.put(OUT, raw)
    ends(server, SENT, id_of(raw))
    company = stage.sink.wait_for(WORK, before[0] + 1)[-1]
    friend = stage.sink.wait_for(FRIEND, before[1] + 1)[-1]
    assert WORK.encode() not in friend
    assert b"bcc:" not in friend.lower()
    assert FRIEND.encode() not in company


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (mail(LATER).replace(COACH.encode(), b"thief@elsewhere.example", 1), b"From"),
        (mail(LATER, to="undisclosed-recipients:;"), b"recipient"),
        (mail(LATER).replace(b"To: ", b"To: @a.example:", 1), b"two mailboxes"),
        (mail(LATER, Resent_To=HOME), b"redirected"),
    ],
    ids=["author", "nobody", "address", "redirected"],
)
def test_what_cannot_be_sent_is_explained(life: tuple[Stage, Dovecot], raw: bytes, said: bytes) -> None:
    """It lies in the held folder with a message beside it that says why and quotes nothing; nobody got anything."""
    stage, server = life
    before, sent = server.folder_of(HELD), to_others(stage)
    server.put(OUT, raw)
    ends(server, HELD, id_of(raw))
    beside = [octets for octets in server.folder_of(HELD) if octets not in before and id_of(raw).encode() not in octets]
    assert len(beside) == 1
    assert said in beside[0]
    assert b"15:00" not in beside[0]
    stage.drained()
    assert to_others(stage) == sent
    assert server.folder_of(OUT) == []


def to_others(stage: Stage) -> int:
    """Mails to anybody but the coach, who gets notices at their own time."""
    return sum(paths != (COACH,) for paths, _ in stage.sink.mail)


def test_a_second_message_of_the_same_octets_is_taken_once(life: tuple[Stage, Dovecot]) -> None:
    """A program that files twice sends once; both end in the sent folder."""
    stage, server = life
    before = len(stage.sink.to(FRIEND))
    raw = mail("Two rolls of paper, please.\n", to=FRIEND)
    server.put(OUT, raw, raw)
    until(lambda: sum(id_of(raw).encode() in octets for octets in server.folder_of(SENT)) == 2, "both should have moved")
    stage.drained()
    assert len(stage.sink.to(FRIEND)) == before + 1


# ------------------------------------------------------------------------------------------------ sent mail
def test_what_went_round_the_gateway_is_told(life: tuple[Stage, Dovecot]) -> None:
    """Within a minute, with what to do, without a word of it; and the audit log has it."""
    stage, server = life
    before, known = len(stage.sink.to(COACH)), events(stage, "bypass")
    server.put("Sent", mail(NOTES, subject="The quokka story"))
    began = time.monotonic()
    until(lambda: any(b"went round the gateway" in octets for octets in stage.sink.to(COACH)[before:]), "no notice came")
    assert time.monotonic() - began < 60
    notice = next(octets for octets in stage.sink.to(COACH)[before:] if b"went round the gateway" in octets)
    assert WORK.encode() in notice
    assert b"notes" in notice
    assert OUT.encode() in notice
    assert b"quokka" not in notice
    assert events(stage, "bypass") == known + 1
    assert "quokka" not in stage.log.read_text()


def test_what_is_known_or_harmless_is_not_told(life: tuple[Stage, Dovecot]) -> None:
    """The mail program's own copy of what it handed in, the gateway's copy filed by the provider, mere scheduling, mail to no company."""
    stage, server = life
    before, known = len(stage.sink.to(COACH)), events(stage, "bypass")
    raw = mail(NOTES)
    company = len(stage.sink.to(WORK))
    stage.send(raw, WORK)
    copy = stage.sink.wait_for(WORK, company + 1)[-1]
    server.put("Sent", raw, copy, mail(LATER), mail(NOTES, to=FRIEND), mail(NOTES, to=HOME))
    server.put("Sent", mail(NOTES, to=f"{FRIEND}, Ruth <ruth@acme.example>"))
    until(lambda: events(stage, "bypass") > known, "the last one was not told")
    stage.drained()
    assert events(stage, "bypass") == known + 1
    assert sum(b"went round the gateway" in octets for octets in stage.sink.to(COACH)[before:]) == 1


def test_a_folder_numbered_anew_tells_nothing_twice_and_misses_nothing(life: tuple[Stage, Dovecot]) -> None:
    """Another UIDVALIDITY: what was told or passed is known by its Message-ID, what is new is found."""
    stage, server = life
    known = events(stage, "bypass")
    old, new = mail(NOTES), mail(NOTES)
    server.put("Sent", old)
    until(lambda: events(stage, "bypass") == known + 1, "the first was not told")
    there = server.folder_of("Sent")
    with server.coach() as coach:
        coach.rename_folder("Sent", "Old")
        coach.create_folder("Sent")
        for octets in (*there, new):
            coach.append("Sent", octets)
    until(lambda: events(stage, "bypass") == known + 2, "the new one was not told")
    stage.logged("numbered the folder anew")
    watched(stage)


def test_a_folder_that_was_removed_is_made_again(life: tuple[Stage, Dovecot]) -> None:
    """The outbox works on."""
    stage, server = life
    with server.coach() as coach:
        coach.delete_folder(OUT)
    until(lambda: has_folder(server, OUT), "the outbox was not made again")
    raw = mail("Paper, please.\n", to=FRIEND)
    server.put(OUT, raw)
    ends(server, SENT, id_of(raw))


def has_folder(server: Dovecot, name: str) -> bool:
    with server.coach() as coach:
        return bool(coach.folder_exists(name))


# ------------------------------------------------------------------------------------------------ trouble
def test_a_server_that_is_away_and_a_wrong_password(tmp_path: Path) -> None:
    """The daemon starts and delivers without its mailbox, says what is wrong, and goes on by itself once it is mended. SIGTERM ends it at once."""
    with scene(password="wrong") as (stage, server):
        stage.start()
        until(lambda: stage.status().get("mailbox") == "login", "the state does not say that the login was refused")
        assert "fail" in stage.command("doctor", check=False)
        until(lambda: any(b"cannot read your mailbox" in octets for octets in stage.sink.to(COACH)), "the coach was not told")
        (stage.folder / "mailbox.password").write_text(PASSWORD)
        watched(stage)
        assert "logged in, outbox Gateway/Outbox" in stage.command("doctor", check=False)
        server.stop()
        until(lambda: stage.status()["mailbox"] in ("connect", "closed"), "the state does not say that the server is away")
        stage.send(mail(LATER), WORK)
        stage.sink.wait_for(WORK)
        server.start()
        watched(stage)
        raw = mail("Paper, please.\n", to=FRIEND)
        server.put(OUT, raw)
        ends(server, SENT, id_of(raw))
        began = time.monotonic()
        assert stage.end() == 0
        assert time.monotonic() - began < 15
        assert stage.status()["mailbox"] == "stopped"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [int(os.environ.get("COACHGATE_MAILBOX_KILLS", "10")), pytest.param(50, marks=pytest.mark.slow)])
def test_no_kill_loses_or_doubles_a_message(rounds: int, capsys: pytest.CaptureFixture[str]) -> None:
    """kill -9 at random moments while the outbox is dealt with: each message is sent once, and ends in the sent folder once."""
    chance = random.Random(seed := random.SystemRandom().randrange(2**32))
    with scene() as (stage, server):
        stage.start()
        watched(stage)
        put, amid = [], 0
        for number in range(rounds):
            raw = [mail(f"Order {number}: {n} rolls of paper, please.\n", to=FRIEND) for n in range(3)]
            put += raw
            server.put(OUT, *raw)
            time.sleep(chance.uniform(0.4, 1.2))  # the moment of the kill is the point: it must be any (Dovecot tells of news after half a second)
            stage.end(signal.SIGKILL)
            amid += 0 < len(server.folder_of(OUT)) < len(raw)
            stage.start()
        until(lambda: server.folder_of(OUT) == [], "the outbox was not emptied")
        stage.drained(600)  # a copy that was in flight at a kill waits (`schedule.after_crash`)
        moved = server.folder_of(SENT)
        accepted = stage.status()["accepted"]
        got = stage.sink.to(FRIEND)
    ids = [id_of(raw).encode() for raw in put]
    lost = [i for i in ids if not any(i in octets for octets in got)]
    in_folder = [sum(i in octets for octets in moved) for i in ids]
    doubled = sum(sum(i in octets for octets in got) - 1 for i in ids) - len(lost)
    with capsys.disabled():
        print(f"\noutbox kill -9: seed {seed}, {rounds} rounds ({amid} with some moved and some not), {len(put)} messages, {accepted} accepted")
        print(f"{len(lost)} lost, {doubled} sent again by the relay")
    assert not lost
    assert accepted == len(put), "each was taken into custody once"
    assert in_folder == [1] * len(put)
    assert doubled <= rounds * 4, "the relay alone may repeat what was in flight, under the same Message-ID"
