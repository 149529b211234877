"""The proof that a company text holds nothing but what was approved."""

import pytest

from gateway.core.model import Fact, FactKind, Reading, Sentence
from gateway.core.recognise import is_composed
from tests.core.packs import CONTEXT, PACKS, read


def _changed(reading: Reading, **changes: object) -> Reading:
    return Reading(**{**{name: getattr(reading, name) for name in Reading.__slots__}, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["greeting", "signature", "sign-off"])
def test_what_is_replaced_accounts_for_nothing_in_the_company_text(rule: str) -> None:
    reading = read("Thursday at 3 works.")
    said = Sentence("1", "Petrocelli", True, rule)
    assert not is_composed(_changed(reading, sentences=(*reading.sentences, said), company_text=reading.company_text + "Petrocelli"), CONTEXT, PACKS)


def test_a_withheld_sentence_accounts_for_nothing_in_the_company_text() -> None:
    reading = read("Thursday at 3 works.")
    withheld = Sentence("1", "You cried.", False, "unexplained-word", "cried")
    assert not is_composed(_changed(reading, sentences=(*reading.sentences, withheld), company_text=reading.company_text + "You cried."), CONTEXT, PACKS)


def test_a_fact_of_another_matter_accounts_for_nothing_in_the_company_text() -> None:
    reading = read("Thursday at 3 works.")
    fact = Fact(FactKind.TIME, "Monday", "1", "panel")
    assert not is_composed(_changed(reading, facts=(*reading.facts, fact), company_text=reading.company_text + "Monday"), CONTEXT, PACKS)


@pytest.mark.parametrize("added", ["DanaTime", "TimeDana", "Dana_Time", "Time_Dana", "Danaship", "1Dana"])
def test_an_approved_text_accounts_for_whole_words_only(added: str) -> None:
    reading = read("Thursday at 3 works.")
    assert is_composed(_changed(reading, company_text=reading.company_text + "Dana"), CONTEXT, PACKS)
    assert not is_composed(_changed(reading, company_text=reading.company_text + added), CONTEXT, PACKS)
    assert not is_composed(_changed(reading, company_text=reading.company_text + added + " Dana"), CONTEXT, PACKS)


def test_the_proof_answers_with_no_where_nothing_can_be_proved() -> None:
    reading = read("Thursday at 3 works.")
    assert is_composed(_changed(reading, language="xx"), CONTEXT, PACKS) is False
    assert is_composed(_changed(reading, appointment=False), CONTEXT, PACKS) is False


def test_the_proof_reads_the_subject_from_its_first_character() -> None:
    reading = read("Thursday at 3 works.")
    assert is_composed(_changed(reading, company_subject="Dana"), CONTEXT, PACKS)
    assert not is_composed(_changed(reading, company_subject="9"), CONTEXT, PACKS)
