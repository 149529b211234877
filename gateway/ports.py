"""What the pipeline needs of the world, as protocols. Each has one implementation in `gateway.edges` and a fake in `tests.fakes`;
both pass the same suite in `tests/contracts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.core.appointment import Appointment
from gateway.core.model import (
    Analysis,
    AuditEvent,
    Client,
    Contact,
    Directory,
    HeldItem,
    Key,
    KeyState,
    Lesson,
    Outgoing,
    Receipt,
    RecogniserContext,
)


class Clock(Protocol):
    """The time, as an argument, so that outputs are repeatable."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class Ids(Protocol):
    """Unguessable names."""

    def new(self) -> str:
        """An opaque id, 128 bits, lower-case letters and digits, usable in a Message-ID and in a file name."""
        ...


class Reader(Protocol):
    """Reads a message in a process that may die: parse, classify and recognise under limits of time and memory."""

    async def read(self, raw: bytes, contexts: tuple[RecogniserContext, ...], *, command: bool = False) -> Analysis:
        """Everything known of `raw`. A message that cannot be read within the limits comes back as one opaque finding.

        Raises `errors.ReaderUnavailable` only where no process could be started at all.
        """
        ...


class Keyring(Protocol):
    """Says whether a client can be sealed to. Never asks by e-mail address, never asks the network."""

    async def state(self, client: Client, at: datetime) -> KeyState:
        """The pinned key of `client` at the time `at`, or the reason why it cannot be used."""
        ...

    def autocrypt(self, addr: str) -> str:
        """Value of an Autocrypt header field with the coach's public key (Autocrypt Level 1, section 2.1)."""
        ...


class Sealer(Protocol):
    """OpenPGP."""

    async def seal(self, octets: bytes, key: Key) -> bytes:
        """`octets`, signed by the coach's gateway key and encrypted to `key` alone: ASCII armour with CRLF line ends.

        The packets were checked: PKESK for that one subkey and one SEIPD, nothing clear, nothing cut off.
        Raises `errors.SealerUnavailable` (engine hung, failed, or gave an answer that does not check out).
        """
        ...


class Vault(Protocol):
    """AES-256-GCM under the master key: what lies on disk."""

    def seal(self, octets: bytes, label: bytes) -> bytes:
        """`octets` sealed; `label` (for instance b"copy:" + id) is authenticated, so that blobs cannot be swapped."""
        ...

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """The inverse. Raises `errors.StoreDamaged` where the blob or its label was changed."""
        ...

    def keyed_hash(self, purpose: str, octets: bytes) -> bytes:
        """32 octets that nobody without the master key can compute; another `purpose` gives another, unrelated value."""
        ...


@dataclass(frozen=True, slots=True)
class Hash:
    """What makes a repeated submission recognisable without keeping its content."""

    login: str
    digest: bytes  # keyed hash of login, Message-ID and octets


@dataclass(frozen=True, slots=True)
class HeldDeposit:
    """A held item on its way into the store."""

    item: HeldItem  # with raw
    token_hash: bytes  # SHA-256 of the one-time token that stands in the notice


@dataclass(frozen=True, slots=True)
class Custody:
    """Everything one submission leaves behind. It is committed whole or not at all (law 3)."""

    submission_id: str
    tenant: int
    key: Hash
    at: datetime
    outgoing: tuple[Outgoing, ...]
    held: tuple[HeldDeposit, ...]
    events: tuple[AuditEvent, ...]
    untold: bool = False  # something was diverted or sent that the next digest to the coach should mention
    summary: tuple[tuple[str, str], ...] = ()  # for that digest: ("company"|"private"|"raw", recipient path), sealed at rest
    message_id: str = ""  # of the message as submitted, so that the watch over the mailbox knows it again
    appointments: tuple[Appointment, ...] = ()  # what is to be remembered of calendar objects that go out, joined to what is known


class Result(StrEnum):
    """What the next hop said of one copy."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # 4xx or no connection: try again later
    FAILED = "failed"  # 5xx: never try again
    UNCLEAR = "unclear"  # silence after the final dot: it may have arrived


@dataclass(frozen=True, slots=True)
class Delivery:
    """Answer of the next hop, for the record. `reply` is code and enhanced code only, never the peer's prose."""

    result: Result
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """A copy taken from the queue for sending. The attempt is already counted: a crash loop backs off."""

    outgoing: Outgoing
    tenant: int
    attempt: int  # 1 for the first
    queued_at: datetime
    unclear_before: bool  # an earlier attempt ended in silence after the dot
    submission_id: str | None = None  # the submission that caused the copy; None for the gateway's own words


