"""Calendar objects to invitations: what is kept and in which form, what is withheld, what waits and what goes home."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.core.calendar.lines import Unreadable
from gateway.core.calendar.read import MOST_EVENTS, MOST_PEOPLE, Diverted, read_invitation
from gateway.core.calendar.recurrence import MOST_COUNT, MOST_MOMENTS
from gateway.core.invitation import Attendee, Invitation, Method, Moment, Withheld
from gateway.core.model import FactKind, Kind, Status
from gateway.core.vocabulary import load_packs
from tests.calendars import BERLIN, BOSS, CLIENT, COACH, CONTEXT, PLATFORMS, calendar, event, mail, read

BERLIN_START = {"DTSTART;TZID=Europe/Berlin": "20270119T160000", "DTEND;TZID=Europe/Berlin": "20270119T170000"}
MEETING = "https://meet.google.com/abc-defg-hij"
DRAWN = "5f1c2a7e00014a6b8c7d9e0f1a2b3c4d@acme.example"


def hers(*lines: str, method: str = "REQUEST", **properties: str) -> Invitation:
    """What is read of an invitation of the coach's, altered."""
    return read_invitation(calendar(event(*lines, **properties), method=method), method, CONTEXT, platforms=PLATFORMS)


def series(*lines: str, rule: str = "FREQ=WEEKLY", **properties: str) -> Invitation:
    """The same as a series in the coach's zone."""
    return read_invitation(calendar(BERLIN, event(*lines, leave=("DTSTART", "DTEND"), **BERLIN_START, RRULE=rule, **properties)), "REQUEST", CONTEXT)


def waits(octets: bytes, method: str = "REQUEST") -> str:
    """Why an object waits."""
    with pytest.raises(Unreadable) as refusal:
        read_invitation(octets, method, CONTEXT)
    return refusal.value.reason


def at(text: str, zone: str = "UTC") -> Moment:
    """ "2027-01-19 15:00"."""
    return Moment(datetime.fromisoformat(text), zone)


# ------------------------------------------------------------------------------------------------ the object
def test_a_plain_invitation_is_read_into_facts() -> None:
    """Times in UTC, the organiser, who is asked; the title is not there."""
    read = hers()
    (only,) = read.events
    assert (read.method, read.organizer, read.assumed_zone) == (Method.REQUEST, COACH, "")
    assert (only.start, only.end, only.sequence, only.stamp) == (at("2027-01-19 15:00"), at("2027-01-19 16:00"), 0, datetime(2026, 12, 1, 9))
    assert only.attendees == (Attendee(CLIENT),)
    assert read.withheld == (Withheld.TITLE,)
    assert "firm" not in repr(read)


@pytest.mark.parametrize(
    ("stated", "parameter", "method"), [("CANCEL", "cancel", "CANCEL"), ("", "request", "REQUEST"), ("REQUEST", "", "REQUEST"), ("", "", "PUBLISH")]
)
def test_the_method_stands_in_the_object_or_beside_it(stated: str, parameter: str, method: str) -> None:
    """RFC 6047 section 2.4; an object without any is published (RFC 5546 section 3.2.1)."""
    assert read_invitation(calendar(event(), method=stated), parameter, CONTEXT).method == method


def test_a_method_lent_by_another_part_counts_last() -> None:
    """The file beside the shown object often lacks it."""
    assert read_invitation(calendar(event(), method=""), "", CONTEXT, lent="request").method == "REQUEST"
    assert read_invitation(calendar(event(), method="PUBLISH"), "", CONTEXT, lent="REQUEST").method == "PUBLISH"


