"""Calendar objects by a loose grammar, with a secret wherever text may stand: reading never raises, what is rewritten is proved, and no secret is in it."""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.calendars import BERLIN, CLIENT, COACH, mail, proved, read

SECRET = "qzxjunicorn"
ROUNDS = 20_000 if os.environ.get("COACHGATE_FUZZ") == "long" else 300
pick = st.sampled_from

texts = pick([SECRET, f"How {SECRET} left\\, and why\\; all\\n", f'"{SECRET}"', f"=?utf-8?q?{SECRET}?=", f"🦄 {SECRET} é", f"data:text/plain,{SECRET}", ""])
zones = pick(
    ["Europe/Berlin", "/x.example/20070129_1/Europe/Berlin", "W. Europe Standard Time", "Customized Time Zone", "America/New_York", "Asia/Jerusalem"]
    + ["Africa/Cairo", "Europe/Dublin", "America/Havana", "UTC", SECRET, f"{SECRET}/Europe/Berlin", "", "europe/berlin", "(UTC+01:00) Amsterdam"]
)
clocks = st.builds("{:02d}{:02d}{:02d}".format, pick([0, 1, 2, 3, 9, 15, 23, 24]), pick([0, 30, 59, 60]), pick([0, 59, 60]))
days = st.one_of(
    st.builds("{:04d}{:02d}{:02d}".format, pick([2026, 2027, 2027, 2027, 2028]), st.integers(1, 12), st.integers(1, 31)),
    pick(["00010101", "00000000", "99991231", "19700101", "20270328", "20271031", "20270229", "21991231", "２０２７０１１９", SECRET]),
)
times = st.one_of(days, st.builds("{}T{}{}".format, days, clocks, pick(["Z", "", "z"])))
parameters = st.lists(
    st.one_of(
        st.builds(";TZID={}".format, zones),
        st.builds(';TZID="{}"'.format, zones),
        st.builds(
            ";{}={}".format, pick(["CN", "X-NOTE", "ALTREP", "LABEL", "PARTSTAT", "ROLE", "CUTYPE", "DELEGATED-TO", "RANGE"]), pick([SECRET, f'"{SECRET}: x"'])
        ),
        pick([";VALUE=DATE", ";VALUE=TEXT", ";VALUE=PERIOD", f";EMAIL={COACH}", f";EMAIL={SECRET}@x.example", ";PARTSTAT=ACCEPTED", ";RANGE=THISANDFUTURE"]),
    ),
    max_size=2,
    unique_by=lambda parameter: parameter[:4],
).map("".join)
rule_parts = st.one_of(
    pick("FREQ=DAILY FREQ=WEEKLY FREQ=MONTHLY FREQ=YEARLY FREQ=SECONDLY INTERVAL=2 INTERVAL=0 COUNT=5 COUNT=0 COUNT=99999".split()),
    pick("BYDAY=MO,TU BYDAY=-1SU BYDAY=99MO".split()),
    pick("BYMONTHDAY=31 BYMONTHDAY=-1 BYMONTHDAY=40 BYMONTH=2 BYMONTH=13 BYSETPOS=-1 BYHOUR=9 WKST=MO BYDAY=MO,TU, RSCALE=HEBREW SKIP=OMIT BYDAY=٣MO".split()),
    st.builds("UNTIL={}".format, times),
    pick([f"X-TOPIC={SECRET}", f"FREQ={SECRET}", SECRET, ""]),
)
rules = st.lists(rule_parts, min_size=1, max_size=4).map(";".join)
people = st.one_of(
    pick([f"mailto:{COACH}", f"MAILTO:{CLIENT}", "mailto:ruth@acme.example", "mailto:Robin+cal@COACH.example", "invalid:nomail", "mailto:", "urn:uuid:x"]),
    pick(
        [
            f"mailto:{SECRET}@elsewhere.example",
            f"mailto:tell.{SECRET}.of.it@acme.example",
            f'mailto:"{SECRET} x"@acme.example',
            f"mailto:{CLIENT}?subject={SECRET}",
        ]
    ),
)
links = pick(
    ["https://meet.google.com/abc-defg-hij", f"https://zoom.us/j/86451209377?pwd={SECRET}", f"https://zoom.us/j/86451209377?topic={SECRET}"]
    + [f"https://evil.example/{SECRET}", f"https://meet.google.com/abc-defg-hij#{SECRET}", f"https://{SECRET}@zoom.us/j/86451209377", f"tel:+49-{SECRET}"]
)
named = "DTSTART DTEND RECURRENCE-ID DTSTAMP X-MS-OLK-ORIGINALSTART X-MS-OLK-ORIGINALEND EXDATE RDATE".split()
wordy = "SUMMARY DESCRIPTION COMMENT LOCATION CONTACT CATEGORIES RESOURCES URL ATTACH X-ALT-DESC X-WR-NOTE".split()
wordy += "CLASS STATUS TRANSP SEQUENCE PRIORITY UID NAME COLOR".split()
lines = st.one_of(
    st.builds("{}{}:{}".format, pick(named), parameters, times),
    st.builds("{}{}:{},{}".format, pick(["EXDATE", "RDATE"]), parameters, times, times),
    st.builds("RRULE{}:{}".format, parameters, rules),
    st.builds("{}{}:{}".format, pick(["ATTENDEE", "ORGANIZER"]), parameters, people),
    st.builds("{}{}:{}".format, pick(wordy), parameters, texts),
    st.builds("{}{}:{}".format, pick(["LOCATION", "DESCRIPTION", "URL", "CONFERENCE", "X-GOOGLE-CONFERENCE"]), parameters, links),
    st.builds("DURATION:{}".format, pick(["PT1H", "P1D", "P999W", "-PT1H", "PT99999S", "P", SECRET])),
    pick(["STATUS:CANCELLED", "TRANSP:OPAQUE", "SEQUENCE:3", "SEQUENCE:-1", "SEQUENCE:99999999999", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "EXRULE:FREQ=DAILY"]),
    pick([f"BEGIN:VALARM\nDESCRIPTION:{SECRET}\nEND:VALARM", f"BEGIN:VLOCATION\nNAME:{SECRET}\nEND:VLOCATION", f"BEGIN:VEVENT\nSUMMARY:{SECRET}\nEND:VEVENT"]),
    st.builds(lambda text: text, pick([SECRET, ":", ";", "A;B", f"{SECRET}:x", f'X;Y="{SECRET}', "BEGIN:", "END:VEVENT", "\x0b"])),
)
sound = {
    "UID": "UID:5f1c2a7e-0001-4a6b-8c7d-9e0f1a2b3c4d", "DTSTAMP": "DTSTAMP:20261201T090000Z", "DTSTART": "DTSTART;TZID=Europe/Berlin:20270119T160000",
    "ORGANIZER": f"ORGANIZER;CN={SECRET}:mailto:{COACH}", "SUMMARY": f"SUMMARY:{SECRET}",
}  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> str:
    """Mostly a sound event with a few lines changed: nonsense from end to end is refused at once, and shows nothing."""
    extra = draw(st.lists(lines, max_size=5))
    replaced = {re.split("[;:]", line, maxsplit=1)[0] for line in extra} & sound.keys() if draw(st.booleans()) else set()
    kept = [line for name, line in sound.items() if name not in replaced]
    return "\n".join(["BEGIN:VEVENT", *kept, *extra, "END:VEVENT"])


