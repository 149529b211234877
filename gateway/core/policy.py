"""The policies: what may go where and why, read from TOML that a coach can read (policies/README.md has every word).

`parse_policies` admits a set of files whole or not at all, and names every fault at once. The floor (`00-floor.toml`)
covers each role x kind; the law below binds even the floor; a later file can only repeat or tighten, `local/` files only
against all the others. A rule never releases anything by itself: the one exception it may state names a consent with
which the coach herself may release.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.core.model import Action, Kind, Role
from gateway.core.platforms import FILE as PLATFORMS
from gateway.core.platforms import NO_PLATFORMS, Platforms, PlatformsError, parse_platforms
from gateway.core.toml_table import Table

FLOOR = "00-floor.toml"
LOCAL = "local/"
CONSENT_SCOPES = ("share-with-sponsor",)
EXCEPTION_CODES = ("consent-on-record", "threat-of-harm", "unreported-crime", "legal-order")
LEAST_REASON = 20  # characters; less explains nothing
ACTIONS: Mapping[str, Action] = {a.name.lower(): a for a in Action}
FULL_TABLE = tuple((role, kind) for role in Role for kind in Kind)

# The law: the least that may ever happen to anything but scheduling, whatever a file says. Roles that are absent are no company's.
LAW: Mapping[Role, Action] = {
    Role.CLIENT_WORK: Action.DIVERT,
    Role.SPONSOR: Action.HOLD,
    Role.COLLEAGUE: Action.HOLD,
    Role.SUPPORT: Action.HOLD,
    Role.UNKNOWN: Action.HOLD,
}
_FILE = re.compile(r"(local/)?[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*\.toml")
_DELIVERED_AS = {Role.CLIENT_PERSONAL: "private copy", Role.NOT_A_CLIENT: "raw", Role.COACH: "raw"}


class PolicyError(Exception):
    """`problems` lists every fault found, one sentence each, with file, rule id and key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to the kinds `kinds` for the roles `to`, and why."""

    file: str
    id: str
    to: tuple[Role, ...]
    kinds: tuple[Kind, ...]
    action: Action
    reason: str
    cites: tuple[str, ...]
    unless_consent: str = ""  # one of CONSENT_SCOPES: with it on record the coach may release with one word

    @property
    def rank(self) -> tuple[int, str, str]:
        """Whose reason the coach reads where several rules agree: her own files, then the topics in reading order, then the floor."""
        return (0 if self.file.startswith(LOCAL) else 2 if self.file == FLOOR else 1, self.file, self.id)

    def covers(self, role: Role, kind: Kind) -> bool:
        """Whether the rule speaks of this cell."""
        return role in self.to and kind in self.kinds


@dataclass(frozen=True, slots=True)
class Example:
    """A case that shows a rule: a raw mail, or the kinds found in one; `want` is what `rule` must answer for `to`."""

    file: str
    name: str
    rule: str
    to: Role
    want: Action
    kinds: tuple[Kind, ...]
    message: str
    consents: tuple[str, ...]

    @property
    def title(self) -> str:
        """The name under which a test run shows it."""
        return f"{self.file}::{self.name}"


@dataclass(frozen=True, slots=True)
class ReleaseReason:
    """A code with which the coach may send a held item as it is."""

    file: str
    code: str
    who: tuple[str, ...]
    meaning: str
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Ruleset:
    """All policies of an installation. The order of files and rules has no influence on any answer."""

    rules: tuple[Rule, ...]
    release_reasons: tuple[ReleaseReason, ...] = ()
    examples: tuple[Example, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()  # file and title
    platforms: Platforms = NO_PLATFORMS

    @cached_property
    def _cells(self) -> dict[tuple[Role, Kind], tuple[Rule, ...]]:
        ranked = sorted(self.rules, key=lambda r: r.rank)
        return {cell: tuple(r for r in ranked if r.covers(*cell)) for cell in FULL_TABLE}

    def covering(self, role: Role, kind: Kind) -> tuple[Rule, ...]:
        """Every rule that speaks of this cell, the one whose reason counts first."""
        return self._cells[role, kind]

    @cached_property
    def exceptions(self) -> Mapping[str, ReleaseReason]:
        """The codes with which the coach may send a held item as it is."""
        return {r.code: r for r in self.release_reasons}

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what decides: rules, release codes and meeting platforms, in canonical order. Stands in the audit log."""
        rules = sorted([r.id, sorted(r.to), sorted(r.kinds), r.action.name, r.reason, list(r.cites), r.unless_consent] for r in self.rules)
        codes = sorted([e.code, sorted(e.who), e.meaning, list(e.cites)] for e in self.release_reasons)
        links = sorted([p.id, p.links, sorted(p.query), p.fragment, p.labels, p.numbers, p.owner, p.least, p.reason] for p in self.platforms.platforms)
        owners = sorted([s.owner, s.passage, s.reason] for s in self.platforms.stances)
        return hashlib.sha256(json.dumps([rules, codes, links, owners], separators=(",", ":")).encode("ascii")).hexdigest()

    def matrix(self) -> str:
        """The role x kind table in Markdown: the answer in each cell, and the rules that give it."""
        rows = [("recipient", *Kind), ("---",) * (len(Kind) + 1)]
        rows += [(role, *(self._cell(role, kind) for kind in Kind)) for role in Role]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def _cell(self, role: Role, kind: Kind) -> str:
        rules = self.covering(role, kind)
        action = max((r.action for r in rules), default=Action.HOLD)
        hits = [r for r in rules if r.action is action]
        word = _DELIVERED_AS.get(role, "company copy") if action is Action.DELIVER else action.name.lower()
        consent = ", with a consent on record one word releases" if hits and all(r.unless_consent for r in hits) else ""
        return f"**{word}**{consent} ({', '.join(r.id for r in hits) or 'no rule'})"


