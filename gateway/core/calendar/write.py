"""An invitation to calendar octets: a new object made of typed values and of the gateway's own words (RFC 5545, RFC 5546, RFC 6047).

This module never sees the original. The UID is a keyed hash of the organiser's: the same always, readable never; an answer carries the company's own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Component, vCalAddress, vRecur, vText
from icalendar import Event as VEvent
from icalendar import Timezone as VTimezone
from icalendar.cal.timezone import TimezoneDaylight, TimezoneStandard
from icalendar.prop import vDatetime, vUTCOffset

from gateway.core.calendar.zones import DAYS, Change, Rule, rule_of
from gateway.core.invitation import ANSWERS, Event, Invitation, Method, Moment

PRODID = "-//coachgate//calendar//EN"
DAY_SECONDS = 24 * 3600
EPOCH = 1970
YEARS = 12  # for which a zone is written that has no yearly rule: as long as programs without a table of their own need it
LOCAL = "local"  # not a zone: the clock that runs until a change of the zone
TITLES = {  # neutral, by language of the mail
    "ar": "موعد مع {coach}", "de": "Termin mit {coach}", "en": "Meeting with {coach}", "es": "Cita con {coach}", "fr": "Rendez-vous avec {coach}",
    "hi": "{coach} के साथ बैठक", "it": "Appuntamento con {coach}", "ja": "{coach}との打ち合わせ", "nl": "Afspraak met {coach}", "pl": "Spotkanie: {coach}",
    "pt": "Reunião com {coach}", "sv": "Möte med {coach}", "tr": "{coach} ile görüşme", "zh": "与{coach}的会面",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voice:
    """What the gateway says where the original said something: all of it from configuration."""

    summary: str  # neutral title
    names: Mapping[str, str]  # address -> name from the directory
    organizer: str  # the coach's address, also the From of the mail
    recipient: str  # the company address that gets this copy
    uid_key: bytes  # 32 octets, never changed while a series lives


def neutral_title(language: str, coach: str) -> str:
    """The title that a company sees instead of the coach's."""
    return TITLES.get(language, TITLES["en"]).replace("{coach}", coach)


