"""The life of an appointment: order, repetition, zones, added dates, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.core.appointment import Appointment, Original, Party, Reply
from gateway.core.calendar.life import (
    CANCELLED,
    KEEP,
    MOST_REPLIES,
    Course,
    forget_after,
    in_zone,
    is_over,
    joined,
    remembered,
    step,
    whole,
    with_memory,
    zone_of_series,
)
from gateway.core.calendar.write import company_uid
from gateway.core.invitation import Event, Invitation, Method, Moment
from gateway.core.model import Fact, FactKind, Kind, Reading, Status

KEY, DANA, ERIK = b"k" * 32, "dana@acme.example", "erik@acme.example"
BERLIN = "Europe/Berlin"
NOON = datetime(2027, 1, 4, 12, 0)
FORM = Original("orig-1", "Session 4", "ORGANIZER:mailto:coach@coach.example", (f"ATTENDEE;CN=Dana:mailto:{DANA}",))


def at(day: int, hour: int, zone: str = BERLIN, month: int = 1) -> Moment:
    return Moment(datetime(2027, month, day, hour), zone)


SERIES = Event("orig-1", 0, NOON, at(11, 16), at(11, 17), rule=(("FREQ", "WEEKLY"), ("COUNT", "5")), link="https://meet.example/a")
SINGLE = Event("orig-1", 0, NOON, at(11, 15, "UTC"), at(11, 16, "UTC"))
MOVED = Event("orig-1", 1, NOON + timedelta(hours=1), at(19, 10), at(19, 11), recurrence=at(18, 16))


def ask(*events: Event, method: Method = Method.REQUEST) -> Invitation:
    return Invitation(method, "coach@coach.example", events)


def known(*messages: Invitation, to: str = DANA) -> Appointment:
    """What is remembered after `messages` went to one recipient."""
    row = None
    for message in messages:
        row = joined(row, remembered(FORM, KEY, "en", to, "c-0001", message))
    assert row is not None
    return row


def course(row: Appointment | None, message: Invitation, to: str = DANA) -> Course:
    return step(row, to, message).course


# ------------------------------------------------------------------------------------------------ order and repetition
def test_the_first_message_is_news_whatever_its_number():
    """An update whose beginning was never seen makes the appointment."""
    assert course(None, ask(replace(SINGLE, sequence=7))) is Course.NEW


@pytest.mark.parametrize(
    ("sequence", "hours", "changed", "expected"),
    [
        (1, -5, False, Course.UPDATE),  # counted up: always, whatever the clock says
        (0, 1, True, Course.UPDATE),
        (0, 1, False, Course.UNCHANGED),
        (0, 0, False, Course.REPEATED),
        (0, 0, True, Course.UPDATE),  # the same number and time, another content: nobody may guess which is right, so it goes
        (0, -1, True, Course.LATE),
        (0, -1, False, Course.LATE),
    ],
)
def test_order_goes_by_sequence_then_by_dtstamp(sequence: int, hours: int, changed: bool, expected: Course):
    """RFC 5546 section 2.1.5."""
    later = replace(SINGLE, sequence=sequence, stamp=NOON + timedelta(hours=hours), place="Room 4" if changed else "")
    assert course(known(ask(SINGLE)), ask(later)) is expected


@pytest.mark.parametrize(("hours", "expected"), [(-1, Course.LATE), (1, Course.UPDATE)])
def test_a_lower_number_is_late_only_where_it_is_older_too(hours: int, expected: Course):
    """Some services begin to count anew."""
    row = known(ask(replace(SINGLE, sequence=3)))
    assert course(row, ask(replace(SINGLE, sequence=2, stamp=NOON + timedelta(hours=hours)))) is expected


def test_each_recipient_has_an_order_of_her_own():
    """A calendar service mails one invitation to each attendee: the second mail is no repetition of the first."""
    row = known(ask(SINGLE))
    assert course(row, ask(SINGLE), ERIK) is Course.NEW
    both = joined(row, remembered(FORM, KEY, "en", ERIK, None, ask(SINGLE)))
    assert course(both, ask(SINGLE), ERIK) is Course.REPEATED
    assert [p.address for p in both.parties] == [DANA, ERIK]


def test_instances_have_an_order_of_their_own():
    """A later number of the series does not make the first mail about one date late."""
    row = known(ask(replace(SERIES, sequence=4, stamp=NOON + timedelta(days=1))))
    assert course(row, ask(MOVED)) is Course.UPDATE


def test_a_message_is_news_where_one_of_its_events_is():
    """A series with its changed dates comes in one object; old and new stand side by side."""
    row = known(ask(SERIES))
    assert course(row, ask(SERIES, MOVED)) is Course.UPDATE
    assert course(known(ask(SERIES, MOVED)), ask(SERIES, MOVED)) is Course.REPEATED
    assert course(known(ask(SERIES, MOVED)), ask(SERIES, replace(MOVED, stamp=NOON))) is Course.LATE


def test_a_cancelled_series_takes_late_dates_with_it():
    """A change of one date, older than the cancellation of all, is late; a newer one brings it back."""
    gone = ask(replace(SERIES, sequence=2, stamp=NOON + timedelta(hours=2)), method=Method.CANCEL)
    row = known(ask(SERIES), gone)
    assert course(row, ask(MOVED)) is Course.LATE
    assert course(row, gone) is Course.REPEATED
    assert course(row, ask(replace(MOVED, sequence=3, stamp=NOON + timedelta(hours=3)))) is Course.UPDATE
    changed_after = known(ask(SERIES), gone, ask(replace(MOVED, sequence=3, stamp=NOON + timedelta(hours=3))))
    assert course(changed_after, ask(replace(MOVED, sequence=3, stamp=NOON + timedelta(hours=3)))) is Course.REPEATED


@pytest.mark.parametrize("method", [Method.CANCEL, Method.ADD])
def test_what_changes_an_unknown_appointment_is_strange(method: Method):
    """It still goes: the words say what is called off, also where the entry came by another way."""
    assert course(None, ask(SINGLE, method=method)) is Course.STRANGE
    assert course(known(ask(SINGLE), to=ERIK), ask(SINGLE, method=method)) is Course.STRANGE


def test_an_answer_of_the_coach_is_known_where_the_company_asked():
    """Her answer carries the company's own UID; whether it was seen to come in is said."""
    reply = ask(SINGLE, method=Method.REPLY)
    assert course(None, reply) is Course.UNSEEN
    assert course(known(ask(SINGLE)), reply) is Course.UNSEEN
    assert course(Appointment("orig-1", "orig-1", by_company=True), reply) is Course.UPDATE