def parse_policies(files: Mapping[str, str]) -> Ruleset:
    """The policies in `files` (name below the policies folder -> TOML text).

    Raises `PolicyError` with every problem of every file. Reads no disk: the caller hands the texts over.
    """
    problems: list[str] = []
    rules: list[Rule] = []
    examples: list[Example] = []
    reasons: list[ReleaseReason] = []
    titles: list[tuple[str, str]] = []
    platforms = NO_PLATFORMS
    for file, text in sorted(files.items()):
        if file == PLATFORMS:
            try:
                platforms = parse_platforms(text)
            except PlatformsError as error:
                problems += error.problems
            titles.append((file, platforms.title))
            continue
        top = _top(file, text, problems)
        top.only({"policy", "rule", "example", "exception"})
        titles += [(file, _title(t)) for t in top.tables("policy", single=True)]
        rules += [_rule(file, t) for t in top.tables("rule")]
        examples += [_example(file, t) for t in top.tables("example")]
        reasons += [_release_reason(file, t) for t in top.tables("exception")]
    ruleset = Ruleset(tuple(rules), tuple(reasons), tuple(examples), tuple(titles), platforms)
    problems += _doubles(ruleset) + _unshown(ruleset) + _loosened(ruleset) + _uncovered(ruleset)
    if problems:
        raise PolicyError(tuple(problems))
    return ruleset


# ------------------------------------------------------------------------------------------------ one table at a time
def _action(table: Table, key: str = "action") -> Action:
    word = table.text(key)
    return ACTIONS[word] if word and table.is_known(key, word, tuple(ACTIONS)) else Action.REFUSE  # strictest, so that nothing else is reported of it


def _top(file: str, text: str, problems: list[str]) -> Table:
    if not _FILE.fullmatch(file):
        problems.append(f'{file}: a policy file is called "NN-topic.toml" or "local/NN-topic.toml"')
    try:
        return Table(file, tomllib.loads(text), problems)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{file}: no TOML: {error}")
        return Table(file, {"policy": {"name": "unread", "title": "unread"}}, problems)  # said once is enough


def _title(table: Table) -> str:
    table.only({"name", "title"})
    table.text("name")
    return table.text("title")


def _rule(file: str, table: Table) -> Rule:
    table.only({"id", "to", "kind", "action", "reason", "cites", "unless_consent"})
    rule = Rule(
        file=file,
        id=table.text("id"),
        to=tuple(map(Role, table.texts("to", Role))),
        kinds=tuple(map(Kind, table.texts("kind", Kind))),
        action=_action(table),
        reason=table.text("reason", LEAST_REASON),
        cites=table.texts("cites"),
        unless_consent=table.text("unless_consent") if "unless_consent" in table.values else "",
    )
    if rule.unless_consent:
        table.is_known("unless_consent", rule.unless_consent, CONSENT_SCOPES)
        if (set(rule.to), set(rule.kinds), rule.action) != ({Role.SPONSOR}, {Kind.NOTES}, Action.HOLD):
            table.say("unless_consent", "may stand only where notes to a sponsor are held")
    return rule


