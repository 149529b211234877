"""Which copies follow from the verdicts: nothing lost, nothing doubled, no notes in a company copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.audience import RAW_ROLES
from gateway.core.decide import decide
from gateway.core.invitation import Invitation, Method
from gateway.core.model import Action, Analysis, Copy, Directory, Finding, Hold, Key, KeyState, Kind, Plan, Purpose, Reading, Recipient, Role, Status, Verdict
from gateway.core.notice import HOLD_REASONS
from gateway.core.plan import make_plan
from gateway.core.policy import Ruleset
from tests.policies.cast import ADDRESS, DIRECTORY, JANE, box, path, recipient, shipped

SHIPPED = shipped()
KEY = Key("A" * 40, "B" * 40)
USABLE = {JANE.id: KeyState(KEY)}
READING = Reading("en", True, Status.CONFIRMED, (), (), False, "Tuesday, 10:00.", "Appointment")
SILENT = replace(READING, company_text="")
S, N, A, Q, D = Kind.SCHEDULING, Kind.NOTES, Kind.ATTACHMENT, Kind.OPAQUE, Kind.DISGUISED
CONSENT = ("share-with-sponsor",)
COMPANY_ROLES = (Role.CLIENT_WORK, Role.SPONSOR, Role.COLLEAGUE, Role.SUPPORT, Role.UNKNOWN)
HOME = ADDRESS[Role.CLIENT_PERSONAL]


def analysis(*kinds: Kind) -> Analysis:
    return Analysis(tuple(Finding(str(n), k, "test") for n, k in enumerate(kinds)), (), None, (), 1, 0, False)


def plan(
    *recipients: Recipient,
    kinds: Iterable[Kind] = (N,),
    keys: dict[str, KeyState] | None = None,
    reading: Reading | None = READING,
    directory: Directory = DIRECTORY,
    ruleset: Ruleset = SHIPPED,
) -> Plan:
    verdicts = [v for r in recipients for v in decide(r, frozenset(kinds), ruleset)]
    return make_plan(analysis(*kinds), dict.fromkeys(recipients, reading), verdicts, USABLE if keys is None else keys, directory)


def brief(found: Plan) -> set[tuple[str, str]]:
    """What leaves and what waits: ("company", path), ("hold: reason", path)."""
    return {(c.purpose.value, c.recipient.path) for c in found.copies} | {(f"hold: {h.reason}", h.recipient.path) for h in found.holds}


# ------------------------------------------------------------------------------------------------ role x kinds x key
KIND_SETS = [(S,), (N,), (A,), (Q,), (S, N), (S, A), (N, Q), (S, N, A, Q)]
WHY = {Role.SPONSOR: "sponsor-without-consent", Role.COLLEAGUE: "colleague", Role.SUPPORT: "support", Role.UNKNOWN: "unknown-recipient"}


@pytest.mark.parametrize("key_reason", ["", "key-missing", "key-expired", "key-unverified"])
@pytest.mark.parametrize("kinds", KIND_SETS, ids=lambda kinds: "+".join(kinds))
@pytest.mark.parametrize("role", list(Role))
def test_what_each_role_gets(role, kinds, key_reason):
    """The table of the design, with the state of the key as its third side."""
    keys = {JANE.id: KeyState(None, key_reason) if key_reason else KeyState(KEY)}
    to, more = ADDRESS[role], set(kinds) != {S}
    want: set[tuple[str, str]] = set()
    if role in (Role.COACH, Role.NOT_A_CLIENT):
        want = {("raw", to)}
    elif role is Role.CLIENT_PERSONAL and not key_reason:
        want = {("private", to)}
    else:
        want |= {("company", to)} if S in kinds else set()
        if more and role in (Role.CLIENT_WORK, Role.CLIENT_PERSONAL):
            want |= {(f"hold: {key_reason}", to)} if key_reason else {("private", HOME)}
        elif more:
            want |= {(f"hold: {WHY[role]}", to)}
    assert brief(plan(recipient(role), kinds=kinds, keys=keys)) == want


def test_a_company_copy_has_the_reading_and_no_key():
    (copy,) = plan(recipient(Role.CLIENT_WORK), kinds=(S,)).copies
    rules = ("scheduling-1", "links-1", "floor-work-scheduling")
    assert copy == Copy(Purpose.COMPANY, path(ADDRESS[Role.CLIENT_WORK]), JANE, Role.CLIENT_WORK, READING, None, rules)


def test_a_diverted_copy_goes_to_the_personal_mailbox_of_the_record():
    found = plan(recipient(Role.CLIENT_WORK), kinds=(N,))
    assert found.copies == (Copy(Purpose.PRIVATE, path(HOME), JANE, Role.CLIENT_PERSONAL, None, KEY, ("notes-1", "floor-work-rest")),)
    assert found.holds == ()


def test_a_copy_to_the_personal_mailbox_keeps_the_path_as_typed():
    typed = recipient(Role.CLIENT_PERSONAL, address="Jane.Moss+notes@mail.example")
    (copy,) = plan(typed, kinds=(S, N)).copies
    assert copy == Copy(Purpose.PRIVATE, typed.forward_path, JANE, Role.CLIENT_PERSONAL, None, KEY, ("scheduling-2", "floor-personal"))


def test_raw_copies_carry_their_rule():
    (copy,) = plan(recipient(Role.COACH)).copies
    assert copy == Copy(Purpose.RAW, path(ADDRESS[Role.COACH]), None, Role.COACH, rule_ids=("floor-coach",))


def test_a_hold_says_what_waits_and_by_which_rules():
    (hold,) = plan(recipient(Role.SPONSOR), kinds=(S, N, A)).holds
    rules = ("consent-1", "floor-sponsor-notes", "attachments-2", "floor-sponsor-files")
    assert hold == Hold(path(ADDRESS[Role.SPONSOR]), JANE, Role.SPONSOR, "sponsor-without-consent", (N, A), rules)


@pytest.mark.parametrize("keys", [USABLE, {}])
@pytest.mark.parametrize("role", [role for role in COMPANY_ROLES if role is not Role.UNKNOWN])
def test_text_in_disguise_waits_for_the_coach_and_not_for_a_key(role, keys):
    """Also where a consent is on record, and where notes alone would be diverted."""
    assert brief(plan(recipient(role, CONSENT), kinds=(D, N), keys=keys)) == {("hold: disguised", ADDRESS[role])}


def test_who_somebody_is_comes_before_the_disguise():
    assert brief(plan(recipient(Role.UNKNOWN), kinds=(D, N))) == {("hold: unknown-recipient", ADDRESS[Role.UNKNOWN])}


def test_what_the_coach_sends_home_herself_goes_home_and_not_from_work_as_well():
    work, home = recipient(Role.CLIENT_WORK), recipient(Role.CLIENT_PERSONAL)
    assert brief(plan(work, home, kinds=(D, N))) == {("private", HOME), ("hold: disguised", ADDRESS[Role.CLIENT_WORK])}
    assert brief(plan(home, kinds=(D, N), keys={})) == {("hold: key-missing", HOME)}


# ------------------------------------------------------------------------------------------------ one private side a client
def test_work_and_personal_together_make_one_private_copy():
    work, home = recipient(Role.CLIENT_WORK), recipient(Role.CLIENT_PERSONAL, address="Jane.Moss+x@mail.example")
    for order in ((work, home), (home, work)):
        found = plan(*order, kinds=(S, N))
        assert brief(found) == {("company", ADDRESS[Role.CLIENT_WORK]), ("private", "Jane.Moss+x@mail.example")}
        private = next(c for c in found.copies if c.purpose is Purpose.PRIVATE)
        assert private.rule_ids == ("scheduling-2", "floor-personal", "notes-1", "floor-work-rest")


def test_several_work_mailboxes_and_personal_spellings_make_one_private_copy():
    many = [recipient(Role.CLIENT_WORK), recipient(Role.CLIENT_WORK, address="jane2@corp.example")]
    many += [recipient(Role.CLIENT_PERSONAL), recipient(Role.CLIENT_PERSONAL, address="jane.moss+b@mail.example")]
    assert [c.purpose for c in plan(*many, kinds=(N,)).copies] == [Purpose.PRIVATE]


def test_one_wait_for_a_key_a_client():
    work, other, home = recipient(Role.CLIENT_WORK), recipient(Role.CLIENT_WORK, address="jane2@corp.example"), recipient(Role.CLIENT_PERSONAL)
    assert brief(plan(work, other, kinds=(N,), keys={})) == {("hold: key-missing", "jane@corp.example")}
    found = plan(work, home, kinds=(N, A), keys={})
    assert brief(found) == {("hold: key-missing", HOME)}
    assert found.holds[0].rule_ids == ("floor-personal", "notes-1", "floor-work-rest", "attachments-1")
    assert found.holds[0].kinds == (N, A)


def test_two_clients_wait_for_two_keys():
    ann = replace(JANE, id="c-0002", work=(box("ann@corp.example"),), personal=box("ann@home.example"), sponsors=())
    both = replace(DIRECTORY, clients=(JANE, ann))
    to_ann = Recipient(path("ann@corp.example"), Role.CLIENT_WORK, ann)
    found = plan(recipient(Role.CLIENT_WORK), to_ann, keys={}, directory=both)
    assert brief(found) == {("hold: key-missing", "jane@corp.example"), ("hold: key-missing", "ann@corp.example")}
    found = plan(recipient(Role.CLIENT_WORK), to_ann, keys={JANE.id: KeyState(KEY), ann.id: KeyState(Key("C" * 40, "D" * 40))}, directory=both)
    assert {(c.recipient.path, c.key.fingerprint) for c in found.copies} == {(HOME, "A" * 40), ("ann@home.example", "C" * 40)}


def test_the_same_path_twice_is_answered_once():
    again = recipient(Role.SPONSOR)
    assert len(plan(again, replace(again, forward_path=path(ADDRESS[Role.SPONSOR])), kinds=(S, N)).copies) == 1
    assert len(plan(recipient(Role.SPONSOR), recipient(Role.SPONSOR, address="Boss@corp.example"), kinds=(S, N)).copies) == 2
    twice = (recipient(Role.SPONSOR), recipient(Role.SPONSOR, consents=("another",)))  # one path, two entries
    assert [h.kinds for h in plan(*twice, kinds=(N, A)).holds] == [(N, A)]


# ------------------------------------------------------------------------------------------------ no private side
@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (replace(JANE, personal=None), "no-personal-address"),
        (replace(JANE, personal=box("jane.home@corp.example")), "personal-address-unfit"),
        (replace(JANE, personal=box("jane@corp.example")), "personal-address-unfit"),
        (None, "no-personal-address"),
    ],
)
def test_without_a_private_mailbox_it_waits_even_with_a_key(client, reason):
    directory = replace(DIRECTORY, clients=(client,) if client else ())
    to = replace(recipient(Role.CLIENT_WORK), client=client)
    assert brief(plan(to, kinds=(S, N), directory=directory)) == {("company", to.forward_path.path), (f"hold: {reason}", to.forward_path.path)}


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "key-missing"),
        ({"c-other": KeyState(KEY)}, "key-missing"),
        ({JANE.id: KeyState(None)}, "key-missing"),
        ({JANE.id: KeyState(None, "key-revoked")}, "key-revoked"),
        ({JANE.id: KeyState(KEY, "key-unverified")}, "key-unverified"),  # a key and a reason against it: the reason counts
    ],
)
def test_without_a_usable_key_it_waits_with_the_keys_reason(keys, reason):
    assert brief(plan(recipient(Role.CLIENT_WORK), keys=keys)) == {(f"hold: {reason}", ADDRESS[Role.CLIENT_WORK])}


def test_without_a_key_the_appointment_reaches_the_personal_address_as_a_company_could_read_it():
    found = plan(recipient(Role.CLIENT_PERSONAL), kinds=(S,), keys={})
    assert found.copies == (Copy(Purpose.COMPANY, path(HOME), JANE, Role.CLIENT_PERSONAL, READING, None, ("scheduling-2", "floor-personal")),)
    assert found.holds == ()


# ------------------------------------------------------------------------------------------------ consent
@pytest.mark.parametrize(
    ("kinds", "reason"), [((N,), "consent-on-record"), ((S, N), "consent-on-record"), ((N, A), "sponsor-without-consent"), ((Q,), "sponsor-without-consent")]
)
def test_a_consent_is_named_where_it_covers_all_that_waits(kinds, reason):
    (hold,) = plan(recipient(Role.SPONSOR, CONSENT), kinds=kinds).holds
    assert hold.reason == reason


# ------------------------------------------------------------------------------------------------ stricter policies, odd verdicts
def judged(to: Recipient, reading: Reading | None = READING, **actions: Action) -> Plan:
    verdicts = [Verdict(to, Kind(kind), action, (f"r-{kind}",), "test") for kind, action in actions.items()]
    return make_plan(analysis(), {to: reading}, verdicts, USABLE, DIRECTORY)


@pytest.mark.parametrize("role", list(Role))
def test_refuse_silences_the_company_copy_too(role):
    found = judged(recipient(role), scheduling=Action.DELIVER, notes=Action.REFUSE)
    assert brief(found) == {("hold: policy", ADDRESS[role])}
    assert found.holds[0].kinds == (S, N)


@pytest.mark.parametrize(
    ("role", "actions", "want"),
    [
        (Role.COACH, {"scheduling": Action.DIVERT}, "hold: policy"),
        (Role.NOT_A_CLIENT, {"notes": Action.HOLD}, "hold: policy"),
        (Role.CLIENT_PERSONAL, {"notes": Action.DIVERT}, "private"),
        (Role.CLIENT_PERSONAL, {"scheduling": Action.DELIVER, "notes": Action.HOLD}, "hold: policy"),
        (Role.CLIENT_WORK, {"notes": Action.HOLD}, "hold: policy"),
        (Role.CLIENT_WORK, {"notes": Action.DELIVER}, "hold: policy"),  # no rule can let notes through
        (Role.CLIENT_WORK, {"notes": Action.DIVERT, "attachment": Action.HOLD}, "hold: policy"),
        (Role.CLIENT_WORK, {"scheduling": Action.HOLD}, "hold: policy"),
        (Role.UNKNOWN, {"notes": Action.DELIVER}, "hold: unknown-recipient"),
        (Role.SPONSOR, {"notes": Action.DIVERT}, "hold: sponsor-without-consent"),
        (Role.COLLEAGUE, {"scheduling": Action.DIVERT}, "hold: colleague"),
        (Role.SUPPORT, {"opaque": Action.DELIVER}, "hold: support"),
    ],
)
def test_stricter_or_impossible_verdicts_fail_closed(role, actions, want):
    assert brief(judged(recipient(role), **actions)) == {(want, ADDRESS[role])}


def test_a_rule_can_send_even_appointments_home():
    assert brief(judged(recipient(Role.CLIENT_WORK), scheduling=Action.DIVERT)) == {("private", HOME)}
    assert brief(judged(recipient(Role.CLIENT_WORK), scheduling=Action.DIVERT, notes=Action.DIVERT)) == {("private", HOME)}


@pytest.mark.parametrize("reading", [None, SILENT])
def test_without_words_for_it_scheduling_is_withheld_like_anything_else(reading):
    """The verdict permits, but only a reading's own words can stand in a company copy."""
    assert brief(judged(recipient(Role.UNKNOWN), reading, scheduling=Action.DELIVER)) == {("hold: unknown-recipient", ADDRESS[Role.UNKNOWN])}
    found = judged(recipient(Role.CLIENT_WORK), reading, scheduling=Action.DELIVER, notes=Action.DIVERT)
    assert brief(found) == {("hold: policy", ADDRESS[Role.CLIENT_WORK])}


