"""Writes for the coach what came back from a company: a message with the answer as her own calendar program knows the appointment (RFC 6047), and in words.

Made of a typed `Back` alone; `prove_home` reads it again (law 8). It goes to the coach and to nobody else: her title stands in it, and what the attendee wrote.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Mapping
from datetime import UTC
from email import message_from_bytes

from icalendar import Calendar, vCalAddress, vText
from icalendar import Event as VEvent
from icalendar.parser import Contentline

from gateway.core.appointment import Appointment, Party
from gateway.core.calendar.back import Back, Outcome, Warning
from gateway.core.calendar.life import find, in_zone
from gateway.core.calendar.lines import Component, Unreadable, plain_text, read_components
from gateway.core.calendar.values import date_time
from gateway.core.calendar.write import PRODID, put, zones_of
from gateway.core.calendar.zones import RULES
from gateway.core.compose import Stamp
from gateway.core.header import address_words, date_words, field, text_words
from gateway.core.invitation import Event, Method, Moment
from gateway.core.model import Coach, Mailbox

_FIELDS = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
TEXTS: Mapping[str, str] = {
    "ACCEPTED": "Accepted",
    "DECLINED": "Declined",
    "TENTATIVE": "Tentative",
    "DELEGATED": "Delegated",
    "NEEDS-ACTION": "No answer yet",
    "COUNTER": "New time proposed",
    "BOUNCED": "Not delivered",
    "proposed": "Proposed instead:",
    "bounced": "This invitation did not arrive. The address may be wrong, or the mailbox full; please ask by another way.",
    "said": "With these words:",
    Warning.COMMENT: "This was written in the company mailbox, where others can read it. Your answer to it belongs at the personal address.",
    Warning.OTHER_SENDER: "Somebody other than the one you invited has answered, so somebody else reads this calendar:",
    Warning.SENT_BY: "The answer was given on behalf of the one you invited: somebody else reads this calendar.",
    Warning.DELEGATED: "The appointment was handed on to somebody else. She or he gets nothing from you but what the company gets.",
    Warning.COUNTED_UP: "The answer counts a change that you did not make; it was set back to yours.",
    Warning.FROM_SUBJECT: "The answer did not say whose it is; it was taken from its subject.",
}


class NotHome(Exception):
    """A message for the coach holds something else than the answer says; `reason` is a closed word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def home_message(back: Back, coach: Coach, author: Mailbox, stamp: Stamp) -> bytes:
    """The message for the coach of an answer (`ANSWERED`), or the notice of a bounce (`BOUNCED`): RFC 5322 octets, CRLF, ASCII.

    `author` stands in From: an address that her calendar provider takes the answer from. Raises ValueError for any other outcome.
    """
    known, party = _parts(back)
    subject = f"{_headline(back)}: {known.title}".rstrip(": ")
    head = (
        field("From", *address_words(party.address, str(author)))
        + field("To", *address_words(coach.name, str(coach.addresses[0])))
        + field("Subject", *text_words(subject))
        + field("Date", *date_words(stamp.at))
        + field("Message-ID", stamp.message_id)
    )
    if back.outcome is Outcome.BOUNCED:
        head += field("Auto-Submitted", "auto-generated")
    head += field("MIME-Version", "1.0")
    text = _leaf("text/plain;", ("charset=utf-8",), "quoted-printable", _quoted(_words(back, coach.time_zone)))
    if back.outcome is Outcome.BOUNCED or back.method is None:
        return head + text
    shown = _leaf("text/calendar;", ("charset=utf-8;", f"method={back.method.value}"), "base64", base64.encodebytes(home_object(back)).replace(b"\n", b"\r\n"))
    mark = f"=_{hashlib.sha256(stamp.message_id.encode()).hexdigest()[:24]}"
    body = b"".join(f"--{mark}\r\n".encode() + part + b"\r\n" for part in (text, shown)) + f"--{mark}--\r\n".encode()
    return head + field("Content-Type", "multipart/alternative;", f'boundary="{mark}"') + b"\r\n" + body


def _parts(back: Back) -> tuple[Appointment, Party]:
    if back.known is None or back.party is None or back.outcome not in (Outcome.ANSWERED, Outcome.BOUNCED):
        raise ValueError("nothing to tell the coach")
    return back.known, back.party


def _leaf(kind: str, parameters: tuple[str, ...], coding: str, body: bytes) -> bytes:
    return field("Content-Type", kind, *parameters) + field("Content-Transfer-Encoding", coding) + b"\r\n" + body


def _quoted(text: str) -> bytes:
    return b"\r\n".join(quopri.encodestring(line.encode()).replace(b"=\n", b"=\r\n") for line in text.split("\n")) + b"\r\n"


# ------------------------------------------------------------------------------------------------ in words
def _headline(back: Back) -> str:
    if back.outcome is Outcome.BOUNCED:
        return TEXTS["BOUNCED"]
    return TEXTS["COUNTER"] if back.method is Method.COUNTER else TEXTS[back.events[0].attendees[0].partstat]