@pytest.mark.parametrize(
    ("octets", "method", "reason"),
    [
        (calendar(event(), method="CANCEL"), "REQUEST", "two methods"),
        (calendar(event(), method="TELL THEM"), "", "unknown method"),
        (calendar(event(), head="METHOD:CANCEL"), "", "property given twice"),
        (calendar(event(), head="CALSCALE:HEBREW"), "REQUEST", "calendar scale"),
        (calendar(event()).replace(b"VERSION:2.0", b"VERSION:1.0"), "REQUEST", "version of the calendar"),
        (calendar("BEGIN:VFREEBUSY\nCOMMENT:x\nEND:VFREEBUSY"), "REQUEST", "free or busy times"),
        (calendar(*[event(f"RECURRENCE-ID:2027{1 + n // 28:02}{1 + n % 28:02}T150000Z") for n in range(MOST_EVENTS + 1)]), "REQUEST", "too many events"),
        (calendar(event(), event(UID="another")), "REQUEST", "several appointments"),
        (calendar(event(), event()), "REQUEST", "several appointments"),
        (calendar(event(UID="")), "REQUEST", "no UID or DTSTAMP"),
        (calendar(event(UID="x" * 256)), "REQUEST", "no UID or DTSTAMP"),
        (calendar(event(DTSTAMP="")), "REQUEST", "no UID or DTSTAMP"),
        (calendar(event(DTSTAMP="yesterday")), "REQUEST", "date or time not understood"),
        (calendar(event("SEQUENCE:-1")), "REQUEST", "sequence number"),
        (calendar(event("SEQUENCE:one")), "REQUEST", "sequence number"),
        (calendar(event(*[f"ATTENDEE:mailto:p{n}@acme.example" for n in range(MOST_PEOPLE)])), "REQUEST", "too many people"),
    ],
)
def test_an_object_that_could_be_read_in_two_ways_waits(octets: bytes, method: str, reason: str) -> None:
    """Nothing is guessed."""
    assert waits(octets, method) == reason


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (calendar("BEGIN:VTODO\nSUMMARY:homework\nEND:VTODO"), "no event"),
        (calendar("BEGIN:VTODO\n" + event() + "\nEND:VTODO"), "no event"),
        (calendar(event(ORGANIZER="mailto:hr@acme.example")), "somebody else's invitation"),
        (calendar(event("ORGANIZER:mailto:friend@elsewhere.example")), "somebody else's invitation"),
        (calendar(event(ORGANIZER="mailto:")), "somebody else's invitation"),
    ],
)
def test_what_is_no_appointment_of_hers_goes_home(octets: bytes, reason: str) -> None:
    """Tasks, and invitations of others that she passes on."""
    with pytest.raises(Diverted) as refusal:
        read_invitation(octets, "REQUEST", CONTEXT)
    assert refusal.value.reason == reason


# ------------------------------------------------------------------------------------------------ people
@pytest.mark.parametrize(
    "line",
    [
        f"ORGANIZER:MAILTO:{COACH.upper()}",
        "ORGANIZER:mailto:robin@vale.example",
        "ORGANIZER:mailto:coach+cal@coach.example",
        "ORGANIZER:mailto:team@coach.example",  # a calendar of the practice
        f"ORGANIZER;EMAIL={COACH}:mailto:2_GEZDGMJXG@imip.me.com",  # a token of a calendar service
        f'ORGANIZER;EMAIL="{COACH}":/principals/users/9/',
    ],
)
def test_the_coach_is_known_in_the_forms_her_programs_write(line: str) -> None:
    """Case, tag, token, another of her addresses, and no organiser at all."""
    assert hers(line, ORGANIZER="").organizer in (COACH, "robin@vale.example", "team@coach.example")
    assert hers(ORGANIZER="").organizer == COACH
    assert read_invitation(calendar(event(ORGANIZER="")), "", replace(CONTEXT, coach_addresses=())).organizer == ""


def test_an_address_in_a_parameter_makes_nobody_of_the_company_the_coach() -> None:
    """EMAIL stands beside a token, never beside a known address."""
    with pytest.raises(Diverted):
        hers(f"ORGANIZER;EMAIL={COACH}:mailto:{BOSS}", ORGANIZER="")
    with pytest.raises(Diverted):
        hers("ORGANIZER;EMAIL=friend@elsewhere.example:mailto:friend@elsewhere.example", ORGANIZER="")


def test_a_practice_at_a_provider_of_everybody_is_one_mailbox() -> None:
    """Whoever else has a mailbox there is a stranger."""
    at_gmail = replace(CONTEXT, coach_addresses=("robin@gmail.com",))
    with pytest.raises(Diverted):
        read_invitation(calendar(event(ORGANIZER="mailto:friend@gmail.com")), "", at_gmail)


def test_those_of_the_company_are_kept_once_with_their_state() -> None:
    """Words of a closed list alone; the coach herself and others are left out."""
    read = hers(
        "ATTENDEE;CN=Ruth who decides;PARTSTAT=accepted;ROLE=CHAIR;CUTYPE=X-BOSS:mailto:Ruth@ACME.example",
        "ATTENDEE:mailto:ruth+tell@acme.example",
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{COACH}",
    )
    assert read.events[0].attendees == (Attendee(CLIENT), Attendee(BOSS))
    assert Withheld.PEOPLE not in read.withheld


