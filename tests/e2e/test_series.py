"""The life of a series between a coach's and a company's calendar, through the daemon, which is started anew between all its steps."""

from __future__ import annotations

import asyncio
import email.policy
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import make_msgid

import pytest

from gateway import app
from gateway.config import load
from gateway.core.calendar.back import Outcome
from gateway.core.model import Mailbox
from gateway.homeward import come_home
from tests.e2e.diary import Diary, caldav_server
from tests.e2e.stage import COACH, HOME, WORK, Stage, running

UID = "8D2F1B60-7C3A-4E95-A0D1-5B7E9C3F2A14"
ALIAS = Mailbox("dana", "clients.coach.example")
ROOMS = "https://whereby.com/robin-vale", "https://whereby.com/robin-vale-two"
SECRETS = "Viktor", "panic", "steering"
ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nDTSTART:19700329T020000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nDTSTART:19701025T030000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


class Story:
    """Both calendars, the daemon between them, and what each side has received so far."""

    def __init__(self, stage: Stage, coach: Diary, company: Diary) -> None:
        self.stage, self.coach, self.company = stage, coach, company
        self.step, self.company_uid, self.seen, self.told = 0, "", 0, 0

    def restart(self) -> None:
        self.stage.drained()
        assert self.stage.end() == 0
        self.stage.start()

    def coach_says(self, method: str, *lines: str) -> None:
        """The coach changes her calendar, her program mails it, and the company's program takes what arrives."""
        self.restart()
        self.step += 1
        mail = _mail(method, self.step, lines)
        self.coach.take(mail)
        self.stage.send(mail, WORK)
        self.seen += 1
        copy = self.stage.sink.wait_for(WORK, self.seen)[-1]
        uid = self.company.take(copy)
        assert uid == (self.company_uid or uid), "the company's program sees another appointment"
        assert uid != UID
        self.company_uid = uid
        whole = self.company.text(uid) + copy.decode() + "".join(_decoded(copy))
        assert not [word for word in (*SECRETS, UID) if word.lower() in whole.lower()]
        self.agree()

    def company_says(self, method: str, *lines: str) -> None:
        """The company's program answers, the mailbox's watcher brings it home, and the coach's program takes what arrives."""
        self.stage.drained()
        assert self.stage.end() == 0
        answer = _mail(method, self.step, (*lines, f"UID:{self.company_uid}"), own=False)
        outcome = asyncio.run(self._bring(answer))
        assert outcome is Outcome.ANSWERED
        self.stage.start()
        self.told += 1
        self.coach.take(_answers(self.stage, self.told)[-1])
        self.agree()

    async def _bring(self, mail: bytes) -> Outcome:
        async with app.open_house(load(self.stage.config), seals=False) as (ports, house):
            return (await come_home(mail, WORK, ALIAS, app.TENANT, ports, house)).outcome

    def agree(self) -> None:
        ours, theirs = self.coach.dates(UID), self.company.dates(self.company_uid)
        assert ours == theirs


def _answers(stage: Stage, count: int) -> list[bytes]:
    """What came home to the coach; she gets notices too."""
    with stage.sink.came:
        assert stage.sink.came.wait_for(lambda: len(_from_alias(stage)) >= count, 60)
    return _from_alias(stage)


def _from_alias(stage: Stage) -> list[bytes]:
    return [octets for octets in stage.sink.to(COACH) if str(ALIAS).encode() in octets.split(b"\r\n\r\n")[0]]


def _decoded(octets: bytes) -> list[str]:
    return [part.get_payload(decode=True).decode() for part in message_from_bytes(octets).walk() if not part.is_multipart()]  # type: ignore[union-attr]


def _mail(method: str, step: int, lines: tuple[str, ...], *, own: bool = True) -> bytes:
    """A calendar program's mail; each is written an hour after the one before."""
    words = (f"UID:{UID}", "SUMMARY:Coaching: the panic about Viktor", r"DESCRIPTION:steering\, again") if own else ()
    people = (f"ORGANIZER;CN=Robin Vale:mailto:{COACH}", f"ATTENDEE;CN=Dana;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{WORK}") if own else ()
    event = "\r\n".join((*words, *people, f"DTSTAMP:20270104T{8 + step:02}{0 if own else 30:02}00Z", *lines))
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//diary//EN\r\nMETHOD:{method}\r\n{ZONE}BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = (f"Robin Vale <{COACH}>", WORK) if own else (WORK, COACH)
    message["Subject"] = "About Viktor" if own else "Meeting with Robin Vale"
    message["Message-ID"] = make_msgid(domain="coach.example" if own else "acme.example")
    message.set_content("He will be there; remember the panic.\n" if own else "\n")
    message.add_alternative(text.encode(), "text", "calendar", params={"method": method, "charset": "utf-8"})
    return message.as_bytes()


