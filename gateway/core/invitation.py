"""What is known of a calendar object once it has been read: times, people, a place or link, and nothing that anybody wrote (RFC 5545, RFC 5546).

Everything here is a value of a closed type. Text of the original (a title, a description, a comment) has no field to stand in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.core.meeting import MeetingLink

MEDIA_TYPES = frozenset(("text/calendar", "text/x-vcalendar", "application/ics", "application/x-ical"))  # of the objects that are read
# forms of RFC 7265 and RFC 6321: nobody mails an invitation so
UNREAD_TYPES = frozenset(("application/calendar+json", "application/calendar+xml"))


class Method(StrEnum):
    """RFC 5546 section 1.4: what a calendar program is asked to do."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    ADD = "ADD"
    PUBLISH = "PUBLISH"
    REPLY = "REPLY"
    COUNTER = "COUNTER"
    REFRESH = "REFRESH"
    DECLINECOUNTER = "DECLINECOUNTER"


ANSWERS = frozenset({Method.REPLY, Method.COUNTER, Method.REFRESH})  # sent by an attendee to the organiser


class Withheld(StrEnum):
    """What a company is not told. Closed: these words may stand in logs and notices."""

    OBJECT = "the object as it was written"
    TITLE = "title"
    TEXT = "description or comment"
    LOCATION = "location that is no configured place"
    PEOPLE = "people outside the company"
    ALARM = "alarm"
    OTHER_COMPONENT = "task, journal or other component"
    EXTENSION = "property outside the list"
    LINK = "link that is no meeting link"
    RULE_PART = "text in a recurrence rule"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date (RFC 5545 section 3.3.4: `zone` is "") or a local time in a zone ("UTC" or an IANA name)."""

    at: datetime  # naive; midnight for a date
    zone: str

    @property
    def is_date(self) -> bool:
        """Whether it is a date without a time."""
        return not self.zone

    @property
    def day(self) -> date:
        """The calendar day it falls on, where it was written."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Attendee:
    """RFC 5545 section 3.8.4.1, without any name or parameter that could be text."""

    address: str
    partstat: str = ""
    role: str = ""
    cutype: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT: a single appointment, a series, or one instance of a series (`recurrence`)."""

    uid: str  # as the organiser's program made it; a company sees its keyed hash, see write.py
    sequence: int
    stamp: datetime  # UTC, naive
    start: Moment | None  # only REFRESH and some answers have none
    end: Moment | None
    rule: tuple[tuple[str, str], ...] = ()  # RRULE by its parts, in order
    added: tuple[Moment, ...] = ()  # RDATE
    excluded: tuple[Moment, ...] = ()  # EXDATE
    recurrence: Moment | None = None  # RECURRENCE-ID
    old_start: Moment | None = None  # of a counter-proposal
    old_end: Moment | None = None
    status: str = ""
    transparency: str = ""
    place: str = ""  # a configured place or room, as configured or matched
    link: str = ""  # a rebuilt meeting link
    attendees: tuple[Attendee, ...] = ()


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar object that a company may get, rebuilt from facts."""

    method: Method
    organizer: str  # address; the coach's own, or, of an answer, that of the company
    events: tuple[Event, ...]
    withheld: tuple[Withheld, ...] = ()
    assumed_zone: str = ""  # the zone in which floating times were read; "" where there were none
    links: tuple[MeetingLink, ...] = ()  # every meeting link that was found, whether it passes or not
