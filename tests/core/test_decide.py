"""What the policies say: strictest wins, no match holds, nothing ever weakens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decide import NO_RULE, decide, kinds_of, unjudged
from gateway.core.model import Action, Analysis, Finding, Kind, Reading, Role, Status, Verdict
from gateway.core.policy import Rule, Ruleset
from tests.policies.cast import JANE, recipient, shipped

SHIPPED = shipped()
CONSENT = "share-with-sponsor"


def reading(text: str = "Tuesday, 10:00.", complete: bool = True) -> Reading:
    return Reading("en", True, Status.CONFIRMED, (), (), complete, text, "Appointment")


def analysis(*kinds: Kind) -> Analysis:
    return Analysis(tuple(Finding("1", k, "test") for k in kinds), (), None, (), 1, 0, False)


def rule(name: str, action: Action, to: Role = Role.SPONSOR, kind: Kind = Kind.NOTES, file: str = "20-x.toml", consent: str = "") -> Rule:
    return Rule(file, name, (to,), (kind,), action, f"the reason of {name}", ("RFC 5322",), consent)


S, N, A, Q, D, C, P = Kind


@pytest.mark.parametrize(
    ("findings", "read", "expected"),
    [
        ((), reading(), {S}),
        ((), reading(complete=False), {S, N}),
        ((), reading(text="", complete=True), {N}),
        ((), reading(text="", complete=False), {N}),
        ((), None, {N}),
        ((S,), None, {N}),  # a finding alone proves nothing
        ((S,), reading(text=""), {N}),
        ((N,), reading(), {S, N}),
        ((A,), reading(), {S, A}),
        ((Q,), reading(), {S, Q}),
        ((A, Q), reading(text=""), {A, Q}),
        ((Q,), None, {N, Q}),
        ((A, Q, N), reading(complete=False), {S, N, A, Q}),
        ((D,), reading(), {D}),  # what cannot be read may say "not" to what can
        ((D, S, A), reading(complete=False), {D, A, N}),
        ((D,), None, {D, N}),
    ],
)
def test_kinds_of_a_message(findings, read, expected):
    assert kinds_of(analysis(*findings), read) == expected


def test_what_was_found_under_one_context_counts_there_alone():
    read = replace(reading(), findings=(Finding("calendar", C, "test"), Finding("calendar", N, "test")))
    assert kinds_of(analysis(A), read) == {S, A, C, N}
    assert kinds_of(analysis(A), reading()) == {S, A}


# the table of the design, cell by cell, written a second time and by hand
TABLE = {
    Role.CLIENT_WORK: (Action.DELIVER, Action.DIVERT, Action.DIVERT, Action.DIVERT, Action.HOLD, Action.HOLD, Action.HOLD),
    Role.CLIENT_PERSONAL: (Action.DELIVER,) * 7,
    Role.SPONSOR: (Action.DELIVER, *(Action.HOLD,) * 6),
    Role.COLLEAGUE: (Action.DELIVER, *(Action.HOLD,) * 6),
    Role.SUPPORT: (Action.DELIVER, *(Action.HOLD,) * 6),
    Role.UNKNOWN: (Action.DELIVER, *(Action.HOLD,) * 6),
    Role.NOT_A_CLIENT: (Action.DELIVER,) * 7,
    Role.COACH: (Action.DELIVER,) * 7,
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("consents", [(), (CONSENT,)])
def test_what_goes_to_whom(role, kind, consents):
    """A consent changes no answer; it is only noted, where notes to a sponsor are held."""
    (verdict,) = decide(recipient(role, consents), {kind}, SHIPPED)
    assert verdict.action is TABLE[role][list(Kind).index(kind)]
    assert verdict.kind is kind
    assert verdict.recipient == recipient(role, consents)
    assert verdict.rule_ids
    assert verdict.reason
    assert verdict.consent == (CONSENT if consents and (role, kind) == (Role.SPONSOR, N) else "")


def test_one_verdict_for_each_kind_in_a_fixed_order():
    assert [v.kind for v in decide(recipient(Role.UNKNOWN), {Q, A, N, S}, SHIPPED)] == [S, N, A, Q]
    assert [v.kind for v in decide(recipient(Role.UNKNOWN), [A, S], SHIPPED)] == [S, A]


def test_no_kind_at_all_counts_as_notes():
    assert decide(recipient(Role.CLIENT_WORK), (), SHIPPED) == decide(recipient(Role.CLIENT_WORK), {N}, SHIPPED)


def test_no_rule_holds():
    verdict = Verdict(recipient(Role.COACH), S, Action.HOLD, (), NO_RULE)
    assert decide(recipient(Role.COACH), {S}, Ruleset(())) == (verdict,)


def test_what_was_never_judged_is_held_as_notes():
    assert unjudged(recipient(Role.COACH)) == (Verdict(recipient(Role.COACH), N, Action.HOLD, (), NO_RULE),)


def test_the_strictest_rule_wins_and_is_named_alone():
    rules = Ruleset((rule("weak", Action.DIVERT), rule("strong", Action.HOLD), rule("weaker", Action.DELIVER), rule("also", Action.HOLD)))
    (verdict,) = decide(recipient(Role.SPONSOR), {N}, rules)
    assert (verdict.action, verdict.rule_ids, verdict.reason) == (Action.HOLD, ("also", "strong"), "the reason of also")


def test_the_coachs_own_reason_is_read_before_the_topics_and_the_floors():
    files = {"local/90-own.toml": "own", "00-floor.toml": "floor", "20-x.toml": "b", "10-x.toml": "z"}
    rules = Ruleset(tuple(rule(name, Action.HOLD, file=file) for file, name in files.items()))
    assert decide(recipient(Role.SPONSOR), {N}, rules)[0].rule_ids == ("own", "z", "b", "floor")


@pytest.mark.parametrize(("at_home", "expected"), [(Action.DELIVER, "work"), (Action.DIVERT, "work"), (Action.HOLD, "home"), (Action.REFUSE, "home")])
def test_a_divert_obeys_what_is_said_of_the_personal_address(at_home, expected):
    """What the coach keeps from the personal address does not get there by way of the company's."""
    home, other = rule("home", at_home, Role.CLIENT_PERSONAL), rule("other", Action.HOLD, Role.CLIENT_PERSONAL, A)
    rules = Ruleset((rule("work", Action.DIVERT, Role.CLIENT_WORK), home, other))
    (verdict,) = decide(recipient(Role.CLIENT_WORK), {N}, rules)
    assert (verdict.rule_ids, verdict.action) == ((expected,), max(at_home, Action.DIVERT))