def local(day: int, clock: str, month: int = 1) -> str:
    return f";TZID=Europe/Berlin:2027{month:02}{day:02}T{clock}00"


def times(day: int, begin: str, end: str, month: int = 1) -> tuple[str, str]:
    return f"DTSTART{local(day, begin, month)}", f"DTEND{local(day, end, month)}"


@pytest.mark.timeout(600)
def test_both_calendars_agree_at_every_step_of_a_series():
    """Created, one date moved, one cancelled, the link changed, one declined, another one countered and moved, one added, all called off."""
    rooms = ", ".join(f'"{room.removeprefix("https://")}"' for room in ROOMS)
    with caldav_server() as port, running(extra=f"[meetings]\nrooms = [{rooms}]\n") as stage:
        story = Story(stage, Diary(port, "coach"), Diary(port, "company"))
        series = (*times(12, "1600", "1700"), "RRULE:FREQ=WEEKLY;COUNT=14")
        story.coach_says("REQUEST", *series, f"LOCATION:{ROOMS[0]}", "SEQUENCE:0")
        assert len(story.company.dates(story.company_uid)) == 14, "over a change of the clock"

        # alone, and named in UTC, as some services do
        in_utc = "DTSTART:20270120T080000Z", "DTEND:20270120T090000Z", "RECURRENCE-ID:20270119T150000Z"
        story.coach_says("REQUEST", *in_utc, f"LOCATION:{ROOMS[0]}", "SEQUENCE:1")
        assert "RECURRENCE-ID;TZID=Europe/Berlin:20270119T160000" in story.company.text(story.company_uid)
        assert ("2027-01-20 08:00", "2027-01-20 09:00", ROOMS[0]) in story.company.dates(story.company_uid)

        story.coach_says("CANCEL", *times(26, "1600", "1700"), f"RECURRENCE-ID{local(26, '1600')}", "SEQUENCE:1")
        assert len(story.company.dates(story.company_uid)) == 13

        left_out = f"EXDATE{local(26, '1600')}"
        story.coach_says("REQUEST", *series, left_out, f"LOCATION:{ROOMS[1]}", "SEQUENCE:2")
        assert {link for _, _, link in story.company.dates(story.company_uid)} == set(ROOMS), "the moved date keeps what it was sent with"

        # the company's program names the date in UTC and leaves the organiser out
        declined = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{WORK}"
        story.company_says("REPLY", declined, "RECURRENCE-ID:20270202T150000Z", "SEQUENCE:9")
        assert ("2027-02-02 15:00", "DECLINED") in story.coach.partstats(UID)
        assert [answer for _, answer in story.coach.partstats(UID)].count("DECLINED") == 1

        tentative = f"ATTENDEE;PARTSTAT=TENTATIVE:mailto:{WORK}"
        proposed = "DTSTART:20270210T080000Z", "DTEND:20270210T090000Z", "RECURRENCE-ID;TZID=Europe/Berlin:20270209T160000"
        story.company_says("COUNTER", tentative, *proposed, "SEQUENCE:2", "COMMENT:Wednesday?")
        assert [(begin.hour, begin.tzname(), end.hour) for begin, end in story.coach.proposals] == [(9, "CET", 10)]

        story.coach_says("REQUEST", *times(10, "0900", "1000", 2), f"RECURRENCE-ID{local(9, '1600', 2)}", f"LOCATION:{ROOMS[1]}", "SEQUENCE:3")
        assert ("2027-02-10 08:00", "2027-02-10 09:00", ROOMS[1]) in story.company.dates(story.company_uid)

        before = len(story.company.dates(story.company_uid))
        story.coach_says("ADD", *times(30, "1600", "1700", 4), f"LOCATION:{ROOMS[1]}", "SEQUENCE:4")
        assert len(story.company.dates(story.company_uid)) == before + 1
        assert b"method=REQUEST" in stage.sink.to(WORK)[-1], "few programs know how to add"

        story.coach_says("CANCEL", *times(12, "1600", "1700"), "SEQUENCE:5")
        assert story.company.dates(story.company_uid) == []

        stage.drained()
        inside = [stage.decrypt(octets) for octets in stage.sink.to(HOME)]
        assert len(inside) == story.step, "the whole of each mail is at the personal address"
        assert all(b"Viktor" in octets for octets in inside)
        words = [_decoded(octets)[0] for octets in _from_alias(stage)]
        assert "Wednesday?" in words[1], "her words, for the coach"
        assert "company mailbox" in words[1]
        assert [message_from_bytes(octets)["Subject"] for octets in _from_alias(stage)] == [
            "Declined: Coaching: the panic about Viktor", "New time proposed: Coaching: the panic about Viktor"
        ]  # fmt: skip
