"""The way into the meeting of a calendar object: every link in it that is one of a known platform, whose it is, and what of it may stay.

Numbers, codes and passcodes beside a link are never looked at, so they go nowhere. What says whose a platform is (a tenant in a link for the organiser
alone, the organiser's domain) is compared here and not kept.
"""

from __future__ import annotations

import re
from itertools import islice

from gateway.core.address import EVERYBODYS
from gateway.core.calendar.lines import Component, plain_text
from gateway.core.invitation import Invitation, Method
from gateway.core.links import MOST_LINKS, Clues, judge_link, unwrapped
from gateway.core.meeting import MeetingLink, Owner, Passage
from gateway.core.model import RecogniserContext
from gateway.core.platforms import Platforms

LINKS = ("CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "LOCATION", "URL", "DESCRIPTION")
ASKING = frozenset({Method.REQUEST, Method.ADD, Method.PUBLISH})  # who is only told that it is off, or answers, needs no way in
_LINK = re.compile(r"https?://[^\s<>\"\\,;]+")
_ID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_TENANT = re.compile(
    rf"//scheduler\.teams\.microsoft\.com/teams/{_ID}/|//teams\.microsoft\.com/meetingOptions/?\?[^\s\"<>]{{0,200}}?\btenantId={_ID}", re.IGNORECASE
)


def ways_in(event: Component, organizer: Owner, platforms: Platforms, context: RecogniserContext) -> tuple[MeetingLink, ...]:
    """The meeting links of `event`, each once, the one that passes best first. `organizer`: whose account the organiser's is."""
    texts = [plain_text(p.value) for name in LINKS for p in event.all(name)]
    clues = Clues(_tenant(event), organizer)
    links = (found[0].rstrip(".)]>'") for text in texts for found in islice(_LINK.finditer(text), MOST_LINKS))
    found = (judge_link(unwrapped(link, platforms), platforms, context, clues) for link in links)
    return tuple(sorted(dict.fromkeys(link for link in found if link), key=lambda link: list(Passage).index(link.passage)))


def account_of(address: str, of_coach: bool, of_company: bool) -> Owner:
    """Whose account an organiser's address stands for, where the platform is the one that keeps the calendar."""
    if of_company:
        return Owner.COMPANY
    if not of_coach:
        return Owner.UNKNOWN
    return Owner.FREE if address.rpartition("@")[2] in EVERYBODYS else Owner.COACH


def is_shut(invitation: Invitation) -> bool:
    """Whether it asks somebody to a meeting whose only way in may not be named."""
    barred = any(link.passage is Passage.HOLD for link in invitation.links)
    return barred and invitation.method in ASKING and any(not event.link and not event.place for event in invitation.events)


def _tenant(event: Component) -> str:
    """The one tenant of Microsoft Teams that the object names as the organiser's; "" where it names none, or two."""
    texts = [p.value for name in ("X-MICROSOFT-SCHEDULINGSERVICEUPDATEURL", "DESCRIPTION", "X-ALT-DESC") for p in event.all(name)]
    found = {(match[1] or match[2]).lower() for text in texts for match in _TENANT.finditer(text)}
    return next(iter(found)) if len(found) == 1 else ""
