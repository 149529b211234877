"""The way back: what an answer from a company means to the coach's own calendar (RFC 5546 sections 3.2.3, 3.2.6 and 3.2.7, RFC 6047, RFC 3464).

    inbound octets > `Inbound` (which UIDs does it speak of?) > `answer` (with what is known of them) > `Back`, typed > `home` writes it for the coach

Only typed values pass, and one text: the attendee's comment, which is for the coach. UID, title, organiser and the form of the attendee are those that the
coach's program wrote. Nothing is taken from a mail that no recipient of the appointment can have sent; such a mail is left where it lies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import Message as Entity
from enum import StrEnum

from gateway.core.appointment import Appointment, Party, Reply
from gateway.core.calendar.life import CANCELLED, find, in_zone, is_over, whole, zone_of_series
from gateway.core.calendar.lines import Component, Unreadable, plain_text, read_components
from gateway.core.calendar.original import address_of, content_line, original
from gateway.core.calendar.read import Diverted, read_invitation
from gateway.core.calendar.values import token
from gateway.core.invitation import ANSWERS, MEDIA_TYPES, Attendee, Event, Invitation, Method
from gateway.core.model import RecogniserContext
from gateway.core.parse import parse

LONGEST_COMMENT = 2_000  # characters
BOUNCE_OCTETS = 2 * 1024 * 1024
_ADDRESS = re.compile(r"[^\s<>@;,\"]+@[^\s<>@;,\"]+")
# Exchange keeps a foreign UID inside its own: "vCal-Uid", 1 as four octets, the UID, NUL (MS-OXCICAL 2.1.3.1.1.20.26)
_WRAPPED = re.compile(rb"vCal-Uid\x01\x00\x00\x00([^\x00]{1,255})\x00")
# programs that answer without an ATTENDEE say it in the subject, in the language of the one who answers
_SUBJECTS = {
    "ACCEPTED": "(?:event )?accepted|zugesagt|angenommen|acceptée?|aceptad[oa]|accettato|geaccepteerd|aceit[oe]|zaakceptowano|kabul edildi|承認|已接受",
    "DECLINED": "(?:event )?declined|abgelehnt|abgesagt|refusée?|rechazad[oa]|rifiutato|geweigerd|recusado|avböjt|odrzucono|reddedildi|辞退|已拒绝",
    "TENTATIVE": "tentative|(?:mit|unter) vorbehalt|provisoire|provisional|provvisorio|voorlopig|provisório|preliminärt|wstępnie|belirsiz|仮承諾|暂定",
}


class Outcome(StrEnum):
    """What a mail from outside is. Closed: these words may stand in logs."""

    NONE = "none"  # nothing of ours: it is left alone
    UNREADABLE = "unreadable"
    STRANGER = "stranger"  # speaks of an appointment that its sender was never sent
    OLD = "old"  # the attendee has said this before, or something newer
    ANSWERED = "answered"
    REFRESH = "refresh"  # wants to be sent the appointment again
    INVITED = "invited"  # the company is the organiser: passes as it is
    BOUNCED = "bounced"


class Warning(StrEnum):
    """What the coach should know beside the answer itself."""

    COMMENT = "comment"
    OTHER_SENDER = "other-sender"
    SENT_BY = "sent-by"
    DELEGATED = "delegated"
    COUNTED_UP = "counted-up"
    FROM_SUBJECT = "from-subject"


@dataclass(frozen=True, slots=True)
class Inbound:
    """A mail from outside as far as calendars go."""

    octets: bytes = b""  # of its calendar object
    method: str = ""  # parameter of the Content-Type
    subject: str = ""
    uids: tuple[str, ...] = ()  # under which its appointment may be known, likeliest first
    failed: str | None = None  # of a bounce: the address that was not reached, "" where it does not say


@dataclass(frozen=True, slots=True)
class Back:
    """What an inbound mail means, typed. `events` are as the coach's calendar must see them; of a REFRESH, as the company is sent them."""

    outcome: Outcome
    method: Method | None = None
    known: Appointment | None = None
    party: Party | None = None  # who answers, or was not reached
    events: tuple[Event, ...] = ()
    comment: str = ""
    sender: str = ""
    delegates: tuple[str, ...] = ()
    warnings: tuple[Warning, ...] = ()
    news: Appointment | None = None  # to be remembered


# ------------------------------------------------------------------------------------------------ what came in
def inbound(octets: bytes) -> Inbound:
    """What a mail from outside brings. Raises nothing; a mail over the limits of `parse` brings nothing."""
    message = parse(octets)
    subject = message.first("subject") or ""
    found = next((part for part in message.parts if part.octets), None)
    if found is not None:
        return Inbound(found.octets, found.method, subject, _uids(found.octets))
    kind = (message.first("content-type") or "").lower()
    if not kind.startswith("multipart/report") or len(octets) > BOUNCE_OCTETS or octets.lower().count(b"message/") > 8:
        return Inbound(subject=subject)
    return _bounce(message_from_bytes(octets), subject)


