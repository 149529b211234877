"""What happens to held items: a key turns up, the coach says who somebody is, or she decides (divert, release, send as is, discard).

Each ends in one transaction that closes the item, queues what leaves and writes the audit events. Nothing here passes what the pipeline would
not: a diverted item is sealed, a released one is composed from recognised text, and only a reason code that the coach gives sends the original.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from gateway.copies import Workshop, make_copies
from gateway.core.address import parse_mailbox
from gateway.core.appointment import Appointment
from gateway.core.audience import RAW_ROLES, context_for, identify, private_mailbox
from gateway.core.calendar.life import with_memory
from gateway.core.decide import kinds_of
from gateway.core.model import (
    AuditEvent,
    Copy,
    Directory,
    Envelope,
    ForwardPath,
    HeldItem,
    Kind,
    Outgoing,
    Plan,
    Purpose,
    Reading,
    Recipient,
    Role,
    Submission,
    TextBlock,
)
from gateway.core.recognise import recognise
from gateway.custody import appointments_of
from gateway.errors import GatewayError
from gateway.house import House, Ports
from gateway.pipeline import plan_for, read, recall


class Closing(StrEnum):
    """How a held item ended; the word the store keeps."""

    DIVERTED = "diverted"
    RELEASED = "released"
    SENT_AS_IS = "sent-as-is"
    DISCARDED = "discarded"
    RESOLVED = "resolved"  # by itself: a key or a name turned up


class CannotRelease(GatewayError):
    """The item stays held. The text says why, in a sentence for the coach."""


async def divert(item: HeldItem, by: str, ports: Ports, house: House) -> None:
    """Send the whole original to the client's personal mailbox, sealed. Raises `CannotRelease` where there is no usable key."""
    directory, recipient = await _who(item, ports)
    client = recipient.client
    if client is None or client.personal is None or private_mailbox(client, directory) is None:
        raise CannotRelease("This address belongs to no client with a personal address of her own; say first whose it is.")
    state = await ports.keyring.state(client, ports.clock.now())
    if state.key is None:
        raise CannotRelease(f"The client's key cannot be used: {state.reason}.")
    copy = replace(_copy(recipient, Purpose.PRIVATE), recipient=ForwardPath(str(client.personal), client.personal), key=state.key)
    await _close(item, Closing.DIVERTED, (copy,), directory, by, "", ports, house)


async def release(item: HeldItem, text: str | None, by: str, ports: Ports, house: House) -> None:
    """Send the item as scheduling: `text` as the coach edited it, or the original's.

    Raises `CannotRelease`, naming the words that are not understood, unless every sentence is recognised as scheduling and none is in disguise.
    """
    directory, recipient = await _who(item, ports)
    context = context_for(recipient, directory.coach, house.places, house.approved_links)
    if text is None:
        analysis = await ports.reader.read(_raw(item), (context,))
        reading = analysis.reading(context)
        if reading is not None:  # an appointment may have moved on while its mail waited
            reading, _ = with_memory(reading, await recall(analysis, item.tenant, ports), str(recipient.forward_path.mailbox).lower())
        if Kind.DISGUISED in kinds_of(analysis, reading):
            raise CannotRelease("Part of it is written so that the gateway cannot read it; say the appointment in a text of your own.")
    else:
        reading = recognise((TextBlock("edited", text),), context, house.packs)
    if reading is None or not reading.complete or not reading.company_text:
        raise CannotRelease(_what_is_missing(reading))
    await _close(item, Closing.RELEASED, (replace(_copy(recipient, Purpose.COMPANY), reading=reading),), directory, by, "", ports, house)


async def send_as_is(item: HeldItem, code: str, by: str, ports: Ports, house: House) -> None:
    """Send the original, readable, to the address typed. Only the coach may, and only with a reason code of the policies."""
    codes = [reason.code for reason in house.ruleset.release_reasons]
    if code not in codes:
        raise CannotRelease(f"The reason must be one of: {', '.join(codes)}.")
    directory, recipient = await _who(item, ports)
    await _close(item, Closing.SENT_AS_IS, (_copy(recipient, Purpose.RAW),), directory, by, code, ports, house)


