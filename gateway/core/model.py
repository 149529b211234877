"""The nouns of coachgate: what the stages of `gateway.pipeline` hand to each other.

Only frozen data, no behaviour beyond what a value knows about itself. Words follow RFC 5321, 5322, 5598, 2045 and the
glossary (docs/glossary.md). Of the project it imports `invitation` and `appointment` alone: more nouns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from gateway.core.appointment import Original
from gateway.core.invitation import Invitation
from gateway.core.meeting import MeetingLink, Meetings, Passage


class Role(StrEnum):
    """Who a recipient is to the coach; decided from the envelope and the client directory, never from a header field."""

    CLIENT_WORK = "client-work"  # the coached person, at a mailbox the company owns
    CLIENT_PERSONAL = "client-personal"  # the coached person, at her own mailbox
    SPONSOR = "sponsor"  # pays or manages; a mailbox at a client's company named in the client record
    COLLEAGUE = "colleague"  # any other mailbox at a client's company
    SUPPORT = "support"  # an assistant of the coach with a signed agreement
    UNKNOWN = "unknown"  # nobody has said yet who this is
    NOT_A_CLIENT = "not-a-client"  # the coach said: no tie to any client
    COACH = "coach"  # the coach herself


class Kind(StrEnum):
    """What a part of a message is. Anything not proven scheduling is notes; anything unreadable is opaque; text that hides what it says is disguised;
    a calendar object that cannot be rebuilt is calendar (one that can is scheduling), one whose only way in is on the company's own platform is platform."""

    SCHEDULING = "scheduling"
    NOTES = "notes"
    ATTACHMENT = "attachment"
    OPAQUE = "opaque"
    DISGUISED = "disguised"
    CALENDAR = "calendar"
    PLATFORM = "platform"


class Action(IntEnum):
    """A rule's answer, ordered: where two rules speak, the stricter one wins."""

    DELIVER = 1
    DIVERT = 2
    HOLD = 3
    REFUSE = 4


class Purpose(StrEnum):
    """Why a copy exists."""

    COMPANY = "company"  # composed from facts, clear text
    PRIVATE = "private"  # the whole original, sealed to one key of one personal mailbox
    RAW = "raw"  # the octets as submitted: to the coach herself or a contact without any client
    NOTICE = "notice"  # the gateway's own words to the coach


# ------------------------------------------------------------------------------------------------ envelope and people
@dataclass(frozen=True, slots=True)
class Mailbox:
    """RFC 5321 section 4.1.2 Mailbox. `local_part` as sent; `domain` is its lower-case A-label form (RFC 5890)."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        """As it stands in a path."""
        return f"{self.local_part}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Account:
    """A login of the submission service and what it may send as."""

    login: str
    tenant: int
    mailboxes: tuple[Mailbox, ...]
    role: str  # coach | assistant | auditor
    patterns: tuple[str, ...] = ()  # of machine accounts: "@b.example" or "*"

    @property
    def authors(self) -> tuple[str, ...]:
        """Everything it may write as, as in `Envelope.authors`."""
        return (*map(str, self.mailboxes), *self.patterns)


@dataclass(frozen=True, slots=True)
class ForwardPath:
    """One RCPT TO. `path` is what the peer sent between the angle brackets, byte for byte; it is also what is sent on."""

    path: str
    mailbox: Mailbox
    notify: str | None = None  # RFC 3461 NOTIFY, as sent
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321 section 2.3.1: what the mail program said in MAIL and RCPT."""

    login: str  # who authenticated
    tenant: int
    reverse_path: Mailbox | None  # None is the null reverse-path
    forward_paths: tuple[ForwardPath, ...]
    smtputf8: bool = False
    body_8bit: bool = False
    ret: str | None = None  # RFC 3461
    envid: str | None = None
    authors: tuple[str, ...] = ()  # who this login may write as: "a@b", "@b" or "*"; "*" is for machine accounts
    login_role: str = ""  # "coach" | "assistant" | "auditor": who may answer notices


@dataclass(frozen=True, slots=True)
class Submission:
    """A message as taken from the mail program: envelope plus the octets between DATA and the final dot, CRLF line ends."""

    envelope: Envelope
    raw: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """A coached person. `id` is opaque ("c-0042") and the only name of hers that may stand in a log."""

    id: str
    name: str
    work: tuple[Mailbox, ...] = ()
    work_domains: tuple[str, ...] = ()  # A-labels; sub-domains are meant too
    personal: Mailbox | None = None
    fingerprint: str | None = None  # of the pinned primary key, 40 upper-case hex digits
    key_verified: bool = False  # the coach compared the fingerprint by another channel
    sponsors: tuple[Mailbox, ...] = ()
    meetings: tuple[tuple[str, tuple[str, ...]], ...] = ()  # platforms owned by the client's company: ("zoom_vanity", ("acme",))
    consents: tuple[str, ...] = ()  # scopes on record, for instance "share-with-sponsor"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who is no client, as the coach told the gateway. `pattern` is a whole mailbox or "@domain"."""

    pattern: str
    role: Role  # SUPPORT or NOT_A_CLIENT