def _bounce(report: Entity, subject: str) -> Inbound:
    """RFC 3464: the object of the returned mail, and whom it did not reach."""
    entities = list(report.walk())
    failed = [address for entity in entities if entity.get_content_type() != "message/rfc822" for address in _failures(entity)]
    returned = [p for e in entities if e.get_content_type() == "message/rfc822" for p in e.walk() if p.get_content_type() in MEDIA_TYPES]
    objects = [payload for p in returned if isinstance(payload := p.get_payload(decode=True), bytes)]
    if not failed or not objects:
        return Inbound(subject=subject)
    return Inbound(objects[0], "", subject, _uids(objects[0]), failed[0])


def _failures(entity: Entity) -> list[str]:
    if str(entity.get("Action", "")).strip().lower() != "failed":
        return []
    found = _ADDRESS.search(str(entity.get("Final-Recipient", "")))
    return [found[0].lower() if found else ""]


def _uids(octets: bytes) -> tuple[str, ...]:
    try:
        uid = original(read_components(octets)).uid
    except Unreadable:
        return ()
    tries = [uid, uid.lower()]
    if re.fullmatch("(?:[0-9A-Fa-f]{2}){20,600}", uid) and (inner := _WRAPPED.search(bytes.fromhex(uid))):
        tries += [plain := inner[1].decode("ascii", "replace"), plain.lower()]
    return tuple(dict.fromkeys(tries))


# ------------------------------------------------------------------------------------------------ what it means
def answer(mail: Inbound, sender: str, rows: Mapping[str, Appointment], time_zone: str) -> Back:
    """What `mail` from `sender` (an address, as far as the caller trusts it) means, given the rows known of its UIDs.

    `time_zone` is the coach's: times without a zone are read in it.
    """
    sender = sender.lower()
    known = next((rows[uid] for uid in mail.uids if uid in rows), None)
    if mail.failed is not None:
        return _bounced(mail.failed, known)
    if not mail.uids:
        return Back(Outcome.UNREADABLE if mail.octets else Outcome.NONE)
    try:
        calendar = read_components(mail.octets)
        if known is None:
            return _invited(mail, calendar, sender)
        invitation = read_invitation(mail.octets, mail.method, _mirrored(calendar, known, time_zone))
    except Unreadable:
        return Back(Outcome.UNREADABLE, known=known)
    except Diverted:
        return Back(Outcome.NONE, known=known)
    if invitation.method not in ANSWERS or known.by_company:
        return Back(Outcome.NONE, known=known)
    return _answered(mail, sender, known, calendar, invitation)


def _mirrored(calendar: Component, known: Appointment, time_zone: str) -> RecogniserContext:
    """The context of the way out, turned round: those who answer are the recipients, and whoever is called the organiser is."""
    organizers = tuple(address_of(content_line(p)) for c in calendar.components for p in c.all("ORGANIZER"))
    return RecogniserContext(time_zone=time_zone, coach_addresses=tuple(p.address for p in known.parties), company=organizers)


def _invited(mail: Inbound, calendar: Component, sender: str) -> Back:
    """An appointment that the company makes: its UID is kept, so that the coach's answer can carry it."""
    stated = calendar.one("METHOD")
    form = original(calendar)
    if (stated.value if stated else mail.method).strip().upper() != Method.REQUEST or address_of(form.organizer) != sender:
        return Back(Outcome.NONE)
    news = Appointment(form.uid, form.uid, form.title, organizer=form.organizer, parties=(Party(sender),), by_company=True)
    return Back(Outcome.INVITED, Method.REQUEST, sender=sender, news=news)


def _bounced(failed: str, known: Appointment | None) -> Back:
    if known is None:
        return Back(Outcome.NONE)
    party = known.party(failed) or (known.parties[0] if len(known.parties) == 1 and not failed else None)
    return Back(Outcome.BOUNCED, known=known, party=party) if party else Back(Outcome.STRANGER, known=known)


