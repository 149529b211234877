"""Calendar objects (RFC 5545, iMIP RFC 6047): what a company may get of them.

    octets > lines > facts (`read`) > a new object (`write`), proved (`proof`)

The facts join the reading of the text under the same context, so that policy, plan and composer meet one reading of the whole message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.calendar.lines import Unreadable
from gateway.core.calendar.read import Diverted, read_invitation
from gateway.core.calendar.way_in import is_shut
from gateway.core.calendar.zones import RULES, rule_of
from gateway.core.invitation import Event, Invitation, Method, Moment, Withheld
from gateway.core.model import Fact, FactKind, Finding, Kind, Part, Reading, RecogniserContext, Status
from gateway.core.pack import Packs
from gateway.core.recognise import template
from gateway.core.recognise.places import is_place


def with_calendar(reading: Reading, parts: Sequence[Part], context: RecogniserContext, packs: Packs) -> Reading:
    """The reading of the text, and with it what the calendar objects of the message say.

    A mail program sends the same object twice, as text/calendar and as a file: both must then say the same. What is no appointment of the coach's is
    a finding of its own, what cannot be read another; neither takes anything from what the text says.
    """
    invitations: list[Invitation] = []
    findings: list[Finding] = []
    methods = {part.method.upper() for part in parts if part.method}
    lent = methods.pop() if len(methods) == 1 else ""
    for part in parts:
        try:
            invitations.append(read_invitation(part.octets, part.method, context, lambda text: is_place(text, context, packs), lent, packs.platforms))
        except Unreadable as trouble:
            findings.append(Finding(part.path, Kind.CALENDAR, trouble.reason))
        except Diverted as other:
            findings.append(Finding(part.path, Kind.OPAQUE, other.reason))
    # what is withheld of them may differ: a file may have an alarm that the shown object lacks
    if len({replace(invitation, withheld=(), links=()) for invitation in invitations}) > 1:
        findings.append(Finding("calendar", Kind.CALENDAR, "objects that differ"))
    elif invitations and not any(f.kind is Kind.CALENDAR for f in findings):
        # the object itself always goes home: a name beside an address could say something too
        withheld = {Withheld.OBJECT, *(what for invitation in invitations for what in invitation.withheld)}
        findings += [Finding("calendar", Kind.NOTES, what) for what in Withheld if what in withheld]
        shut = is_shut(invitations[0])
        reading = in_words(_knowing(reading, invitations, shut), invitations[0], context, packs)
        if shut:  # the times are told all the same, in words
            findings.append(Finding("calendar", Kind.PLATFORM, "meeting on the company's own platform"))
            reading = replace(reading, invitation=None)
    return replace(reading, findings=(*reading.findings, *findings))


def _knowing(reading: Reading, invitations: Sequence[Invitation], shut: bool) -> Reading:
    """The reading of the text with what the object says of whose a link is: it knows the organiser. What is barred there is not said in the text either.

    A text with telephone numbers beside an object with a meeting link is what a conference program writes by itself: numbers to dial in, codes and
    passcodes, with which others could listen unseen. The object says more, and it has none of them.
    """
    links = {link.link: link for link in reading.links} | {link.link: link for invitation in invitations for link in invitation.links}
    barred = any(not link.passage.passes and link.link in reading.company_text for link in links.values())
    dial_in = any(invitation.links for invitation in invitations) and any(f.kind is FactKind.PHONE for f in reading.facts)
    if shut or barred or dial_in:
        facts = tuple(f for f in reading.facts if f.kind in (FactKind.TIME, FactKind.PLACE))
        reading = replace(reading, company_text="", company_subject="", facts=facts)
    return replace(reading, links=tuple(links.values()))


def in_words(reading: Reading, invitation: Invitation, context: RecogniserContext, packs: Packs) -> Reading:
    """The reading with the invitation; where the text said nothing, its facts become the text, for programs that show no calendar."""
    status = {Method.CANCEL: Status.CANCELLED, Method.COUNTER: Status.PROPOSED}.get(invitation.method, reading.status)
    reading = replace(reading, invitation=invitation, status=status)
    pack = next((p for p in packs.packs if p.language == reading.language), packs.packs[0] if packs.packs else None)
    if reading.company_text or pack is None:
        return reading
    facts = tuple(fact for event in invitation.events for fact in _facts(event, context.time_zone))
    lines = template.fact_lines(_relation(invitation), facts, pack) if facts else [pack.templates["subject_plain"] + "."]
    when = next((f.text for f in facts if f.kind is FactKind.TIME), "")
    return replace(
        reading,
        language=pack.language,
        appointment=True,
        facts=(*reading.facts, *facts),
        company_text=template.company_text(lines, context, pack),
        company_subject=template.company_subject(status, when, pack),
    )


def _relation(invitation: Invitation) -> str:
    """What the gateway's words say of the times."""
    answers = {a.partstat for event in invitation.events for a in event.attendees} if invitation.method is Method.REPLY else set()
    if answers & {"ACCEPTED", "DECLINED"}:
        return "confirmed" if "ACCEPTED" in answers else "unavailable"
    return {Method.CANCEL: "cancelled", Method.COUNTER: "proposed", Method.DECLINECOUNTER: "unavailable"}.get(invitation.method, "stated")


def _facts(event: Event, zone: str) -> list[Fact]:
    """The facts of one event as a person would write them."""
    found = [Fact(FactKind.TIME, _when(event.start, event.end, zone), "calendar", rank=2)] if event.start and event.end else []
    found += [Fact(FactKind.PLACE, event.place, "calendar")] if event.place else []
    found += [Fact(FactKind.LINK, event.link, "calendar")] if event.link else []
    return found


def _when(start: Moment, end: Moment, zone: str) -> str:
    """ "2027-01-19 16:00-17:00 (Europe/Berlin)", in the coach's zone where the object has UTC; a date alone for a whole day."""
    if start.is_date:
        return f"{start.day}"
    named = start.zone
    if named == "UTC" and zone in RULES:
        rule, named = rule_of(zone), zone
        start, end = Moment(rule.to_local(start.at), zone), Moment(rule.to_local(end.at), zone)
    days = "" if start.day == end.day else f"{end.day} "
    return f"{start.day} {start.at:%H:%M}-{days}{end.at:%H:%M} ({named})"
