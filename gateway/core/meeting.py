"""The nouns of a meeting by link or telephone: whose platform it is on, and what may be done with the way in.

Only frozen data. Who owns a platform decides who can record, transcribe and read what is said on it; see policies/meeting-platforms.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Who pays for a platform, and so can read there."""

    COACH = "coach"
    COMPANY = "company"
    FREE = "free"  # nobody pays: the platform reads itself
    UNKNOWN = "unknown"
    TELEPHONE = "telephone"


class Passage(StrEnum):
    """What is done with a way into a meeting, weakest first: where two say something, the stricter one wins."""

    ALLOW = "allow"
    WARN = "warn"  # it goes out, and the coach is told whose platform it is
    WITHHOLD = "withhold"  # it stays away from the company; the time goes out, and the coach is told
    HOLD = "hold"  # as withhold; and an invitation that has no other way in waits for the coach

    @property
    def passes(self) -> bool:
        """Whether the link may stand in a company's mailbox."""
        return self in (Passage.ALLOW, Passage.WARN)


def stricter(*passages: Passage) -> Passage:
    """The strictest of them."""
    return max(passages, key=list(Passage).index)


@dataclass(frozen=True, slots=True)
class Meetings:
    """The platforms that somebody owns, as configured. All in lower case."""

    teams_tenants: tuple[str, ...] = ()  # tenant ids of Microsoft Teams
    zoom_vanity: tuple[str, ...] = ()  # "vale" of vale.zoom.us
    webex_sites: tuple[str, ...] = ()  # "vale" of vale.webex.com
    rooms: tuple[str, ...] = ()  # host/path
    hosts: tuple[str, ...] = ()  # servers of one's own
    meeting_ids: tuple[str, ...] = ()  # "zoom:86451209377"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where one could meet instead, for people to read."""
        return (*self.rooms, *self.hosts, *(f"{label}.zoom.us" for label in self.zoom_vanity), *(f"{site}.webex.com" for site in self.webex_sites))


@dataclass(frozen=True, slots=True)
class MeetingLink:
    """A link as the platform policy sees it."""

    link: str  # rebuilt; whether it may pass, `passage` says
    platform: str  # id of the platform
    owner: Owner
    passage: Passage

    @property
    def code(self) -> str:
        """For logs and digests: no word of a mail."""
        return f"{self.platform}:{self.owner}:{self.passage}"

    @classmethod
    def of_code(cls, code: str) -> MeetingLink:
        """The inverse, without the link. Raises ValueError."""
        platform, owner, passage = code.split(":")
        return cls("", platform, Owner(owner), Passage(passage))
