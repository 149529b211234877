"""What the policies say: kinds of content times one recipient gives verdicts. Strictest wins, no match holds.

Pure and total: no input raises, none passes for want of a rule. A further rule or a further finding can only make the
answer stricter. Never looks at the text of a mail: it sees kinds and roles alone.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.core.model import Action, Analysis, Kind, Reading, Recipient, Role, Verdict
from gateway.core.policy import Rule, Ruleset

NO_RULE = "No rule covers this, so it waits for you."


def kinds_of(analysis: Analysis, reading: Reading | None) -> frozenset[Kind]:
    """What a message holds, never empty. Scheduling is what the recogniser would say itself; all it did not approve is notes.

    Beside text in disguise nothing is scheduling: what cannot be read may say "not" to what can.
    """
    findings = (*analysis.findings, *(reading.findings if reading else ()))
    found = {f.kind for f in findings} - {Kind.SCHEDULING}  # only a reading proves scheduling
    if reading is not None and reading.company_text and Kind.DISGUISED not in found:
        found.add(Kind.SCHEDULING)
    if reading is None or not reading.complete or not found:
        found.add(Kind.NOTES)
    return frozenset(found)


def decide(recipient: Recipient, kinds: Collection[Kind], ruleset: Ruleset) -> tuple[Verdict, ...]:
    """One verdict for each of `kinds` in the order of `Kind`; no kind at all counts as notes."""
    return tuple(_verdict(recipient, kind, ruleset) for kind in Kind if kind in (kinds or {Kind.NOTES}))


def unjudged(recipient: Recipient) -> tuple[Verdict, ...]:
    """What stands where no verdict was given: it waits."""
    return (Verdict(recipient, Kind.NOTES, Action.HOLD, (), NO_RULE),)


def _verdict(recipient: Recipient, kind: Kind, ruleset: Ruleset) -> Verdict:
    rules = ruleset.covering(recipient.role, kind)
    if not rules:
        return Verdict(recipient, kind, Action.HOLD, (), NO_RULE)
    action = max(r.action for r in rules)
    if action is Action.DIVERT:  # it would end at the personal address, so whoever keeps it from there is heard too
        rules += tuple(r for r in ruleset.covering(Role.CLIENT_PERSONAL, kind) if r.action > action)
        action = max(r.action for r in rules)
    hits = tuple(r for r in rules if r.action is action)
    return Verdict(recipient, kind, action, tuple(r.id for r in hits), hits[0].reason, _consent(recipient, hits))


def _consent(recipient: Recipient, hits: tuple[Rule, ...]) -> str:
    """The scope on record that every deciding rule accepts; one rule without the exception, or without a single client, and there is none."""
    scope, *others = {r.unless_consent for r in hits}
    return scope if not others and recipient.client and scope in recipient.client.consents else ""
