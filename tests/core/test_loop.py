"""The gateway knows its own messages by a keyed token in the Message-ID."""

import pytest

from gateway.core.loop import is_own, stamp

KEY = b"k" * 32


def test_an_own_id_is_known_under_the_same_key_only():
    """Nobody without the key can make one."""
    own = stamp("0123456789abcdef", "coach.example", KEY)
    assert is_own(own, KEY)
    assert is_own(f" {own} ", KEY)
    assert not is_own(own, b"x" * 32)


@pytest.mark.parametrize(
    "other", [None, "", "<a@b.example>", "<0123456789abcdef.000000000000000000000000@coach.example>", "<0123456789abcdef.zz@coach.example>"]
)
def test_other_ids_are_not_ours(other):
    """A foreign, forged or missing id is no loop."""
    assert not is_own(other, KEY)


def test_the_id_is_stable():
    """A copy that is sent again keeps its identity (RFC 5322 section 3.6.4)."""
    assert stamp("0123456789abcdef", "coach.example", KEY) == stamp("0123456789abcdef", "coach.example", KEY)
