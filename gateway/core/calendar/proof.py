"""Shows of a finished calendar object that it holds what the invitation says and nothing else (law 8). It reads the octets again, line by line."""

from __future__ import annotations

import re

from gateway.core.calendar.lines import Component, Property, Unreadable, plain_text, read_components
from gateway.core.calendar.read import Diverted, read_invitation
from gateway.core.calendar.values import TOKENS
from gateway.core.calendar.write import PRODID, Voice, company_uid
from gateway.core.calendar.zones import RULES
from gateway.core.invitation import ANSWERS, Event, Invitation, Method
from gateway.core.model import RecogniserContext

OBJECT = {"PRODID": {PRODID}, "VERSION": {"2.0"}, "CALSCALE": {"GREGORIAN"}}
_TIMES = "[0-9]{8}(?:T[0-9]{6}Z?)?(?:,[0-9]{8}(?:T[0-9]{6}Z?)?)*"
_TIME_NAMES = "DTSTAMP DTSTART DTEND RECURRENCE-ID RDATE EXDATE X-MS-OLK-ORIGINALSTART X-MS-OLK-ORIGINALEND".split()
# what has a form of its own, in an event and in a time zone; everything else is compared with what may stand there
TYPED = {
    **dict.fromkeys(_TIME_NAMES, _TIMES), "SEQUENCE": "[0-9]{1,9}", "RRULE": "[A-Z0-9=;,-]+",
    "STATUS": "|".join(TOKENS["STATUS"]), "TRANSP": "|".join(TOKENS["TRANSP"]),
}  # fmt: skip
_OFFSETS = dict.fromkeys(("TZOFFSETFROM", "TZOFFSETTO"), "[+-][0-9]{4}")
ZONE = {"TZID": ".+", "DTSTART": _TIMES, "RDATE": _TIMES, "RRULE": "FREQ=YEARLY;BY[A-Z0-9=;-]+", **_OFFSETS}
PARAMETERS = {name: "|".join(TOKENS[name]) for name in ("ROLE", "PARTSTAT", "CUTYPE")} | {"VALUE": "DATE", "RSVP": "TRUE", "TZID": ".+", "CN": ".*"}


class NotRebuilt(Exception):
    """A calendar object holds something else than the invitation."""


def prove_object(octets: bytes, invitation: Invitation, voice: Voice) -> None:
    """Raises `NotRebuilt` unless `octets` are the invitation: every text one of ours, every time, rule and person as it was read."""
    try:
        calendar = read_components(octets)
        again = read_invitation(octets, invitation.method.value, _context(invitation, voice))
    except (Unreadable, Diverted) as trouble:
        raise NotRebuilt(trouble.reason) from None
    for p in calendar.properties:
        if p.value not in OBJECT.get(p.name, {invitation.method.value} if p.name == "METHOD" else set()):
            raise NotRebuilt("property of the object")
    for component in calendar.components:
        if component.name == "VTIMEZONE":
            _prove_zone(component)
        elif component.name == "VEVENT" and not component.components:
            _prove_texts(component, invitation, voice)
        else:
            raise NotRebuilt("component")
    if [_facts(e) for e in again.events] != [_facts(e) for e in invitation.events]:
        raise NotRebuilt("times")


def _context(invitation: Invitation, voice: Voice) -> RecogniserContext:
    """A context in which the gateway's own object is understood."""
    places = tuple(e.place for e in invitation.events if e.place)
    people = {a.address for e in invitation.events for a in e.attendees} | {voice.recipient, invitation.organizer}
    links = tuple(e.link for e in invitation.events if e.link)
    return RecogniserContext(places=places, approved_links=links, coach_addresses=(voice.organizer,), company=tuple(people - {voice.organizer, ""}))


def _facts(event: Event) -> tuple[object, ...]:
    rule = sorted(event.rule)  # the order of its parts means nothing (RFC 5545 section 3.3.10)
    return (event.sequence, event.stamp, event.start, event.end, rule, event.added, event.excluded, event.recurrence, event.old_start, event.old_end)


def _prove_zone(zone: Component) -> None:
    """One of the table, with nothing in it but offsets and times."""
    named = zone.one("TZID")
    if named is None or named.value not in RULES or any(c.components or c.name not in ("STANDARD", "DAYLIGHT") for c in zone.components):
        raise NotRebuilt("time zone")
    for p in (p for c in (zone, *zone.components) for p in c.properties):
        if p.parameters or not re.fullmatch(ZONE.get(p.name, ""), p.value):
            raise NotRebuilt("time zone")


def _prove_texts(event: Component, invitation: Invitation, voice: Voice) -> None:
    """Every value that could be text is one of the few that may stand there."""
    events = invitation.events
    answer = invitation.method in ANSWERS
    allowed = {
        "UID": {e.uid if answer else company_uid(e.uid, voice.uid_key) for e in events},
        "SUMMARY": {voice.summary},
        "DESCRIPTION": {e.link for e in events},
        "LOCATION": {e.place or e.link for e in events},
        "CLASS": {"PRIVATE"},
        "X-MICROSOFT-CDO-ALLDAYEVENT": {"TRUE"},
        "ORGANIZER": {f"mailto:{invitation.organizer or voice.recipient}" if answer else f"mailto:{voice.organizer}"},
        "ATTENDEE": {f"mailto:{a.address}" for e in events for a in e.attendees} | {f"mailto:{voice.recipient}", f"mailto:{voice.organizer}"},
    }
    for p in event.properties:
        if not re.fullmatch(TYPED[p.name], p.value) if p.name in TYPED else plain_text(p.value) not in allowed.get(p.name, set()):
            raise NotRebuilt("property of the event")
        if any(not re.fullmatch(PARAMETERS.get(name, ""), value) for name, value in p.parameters.items()) or not _is_named(p, voice):
            raise NotRebuilt("parameter")
    if invitation.method is Method.CANCEL and (status := event.one("STATUS")) is not None and status.value != "CANCELLED":
        raise NotRebuilt("status")


def _is_named(p: Property, voice: Voice) -> bool:
    """Whether a name beside an address is that of the directory, and a zone one of the table."""
    address = p.value.removeprefix("mailto:")
    return p.parameters.get("CN", voice.names.get(address, address)) == voice.names.get(address, address) and p.parameters.get("TZID", "UTC") in RULES
