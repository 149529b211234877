"""From the plan to finished octets: compose > seal > verify. All copies of a submission or none (law 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from gateway.core.audience import RAW_ROLES, context_for
from gateway.core.calendar.proof import NotRebuilt, prove_object
from gateway.core.calendar.write import Voice, company_object, neutral_title
from gateway.core.compose import NotComposed, Stamp, company_copy, prove_company_copy
from gateway.core.header import date_words
from gateway.core.model import Analysis, Client, Coach, Copy, Directory, ForwardPath, Mailbox, Outgoing, Plan, Purpose, Reading, Recipient, Submission
from gateway.core.pgpmime import NotSealed, frame, protect, prove_sealed, without_bcc
from gateway.core.recognise import is_composed
from gateway.errors import ProofFailed
from gateway.house import House, Ports

T = TypeVar("T")
_LARGE = 256 * 1024  # octets


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every copy of one submission is made with."""

    submission: Submission
    analysis: Analysis
    directory: Directory
    ports: Ports
    house: House

    @property
    def author(self) -> Mailbox:
        """Whom the copies come from: the address the mail program gave, or the coach's first one where it gave none."""
        return self.submission.envelope.reverse_path or self.directory.coach.addresses[0]


async def make_copies(plan: Plan, workshop: Workshop) -> tuple[Outgoing, ...]:
    """Every copy of `plan`, finished and proved. Raises `ProofFailed` or `SealerUnavailable`; then nothing leaves."""
    return tuple(await gathered([_MAKERS[copy.purpose](copy, workshop) for copy in plan.copies]))


async def gathered(jobs: list[Coroutine[Any, Any, Outgoing]]) -> list[Outgoing]:
    """Run `jobs` together; the first failure cancels the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None  # its own class decides the reply; the group's text would only name tasks
    return [task.result() for task in tasks]


async def _company(copy: Copy, w: Workshop) -> Outgoing:
    reading, house, coach = copy.reading, w.house, w.directory.coach
    context = context_for(Recipient(copy.recipient, copy.role, copy.client), coach, house.places, house.approved_links)
    if reading is None or not is_composed(reading, context, house.packs):
        raise ProofFailed
    copy_id = w.ports.ids.new()
    stamp = Stamp(house.message_id(copy_id, w.author), w.submission.received_at)
    try:
        calendar = calendar_object(reading, copy.recipient, copy.client, coach, w.author, house.uid_key)
        octets = company_copy(reading, coach.name, w.author, copy.recipient.path, stamp, calendar)
        prove_company_copy(octets, reading, calendar)
    except (NotComposed, NotRebuilt) as fault:
        raise ProofFailed from fault
    return _outgoing(copy, copy_id, stamp.message_id, octets, w)


def calendar_object(reading: Reading, to: ForwardPath, client: Client | None, coach: Coach, author: Mailbox, uid_key: bytes) -> bytes:
    """The calendar object that a reading gives one recipient, written and proved; b"" where it has none. Raises `NotRebuilt`."""
    if reading.invitation is None:
        return b""
    names = {str(mailbox).lower(): coach.name for mailbox in coach.addresses}
    names |= {str(mailbox).lower(): client.name for mailbox in (*client.work, client.personal) if mailbox} if client else {}
    voice = Voice(neutral_title(reading.language, coach.name), names, str(author).lower(), str(to.mailbox).lower(), uid_key)
    octets = company_object(reading.invitation, voice)
    prove_object(octets, reading.invitation, voice)
    return octets


async def _private(copy: Copy, w: Workshop) -> Outgoing:
    if copy.key is None:
        raise ProofFailed
    copy_id, author = w.ports.ids.new(), str(w.author)
    # the same values stand outside and, protected, inside
    fields = {
        "sender_name": w.directory.coach.name,
        "sender": author,
        "to": copy.recipient.path,
        "date": " ".join(date_words(w.submission.received_at)),
        "message_id": w.house.message_id(copy_id, w.author),
        "autocrypt": w.ports.keyring.autocrypt(author),
    }
    inside = await _aside(w, lambda: protect(without_bcc(w.submission.raw), subject=w.analysis.subject, boundary=w.ports.ids.new(), **fields))
    octets = frame(await w.ports.sealer.seal(inside, copy.key), boundary=w.ports.ids.new(), **fields)
    try:
        await _aside(w, partial(prove_sealed, octets, copy.key))
    except NotSealed as fault:
        raise ProofFailed from fault
    return _outgoing(copy, copy_id, fields["message_id"], octets, w)


async def _aside(w: Workshop, work: Callable[[], T]) -> T:
    """Run `work` here for a small message, in a thread for a large one: nobody else's conversation should wait for it."""
    return work() if len(w.submission.raw) < _LARGE else await asyncio.to_thread(work)


async def _raw(copy: Copy, w: Workshop) -> Outgoing:
    # the octets as submitted, and the Message-ID the author gave: this mail is hers, not ours. Untouched is promised to herself and to those who are
    # no clients; whoever else gets it by a reason code need not learn who was blind
    octets = w.submission.raw if copy.role in RAW_ROLES else without_bcc(w.submission.raw)
    return _outgoing(copy, w.ports.ids.new(), w.analysis.message_id or "", octets, w)


_MAKERS = {Purpose.COMPANY: _company, Purpose.PRIVATE: _private, Purpose.RAW: _raw}


def _outgoing(copy: Copy, copy_id: str, message_id: str, octets: bytes, w: Workshop) -> Outgoing:
    envelope = w.submission.envelope
    raw = copy.purpose is Purpose.RAW
    return Outgoing(
        id=copy_id,
        purpose=copy.purpose,
        reverse_path=str(envelope.reverse_path or "") if raw else str(w.author),
        forward_path=copy.recipient,
        octets=octets,
        message_id=message_id,
        client_id=copy.client.id if copy.client else None,
        smtputf8=envelope.smtputf8 if raw else not copy.recipient.path.isascii(),
        body_8bit=raw and not octets.isascii(),
    )
