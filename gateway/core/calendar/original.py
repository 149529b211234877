"""How the coach's program wrote an appointment (RFC 5545): read for the map alone, and never into a value that a composer could reach."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.core.appointment import Original
from gateway.core.calendar.lines import Component, Property, Unreadable, plain_text, read_components
from gateway.core.model import Part

LONGEST_TITLE = 500  # characters
LONGEST_LINE = 2_000
MOST_ATTENDEES = 200
_NEEDS_QUOTES = re.compile(r"[:;,]")


def original_of(parts: Sequence[Part]) -> Original | None:
    """The form of the first calendar object that can be read; None where there is none."""
    for part in parts:
        try:
            return original(read_components(part.octets))
        except Unreadable:
            continue
    return None


def original(calendar: Component) -> Original:
    """The form of an object. Raises `Unreadable` where it has no event with one UID."""
    events = [c for c in calendar.components if c.name == "VEVENT"]
    # the whole comes before its instances: its title and its people are those of the series
    events.sort(key=lambda c: bool(c.all("RECURRENCE-ID")))
    uids = {p.value for c in events for p in c.all("UID")}
    if len(uids) != 1:
        raise Unreadable("no UID or DTSTAMP")
    first = events[0]
    titles = [plain_text(p.value) for p in first.all("SUMMARY")]
    people = {name: [line for p in first.all(name) if len(line := content_line(p)) <= LONGEST_LINE] for name in ("ORGANIZER", "ATTENDEE")}
    return Original(
        uids.pop(),
        " ".join("".join(titles[:1]).split())[:LONGEST_TITLE],
        "".join(people["ORGANIZER"][:1]),
        tuple(people["ATTENDEE"][:MOST_ATTENDEES]),
    )


def content_line(p: Property) -> str:
    """A property as one unfolded line (RFC 5545 section 3.1)."""
    return "".join((p.name, *(f";{name}={_parameter(value)}" for name, value in p.parameters.items()), ":", p.value))


def _parameter(value: str) -> str:
    """The value of a parameter, encoded (RFC 6868) and quoted as it must be; the reader of lines undoes both."""
    encoded = value.replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f'"{encoded}"' if _NEEDS_QUOTES.search(encoded) else encoded


def address_of(line: str) -> str:
    """The address that a line, or the value, of a person names, in lower case; a service's own token counts as the address written beside it."""
    beside = re.search(r'(?i);EMAIL="?([^";:,]+@[^";:,]+)', line)
    return beside[1].lower() if beside else re.sub(r"(?i)^(?:.*:)?mailto:", "", line).strip().lower()