def company_uid(original: str, key: bytes) -> str:
    """UUID version 8 (RFC 9562 section 5.8) of the keyed hash: 36 characters that name nobody (RFC 7986 section 5.3)."""
    digest = bytearray(hmac.new(key, b"uid\0" + original.encode(), hashlib.sha256).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def company_object(invitation: Invitation, voice: Voice) -> bytes:
    """The calendar object of a company copy, lines folded at 75 octets with CRLF (RFC 5545 section 3.1)."""
    method = invitation.method
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    for zone in zones_of(invitation.events):
        calendar.add_component(zone)
    for event in invitation.events:
        calendar.add_component(_event(event, invitation, method, voice))
    octets: bytes = calendar.to_ical(sorted=False)
    return octets


def _moments(event: Event) -> tuple[Moment, ...]:
    return tuple(m for m in (event.start, event.end, event.recurrence, event.old_start, event.old_end, *event.added, *event.excluded) if m)


def zones_of(events: Sequence[Event]) -> list[VTimezone]:
    """A VTIMEZONE for each zone that `events` name, by its name."""
    moments = [m for event in events for m in _moments(event)]
    years = [m.at.year for m in moments] + [int(value[:4]) for event in events for name, value in event.rule if name == "UNTIL"]
    return [_timezone(zone, range(min(years) - 1, max(years) + YEARS)) for zone in sorted({m.zone for m in moments} - {"", "UTC"})]


def _event(event: Event, invitation: Invitation, method: Method, voice: Voice) -> Component:
    vevent = VEvent()
    answer = method in ANSWERS
    vevent.add("uid", event.uid if answer else company_uid(event.uid, voice.uid_key))
    vevent.add("dtstamp", event.stamp.replace(tzinfo=UTC))
    vevent.add("sequence", event.sequence)
    for name, moment in (
        ("DTSTART", event.start), ("DTEND", event.end), ("RECURRENCE-ID", event.recurrence),
        ("X-MS-OLK-ORIGINALSTART", event.old_start), ("X-MS-OLK-ORIGINALEND", event.old_end),
    ):
        if moment is not None:
            put(vevent, name, (moment,))
    if event.rule:
        vevent["RRULE"] = vRecur.from_ical(";".join(f"{name}={value}" for name, value in event.rule))
    for name, moments in (("RDATE", event.added), ("EXDATE", event.excluded)):
        for zone in sorted({m.zone for m in moments}):
            put(vevent, name, tuple(m for m in moments if m.zone == zone))
    vevent.add("organizer", _person(invitation.organizer or voice.recipient, voice) if answer else _person(voice.organizer, voice))
    for address, parameters in _attendees(event, method, voice):
        person = _person(address, voice)
        person.params.update(parameters)
        vevent.add("attendee", person)
    if method is not Method.REFRESH:
        vevent.add("summary", voice.summary)
    if method is Method.CANCEL:
        vevent.add("status", "CANCELLED")
    elif event.status and not answer:
        vevent.add("status", event.status)
    if event.transparency:
        vevent.add("transp", event.transparency)
    if not answer:
        vevent.add("class", "PRIVATE")
        if event.place or event.link:
            vevent.add("location", event.place or event.link)
        if event.link:
            vevent.add("description", event.link)
        if event.start is not None and event.start.is_date:
            vevent["X-MICROSOFT-CDO-ALLDAYEVENT"] = vText("TRUE")
    return vevent


def _attendees(event: Event, method: Method, voice: Voice) -> list[tuple[str, dict[str, str]]]:
    """Who stands in the copy: those of the company and the coach, the recipient in any case; an answer names only who answers."""
    if method is Method.PUBLISH:
        return []  # RFC 5546 section 3.2.1: a publication asks nobody
    if method in ANSWERS:
        own = next(iter(event.attendees), None)
        return [(own.address if own else voice.organizer, {"PARTSTAT": own.partstat} if own and own.partstat else {})]
    found = {a.address: a for a in event.attendees if a.address != voice.organizer}
    people = []
    for address in dict.fromkeys((voice.recipient, *found)):
        known = found.get(address)
        parameters = {name: value for name, value in (("CUTYPE", known.cutype), ("ROLE", known.role), ("PARTSTAT", known.partstat)) if value} if known else {}
        if method in (Method.REQUEST, Method.ADD):
            parameters = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", **parameters, "RSVP": "TRUE"}
        people.append((address, parameters))
    return people


def _person(address: str, voice: Voice) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    person.params["CN"] = voice.names.get(address, address)
    return person


def put(component: Component, name: str, moments: tuple[Moment, ...]) -> None:
    """Dates or times of one form: dates bare, UTC with Z, the changes of a zone by its own clock, others with the zone by name."""
    first = moments[0]
    text = ",".join(m.at.strftime("%Y%m%d" if m.is_date else "%Y%m%dT%H%M%SZ" if m.zone == "UTC" else "%Y%m%dT%H%M%S") for m in moments)
    parameters = {"VALUE": "DATE"} if first.is_date else {} if first.zone in ("UTC", LOCAL) else {"TZID": first.zone}
    component.add(name, _Plain(text, parameters), encode=False)


class _Plain(vText):
    """A value already in the form of its type: the library would escape the commas between dates."""

    def __new__(cls, text: str, parameters: Mapping[str, str]) -> _Plain:
        made = super().__new__(cls, text)
        made.params.update(parameters)
        return made

    def __init__(self, text: str, parameters: Mapping[str, str]) -> None:
        """All is done by `__new__`."""

    def to_ical(self) -> bytes:
        """The text as it is."""
        return str(self).encode("ascii")


# ------------------------------------------------------------------------------------------------ time zones
def _timezone(zone: str, years: range) -> VTimezone:
    """A VTIMEZONE of one STANDARD and at most one DAYLIGHT with a yearly rule of one BYDAY: the form that Outlook reads (MS-OXCICAL 2.1.3.1.1.19.2).

    A change that no such rule can say ("24:00 of the last Thursday") stands there by its dates, for `years`.
    """
    vtimezone = VTimezone()
    vtimezone.add("tzid", zone)
    for kind, before, after, change in _changes(rule_of(zone)):
        block = TimezoneStandard() if kind == "STANDARD" else TimezoneDaylight()
        by_rule = change is None or 0 <= change.second < DAY_SECONDS
        first = change.of(EPOCH if by_rule else years[0]) if change else datetime(EPOCH, 1, 1)
        block["DTSTART"] = vDatetime(first)
        block["TZOFFSETFROM"], block["TZOFFSETTO"] = vUTCOffset(before), vUTCOffset(after)
        if change and by_rule:
            week = "-1" if change.week == 5 else str(change.week)
            block["RRULE"] = vRecur.from_ical(f"FREQ=YEARLY;BYMONTH={change.month};BYDAY={week}{DAYS[change.weekday]}")
        elif change:
            put(block, "RDATE", tuple(Moment(change.of(year), LOCAL) for year in years[1:]))
        vtimezone.add_component(block)
    return vtimezone


def _changes(rule: Rule) -> list[tuple[str, timedelta, timedelta, Change | None]]:
    """(kind, offset before, offset after, when) of each block; the larger offset is the one of summer, whatever the rule calls it (Ireland)."""
    if rule.summer is None:
        return [("STANDARD", rule.standard, rule.standard, None)]
    named = [("DAYLIGHT", rule.standard, rule.summer, rule.begins), ("STANDARD", rule.summer, rule.standard, rule.ends)]
    if rule.summer < rule.standard:
        named = [("STANDARD", rule.standard, rule.summer, rule.begins), ("DAYLIGHT", rule.summer, rule.standard, rule.ends)]
    return named
