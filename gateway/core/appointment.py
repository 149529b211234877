"""What the gateway remembers of an appointment, so that its updates reach the same entry and its answers find the way back (RFC 5545, RFC 5546).

Two halves never meet: `Original` and the forms beside a `Party` are the coach's own words, for her calendar alone; the events are typed facts, as a company
got them. The store seals all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.core.invitation import Event, Moment

KEY_NUMBER = 1  # of the key that company UIDs are made with; a second one would be added, never put in its place


@dataclass(frozen=True, slots=True)
class Original:
    """How a calendar program wrote an appointment: what that program needs to see again in an answer. Never for a company."""

    uid: str
    title: str = ""
    organizer: str = ""  # content line, unfolded: "ORGANIZER;CN=Robin Vale:mailto:coach@coach.example"
    attendees: tuple[str, ...] = ()  # content lines


@dataclass(frozen=True, slots=True)
class Reply:
    """The last that an attendee said of the whole, or of one instance."""

    recurrence: Moment | None
    partstat: str  # or "COUNTER"
    sequence: int
    stamp: datetime  # UTC, naive


@dataclass(frozen=True, slots=True)
class Party:
    """One who was sent the appointment."""

    address: str  # lower case
    client_id: str | None = None
    attendee: str = ""  # content line as the coach's program wrote this attendee, "" where it wrote none
    events: tuple[Event, ...] = ()  # what was sent last: the whole, and each instance that was sent by itself; cancelled ones have that status
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment or series of one coach, under the UID of whoever made it."""

    uid: str
    company_uid: str  # what the company sees; the same where the company made it
    title: str = ""
    language: str = ""  # of the words the company got
    organizer: str = ""  # as in `Original`
    parties: tuple[Party, ...] = ()
    by_company: bool = False
    key_number: int = KEY_NUMBER

    def party(self, address: str) -> Party | None:
        """The party of an address, in lower case."""
        return next((p for p in self.parties if p.address == address), None)