@pytest.mark.parametrize("role", list(Role))
def test_a_recipient_without_verdict_is_held(role):
    (hold,) = make_plan(analysis(), {recipient(role): READING}, [], USABLE, DIRECTORY).holds
    assert (hold.recipient.path, hold.kinds, hold.rule_ids) == (ADDRESS[role], (N,), ())


def test_verdicts_of_one_recipient_say_nothing_about_another():
    verdicts = [Verdict(recipient(Role.COACH), N, Action.DELIVER, ("x",), "test")]
    found = make_plan(analysis(), {recipient(Role.COACH): None, recipient(Role.NOT_A_CLIENT): None}, verdicts, USABLE, DIRECTORY)
    assert brief(found) == {("raw", ADDRESS[Role.COACH]), ("hold: policy", ADDRESS[Role.NOT_A_CLIENT])}


def test_parts_withheld_are_counted_once_each():
    findings = tuple(Finding(part, kind, "test") for part, kind in [("1", S), ("2", A), ("2", Q), ("subject", N)])
    assert make_plan(replace(analysis(), findings=findings), {}, [], {}, DIRECTORY) == Plan((), (), 2)


# ------------------------------------------------------------------------------------------------ properties
roles = st.sampled_from(list(Role))
some_kinds = st.sets(st.sampled_from(list(Kind)), min_size=1)
key_states = st.sampled_from([{}, USABLE, {JANE.id: KeyState(None, "key-expired")}])
readings = st.sampled_from([None, READING, SILENT])
any_recipient = st.builds(recipient, roles, st.sampled_from([(), CONSENT]))
recipients = st.lists(any_recipient, min_size=1, max_size=6, unique_by=lambda r: r.forward_path)  # nobody has two records