@pytest.mark.parametrize(
    "address",
    [
        "dana@home.example",
        "other.client@beta.example",
        "they-will-fire-mark@acme.example",
        '"mark must not know"@acme.example',
        "x@acme.example.evil.example",
        "dana@acme.example?subject=secret",
        "dana%40acme.example",
        "not an address",
        "über@acme.example",
        "x" * 41 + "@acme.example",
    ],
)
def test_others_and_addresses_that_could_say_something_are_withheld(address: str) -> None:
    """A personal address would show the second way; a sentence is no name."""
    read = hers(f"ATTENDEE;CN=x:mailto:{address}")
    assert read.events[0].attendees == (Attendee(CLIENT),)
    assert Withheld.PEOPLE in read.withheld


def test_a_configured_address_is_kept_whatever_it_looks_like() -> None:
    """The coach entered it."""
    known = replace(CONTEXT, company=("the-very-long-name-of-dana@acme.example",))
    octets = calendar(event(ATTENDEE="mailto:the-very-long-name-of-dana@acme.example"))
    assert [a.address for a in read_invitation(octets, "", known).events[0].attendees] == ["the-very-long-name-of-dana@acme.example"]


# ------------------------------------------------------------------------------------------------ answers
def answer(*lines: str, method: str = "REPLY", **properties: str) -> Invitation:
    """An answer of the coach's to somebody of the company."""
    values = {"UID": DRAWN, "ORGANIZER": f"mailto:{BOSS}", "ATTENDEE": "", **properties}
    return hers(f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{COACH}", *lines, method=method, **values)


def test_an_answer_names_the_company_and_her_who_answers() -> None:
    """With the UID of the company's calendar."""
    read = answer(f"ATTENDEE:mailto:{BOSS}")
    assert (read.organizer, read.events[0].uid, read.events[0].attendees) == (BOSS, DRAWN, (Attendee(COACH, "ACCEPTED"),))


def test_an_answer_needs_no_organiser_and_no_times() -> None:
    """Exchange leaves out the one, REFRESH the others."""
    read = answer(method="REFRESH", ORGANIZER="", DTSTART="", DTEND="")
    assert (read.organizer, read.events[0].start, read.events[0].end) == ("", None, None)


def test_a_counter_proposal_keeps_the_old_times() -> None:
    """Outlook shows both."""
    read = answer("X-MS-OLK-ORIGINALSTART:20270118T150000Z", "X-MS-OLK-ORIGINALEND:20270118T160000Z", method="COUNTER")
    assert (read.events[0].old_start, read.events[0].old_end) == (at("2027-01-18 15:00"), at("2027-01-18 16:00"))
    assert hers("X-MS-OLK-ORIGINALSTART:they know").events[0].old_start is None


@pytest.mark.parametrize(
    "uid", ["dana-is-leaving", "Dana is leaving", "WEAREFIRINGMARK1", "thepromotionisoff@acme.example", "short1", "no-digit-here", "x" * 300]
)
def test_a_uid_that_could_be_read_is_not_carried_by_an_answer(uid: str) -> None:
    """Only UIDs of the coach's are hashed; one of the company's must come back as it is."""
    with pytest.raises(Unreadable, match="UID"):
        answer(UID=uid)


@pytest.mark.parametrize(
    "uid", ["040000008200E00074C5B7101A82E0080000000D2592C138128EF97D30780BE21568EAA", "4a0q7k2m9v3b5c8d6f1g2h3j4k@google.com", "{5F1C2A7E-0001-4A6B}"]
)
def test_a_uid_of_a_calendar_program_is(uid: str) -> None:
    """Exchange, Google and others draw them."""
    assert answer(UID=uid).events[0].uid == uid


@pytest.mark.parametrize("organizers", [(f"mailto:{BOSS}", f"mailto:{CLIENT}"), ("mailto:friend@elsewhere.example",)])
def test_an_answer_to_others_goes_home(organizers: tuple[str, ...]) -> None:
    """The company would learn of somebody else's appointment."""
    with pytest.raises(Diverted, match="outside the company"):
        answer(*[f"ORGANIZER:{o}" for o in organizers], ORGANIZER="")


# ------------------------------------------------------------------------------------------------ times
@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        (["DTSTART:20270119T150000Z"], at("2027-01-19 15:00"), at("2027-01-19 15:00")),
        (["DTSTART:20270119T150000Z", "DURATION:PT1H30M"], at("2027-01-19 15:00"), at("2027-01-19 16:30")),
        (["DTSTART:20270119T150000Z", "DTEND:20270119T160000Z", "DURATION:PT60M"], at("2027-01-19 15:00"), at("2027-01-19 16:00")),
        (["DTSTART;TZID=Europe/Berlin:20270328T013000", "DURATION:PT1H"], at("2027-03-28 00:30"), at("2027-03-28 01:30")),
        (["DTSTART;TZID=Asia/Tokyo:20270119T090000", "DTEND;TZID=Europe/Berlin:20270119T020000"], at("2027-01-19 00:00"), at("2027-01-19 01:00")),
        (["DTSTART;VALUE=DATE:20270119"], at("2027-01-19", ""), at("2027-01-20", "")),
        (["DTSTART;VALUE=DATE:20270119", "DURATION:P2D"], at("2027-01-19", ""), at("2027-01-21", "")),
        (["DTSTART;VALUE=DATE:20270119", "DTEND;VALUE=DATE:20270122"], at("2027-01-19", ""), at("2027-01-22", "")),
        (
            ["DTSTART;TZID=Europe/Berlin:20270119T000000", "DTEND;TZID=Europe/Berlin:20270120T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
            at("2027-01-19", ""), at("2027-01-20", ""),
        ),
        (["DTSTART:20270119T150000Z", "DTEND:20270119T160000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], at("2027-01-19 15:00"), at("2027-01-19 16:00")),
    ],
)  # fmt: skip
def test_times_of_every_form_are_one_form(lines: list[str], start: Moment, end: Moment) -> None:
    """A single appointment is in UTC or a date; a length becomes an end."""
    (only,) = hers(*lines, DTSTART="", DTEND="").events
    assert (only.start, only.end) == (start, end)


def test_a_time_without_a_zone_is_the_coachs_and_said_to_be() -> None:
    """RFC 5545 section 3.3.5 form 1."""
    read = hers(DTSTART="20270119T160000", DTEND="20270119T170000")
    assert read.events[0].start == at("2027-01-19 15:00")
    assert read.assumed_zone == "Europe/Berlin"
    with pytest.raises(Unreadable, match="no zone"):
        read_invitation(calendar(event(DTSTART="20270119T160000")), "", replace(CONTEXT, time_zone="Mars/Olympus"))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "no start"),
        (["DTSTART:20270119T250000Z"], "date or time not understood"),
        (["DTSTART:２０２７０１１９T150000Z"], "date or time not understood"),
        (["DTSTART:20270119T150000Z", "DTEND:20270229T150000Z"], "date or time not understood"),
        (["DTSTART;VALUE=PERIOD:20270119T150000Z/PT1H"], "date or time not understood"),
        (["DTSTART:19991231T150000Z"], "time far away"),
        (["DTSTART:00010101T000000Z"], "time far away"),
        (["DTSTART:99991231T235959Z"], "time far away"),
        (["DTSTART:20251129T150000Z"], "time far away"),
        (["DTSTART:20330119T150000Z"], "time far away"),
        (["DTSTART:20270119T150000Z", "DTEND:20270119T140000Z"], "length of the appointment"),
        (["DTSTART:20270119T150000Z", "DTEND:20270121T140000Z"], "length of the appointment"),
        (["DTSTART:20270119T150000Z", "DURATION:-PT1H"], "length of the appointment"),
        (["DTSTART:20270119T150000Z", "DURATION:an hour"], "length of the appointment"),
        (["DTSTART:20270119T150000Z", "DTEND:20270119T160000Z", "DURATION:PT2H"], "length of the appointment"),
        (["DTSTART;VALUE=DATE:20270119", "DURATION:PT2H"], "length of the appointment"),
        (["DTSTART:20270119T150000Z", "DTEND;VALUE=DATE:20270120"], "a date and a time"),
        (["DTSTART;TZID=They know:20270119T150000"], "zone not sure"),
        (["DTSTART;TZID=America/Havana:20270119T150000"], "zone not sure"),
        (["DTSTART:20270119T150000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20270119T150000Z"], "change of a series from one day on"),
    ],
)
def test_times_that_are_none_or_not_sure_wait(lines: list[str], reason: str) -> None:
    """Each with its word."""
    assert waits(calendar(event(*lines, DTSTART="", DTEND=""))) == reason


