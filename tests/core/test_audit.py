"""The log as mathematics: what may stand in it, and that every kind of tampering is found and named, each row in turn."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from gateway import errors
from gateway.core import audit
from gateway.core.audit import INTERNAL_ONLY, Row, Verification, verify
from gateway.core.checkpoint import Checkpoint, NoteKey, Tree, checkpoint_text, key_id, parse_checkpoints, signed_note
from gateway.core.model import AuditEvent

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORIGIN = "coachgate/0011"
SIZE = 1000


# A signature scheme of the tests' own keeps this suite in the pure core: HMAC stands for Ed25519. The store's contract suite uses the real one.
def key_of(secret: bytes, name: str = ORIGIN) -> NoteKey:
    return NoteKey(name, key_id(name, secret), lambda signature, message: signature == hashlib.sha256(secret + message).digest())


def note(rows: list[Row], size: int, secret: bytes = b"ours", name: str = ORIGIN) -> str:
    tree = Tree()
    for row in rows[:size]:
        tree = tree.add(row.hash)
    text = checkpoint_text(name, tree)
    return signed_note(text, name, key_id(name, secret), hashlib.sha256(secret + text.encode()).digest())


def checkpoint(rows: list[Row], size: int, secret: bytes = b"ours", name: str = ORIGIN) -> Checkpoint:
    return parse_checkpoints(note(rows, size, secret, name))[0]


def hashed(row: Row, **changes: object) -> Row:
    row = replace(row, **changes)  # type: ignore[arg-type]
    return replace(row, hash=audit.row_hash(row))


def chained(rows: list[Row]) -> list[Row]:
    """The rows numbered and hashed anew, as somebody would who owns the database."""
    made: list[Row] = []
    for row in rows:
        made.append(hashed(row, seq=len(made) + 1, previous=made[-1].hash if made else audit.first_previous()))
    return made


@cache
def log(size: int = SIZE) -> tuple[Row, ...]:
    words = list(audit.EVENTS)
    rows = []
    for i in range(size):
        detail = hashlib.sha256(b"detail %d" % i).digest()
        client = None if i % 3 == 0 else f"c-{i % 7:04d}"
        rows.append(Row(1, 0, START + timedelta(seconds=i), words[i % len(words)], f"s{i // 4}", client, detail, hashlib.sha256(detail).digest(), b"", b""))
    return tuple(chained(rows))


Tampering = Callable[[list[Row], int], tuple[list[Row], int | None]]  # (rows, position from 0) -> rows and the first bad row; None: some row up to the end


def _changed(field: str, value: object) -> Tampering:
    def tamper(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
        rows[i] = replace(rows[i], **{field: value})  # type: ignore[arg-type]
        return rows, i + 1

    return tamper


def _renumbered(rows: list[Row]) -> list[Row]:
    return [replace(row, seq=n) for n, row in enumerate(rows, start=1)]


def _delete(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    return rows[:i] + rows[i + 1 :], i + 1


def _delete_renumbered(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    return _renumbered(rows[:i] + rows[i + 1 :]), i + 1


def _insert(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    forged = hashed(rows[i], event="relayed", submission_id="forged", previous=rows[i].previous)
    return _renumbered([*rows[:i], forged, *rows[i:]]), i + 1


def _duplicate(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    return [*rows[: i + 1], rows[i], *rows[i + 1 :]], i + 2


def _swap(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    j = (i + 1) % len(rows)
    rows[i], rows[j] = rows[j], rows[i]
    return rows, min(i, j) + 1


def _replace_whole(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    rows[i] = hashed(rows[i], event="relayed", submission_id="forged")
    return rows, i + 1 if i + 1 < len(rows) else None  # replacing the last row is writing the end of the log anew


def _truncate(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    return rows[:i], i + 1


def _rechain(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    rows[i] = replace(rows[i], event="relayed", submission_id="forged")
    return chained(rows), None


def _rechain_deleted(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    filler = replace(rows[-1], submission_id="filler")  # so that the length is right again
    return chained([*rows[:i], *rows[i + 1 :], filler]), None


def _roll_back_and_go_on(rows: list[Row], i: int) -> tuple[list[Row], int | None]:
    others = [replace(row, submission_id=f"later-{n}") for n, row in enumerate(rows[i:])]
    return chained([*rows[:i], *others]), None


TAMPERINGS: dict[str, Tampering] = {
    "changed tenant": _changed("tenant", 2),
    "changed seq": _changed("seq", 5000),
    "changed at": _changed("at", START - timedelta(microseconds=1)),
    "changed event": _changed("event", "nothing"),
    "changed submission": _changed("submission_id", "other"),
    "changed client": _changed("client_id", "c-9999"),
    "changed detail": _changed("detail", b"other"),
    "changed commitment": _changed("commitment", bytes(32)),
    "changed previous": _changed("previous", b"\x01" * 32),
    "changed hash": _changed("hash", b"\x01" * 32),
    "replaced": _replace_whole,
    "deleted": _delete,
    "deleted and renumbered": _delete_renumbered,
    "inserted": _insert,
    "duplicated": _duplicate,
    "reordered": _swap,
    "truncated": _truncate,
    "written anew": _rechain,
    "deleted and written anew": _rechain_deleted,
    "rolled back and continued": _roll_back_and_go_on,
}
CHECKPOINT = 400  # kept outside, beside one of the whole log
SAMPLE = sorted({0, 1, 2, CHECKPOINT - 1, CHECKPOINT, 500, SIZE - 2, SIZE - 1})


@cache
def kept_outside() -> tuple[Checkpoint, ...]:
    return checkpoint(list(log()), CHECKPOINT), checkpoint(list(log()), SIZE)


def assert_found(name: str, i: int) -> None:
    """With an outside checkpoint of the whole log: found; and the row named, or a stretch that holds it."""
    rows, first = TAMPERINGS[name](list(log()), i)
    found = verify(rows, key_of(b"ours"), kept_outside())
    assert not found.ok, (name, i)
    assert found.first_bad is not None
    if first is None:
        assert found.until is not None
        assert found.first_bad <= i + 1 <= found.until
    else:
        assert found.first_bad == first, (name, i, found)


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_named_in_sampled_rows(name: str) -> None:
    for i in SAMPLE:
        assert_found(name, i)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_named_in_every_row(name: str) -> None:
    for i in range(SIZE):
        assert_found(name, i)


def test_a_rechained_stretch_is_narrowed_by_the_checkpoints_before_it() -> None:
    rows, _ = _rechain(list(log()), 700)
    found = verify(rows, key_of(b"ours"), [checkpoint(list(log()), size) for size in (600, 650, 750, SIZE)])
    assert (found.first_bad, found.until, found.proven) == (651, 750, 650)
    assert "written anew" in found.statement


def test_no_false_alarm_in_a_clean_log_of_any_length() -> None:
    rows = list(log())
    for size in (0, 1, 2, 3, 64, 65, 999, SIZE):
        outside = [checkpoint(rows, s) for s in {1, size // 2, size} if 0 < s <= size]
        found = verify(rows[:size], key_of(b"ours"), outside)
        assert (found.ok, found.rows, found.proven, found.first_bad) == (True, size, size, None)


def test_without_a_checkpoint_from_outside_it_says_so_in_these_words() -> None:
    rows = list(log())
    for inside in ([], [checkpoint(rows, 500)]):
        assert verify(rows, key_of(b"ours"), (), inside) == Verification(True, SIZE, 0, None, None, "internally consistent only")


def test_rows_after_the_outside_checkpoint_are_not_called_proven() -> None:
    found = verify(list(log()), key_of(b"ours"), [checkpoint(list(log()), 600)])
    assert (found.ok, found.proven) == (True, 600)
    assert found.statement.endswith(f"the 400 after it are {INTERNAL_ONLY}")


def test_a_rechained_log_passes_without_an_outside_checkpoint_which_is_why_it_is_needed() -> None:
    rows, _ = _rechain(list(log()), 700)
    assert verify(rows, key_of(b"ours")).statement == INTERNAL_ONLY


def test_the_databases_own_checkpoint_shows_a_fault_too() -> None:
    rows, _ = _rechain(list(log()), 700)
    found = verify(rows, key_of(b"ours"), (), [checkpoint(list(log()), 300), checkpoint(list(log()), SIZE)])
    assert (found.ok, found.first_bad, found.until, found.proven) == (False, 301, SIZE, 0)


def test_a_new_key_is_found_from_both_sides() -> None:
    rows, _ = _rechain(list(log()), 700)
    forged = checkpoint(rows, SIZE, secret=b"theirs")
    genuine = checkpoint(list(log()), SIZE)
    for key, outside in ((key_of(b"ours"), [forged]), (key_of(b"theirs"), [genuine]), (key_of(b"ours"), [genuine])):
        assert not verify(rows, key, outside).ok
    exchanged = verify(list(log()), key_of(b"theirs"), [genuine])
    assert (exchanged.ok, exchanged.first_bad) == (False, None)
    assert "key was exchanged" in exchanged.statement


def test_a_checkpoint_of_another_log_proves_nothing_here() -> None:
    found = verify(list(log()), key_of(b"ours"), [checkpoint(list(log()), SIZE, name="coachgate/other")])
    assert not found.ok
    assert "another log" in found.statement


# ------------------------------------------------------------------------------------------------ rows
def test_no_two_rows_share_their_octets() -> None:
    row = replace(log()[5], submission_id="ab", client_id="c")
    others = [replace(row, submission_id="a", client_id="bc"), replace(row, submission_id=None), replace(row, submission_id=""), replace(row, client_id=None)]
    others += [replace(row, detail=row.detail + row.commitment[:1], commitment=row.commitment[1:]), replace(row, detail=b"")]
    assert len({audit.row_hash(r) for r in [row, *others]}) == len(others) + 1


def test_every_word_that_an_error_leads_to_is_in_the_vocabulary() -> None:
    words = {failure.audit for failure in errors.FAILURES.values()} | {errors.FAULT.audit}
    assert words <= audit.EVENTS.keys()
    assert all(text and text[0].islower() and not text.endswith(".") for text in audit.EVENTS.values())


@pytest.mark.parametrize(
    "detail",
    [
        ("subject", "x"),
        ("filename", "x"),
        ("reason", "two words"),
        ("reason", "anna@home.example"),
        ("reason", "über"),
        ("reason", "a\r\nb"),
        ("reason", "x" * 2001),
        ("reply", "250 2.0.0 Ok: queued as Anna's"),
        ("reply", "250 OK"),
    ],
)
def test_what_could_carry_content_is_refused_without_being_quoted(detail: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="accepted") as caught:
        audit.check(AuditEvent("accepted", "s1", None, (detail,)))
    assert detail[1] not in str(caught.value).replace("'filename'", "").replace("accepted", "").replace("subject", "") or len(detail[1]) == 1


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="no audit event"):
        audit.check(AuditEvent("looked-at", None, None))


def test_every_word_the_program_writes_is_in_the_vocabulary() -> None:
    """Reads the source: a word that is unknown would stop a commit, and with it a mail."""
    written: set[str] = set()
    for file in (Path(__file__).parents[2] / "gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AuditEvent" and node.args:
                word = node.args[0]
                branches = [word.body, word.orelse] if isinstance(word, ast.IfExp) else [word]
                written |= {branch.value for branch in branches if isinstance(branch, ast.Constant)}
    assert len(written) > 10  # the search itself works
    assert written <= audit.EVENTS.keys()


@pytest.mark.parametrize("value", ["", "250", "250 2.0.0", "550 5.7.1", "notes,attachment", "company-default", "p-0123456789abcdef", "sha256:00ff"])
def test_codes_and_counts_pass(value: str) -> None:
    audit.check(AuditEvent("accepted", "s1", None, (("reply", value),)))
