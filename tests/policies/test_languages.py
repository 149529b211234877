"""What each language pack finds and what it withholds: the cases stand as data beside this file, one file a language."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.core.model import RecogniserContext, TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import recognise
from gateway.core.vocabulary import load_packs
from tests.policies.cast import shipped

LANGUAGES = Path(__file__).parents[2] / "policies/languages"
CASES = Path(__file__).parent / "languages"
PACKS = load_packs({f.relative_to(LANGUAGES).as_posix(): f.read_text("utf-8") for f in LANGUAGES.rglob("*.toml")}, platforms=shipped().platforms)
CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",))


def cases(kind: str) -> list[Any]:
    """All cases of one kind, each with the language it is in."""
    return [
        pytest.param(file.stem, case, id=f"{file.stem}-{case['text'][:40]}")
        for file in sorted(CASES.glob("*.toml"))
        for case in tomllib.loads(file.read_text("utf-8")).get(kind, ())
    ]


@pytest.mark.parametrize(("language", "case"), cases("says"))
def test_facts_are_found_and_copied_as_they_were_written(language: str, case: dict[str, Any]) -> None:
    reading = recognise((TextBlock("subject", case.get("subject", "")), TextBlock("1", case["text"])), CONTEXT, PACKS)
    assert reading.language == language
    assert [fact.text for fact in reading.facts if fact.owner == "appointment"] == case["facts"]
    assert reading.company_text
    if "status" in case:
        assert reading.status == case["status"]


@pytest.mark.parametrize(("language", "case"), cases("withholds"))
def test_what_belongs_to_another_matter_says_nothing(language: str, case: dict[str, Any]) -> None:
    """A mail that speaks of no appointment gives the company nothing, whatever times stand in it."""
    reading = recognise((TextBlock("subject", case.get("subject", "")), TextBlock("1", case["text"])), CONTEXT, PACKS)
    assert (reading.company_text, reading.company_subject) == ("", "")


def test_every_language_has_cases_of_both_kinds() -> None:
    """A pack without tests is not one."""
    for pack in PACKS.packs:
        table = tomllib.loads((CASES / f"{pack.language}.toml").read_text("utf-8"))
        assert table.get("says"), pack.language
        assert table.get("withholds"), pack.language


def test_a_pack_alone_and_among_others_reads_its_language_alike() -> None:
    """The other packs may never change what a clear text of one language says."""
    for file in sorted(CASES.glob("*.toml")):
        alone = Packs(tuple(pack for pack in PACKS.packs if pack.language == file.stem))
        text = "\n".join(case["text"] for case in tomllib.loads(file.read_text("utf-8"))["says"])
        blocks = (TextBlock("1", text),)
        assert recognise(blocks, CONTEXT, alone).company_text == recognise(blocks, CONTEXT, PACKS).company_text, file.stem