def test_a_declined_counter_proposal_always_goes():
    """It repeats the number and often the time of the invitation."""
    assert course(known(ask(SINGLE)), ask(SINGLE, method=Method.DECLINECOUNTER)) is Course.UPDATE


# ------------------------------------------------------------------------------------------------ zones and added dates
def test_a_date_that_comes_alone_is_named_by_the_clock_of_its_series():
    """RFC 5545 section 3.8.4.4: it gets the form that it would have beside its series."""
    alone = replace(MOVED, recurrence=at(18, 15, "UTC"), start=at(19, 9, "UTC"), end=at(19, 10, "UTC"))
    assert step(known(ask(SERIES)), DANA, ask(alone)).invitation.events == (MOVED,)


def test_no_zone_is_lent_where_there_is_none():
    """A series of whole days, a single appointment, an object with its series in it."""
    days = replace(SERIES, start=Moment(datetime(2027, 1, 11), ""), end=Moment(datetime(2027, 1, 12), ""))
    alone = replace(MOVED, recurrence=at(18, 15, "UTC"))
    whole_day = replace(alone, start=Moment(datetime(2027, 1, 19), ""), end=Moment(datetime(2027, 1, 20), ""))
    twice = ask(alone, replace(alone, recurrence=at(18, 16)))
    for first, message in ((days, ask(alone)), (SINGLE, ask(alone)), (SERIES, ask(SERIES, alone)), (SERIES, ask(whole_day)), (SERIES, twice)):
        assert step(known(ask(first)), DANA, message).invitation == message
    assert zone_of_series(Party(DANA)) == ""
    assert in_zone(at(18, 16), "Nowhere/Land") == at(18, 16)
    assert in_zone(at(18, 16), "UTC") == at(18, 15, "UTC")


