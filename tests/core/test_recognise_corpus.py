"""The figures the recogniser must reach on labelled mails, measured as the black-box check measures them, without the daemon."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "../shared/corpus/coaching"
sys.path.insert(0, str(ROOT / "bench"))

import recogniser as bench  # noqa: E402

from gateway.core.model import TextBlock  # noqa: E402
from gateway.core.recognise import is_composed, recognise  # noqa: E402

PACKS = bench.packs()


def rows(name: str) -> list[dict[str, Any]]:
    path = CORPUS / name
    if not path.exists():
        pytest.skip(f"labelled corpus absent: {path}")
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


@pytest.fixture(scope="module")
def mails() -> list[tuple[dict[str, Any], Any]]:
    return [(row, recognise(bench.blocks(row), bench.CONTEXT, PACKS)) for row in rows("en.dev.jsonl")]


def said(reading: Any) -> str:
    return f"{reading.company_subject}\n{reading.company_text}"


def test_no_secret_of_any_mail_is_said(mails: list[tuple[dict[str, Any], Any]]) -> None:
    assert [(row["id"], secret) for row, reading in mails for secret in row["secrets"] if bench.has(said(reading), secret)] == []


def test_every_reading_proves_to_be_composed(mails: list[tuple[dict[str, Any], Any]]) -> None:
    assert [row["id"] for row, reading in mails if not is_composed(reading, bench.CONTEXT, PACKS)] == []


def test_the_facts_of_the_appointment_reach_the_company(mails: list[tuple[dict[str, Any], Any]]) -> None:
    kept = [bench.has(said(reading), fact) for row, reading in mails for fact in row["keep"]]
    assert sum(kept) >= 0.75 * len(kept)


def test_scheduling_mails_are_delivered_and_notes_hardly_ever_speak(mails: list[tuple[dict[str, Any], Any]]) -> None:
    spoke = {label: [bool(reading.company_text) for row, reading in mails if row["label"] == label] for label in ("scheduling", "notes")}
    assert sum(spoke["scheduling"]) >= 0.9 * len(spoke["scheduling"])
    assert sum(spoke["notes"]) <= 0.05 * len(spoke["notes"])


def test_notes_in_a_language_without_a_pack_never_speak() -> None:
    known = {pack.language for pack in PACKS.packs}
    notes = [row for row in rows("multi.dev.jsonl") if row["label"] == "notes" and row["lang"].partition(":")[0] not in known]
    assert [row["id"] for row in notes if recognise(bench.blocks(row), bench.CONTEXT, PACKS).company_text] == []


def test_harmful_sentences_are_withheld_and_harmless_ones_mostly_approved() -> None:
    verdicts = [
        (row["harmful"], all(s.approved for s in recognise((TextBlock("1", row["text"]),), bench.CONTEXT, PACKS).sentences))
        for row in rows("sentences.en.dev.jsonl")
    ]
    harmful = [approved for bad, approved in verdicts if bad]
    harmless = [approved for bad, approved in verdicts if not bad]
    assert sum(harmful) <= 0.03 * len(harmful)
    assert sum(harmless) >= 0.5 * len(harmless)
