"""Answers of a company's programs to an invitation that went through the daemon: each finds its way back to the coach's own entry."""

from __future__ import annotations

import asyncio
import json
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from icalendar import Calendar

from gateway import app
from gateway.config import load
from gateway.core.calendar.back import Back, Outcome, Warning
from gateway.core.model import Mailbox
from gateway.homeward import come_home
from tests.e2e.stage import COACH, WORK, Stage, running

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "imip"
ALIAS = Mailbox("dana", "clients.coach.example")
EXPECTED = {  # in the order in which they were written
    "in-01": ("REPLY", "ACCEPTED", (Warning.COMMENT,), "Accepted"),
    "in-13": ("COUNTER", "DECLINED", (), "New time proposed"),
    "in-03": ("COUNTER", "TENTATIVE", (Warning.COMMENT,), "New time proposed"),
    "in-05": ("REPLY", "ACCEPTED", (), "Accepted"),
    "in-07": ("REPLY", "ACCEPTED", (Warning.OTHER_SENDER, Warning.SENT_BY), "Accepted"),
    "in-09": ("REPLY", "ACCEPTED", (Warning.COUNTED_UP,), "Accepted"),
    "in-11": (None, "", (), "Not delivered"),
}


def calendar_of(octets: bytes) -> Calendar | None:
    parts = [part for part in message_from_bytes(octets).walk() if part.get_content_type() == "text/calendar"]
    return Calendar.from_ical(parts[0].get_payload(decode=True)) if parts else None


async def bring_home(stage: Stage, letters: list[bytes]) -> list[Back]:
    """Hand mails from outside to the same database that the daemon works on, as a watcher of the mailbox does."""
    async with app.open_house(load(stage.config), seals=False) as (ports, house):
        found = [re.search(rb"(?m)^From:.*?<?([^<>\s]+@[^<>\s]+)>?\r?$", letter) for letter in letters]
        return [await come_home(letter, m[1].decode(), ALIAS, app.TENANT, ports, house) for letter, m in zip(letters, found, strict=True) if m]


@pytest.mark.timeout(300)
def test_each_answer_of_the_corpus_comes_home():
    """With the UIDs that the company got from the daemon: title, UID and organiser are the coach's again, and what she should mind is said."""
    if not CORPUS.exists():
        pytest.skip(f"the corpus of invitations is not beside this checkout: {CORPUS}")
    sides = {file.stem: json.loads(file.read_text()) for file in sorted((CORPUS / "inbound").glob("in-*.json"))}
    assert sides.keys() == EXPECTED.keys()
    with running(extra=json.loads((CORPUS / "setup.json").read_text())["config"]) as stage:
        uids = {}
        for name in sorted({side["maps_to"] for side in sides.values()}):
            before = len(stage.sink.to(WORK))
            stage.send((CORPUS / f"{name}.eml").read_bytes(), WORK)
            copy = stage.sink.wait_for(WORK, before + 1)[-1]
            calendar = calendar_of(copy)
            assert calendar is not None
            uids[name] = str(calendar.walk("VEVENT")[0]["UID"])
        stage.drained()
        stage.end()
        letters = [(CORPUS / "inbound" / f"{name}.eml").read_bytes().replace(b"%%UID%%", uids[sides[name]["maps_to"]].encode()) for name in EXPECTED]
        *backs, again = asyncio.run(bring_home(stage, [*letters, letters[1]]))
        assert again.outcome is Outcome.OLD, "she has said something newer since"
        stage.sink.mail.clear()
        stage.start()
        answered = [name for name, back in zip(EXPECTED, backs, strict=True) if back.outcome in (Outcome.ANSWERED, Outcome.BOUNCED)]
        assert answered == list(EXPECTED)
        for back, (name, (method, partstat, warnings, _)) in zip(backs, EXPECTED.items(), strict=True):
            assert (back.method and back.method.value, back.warnings) == (method, warnings), name
            assert partstat in ("", *(e.attendees[0].partstat for e in back.events)), name
        told = [octets for octets in stage.sink.wait_for(COACH, len(backs)) if b"clients.coach.example" in octets]
        assert len(told) == len(backs)
        subjects = sorted(str(message_from_bytes(octets, policy=policy.default)["Subject"]) for octets in told)
        assert subjects == sorted(f"{word}: Coaching session 4" for _, _, _, word in EXPECTED.values())
        original = calendar_of((CORPUS / "google-01a.eml").read_bytes())
        assert original is not None
        for octets in told:
            calendar = calendar_of(octets)
            if calendar is None:
                continue
            (answer,), (invitation,) = calendar.walk("VEVENT"), original.walk("VEVENT")
            assert (answer["UID"], answer["SUMMARY"], answer["ORGANIZER"], answer["SEQUENCE"]) == tuple(
                invitation[name] for name in ("UID", "SUMMARY", "ORGANIZER", "SEQUENCE")
            )
