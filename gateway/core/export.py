"""What leaves the log: rows as lines of JSON, whole exports, and the proof of a single row. Each can be checked without the database and without any secret.

A detail that is shown is checked against the commitment in its row, so an export cannot show other details than were logged. A proof (RFC 6962 section
2.1.1) shows one row to somebody, a client for instance, and says nothing of the others but how many there are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from gateway.core.audit import Row, Verification, bad_at, detail_pairs, row_hash, verify
from gateway.core.checkpoint import Checkpoint, NoteKey, inclusion_proof, parse_checkpoints, root_from_proof


def export_line(row: Row, clear: bytes | None) -> str:
    """One line of JSON with all columns, so that an export verifies without the database; `clear` adds the detail as the row commits to it."""
    columns: dict[str, object] = {
        "tenant": row.tenant,
        "seq": row.seq,
        "at": row.at.isoformat(timespec="microseconds"),
        "event": row.event,
        "submission": row.submission_id,
        "client": row.client_id,
        "sealed": base64.b64encode(row.detail).decode(),
        "commitment": row.commitment.hex(),
        "previous": row.previous.hex(),
        "hash": row.hash.hex(),
    }
    if clear is not None:
        columns |= {"detail": dict(detail_pairs(clear)), "clear": clear.decode("ascii")}
    return json.dumps(columns, ensure_ascii=True)


def import_line(line: str) -> tuple[Row, bytes | None]:
    """The inverse. Raises `ValueError` for anything else."""
    try:
        c = json.loads(line)
        row = Row(
            int(c["tenant"]),
            int(c["seq"]),
            _aware(c["at"]),
            str(c["event"]),
            None if c["submission"] is None else str(c["submission"]),
            None if c["client"] is None else str(c["client"]),
            base64.b64decode(c["sealed"], validate=True),
            *(bytes.fromhex(c[name]) for name in ("commitment", "previous", "hash")),
        )
        clear = c["clear"].encode("ascii") if "clear" in c else None
        if clear is not None and dict(detail_pairs(clear)) != c.get("detail"):
            raise ValueError("detail and clear differ")
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # binascii.Error and JSONDecodeError are ValueErrors
        raise ValueError(f"no row of an export: {type(error).__name__}") from None
    return row, clear


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at.astimezone(UTC)


def verify_export(lines: Iterable[str], key: NoteKey, outside: Sequence[Checkpoint] = ()) -> Verification:
    """`verify` over an export; a disclosed detail that is not what its row commits to counts as a changed row."""
    fault: list[tuple[int, str]] = []

    def rows() -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            try:
                row, clear = import_line(line)
            except ValueError:
                fault.append((number, f"line {number} is no row of an export"))
                return
            if clear is not None and hashlib.sha256(clear).digest() != row.commitment:
                fault.append((number, f"the detail shown with row {number} is not the one that was logged"))
                return
            yield row

    found = verify(rows(), key, outside)
    if fault and (found.first_bad is None or found.first_bad >= fault[0][0]):
        return bad_at(found.rows, found.proven, fault[0][0], fault[0][0], fault[0][1])
    return found


# ------------------------------------------------------------------------------------------------ one row
def proof_of(row: Row, clear: bytes | None, hashes: Sequence[bytes], note: str) -> str:
    """The proof that `row` stands in the log whose rows have `hashes` (all of the checkpoint `note`, in order), as one JSON object."""
    path = inclusion_proof(hashes, row.seq - 1)
    return json.dumps({"row": json.loads(export_line(row, clear)), "path": [node.hex() for node in path], "checkpoint": note})


def verify_proof(text: str, key: NoteKey, outside: Sequence[Checkpoint] = ()) -> Verification:
    """Check a proof. `ok` says that the row stands, as shown, in the log that `key` signed; `proven` is its number where `outside` holds that checkpoint."""
    try:
        parts = json.loads(text)
        row, clear = import_line(json.dumps(parts["row"]))
        path = [bytes.fromhex(node) for node in parts["path"]]
        (checkpoint,) = parse_checkpoints(parts["checkpoint"])
        root = root_from_proof(row.hash, row.seq - 1, checkpoint.size, path) if 1 <= row.seq <= checkpoint.size else b""
    except (KeyError, TypeError, ValueError):
        return bad_at(0, 0, None, None, "this is no proof of a row")
    if row_hash(row) != row.hash or (clear is not None and hashlib.sha256(clear).digest() != row.commitment):
        return bad_at(1, 0, row.seq, row.seq, f"row {row.seq} is not shown as it was logged")
    if not checkpoint.signed_by(key) or checkpoint.origin != key.name:
        return bad_at(1, 0, None, None, "the checkpoint in this proof is not signed by this log's key")
    if root != checkpoint.root:
        return bad_at(1, 0, row.seq, row.seq, f"row {row.seq} is not in the log that was signed")
    known = any((c.origin, c.size, c.root) == (checkpoint.origin, checkpoint.size, checkpoint.root) for c in outside)
    whose = "the log of the checkpoint from outside" if known else "a log signed by this key; only a checkpoint from outside says whether others saw the same"
    return Verification(True, 1, row.seq if known else 0, None, None, f"row {row.seq} of {checkpoint.size} stands in {whose}")
