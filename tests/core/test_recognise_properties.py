"""What holds of every text: the same answer twice, facts that stand in the text, a company text that is composed, and time that grows with length."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.model import RecogniserContext, TextBlock
from gateway.core.recognise import is_composed, recognise
from gateway.core.recognise.sentences import split
from gateway.core.recognise.tokens import normalise, readable, scan
from tests.core.packs import PACKS

CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",))

WORDS = sorted(
    {
        word
        for pack in PACKS.packs
        for name in ("weekdays", "months", "function", "cues", "foreign_hard", "units", "zones", "place_heads_before", "greetings", "sign_offs")
        for word in pack.words[name]
    }
)
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(
        [
            "9:30",
            "14.00",
            "the 14th",
            "020 7946 0455",
            "https://zoom.us/j/97555501190",
            "Room 4",
            "Dana",
            "Erik",
            ".",
            ",",
            "?",
            "\n",
            "\n\n",
            "> ",
            "- ",
            "Time:",
            "--",
            ":",
            "(",
            ")",
            '"',
            "\u200b",
            "é",
            "ж",
        ]
    ),
    st.text(max_size=8),
)
TEXTS = st.lists(PIECES, max_size=40).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(subject=st.lists(PIECES, max_size=6).map(" ".join), text=TEXTS)
def test_any_text_gives_verbatim_facts_and_a_composed_text_and_the_same_again(subject: str, text: str) -> None:
    blocks = (TextBlock("subject", subject), TextBlock("1", text))
    reading = recognise(blocks, CONTEXT, PACKS)
    assert recognise(blocks, CONTEXT, PACKS) == reading
    seen = {"subject": normalise(subject).replace("\n", " "), "1": " ".join(normalise(text).split())}
    for fact in reading.facts:
        assert " ".join(fact.text.split()) in " ".join(seen[fact.source].split())
    assert is_composed(reading, CONTEXT, PACKS)
    assert reading.appointment or reading.company_text == ""
    assert not reading.complete or all(sentence.approved for sentence in reading.sentences)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_every_character_of_a_text_is_in_a_sentence(text: str) -> None:
    """Nothing can be withheld from judgement by being lost between two sentences."""
    whole = normalise(text)
    pieces = split("1", whole, PACKS.packs[0])
    assert "".join("".join(p.text.split()) for p in pieces) == "".join(whole.split())


@given(text=st.text(max_size=60))
def test_every_character_of_a_line_is_in_a_token_or_white_space(text: str) -> None:
    whole = normalise(text)
    tokens = scan(whole)
    read = readable(whole)  # digits and stops of other scripts are read as ASCII ones, place for place
    assert "".join(token.text for token in tokens) == "".join(read.split())
    assert all(read[token.start : token.end] == token.text for token in tokens)


HOSTILE = {
    "digits": "1" * 35_000,
    "spaced digits": "1 " * 17_000,
    "dots": "." * 35_000,
    "spaced dots": ". " * 17_000,
    "spaces": " " * 35_000 + "x",
    "capitals": "Aa " * 11_000,
    "weekdays": "Monday at 9:00 and " * 1_800,
    "brackets": "(" * 17_000 + ")" * 17_000,
    "quotation marks": '> " ' * 8_000,
    "lines": "a\n" * 17_000,
    "empty lines": "a" + "\n" * 35_000 + "b",
    "labels": "Time: 9:00\n" * 3_000,
    "rows": "- Mon 9:00\n" * 3_000,
    "openers": "please " * 5_000,
    "clauses": "Thursday works, " * 2_000,
    "url": "https://zoom.us/" + "a/" * 15_000,
    "urls": "a.b/c " * 5_000,
    "hyphens": "a-" * 17_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_length_on_hostile_input(name: str) -> None:
    """A quarter of the text must not take less than about a tenth of the time of the whole: growth is linear, not quadratic."""
    text = HOSTILE[name]
    spent = []
    for part in (text[: len(text) // 4], text):
        best = 10.0
        for _ in range(2):
            began = time.process_time()
            recognise((TextBlock("1", part),), CONTEXT, PACKS)
            best = min(best, time.process_time() - began)
        spent.append(best)
    assert spent[1] < 12 * spent[0] + 0.05
    assert spent[1] < 5


def test_a_text_of_a_hundred_thousand_characters_is_refused_at_once() -> None:
    began = time.process_time()
    reading = recognise((TextBlock("1", "1" * 100_000),), CONTEXT, PACKS)
    assert not reading.complete
    assert reading.sentences[0].rule == "too-long"
    assert time.process_time() - began < 0.5
