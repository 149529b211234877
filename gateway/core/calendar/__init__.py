"""The seam for calendar objects (RFC 5545, iMIP RFC 6047): says which parts are such objects, and what is understood of them.

For now nothing is understood: every calendar object is opaque, so it goes whole to the personal address or waits. It never passes one on.
"""

from __future__ import annotations

from gateway.core.model import Part

_TYPES = frozenset(("text/calendar", "text/x-vcalendar", "application/ics", "application/x-ical", "application/calendar+json", "application/calendar+xml"))


def is_calendar(part: Part) -> bool:
    """Whether a part holds a calendar object, by its media type."""
    return part.media_type in _TYPES


def is_understood(part: Part) -> bool:
    """Whether the calendar object in `part` can be rebuilt from facts. None can, yet."""
    return False
