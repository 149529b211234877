"""The policies as a page to read: the matrix, every rule with its reason and citations, the release codes (Markdown).

`coachgate policies` prints it; docs/policies.md is the same text for the shipped policies, and a test compares them.
"""

from __future__ import annotations

from gateway.core.platforms import FILE as PLATFORMS
from gateway.core.platforms import Platform, Platforms
from gateway.core.policy import Rule, Ruleset

_OPENING = """# What goes to whom, and why

Generated from the files under `policies/` by `coachgate policies`; change those, not this page.

A *company copy* is newly written and says the appointment alone. A *private copy* is the whole mail, sealed to the client's key, to the client's personal
address. *raw* is the mail as written. *divert* makes the private copy instead of showing this part to the company; *hold* waits for the coach.
Where several rules speak, the strictest wins; where none speaks, it waits.

"""


def policy_page(ruleset: Ruleset) -> str:
    """The whole page, files in reading order."""
    parts = [_OPENING, ruleset.matrix()]
    for file, title in sorted(ruleset.titles):
        parts.append(f"\n## {title}\n`policies/{file}`\n\n")
        parts += _platforms(ruleset.platforms) if file == PLATFORMS else ()
        parts += [_rule(r) for r in ruleset.rules if r.file == file]
        parts += [f"- **{e.code}** ({', '.join(e.who)} only): {e.meaning} *{'; '.join(e.cites)}*\n" for e in ruleset.release_reasons if e.file == file]
    return "".join(parts)


def _rule(rule: Rule) -> str:
    exception = f" unless `{rule.unless_consent}` is on record, then one word of the coach releases" if rule.unless_consent else ""
    cell = f"{', '.join(rule.kinds)} to {', '.join(rule.to)}"
    return f"- **{rule.id}**: {cell}: **{rule.action.name.lower()}**{exception}. {rule.reason} *{'; '.join(rule.cites)}*\n"


_ACTIONS = {
    "allow": "the link passes",
    "warn": "the link passes, and you are told whose platform it is",
    "withhold": "the link stays away from the company; the time goes out, and you are told",
    "hold": "the link stays away from the company and the time goes out; an invitation that has no other way in waits for you",
}


def _platforms(platforms: Platforms) -> list[str]:
    """What is done by owner, and a row for each platform."""
    rows = [f"- **{s.owner}**: **{s.passage}** ({_ACTIONS[s.passage]}). {s.reason} *{'; '.join(s.cites)}*\n" for s in platforms.stances]
    rows += ["\n| platform | a link looks like | whose it is, told by | else |\n| --- | --- | --- | --- |\n"]
    return rows + [f"| {p.name} | {_look(p)} | {_told_by(p)} | {_otherwise(p)} |\n" for p in platforms.platforms]


def _otherwise(platform: Platform) -> str:
    return f"{platform.owner}; at least {platform.least}: {platform.reason}" if platform.reason else platform.owner


def _look(platform: Platform) -> str:
    return f"`{platform.examples[0]}`" if platform.examples else "-"


def _told_by(platform: Platform) -> str:
    names = "".join(platform.links)
    signs = {
        "`teams_tenants`": platform.id == "teams",
        f"`{platform.labels}`": bool(platform.labels),
        "`meeting_ids`": bool(platform.numbers),
        "`rooms`": "{room}" in names,
        "`hosts`": "{host}" in names,
        "the organiser's domain": platform.organizer,
    }
    return ", ".join(sign for sign, holds in signs.items() if holds) or "-"