def test_a_time_from_before_the_law_of_its_zone_waits() -> None:
    """What the table does not know is not computed."""
    octets = calendar(event(leave=("DTSTART", "DTEND"), DTSTAMP="20050101T000000Z", **{"DTSTART;TZID=America/New_York": "20050404T090000"}))
    assert waits(octets) == "zone not sure"


def test_two_definitions_of_one_zone_are_not_sure() -> None:
    """Programs differ in which they take."""
    assert waits(calendar(BERLIN, BERLIN, event(leave=("DTSTART", "DTEND"), **BERLIN_START))) == "zone not sure"


@pytest.mark.parametrize("method", ["CANCEL", "DECLINECOUNTER"])
def test_what_calls_off_needs_no_time(method: str) -> None:
    """RFC 5546 sections 3.2.5 and 3.2.8: the UID says which; a rule says nothing then."""
    read = hers("RRULE:FREQ=DAILY", "EXDATE:20270120T150000Z", method=method, DTSTART="")
    assert (read.events[0].start, read.events[0].rule, read.events[0].excluded) == (None, (), ())


# ------------------------------------------------------------------------------------------------ series
def test_a_series_keeps_its_zone() -> None:
    """Its clock time is the fact; moments in other zones take it."""
    read = series(
        "EXDATE:20270126T150000Z,20270202T150000Z",
        "EXDATE;TZID=Europe/Berlin:20270126T160000",
        rule="FREQ=WEEKLY;BYDAY=+1TU,TU;WKST=MO;INTERVAL=2".replace("+1TU,", ""),
    )
    (master,) = read.events
    assert master.start == at("2027-01-19 16:00", "Europe/Berlin")
    assert master.rule == (("FREQ", "WEEKLY"), ("BYDAY", "TU"), ("WKST", "MO"), ("INTERVAL", "2"))
    assert master.excluded == (at("2027-01-26 16:00", "Europe/Berlin"), at("2027-02-02 16:00", "Europe/Berlin"))


