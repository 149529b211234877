"""A secret in every place of a calendar object that can hold text, and objects made to take long: nothing crosses, nothing lasts."""

from __future__ import annotations

import time

import pytest

from gateway.core.model import Kind
from tests.calendars import BERLIN, COACH, calendar, event, mail, proved, read

SECRET = "qzxjunicorn"
TEXTS = """SUMMARY DESCRIPTION COMMENT CONTACT CATEGORIES RESOURCES LOCATION URL ATTACH
 RELATED-TO REQUEST-STATUS GEO CLASS PRIORITY CREATED LAST-MODIFIED STATUS TRANSP
NAME COLOR IMAGE CONFERENCE SOURCE REFRESH-INTERVAL STRUCTURED-DATA STYLED-DESCRIPTION CONCEPT LINK REFID LOCATION-TYPE PARTICIPANT-TYPE CALENDAR-ADDRESS
PERCENT-COMPLETE COMPLETED X-ALT-DESC X-LOTUS-UPDATE-SUBJECT X-MICROSOFT-LOCATIONS X-MICROSOFT-CDO-BUSYSTATUS X-MICROSOFT-CDO-ALLDAYEVENT
X-MICROSOFT-ONLINEMEETINGINFORMATION
X-APPLE-STRUCTURED-LOCATION X-MS-OLK-SENDER X-MS-OLK-ORIGINALSTART X-WR-CALNAME X-GOOGLE-CONFERENCE X-ZIMBRA-TZ-1 X-SOMETHING-NEW IANA-TOKEN""".split()
PARAMETERS = """CN EMAIL
ALTREP LANGUAGE DIR SENT-BY DELEGATED-TO DELEGATED-FROM MEMBER PARTSTAT ROLE CUTYPE RSVP FBTYPE RELATED RELTYPE FMTTYPE ENCODING FILENAME LABEL
FEATURE DISPLAY SCHEMA DERIVED ORDER GAP LINKREL SCHEDULE-AGENT SCHEDULE-STATUS X-NUM-GUESTS X-RESPONSE-COMMENT X-TITLE X-ADDRESS X-ANYTHING""".split()
ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:{0}\nSUMMARY:{0}\nATTACH:data:,{0}\nBEGIN:VLOCATION\nNAME:{0}\nEND:VLOCATION\nEND:VALARM"
CARRIERS = {
    **{name: event(f"{name}:{SECRET}", leave=[name]) for name in TEXTS},
    **{f"ATTENDEE;{name}": event(f'ATTENDEE;{name}="{SECRET}":mailto:ruth@acme.example') for name in PARAMETERS},
    **{f"ORGANIZER;{name}": event(f'ORGANIZER;{name}="{SECRET}":mailto:{COACH}', ORGANIZER="") for name in PARAMETERS},
    **{f"DTSTART;{name}": event(f'DTSTART;{name}="{SECRET}":20270119T150000Z', DTSTART="") for name in (*PARAMETERS, "VALUE", "TZID")},
    "UID": event(UID=f"{SECRET}-burnout@home"),
    "TZID": event(f'DTSTART;TZID="{SECRET}/Europe/Berlin":20270119T160000', DTSTART=""),
    "TZID of a definition": BERLIN.replace("TZID:Europe/Berlin", f"TZID:{SECRET}")
    + event(f"DTSTART;TZID={SECRET}:20270119T160000", "RRULE:FREQ=DAILY", DTSTART="", DTEND=""),
    "TZNAME": BERLIN.replace("BEGIN:STANDARD", f"COMMENT:{SECRET}\nX-LIC-LOCATION:{SECRET}\nBEGIN:STANDARD\nTZNAME:{SECRET}") + event(f"X-A;TZID={SECRET}:b"),
    "part of a rule": event(RRULE=f"FREQ=DAILY;X-TOPIC={SECRET}"),
    "value of a rule": event(RRULE=f"FREQ=DAILY;BYDAY={SECRET}"),
    "parameter of a rule": event(f'RRULE;X-NOTE="{SECRET}":FREQ=DAILY'),
    "parameter of a date": event(f'EXDATE;X-NOTE="{SECRET}":20270120T150000Z', RRULE="FREQ=DAILY"),
    "address of a stranger": event(f"ATTENDEE:mailto:{SECRET}@elsewhere.example"),
    "address that speaks": event(f"ATTENDEE:mailto:tell-nobody-of-{SECRET}@acme.example"),
    "quoted address": event(f'ATTENDEE:mailto:"{SECRET}"@acme.example'),
    "query of an address": event(f"ATTENDEE:mailto:ruth@acme.example?subject={SECRET}"),
    "alarm": event(ALARM.format(SECRET)),
    "component inside": event(f"BEGIN:VLOCATION\nNAME:{SECRET}\nEND:VLOCATION", f"BEGIN:VEVENT\nSUMMARY:{SECRET}\nEND:VEVENT"),
    "component beside": event() + f"\nBEGIN:VJOURNAL\nDESCRIPTION:{SECRET}\nEND:VJOURNAL\nBEGIN:X-{SECRET}\nEND:X-{SECRET}",
    "head": f"NAME:{SECRET}\nX-WR-CALNAME:{SECRET}\nCOLOR:{SECRET}\n" + event(),
    "name of a property": event(f"X-{SECRET}:x"),
    "link": event(f"LOCATION:https://zoom.us/j/86451209377?pwd={SECRET}", f"URL:https://zoom.us/j/86451209377?topic={SECRET}#{SECRET}"),
}


