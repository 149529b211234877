"""Meeting links and telephone numbers: what is recognised comes back as written, everything else is no link."""

import pytest

from gateway.core import links
from gateway.core.links import is_phone
from gateway.core.model import RecogniserContext
from tests.policies.cast import shipped

PLATFORMS = shipped().platforms


def rebuilt_link(text: str, approved: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> str:
    return links.rebuilt_link(text, PLATFORMS, RecogniserContext(approved_links=approved, coach_names=names))


CLEAN = [
    "https://zoom.us/j/97555501190",
    "https://us02web.zoom.us/j/83055500192?pwd=Qk3vZm1",
    "https://zoom.us/my/robinvale",
    "zoom.us/j/9155500123",
    "https://teams.live.com/meet/93555501426?p=Qk3v",
    "https://teams.microsoft.com/meet/2345550198765?p=Zk81aQ",
    "meet.google.com/abc-defg-hij",
    "https://meet.google.com/abc-defg-hij",
    "whereby.com/robin-coach",
    "https://acme.webex.com/meet/robinvale",
    "https://meet.jit.si/RobinValeCoaching",
    "https://www.whereby.com/robin-vale-coaching",
]
DIRTY = [
    "https://zoom.us.evil.example/j/91555501234",
    "https://teams.microsoft.com@evil.example/meet/2345550198765",
    "https://user:pass@zoom.us/j/91555501234",
    "https://zoom.us:8443/j/91555501234",
    "https://zoom.us/j/91555501234#about-your-boss",
    "https://zoom.us/j/leave-your-boss",
    "https://whereby.com/leave-erik-before-june",
    "https://meet.coach.example/leave-erik-before-june",
    "https://bit.ly/3xYz",
    "https://whereby.com/resignation",
    "https://dana-is-leaving.zoom.us/j/91555501234",
    "https://docs.google.com/document/d/1Zk9/salary-plan/edit",
    "ftp://zoom.us/j/91555501234",
    "https://zoom.us/j/91555501234?%zz=1&a",
    "https://[zoom.us/j/91555501234",
    "https://zoom.us:99999/j/91555501234",
    "mailto:dana@zoom.us",
    "https://zoöm.us/j/91555501234",
    "https://zoom.us/my/" + "x" * 400,
]


@pytest.mark.parametrize("link", CLEAN)
def test_a_clean_link_comes_back_as_it_was_written(link: str) -> None:
    assert rebuilt_link(link, names=("Robin Vale",)) == link


@pytest.mark.parametrize("link", DIRTY)
def test_anything_else_is_no_link(link: str) -> None:
    assert rebuilt_link(link) == ""


def test_free_query_text_is_dropped_and_tokens_stay() -> None:
    """A query carries words as easily as a path does: only known tokens survive the rebuilding."""
    assert rebuilt_link("https://zoom.us/j/91555501234?pwd=aB3c&topic=your+divorce") == "https://zoom.us/j/91555501234?pwd=aB3c"
    assert rebuilt_link("https://zoom.us/j/91555501234?topic=divorce") == "https://zoom.us/j/91555501234"
    assert rebuilt_link("https://zoom.us/j/91555501234?pwd=leave-erik-now") == "https://zoom.us/j/91555501234"


def test_a_configured_prefix_passes_exactly_or_with_a_meeting_number() -> None:
    """The coach's own platform is hers to name; what stands behind the prefix is not."""
    own = ("https://meet.coach.example/robin",)
    assert rebuilt_link("https://meet.coach.example/robin", own) == "https://meet.coach.example/robin"
    assert rebuilt_link("meet.coach.example/robin/1234567", own) == "meet.coach.example/robin/1234567"
    assert rebuilt_link("https://meet.coach.example/robin/leave-him", own) == ""


def test_a_room_name_with_a_topic_is_refused_and_the_coachs_name_is_not_counted() -> None:
    assert rebuilt_link("whereby.com/robin-vale") == ""
    assert rebuilt_link("whereby.com/robin-vale", names=("Robin Vale",)) == "whereby.com/robin-vale"


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("020 7946 0455", True), ("+44 (0)20 7946 0958", True), ("940 5550 1160", True), ("12 34", False), ("1234567890123456", False), ("ten four", False),
        ("2026-114", False), ("2026/20271", False),
    ],
)
def test_the_shape_of_a_telephone_number(text: str, phone: bool) -> None:
    assert is_phone(text) is phone
