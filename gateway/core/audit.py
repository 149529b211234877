"""The audit log as mathematics: the closed vocabulary, the octets of a row, the hash chain, and verification.

Each row carries the SHA-256 of its columns and of the row before (`row_hash`). Whoever owns the database can write the whole chain anew, so only a checkpoint
(`core.checkpoint`) that was kept elsewhere proves anything; without one `verify` says so.

A row never holds a subject, a body, a file name or a clear address. This module never signs, seals or reads a clock.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.core.checkpoint import Checkpoint, NoteKey, Tree
from gateway.core.model import AuditEvent

EVENTS: dict[str, str] = {
    "accepted": "a submission was taken into custody",
    "repeated": "the same submission came again and was not done again",
    "company-copy": "a composed copy for a company mailbox was queued",
    "private-copy": "a sealed copy for a personal mailbox was queued",
    "raw-copy": "the octets as submitted were queued, for the coach herself or somebody who is no client",
    "notice": "a notice to the coach was queued",
    "diverted": "what was meant for a company goes to the personal mailbox instead",
    "appointment": "a calendar object was understood: whether it makes, changes or calls off an appointment, or answers one",
    "appointment-silent": "a calendar object was older than what the company has, or was sent before: the company gets none",
    "answered": "a company's answer to an appointment was translated and queued for the coach",
    "not-delivered": "an invitation came back; the coach is told",
    "sent-on-request": "somebody who was sent an appointment asked for it again and gets what was sent last",
    "invited": "a company made an appointment itself: its UID is remembered",
    "withheld": "a remainder that was mere courtesy went nowhere",
    "held": "something waits for the coach or for a key",
    "refused": "a submission was refused for good",
    "refused-sender": "refused: the login may not send as that address",
    "refused-address": "refused: a recipient's address could mean two mailboxes",
    "refused-line-end": "refused: bare CR, LF or NUL",
    "refused-size": "refused: too large",
    "refused-loop": "refused: the mail has passed this gateway before, or too many hops",
    "deferred-store": "put off before custody: the disk could not be written",
    "deferred-sealer": "put off before custody: encryption did not work",
    "deferred-reader": "put off before custody: the message could not be read",
    "deferred-proof": "put off before custody: a finished copy did not pass its check",
    "deferred-busy": "put off before custody: too much at once",
    "fault": "a fault of the gateway; before custody nothing was sent",
    "damaged": "something stored does not open any more and is not sent",
    "relayed": "the next hop took a copy",
    "deferred": "the next hop wants a copy later, or could not be reached",
    "failed": "the next hop refused a copy for good",
    "unclear": "the next hop fell silent after the final dot: the copy may have arrived",
    "gave-up": "a copy was tried for too long and is not tried again",
    "sent-again": "a copy that had failed, or whose fate was unclear, was queued again under the same Message-ID",
    "dropped": "a copy that had failed, or whose fate was unclear, was given up and erased",
    "resolved": "a held item left by itself: a usable key or a name turned up",
    "released": "the coach released a held item as scheduling",
    "diverted-by-coach": "the coach sent a held item to the personal mailbox",
    "sent-as-is": "the coach sent a held item unchanged and gave a reason code",
    "discarded": "the coach discarded a held item",
    "token-refused": "a reply to a notice carried a token that is unknown or was used before",
    "bypass": "a mail to a company did not pass the gateway and held more than scheduling; the coach was told",
    "mailbox-lost": "the coach's mailbox could not be read any more",
    "mailbox-found": "the coach's mailbox is read",
    "told": "a digest told the coach what went out",
    "client-changed": "a client's record was written",
    "client-removed": "a client's record was removed",
    "contact-changed": "somebody who is no client was recorded",
    "contact-removed": "a contact was removed",
    "user-changed": "a login was written",
    "user-removed": "a login was removed",
    "coach-changed": "the coach's own record was written",
    "key-changed": "a client's public key was written",
    "key-refused": "a client's public key cannot be used",
    "login-refused": "a login or password was refused",
    "policy-loaded": "a set of policies came into force",
    "vocabulary-added": "the coach taught a word or a phrase",
    "vocabulary-removed": "the coach took back a word or a phrase",
    "place-added": "the coach taught a place",
    "place-removed": "the coach took back a place",
    "started": "the gateway started",
    "stopped": "the gateway stopped in good order",
    "checkpoint": "the log up to and with this row was signed",
    "checkpoint-sent": "a checkpoint was queued for the coach's mailbox",
    "rolled-back": "the database was found to be older than the last checkpoint taken from it",
    "shredded": "the key of a client's audit details was destroyed",
    "erased": "stored mail was erased because its time was over",
    "exported": "the log was exported",
}

DETAIL_KEYS = frozenset(
    """role action kinds rules reason purpose reply octets ruleset recipient attempt parts copy held user version count words item by code links""".split()
)
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.,:/+_=<>-]{0,1999}|[2-5][0-9]{2} [2-5]\.[0-9]{1,3}\.[0-9]{1,3}|")  # codes, counts, a reply: no sentence
_ZERO = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROW_DOMAIN = b"coachgate audit row 1"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is stored. `detail` is sealed; `commitment` is the SHA-256 of its clear octets, so that a disclosed detail can be checked."""

    tenant: int
    seq: int  # 1 for the first
    at: datetime
    event: str
    submission_id: str | None
    client_id: str | None
    detail: bytes
    commitment: bytes
    previous: bytes  # hash of the row before, 32 zero octets for the first
    hash: bytes


