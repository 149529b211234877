"""Appointments through the story, out and home: what a company is told, what is written down, who is sent what again. Store, keyring and sealer in memory."""

from __future__ import annotations

import email.policy
from dataclasses import fields
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from icalendar import Calendar

from gateway import homeward
from gateway.app import rules
from gateway.core import audit
from gateway.core.analyse import analyse
from gateway.core.calendar.back import Outcome
from gateway.core.calendar.home import NotHome
from gateway.core.calendar.write import company_uid
from gateway.core.model import Client, Coach, Contact, Envelope, ForwardPath, Mailbox, Outgoing, Purpose, Role, Submission
from gateway.core.vocabulary import load_packs
from gateway.edges.shelf import language_texts
from gateway.errors import ProofFailed
from gateway.homeward import come_home
from gateway.house import House, Ports
from gateway.pipeline import process
from gateway.release import CannotRelease, release
from tests.e2e.stage import COACH, STRANGER, WORK
from tests.fakes.clock import CountingIds, FixedClock
from tests.fakes.keyring import FakeKeyring
from tests.fakes.sealer import FakeSealer
from tests.fakes.store import FakeStore

ROBIN = Coach("Robin Vale", (Mailbox("coach", "coach.example"),), "Europe/Berlin")
DANA = Client("c-0001", "Dana Whitfield", (Mailbox("dana", "acme.example"),), ("acme.example",), Mailbox("dana", "home.example"), "A" * 40, True)
ERIK, ALIAS = "erik@acme.example", Mailbox("dana", "clients.coach.example")
PACKS = load_packs(language_texts())
KEYS = {f.name: bytes(32) for f in fields(House) if f.name.endswith("_key")}
HOUSE = House(ruleset=rules(), packs=PACKS, places=(), approved_links=(), **KEYS)
UID = "8D2F1B60-7C3A-4E95-A0D1-5B7E9C3F2A14"
OURS = company_uid(UID, bytes(32))
TEN, NINE = "20270119T090000Z", "20270119T080000Z"


class HereReader:
    """`ports.Reader` in this process."""

    async def read(self, raw, contexts, *, command=False):
        return analyse(raw, contexts, PACKS, command=command)


@pytest.fixture
async def ports() -> Ports:
    clock = FixedClock(datetime(2027, 1, 5, tzinfo=UTC))
    store = FakeStore(clock)
    await store.put_coach(1, ROBIN)
    await store.put_client(1, DANA)
    return Ports(clock, CountingIds(), HereReader(), FakeKeyring(), FakeSealer(), store)


def event(method: str, *lines: str, uid: str = UID, start: str = TEN, sequence: int = 0, stamp: str = "20270104T120000Z") -> str:
    people = (f"ORGANIZER;CN=Robin:mailto:{COACH}", f"ATTENDEE;CN=Dana:mailto:{WORK}")
    whole = ("SUMMARY:About Viktor", f"DTSTART:{start}", "DURATION:PT1H", *people) if method in ("REQUEST", "CANCEL") else ()
    named = (f"UID:{uid}", f"DTSTAMP:{stamp}", f"SEQUENCE:{sequence}")
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT", *named, *whole, *lines, "END:VEVENT", "END:VCALENDAR", ""))


def letter(text: str, words: str = "", sender: str = COACH) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, WORK, "Tuesday 19 January at 10:00"
    message["Message-ID"] = f"<{abs(hash((text, words)))}@coach.example>"
    message.set_content(words + "\n")
    method = text.partition("METHOD:")[2].split("\r\n")[0]
    message.add_alternative(text.encode(), "text", "calendar", params={"method": method, "charset": "utf-8"})
    return message.as_bytes()


async def send(ports: Ports, text: str, words: str = "", to: str = WORK) -> list[Outgoing]:
    """What leaves because of one mail of the coach's."""
    before = set(ports.store.copies)
    local, _, domain = to.partition("@")
    envelope = Envelope("robin", 1, Mailbox("coach", "coach.example"), (ForwardPath(to, Mailbox(local, domain)),), authors=(COACH,))
    await process(Submission(envelope, letter(text, words), datetime(2027, 1, 5, tzinfo=UTC)), ports, HOUSE)
    return [kept.outgoing for name, kept in ports.store.copies.items() if name not in before]


