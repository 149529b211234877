"""The meeting platforms as policy: policies/meeting-platforms.toml to frozen, compiled data. Every problem of the file is named at once.

What the words of the file mean stands at its head. This module reads and checks; `core.links` judges links by what it finds here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import count

from gateway.core.meeting import Meetings, Owner, Passage, stricter
from gateway.core.toml_table import Table

FILE = "meeting-platforms.toml"
LEAST_REASON = 20  # characters; less explains nothing
CLAIMS = tuple(f.name for f in fields(Meetings))  # what may be compared with who owns it
SHAPES: Mapping[str, str] = {
    "label": r"(?P<label>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)",
    "number": r"(?P<number>\d{6,16})",
    "room": r"(?P<room>[A-Za-z0-9][A-Za-z0-9._-]{1,38})",
    "host": r"(?P<host>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})",
    "key": r"(?P<key>[A-Za-z0-9_-]{7,100})",
}


class PlatformsError(Exception):
    """`problems` lists every fault found, one sentence each, with the platform and key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Stance:
    """What is done with a platform of one owner, and why."""

    owner: Owner
    passage: Passage
    reason: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform: the shapes of its links, what of them says whose it is, and what is done at least."""

    id: str
    name: str
    links: tuple[str, ...]  # as written
    query: frozenset[str]
    fragment: str
    labels: str  # the claim its {label} is compared with
    numbers: str  # how `meeting_ids` name its numbers
    organizer: bool  # in a calendar object, the organiser's domain says whose account it is
    owner: Owner  # where nobody claims it
    least: Passage
    reason: str  # for `least`
    examples: tuple[str, ...]
    attacks: tuple[str, ...]
    shapes: tuple[re.Pattern[str], ...] = field(repr=False, compare=False)  # of host and path, whole
    fragment_shape: re.Pattern[str] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A link that holds another one in a parameter."""

    shape: re.Pattern[str]
    parameter: str


@dataclass(frozen=True, slots=True)
class Platforms:
    """All platforms. Without any no link passes."""

    title: str = ""
    platforms: tuple[Platform, ...] = ()
    stances: tuple[Stance, ...] = ()
    wrappers: tuple[Wrapper, ...] = ()

    def named(self, platform_id: str) -> Platform | None:
        """The platform with this id."""
        return next((p for p in self.platforms if p.id == platform_id), None)

    def passage(self, platform: Platform, owner: Owner) -> Passage:
        """What is done with a link to `platform` that belongs to `owner`; an owner of whom nothing is said is held."""
        return stricter(platform.least, next((s.passage for s in self.stances if s.owner is owner), Passage.HOLD))

    def reason(self, platform_id: str, owner: Owner) -> str:
        """Why, in a sentence for the coach: the platform's own where that is what decides, else the owner's."""
        platform, stance = self.named(platform_id), next((s for s in self.stances if s.owner is owner), None)
        decides = platform is not None and (stance is None or stricter(platform.least, stance.passage) is platform.least)
        return (platform.reason if platform and decides else "") or (stance.reason if stance else "")


NO_PLATFORMS = Platforms()


def parse_platforms(text: str) -> Platforms:
    """The platforms of the file's text. Raises `PlatformsError` with every problem."""
    problems: list[str] = []
    try:
        top = Table(FILE, tomllib.loads(text), problems)
    except tomllib.TOMLDecodeError as error:
        raise PlatformsError((f"{FILE}: no TOML: {error}",)) from None
    top.only({"platforms", "owner", "platform", "wrapper"})
    heads = list(top.tables("platforms", single=True))
    title = heads[0].text("title") if heads else ""
    for head in heads:
        head.only({"name", "title"})
    found = Platforms(
        title,
        tuple(_platform(t) for t in top.tables("platform")),
        tuple(_stance(t) for t in top.tables("owner")),
        tuple(_wrapper(t) for t in top.tables("wrapper")),
    )
    owners, ids = [s.owner for s in found.stances], [p.id for p in found.platforms]
    problems += [f"{FILE}: owner: nothing is said of {owner}" for owner in Owner if owner not in owners]
    problems += [f"{FILE}: owner: {owner} stands twice" for owner in Owner if owners.count(owner) > 1]
    problems += [f"{FILE}: {name}: id: stands twice" for name in dict.fromkeys(ids) if ids.count(name) > 1]
    if problems:
        raise PlatformsError(tuple(problems))
    return found


def _stance(table: Table) -> Stance:
    table.only({"owner", "action", "reason", "cites"})
    return Stance(_owner(table), _passage(table, "action"), table.text("reason", LEAST_REASON), table.texts("cites"))


def _platform(table: Table) -> Platform:
    table.only({"id", "name", "links", "query", "fragment", "labels", "numbers", "organizer", "owner", "least", "reason", "examples", "attacks"})
    values, links = table.values, table.texts("links")
    fragment = table.text("fragment") if "fragment" in values else ""
    labels = table.text("labels") if "labels" in values else ""
    if labels:
        table.is_known("labels", labels, CLAIMS)
    if ("least" in values) != ("reason" in values):
        table.say("least", "stands with a reason of its own, and a reason with it")
    return Platform(
        id=table.text("id"),
        name=table.text("name"),
        links=links,
        query=frozenset(table.texts("query", optional=True)),
        fragment=fragment,
        labels=labels,
        numbers=table.text("numbers") if "numbers" in values else "",
        organizer=table.flag("organizer"),
        owner=_owner(table),
        least=_passage(table, "least") if "least" in values else Passage.ALLOW,
        reason=table.text("reason", LEAST_REASON) if "reason" in values else "",
        examples=table.texts("examples", optional=True),
        attacks=table.texts("attacks"),
        shapes=tuple(_compiled(table, "links", link) for link in links),
        fragment_shape=_compiled(table, "fragment", fragment),
    )


def _wrapper(table: Table) -> Wrapper:
    table.only({"links", "parameter"})
    return Wrapper(_compiled(table, "links", "|".join(table.texts("links"))), table.text("parameter"))


def _owner(table: Table) -> Owner:
    word = table.text("owner")
    return Owner(word) if word and table.is_known("owner", word, tuple(Owner)) else Owner.UNKNOWN


def _passage(table: Table, key: str) -> Passage:
    word = table.text(key)
    return Passage(word) if word and table.is_known(key, word, tuple(Passage)) else Passage.HOLD


def _compiled(table: Table, key: str, written: str) -> re.Pattern[str]:
    """The expression with its {names} filled in; one that stands twice ("v=1&p={key}&k={key}") gets a number behind its name."""
    numbers: dict[str, count[int]] = {}

    def shape(found: re.Match[str]) -> str:
        if found[1] not in SHAPES:
            table.say(key, f"unknown name {found[0]}; known are {', '.join(SHAPES)}")
            return ""
        number = next(numbers.setdefault(found[1], count()))
        return SHAPES[found[1]].replace(f"<{found[1]}>", f"<{found[1]}{number or ''}>")

    try:
        return re.compile(re.sub(r"\{([a-z]+)\}", shape, written), re.IGNORECASE)
    except re.error as error:
        table.say(key, f"no expression: {error}")
        return re.compile("")
