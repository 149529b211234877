"""The proof of a finished object: it holds what the invitation says, or nothing leaves."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from gateway.core.calendar.proof import NotRebuilt, prove_object
from gateway.core.calendar.write import company_object
from gateway.core.invitation import Attendee, Event, Invitation, Method, Moment
from tests.calendars import CLIENT, COACH, VOICE

START = Moment(datetime(2027, 1, 19, 16), "Europe/Berlin")
SERIES = Event(
    "u", 1, datetime(2026, 12, 1), START, Moment(datetime(2027, 1, 19, 17), "Europe/Berlin"), rule=(("FREQ", "WEEKLY"), ("INTERVAL", "2")),
    place="Room 4", attendees=(Attendee(CLIENT, "ACCEPTED"),), status="CONFIRMED", transparency="OPAQUE",
)  # fmt: skip
ASKED = Invitation(Method.REQUEST, COACH, (SERIES,))
SOUND = company_object(ASKED, VOICE).replace(b"\r\n ", b"")


def test_a_sound_object_is_proved() -> None:
    """And stays so where the parts of its rule stand in another order."""
    prove_object(SOUND, ASKED, VOICE)
    prove_object(SOUND.replace(b"FREQ=WEEKLY;INTERVAL=2", b"INTERVAL=2;FREQ=WEEKLY"), ASKED, VOICE)


def test_every_line_of_an_object_is_proved() -> None:
    """Whatever line is left out of the event or of its zone, or said again with text behind it, it is noticed unless it is one that may be missing."""
    may_be_missing = {"STATUS", "TRANSP", "CLASS", "LOCATION", "SUMMARY", "ATTENDEE", "ORGANIZER", "CALSCALE", "VERSION", "PRODID", "METHOD", "TZOFFSETFROM"}
    told = SOUND.decode().split("\r\n")
    for at, line in enumerate(told):
        name = re.split("[;:]", line)[0]
        if name in ("BEGIN", "END", ""):
            continue
        with pytest.raises(NotRebuilt):
            prove_object("\r\n".join([*told[:at], line + " and they will fire Mark", *told[at + 1 :]]).encode(), ASKED, VOICE)
        if name not in may_be_missing and "VTIMEZONE" not in "".join(told[at:]):
            with pytest.raises(NotRebuilt):
                prove_object("\r\n".join([*told[:at], *told[at + 1 :]]).encode(), ASKED, VOICE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"END:VCALENDAR\r\n", b""),
        (b"SUMMARY:Meeting with Robin Vale", b"SUMMARY:How to leave the firm"),
        (b"SUMMARY:", b"COMMENT:they know\r\nSUMMARY:"),
        (b"SUMMARY:", b"X-NOTE:they know\r\nSUMMARY:"),
        (b"SUMMARY:", b"SUMMARY;LANGUAGE=they-know:"),
        (b"VERSION:2.0", b"VERSION:2.0\r\nX-WR-CALNAME:Dana in crisis"),
        (b"LOCATION:Room 4", b"LOCATION:Room 4 so that nobody sees us"),
        (b"STATUS:CONFIRMED", b"STATUS:THEY-KNOW"),
        (b"PARTSTAT=ACCEPTED", b"PARTSTAT=THEY-KNOW"),
        (b'CN="Dana Whitfield"', b'CN="Dana the leaver"'),
        (b"mailto:dana@acme.example", b"mailto:mark@acme.example"),
        (b"ORGANIZER", b"ORGANIZER;SENT-BY=\"mailto:vera@coach.example\""),
        (b"SEQUENCE:1", b"SEQUENCE:2"),
        (b"DTSTAMP:20261201T000000Z", b"DTSTAMP:20261202T000000Z"),
        (b":20270119T160000", b":20270119T153000"),
        (b"FREQ=WEEKLY", b"FREQ=DAILY"),
        (b"END:VEVENT", b"X-MS-OLK-ORIGINALSTART:they know\r\nEND:VEVENT"),
        (b"END:VEVENT", b"EXDATE;TZID=Europe/Berlin:20270202T160000\r\nEND:VEVENT"),
        (b"END:VEVENT", b"BEGIN:VALARM\r\nDESCRIPTION:they know\r\nEND:VALARM\r\nEND:VEVENT"),
        (b"END:VEVENT", b"END:VEVENT\r\nBEGIN:VJOURNAL\r\nEND:VJOURNAL"),
        (b"BEGIN:STANDARD", b"COMMENT:they know\r\nBEGIN:STANDARD"),
        (b"BEGIN:STANDARD", b"BEGIN:X-NOTE\r\nEND:X-NOTE\r\nBEGIN:STANDARD"),
        (b"TZOFFSETTO:+0100", b"TZOFFSETTO;X-NOTE=they-know:+0100"),
        (b"TZID:Europe/Berlin\r\n", b""),
        (b"TZID:Europe/Berlin", b"TZID:They know"),
        (b"DTEND;TZID=Europe/Berlin", b"DTEND;TZID=they/know/Europe/Berlin"),
    ],
)  # fmt: skip
def test_an_object_with_anything_else_is_not_rebuilt(before: bytes, after: bytes) -> None:
    """Text, another time, another person: nothing leaves."""
    changed = SOUND.replace(before, after, 1)
    assert changed != SOUND
    with pytest.raises(NotRebuilt):
        prove_object(changed, ASKED, VOICE)


def test_somebody_elses_object_is_not_rebuilt() -> None:
    """Nor one with another organiser."""
    with pytest.raises(NotRebuilt, match="somebody else"):
        prove_object(SOUND.replace(COACH.encode(), b"friend@elsewhere.example"), ASKED, VOICE)


def test_what_is_called_off_must_say_so() -> None:
    """A status that contradicts the method is noticed."""
    off = Invitation(Method.CANCEL, COACH, (Event("u", 1, datetime(2026, 12, 1), None, None),))
    octets = company_object(off, VOICE)
    prove_object(octets, off, VOICE)
    with pytest.raises(NotRebuilt, match="status"):
        prove_object(octets.replace(b"STATUS:CANCELLED", b"STATUS:CONFIRMED"), off, VOICE)
