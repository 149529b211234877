"""The life of an appointment: what a further message about it is, and what is remembered of it afterwards (RFC 5546 sections 2.1.4, 2.1.5 and 3.2).

The gateway counts nothing itself: SEQUENCE and DTSTAMP are the organiser's. All of it is remembered for each recipient apart: a calendar service writes to
every attendee by herself, with one UID and one SEQUENCE, and none of these mails repeats another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.core.appointment import Appointment, Original, Party, Reply
from gateway.core.calendar.lines import Unreadable
from gateway.core.calendar.original import address_of
from gateway.core.calendar.recurrence import in_one_form
from gateway.core.calendar.write import company_uid
from gateway.core.calendar.zones import RULES, rule_of
from gateway.core.invitation import ANSWERS, Event, Invitation, Method, Moment
from gateway.core.model import Finding, Kind, Reading

KEEP = timedelta(days=60)  # beyond the last instance
MOST_REPLIES = 400  # of one attendee
CANCELLED = "CANCELLED"
_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 62, "YEARLY": 4 * 366}  # at most from one instance to the next: the 31st, the 29th of February
_CENTURY = timedelta(days=36_500)  # calendars end somewhere


class Course(StrEnum):
    """What a message is in the life of its appointment. Closed: these words stand in the audit log."""

    NEW = "new"
    UPDATE = "update"
    UNCHANGED = "unchanged"  # a company sees no difference; it is sent all the same: she may have asked for it again
    STRANGE = "strange"  # calls off, or adds to, what never went through here: the words are of use even where no calendar knows the entry
    UNSEEN = "unseen"  # answers an invitation that was never seen to come in
    LATE = "late"  # older than what was sent last
    REPEATED = "repeated"  # was sent before


SILENT = frozenset({Course.LATE, Course.REPEATED})  # a company gets no calendar object


@dataclass(frozen=True, slots=True)
class Step:
    """A message in the life of its appointment: what it is, and the invitation as it goes on."""

    course: Course
    invitation: Invitation


def step(known: Appointment | None, recipient: str, invitation: Invitation) -> Step:
    """What `invitation` is to `recipient` (an address in lower case), given what is known of its UID.

    An instance that comes alone takes the zone of its series, and one that is added to a known series becomes a further date of it.
    """
    method = invitation.method
    if method in ANSWERS:
        return Step(Course.UPDATE if known is not None and known.by_company else Course.UNSEEN, invitation)
    party = known.party(recipient) if known is not None else None
    if party is None or not party.events:
        return Step(Course.STRANGE if method in (Method.CANCEL, Method.ADD) else Course.NEW, invitation)
    invitation = _in_zone_of(party, invitation)
    if method is Method.ADD:
        return Step(Course.UPDATE, _merged(party, invitation))
    if method is Method.DECLINECOUNTER:
        return Step(Course.UPDATE, invitation)
    courses = {_course(_last(party, event), event, method) for event in invitation.events}
    if not courses <= SILENT:  # where one of its events is news, the message is
        courses -= SILENT
    return Step(next(c for c in Course if c in courses), invitation)


def with_memory(reading: Reading, known: Appointment | None, recipient: str) -> tuple[Reading, Course | None]:
    """The reading as it goes to `recipient` (an address in lower case), in the light of what is known of its appointment; None where it has no object.

    What is late says nothing to a company. What was sent before needs no second entry, but what the text itself says is said: it may be a reminder.
    """
    if reading.invitation is None:
        return reading, None
    taken = step(known, recipient, reading.invitation)
    if taken.course not in SILENT:
        return replace(reading, invitation=taken.invitation), taken.course
    told = Finding("calendar", Kind.NOTES, "late" if taken.course is Course.LATE else "sent before")
    reading = replace(reading, invitation=None, findings=(*reading.findings, told))
    if taken.course is Course.LATE or any(fact.source == "calendar" for fact in reading.facts):
        reading = replace(reading, company_text="", company_subject="")
    return reading, taken.course


def _last(party: Party, event: Event) -> Event | None:
    """What was sent last of the same instance; the whole speaks for each once it is cancelled."""
    last = find(party, event.recurrence)
    whole = find(party, None)
    return whole if whole is not None and whole.status == CANCELLED and (last is None or last.stamp < whole.stamp) else last


def _course(last: Event | None, event: Event, method: Method) -> Course:
    if last is None or event.sequence > last.sequence:
        return Course.UPDATE
    if event.stamp < last.stamp:
        return Course.LATE
    if event.sequence < last.sequence:  # newer by the clock alone: some services count anew for an instance
        return Course.UPDATE
    if replace(last, stamp=event.stamp) != _as_kept(event, method):
        return Course.UPDATE
    return Course.UNCHANGED if event.stamp > last.stamp else Course.REPEATED


def find(party: Party, recurrence: Moment | None) -> Event | None:
    """What the party has of an instance, or of the whole where `recurrence` is None."""
    wanted = key_of(recurrence)
    return next((e for e in party.events if key_of(e.recurrence) == wanted), None)


def key_of(moment: Moment | None) -> tuple[bool, datetime] | None:
    """The same for the same instant in whatever zone, and for a date only for that date."""
    return None if moment is None else (moment.is_date, instant(moment))


def instant(moment: Moment) -> datetime:
    """Naive UTC; of a date its midnight. What was read once is not doubted again: unlike that of `values` it raises nothing."""
    return moment.at if moment.zone in ("", "UTC") else rule_of(moment.zone).to_utc(moment.at)


def in_zone(moment: Moment, zone: str) -> Moment:
    """The same instant by the clock of `zone`; a date stays a date, and nothing changes where there is no zone to go to."""
    if moment.is_date or zone not in RULES:
        return moment
    return Moment(instant(moment) if zone == "UTC" else rule_of(zone).to_local(instant(moment)), zone)


def zone_of_series(party: Party) -> str:
    """The zone by whose clock the series runs; "" where there is no series with one."""
    whole = find(party, None)
    return whole.start.zone if whole is not None and whole.start is not None and (whole.rule or whole.added) else ""


def _in_zone_of(party: Party, invitation: Invitation) -> Invitation:
    """Instances that come without their series have the form that they would have beside it (RFC 5545 section 3.8.4.4)."""
    series = find(party, None)
    alone = all(e.recurrence is not None and e.start is not None and not e.start.is_date for e in invitation.events)
    if series is None or not zone_of_series(party) or not alone:
        return invitation
    try:
        return replace(invitation, events=in_one_form((series, *invitation.events))[1:])
    except Unreadable:
        return invitation


def _merged(party: Party, addition: Invitation) -> Invitation:
    """A REQUEST of the whole with one date more; the ADD itself where the series is none, or the new instance is not like the others."""
    series, (event, *others) = find(party, None), addition.events
    if series is None or series.start is None or series.end is None or event.start is None or event.end is None:
        return addition
    alike = not others and (event.place, event.link, event.start.is_date) == (series.place, series.link, series.start.is_date)
    alike = alike and instant(event.end) - instant(event.start) == instant(series.end) - instant(series.start)
    if not alike or not (series.rule or series.added) or series.status == CANCELLED:
        return addition
    date = in_zone(event.start, series.start.zone)
    grown = replace(series, added=(*series.added, date), sequence=event.sequence, stamp=event.stamp)
    try:
        events = whole(replace(party, events=(grown, *(e for e in party.events if e.recurrence is not None))))
    except Unreadable:
        return addition
    return replace(addition, method=Method.REQUEST, events=events)


def whole(party: Party) -> tuple[Event, ...]:
    """All that the party should have: the series without its cancelled dates, then the instances that differ. Raises `Unreadable` where they do not fit."""
    series = find(party, None)
    instances = tuple(e for e in party.events if e.recurrence is not None)
    gone = tuple(e.recurrence for e in instances if e.status == CANCELLED and e.recurrence is not None)
    living = tuple(e for e in instances if e.status != CANCELLED)
    if series is None or not (series.rule or series.added):
        return ((series,) if series else ()) + living
    left = tuple(m for m in gone if key_of(m) not in {key_of(x) for x in series.excluded})
    return in_one_form((replace(series, excluded=(*series.excluded, *left)), *living))


# ------------------------------------------------------------------------------------------------ what is remembered
def remembered(original: Original, uid_key: bytes, language: str, recipient: str, client_id: str | None, invitation: Invitation) -> Appointment:
    """What is to be kept of an invitation that goes to `recipient`; `joined` puts it beside what is there."""
    line = next((line for line in original.attendees if address_of(line) == recipient), "")
    events = tuple(_as_kept(event, invitation.method) for event in invitation.events)
    party = Party(recipient, client_id, line, events)
    organizer = original.organizer or f"ORGANIZER:mailto:{invitation.organizer}"
    return Appointment(original.uid, company_uid(original.uid, uid_key), original.title, language, organizer, (party,))


def _as_kept(event: Event, method: Method) -> Event:
    return replace(event, status=CANCELLED) if method is Method.CANCEL else event


def joined(known: Appointment | None, news: Appointment) -> Appointment:
    """`known` with all that `news` says beyond it. What a mail left out (a title in a cancellation, say) stays as it was."""
    if known is None:
        return news
    parties = {p.address: p for p in known.parties}
    for party in news.parties:
        parties[party.address] = _joined(parties.get(party.address), party)
    return replace(
        known,
        title=news.title or known.title,
        language=news.language or known.language,
        organizer=news.organizer or known.organizer,
        parties=tuple(parties.values()),
    )


def _joined(known: Party | None, news: Party) -> Party:
    if known is None:
        return news
    events = {key_of(e.recurrence): e for e in known.events}
    replies = {key_of(r.recurrence): r for r in known.replies}
    before, after = find(known, None), find(news, None)
    if before is not None and after is not None and after.status != CANCELLED and (before.start, before.rule) != (after.start, after.rule):
        events, replies = {}, {}  # RFC 5546 section 3.2.2.1: a series that runs otherwise has other instances, and asks anew
    events |= {key_of(e.recurrence): e for e in news.events}
    replies |= {key_of(r.recurrence): r for r in news.replies}
    kept = tuple(replies.values())[-MOST_REPLIES:]  # dates that are no dates of the series could be answered without end
    return Party(news.address, news.client_id or known.client_id, news.attendee or known.attendee, tuple(events.values()), kept)


def is_over(party: Party, reply: Reply) -> bool:
    """Whether the attendee has said this before, or something newer, of the same instance (RFC 5546 section 2.1.5)."""
    last = next((r for r in party.replies if key_of(r.recurrence) == key_of(reply.recurrence)), None)
    return last is not None and (reply.stamp < last.stamp or (reply.stamp, reply.partstat) == (last.stamp, last.partstat))


def forget_after(appointment: Appointment, at: datetime) -> datetime | None:
    """When nothing of it is needed any more, in naive UTC, if nothing comes after `at` (naive UTC too); None for a series without an end."""
    ends = [_end(e, at) for p in appointment.parties for e in p.events]
    return None if None in ends else max([at, *(end for end in ends if end is not None)]) + KEEP


def _end(event: Event, at: datetime) -> datetime | None:
    """The end of the last instance, or a bound that is not before it."""
    dates = [instant(m) for m in (event.start, event.end, *event.added) if m is not None]
    rule = dict(event.rule)
    if event.status == CANCELLED or not dates:
        return at
    if "UNTIL" in rule:
        dates.append(datetime.strptime(rule["UNTIL"][:8], "%Y%m%d"))
    elif "COUNT" in rule:
        picks = {"BYMONTH", "BYMONTHDAY", "BYSETPOS"} & rule.keys()
        days = _DAYS["YEARLY"] if picks else _DAYS[rule["FREQ"]]
        dates.append(min(dates) + min(timedelta(days=days * int(rule["COUNT"]) * int(rule.get("INTERVAL", "1"))), _CENTURY))
    elif rule:
        return None
    return max(dates) + timedelta(days=1)
