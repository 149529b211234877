"""One sentence judged by itself: the lines below the letter, a code, and how surely it shows an appointment."""

import pytest

from tests.core.packs import own, read


@pytest.mark.parametrize(
    ("line", "rule", "passes"),
    [
        ("Best wishes,", "sign-off", True),
        ("Robin", "signature", True),
        ("Dr. Robin Vale", "signature", True),
        ("020 7946 0455", "signature", True),
        ("PCC", "signature", True),
        ("Sent from my iPhone", "footer", True),
        ("Sent from my iPhone while he weeps next door", "footer", False),
        ("Robin Vale Coaching Practice", "signature-not-plain", False),
        ("ask him", "signature-not-plain", False),
    ],
)
def test_below_the_letter_only_what_says_nothing_is_let_go(line: str, rule: str, passes: bool) -> None:
    reading = read(f"See you on Friday.\n\nBest wishes,\n{line}")
    sentence = reading.sentences[-1]
    assert (sentence.rule, sentence.approved) == (rule, passes)
    assert reading.company_text == "Hello Dana,\n\nSee you on Friday.\n\nRobin Vale\n", "what is let go is not carried either"


@pytest.mark.parametrize(("line", "is_code"), [("Passcode: swallow", True), ("Passcode: swallow him", False), (f"Passcode: {'swallow' * 3}", False)])
def test_a_line_with_a_code_says_one_short_word(line: str, is_code: bool) -> None:
    assert (line in own(f"See you on Friday at 10:00.\n{line}")) is is_code


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("We meet on Friday, goose.", True),
        ("We meet for ninety minutes, goose.", False),
        ("We meet, Friday.", True),
        ("We meet, goose Friday.", False),
    ],
)
def test_a_length_of_time_or_a_day_beside_unknown_words_is_no_certain_sign(text: str, opens: bool) -> None:
    """Only a certain sign opens a mail that also speaks of another matter."""
    assert read(f"{text}\n\nThe panel meets on Monday.").appointment is opens


def test_a_labelled_line_of_history_says_its_fact_or_nothing() -> None:
    """An invitation that is forwarded tells the appointment; a word beside its time may tell more."""
    head = "See below.\n\n-----Original Message-----\n\n"
    assert own(f"{head}When: Tuesday 23 February, 10:00") == ["Tuesday 23 February, 10:00"]
    assert own(f"{head}When: Tuesday 23 February, 10:00, he weeps") == []
