"""Exports and proofs: they stand alone, and whatever is shown otherwise than it was logged is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest

from gateway.core import audit
from gateway.core.audit import Row, verify
from gateway.core.export import export_line, import_line, proof_of, verify_export, verify_proof
from gateway.core.model import AuditEvent
from tests.core.test_audit import START, checkpoint, hashed, key_of, note


def exported() -> Iterator[str]:
    previous = audit.first_previous()
    for seq in range(1, 6):
        clear = audit.detail_octets(AuditEvent("relayed", None, None, (("attempt", str(seq)), ("reply", "250 2.0.0"))), salt=f"{seq:032x}")
        shown = None if seq == 3 else clear  # the third was shredded
        row = hashed(Row(1, seq, START, "relayed", None, f"c-{seq:04d}", b"sealed", hashlib.sha256(clear).digest(), previous, b""))
        previous = row.hash
        yield export_line(row, shown)


def test_an_export_verifies_without_the_database() -> None:
    lines = list(exported())
    rows = [import_line(line)[0] for line in lines]
    assert verify(rows, key_of(b"ours")).ok
    found = verify_export(lines, key_of(b"ours"), [checkpoint(rows, 5)])
    assert (found.ok, found.proven) == (True, 5)
    assert json.loads(lines[0])["detail"] == {"attempt": "1", "reply": "250 2.0.0"}
    assert "detail" not in json.loads(lines[2])


def test_a_disclosed_detail_that_was_changed_is_found() -> None:
    lines = list(exported())
    lines[3] = lines[3].replace("250 2.0.0", "550 5.0.0")  # in both forms
    found = verify_export(lines, key_of(b"ours"))
    assert (found.ok, found.first_bad) == (False, 4)
    assert "not the one that was logged" in found.statement


@pytest.mark.parametrize(
    "change",
    [lambda s: "", lambda s: "[]", lambda s: s[:-1], lambda s: s.replace('"attempt": "4"', '"attempt": "5"'), lambda s: s.replace("+00:00", "")],
)
def test_a_line_that_is_no_row_is_named(change: Callable[[str], str]) -> None:
    lines = list(exported())
    lines[3] = change(lines[3])
    found = verify_export(lines, key_of(b"ours"))
    assert (found.ok, found.first_bad) == (False, 4)


def test_an_earlier_fault_of_the_chain_is_named_before_a_later_one_of_the_form() -> None:
    lines = list(exported())
    lines[1] = lines[1].replace('"relayed"', '"refused"')
    lines[4] = "{}"
    assert verify_export(lines, key_of(b"ours")).first_bad == 2


# ------------------------------------------------------------------------------------------------ one row
def proof(seq: int = 4) -> tuple[str, list[Row]]:
    pairs = [import_line(line) for line in exported()]
    rows = [row for row, _ in pairs]
    return proof_of(rows[seq - 1], pairs[seq - 1][1], [row.hash for row in rows], note(rows, 5)), rows


def test_a_proof_shows_one_row_and_no_other() -> None:
    for seq in range(1, 6):
        text, rows = proof(seq)
        alone, known = verify_proof(text, key_of(b"ours")), verify_proof(text, key_of(b"ours"), [checkpoint(rows, 5)])
        assert (alone.ok, alone.proven, known.ok, known.proven) == (True, 0, True, seq)
        assert known.statement == f"row {seq} of 5 stands in the log of the checkpoint from outside"
        assert not [other for other in range(1, 6) if other != seq and f"c-{other:04d}" in text]


@pytest.mark.parametrize(
    ("change", "statement"),
    [
        (lambda p: p | {"row": p["row"] | {"event": "refused"}}, "row 4 is not shown as it was logged"),
        (lambda p: p | {"row": p["row"] | {"clear": p["row"]["clear"].replace("250", "550"), "detail": {"attempt": "4", "reply": "550 2.0.0"}}}, "not shown"),
        (lambda p: p | {"path": list(reversed(p["path"]))}, "row 4 is not in the log that was signed"),
        (lambda p: p | {"path": p["path"][:-1]}, "this is no proof"),
        (lambda p: p | {"path": ["zz"]}, "this is no proof"),
        (lambda p: p | {"checkpoint": p["checkpoint"].replace("\n5\n", "\n6\n")}, "is not signed"),
        (lambda p: p | {"checkpoint": p["checkpoint"].replace("\n5\n", "\n8\n")}, "is not signed"),
        (lambda p: p | {"checkpoint": p["checkpoint"].replace("\n5\n", "\n3\n")}, "is not signed"),
        (lambda p: {}, "this is no proof"),
    ],
)
def test_a_changed_proof_is_refused(change: Callable[[dict[str, object]], object], statement: str) -> None:
    found = verify_proof(json.dumps(change(json.loads(proof()[0]))), key_of(b"ours"))
    assert not found.ok
    assert statement in found.statement


def test_a_proof_under_another_key_is_refused() -> None:
    assert not verify_proof(proof()[0], key_of(b"theirs")).ok
    assert not verify_proof(proof()[0], key_of(b"ours", "coachgate/other")).ok