@dataclass(frozen=True, slots=True)
class Taught:
    """What a coach taught the recogniser of one language: a word, or the pattern of a phrase (`core.recognise.taught`)."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Coach:
    """The coach of one tenant."""

    name: str
    addresses: tuple[Mailbox, ...]
    time_zone: str = "UTC"
    places: tuple[str, ...] = ()  # those she taught, beside the configured ones
    phrases: tuple[Taught, ...] = ()
    meetings: Meetings = Meetings()  # the platforms she owns, as configured


@dataclass(frozen=True, slots=True)
class Lesson:
    """Something a coach taught, as the store keeps it and she lists it; a word is a phrase too."""

    kind: str  # "phrase" | "place"
    language: str  # "" of a place: it is the same in every language
    text: str
    by: str = ""  # the login, or "operator"
    id: str = ""  # opaque, given by the store; the only thing of it that may stand in a log
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody a tenant knows: the only ground on which `audience.identify` decides who a recipient is."""

    coach: Coach
    clients: tuple[Client, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One forward path with the part its owner plays."""

    forward_path: ForwardPath
    role: Role
    client: Client | None = None  # for the client's two sides, sponsors and colleagues


# ------------------------------------------------------------------------------------------------ the message as read
@dataclass(frozen=True, slots=True)
class HeaderField:
    """RFC 5322 section 2.2: one field, unfolded; `body` is decoded (RFC 2047) for reading only, never for writing."""

    name: str  # lower case
    body: str


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree (RFC 2045)."""

    path: str  # "1.2", the way IMAP numbers parts
    media_type: str  # lower case "text/plain"
    disposition: str  # "inline" | "attachment" | ""
    has_filename: bool
    size_octets: int
    text: str | None  # decoded text of text/plain, and of text/html what a reader would see; None where unreadable or not text
    hidden_text: str = ""  # of text/html: everything that a reader would not see (comments, attributes, styles, hidden elements)
    alternative_to: str | None = None  # path of the multipart/alternative it stands in
    defects: tuple[str, ...] = ()
    octets: bytes = b""  # decoded, of a calendar object alone: it is read under each context
    method: str = ""  # the method parameter of a calendar object (RFC 6047 section 2.4)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as read; never a source of octets for a copy."""

    header_section: tuple[HeaderField, ...]
    parts: tuple[Part, ...]
    defects: tuple[str, ...] = ()  # a closed vocabulary, see parse.py; content trouble is a defect, not an exception

    def first(self, name: str) -> str | None:
        """The body of the first field called `name` (lower case)."""
        return next((f.body for f in self.header_section if f.name == name), None)


# ------------------------------------------------------------------------------------------------ what was recognised
@dataclass(frozen=True, slots=True)
class RecogniserContext:
    """What the recogniser may know beyond the text: configured names, places and platforms."""

    client_names: tuple[str, ...] = ()
    coach_names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()  # [places] known and rooms
    approved_links: tuple[str, ...] = ()  # host[/path] prefixes the coach owns, from [meetings]
    time_zone: str = "UTC"
    taught: tuple[Taught, ...] = ()  # words and phrases of this coach
    coach_addresses: tuple[str, ...] = ()  # canonical; the organiser of a calendar object must be one of them
    company: tuple[str, ...] = ()  # addresses and "@domains" of the company that would read it
    own: Meetings = Meetings()  # meeting platforms of the coach
    theirs: Meetings = Meetings()  # those of that company


class FactKind(StrEnum):
    """What a span of text states about the appointment."""

    TIME = "time"  # date, weekday, clock time, range, duration, zone, recurrence
    PLACE = "place"
    LINK = "link"
    PHONE = "phone"
    OTHER = "other"


class Status(StrEnum):
    """What happens to the appointment."""

    CONFIRMED = "confirmed"
    PROPOSED = "proposed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    LATE = "late"
    ASKED = "asked"
    STATED = "stated"  # an appointment is spoken of, nothing more is said


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A piece of text given to the recogniser."""

    source: str  # "subject" or a part path
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A span that states something about the appointment, verbatim."""

    kind: FactKind
    text: str
    source: str  # the block it stands in
    owner: str = "appointment"  # "appointment", or whose matter it is: then it goes nowhere
    rank: int = 0  # of a time: 2 a day and an hour, 1 one of them, 0 a length or something vague


@dataclass(frozen=True, slots=True)
class Sentence:
    """The verdict on one sentence, with the word or rule that decided: what `coachgate explain` shows."""

    source: str
    text: str
    approved: bool  # a closed clause frame parsed it whole
    rule: str  # name of the frame, or why withheld
    word: str = ""  # the unexplained or blocking word
    language: str = ""  # of the pack that judged it


@dataclass(frozen=True, slots=True)
class Reading:
    """The recogniser's answer for the whole text of a message, under one context."""

    language: str  # pack used, "" where none fits
    appointment: bool  # the mail speaks of an appointment; without it nothing may be said to a company
    status: Status
    facts: tuple[Fact, ...]
    sentences: tuple[Sentence, ...]
    complete: bool  # every sentence approved: nothing withheld
    company_text: str = ""  # what the company copy would say; empty where nothing may be said
    company_subject: str = ""
    invitation: Invitation | None = None  # what a calendar object says, rebuilt from facts; its times stand in the text as well
    findings: tuple[Finding, ...] = ()  # what was found under this context alone
    links: tuple[MeetingLink, ...] = ()  # every link of a meeting, whether it passes or not

    @property
    def remarkable_links(self) -> tuple[MeetingLink, ...]:
        """Those of which the coach should hear: what stays away from the company, and what went there with a warning."""
        events = self.invitation.events if self.invitation else ()
        gone = {event.link for event in events}
        return tuple(k for k in self.links if not k.passage.passes or k.passage is Passage.WARN and (k.link in gone or k.link in self.company_text))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part is, with the reason in closed words (never a quotation)."""

    part: str  # part path, "subject", "header" or "message"
    kind: Kind
    evidence: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that is known of a message after reading it once: no octets, so that it can cross a process boundary cheaply."""

    findings: tuple[Finding, ...]
    readings: tuple[tuple[RecogniserContext, Reading], ...]
    message_id: str | None
    author_mailboxes: tuple[str, ...]  # From, as written
    part_count: int
    hops: int  # number of Received fields
    automatic: bool  # RFC 3834 Auto-Submitted, List-*, null sender
    subject: str = ""  # decoded; only for the protected header of the private copy, never for a log
    command_text: str = ""  # first words of the text, only where the message is a reply to a notice
    defects: tuple[str, ...] = ()
    original: Original | None = None  # of a calendar object: for what is remembered of it and for the coach, never for a copy

    def reading(self, context: RecogniserContext) -> Reading | None:
        """The reading made under `context`."""
        return next((r for c, r in self.readings if c == context), None)


# ------------------------------------------------------------------------------------------------ verdicts and plan
@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policies say about one kind of finding for one recipient."""

    recipient: Recipient
    kind: Kind
    action: Action
    rule_ids: tuple[str, ...]
    reason: str  # a sentence for the coach, from the rule
    consent: str = ""  # the scope of a consent on record that every deciding rule names: the coach may release with one word


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that may be sealed to, as pinned by the coach."""

    fingerprint: str
    encryption_subkey: str  # 40 hex digits
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the keyring says of a client's key: usable, or the reason why not (closed vocabulary, docs/glossary.md)."""

    key: Key | None
    reason: str = ""  # key-missing, key-expired, key-revoked, key-not-for-encryption, key-too-weak, key-other-address, key-ambiguous, key-v6, key-unverified


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy to be made."""

    purpose: Purpose
    recipient: ForwardPath
    client: Client | None
    role: Role
    reading: Reading | None = None  # of a company copy
    key: Key | None = None  # of a private copy
    rule_ids: tuple[str, ...] = ()
    held_id: str | None = None  # the held item a notice speaks of


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that waits for the coach or for a key. The whole original waits, sealed."""

    recipient: ForwardPath
    client: Client | None
    role: Role
    reason: str  # closed vocabulary: a key reason, "unknown-recipient", "sponsor-without-consent", "disguised", "unreadable", "loop", "engine"
    kinds: tuple[Kind, ...]
    rule_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All copies and holds of a submission; made whole before anything is sealed or stored (law 4)."""

    copies: tuple[Copy, ...]
    holds: tuple[Hold, ...]
    withheld_parts: int = 0
    courses: tuple[tuple[Recipient, str], ...] = ()  # of a calendar object: what it is in the life of its appointment, see `calendar.life.Course`


# ------------------------------------------------------------------------------------------------ what leaves and what stays
@dataclass(frozen=True, slots=True)
class Outgoing:
    """A finished copy with its envelope; one recipient each, so that one refusal never touches another recipient."""

    id: str  # opaque, also the ground of its Message-ID
    purpose: Purpose
    reverse_path: str
    forward_path: ForwardPath
    octets: bytes  # CRLF line ends
    message_id: str
    client_id: str | None
    smtputf8: bool = False
    body_8bit: bool = False


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A held item as the store keeps it; `raw` only where it was asked for."""

    id: str
    tenant: int
    recipient: ForwardPath
    role: Role
    client_id: str | None
    reason: str
    since: datetime
    part_count: int
    login: str = ""
    reverse_path: str = ""
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One row of the audit log before it is chained. Closed vocabulary, no content; `detail` is sealed per client."""

    event: str  # see core.audit.EVENTS
    submission_id: str | None
    client_id: str | None
    detail: tuple[tuple[str, str], ...] = ()  # closed keys: role, action, kinds, rules, reason, purpose, reply, octets, ruleset


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof of custody: returned only after the store has committed."""

    submission_id: str
    repeated: bool = False  # this login had submitted the same octets before: nothing was done again
    copies: int = 0
    held: int = 0
    outcome: tuple[str, ...] = field(default=())