def _answered(mail: Inbound, sender: str, known: Appointment, calendar: Component, invitation: Invitation) -> Back:
    people = [p for c in calendar.components for p in c.all("ATTENDEE")]
    lines = [content_line(p) for p in people]
    # a delegate answers for whom it was meant (RFC 5546 section 2.1.2)
    principals = [found.lower() for p in people for found in _ADDRESS.findall(re.sub("(?i)mailto:", "", p.parameters.get("DELEGATED-FROM", "")))]
    named = [*(a.address for e in invitation.events for a in e.attendees), *principals, *((sender,) if not people else ())]
    party = next((p for address in (sender, *named) if address in named and (p := known.party(address))), None)
    if party is None:
        return Back(Outcome.STRANGER, invitation.method, known, sender=sender)
    if invitation.method is Method.REFRESH:
        last = find(party, None)
        gone = last is not None and last.status == CANCELLED
        try:
            events = (last,) if gone and last else whole(party)
        except Unreadable:
            return Back(Outcome.UNREADABLE, invitation.method, known, party, sender=sender)
        return Back(Outcome.REFRESH if events else Outcome.STRANGER, Method.CANCEL if gone else Method.REQUEST, known, party, events, sender=sender)
    # a delegate stands in nobody's place of ours, and some programs name nobody at all
    theirs = next((stated for p in people if (stated := token("PARTSTAT", p.parameters.get("PARTSTAT", "")))), "")
    said = _from_subject(mail.subject) if not people else ""
    events = tuple(_for_the_coach(event, known, party, invitation.method, theirs or said) for event in invitation.events)
    if invitation.method is Method.REPLY and any(not e.attendees[0].partstat for e in events):
        return Back(Outcome.UNREADABLE, invitation.method, known, party, sender=sender)
    counters = invitation.method is Method.COUNTER
    replies = tuple(Reply(e.recurrence, invitation.method.value if counters else e.attendees[0].partstat, e.sequence, e.stamp) for e in events)
    if all(is_over(party, reply) for reply in replies):
        return Back(Outcome.OLD, invitation.method, known, party, sender=sender)
    comment = _comment(calendar)
    delegates = tuple(found.lower() for p in people for found in _ADDRESS.findall(re.sub("(?i)mailto:", "", p.parameters.get("DELEGATED-TO", ""))))
    signs = {
        Warning.COMMENT: bool(comment),
        Warning.OTHER_SENDER: sender != party.address,
        Warning.SENT_BY: any(re.search("(?i);SENT-BY=", line) for line in lines),
        Warning.DELEGATED: bool(delegates or principals) or any(r.partstat == "DELEGATED" for r in replies),
        Warning.COUNTED_UP: any(e.sequence < i.sequence for e, i in zip(events, invitation.events, strict=True)),
        Warning.FROM_SUBJECT: bool(said),
    }
    news = Appointment(known.uid, known.company_uid, parties=(Party(party.address, replies=replies),))
    warnings = tuple(w for w in Warning if signs[w])
    return Back(Outcome.ANSWERED, invitation.method, known, party, events, comment, sender, delegates, warnings, news)


def _for_the_coach(event: Event, known: Appointment, party: Party, method: Method, otherwise: str) -> Event:
    """The event of an answer as the coach's program knows it: its UID, its zone, at most its SEQUENCE (RFC 5546 section 2.1.4: only she counts up)."""
    zone = zone_of_series(party)
    recurrence = event.recurrence and in_zone(event.recurrence, zone)
    last = find(party, recurrence) or find(party, None)
    sequence = min(event.sequence, last.sequence) if last else event.sequence
    partstat = next((a.partstat for a in event.attendees if a.address == party.address), "") or otherwise
    start, end = event.start, event.end
    if method is Method.REPLY:  # it speaks of what was sent; only a counter-proposal has times of its own
        mine = find(party, recurrence)
        start, end = (mine.start, mine.end) if mine else (None, None)
    return replace(
        event,
        uid=known.uid,
        sequence=sequence,
        start=start and in_zone(start, zone),
        end=end and in_zone(end, zone),
        rule=(),
        added=(),
        excluded=(),
        recurrence=recurrence,
        status="",
        transparency="",
        place="",
        link="",
        attendees=(Attendee(party.address, partstat),),
    )


def _comment(calendar: Component) -> str:
    """What the attendee wrote, in whatever property programs put it, each text once."""
    events = [c for c in calendar.components if c.name == "VEVENT"]
    texts = [plain_text(p.value) for c in events for p in c.all("COMMENT")]
    texts += [p.parameters.get("X-RESPONSE-COMMENT", "") for c in events for p in c.all("ATTENDEE")]
    return "\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))[:LONGEST_COMMENT]


def _from_subject(subject: str) -> str:
    """The PARTSTAT of a subject that begins with a word for it and a colon; "" where it is not clear."""
    word, colon, _ = subject.replace("：", ":").partition(":")
    return next((partstat for partstat, words in _SUBJECTS.items() if colon and re.fullmatch(f"(?i:{words})", word.strip())), "")