def add(**fields: object) -> Invitation:
    event = replace(SERIES, sequence=1, stamp=NOON + timedelta(hours=1), rule=(), start=at(13, 15, "UTC"), end=at(13, 16, "UTC"))
    return ask(replace(event, **fields), method=Method.ADD)  # type: ignore[arg-type]


def test_an_added_date_becomes_one_of_the_series():
    """Few programs know ADD; all know a series with one date more. A cancelled date stays out, a moved one stays moved."""
    gone = replace(SERIES, rule=(), recurrence=at(25, 16), sequence=1, stamp=NOON + timedelta(hours=1))
    row = known(ask(SERIES), ask(MOVED), ask(gone, method=Method.CANCEL))
    taken = step(row, DANA, add())
    assert (taken.course, taken.invitation.method) == (Course.UPDATE, Method.REQUEST)
    series, moved = taken.invitation.events
    assert series.added == (at(13, 16),)
    assert series.excluded == (at(25, 16),)
    assert (series.sequence, series.rule) == (1, SERIES.rule)
    assert moved == MOVED


@pytest.mark.parametrize(
    "fields",
    [
        {"end": at(13, 17, "UTC")},
        {"place": "Room 4"},
        {"link": ""},
        {"start": None, "end": None},
        {"start": Moment(datetime(2027, 1, 13), ""), "end": Moment(datetime(2027, 1, 14), "")},
    ],
    ids=["longer", "elsewhere", "without the link", "no time", "a day"],
)
def test_a_date_unlike_the_others_stays_an_addition(fields: dict[str, object]):
    """A further date of a series has the length and the place of the series."""
    assert step(known(ask(SERIES)), DANA, add(**fields)).invitation.method is Method.ADD


def test_only_a_living_series_is_added_to():
    """Not to a single appointment, not to one that was called off, not to dates without their series."""
    cancelled = known(ask(SERIES), ask(replace(SERIES, sequence=1), method=Method.CANCEL))
    for row in (known(ask(SINGLE)), cancelled, known(ask(MOVED))):
        assert step(row, DANA, add()).invitation.method is Method.ADD
    unfit = joined(known(ask(SERIES)), known(ask(replace(MOVED, recurrence=Moment(datetime(2027, 1, 18), "")), replace(MOVED, recurrence=at(18, 16)))))
    assert step(unfit, DANA, add()).invitation.method is Method.ADD, "what was sent of it contradicts itself"
    two = ask(*add().events, replace(add().events[0], start=at(14, 15, "UTC"), end=at(14, 16, "UTC")), method=Method.ADD)
    assert step(known(ask(SERIES)), DANA, two).invitation == two


def test_the_whole_is_the_series_without_its_cancelled_dates():
    """Each left out once, also where the series says so itself already; without the series its dates are all there is."""
    gone = replace(MOVED, recurrence=at(18, 15, "UTC"), status=CANCELLED)
    (series,) = whole(Party(DANA, events=(replace(SERIES, excluded=(at(18, 16),)), gone)))
    assert series.excluded == (at(18, 16),)
    assert whole(Party(DANA, events=(gone, replace(MOVED, recurrence=at(25, 16))))) == (replace(MOVED, recurrence=at(25, 16)),)
    assert whole(Party(DANA, events=(SINGLE,))) == (SINGLE,)