def test_instances_follow_their_series_in_order_and_in_its_zone() -> None:
    """A date names the instance of that day; the day may move to another."""
    moved = event("RECURRENCE-ID:20270202T150000Z", DTSTART="20270203T150000Z", DTEND="20270203T160000Z")
    named = event("RECURRENCE-ID;VALUE=DATE:20270126", DTSTART="20270126T170000Z", DTEND="20270126T180000Z")
    whole = event(leave=("DTSTART", "DTEND"), **BERLIN_START, RRULE="FREQ=WEEKLY")
    read = read_invitation(calendar(BERLIN, moved, named, whole), "REQUEST", CONTEXT)
    assert [e.recurrence for e in read.events] == [None, at("2027-01-26 16:00", "Europe/Berlin"), at("2027-02-02 16:00", "Europe/Berlin")]
    assert [e.start for e in read.events[1:]] == [at("2027-01-26 18:00", "Europe/Berlin"), at("2027-02-03 16:00", "Europe/Berlin")]


def test_an_instance_alone_keeps_the_zone_it_came_with() -> None:
    """The series is not at hand."""
    octets = calendar(BERLIN, event("RECURRENCE-ID:20270126T150000Z", leave=("DTSTART", "DTEND"), **BERLIN_START))
    (only,) = read_invitation(octets, "CANCEL".lower().replace("cancel", "REQUEST"), CONTEXT).events
    assert (only.start, only.recurrence) == (at("2027-01-19 16:00", "Europe/Berlin"), at("2027-01-26 16:00", "Europe/Berlin"))
    (bare,) = hers("RECURRENCE-ID;TZID=Europe/Berlin:20270126T160000", method="CANCEL", DTSTART="", DTEND="").events
    assert bare.recurrence == at("2027-01-26 15:00")


def test_a_series_of_days_has_days_for_its_dates() -> None:
    """Exchange writes them as midnights; a day may become an hour of its own zone."""
    days = {"DTSTART;VALUE=DATE": "20270119", "DTEND;VALUE=DATE": "20270120"}
    whole = event("EXDATE;TZID=Europe/Berlin:20270120T000000", "EXDATE;VALUE=DATE:20270121", leave=("DTSTART", "DTEND"), **days, RRULE="FREQ=DAILY")
    moved = event("RECURRENCE-ID;VALUE=DATE:20270123", leave=("DTSTART", "DTEND"), **BERLIN_START)
    read = read_invitation(calendar(whole, moved), "REQUEST", CONTEXT)
    assert read.events[0].excluded == (at("2027-01-20", ""), at("2027-01-21", ""))
    assert (read.events[1].recurrence, read.events[1].start) == (at("2027-01-23", ""), at("2027-01-19 16:00", "Europe/Berlin"))
    assert waits(calendar(whole.replace("T000000", "T090000"))) == "a date and a time"


def test_dates_of_a_series_stand_once() -> None:
    """Beside a rule the start is no date of its own; without one it must be, or some programs do not show it."""
    ruled = series("RDATE;TZID=Europe/Berlin:20270119T160000,20270121T090000,20270121T090000")
    assert ruled.events[0].added == (at("2027-01-21 09:00", "Europe/Berlin"),)
    listed = hers("RDATE:20270121T090000Z")
    assert listed.events[0].added == (at("2027-01-19 15:00"), at("2027-01-21 09:00"))


