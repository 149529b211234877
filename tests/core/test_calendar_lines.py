"""The content lines of RFC 5545 section 3.1: read to the last one, or not at all."""

from __future__ import annotations

import pytest

from gateway.core.calendar.lines import DEEPEST, LARGEST, MOST_COMPONENTS, MOST_LINES, Unreadable, plain_text, read_components
from tests.calendars import calendar, event


def refused(octets: bytes) -> str:
    """The word with which an object is refused."""
    with pytest.raises(Unreadable) as refusal:
        read_components(octets)
    return refusal.value.reason


def test_components_stand_as_they_are_nested() -> None:
    """Names in upper case, values as written, alarms inside their event."""
    read = read_components(calendar(event("begin:valarm\ntrigger:-PT5M\nend:VALARM", SUMMARY="a\\, b: c")).replace(b"SUMMARY", b"summary"))
    (found,) = read.components
    assert (read.name, found.name, found.components[0].name) == ("VCALENDAR", "VEVENT", "VALARM")
    assert found.one("SUMMARY").value == "a\\, b: c"
    assert found.one("NONE") is None


@pytest.mark.parametrize("fold", [b"\r\n ", b"\n ", b"\r\n\t", b"\n\t"])
def test_a_fold_inside_a_character_is_undone(fold: bytes) -> None:
    """Programs fold octets, not characters (RFC 5545 section 3.1)."""
    octets = calendar(event(SUMMARY="🦄")).replace("🦄".encode(), "🦄".encode()[:2] + fold + "🦄".encode()[2:])
    assert read_components(octets).components[0].one("SUMMARY").value == "🦄"


def test_a_mark_of_byte_order_bare_line_feeds_and_empty_lines_are_read() -> None:
    """As many programs write."""
    assert read_components(b"\xef\xbb\xbf" + calendar(event()).replace(b"\r\n", b"\n\n")).components[0].name == "VEVENT"


def test_parameters_come_without_quotes_and_with_upper_case_names() -> None:
    """Several values are joined by commas, as written."""
    p = (
        read_components(calendar(event('ATTENDEE;cn="Vale; Robin: x";MEMBER="mailto:a@x.example","mailto:b@x.example":mailto:c@x.example')))
        .components[0]
        .all("ATTENDEE")[1]
    )
    assert p.parameters == {"CN": "Vale; Robin: x", "MEMBER": "mailto:a@x.example,mailto:b@x.example"}
    assert p.value == "mailto:c@x.example"


def test_a_property_given_twice_is_read_where_both_say_the_same() -> None:
    """Yahoo writes STATUS twice."""
    assert read_components(calendar(event("STATUS:CONFIRMED", "STATUS:CONFIRMED"))).components[0].one("STATUS").value == "CONFIRMED"
    with pytest.raises(Unreadable, match="property given twice"):
        read_components(calendar(event("DTSTART:20270120T150000Z"))).components[0].one("DTSTART")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "not one object"),
        (calendar(event()) * 2, "not one object"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "not one object"),
        (calendar(event())[:-20], "components not closed"),
        (calendar(event()).replace(b"END:VEVENT", b"END:VTODO"), "components not closed"),
        (b"END:VCALENDAR\r\n", "components not closed"),
        (calendar(event()) + b"DESCRIPTION:tail\r\n", "text outside the object"),
        (b"Dear Dana:\r\n" + calendar(event()), "text outside the object"),
        (calendar(event("a line without a colon")), "line not understood"),
        (calendar(event("DESCRIPTION:one\nwrongly folded")), "line not understood"),
        (calendar(event("SUMMARY:a\x0bb")), "control character"),
        (calendar(event("SUMMARY:a\rb")), "control character"),
        (calendar(event()).replace(b"How", b"\xff\xfe"), "not UTF-8"),
        (calendar(event("DTSTART;TZID=Europe/Berlin;tzid=Asia/Tokyo:20270119T150000")), "parameter given twice"),
        (calendar(event(DESCRIPTION="x" * LARGEST)), "too large"),
        (calendar(event(*["X-A:b"] * MOST_LINES)), "too many lines"),
        (calendar(event(*["BEGIN:VALARM\nEND:VALARM"] * MOST_COMPONENTS)), "too many components"),
        (calendar("BEGIN:X-A\n" * DEEPEST + "END:X-A\n" * DEEPEST), "too many components"),
    ],
)
def test_what_is_not_one_whole_object_is_refused(octets: bytes, reason: str) -> None:
    """With a word of ours, never with a quotation."""
    assert refused(octets) == reason


def test_escapes_of_text_are_undone() -> None:
    """RFC 5545 section 3.3.11; what is no escape stays."""
    assert plain_text(r"a\, b\; c\\ d\ne\Nf\x") == "a, b; c\\ d\ne\nf\\x"
