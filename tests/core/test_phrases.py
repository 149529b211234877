"""Phrase patterns and the automaton that reads many of them at once."""

from collections.abc import Callable

import pytest

from gateway.core.phrases import Automaton, PatternError


@pytest.fixture
def automaton() -> Callable[..., Automaton]:
    def build(*patterns: str) -> Automaton:
        made = Automaton({"day": ("monday", "day one")})
        for number, pattern in enumerate(patterns):
            made.add(number, pattern)
        return made

    return build


def test_the_longest_pattern_wins_and_optional_items_may_be_left_out(automaton: Callable[..., Automaton]) -> None:
    found = automaton("see (you|them)? {day}", "see you")
    assert found.longest([("see",), ("you",), ("day",), ("one",)], 0) == (4, 0)
    assert found.longest([("see",), ("you",), ("tuesday",)], 0) == (2, 1)
    assert found.longest([("see",), ("monday",)], 0) == (2, 0)
    assert found.longest([("hear",)], 0) == (0, -1)


def test_hyphens_are_cut_as_the_scanner_cuts_them(automaton: Callable[..., Automaton]) -> None:
    assert automaton("dial-in").longest([("dial",), ("-",), ("in",)], 0) == (3, 0)


def test_what_was_read_before_never_changes_the_answer(automaton: Callable[..., Automaton], monkeypatch: pytest.MonkeyPatch) -> None:
    """States are remembered for speed only: with no room for them the answers are the same."""
    texts = [[("see",), ("you",), ("monday",)], [("see",), ("day",), ("one",)], [("see",), ("see",)]]
    warm = automaton("see you? {day}")
    first = [warm.longest(text, 0) for text in texts]
    monkeypatch.setattr(Automaton, "REMEMBERED", 0)
    cold = automaton("see you? {day}")
    assert [warm.longest(text, 0) for text in texts] == first == [cold.longest(text, 0) for text in texts]


def test_a_pattern_with_nothing_in_it_is_refused(automaton: Callable[..., Automaton]) -> None:
    assert "may be empty" in automaton("see you", "(a|b|)? (c|d|)?").problems()[1]
    with pytest.raises(PatternError, match="may be empty"):
        _ = automaton("(a|b|)? (c|d|)?").start


def test_a_class_is_read_once_and_returns_to_each_pattern_that_uses_it(automaton: Callable[..., Automaton]) -> None:
    found = automaton("on {day} {day}? please", "{day} then")
    assert found.longest([("on",), ("day",), ("one",), ("monday",), ("please",)], 0) == (5, 0)
    assert found.longest([("monday",), ("then",)], 0) == (2, 1)
    assert found.longest([("on",), ("monday",), ("then",)], 0) == (0, -1)