def test_a_series_may_have_begun_long_ago() -> None:
    """It is changed years later; a single appointment of then is a mistake."""
    assert series(DTSTAMP="20340101T000000Z").events[0].start == at("2027-01-19 16:00", "Europe/Berlin")
    assert waits(calendar(event(DTSTAMP="20340101T000000Z"))) == "time far away"


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("FREQ=WEEKLY;UNTIL=20270629T070000Z", (("FREQ", "WEEKLY"), ("UNTIL", "20270629T070000Z"))),
        ("freq=weekly;until=20270629", (("FREQ", "WEEKLY"), ("UNTIL", "20270629T215959Z"))),
        ("FREQ=WEEKLY;UNTIL=20270629T160000;", (("FREQ", "WEEKLY"), ("UNTIL", "20270629T140000Z"))),
        ("FREQ=MONTHLY;BYDAY=+2TU,-1FR", (("FREQ", "MONTHLY"), ("BYDAY", "2TU,-1FR"))),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", (("FREQ", "MONTHLY"), ("BYDAY", "MO,TU"), ("BYSETPOS", "-1"))),
        ("FREQ=DAILY;COUNT=5;BYHOUR=16;BYMINUTE=0;BYSECOND=00", (("FREQ", "DAILY"), ("COUNT", "5"))),
        ("FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=-1,31", (("FREQ", "YEARLY"), ("BYMONTH", "1,12"), ("BYMONTHDAY", "-1,31"))),
    ],
)
def test_a_rule_is_its_known_parts(rule: str, kept: tuple[tuple[str, str], ...]) -> None:
    """UNTIL in UTC (RFC 5545 section 3.3.10); what repeats the start is left out."""
    assert series(rule=rule).events[0].rule == kept


def test_text_in_a_rule_is_left_out_and_said_to_be() -> None:
    """The grammar of RFC 2445 had room for X- parts, and any property for parameters."""
    assert Withheld.RULE_PART in series(rule="FREQ=WEEKLY;X-TOPIC=resignation").withheld
    assert Withheld.RULE_PART in series('RRULE;X-NOTE="resignation":FREQ=WEEKLY', rule="").withheld
    assert Withheld.RULE_PART not in series().withheld


@pytest.mark.parametrize(
    "rule",
    [
        "WEEKLY", "COUNT=3", "FREQ=HOURLY", "FREQ=WEEKLY;;COUNT=2", "FREQ=WEEKLY;FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=0", "FREQ=WEEKLY;COUNT=0",
        f"FREQ=WEEKLY;COUNT={MOST_COUNT + 1}", "FREQ=WEEKLY;COUNT=2;UNTIL=20270629", "FREQ=MONTHLY;BYDAY=54MO", "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=WEEKLY;BYDAY=2MO", "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1", "FREQ=MONTHLY;BYSETPOS=1", "FREQ=WEEKLY;BYMONTHDAY=3", "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=DAILY;BYHOUR=9", "FREQ=DAILY;BYHOUR=9,16", "FREQ=YEARLY;BYEASTER=1", "RSCALE=HEBREW;FREQ=YEARLY",
        "FREQ=WEEKLY;SKIP=OMIT", "FREQ=WEEKLY;COUNT=٣", "FREQ=SHE IS LEAVING",
    ],
)  # fmt: skip
def test_a_rule_that_programs_count_in_different_ways_waits(rule: str) -> None:
    """The two calendars would drift apart."""
    with pytest.raises(Unreadable, match="recurrence rule not understood"):
        series(rule=rule)


@pytest.mark.parametrize("until", ["20271399", "99991231T235959Z", "20270629T160000X"])
def test_an_end_of_a_series_that_is_no_day_waits(until: str) -> None:
    """Nor one that no program can count to."""
    with pytest.raises(Unreadable):
        series(rule=f"FREQ=WEEKLY;UNTIL={until}")


def test_the_end_of_a_series_of_days_is_a_day() -> None:
    """A midnight in UTC is the coach's day."""
    days = {"DTSTART;VALUE=DATE": "20270119"}
    for until, day in (("20270228T230000Z", "20270301"), ("20270301", "20270301"), ("20270301T000000", "20270301")):
        octets = calendar(event(leave=("DTSTART", "DTEND"), **days, RRULE=f"FREQ=DAILY;UNTIL={until}"))
        assert dict(read_invitation(octets, "", CONTEXT).events[0].rule)["UNTIL"] == day
        assert dict(read_invitation(octets, "", replace(CONTEXT, time_zone="Mars/Olympus")).events[0].rule)["UNTIL"] == until[:8]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["EXRULE:FREQ=MONTHLY"], "recurrence rule not understood"),
        (["RRULE:FREQ=MONTHLY"], "property given twice"),
        (["RDATE;VALUE=PERIOD:20270121T150000Z/PT1H"], "date or time not understood"),
        (["RDATE;VALUE=DATE:20270121"], "a date and a time"),
        (["EXDATE:20270121T150000Z,"], "date or time not understood"),
        (["EXDATE:" + ",".join(["20270121T150000Z"] * (MOST_MOMENTS + 1))], "too many dates"),
        (["RECURRENCE-ID:20270119T150000Z"], "rule of a single instance"),
    ],
)
def test_a_series_that_is_not_plain_waits(lines: list[str], reason: str) -> None:
    """As a single object would."""
    assert waits(calendar(BERLIN, event(*lines, leave=("DTSTART", "DTEND"), **BERLIN_START, RRULE="FREQ=WEEKLY"))) == reason