async def discard(item: HeldItem, by: str, ports: Ports, house: House) -> None:
    """Erase the item on the coach's word."""
    directory, _ = await _who(item, ports)
    await _close(item, Closing.DISCARDED, (), directory, by, "", ports, house)


async def ripe(item: HeldItem, ports: Ports) -> bool:
    """Whether asking again could set the item free: a cheap look at directory and keyring, made often."""
    directory, recipient = await _who(item, ports)
    if recipient.role in RAW_ROLES:
        return item.role not in RAW_ROLES
    if item.reason == "policy" or recipient.role not in (Role.CLIENT_WORK, Role.CLIENT_PERSONAL) or recipient.client is None:
        return False
    waits_for_key = item.reason.startswith(("key-", "no-personal", "personal-")) or item.role is not recipient.role
    return waits_for_key and (await ports.keyring.state(recipient.client, ports.clock.now())).key is not None


async def reconsider(item: HeldItem, ports: Ports, house: House, *, told: str | None = None) -> bool:
    """Ask the policies again with today's keys and directory; True where the item could leave.

    What it was allowed to tell a company was told when the mail came in, so company copies are left out here, unless the coach has taught something
    since: then `told` is what the company was told, and a copy that says something else is sent.
    """
    directory, recipient = await _who(item, ports)
    submission = submission_of(item)
    analysis = await read(submission, (recipient,), directory, ports, house)
    plan = await plan_for(analysis, (recipient,), directory, ports, house, await recall(analysis, item.tenant, ports))
    copies = tuple(c for c in plan.copies if c.purpose is not Purpose.COMPANY or told is not None and c.reading and c.reading.company_text != told)
    if plan.holds or not plan.copies or (told is None and not copies):
        return False
    await _close(item, Closing.RESOLVED, copies, directory, "gateway", "", ports, house)
    return True


async def _close(item: HeldItem, closing: Closing, copies: tuple[Copy, ...], directory: Directory, by: str, code: str, ports: Ports, house: House) -> None:
    submission = submission_of(item)
    outgoing: tuple[Outgoing, ...] = ()
    news: tuple[Appointment, ...] = ()
    if copies:
        plan, workshop = Plan(copies, ()), Workshop(submission, await ports.reader.read(submission.raw, ()), directory, ports, house)
        outgoing, news = await make_copies(plan, workshop), appointments_of(plan, workshop)
    detail = (("item", item.id), ("role", item.role.value), ("reason", item.reason), ("by", by), *((("code", code),) if code else ()))
    word = "diverted-by-coach" if closing is Closing.DIVERTED else closing.value
    events = (AuditEvent(word, None, item.client_id, detail),)
    if not await ports.store.resolve_held(item.id, closing.value, outgoing, events, ports.clock.now(), news):
        raise CannotRelease("Somebody else has closed this item meanwhile.")


async def _who(item: HeldItem, ports: Ports) -> tuple[Directory, Recipient]:
    directory = await ports.store.directory(item.tenant)
    (recipient,) = identify(_envelope(item), directory)
    return directory, recipient


def _copy(recipient: Recipient, purpose: Purpose) -> Copy:
    return Copy(purpose, recipient.forward_path, recipient.client, recipient.role)


def _envelope(item: HeldItem) -> Envelope:
    reverse_path = parse_mailbox(item.reverse_path) if item.reverse_path else None
    return Envelope(item.login, item.tenant, reverse_path, (item.recipient,), smtputf8=not item.recipient.path.isascii(), authors=("*",))


def _raw(item: HeldItem) -> bytes:
    if item.raw is None:
        raise CannotRelease("The item's content was not loaded.")
    return item.raw


def submission_of(item: HeldItem) -> Submission:
    """A held item (with its octets) as it was submitted, for its one recipient."""
    return Submission(_envelope(item), _raw(item), item.since)


def _what_is_missing(reading: Reading | None) -> str:
    withheld = [s for s in reading.sentences if not s.approved] if reading else []
    if not withheld:
        return "No appointment was found in it, so there is nothing a company may be told."
    words = ", ".join(dict.fromkeys(s.word or s.rule for s in withheld))
    return f"{len(withheld)} of its sentences are not understood as scheduling: {words}."