def test_a_hold_at_work_has_nothing_to_do_with_the_personal_address():
    rules = Ruleset((rule("work", Action.HOLD, Role.CLIENT_WORK), rule("home", Action.REFUSE, Role.CLIENT_PERSONAL)))
    assert decide(recipient(Role.CLIENT_WORK), {N}, rules)[0].rule_ids == ("work",)


@pytest.mark.parametrize(
    ("exceptions", "consents", "noted"),
    [
        ((CONSENT,), (CONSENT,), CONSENT),
        ((CONSENT,), (), ""),
        ((CONSENT,), ("another",), ""),
        ((CONSENT, CONSENT), ("another", CONSENT), CONSENT),
        ((CONSENT, ""), (CONSENT,), ""),
        (("",), ("",), ""),
        ((CONSENT, "another"), (CONSENT, "another"), ""),
    ],
)
def test_a_consent_counts_only_where_every_deciding_rule_names_it(exceptions, consents, noted):
    rules = Ruleset(tuple(rule(f"r{n}", Action.HOLD, consent=c) for n, c in enumerate(exceptions)))
    assert decide(recipient(Role.SPONSOR, consents), {N}, rules)[0].consent == noted


def test_a_weaker_rule_has_no_say_about_the_consent():
    rules = Ruleset((rule("hold", Action.HOLD, consent=CONSENT), rule("divert", Action.DIVERT)))
    assert decide(recipient(Role.SPONSOR, (CONSENT,)), {N}, rules)[0].consent == CONSENT


def test_without_one_client_there_is_no_consent():
    rules = Ruleset((rule("hold", Action.HOLD, consent=CONSENT),))
    assert decide(replace(recipient(Role.SPONSOR), client=None), {N}, rules)[0].consent == ""
    assert decide(replace(recipient(Role.SPONSOR), client=replace(JANE, consents=(CONSENT,))), {N}, rules)[0].consent == CONSENT


# ------------------------------------------------------------------------------------------------ properties
roles, kinds, actions = st.sampled_from(list(Role)), st.sampled_from(list(Kind)), st.sampled_from(list(Action))
any_rule = st.builds(
    Rule,
    st.sampled_from(["00-floor.toml", "20-x.toml", "local/90-own.toml"]),
    st.text("abc", min_size=1, max_size=3),
    st.lists(roles, min_size=1, max_size=4).map(tuple),
    st.lists(kinds, min_size=1, max_size=3).map(tuple),
    actions,
    st.just("a reason long enough to read"),
    st.just(("RFC 5322",)),
    st.sampled_from(["", CONSENT]),
)
consent = st.sampled_from([(), (CONSENT,)])


@settings(deadline=None)
@given(st.lists(any_rule, max_size=8, unique_by=lambda r: (r.file, r.id)), roles, st.sets(kinds), consent, st.data())
def test_the_order_of_rules_and_findings_means_nothing(rules, role, found, consents, data):
    shuffled = data.draw(st.permutations(rules))
    shuffled_kinds = data.draw(st.permutations(sorted(found)))
    to = recipient(role, consents)
    assert decide(to, found, Ruleset(tuple(rules))) == decide(to, shuffled_kinds, Ruleset(tuple(shuffled)))


@settings(deadline=None)
@given(st.lists(any_rule, max_size=8), any_rule, roles, kinds, consent)
def test_a_further_rule_never_weakens_a_covered_cell(rules, further, role, kind, consents):
    """Nor does it turn a plain hold into one that a single word releases."""
    to = recipient(role, consents)
    ruleset = Ruleset(tuple(rules))
    (before,) = decide(to, {kind}, ruleset)
    (after,) = decide(to, {kind}, Ruleset((*rules, further)))
    if ruleset.covering(role, kind):
        assert after.action >= before.action
        assert after.action > before.action or before.consent or not after.consent


@settings(deadline=None)
@given(st.sets(kinds), kinds, roles)
def test_a_further_finding_never_weakens_the_answer(found, further, role):
    def strictest(kinds):
        return max(v.action for v in decide(recipient(role), kinds, SHIPPED))

    # the empty set counts as notes, so the comparison starts from one finding
    assert not found or strictest(found | {further}) >= strictest(found)


@settings(deadline=None)
@given(st.sets(kinds), kinds, st.booleans(), st.sampled_from(["", "Tuesday, 10:00."]))
def test_a_further_finding_takes_no_kind_away(found, further, complete, text):
    """Except that notes, which stand in for nothing found at all, give way to what was found, and that nothing is scheduling beside text in disguise."""
    read = reading(text, complete)
    before, after = kinds_of(analysis(*found), read), kinds_of(analysis(*found, further), read)
    assert before - after <= ({N} if complete and not text else set()) | ({S} if further is D else set())
    assert after