# ------------------------------------------------------------------------------------------------ what is remembered
def test_what_is_remembered_has_both_names_and_the_coachs_own_words():
    """The UID both ways, the title, the organiser and the attendee as her program wrote them."""
    row = known(ask(SINGLE))
    assert (row.uid, row.company_uid) == ("orig-1", company_uid("orig-1", KEY))
    assert (row.title, row.organizer) == ("Session 4", "ORGANIZER:mailto:coach@coach.example")
    assert row.party(DANA) == Party(DANA, "c-0001", f"ATTENDEE;CN=Dana:mailto:{DANA}", (SINGLE,))
    assert remembered(Original("x"), KEY, "en", DANA, None, ask(SINGLE)).organizer == "ORGANIZER:mailto:coach@coach.example"


def test_what_a_later_mail_leaves_out_stays():
    """A cancellation without title, organiser and attendees takes none of them away."""
    row = known(ask(SINGLE))
    bare = remembered(Original("orig-1"), KEY, "", DANA, None, ask(replace(SINGLE, sequence=1), method=Method.CANCEL))
    after = joined(row, replace(bare, organizer=""))
    assert (after.title, after.organizer, after.language) == (row.title, row.organizer, "en")
    (party,) = after.parties
    assert (party.client_id, party.attendee) == ("c-0001", f"ATTENDEE;CN=Dana:mailto:{DANA}")
    assert [e.status for e in party.events] == [CANCELLED]


def test_replies_are_kept_for_each_date_and_the_newest_counts():
    """RFC 5546 section 2.1.5; the same said twice is said once."""
    first = Reply(None, "ACCEPTED", 0, NOON)
    row = joined(known(ask(SERIES)), Appointment("orig-1", "x", parties=(Party(DANA, replies=(first, replace(first, recurrence=at(18, 16)))),)))
    (party,) = row.parties
    assert len(party.replies) == 2
    assert party.events == (SERIES,)
    assert is_over(party, first)
    assert is_over(party, replace(first, partstat="DECLINED", stamp=NOON - timedelta(seconds=1)))
    assert not is_over(party, replace(first, partstat="DECLINED"))
    assert not is_over(party, replace(first, stamp=NOON + timedelta(seconds=1)))
    assert not is_over(party, replace(first, recurrence=at(25, 16)))
    assert is_over(party, replace(first, recurrence=at(18, 15, "UTC")))


def test_answers_to_dates_that_never_were_do_not_pile_up():
    """The newest so many are kept."""
    replies = tuple(Reply(Moment(NOON + timedelta(days=n), "UTC"), "ACCEPTED", 0, NOON) for n in range(MOST_REPLIES + 5))
    (party,) = joined(known(ask(SERIES)), Appointment("orig-1", "x", parties=(Party(DANA, replies=replies),))).parties
    assert party.replies == replies[5:]


def test_a_series_that_runs_otherwise_begins_anew():
    """Its changed dates and the answers to the old times are gone; a mere new link changes neither."""
    row = joined(known(ask(SERIES), ask(MOVED)), Appointment("orig-1", "x", parties=(Party(DANA, replies=(Reply(None, "ACCEPTED", 0, NOON),)),)))
    linked = joined(row, remembered(FORM, KEY, "en", DANA, None, ask(replace(SERIES, sequence=2, link="https://meet.example/b"))))
    assert [len(p.events) + len(p.replies) for p in linked.parties] == [3]
    shifted = joined(row, remembered(FORM, KEY, "en", DANA, None, ask(replace(SERIES, sequence=2, start=at(12, 16)))))
    assert [(len(p.events), len(p.replies)) for p in shifted.parties] == [(1, 0)]
    cancelled = joined(row, remembered(FORM, KEY, "en", DANA, None, ask(replace(SERIES, sequence=2, start=at(12, 16)), method=Method.CANCEL)))
    assert [len(p.events) for p in cancelled.parties] == [2]