async def bring(ports: Ports, text: str, sender: str = WORK) -> tuple[Outcome, list[Outgoing]]:
    """What a mail from outside means, and what leaves because of it."""
    before = set(ports.store.copies)
    back = await come_home(letter(text, sender=sender), sender, ALIAS, 1, ports, HOUSE)
    return back.outcome, [kept.outgoing for name, kept in ports.store.copies.items() if name not in before]


def purposes(copies: list[Outgoing]) -> list[Purpose]:
    return sorted(copy.purpose for copy in copies)


def object_of(copy: Outgoing) -> Calendar | None:
    parts = [part for part in message_from_bytes(copy.octets).walk() if part.get_content_type() == "text/calendar"]
    return Calendar.from_ical(parts[0].get_payload(decode=True)) if parts else None


async def written(ports: Ports) -> list[tuple[str, str]]:
    """The course of each appointment, as the audit log has it."""
    entries = await ports.store.events(1)
    return [(e.row.event, dict(audit.detail_pairs(e.clear))["reason"]) for e in entries if e.row.event.startswith("appointment")]


# ------------------------------------------------------------------------------------------------ out
async def test_a_late_mail_tells_a_company_nothing(ports: Ports):
    """An old time after a new one: the personal address gets the mail, the record says why the company did not."""
    await send(ports, event("REQUEST", start=NINE, sequence=1, stamp="20270104T130000Z"))
    late = await send(ports, event("REQUEST"), "See you on Tuesday 19 January at 10:00.")
    assert purposes(late) == [Purpose.PRIVATE]
    assert await written(ports) == [("appointment", "new"), ("appointment-silent", "late")]
    row = await ports.store.appointment(1, UID)
    assert [e.sequence for e in row.party(WORK).events] == [1]


async def test_what_was_sent_before_is_said_in_words_or_not_at_all(ports: Ports):
    """No second entry in a calendar; a reminder in the mail's own words arrives."""
    await send(ports, event("REQUEST"))
    assert purposes(await send(ports, event("REQUEST"), "\n")) == [Purpose.PRIVATE]
    reminder = await send(ports, event("REQUEST"), "See you on Tuesday 19 January at 10:00.")
    assert purposes(reminder) == [Purpose.COMPANY, Purpose.PRIVATE]
    (company,) = (copy for copy in reminder if copy.purpose is Purpose.COMPANY)
    assert object_of(company) is None
    assert b"10:00" in company.octets


async def test_an_invitation_that_is_asked_for_again_goes_again(ports: Ports):
    """The same content, newly stamped: whoever lost it gets it."""
    await send(ports, event("REQUEST"))
    again = await send(ports, event("REQUEST", stamp="20270104T150000Z"))
    assert purposes(again) == [Purpose.COMPANY, Purpose.PRIVATE]
    assert (await written(ports))[-1] == ("appointment", "unchanged")


async def test_what_is_called_off_is_told_whatever_is_known_of_it(ports: Ports):
    """An invitation may have gone another way before: nobody should come in vain. The record says that it was strange."""
    copies = await send(ports, event("CANCEL", sequence=1))
    assert purposes(copies) == [Purpose.COMPANY, Purpose.PRIVATE]
    assert await written(ports) == [("appointment", "strange")]


@pytest.mark.parametrize("overtaken", [False, True])
async def test_an_invitation_that_waited_is_late_once_a_newer_one_went(ports: Ports, overtaken: bool):
    """Released by hand after all, it would tell the company the old time."""
    words = "See you on Tuesday 19 January at 10:00."
    await send(ports, event("REQUEST"), words, to=STRANGER)
    (item,) = await ports.store.held_list(1)
    if overtaken:
        await send(ports, event("REQUEST", start=NINE, sequence=1, stamp="20270104T130000Z"), words, to=STRANGER)
    item = await ports.store.held_get(item.id, with_raw=True)
    assert item is not None
    before = len(ports.store.copies)
    if overtaken:
        with pytest.raises(CannotRelease, match="nothing a company may be told"):
            await release(item, None, "robin", ports, HOUSE)
    else:
        await release(item, None, "robin", ports, HOUSE)
    assert len(ports.store.copies) - before == (0 if overtaken else 1)