class Store(Protocol):
    """The one place of custody. Every method that writes does so in one transaction, synced before it returns."""

    async def seen(self, key: Hash) -> Receipt | None:
        """The receipt of an earlier identical submission within 24 hours."""
        ...

    async def commit(self, custody: Custody) -> Receipt:
        """Take custody. Concurrent callers share one transaction (group commit). Raises `errors.StoreUnavailable`; then nothing was kept."""
        ...

    async def appointment(self, tenant: int, uid: str) -> Appointment | None:
        """What is known of the appointment with this UID of its organiser's."""
        ...

    async def appointments(self, tenant: int, company_uids: Sequence[str]) -> dict[str, Appointment]:
        """Those of `company_uids` (as a company sees them, in whatever case) that are known."""
        ...

    async def bring(self, tenant: int, news: tuple[Appointment, ...], outgoing: tuple[Outgoing, ...], events: tuple[AuditEvent, ...]) -> None:
        """Keep what an answer from a company says, and queue what it causes, in one transaction."""
        ...

    async def directory(self, tenant: int) -> Directory:
        """Everybody the tenant knows, as of now."""
        ...

    async def claim(self, now: datetime, limit: int) -> Sequence[Lease]:
        """Due copies, leased to this process; attempt number and time are stored before they are returned."""
        ...

    async def settle(
        self, copy_id: str, delivery: Delivery, next_attempt: datetime | None, events: tuple[AuditEvent, ...], notice: Outgoing | None = None
    ) -> None:
        """Record what the next hop said; `next_attempt` None ends the copy's life. A `notice` to the coach is queued in the same transaction."""
        ...

    async def held_get(self, held_id: str, with_raw: bool = False) -> HeldItem | None:
        """One waiting item; None where it was closed meanwhile."""
        ...

    async def held_by_token(self, token: str) -> HeldItem | None:
        """The waiting item that a one-time token belongs to."""
        ...

    async def resolve_held(
        self,
        held_id: str,
        closing: str,
        outgoing: tuple[Outgoing, ...],
        events: tuple[AuditEvent, ...],
        at: datetime | None = None,
        appointments: tuple[Appointment, ...] = (),
    ) -> bool:
        """Close an item, queue what leaves and write why, in one transaction. False where it was closed meanwhile: nothing leaves twice."""
        ...

    async def put_contact(self, tenant: int, contact: Contact) -> None:
        """Remember somebody who is no client."""
        ...

    async def held_list(self, tenant: int) -> list[HeldItem]:
        """Everything that waits, oldest first, without its octets."""
        ...

    async def lessons(self, tenant: int) -> tuple[Lesson, ...]:
        """Everything the coach taught, oldest first."""
        ...

    async def teach(self, tenant: int, lesson: Lesson) -> Lesson:
        """Keep a lesson and write that it was taught; the lesson with its id. One that is known already changes nothing."""
        ...

    async def forget(self, tenant: int, lesson_id: str, by: str) -> bool:
        """Erase a lesson and write that it was. False where there is none of this id."""
        ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder of the coach's mailbox was read. Another UIDVALIDITY makes the numbers mean nothing (RFC 9051 section 2.3.1.1)."""

    uidvalidity: int
    uid: int  # the highest that was looked at
    at: datetime
    taken: tuple[int, ...] = ()  # in custody, and not moved out of the folder yet


@dataclass(frozen=True, slots=True)
class Listing:
    """Messages of a folder, by UID, ascending."""

    uidvalidity: int
    next_uid: int  # no message has this UID or a higher one yet
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What is fetched of a message first."""

    section: bytes  # its header section
    octets: int  # its whole size


class Folders(Protocol):
    """The coach's mailbox at her provider (IMAP, RFC 9051). One conversation, one caller at a time; a UID is good until `errors.MailboxUnavailable`.

    Names of folders have "/" between their levels, whatever the server has.
    """

    async def open(self, needed: Sequence[str]) -> str:
        """Connect, log in, make those folders of `needed` that are missing; the name of the folder that the server marks as sent mail.

        Raises `errors.MailboxUnavailable`, as every other method does; then only `open` helps.
        """
        ...

    async def listing(self, folder: str, *, after: int = 0, since: datetime | None = None) -> Listing:
        """Messages that are not marked as deleted, with a UID above `after`, that came on the day of `since` or later."""
        ...

    async def head(self, folder: str, uid: int) -> Head | None:
        """Header section and size, leaving no mark; None where it is gone."""
        ...

    async def message(self, folder: str, uid: int) -> bytes | None:
        """The octets, leaving no mark; None where it is gone."""
        ...

    async def holds(self, folder: str, message_id: str) -> bool:
        """Whether a message of this Message-ID is in the folder."""
        ...

    async def append(self, folder: str, octets: bytes) -> None:
        """Put a new message there."""
        ...

    async def move(self, folder: str, uid: int, to: str) -> None:
        """Move a message, marked as seen and as no draft. One that is gone is no error."""
        ...

    async def wait(self, folder: str, seconds: float) -> None:
        """Return when something happens in the folder, or after `seconds` (IDLE, RFC 2177)."""
        ...

    async def close(self) -> None:
        """End the conversation at once, also one that is in the middle of something."""
        ...


class Relay(Protocol):
    """The smarthost."""

    async def send(self, outgoing: Outgoing) -> Delivery:
        """Hand one copy to the next hop. Never raises for anything the peer or the network does."""
        ...