def test_a_list_of_dates_has_an_end() -> None:
    """With its start among them, it must not be more than is read again."""
    dates = ",".join(f"202702{1 + n // 24 % 28:02}T{n % 24:02}{n % 60:02}00Z" for n in range(MOST_MOMENTS))
    assert waits(calendar(event(f"RDATE:{dates}"))) == "too many dates"


def test_one_instance_twice_waits() -> None:
    """Also where it is named in two ways."""
    whole = event(leave=("DTSTART", "DTEND"), **BERLIN_START, RRULE="FREQ=WEEKLY")
    twice = (event("RECURRENCE-ID:20270126T150000Z"), event("RECURRENCE-ID;TZID=Europe/Berlin:20270126T160000"))
    assert waits(calendar(whole, *twice)) == "several appointments"


# ------------------------------------------------------------------------------------------------ place, link and the rest
@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("kantstrasse 14\\, berlin", "Kantstrasse 14, Berlin"),
        ("Room  4.12b", "Room 4.12b"),
        ("Kantstrasse 14\\, Berlin\\, so that nobody from Finance sees us", ""),
        ("not at Acme", ""),
        ("", ""),
    ],
)
def test_a_place_is_a_configured_one_or_none(location: str, place: str) -> None:
    """As configured, or a room of the configured form."""
    read = hers(LOCATION=location or " ")
    assert read.events[0].place == place
    assert (Withheld.LOCATION in read.withheld) == bool(location and not place)


def test_a_place_may_be_known_by_its_shape() -> None:
    """As the recogniser knows it in text; not at any length."""
    for length, place in ((3, "Room"), (200, "")):
        octets = calendar(event(LOCATION="Room" + " x" * (length - 3)))
        assert read_invitation(octets, "", CONTEXT, lambda text: True).events[0].place == (place and octets and "Room")


def test_a_meeting_link_is_kept_from_wherever_it_stands() -> None:
    """Text around it is not."""
    for line in (f"LOCATION:{MEETING}", f"DESCRIPTION:Tell nobody. {MEETING}\\nBring the letter", f"X-GOOGLE-CONFERENCE:{MEETING}", f"URL:{MEETING}"):
        read = hers(line)
        assert read.events[0].link == MEETING
        assert Withheld.LOCATION not in read.withheld


def test_a_link_that_is_none_is_withheld() -> None:
    """A page of notes, for example."""
    assert Withheld.LINK in hers("URL:https://notes.example/dana-burnout").withheld


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("DESCRIPTION:x", Withheld.TEXT),
        ("COMMENT:x", Withheld.TEXT),
        ("BEGIN:VALARM\nDESCRIPTION:x\nEND:VALARM", Withheld.ALARM),
        ("BEGIN:VLOCATION\nNAME:x\nEND:VLOCATION", Withheld.OTHER_COMPONENT),
        ("X-LOTUS-UPDATE-SUBJECT:x", Withheld.EXTENSION),
    ],
)
def test_what_has_no_field_is_said_to_be_withheld(line: str, what: Withheld) -> None:
    """In words of a closed list."""
    assert what in hers(line).withheld
    assert what not in hers().withheld


def test_tasks_beside_an_appointment_are_withheld() -> None:
    """The appointment goes, the homework does not."""
    read = read_invitation(calendar(event(SUMMARY=""), "BEGIN:VJOURNAL\nSUMMARY:x\nEND:VJOURNAL"), "", CONTEXT)
    assert read.withheld == (Withheld.OTHER_COMPONENT,)


def test_states_are_words_of_a_closed_list() -> None:
    """Others are left out."""
    assert (hers("STATUS:tentative", "TRANSP:OPAQUE").events[0].status, hers("STATUS:She knows").events[0].status) == ("TENTATIVE", "")
    assert hers("TRANSP:She knows").events[0].transparency == ""
    assert hers("SEQUENCE:7").events[0].sequence == 7