@settings(deadline=None)
@given(recipients, some_kinds, key_states, readings)
def test_nobody_is_forgotten_and_nothing_but_words_reaches_a_company(to, kinds, keys, reading):
    found = plan(*to, kinds=kinds, keys=keys, reading=reading)
    answered = {p for _, p in brief(found)}
    for one in to:
        other_side = {Role.CLIENT_WORK: HOME, Role.CLIENT_PERSONAL: ADDRESS[Role.CLIENT_WORK]}.get(one.role)
        assert one.forward_path.path in answered or other_side in answered
    for copy in found.copies:
        assert copy.purpose is not Purpose.RAW or copy.role in RAW_ROLES
        assert copy.purpose is not Purpose.COMPANY or (S in kinds and copy.reading is not None and copy.reading.company_text and copy.key is None)
        assert copy.purpose is not Purpose.PRIVATE or (copy.key == KEY and copy.recipient.path == HOME and copy.reading is None)
    assert sum(c.purpose is Purpose.PRIVATE for c in found.copies) <= 1
    assert all(h.reason in HOLD_REASONS for h in found.holds)


@settings(deadline=None)
@given(recipients, some_kinds, key_states, st.data())
def test_the_order_of_recipients_means_nothing(to, kinds, keys, data):
    found, shuffled = plan(*to, kinds=kinds, keys=keys), plan(*data.draw(st.permutations(to)), kinds=kinds, keys=keys)
    assert brief(found) == brief(shuffled)