def _example(file: str, table: Table) -> Example:
    table.only({"name", "rule", "to", "want", "kinds", "message", "consents"})
    if ("kinds" in table.values) == ("message" in table.values):
        table.say("message", 'an example has either a "message" or "kinds"')
    to = table.text("to")
    return Example(
        file=file,
        name=table.text("name"),
        rule=table.text("rule"),
        to=Role(to) if to and table.is_known("to", to, tuple(Role)) else Role.UNKNOWN,
        want=_action(table, "want"),
        kinds=tuple(map(Kind, table.texts("kinds", Kind))) if "kinds" in table.values else (),
        message=table.text("message") if "message" in table.values else "",
        consents=table.texts("consents", CONSENT_SCOPES, optional=True),
    )


def _release_reason(file: str, table: Table) -> ReleaseReason:
    table.only({"code", "who", "meaning", "cites"})
    if file.startswith(LOCAL):
        table.say("code", "a local file may only tighten; release codes stand in the shipped files")
    code = table.text("code")
    if code:
        table.is_known("code", code, EXCEPTION_CODES)
    return ReleaseReason(file, code, table.texts("who", ("coach",)), table.text("meaning", LEAST_REASON), table.texts("cites"))


# ------------------------------------------------------------------------------------------------ all files together
def _doubles(ruleset: Ruleset) -> list[str]:
    """Names given twice. Rules and codes are named once in all files, an example once in its file."""
    named = [("id", r.id, r.file) for r in ruleset.rules if r.id]
    named += [("code", e.code, e.file) for e in ruleset.release_reasons if e.code]
    named += [("name", e.title, e.file) for e in ruleset.examples if e.name]
    first: dict[tuple[str, str], str] = {}
    problems = []
    for key, name, file in named:
        if (key, name) in first:
            problems.append(f"{file}: {name}: {key}: stands already in {first[key, name]}")
        first.setdefault((key, name), file)
    return problems


def _unshown(ruleset: Ruleset) -> list[str]:
    """Rules that no example shows, examples of no rule, and examples that lie outside their rule."""
    rules = {r.id: r for r in ruleset.rules}
    shown = {e.rule for e in ruleset.examples}
    problems = [f"{r.file}: {r.id}: rule: no example shows it" for r in ruleset.rules if r.id not in shown]
    for example in ruleset.examples:
        rule = rules.get(example.rule)
        if rule is None:
            problems.append(f'{example.file}: {example.name}: rule: there is no rule "{example.rule}"')
        elif example.to not in rule.to:
            problems.append(f'{example.file}: {example.name}: to: rule "{rule.id}" does not speak of {example.to}')
    return problems


def _loosened(ruleset: Ruleset) -> list[str]:
    """Rules weaker than what binds them: the law for all, the floor for later files, everything shipped for local files."""
    shipped = [r for r in ruleset.rules if not r.file.startswith(LOCAL)]
    floor = [r for r in shipped if r.file == FLOOR]
    problems = []
    for rule in ruleset.rules:
        above = [] if rule.file == FLOOR else floor if rule in shipped else shipped
        for role, kind in ((role, kind) for role in rule.to for kind in rule.kinds):
            law = LAW.get(role, Action.DELIVER) if kind is not Kind.SCHEDULING else Action.DELIVER
            if rule.action < law:
                problems.append(f"{rule.file}: {rule.id}: action: {kind} to {role} must at least {law.name.lower()}; no file can loosen that")
            stricter = max((r for r in above if r.covers(role, kind)), key=lambda r: r.action, default=None)
            if stricter and rule.action < stricter.action:
                problems.append(f'{rule.file}: {rule.id}: action: weaker for {kind} to {role} than "{stricter.id}" in {stricter.file}')
            if stricter and rule.unless_consent and not stricter.unless_consent:
                problems.append(f'{rule.file}: {rule.id}: unless_consent: "{stricter.id}" in {stricter.file} allows no such exception')
    return problems


def _uncovered(ruleset: Ruleset) -> list[str]:
    floor = [r for r in ruleset.rules if r.file == FLOOR]
    if not floor:
        return [f"{FLOOR}: is missing or holds no rule; without it nothing is covered"]
    return [f"{FLOOR}: rule: no rule covers {kind} to {role}" for role, kind in FULL_TABLE if not any(r.covers(role, kind) for r in floor)]
