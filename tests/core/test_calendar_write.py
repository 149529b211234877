"""Invitations to calendar octets: the gateway's own words, every method in the form of RFC 5546, and lines that every program reads."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

import icalendar
import pytest

from gateway.core.calendar.write import PRODID, TITLES, company_object, company_uid, neutral_title
from gateway.core.invitation import Attendee, Event, Invitation, Method, Moment
from tests.calendars import BOSS, CLIENT, COACH, VOICE, packs, proved

START = datetime(2027, 1, 19, 15)
KEY = VOICE.uid_key


def utc(hours: int = 0) -> Moment:
    return Moment(START + timedelta(hours=hours), "UTC")


def single(method: Method = Method.REQUEST, **changes: object) -> Invitation:
    """One hour, one person."""
    values = {"uid": "dana-burnout@home", "sequence": 2, "stamp": START, "start": utc(), "end": utc(1), "attendees": (Attendee(CLIENT),), **changes}
    return Invitation(method, BOSS if method in ("REPLY", "COUNTER", "REFRESH") else COACH, (Event(**values),))  # type: ignore[arg-type]


def lines(invitation: Invitation) -> list[str]:
    """The unfolded lines of the object, proved."""
    return proved(invitation).decode().replace("\r\n ", "").split("\r\n")


def values(invitation: Invitation, name: str) -> list[str]:
    """All values of one property, with their parameters."""
    return [line[len(name) :].lstrip(":;") for line in lines(invitation) if re.match(f"{name}[;:]", line)]


def test_an_object_is_of_our_own_making() -> None:
    """Head, neutral title, private class, keyed UID; folded at 75 octets with CRLF."""
    octets = proved(
        single(
            status="CONFIRMED",
            transparency="OPAQUE",
            place="Kantstrasse 14, Berlin",
            attendees=(Attendee(CLIENT), Attendee(BOSS, "ACCEPTED", "CHAIR", "INDIVIDUAL")),
        )
    )
    assert max(map(len, octets.split(b"\r\n"))) <= 75
    assert b"\n" not in octets.replace(b"\r\n", b"")
    text = octets.decode().replace("\r\n ", "")
    assert text == (
        f"BEGIN:VCALENDAR\r\nPRODID:{PRODID}\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
        f"UID:{company_uid('dana-burnout@home', KEY)}\r\n"
        "DTSTAMP:20270119T150000Z\r\nSEQUENCE:2\r\nDTSTART:20270119T150000Z\r\nDTEND:20270119T160000Z\r\n"
        f'ORGANIZER;CN="Robin Vale":mailto:{COACH}\r\nATTENDEE;CN="Dana Whitfield";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{CLIENT}\r\n'
        f"ATTENDEE;CN={BOSS};ROLE=CHAIR;PARTSTAT=ACCEPTED;CUTYPE=INDIVIDUAL;RSVP=TRUE:mailto:{BOSS}\r\n"
        "SUMMARY:Meeting with Robin Vale\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nCLASS:PRIVATE\r\n"
        "LOCATION:Kantstrasse 14\\, Berlin\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def test_the_uid_is_a_keyed_hash_that_names_nobody() -> None:
    """UUID version 8 (RFC 9562 section 5.8), the same for the same key, another for another."""
    uid = UUID(company_uid("dana-burnout@home", KEY))
    assert (uid.version, uid.variant) == (8, "specified in RFC 4122")
    assert company_uid("dana-burnout@home", KEY) == str(uid) != company_uid("dana-burnout@home", b"x" * 32)


def test_every_language_has_a_title_with_the_name_of_the_coach() -> None:
    """And an unknown one has the English."""
    assert {pack.language for pack in packs().packs} <= set(TITLES)
    assert all("Robin Vale" in neutral_title(language, "Robin Vale") for language in TITLES)
    assert neutral_title("xx", "Robin Vale") == "Meeting with Robin Vale"


def test_whoever_gets_the_copy_is_asked() -> None:
    """Gmail and Thunderbird show no buttons otherwise."""
    (only,) = values(single(attendees=()), "ATTENDEE")
    assert only.endswith(f"RSVP=TRUE:mailto:{CLIENT}")


def test_the_link_is_place_and_description() -> None:
    """Outlook shows the one, telephones the other; a place comes first."""
    link = "https://meet.google.com/abc-defg-hij"
    assert (values(single(link=link), "LOCATION"), values(single(link=link), "DESCRIPTION")) == ([link], [link])
    assert values(single(link=link, place="Room 4"), "LOCATION") == ["Room 4"]


def test_what_is_called_off_is_so_in_method_and_status() -> None:
    """With the people, or Gmail keeps it; nobody is asked to answer."""
    off = single(Method.CANCEL, status="CONFIRMED", attendees=(Attendee(CLIENT, "ACCEPTED"),))
    assert values(off, "STATUS") == ["CANCELLED"]
    assert "RSVP" not in values(off, "ATTENDEE")[0]
    assert values(single(Method.CANCEL, start=None, end=None), "DTSTART") == []


def test_a_publication_asks_nobody() -> None:
    """RFC 5546 section 3.2.1."""
    assert values(single(Method.PUBLISH), "ATTENDEE") == []


@pytest.mark.parametrize("method", [Method.REPLY, Method.COUNTER, Method.REFRESH])
def test_an_answer_carries_the_uid_of_the_company_and_names_her_who_answers(method: Method) -> None:
    """RFC 5546 sections 3.2.3, 3.2.6 and 3.2.7; no place, no status, no class."""
    said = single(method, uid="DRAWN123", status="CONFIRMED", place="Room 4", attendees=(Attendee("robin@vale.example", "ACCEPTED"),))
    assert values(said, "UID") == ["DRAWN123"]
    assert values(said, "ORGANIZER") == [f"CN={BOSS}:mailto:{BOSS}"]
    assert values(said, "ATTENDEE") == ["CN=robin@vale.example;PARTSTAT=ACCEPTED:mailto:robin@vale.example"]
    assert [values(said, name) for name in ("STATUS", "CLASS", "LOCATION")] == [[], [], []]
    assert bool(values(said, "SUMMARY")) == (method is not Method.REFRESH)


def test_an_answer_without_names_goes_from_the_coach_to_whoever_gets_it() -> None:
    """Exchange leaves out the organiser, some programs the attendee."""
    said = Invitation(Method.REPLY, "", (Event("DRAWN123", 0, START, None, None),))
    assert values(said, "ORGANIZER") == [f'CN="Dana Whitfield":mailto:{CLIENT}']
    assert values(said, "ATTENDEE") == [f'CN="Robin Vale":mailto:{COACH}']


def test_a_counter_proposal_says_the_old_times_too() -> None:
    """For Outlook."""
    said = single(Method.COUNTER, uid="DRAWN123", old_start=utc(24), old_end=utc(25))
    assert (values(said, "X-MS-OLK-ORIGINALSTART"), values(said, "X-MS-OLK-ORIGINALEND")) == (["20270120T150000Z"], ["20270120T160000Z"])


def test_days_are_dates_and_said_to_be_for_exchange() -> None:
    """The end is exclusive, as it was read."""
    days = single(start=Moment(datetime(2027, 1, 19), ""), end=Moment(datetime(2027, 1, 21), ""))
    assert (values(days, "DTSTART"), values(days, "DTEND")) == (["VALUE=DATE:20270119"], ["VALUE=DATE:20270121"])
    assert values(days, "X-MICROSOFT-CDO-ALLDAYEVENT") == ["TRUE"]


def test_a_series_brings_its_zone_its_rule_and_its_dates() -> None:
    """Dates of one zone on one line; UTC without a zone of its own."""
    berlin = [Moment(START + timedelta(days=7 * n), "Europe/Berlin") for n in range(4)]
    master = Event(
        "u",
        0,
        START,
        berlin[0],
        berlin[0],
        rule=(("FREQ", "WEEKLY"), ("COUNT", "9")),
        added=(berlin[1], Moment(START + timedelta(days=1), "Europe/Berlin")),
        excluded=(berlin[2],),
    )
    moved = Event("u", 0, START, berlin[3], berlin[3], recurrence=berlin[3])
    written = Invitation(Method.REQUEST, COACH, (master, moved))
    assert values(written, "RRULE")[-1] == "FREQ=WEEKLY;COUNT=9"
    assert values(written, "RDATE") == ["TZID=Europe/Berlin:20270126T150000,20270120T150000"]
    assert values(written, "EXDATE") == ["TZID=Europe/Berlin:20270202T150000"]
    assert values(written, "RECURRENCE-ID") == ["TZID=Europe/Berlin:20270209T150000"]
    zones = [c for c in icalendar.Calendar.from_ical(company_object(written, VOICE)).subcomponents if c.name == "VTIMEZONE"]
    assert [str(zone["TZID"]) for zone in zones] == ["Europe/Berlin"]


def test_a_series_in_utc_has_no_zone() -> None:
    """Nothing needs one."""
    assert "BEGIN:VTIMEZONE" not in lines(single(rule=(("FREQ", "DAILY"),), added=(utc(5),)))
