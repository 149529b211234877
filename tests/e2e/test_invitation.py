"""Invitations over real SMTP with real OpenPGP: the life of an appointment in the company's calendar, and what only the client reads."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import icalendar
import pytest

from tests.calendars import BERLIN, calendar, event
from tests.e2e.stage import COACH, HOME, WORK, Stage, running

SECRET = "How to leave the firm"
NOTE = "Bring the letter about Viktor"
BERLIN_TIMES = {"DTSTART;TZID=Europe/Berlin": "20270119T160000", "DTEND;TZID=Europe/Berlin": "20270119T170000"}


@pytest.fixture(scope="module")
def stage():
    with running() as built:
        yield built


@pytest.fixture(autouse=True)
def _clean(stage: Stage):
    stage.drained()
    stage.sink.mail.clear()


def invitation(octets: bytes, method: str = "REQUEST", text: str = "", to: str = WORK) -> bytes:
    """As a calendar program mails it: text, object, and the object as a file."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"Robin Vale <{COACH}>", to, SECRET
    message["Message-ID"] = f"<{abs(hash((octets, text, to)))}@coach.example>"
    message.set_content(text or f"{NOTE}\n")
    message.add_alternative(octets, maintype="text", subtype="calendar", params={"method": method})
    message.add_attachment(octets, maintype="application", subtype="ics", filename="letter about Viktor.ics")
    return message.as_bytes()


def series(*components: str, method: str = "REQUEST") -> bytes:
    """Components with the coach's zone."""
    return calendar(BERLIN, *components, method=method)


def one(*lines: str, stamp: str = "20261201T090000Z", **properties: str) -> str:
    """An event of the series "series-of-dana-in-crisis", with a note."""
    values = {"UID": "series-of-dana-in-crisis", "DTSTAMP": stamp, "SUMMARY": SECRET, "DESCRIPTION": NOTE, **properties}
    return event(*lines, leave=("DTSTART", "DTEND"), **values)


def shown(mail: bytes) -> icalendar.Calendar:
    """The object of a company copy; the shown one and the file are the same octets, and nothing of the original is in any part."""
    message = message_from_bytes(mail)
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/calendar", "application/ics"]
    assert parts[1].get_payload(decode=True) == parts[2].get_payload(decode=True)
    everything = mail + b"".join(part.get_payload(decode=True) for part in parts).replace(b"\r\n ", b"")
    assert [word for word in ("leave", "letter", "Viktor", "crisis") if word.encode() in everything] == []
    found = icalendar.Calendar.from_ical(parts[1].get_payload(decode=True))
    assert parts[1].get_param("method") == found["METHOD"]
    return found


def events(mail: bytes) -> list[icalendar.Event]:
    return [component for component in shown(mail).subcomponents if component.name == "VEVENT"]


def test_an_invitation_reaches_the_company_without_its_words(stage: Stage):
    """Neutral title, hashed UID, the right time; the sealed copy opens to the whole original."""
    raw = invitation(calendar(event(SUMMARY=SECRET, DESCRIPTION=NOTE, UID="dana-in-crisis@home")))
    stage.send(raw, WORK)
    (company,), (private,) = stage.sink.wait_for(WORK), stage.sink.wait_for(HOME)
    (found,) = events(company)
    assert str(found["SUMMARY"]) == "Meeting with Robin Vale"
    assert (found["DTSTART"].to_ical(), found["DTEND"].to_ical()) == (b"20270119T150000Z", b"20270119T160000Z")
    assert (found["ORGANIZER"], found["ATTENDEE"]) == (f"mailto:{COACH}", f"mailto:{WORK}")
    assert b"16:00-17:00 (Europe/Berlin)" in company
    assert message_from_bytes(company)["From"] == f'"Robin Vale" <{COACH}>'
    assert raw.strip() in stage.decrypt(private)
    assert b"Viktor" not in private