definitions = st.builds(
    "BEGIN:VTIMEZONE\nTZID:{}\nCOMMENT:{}\nBEGIN:STANDARD\nDTSTART:{}\nTZOFFSETFROM:{}\nTZOFFSETTO:{}\nRRULE:{}\nEND:STANDARD\nEND:VTIMEZONE".format,
    zones, texts, times, pick(["+0200", "-2359", SECRET]), pick(["+0100", "+9999", "+0030", ""]),
    pick(["FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "FREQ=YEARLY;BYMONTH=13;BYDAY=5SU", f"FREQ={SECRET}", ""]),
)  # fmt: skip
others = st.one_of(
    definitions, st.just(BERLIN.strip()), pick([f"BEGIN:VTODO\nSUMMARY:{SECRET}\nEND:VTODO", f"X-WR-CALNAME:{SECRET}", f"BEGIN:X-{SECRET}\nEND:X-{SECRET}"])
)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """Octets of an object, folded somewhere, inside characters too."""
    method = draw(pick(["REQUEST", "REQUEST", "CANCEL", "PUBLISH", "REPLY", "COUNTER", "ADD", "REFRESH", "DECLINECOUNTER", SECRET, ""]))
    parts = [*draw(st.lists(others, max_size=2)), *draw(st.lists(events(), min_size=1, max_size=3))]
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{SECRET}", *([f"METHOD:{method}"] if method else [])]
    octets = "\n".join([*head, *parts, "END:VCALENDAR", ""]).replace("\n", draw(pick(["\r\n", "\n"]))).encode()
    for at in sorted(draw(st.lists(st.integers(0, len(octets)), max_size=3)), reverse=True):
        octets = octets[:at] + draw(pick([b"\r\n ", b"\n\t"])) + octets[at:]
    return octets


def told(raw: bytes) -> str:
    """All that a company would get of a mail, in lower case and unfolded."""
    reading = read(raw)
    octets = proved(reading.invitation) if reading.invitation is not None else b""
    return "\n".join((octets.decode().replace("\r\n ", ""), reading.company_text, reading.company_subject)).lower()


@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(objects(), pick(["", "REQUEST", "CANCEL"]))
def test_no_secret_of_an_object_is_told(octets: bytes, method: str) -> None:
    """Whatever is in it, no exception, and no company learns the secret."""
    assert SECRET not in told(mail(octets, method))


@settings(max_examples=ROUNDS // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(objects(), objects())
def test_no_secret_of_two_objects_is_told(shown: bytes, file: bytes) -> None:
    """Nor of two in one mail."""
    assert SECRET not in told(mail(shown, "REQUEST", file=file))


@settings(max_examples=ROUNDS // 2, deadline=None)
@given(st.binary(max_size=300))
def test_octets_never_raise(octets: bytes) -> None:
    """Nor does anything else that calls itself a calendar."""
    read(mail(b"BEGIN:VCALENDAR\r\n" + octets + b"\r\nEND:VCALENDAR\r\n"))
