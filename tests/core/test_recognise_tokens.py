"""The scanner's short way for plain words sees what its expression sees."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.recognise.tokens import PIECE, scan

LETTERS = st.text(st.characters(categories=("L",)), min_size=1, max_size=20)


@given(LETTERS, st.sampled_from(["", *".,;:!?"]))
@example("a", ".")
@example("GMT", ":")
@example("am", ".")
def test_a_word_and_its_mark_are_what_the_expression_reads(word: str, mark: str) -> None:
    chunk = word + mark
    found = [(m.lastgroup, m[0], m[0].lower(), m.start(), m.end(), m.start() == 0) for m in PIECE.finditer(chunk)]
    assert [tuple(token) for token in scan(chunk)] == found
