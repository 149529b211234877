"""Meeting links and telephone numbers: what may stand in a company copy, rebuilt from recognised parts, and whose platform it is.

A link passes only on a platform of policies/meeting-platforms.toml or in a configured room, and only with the parts its platform is known to use.
No free path, no free query, no free fragment, no user information (RFC 3986). Anything else is no link. Pure: it asks nobody who owns a host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import parse_qsl, unquote, urlsplit

from gateway.core.meeting import MeetingLink, Owner
from gateway.core.model import RecogniserContext
from gateway.core.platforms import Platform, Platforms

MOST_LINKS = 100  # that are looked at in one text
LONGEST = 500  # characters; the long form of Teams needs 270
TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PARAMETER = re.compile(r"[A-Za-z0-9._-]{1,64}")
CONTEXT_KEYS = ("Tid", "Oid")  # of the JSON in a long link of Teams: tenant and person, both ids
SHARED_NUMBER = re.compile(r"/\d{6,14}")  # may follow a room of one's own
ROOM_WORDS = frozenset(
    (
        "coach coaching room meet meeting video call office lounge studio session sessions with my the hq desk chat drop in online zoom team talk space "
        "welcome dr mr ms pro uk us eu"
    ).split()
)
_FOUND = re.compile(r"(?:https?://|tel:)[^\s<>\"\\]+|(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}/[^\s<>\"\\]*", re.IGNORECASE)
_LABEL_OF_ALL = re.compile(r"[a-z]{2}\d{2}web")  # us02web.zoom.us: everybody's


@dataclass(frozen=True, slots=True)
class Clues:
    """What a calendar object says beside the link about whose it is."""

    tenant: str = ""  # of Microsoft Teams
    organizer: Owner = Owner.UNKNOWN  # whose account the organiser's is


NO_CLUES = Clues()


@dataclass(frozen=True, slots=True)
class _Address:
    """A link in its parts (RFC 3986)."""

    lead: str  # "https://", or "" where none was written
    netloc: str  # as written
    host: str  # lower case, without "www."
    path: str
    query: str
    fragment: str

    @property
    def place(self) -> str:
        """Host and path, without a final slash."""
        return self.host + (self.path.removesuffix("/") if len(self.path) > 1 and not self.fragment else self.path if self.path != "/" else "")


def judge_link(text: str, platforms: Platforms, context: RecogniserContext, clues: Clues = NO_CLUES) -> MeetingLink | None:
    """Whose platform `text` leads to and whether it passes; None where it is no link of a meeting. Its `link` is as written where all of it is clean."""
    if text.lower().startswith("tel:"):
        address: _Address | None = _Address("", text, text.lower(), "", "", "")
    else:
        address = _address(text)
    if address is None:
        return None
    for platform in platforms.platforms:
        for shape in platform.shapes:
            parts = shape.fullmatch(address.place)
            if parts is not None and (found := _on(platform, parts.groupdict(), address, platforms, context, clues)):
                return found
    return _in_a_room(address, platforms, context)


def rebuilt_link(text: str, platforms: Platforms, context: RecogniserContext) -> str:
    """`text` rebuilt from recognised parts, or '' where it is no meeting link that may pass. A clean link comes back as it was written."""
    found = judge_link(text, platforms, context)
    return found.link if found and found.passage.passes else ""


def links_in(text: str, platforms: Platforms, context: RecogniserContext) -> tuple[MeetingLink, ...]:
    """The links of meetings in `text`, each once, in order."""
    found = (judge_link(match[0].rstrip(".,;:!?)>]'*_"), platforms, context) for match in islice(_FOUND.finditer(text), MOST_LINKS))
    return tuple(dict.fromkeys(link for link in found if link))


def unwrapped(text: str, platforms: Platforms) -> str:
    """The link inside of what a scanner made of it, else `text`. Once: what is wrapped twice is no link."""
    address = _address(text, 4 * LONGEST)
    for wrapper in platforms.wrappers if address else ():
        if address and wrapper.shape.fullmatch(address.host + address.path):
            return next((value for name, value in parse_qsl(address.query) if name == wrapper.parameter), text)
    return text


# ------------------------------------------------------------------------------------------------ the parts of a link
def _address(text: str, longest: int = LONGEST) -> _Address | None:
    written = text if "://" in text else "https://" + text
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    if parts.scheme.lower() not in ("https", "http") or port is not None or "@" in parts.netloc or not host.isascii() or len(text) > longest:
        return None
    return _Address(text[: text.index("://") + 3] if "://" in text else "", parts.netloc, host, parts.path, parts.query, parts.fragment)


def _on(
    platform: Platform, parts: dict[str, str | None], address: _Address, platforms: Platforms, context: RecogniserContext, clues: Clues
) -> MeetingLink | None:
    """The link on `platform`, whose shape of host and path it has; None where any part of it is not one that the platform uses."""
    fragment = platform.fragment_shape.fullmatch(address.fragment)
    query = _query(address.query, platform)
    if fragment is None or query is None:
        return None
    keys = [value for name, value in (*parts.items(), *fragment.groupdict().items()) if name.startswith("key") and value]
    if not all(map(_is_drawn, keys)):
        return None
    tenant = _tenant(address.query) or clues.tenant
    claims = {
        "teams_tenants": tenant.lower() if platform.id == "teams" else "",
        "rooms": address.place.lower(),
        "hosts": address.host,
        "meeting_ids": f"{platform.numbers}:{parts.get('number') or ''}".lower(),
    }
    label = parts.get("label") or ""
    if platform.labels and not _LABEL_OF_ALL.fullmatch(label):
        claims[platform.labels] = label.lower()
    owner = _claimed(claims, context)
    if owner is None:
        if parts.get("host") or not _is_plain(parts.get("room") or "", label, context):
            return None
        owner = clues.organizer if platform.organizer and clues.organizer is not Owner.UNKNOWN else platform.owner
    elif address.place.lower() not in (*_own_rooms(context), *context.theirs.rooms) and not _is_plain(parts.get("room") or "", "", context):
        return None  # an account of one's own, and a room in it whose name could say something
    return _judged(address, query, platform, owner, platforms)


def _in_a_room(address: _Address, platforms: Platforms, context: RecogniserContext) -> MeetingLink | None:
    """A link into a configured room of no known platform, or to a host of the company's."""
    own, place = platforms.named("own"), address.place.lower()
    if own is None:
        return None
    for owner, rooms in ((Owner.COMPANY, context.theirs.rooms), (Owner.COACH, _own_rooms(context))):
        for room in rooms:
            if place == room or place.startswith(room) and SHARED_NUMBER.fullmatch(place[len(room) :]):
                query = _query(address.query, own)
                return None if query is None or address.fragment else _judged(address, query, own, owner, platforms)
    if address.host in context.theirs.hosts:
        return _judged(address, "", own, Owner.COMPANY, platforms)
    return None