def _words(back: Back, zone: str) -> str:
    """What a person reads: who said what of which appointment, then the comment, then what to mind."""
    known, party = _parts(back)
    lines = [f"{_headline(back)}: {_line(party.address)}", f"  {_line(known.title)}"]
    for event in back.events or party.events[:1]:
        mine = find(party, event.recurrence)
        before = mine or (find(party, None) if event.recurrence is None else None)
        if before and before.start and before.end:
            lines.append(f"  {when(before.start, before.end, zone)}")
        elif event.recurrence:
            lines.append(f"  {when(event.recurrence, event.recurrence, zone)}")
        if back.method is Method.COUNTER and event.start and event.end:
            lines += [TEXTS["proposed"], f"  {when(event.start, event.end, zone)}"]
    if back.outcome is Outcome.BOUNCED:
        lines += ["", TEXTS["bounced"]]
    if back.comment:
        lines += ["", TEXTS["said"], *(f"  > {_line(line)}" for line in back.comment.split("\n"))]
    for warning in back.warnings:
        lines += ["", TEXTS[warning] + (f" {_line(back.sender)}" if warning is Warning.OTHER_SENDER else "")]
    return "\n".join(lines)


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def when(start: Moment, end: Moment, zone: str) -> str:
    """ "2027-01-20 09:00-10:00 (Europe/Berlin)" by the clock of `zone`; a date alone for a whole day."""
    if start.is_date:
        return f"{start.day}"
    start, end = in_zone(start, zone), in_zone(end, zone)
    until = "" if start == end else f"-{end.at:%H:%M}" if start.day == end.day else f" - {end.day} {end.at:%H:%M}"
    return f"{start.day} {start.at:%H:%M}{until} ({start.zone})"


# ------------------------------------------------------------------------------------------------ as an object
def home_object(back: Back) -> bytes:
    """The calendar object of an answer, as the coach's program expects it of the one she invited."""
    known, party = _parts(back)
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", back.method or "")
    for zone in zones_of(back.events):
        calendar.add_component(zone)
    for event in back.events:
        calendar.add_component(_event(event, back, known, party))
    octets: bytes = calendar.to_ical(sorted=False)
    return octets


def _event(event: Event, back: Back, known: Appointment, party: Party) -> VEvent:
    vevent = VEvent()
    vevent["UID"] = vText(known.uid)
    vevent.add("dtstamp", event.stamp.replace(tzinfo=UTC))
    vevent.add("sequence", event.sequence)
    for name, moment in _times(event):
        put(vevent, name, (moment,))
    organizer, attendee = _person(known.organizer), _attendee(party)
    for name in ("PARTSTAT", "RSVP", "DELEGATED-TO", "SENT-BY", "X-RESPONSE-COMMENT"):
        attendee.params.pop(name, None)
    if event.attendees[0].partstat:
        attendee.params["PARTSTAT"] = event.attendees[0].partstat
    if event.attendees[0].partstat == "DELEGATED" and back.delegates:
        attendee.params["DELEGATED-TO"] = [f"mailto:{address}" for address in back.delegates]
    vevent.add("organizer", organizer)
    vevent.add("attendee", attendee)
    vevent.add("summary", known.title)
    if back.comment:
        vevent.add("comment", back.comment)
    return vevent


def _times(event: Event) -> list[tuple[str, Moment]]:
    named = (("DTSTART", event.start), ("DTEND", event.end), ("RECURRENCE-ID", event.recurrence))
    return [(name, moment) for name, moment in named if moment is not None]


def _attendee(party: Party) -> vCalAddress:
    return _person(party.attendee or f"ATTENDEE:mailto:{party.address}")


def _person(line: str) -> vCalAddress:
    """A person as the coach's program wrote her."""
    _, parameters, value = Contentline(line).raw_parts()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped
    person = vCalAddress(value)
    person.params.update(parameters)
    return person


# ------------------------------------------------------------------------------------------------ proved
def prove_home(octets: bytes, back: Back) -> None:
    """Raises `NotHome` unless `octets`, read again, are one text and one object of the coach's appointment, with nothing in it that `back` does not say."""
    message = message_from_bytes(octets)
    kinds = [part.get_content_type() for part in message.walk()]
    if back.outcome is Outcome.BOUNCED:
        if kinds != ["text/plain"] or not octets.isascii():
            raise NotHome("not one text part")
        return
    if list(message.keys()) != _FIELDS or kinds != ["multipart/alternative", "text/plain", "text/calendar"] or not octets.isascii():
        raise NotHome("not the form of an answer")
    payload = message.get_payload(1).get_payload(decode=True)  # type: ignore[union-attr]  # a multipart of two, as was just shown
    try:
        calendar = read_components(payload if isinstance(payload, bytes) else b"")
        _prove_object(calendar, back)
    except Unreadable as trouble:
        raise NotHome(trouble.reason) from None


def _prove_object(calendar: Component, back: Back) -> None:
    found = [c for c in calendar.components if c.name != "VTIMEZONE"]
    whole = {p.name: p.value for p in calendar.properties}
    if whole != {"PRODID": PRODID, "VERSION": "2.0", "METHOD": back.method} or [c.name for c in found] != ["VEVENT"] * len(back.events):
        raise NotHome("property of the object")
    known, party = _parts(back)
    for zone in (c for c in calendar.components if c.name == "VTIMEZONE"):
        if not {p.value for p in zone.all("TZID")} <= RULES.keys():
            raise NotHome("time zone")
    for component, event in zip(found, back.events, strict=True):
        times = {"DTSTAMP": event.stamp, **{name: m.at for name, m in _times(event)}}
        allowed = {
            "UID": known.uid,
            "SUMMARY": known.title,
            "COMMENT": back.comment,
            "ORGANIZER": str(_person(known.organizer)),
            "ATTENDEE": str(_attendee(party)),
            "SEQUENCE": str(event.sequence),
        }
        for p in component.properties:
            if p.name in times:
                right = date_time(p.value)[0] == times[p.name]
            else:
                right = (p.value if p.name in ("ORGANIZER", "ATTENDEE") else plain_text(p.value)) == allowed.get(p.name)
            if not right or component.components:
                raise NotHome("property of the event")