# ------------------------------------------------------------------------------------------------ in a mail
def evidence(raw: bytes, kind: Kind) -> list[str]:
    """What is found in a mail, of one kind."""
    return [f.evidence for f in read(raw).findings if f.kind is kind]


def test_the_same_object_twice_is_one_invitation() -> None:
    """Shown and as a file; what is left out of either is withheld, and the method of the one is that of the other."""
    shown = calendar(event(SUMMARY=""), method="")
    file = calendar(event("BEGIN:VALARM\nEND:VALARM"), method="")
    reading = read(mail(shown, "REQUEST", file=file))
    assert reading.invitation is not None
    assert reading.invitation.method == "REQUEST"
    assert {f.evidence for f in reading.findings if f.part == "calendar"} == {Withheld.OBJECT, Withheld.TITLE, Withheld.ALARM}


def test_objects_that_say_different_things_wait() -> None:
    """One could hide behind the other."""
    assert evidence(mail(calendar(event()), file=calendar(event(DTSTART="20270119T153000Z"))), Kind.CALENDAR) == ["objects that differ"]
    assert evidence(mail(calendar(event()), file=calendar(event(), method="CANCEL")), Kind.CALENDAR) == ["objects that differ"]
    cut = read(mail(calendar(event()), file=calendar(event())[:-30]))
    assert cut.invitation is None
    assert not cut.company_text


def test_a_task_beside_an_invitation_takes_nothing_from_it() -> None:
    """It is a finding of its own."""
    raw = mail(calendar(event()), "REQUEST", file=calendar("BEGIN:VTODO\nSUMMARY:homework\nEND:VTODO"))
    assert read(raw).invitation is not None
    assert evidence(raw, Kind.OPAQUE) == ["no event"]


def answered(method: str, **properties: str) -> bytes:
    """An answer as octets."""
    person = f"ATTENDEE{properties.pop('state', '')}:mailto:{COACH}"
    return calendar(event(person, **{"UID": DRAWN, "ORGANIZER": f"mailto:{BOSS}", "ATTENDEE": "", **properties}), method=method)


@pytest.mark.parametrize(
    ("octets", "status", "words"),
    [
        (calendar(event()), Status.STATED, "2027-01-19 16:00-17:00 (Europe/Berlin)"),
        (calendar(event(), method="CANCEL"), Status.CANCELLED, "2027-01-19 16:00-17:00 (Europe/Berlin)"),
        (calendar(event(DTEND="20270120T140000Z")), Status.STATED, "2027-01-19 16:00-2027-01-20 15:00 (Europe/Berlin)"),
        (calendar(event(leave=("DTSTART", "DTEND"), **{"DTSTART;VALUE=DATE": "20270119"})), Status.STATED, "2027-01-19"),
        (calendar(event(LOCATION="Room 4")), Status.STATED, "Room 4"),
        (calendar(event(LOCATION=MEETING)), Status.STATED, MEETING),
        (answered("COUNTER"), Status.PROPOSED, "2027-01-19 16:00"),
        (answered("REPLY", state=";PARTSTAT=ACCEPTED"), Status.STATED, "Confirmed: 2027-01-19 16:00"),
        (answered("REPLY", state=";PARTSTAT=DECLINED"), Status.STATED, "2027-01-19 16:00"),
        (answered("REFRESH", DTSTART="", DTEND=""), Status.STATED, "ppointment"),
    ],
)  # fmt: skip
def test_a_mail_without_words_tells_the_facts_of_its_object(octets: bytes, status: Status, words: str) -> None:
    """For programs that show no calendar."""
    reading = read(mail(octets))
    assert reading.status == status
    assert words in reading.company_text
    assert "leave" not in reading.company_text + reading.company_subject


def test_words_of_the_coach_that_pass_stay_as_they_are() -> None:
    """Then the object adds nothing to them."""
    reading = read(mail(calendar(event()), text="Hi Dana,\n\nTuesday 19 January, 16:00 to 17:00 works.\n\nRobin\n"))
    assert "16:00 to 17:00" in reading.company_text
    assert "Europe/Berlin" not in reading.company_text
    assert all(fact.source != "calendar" or fact.kind is not FactKind.TIME for fact in reading.facts)


def test_without_a_language_nothing_is_said_beside_the_object() -> None:
    """There are no words to say it in."""
    from gateway.core.analyse import analyse

    reading = analyse(mail(calendar(event())), (CONTEXT,), load_packs({})).readings[0][1]
    assert reading.invitation is not None
    assert reading.company_text == ""


def test_a_coach_without_a_known_zone_sees_utc() -> None:
    """As the object has it."""
    assert "15:00-16:00 (UTC)" in read(mail(calendar(event())), replace(CONTEXT, time_zone="Mars/Olympus")).company_text