# ------------------------------------------------------------------------------------------------ home
REPLY = event("REPLY", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{WORK}", uid=OURS, stamp="20270104T140000Z")


async def test_an_answer_comes_to_the_coach_alone(ports: Ports):
    """Her title stands in it, so it goes to nobody else; it is remembered, and written down without a word of it."""
    await send(ports, event("REQUEST"))
    outcome, (message,) = await bring(ports, REPLY)
    assert outcome is Outcome.ANSWERED
    assert (message.purpose, message.forward_path.path) == (Purpose.NOTICE, COACH)
    assert object_of(message).walk("VEVENT")[0]["UID"] == UID
    assert (await ports.store.appointment(1, UID)).party(WORK).replies[0].partstat == "ACCEPTED"
    assert (await ports.store.events(1))[-1].row.event == "answered"
    assert await bring(ports, REPLY) == (Outcome.OLD, [])


async def test_what_no_recipient_can_have_sent_changes_nothing(ports: Ports):
    """Nor what speaks of an appointment that nobody knows."""
    assert await bring(ports, REPLY) == (Outcome.NONE, [])
    await send(ports, event("REQUEST"))
    before = len(await ports.store.events(1))
    assert await bring(ports, REPLY.replace(WORK, ERIK), ERIK) == (Outcome.STRANGER, [])
    assert len(await ports.store.events(1)) == before


async def test_who_asks_again_is_sent_what_the_company_has(ports: Ports):
    """The copy as it was, never the coach's own object, and to that address alone."""
    await send(ports, event("REQUEST"))
    refresh = event("REFRESH", f"ATTENDEE:mailto:{WORK}", uid=OURS)
    outcome, (copy,) = await bring(ports, refresh)
    assert (outcome, copy.purpose, copy.forward_path.path) == (Outcome.REFRESH, Purpose.COMPANY, WORK)
    (again,) = object_of(copy).walk("VEVENT")
    assert (again["UID"], again["ATTENDEE"], again["ORGANIZER"]) == (OURS, f"mailto:{WORK}", f"mailto:{COACH}")
    assert b"Viktor" not in copy.octets
    assert "Viktor" not in again.to_ical().decode()
    assert (await ports.store.events(1))[-1].row.event == "sent-on-request"
    await send(ports, event("CANCEL", sequence=1))
    _, (copy,) = await bring(ports, refresh)
    assert object_of(copy)["METHOD"] == "CANCEL"


async def test_who_is_nobodys_any_more_is_sent_nothing(ports: Ports):
    """An address that the coach has since called no client's."""
    await send(ports, event("REQUEST"))
    await ports.store.remove_client(1, "c-0001")
    await ports.store.put_contact(1, Contact("@acme.example", Role.NOT_A_CLIENT))
    assert await bring(ports, event("REFRESH", f"ATTENDEE:mailto:{WORK}", uid=OURS)) == (Outcome.REFRESH, [])


async def test_an_appointment_of_the_companys_own_is_known_when_the_coach_answers(ports: Ports):
    """From a known company only: a stranger's invitation leaves no trace."""
    theirs = event("REQUEST", uid="040000008200E00074C5B7101A82E008").replace(f"Robin:mailto:{COACH}", f"Dana:mailto:{WORK}")
    strangers = theirs.replace(WORK, "x@nowhere.example")
    assert await bring(ports, strangers, "x@nowhere.example") == (Outcome.INVITED, [])
    assert await ports.store.appointment(1, "040000008200E00074C5B7101A82E008") is None
    assert await bring(ports, theirs.replace(WORK, "no address"), "no address") == (Outcome.INVITED, [])
    assert await bring(ports, theirs) == (Outcome.INVITED, [])
    answer = f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{COACH}", f"ORGANIZER:mailto:{WORK}", f"DTSTART:{TEN}"
    await send(ports, event("REPLY", *answer, uid="040000008200E00074C5B7101A82E008"))
    await send(ports, event("REPLY", *answer, uid="040000008200E00074C5B7101A82E009"))
    assert [reason for _, reason in await written(ports)] == ["update", "unseen"]


async def test_an_answer_that_does_not_prove_right_goes_nowhere(ports: Ports, monkeypatch: pytest.MonkeyPatch):
    """Nothing is queued, nothing is remembered: the mailbox's watcher tries again."""
    await send(ports, event("REQUEST"))

    def refuse(octets, back):
        raise NotHome("property of the event")

    monkeypatch.setattr(homeward, "prove_home", refuse)
    before = set(ports.store.copies)
    with pytest.raises(ProofFailed):
        await bring(ports, REPLY)
    assert set(ports.store.copies) == before
    assert not (await ports.store.appointment(1, UID)).party(WORK).replies