@pytest.mark.parametrize("coding", ["base64", "8bit", "quoted-printable"])
@pytest.mark.parametrize("place", CARRIERS)
def test_no_secret_crosses_from_any_place(place: str, coding: str) -> None:
    """Not into the object, its text or the subject, however it is encoded and folded; most of them are rewritten without it."""
    octets = calendar(CARRIERS[place])
    folded = octets.replace(SECRET.encode(), SECRET[:4].encode() + b"\r\n " + SECRET[4:].encode())
    for raw in (mail(octets, "REQUEST", coding=coding), mail(folded, "REQUEST", coding=coding, file=octets)):
        reading = read(raw)
        company = proved(reading.invitation).decode().replace("\r\n ", "") if reading.invitation else ""
        assert SECRET not in f"{company}{reading.company_text}{reading.company_subject}".lower()
        assert reading.invitation or any(f.kind in (Kind.CALENDAR, Kind.OPAQUE) for f in reading.findings)


def test_most_places_are_simply_left_behind() -> None:
    """The test above would be empty if everything waited."""
    rewritten = [place for place, components in CARRIERS.items() if read(mail(calendar(components))).invitation]
    assert len(rewritten) > len(CARRIERS) * 0.8


# ------------------------------------------------------------------------------------------------ large and hostile
OCTETS = 200 * 1024
INSTANCES = [event(f"RECURRENCE-ID:2027{1 + n // 28:02}{1 + n % 28:02}T150000Z", "COMMENT:" + "x" * 3000) for n in range(59)]
ZONES = "".join(f"BEGIN:VTIMEZONE\nTZID:z{n}\nEND:VTIMEZONE\n" for n in range(300))
HOSTILE = {
    "one long line": calendar(event(DESCRIPTION="x" * OCTETS)),
    "parameters": calendar(event("X-A" + "".join(f";P{n}=v" for n in range(OCTETS // 9)) + ":x")),
    "quotes": calendar(event('X-A;P="' + '"' * OCTETS + ":x")),
    "backslashes": calendar(event("X-A;P=" + "\\" * OCTETS + ":x")),
    "blanks": calendar(event("X-A;P=" + " " * OCTETS + "x:x")),
    "semicolons": calendar(event("X-A" + ";" * OCTETS + ":x")),
    "parts of a rule": calendar(event(RRULE="FREQ=DAILY;" + "X-A=b;" * (OCTETS // 6) + "X-A=c")),
    "days of a rule": calendar(event(RRULE="FREQ=DAILY;BYDAY=" + "MO," * (OCTETS // 3) + "TU")),
    "dates": calendar(event(RRULE="FREQ=DAILY", EXDATE=",".join(["20270120T150000Z"] * (OCTETS // 17)))),
    "zones and dates": calendar(ZONES, *[event("EXDATE;TZID=z299:" + ",".join(["20270120T150000"] * 390), RRULE="FREQ=DAILY")] * 29),
    "links": calendar(event(DESCRIPTION="https://zoom.us/x/1 " * (OCTETS // 20))),
    "one long link": calendar(event(DESCRIPTION="https://zoom.us/j/" + "1" * OCTETS)),
    "a long place": calendar(event(LOCATION="Room 4 " * (OCTETS // 7))),
    "people": calendar(event(*[f"ATTENDEE;CN=x:mailto:p{n}@acme.example" for n in range(OCTETS // 45)])),
    "instances": calendar(event(RRULE="FREQ=DAILY"), *INSTANCES),
    "alarms": calendar(event(*["BEGIN:VALARM\nEND:VALARM"] * 390)),
    "folds": calendar(event(DESCRIPTION="x")).replace(b"x\r\n", b"x" + b"\r\n " * (OCTETS // 3) + b"\r\n"),
    "lines": calendar(event(*["X-A;B=c;D=e:f"] * 4900)),
    "empty lines": b"\r\n" * (OCTETS // 2) + calendar(event()),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_large_object_is_read_within_a_second(name: str) -> None:
    """Of processor time, whatever it is full of; then it is rewritten or waits."""
    raw = mail(HOSTILE[name], "REQUEST", coding="8bit")
    read(mail(calendar(event())))  # the languages are loaded once
    begun = time.process_time()
    reading = read(raw)
    assert reading.invitation or any(f.kind is Kind.CALENDAR for f in reading.findings)
    if reading.invitation:
        proved(reading.invitation)
    assert time.process_time() - begun < 1
