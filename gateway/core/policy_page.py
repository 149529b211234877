"""The policies as a page to read: the matrix, every rule with its reason and citations, the release codes (Markdown).

`coachgate policies` prints it; docs/policies.md is the same text for the shipped policies, and a test compares them.
"""

from __future__ import annotations

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
        parts += [_rule(r) for r in ruleset.rules if r.file == file]
        parts += [f"- **{e.code}** ({', '.join(e.who)} only): {e.meaning} *{'; '.join(e.cites)}*\n" for e in ruleset.release_reasons if e.file == file]
    return "".join(parts)


def _rule(rule: Rule) -> str:
    exception = f" unless `{rule.unless_consent}` is on record, then one word of the coach releases" if rule.unless_consent else ""
    cell = f"{', '.join(rule.kinds)} to {', '.join(rule.to)}"
    return f"- **{rule.id}**: {cell}: **{rule.action.name.lower()}**{exception}. {rule.reason} *{'; '.join(rule.cites)}*\n"