def _own_rooms(context: RecogniserContext) -> tuple[str, ...]:
    """The coach's rooms, and the prefixes that are approved whosever they are, each as host/path."""
    prefixes = (prefix.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.") for prefix in context.approved_links)
    return (*context.own.rooms, *(prefix.rstrip("/") for prefix in prefixes))


def _judged(address: _Address, query: str, platform: Platform, owner: Owner, platforms: Platforms) -> MeetingLink:
    fragment = f"#{address.fragment}" if address.fragment and platform.fragment else ""
    return MeetingLink(f"{address.lead}{address.netloc}{address.path}{query}{fragment}", platform.id, owner, platforms.passage(platform, owner))


def _claimed(claims: dict[str, str], context: RecogniserContext) -> Owner | None:
    """Who says that it is theirs. Where both do, it is the company's: that is the stricter answer."""
    for owner, meetings in ((Owner.COMPANY, context.theirs), (Owner.COACH, context.own)):
        if any(value and value in getattr(meetings, name) for name, value in claims.items()):
            return owner
    return Owner.COACH if claims["rooms"] in _own_rooms(context) else None


# ------------------------------------------------------------------------------------------------ parts that could be words
def _is_plain(room: str, label: str, context: RecogniserContext) -> bool:
    """Whether the parts of a link that somebody chose are names and no sentence.

    A label of a host is one word ("us02web", a company's own) or a name; such hosts exist, but a slug could still be read.
    """
    names = (*context.coach_names, *context.client_names)
    return (not room or _is_plain_name(room, names)) and ("-" not in label or _is_plain_name(label, names))


def _is_plain_name(room: str, names: Sequence[str]) -> bool:
    """Whether a room name is a name and no sentence: known room words and configured names, and at most one other word beside them.

    One free word alone tells nothing of whose room it is and might tell something else; such a room must be configured.
    """
    known = ROOM_WORDS | {word.lower() for name in names for word in name.split()}
    run = re.compile("(?:" + "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True)) + ")+")  # "robinvalecoaching"
    words = [word for word in re.split(r"[-_.\d]+", room.lower()) if word]
    free = len([word for word in words if not run.fullmatch(word)])
    return len(words) <= 4 and (free == 0 or (free == 1 and len(words) > 1))


def _query(query: str, platform: Platform) -> str | None:
    """The query rebuilt, '' where there is none; None where the link may not pass."""
    if not query:
        return ""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
    except ValueError:
        return None
    clean = []
    for name, value in pairs:
        if name == "context" and name in platform.query:
            if not (rebuilt := _context(value, "%7B" in query)):
                return None
            clean.append(f"context={rebuilt}")
        elif name in platform.query and PARAMETER.fullmatch(value) and _is_token(value):
            clean.append(f"{name}={value}")
    return "?" + "&".join(clean) if clean else ""


def _context(value: str, capitals: bool) -> str:
    """The context of a Teams link made anew: exactly tenant and person. '' where it says anything else."""
    ids = _ids(value)
    if not ids:
        return ""
    rebuilt = "%7b" + "%2c".join(f"%22{key}%22%3a%22{ids[key]}%22" for key in CONTEXT_KEYS) + "%7d"
    return re.sub("%[0-9a-f]{2}", lambda escape: escape[0].upper(), rebuilt) if capitals else rebuilt


def _ids(value: str) -> dict[str, str]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    if not isinstance(found, dict) or tuple(found) != CONTEXT_KEYS or not all(isinstance(v, str) and TENANT.fullmatch(v) for v in found.values()):
        return {}
    return found


def _tenant(query: str) -> str:
    found = re.search(r"(?:^|&)context=([^&]*)", query)
    return _ids(unquote(found[1])).get("Tid", "") if found else ""


def _is_token(value: str) -> bool:
    """Whether a parameter looks drawn and not written: no hyphens, no long run of letters of one case, and a digit or capitals in its midst."""
    return "-" not in value and not re.search("[a-z]{7}|[A-Z]{7}", value) and (any(c.isdigit() for c in value) or value[1:] != value[1:].lower())


def _is_drawn(key: str) -> bool:
    """Whether less than half of a key could be read: three letters of one case and more with a vowel among them make a word."""
    words = [run for run in re.findall("[a-z]{3,}|[A-Z]{3,}", key) if re.search("[aeiou]", run.lower())]
    return 2 * sum(map(len, words)) < len(key)


def is_phone(text: str) -> bool:
    """Whether `text` has the shape of a telephone number or a numeric meeting ID: 7 to 15 digits in groups (ITU-T E.164 gives the upper bound)."""
    if re.fullmatch(r"20\d\d-\d{1,4}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", text):
        return False  # the number of an invoice, or a date
    if "/" in text and text[0] not in "0+(":
        return False  # "040 / 555 01 77" is one, "2026/2027" is none
    return 7 <= sum(c.isdigit() for c in text) <= 15 and re.fullmatch(r"\+?[\d(][\d ().\-/]{5,24}\d", text) is not None