def test_a_series_lives_moves_and_ends_in_the_companys_calendar(stage: Stage):
    """Created, moved as a whole, one instance moved, one called off, all called off: one UID, the coach's SEQUENCE, her zone."""
    weekly = {"RRULE": "FREQ=WEEKLY;COUNT=6", **BERLIN_TIMES}
    later = {"DTSTART;TZID=Europe/Berlin": "20270127T100000", "DTEND;TZID=Europe/Berlin": "20270127T110000"}
    steps = [
        (series(one(**weekly)), "REQUEST"),
        (series(one("SEQUENCE:1", stamp="20261202T090000Z", **{**weekly, "DTEND;TZID=Europe/Berlin": "20270119T173000"})), "REQUEST"),
        (series(one("SEQUENCE:1", "RECURRENCE-ID;TZID=Europe/Berlin:20270126T160000", stamp="20261203T090000Z", **later)), "REQUEST"),
        (series(one("SEQUENCE:2", "RECURRENCE-ID;TZID=Europe/Berlin:20270202T160000", stamp="20261204T090000Z", **BERLIN_TIMES), method="CANCEL"), "CANCEL"),
        (series(one("SEQUENCE:3", stamp="20261205T090000Z", **weekly), method="CANCEL"), "CANCEL"),
    ]
    for number, (octets, method) in enumerate(steps, start=1):
        stage.send(invitation(octets, method), WORK)
        stage.sink.wait_for(WORK, number)
    got = stage.sink.to(WORK)
    assert [str(shown(mail)["METHOD"]) for mail in got] == [method for _, method in steps]
    told = [events(mail)[0] for mail in got]
    assert len({str(found["UID"]) for found in told}) == 1
    assert [int(found["SEQUENCE"]) for found in told] == [0, 1, 1, 2, 3]
    assert [found["DTEND"].to_ical() for found in told[:3]] == [b"20270119T170000", b"20270119T173000", b"20270127T110000"]
    assert [found["RECURRENCE-ID"].to_ical() for found in told[2:4]] == [b"20270126T160000", b"20270202T160000"]
    assert {found["DTSTART"].params["TZID"] for found in told} == {"Europe/Berlin"}
    assert [str(found.get("STATUS", "")) for found in told[3:]] == ["CANCELLED", "CANCELLED"]


def test_her_own_mailbox_gets_the_neutral_entry_and_the_sealed_original(stage: Stage):
    """Her calendar works, and her notes lie beside it, closed."""
    raw = invitation(calendar(event(SUMMARY=SECRET, UID="at-home", ATTENDEE=f"mailto:{HOME}")), to=HOME)
    stage.send(raw, HOME)
    at_home = stage.sink.wait_for(HOME, 2)
    (clear,) = [mail for mail in at_home if b"BEGIN PGP" not in mail]
    (sealed,) = [mail for mail in at_home if b"BEGIN PGP" in mail]
    assert str(events(clear)[0]["SUMMARY"]) == "Meeting with Robin Vale"
    assert raw.strip() in stage.decrypt(sealed)
    assert not stage.sink.to(WORK)


def test_a_cut_invitation_waits_and_the_words_still_tell_the_time(stage: Stage):
    """Half an object could mean anything; a client must not miss the appointment for that."""
    before = {item["id"] for item in stage.held()}
    cut = calendar(event(UID="cut", SUMMARY=SECRET))[:-30]
    stage.send(invitation(cut, text=f"Hi Dana,\n\nTuesday 19 January, 16:00 to 17:00 works.\n\n{NOTE}.\n\nRobin\n"), WORK)
    (company,) = stage.sink.wait_for(WORK)
    assert message_from_bytes(company).get_content_type() == "text/plain"
    assert b"16:00 to 17:00" in company
    assert b"Viktor" not in company
    stage.drained()
    (item,) = [i for i in stage.held() if i["id"] not in before]
    assert (item["recipient"], item["reason"]) == (WORK, "calendar")
    notice = next(mail for mail in stage.sink.wait_for(COACH) if WORK.encode() in mail)
    assert b"Viktor" not in notice


def test_a_held_invitation_can_be_sent_home_whole(stage: Stage):
    """On the coach's word, sealed."""
    before = {item["id"] for item in stage.held()}
    raw = invitation(calendar(event(UID="odd", SUMMARY=SECRET, RRULE="FREQ=HOURLY")))
    stage.send(raw, WORK)
    stage.drained()
    (item,) = [i for i in stage.held() if i["id"] not in before]
    assert not stage.sink.to(WORK)
    stage.command("held", "divert", item["id"])
    (copy,) = stage.sink.wait_for(HOME)
    assert raw.strip() in stage.decrypt(copy)


def test_explain_shows_the_entry_before_and_after(stage: Stage):
    """The coach sees what she wrote beside what the company would see; programs get the same as JSON."""
    file = stage.folder / "invitation.eml"
    file.write_bytes(invitation(calendar(event(SUMMARY=SECRET, LOCATION="Room 4", UID="explained"))))
    page = stage.command("explain", str(file), "--to", WORK)
    assert "before: yours" in page
    assert "How to leave" in page.replace("\n", " ")
    (answer, _) = json.loads(stage.command("explain", str(file), "--to", WORK, "--json"))
    (row,) = [row for row in answer["appointment"] if row["what"] == "title"]
    assert (row["before"], row["after"]) == (SECRET, "Meeting with Robin Vale")
