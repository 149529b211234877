"""The way home: a mail from a company, seen by whoever watches the coach's mailbox, becomes a message that her calendar program understands.

    inbound octets --> which appointment? > what does it mean? > compose > verify > keep and queue

Pure up to the last step (`core.calendar.back`, `core.calendar.home`). What it does not understand, or what no recipient of the appointment can have sent,
is left where it lies: the coach sees it in her mailbox as ever.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.copies import Workshop, make_copies
from gateway.core.address import MalformedPath, parse_mailbox
from gateway.core.audience import RAW_ROLES, context_for, role_of
from gateway.core.calendar import in_words
from gateway.core.calendar.back import Back, Outcome, answer, inbound
from gateway.core.calendar.home import NotHome, home_message, prove_home
from gateway.core.calendar.original import address_of
from gateway.core.compose import Stamp
from gateway.core.invitation import Invitation, Method
from gateway.core.model import (
    Analysis,
    AuditEvent,
    Copy,
    Directory,
    Envelope,
    ForwardPath,
    Mailbox,
    Outgoing,
    Plan,
    Purpose,
    Reading,
    Recipient,
    Role,
    Status,
    Submission,
)
from gateway.errors import ProofFailed
from gateway.house import House, Ports

_COMPANY = frozenset({Role.CLIENT_WORK, Role.SPONSOR, Role.COLLEAGUE})
_EVENTS = {Outcome.ANSWERED: "answered", Outcome.BOUNCED: "not-delivered", Outcome.REFRESH: "sent-on-request", Outcome.INVITED: "invited"}


async def come_home(octets: bytes, sender: str, author: Mailbox, tenant: int, ports: Ports, house: House) -> Back:
    """Take one mail from outside: translate an answer, tell of a bounce, send an appointment again, remember an invitation of a company's.

    `sender` is the address that the caller trusts to have sent it (RFC 5546 section 6.1.2: a From field alone proves nothing); `author` is the From of
    what the coach gets, an address that her calendar provider takes answers from. What was queued and kept is on disk when this returns. Raises `GatewayError`.
    """
    mail = await asyncio.to_thread(inbound, octets)
    directory = await ports.store.directory(tenant)
    back = answer(mail, sender, await ports.store.appointments(tenant, mail.uids), directory.coach.time_zone)
    client_id = back.party.client_id if back.party else _colleague_of(sender, directory)
    if back.outcome not in _EVENTS or back.outcome is Outcome.INVITED and client_id is None:
        return back
    if back.outcome is Outcome.REFRESH:
        outgoing = await _again(back, tenant, directory, ports, house)
    elif back.outcome is Outcome.INVITED:
        outgoing = ()
    else:
        outgoing = (_message(back, author, directory, ports, house),)
    detail = (("recipient", back.party.address if back.party else sender), ("action", (back.method or "").lower()), ("kinds", ",".join(back.warnings)))
    events = (AuditEvent(_EVENTS[back.outcome], None, client_id, detail),)
    await ports.store.bring(tenant, (back.news,) if back.news else (), outgoing, events)
    return back


def _colleague_of(sender: str, directory: Directory) -> str | None:
    """The client at whose company `sender` is, herself or another; None for everybody else, and for what is no address."""
    try:
        role, client = role_of(parse_mailbox(sender), directory)
    except MalformedPath:
        return None
    return client.id if client and role in _COMPANY else None


def _message(back: Back, author: Mailbox, directory: Directory, ports: Ports, house: House) -> Outgoing:
    def write(stamp: Stamp) -> bytes:
        octets = home_message(back, directory.coach, author, stamp)
        try:
            prove_home(octets, back)
        except NotHome as fault:
            raise ProofFailed from fault
        return octets

    return house.notice(ports.ids.new(), directory.coach, ports.clock.now(), write)


async def _again(back: Back, tenant: int, directory: Directory, ports: Ports, house: House) -> tuple[Outgoing, ...]:
    """The appointment as the company was sent it last, composed and proved like any company copy; nothing where the address is nobody's any more."""
    if back.party is None or back.known is None or back.method is None:
        return ()
    mailbox = parse_mailbox(back.party.address)
    role, client = role_of(mailbox, directory)
    if role in RAW_ROLES:
        return ()
    recipient = Recipient(ForwardPath(back.party.address, mailbox), role, client)
    context = context_for(recipient, directory.coach, house.places, house.approved_links)
    organizer = address_of(back.known.organizer)
    author = next((own for own in directory.coach.addresses if str(own).lower() == organizer), directory.coach.addresses[0])
    invitation = Invitation(Method(back.method), str(author).lower(), back.events)
    reading = in_words(Reading(back.known.language, True, Status.STATED, (), (), True), invitation, context, house.packs)
    copy = Copy(Purpose.COMPANY, recipient.forward_path, client, role, replace(reading, invitation=invitation))
    envelope = Envelope("gateway", tenant, author, (recipient.forward_path,))
    nothing = Analysis((), (), None, (), 0, 0, automatic=True)
    workshop = Workshop(Submission(envelope, b"", ports.clock.now()), nothing, directory, ports, house)
    return await make_copies(Plan((copy,), ()), workshop)