@settings(deadline=None)
@given(st.sampled_from(COMPANY_ROLES), some_kinds, st.sampled_from(list(Kind)), key_states)
def test_a_further_finding_opens_no_way_to_a_company(role, kinds, further, keys):
    def told(kinds: set[Kind]) -> set[tuple[str, str]]:
        return {x for x in brief(plan(recipient(role), kinds=kinds, keys=keys)) if x[0] in ("company", "raw")}

    assert further is S or told(kinds | {further}) <= told(kinds)


# ------------------------------------------------------------------------------------------------ invitations at home
INVITED = replace(READING, invitation=Invitation(Method.REQUEST, "coach@coach.example", ()))


@pytest.mark.parametrize(
    ("kinds", "reading", "want"),
    [
        ((S, N), INVITED, {("company", HOME), ("private", HOME)}),
        ((S,), INVITED, {("company", HOME), ("private", HOME)}),
        ((D, N), INVITED, {("private", HOME)}),  # beside text in disguise nothing is told in the clear
        ((S, N), READING, {("private", HOME)}),
    ],
)
def test_an_invitation_travels_home_sealed_and_in_the_clear(kinds, reading, want):
    """Her calendar works with the neutral one; the sealed one has the whole."""
    assert brief(plan(recipient(Role.CLIENT_PERSONAL), kinds=kinds, reading=reading)) == want
