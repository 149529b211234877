"""One sentence judged by itself: the lines below the letter."""

import pytest

from tests.core.packs import read


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