def is_code(value: str) -> bool:
    """Whether `value` may stand in the log: a code, a count, a list of them, or an SMTP reply without its prose."""
    return _VALUE.fullmatch(value) is not None


def check(event: AuditEvent) -> None:
    """Raise `ValueError` for anything the log must not hold: an unknown word or key, or a value that could carry content or an address."""
    if event.event not in EVENTS:
        raise ValueError(f"no audit event is called {event.event!r}")
    for key, value in event.detail:
        if key not in DETAIL_KEYS:
            raise ValueError(f"audit event {event.event}: no detail is called {key!r}")
        if not is_code(value):
            raise ValueError(f"audit event {event.event}: the value of {key} is not a code")  # the value itself may be content: not quoted


def detail_octets(event: AuditEvent, salt: str) -> bytes:
    """The clear detail. The salt (128 random bits) stands inside, so that a commitment says nothing about a detail whose key is gone."""
    return json.dumps([["salt", salt], *event.detail], ensure_ascii=True, separators=(",", ":")).encode("ascii")


def detail_pairs(octets: bytes) -> tuple[tuple[str, str], ...]:
    """The inverse of `detail_octets`, without the salt."""
    return tuple((str(key), str(value)) for key, value in json.loads(octets) if key != "salt")


def row_hash(row: Row) -> bytes:
    """SHA-256 over all columns but the hash itself. Each field is preceded by its length, an absent one by a mark of its own: no two rows share octets."""
    digest = hashlib.sha256(ROW_DOMAIN)
    texts = (str(row.tenant), str(row.seq), str((row.at - _EPOCH) // timedelta(microseconds=1)), row.event, row.submission_id, row.client_id)
    for field in (*(None if t is None else t.encode("utf-8", "surrogateescape") for t in texts), row.detail, row.commitment, row.previous):
        digest.update(b"\xff" * 8 if field is None else len(field).to_bytes(8, "big") + field)
    return digest.digest()


def first_previous() -> bytes:
    """What stands in `previous` of the first row."""
    return _ZERO


# ------------------------------------------------------------------------------------------------ verification
INTERNAL_ONLY = "internally consistent only"


@dataclass(frozen=True, slots=True)
class Verification:
    """The result. `first_bad` is the number of the first row that is not what it was; where a whole stretch was written anew it is the first row
    of that stretch, and `until` the last that may be the first bad one."""

    ok: bool
    rows: int
    proven: int  # rows 1..proven are shown by a checkpoint from outside to be as they were
    first_bad: int | None
    until: int | None
    statement: str


def verify(rows: Iterable[Row], key: NoteKey, outside: Sequence[Checkpoint] = (), inside: Sequence[Checkpoint] = ()) -> Verification:
    """Check a whole log, given in the order it is kept: chain first, then every checkpoint.

    `outside` are checkpoints that were kept where whoever may have changed the log could not reach them, `inside` those of the database itself: they can
    show a fault but prove nothing. Streams: memory does not grow with the log.
    """
    marks: dict[int, list[tuple[Checkpoint, bool]]] = {}
    for checkpoint, from_outside in [(c, True) for c in outside] + [(c, False) for c in inside]:
        marks.setdefault(checkpoint.size, []).append((checkpoint, from_outside))
    tree, previous, agreed, proven = Tree(), None, 0, 0
    differs: Verification | None = None
    for row in rows:
        bad = chain_fault(row, tree.size + 1, previous)
        if bad:
            return bad_at(tree.size, proven, bad[0], bad[0], bad[1])
        if differs:  # the row after the checkpoint could have named the bad one exactly, but it fits what stands before it
            return differs
        previous, tree = row, tree.add(row.hash)
        for checkpoint, from_outside in marks.pop(tree.size, ()):
            fault = _checkpoint_fault(checkpoint, tree, key)
            if fault and checkpoint.root == tree.root():
                return bad_at(tree.size, proven, None, None, fault)
            if fault:
                differs = bad_at(tree.size, proven, agreed + 1, tree.size, fault)
                break
            agreed, proven = tree.size, tree.size if from_outside else proven
    if differs:
        return differs
    for checkpoint, from_outside in sorted((mark for same_size in marks.values() for mark in same_size), key=lambda mark: mark[0].size):
        whose = "a checkpoint from outside" if from_outside else "a checkpoint"
        cut = f"{whose} covers {checkpoint.size} rows, the log has {tree.size}: it was cut off or rolled back"
        return bad_at(tree.size, proven, tree.size + 1, tree.size + 1, cut)
    return _good(tree.size, proven, bool(outside))


def _good(size: int, proven: int, outside: bool) -> Verification:
    if not outside:
        statement = INTERNAL_ONLY
    elif proven == size:
        statement = f"all {size} rows are as they were when the checkpoint was taken"
    else:
        statement = f"rows 1 to {proven} are as they were when the checkpoint was taken; the {size - proven} after it are {INTERNAL_ONLY}"
    return Verification(True, size, proven, None, None, statement)


def bad_at(size: int, proven: int, first: int | None, until: int | None, statement: str) -> Verification:
    """A verification that failed."""
    return Verification(False, size, proven, first, until, statement)


def chain_fault(row: Row, position: int, previous: Row | None) -> tuple[int, str] | None:
    """The first bad row and why, or None where `row` follows `previous`."""
    if row.seq != position:
        if row.seq > position:
            return position, f"row {position} is missing: row {row.seq} stands in its place"
        return position, f"row {position} is out of order or inserted: it carries the number {row.seq}"
    if row_hash(row) != row.hash or (previous is not None and row.tenant != previous.tenant):
        if previous is not None and row.previous == previous.previous:
            return position - 1, f"row {position - 1} was inserted: row {position} and the row before remember the same one"
        return position, f"row {position} was changed: its hash does not fit its content"
    expected = _ZERO if previous is None else previous.hash
    if row.previous != expected:
        # this row is whole in itself, so what it remembers of the row before is right and that row was replaced
        return max(position - 1, 1), f"row {max(position - 1, 1)} was replaced: row {position} remembers another one"
    return None


def _checkpoint_fault(checkpoint: Checkpoint, tree: Tree, key: NoteKey) -> str | None:
    if checkpoint.origin != key.name:
        return f"a checkpoint belongs to another log ({checkpoint.origin})"
    if not checkpoint.signed_by(key):
        return f"a checkpoint of {checkpoint.size} rows is not signed by this log's key: the checkpoint or the key was exchanged"
    if checkpoint.root != tree.root():
        return f"the log differs from what it was at its checkpoint of {checkpoint.size} rows: it was written anew"
    return None