@pytest.mark.parametrize(
    ("event", "last"),
    [
        (SINGLE, datetime(2027, 1, 11)),
        (replace(SERIES, rule=(("FREQ", "WEEKLY"), ("UNTIL", "20270405T140000Z"))), datetime(2027, 4, 5)),
        (SERIES, datetime(2027, 2, 8)),
        (replace(SERIES, rule=(("FREQ", "MONTHLY"), ("COUNT", "3"), ("INTERVAL", "2"))), datetime(2027, 5, 11)),
        (replace(SERIES, rule=(("FREQ", "MONTHLY"), ("COUNT", "2"), ("BYMONTHDAY", "31"), ("BYMONTH", "1"))), datetime(2028, 1, 31)),
        (replace(SERIES, rule=(("FREQ", "YEARLY"), ("COUNT", "200"), ("INTERVAL", "900"))), datetime(2100, 1, 1)),
        (replace(SINGLE, added=(at(3, 10, month=6),)), datetime(2027, 6, 3)),
    ],
)
def test_nothing_is_forgotten_before_the_last_date_is_long_over(event: Event, last: datetime):
    """At least sixty days beyond it, counted with a bound that is never too early."""
    until = forget_after(known(ask(event)), NOON)
    assert until is not None
    assert until >= last + KEEP


def test_a_series_without_an_end_is_kept_until_it_is_called_off():
    """Then sixty days more, from the day of the cancellation."""
    endless = replace(SERIES, rule=(("FREQ", "WEEKLY"),))
    assert forget_after(known(ask(endless)), NOON) is None
    assert forget_after(known(ask(endless), ask(replace(endless, sequence=1), method=Method.CANCEL)), NOON) == NOON + KEEP
    assert forget_after(Appointment("a", "a", by_company=True, parties=(Party(DANA),)), NOON) == NOON + KEEP
    assert forget_after(known(ask(replace(SINGLE, start=None, end=None))), NOON) == NOON + KEEP


# ------------------------------------------------------------------------------------------------ what a company hears
def reading(invitation: Invitation | None, source: str) -> Reading:
    return Reading("en", True, Status.STATED, (Fact(FactKind.TIME, "Tuesday 16:00", source),), (), True, "Tuesday 16:00.", "Meeting", invitation)


def test_a_mail_without_an_object_is_left_alone():
    """What has no calendar object has no course."""
    plain = reading(None, "1")
    assert with_memory(plain, None, DANA) == (plain, None)


def test_news_goes_as_it_is():
    """Reading and invitation unchanged, but for what the life of the appointment adds."""
    fresh = reading(ask(SINGLE), "calendar")
    assert with_memory(fresh, None, DANA) == (fresh, Course.NEW)


def test_what_is_late_says_nothing_to_a_company():
    """Its old time would be wrong, in the object and in the words; the whole mail is notes, for the personal address."""
    row = known(ask(replace(SINGLE, stamp=NOON + timedelta(hours=1))))
    silent, what = with_memory(reading(ask(SINGLE), "1"), row, DANA)
    assert what is Course.LATE
    assert (silent.invitation, silent.company_text, silent.company_subject) == (None, "", "")
    assert [(f.kind, f.evidence) for f in silent.findings] == [(Kind.NOTES, "late")]


@pytest.mark.parametrize(("source", "text"), [("calendar", ""), ("1", "Tuesday 16:00.")])
def test_what_was_sent_before_is_a_reminder_only_in_words_of_its_own(source: str, text: str):
    """No second entry; but a reminder with the old object attached still reminds."""
    told, what = with_memory(reading(ask(SINGLE), source), known(ask(SINGLE)), DANA)
    assert what is Course.REPEATED
    assert (told.invitation, told.company_text) == (None, text)
    assert [f.evidence for f in told.findings] == ["sent before"]
