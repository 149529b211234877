"""An appointment before and after, side by side, for the eyes of the coach: what her program wrote, and what a company would get of it.

The only place that shows text of an original. Its rows are for her screen and hide their words from whatever prints values (a log, a traceback).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from gateway.core.calendar.lines import Component, Property, Unreadable, plain_text, read_components
from gateway.core.calendar.values import date_time

ROWS: Mapping[str, Sequence[str]] = {
    "title": ("SUMMARY",),
    "start": ("DTSTART",),
    "end": ("DTEND", "DURATION"),
    "rule": ("RRULE", "RDATE", "EXDATE", "EXRULE"),
    "instance": ("RECURRENCE-ID",),
    "state": ("STATUS", "TRANSP", "CLASS"),
    "place": ("LOCATION",),
    "link": (),  # wherever it stands
    "people": ("ORGANIZER", "ATTENDEE"),
    "text": ("DESCRIPTION", "COMMENT", "X-ALT-DESC", "CONTACT", "RESOURCES", "CATEGORIES", "STYLED-DESCRIPTION"),
    "number": ("UID", "SEQUENCE"),
    "other": (),  # names alone
}
NAMED = frozenset(name for names in ROWS.values() for name in names) | {"DTSTAMP"}
LONGEST = 400  # characters of a cell


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison; `event` counts from 1 where there are several."""

    event: int
    what: str
    before: str = field(repr=False)
    after: str = field(repr=False)


def side_by_side(before: bytes, after: bytes) -> tuple[Row, ...]:
    """The rows of which either side has something. `before` is the object as it came, `after` the company's. Raises `Unreadable`."""
    pairs = zip_longest(_events(before), _events(after))
    told = [(number, _told(old), _told(new)) for number, (old, new) in enumerate(pairs, start=1)]
    return tuple(Row(number, what, old[what], new[what]) for number, old, new in told for what in ROWS if old[what] or new[what])


def _events(octets: bytes) -> list[Component]:
    """The series first, then its instances by the day they had."""
    events = [c for c in read_components(octets).components if c.name == "VEVENT"]
    return sorted(events, key=lambda c: [p.value for p in c.all("RECURRENCE-ID")])


def _told(event: Component | None) -> dict[str, str]:
    """What each row says of an event."""
    if event is None:
        return dict.fromkeys(ROWS, "")
    told = {what: "\n".join(_said(p) for name in names for p in event.all(name)) for what, names in ROWS.items()}
    links = (link for p in event.properties for link in re.findall(r"https?://[^\s<>\"\\,;]+", plain_text(p.value)))
    told["link"] = "\n".join(dict.fromkeys(links))
    others = [p.name for p in event.properties if p.name not in NAMED] + [c.name for c in event.components]
    told["other"] = ", ".join(dict.fromkeys(others))
    return {what: text if len(text) <= LONGEST else text[:LONGEST] + " ..." for what, text in told.items()}


def _said(p: Property) -> str:
    """A value as a person reads it: times with their zone, people by address and answer."""
    try:
        at, form = date_time(p.value.strip())
    except Unreadable:
        state = p.parameters.get("PARTSTAT", "").lower()
        return plain_text(re.sub("(?i)^mailto:", "", p.value)) + (f" ({state})" if state else "")
    zone = "UTC" if form == "UTC" else p.parameters.get("TZID", "no zone")
    return f"{at:%Y-%m-%d}" if form == "date" else f"{at:%Y-%m-%d %H:%M} ({zone})"
