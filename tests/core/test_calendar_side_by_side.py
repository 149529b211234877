"""The appointment before and after: every word of hers on the left, ours on the right, and neither in what a log would print."""

from __future__ import annotations

import pytest

from gateway.core.calendar.lines import Unreadable
from gateway.core.calendar.read import read_invitation
from gateway.core.calendar.side_by_side import LONGEST, Row, side_by_side
from tests.calendars import CONTEXT, PLATFORMS, calendar, event, proved


def compared(before: bytes) -> dict[tuple[int, str], tuple[str, str]]:
    """The rows of an object and of the company's."""
    rows = side_by_side(before, proved(read_invitation(before, "", CONTEXT, platforms=PLATFORMS)))
    return {(row.event, row.what): (row.before, row.after) for row in rows}


def test_each_row_has_both_sides() -> None:
    """Title, times with their zone, people with their answer, place, link, text, and the names of the rest."""
    link = "https://meet.google.com/abc-defg-hij"
    rows = compared(
        calendar(
            event(
                "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ruth@acme.example", f"DESCRIPTION:Bring the letter\\, {link}", "LOCATION:Room 4", "X-NOTE:secret",
                "BEGIN:VALARM\nEND:VALARM", "DTSTART;TZID=Europe/Berlin:20270119T160000", leave=["DTSTART"],
            )
        )
    )  # fmt: skip
    assert rows[1, "title"] == ("How to leave the firm", "Meeting with Robin Vale")
    assert rows[1, "start"] == ("2027-01-19 16:00 (Europe/Berlin)", "2027-01-19 15:00 (UTC)")
    assert rows[1, "people"][0].split("\n") == ["coach@coach.example", "dana@acme.example", "ruth@acme.example (accepted)"]
    assert rows[1, "place"] == ("Room 4", "Room 4")
    assert rows[1, "link"] == (link, link)
    assert rows[1, "text"] == (f"Bring the letter, {link}", link)
    assert rows[1, "other"] == ("X-NOTE, VALARM", "")
    assert (1, "rule") not in rows


def test_a_series_and_its_instances_stand_beside_each_other() -> None:
    """Numbered, the series first whatever came first; days and times without a zone as they are."""
    whole, moved = event(RRULE="FREQ=DAILY"), event("RECURRENCE-ID:20270120T150000Z", SUMMARY="Moved")
    rows = compared(calendar(moved, whole))
    assert (rows[1, "rule"], rows[2, "title"]) == (("FREQ=DAILY", "FREQ=DAILY"), ("Moved", "Meeting with Robin Vale"))
    assert compared(calendar(event(leave=["DTSTART", "DTEND"], **{"DTSTART;VALUE=DATE": "20270119"})))[1, "start"] == ("2027-01-19", "2027-01-19")
    assert compared(calendar(event(DTSTART="20270119T160000", DTEND="")))[1, "start"][0] == "2027-01-19 16:00 (no zone)"


def test_what_only_one_side_has_stands_alone() -> None:
    """And a long text is cut."""
    rows = side_by_side(calendar(event(), event(DESCRIPTION="x" * 2 * LONGEST)), calendar(event()))
    assert {row.after for row in rows if row.event == 2} == {""}
    assert max(len(row.before) for row in rows) == LONGEST + 4


def test_a_row_does_not_print_its_words() -> None:
    """Nor is an object shown that cannot be read."""
    assert repr(Row(1, "title", "How to leave", "Meeting")) == "Row(event=1, what='title')"
    with pytest.raises(Unreadable):
        side_by_side(calendar(event())[:-9], calendar(event()))
