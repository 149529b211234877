"""Policy files: admitted whole or not at all, every fault named at once, and nothing can loosen what stands above it."""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.model import Action, Kind, Role
from gateway.core.policy import EXCEPTION_CODES, FLOOR, FULL_TABLE, LAW, Example, PolicyError, Rule, Ruleset, parse_policies
from gateway.core.policy_page import policy_page
from tests.policies.cast import shipped, shipped_files

HEAD = '[policy]\nname = "x"\ntitle = "X"\n'
RULE = 'id = "own-1"\nto = ["unknown"]\nkind = ["notes"]\naction = "hold"\nreason = "Twenty characters, or more."\ncites = ["RFC 5322"]\n'
EXAMPLE = 'name = "shown"\nrule = "own-1"\nto = "unknown"\nwant = "hold"\nkinds = ["notes"]\n'
CODE = 'code = "legal-order"\nwho = ["coach"]\nmeaning = "Twenty characters, or more."\ncites = ["RFC 5322"]\n'
GOOD = f"{HEAD}[[rule]]\n{RULE}[[example]]\n{EXAMPLE}"


def problems(text: str, file: str = "90-own.toml", **others: str) -> list[str]:
    """What is said of `text` beside the shipped files."""
    try:
        parse_policies(shipped_files() | {file: text} | others)
    except PolicyError as error:
        return list(error.problems)
    return []


def edited(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_good_file_is_admitted():
    assert problems(GOOD) == []
    assert problems(GOOD, "local/90-own.toml") == []


def test_the_error_reads_as_all_its_problems():
    assert str(PolicyError(("one", "two"))) == "one\ntwo"


LIST, TEXT, REASON = "needs a list of one or more texts", "needs a text of at least 1 character", "needs a text of at least 20 characters"
ROLES, KINDS, WORDS = ", ".join(Role), ", ".join(Kind), "deliver, divert, hold, refuse"
TO, KIND, HOLD, CITES, KINDS_LINE = 'to = ["unknown"]', 'kind = ["notes"]', 'action = "hold"', 'cites = ["RFC 5322"]', 'kinds = ["notes"]'
LONG = "Twenty characters, or more."
LOOSER = 'own-1: action: weaker for disguised to client-work than "floor-disguised" in 00-floor.toml'
ONE_OF = 'message: an example has either a "message" or "kinds"'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # unknown keys and words
        ("[policy]", "colour = 1\n[policy]", "colour: unknown key; known are example, exception, policy, rule"),
        ('title = "X"', 'title = "X"\nmood = 1', "x: mood: unknown key; known are name, title"),
        (KIND, f"{KIND}\nwhen = 1", "own-1: when: unknown key; known are action, cites, id, kind, reason, to, unless_consent"),
        (KINDS_LINE, f"{KINDS_LINE}\nwhy = 1", "shown: why: unknown key; known are consents, kinds, message, name, rule, to, want"),
        (TO, 'to = ["unknown", "boss"]', f'own-1: to: unknown word "boss"; known are {ROLES}'),
        (KIND, 'kind = ["notes", "gossip"]', f'own-1: kind: unknown word "gossip"; known are {KINDS}'),
        (HOLD, 'action = "pass"', f'own-1: action: unknown word "pass"; known are {WORDS}'),
        ('to = "unknown"', 'to = "boss"', f'shown: to: unknown word "boss"; known are {ROLES}'),
        ('want = "hold"', 'want = "pass"', f'shown: want: unknown word "pass"; known are {WORDS}'),
        (KINDS_LINE, 'kinds = ["gossip"]', f'shown: kinds: unknown word "gossip"; known are {KINDS}'),
        (KINDS_LINE, f'{KINDS_LINE}\nconsents = ["all"]', 'shown: consents: unknown word "all"; known are share-with-sponsor'),
        # missing and malformed
        ('id = "own-1"', "", f"rule 1: id: {TEXT}"),
        ('id = "own-1"', "id = 7", f"rule 1: id: {TEXT}"),
        ('id = "own-1"', 'id = " "', f"rule 1: id: {TEXT}"),
        (TO, "", f"own-1: to: {LIST}"),
        (TO, "to = []", f"own-1: to: {LIST}"),
        (TO, 'to = "unknown"', f"own-1: to: {LIST}"),
        (TO, "to = [1]", f"own-1: to: {LIST}"),
        (KIND, "", f"own-1: kind: {LIST}"),
        (HOLD, "", f"own-1: action: {TEXT}"),
        (LONG, "Nineteen characters", f"own-1: reason: {REASON}"),
        (LONG, "  Nineteen characters  ", f"own-1: reason: {REASON}"),
        (CITES, "", f"own-1: cites: {LIST}"),
        (CITES, 'cites = [" "]', f"own-1: cites: {LIST}"),
        ('title = "X"', "", f"x: title: {TEXT}"),
        ('name = "x"', "", f"policy 1: name: {TEXT}"),
        (HEAD, "", "policy: needs a table [policy]"),
        ("[policy]", "[[policy]]", "policy: needs a table [policy]"),
        ("[policy]", "exception = 7\n[policy]", "exception: is a list of tables [[exception]]"),
        ("[policy]", "exception = [7]\n[policy]", "exception: is a list of tables [[exception]]"),
        ("[[rule]]", "[rule]", "rule: is a list of tables [[rule]]"),
        ('name = "shown"', "", f"example 1: name: {TEXT}"),
        (KINDS_LINE, "", f"shown: {ONE_OF}"),
        (KINDS_LINE, f'{KINDS_LINE}\nmessage = "a"', f"shown: {ONE_OF}"),
        (KINDS_LINE, 'message = ""', f"shown: message: {TEXT}"),
        (KINDS_LINE, "kinds = []", f"shown: kinds: {LIST}"),
        (HOLD, f"{HOLD}\nunless_consent = 1", f"own-1: unless_consent: {TEXT}"),
        (HOLD, f'{HOLD}\nunless_consent = "all"', 'own-1: unless_consent: unknown word "all"; known are share-with-sponsor'),
        (HOLD, f'{HOLD}\nunless_consent = "share-with-sponsor"', "own-1: unless_consent: may stand only where notes to a sponsor are held"),
        # names and examples
        ('id = "own-1"', 'id = "notes-1"', "notes-1: id: stands already in 20-session-notes.toml"),
        ("[[example]]", f"[[rule]]\n{RULE}[[example]]", "own-1: id: stands already in 90-own.toml"),
        ("[[example]]", f"[[example]]\n{EXAMPLE}[[example]]", "90-own.toml::shown: name: stands already in 90-own.toml"),
        ('rule = "own-1"', 'rule = "notes-3"', "own-1: rule: no example shows it"),
        ('rule = "own-1"', 'rule = "own-2"', 'shown: rule: there is no rule "own-2"'),
        ('to = "unknown"', 'to = "coach"', 'shown: to: rule "own-1" does not speak of coach'),
        # what cannot be loosened
        (f"{TO}\n{KIND}\n{HOLD}", 'to = ["client-work"]\nkind = ["disguised"]\naction = "divert"', LOOSER),
        (HOLD, 'action = "divert"', "own-1: action: notes to unknown must at least hold; no file can loosen that"),
        (HOLD, 'action = "divert"', 'own-1: action: weaker for notes to unknown than "floor-unknown-rest" in 00-floor.toml'),
    ],
)
def test_every_fault_has_its_message(old, new, expected):
    assert f"90-own.toml: {expected}" in problems(edited(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('code = "legal-order"', 'code = "i-want-to"', f'i-want-to: code: unknown word "i-want-to"; known are {", ".join(EXCEPTION_CODES)}'),
        ('who = ["coach"]', 'who = ["assistant"]', 'legal-order: who: unknown word "assistant"; known are coach'),
        (LONG, "short", f"legal-order: meaning: {REASON}"),
        ("cites", "quotes", "legal-order: quotes: unknown key; known are cites, code, meaning, who"),
        ("cites", "quotes", f"legal-order: cites: {LIST}"),
        ('code = "legal-order"', "", f"exception 1: code: {TEXT}"),
        (CODE, f"{CODE}[[exception]]\n{CODE}", "legal-order: code: stands already in 70-exceptions.toml"),
    ],
)
def test_every_fault_of_a_release_code_has_its_message(old, new, expected):
    text = f"{HEAD}[[exception]]\n{CODE}"
    assert problems(text, "70-exceptions.toml") == []
    assert f"70-exceptions.toml: {expected}" in problems(edited(old, new, text), "70-exceptions.toml")


def test_each_fault_is_said_alone_where_it_is_the_only_one():
    """A fault of one rule raises no false alarms about others."""
    for text in (edited("Twenty characters, or more.", "short"), edited('action = "hold"', 'action = "pass"'), edited("cites", "quotes")):
        assert {p.split(": ")[1] for p in problems(text)} == {"own-1"}
    assert len(problems(edited("Twenty characters, or more.", "short"))) == 1
    assert len(problems(edited('action = "hold"', 'action = "pass"'))) == 1


def test_all_faults_of_all_files_come_at_once():
    bad = 'id = "own-1"\nto = ["boss"]\nkind = ["gossip"]\naction = "pass"\nreason = "short"\n'
    found = problems(f"{HEAD}[[rule]]\n{bad}", **{"91-more.toml": "[[rule]]\n"})
    assert [p.rsplit(": ", 1)[0] for p in found] == [
        "90-own.toml: own-1: to",
        "90-own.toml: own-1: kind",
        "90-own.toml: own-1: action",
        "90-own.toml: own-1: reason",
        "90-own.toml: own-1: cites",
        "91-more.toml: policy",
        "91-more.toml: rule 1: id",
        "91-more.toml: rule 1: to",
        "91-more.toml: rule 1: kind",
        "91-more.toml: rule 1: action",
        "91-more.toml: rule 1: reason",
        "91-more.toml: rule 1: cites",
        "90-own.toml: own-1: rule",
        "91-more.toml: : rule",
    ]


def test_text_that_is_no_toml_is_said_once():
    (found,) = problems("[policy")
    assert re.fullmatch("90-own.toml: no TOML: [A-Z].*", found)


@pytest.mark.parametrize(("line", "place"), [('to = "unknown"\n', "shown: to"), ('want = "hold"\n', "shown: want"), (f"{HOLD}\n", "own-1: action")])
def test_what_is_missing_is_not_also_an_unknown_word(line, place):
    assert problems(edited(line, "")) == [f"90-own.toml: {place}: {TEXT}"]


def test_two_that_have_no_name_are_no_doubles():
    nameless = edited('id = "own-1"\n', "", f"{HEAD}[[rule]]\n{RULE}") + edited('id = "own-1"\n', "", f"[[rule]]\n{RULE}")
    nameless += 2 * edited('name = "shown"\n', "", f"[[example]]\n{EXAMPLE}")
    codeless = HEAD + 2 * edited('code = "legal-order"\n', "", f"[[exception]]\n{CODE}")
    found = problems(nameless) + problems(codeless, "70-exceptions.toml")
    assert f"90-own.toml: rule 2: id: {TEXT}" in found
    assert not [p for p in found if "stands already" in p]


def test_a_missing_release_code_is_said_once():
    text = edited('code = "legal-order"\n', "", f"{HEAD}[[exception]]\n{CODE}")
    assert problems(text, "70-exceptions.toml") == [f"70-exceptions.toml: exception 1: code: {TEXT}"]


@pytest.mark.parametrize(
    "file", ["own.toml", "9-own.toml", "90-Own.toml", "90-own.toml.bak", "sub/90-own.toml", "local/own.toml", "local/90-.toml", "90-own--x.toml"]
)
def test_a_misnamed_file_is_not_read_in_silence(file):
    assert f'{file}: a policy file is called "NN-topic.toml" or "local/NN-topic.toml"' in problems(GOOD, file)


# ------------------------------------------------------------------------------------------------ floor, law, local
def test_without_a_floor_nothing_is_admitted():
    missing = "00-floor.toml: is missing or holds no rule; without it nothing is covered"
    with pytest.raises(PolicyError) as caught:
        parse_policies({})
    assert caught.value.problems == (missing,)
    assert missing in problems(HEAD, FLOOR)


@pytest.mark.parametrize(("role", "kind"), FULL_TABLE)
def test_a_hole_in_the_floor_is_named(role, kind):
    """Take one cell out of the floor; rules of later files do not fill it."""
    rules = [(r, k) for r, k in FULL_TABLE if (r, k) != (role, kind)]
    assert f"00-floor.toml: rule: no rule covers {kind} to {role}" in problems(floor(rules, "refuse"), FLOOR)


def floor(cells: list[tuple[Role, Kind]], action: str, but: tuple[Role, Kind] | None = None, that: str = "") -> str:
    """A floor of one rule a cell, all with `action`, `but` one with `that`."""
    text = HEAD
    for n, (role, kind) in enumerate(cells):
        word = that if (role, kind) == but else action
        text += f'[[rule]]\nid = "f-{n}"\nto = ["{role}"]\nkind = ["{kind}"]\naction = "{word}"\nreason = "{LONG}"\ncites = ["RFC 5322"]\n'
        text += f'[[example]]\nname = "e-{n}"\nrule = "f-{n}"\nto = "{role}"\nkinds = ["{kind}"]\nwant = "{word}"\n'
    return text


# written by hand: a company gets nothing but scheduling, and only the client at work has somewhere else to divert to
LEAST = {Role.CLIENT_WORK: Action.DIVERT, **dict.fromkeys((Role.SPONSOR, Role.COLLEAGUE, Role.SUPPORT, Role.UNKNOWN), Action.HOLD)}


@pytest.mark.parametrize(("role", "kind"), FULL_TABLE)
@pytest.mark.parametrize("action", list(Action))
def test_the_law_binds_even_the_floor(role, kind, action):
    least = Action.DELIVER if kind is Kind.SCHEDULING else LEAST.get(role, Action.DELIVER)
    text = floor(list(FULL_TABLE), "refuse", (role, kind), action.name.lower())
    if action >= least:
        assert parse_policies({FLOOR: text}).covering(role, kind)[0].action is action
        return
    with pytest.raises(PolicyError) as caught:
        parse_policies({FLOOR: text})
    place = f"00-floor.toml: f-{FULL_TABLE.index((role, kind))}: action"
    assert caught.value.problems == (f"{place}: {kind} to {role} must at least {least.name.lower()}; no file can loosen that",)


def own(role: Role, kind: Kind, action: Action, consent: bool = False) -> str:
    text = GOOD.replace('["unknown"]', f'["{role}"]').replace('"unknown"', f'"{role}"').replace('kind = ["notes"]', f'kind = ["{kind}"]')
    return text.replace('action = "hold"', f'action = "{action.name.lower()}"' + ('\nunless_consent = "share-with-sponsor"' if consent else ""))


@pytest.mark.parametrize(("role", "kind"), FULL_TABLE)
def test_a_later_file_repeats_or_tightens(role, kind):
    stands = max(r.action for r in shipped().covering(role, kind))
    for action, file in itertools.product(Action, ("90-own.toml", "local/90-own.toml")):
        weaker = [p for p in problems(own(role, kind, action), file) if f"weaker for {kind} to {role}" in p]
        assert bool(weaker) == (action < stands)


def test_a_local_file_cannot_loosen_what_a_topic_file_tightened():
    tight = edited('id = "own-1"', 'id = "tight"', own(Role.COACH, Kind.NOTES, Action.HOLD)).replace('rule = "own-1"', 'rule = "tight"')
    loose = own(Role.COACH, Kind.NOTES, Action.DELIVER)
    assert problems(loose, "local/90-own.toml", **{"85-tight.toml": tight}) == [
        'local/90-own.toml: own-1: action: weaker for notes to coach than "tight" in 85-tight.toml',
    ]
    assert problems(loose, "90-own.toml", **{"85-tight.toml": tight}) == [], "it speaks of the floor's cell, and the stricter one wins anyway"


def test_rules_of_the_floor_do_not_bind_each_other():
    twice = floor(list(FULL_TABLE), "refuse") + floor([(Role.COACH, Kind.NOTES)], "hold").replace(HEAD, "").replace("f-0", "g-0").replace("e-0", "h-0")
    assert parse_policies({FLOOR: twice}).covering(Role.COACH, Kind.NOTES)[-1].id == "g-0"


def test_local_files_do_not_bind_each_other():
    tight = edited('id = "own-1"', 'id = "tight"', own(Role.COACH, Kind.NOTES, Action.HOLD)).replace('rule = "own-1"', 'rule = "tight"')
    assert problems(own(Role.COACH, Kind.NOTES, Action.DELIVER), "local/90-own.toml", **{"local/85-tight.toml": tight}) == []


def test_a_consent_may_be_named_only_where_the_floor_allows_it():
    consented = own(Role.SPONSOR, Kind.NOTES, Action.HOLD, consent=True)
    assert problems(consented) == []
    plain_floor = shipped_files()[FLOOR].replace('unless_consent = "share-with-sponsor"\n', "")
    found = problems(consented, "90-own.toml", **{FLOOR: plain_floor})
    assert '90-own.toml: own-1: unless_consent: "floor-sponsor-notes" in 00-floor.toml allows no such exception' in found
    for role, kind, action in ((Role.COLLEAGUE, Kind.NOTES, Action.HOLD), (Role.SPONSOR, Kind.OPAQUE, Action.HOLD), (Role.SPONSOR, Kind.NOTES, Action.REFUSE)):
        assert "90-own.toml: own-1: unless_consent: may stand only where notes to a sponsor are held" in problems(own(role, kind, action, consent=True))


def test_a_local_file_brings_no_release_code():
    codes = shipped_files()["70-exceptions.toml"]
    files = shipped_files() | {"70-exceptions.toml": HEAD, "local/70-exceptions.toml": codes}
    with pytest.raises(PolicyError) as caught:
        parse_policies(files)
    assert caught.value.problems == tuple(
        f"local/70-exceptions.toml: {code}: code: a local file may only tighten; release codes stand in the shipped files" for code in EXCEPTION_CODES
    )


# ------------------------------------------------------------------------------------------------ what was read
def test_what_stands_in_a_file_is_what_is_read():
    message = edited('kinds = ["notes"]', 'consents = ["share-with-sponsor"]\nmessage = """\nTo: a@b.example\n\nhello\n"""', GOOD)
    ruleset = parse_policies(shipped_files() | {"90-own.toml": message + GOOD[len(HEAD) :].replace("own-1", "own-2").replace("shown", "shown too")})
    first, second = (r for r in ruleset.rules if r.file == "90-own.toml")
    assert first == Rule("90-own.toml", "own-1", (Role.UNKNOWN,), (Kind.NOTES,), Action.HOLD, "Twenty characters, or more.", ("RFC 5322",), "")
    assert second == replace(first, id="own-2")
    shown = [e for e in ruleset.examples if e.file == "90-own.toml"]
    assert shown == [
        Example("90-own.toml", "shown", "own-1", Role.UNKNOWN, Action.HOLD, (), "To: a@b.example\n\nhello", ("share-with-sponsor",)),
        Example("90-own.toml", "shown too", "own-2", Role.UNKNOWN, Action.HOLD, (Kind.NOTES,), "", ()),
    ]
    assert shown[0].title == "90-own.toml::shown"
    assert ("90-own.toml", "X") in ruleset.titles


def test_the_shipped_release_codes_are_the_coachs_alone():
    exceptions = shipped().exceptions
    assert tuple(exceptions) == EXCEPTION_CODES
    assert all(e.who == ("coach",) and e.code == code and e.file == "70-exceptions.toml" for code, e in exceptions.items())


def test_the_consent_of_a_shipped_rule_is_read():
    assert {r.id for r in shipped().rules if r.unless_consent == "share-with-sponsor"} == {"floor-sponsor-notes", "consent-1"}


# ------------------------------------------------------------------------------------------------ digest and matrix
def test_the_digest_names_what_decides():
    """Order, comments, titles and examples leave it alone; anything that decides or is read as a reason changes it."""
    ruleset = shipped()
    assert len(ruleset.digest) == 64
    assert replace(ruleset, rules=ruleset.rules[::-1], release_reasons=ruleset.release_reasons[::-1], examples=(), titles=()).digest == ruleset.digest
    first, *rest = ruleset.rules
    turned = replace(first, to=first.to[::-1], kinds=first.kinds[::-1], file="99-elsewhere.toml")
    assert replace(ruleset, rules=(turned, *rest)).digest == ruleset.digest
    changes = [
        {"id": "other"},
        {"to": (Role.COACH,)},
        {"kinds": (Kind.OPAQUE,)},
        {"action": Action.REFUSE},
        {"reason": "another reason, long enough"},
        {"cites": ("RFC 1",)},
        {"unless_consent": "share-with-sponsor"},
    ]
    digests = {ruleset.digest} | {replace(ruleset, rules=(replace(first, **c), *rest)).digest for c in changes}
    code, *codes = ruleset.release_reasons
    more = [{"code": "x"}, {"who": ("coach", "x")}, {"meaning": "x"}, {"cites": ("x",)}]
    digests |= {replace(ruleset, release_reasons=(replace(code, **c), *codes)).digest for c in more}
    assert len(digests) == 1 + len(changes) + len(more)


def test_the_digest_is_the_same_on_every_machine():
    """Of compact JSON with sorted lists: the value stands in audit logs and must not depend on a version of anything."""
    rule = Rule("f", "r", (Role.SPONSOR, Role.COACH), (Kind.NOTES,), Action.HOLD, "why", ("RFC 1",), "share-with-sponsor")
    octets = b'[[["r",["coach","sponsor"],["notes"],"HOLD","why",["RFC 1"],"share-with-sponsor"]],[],[],[]]'
    assert Ruleset((rule,)).digest == hashlib.sha256(octets).hexdigest()


@settings(deadline=None, max_examples=30)  # each parses every file
@given(st.permutations(sorted(shipped_files().items())))
def test_the_order_of_files_means_nothing(files):
    assert parse_policies(dict(files)) == shipped()


def test_what_is_wrong_with_the_meeting_platforms_is_said_with_the_rest():
    with pytest.raises(PolicyError) as caught:
        parse_policies(shipped_files() | {"meeting-platforms.toml": "x = 1", "90-x.toml": "x = 1"})
    assert any(said.startswith("meeting-platforms.toml: x: unknown key") for said in caught.value.problems)
    assert any(said.startswith("90-x.toml: x: unknown key") for said in caught.value.problems)


def test_the_meeting_platforms_are_in_the_digest():
    """They decide too."""
    files = shipped_files()
    other = files | {"meeting-platforms.toml": files["meeting-platforms.toml"].replace('action = "warn"', 'action = "withhold"')}
    assert parse_policies(other).digest != shipped().digest


def test_the_matrix_says_each_cell():
    lines = shipped().matrix().splitlines()
    assert lines[0] == "| recipient | scheduling | notes | attachment | opaque | disguised | calendar | platform |"
    assert lines[1] == "|" + " --- |" * 8
    cells = {row[0]: row[1:] for row in ([c.strip() for c in line.strip("|").split("|")] for line in lines[2:])}
    assert list(cells) == list(Role)
    assert cells["client-work"] == [
        "**company copy** (scheduling-1, links-1, floor-work-scheduling)",
        "**divert** (notes-1, floor-work-rest)",
        "**divert** (attachments-1, floor-work-rest)",
        "**divert** (attachments-1, floor-work-rest)",
        "**hold** (disguised-1, floor-disguised)",
        "**hold** (calendar-1, floor-calendar)",
        "**hold** (links-2, floor-platform)",
    ]
    assert cells["sponsor"][1] == "**hold**, with a consent on record one word releases (consent-1, floor-sponsor-notes)"
    assert cells["client-personal"][1] == "**private copy** (floor-personal)"
    assert {cells[r][k] for r in ("not-a-client", "coach") for k in range(7)} == {"**raw** (floor-not-a-client)", "**raw** (floor-coach)"}


def test_the_matrix_names_only_the_rules_that_decide():
    weak, strong = (Rule("f", a.name, (Role.COACH,), (Kind.NOTES,), a, "why", ()) for a in (Action.DELIVER, Action.HOLD))
    assert "raw" not in Ruleset((weak, strong)).matrix()
    assert "**hold** (HOLD)" in Ruleset((weak, strong)).matrix()


def test_the_matrix_of_nothing_holds_everything():
    rows = Ruleset(()).matrix().splitlines()[2:]
    assert all(row.count("**hold** (no rule)") == len(Kind) for row in rows)
    assert len(rows) == len(Role)


def test_a_single_rule_without_exception_takes_the_word_from_the_matrix():
    plain = Rule("local/90-own.toml", "own", (Role.SPONSOR,), (Kind.NOTES,), Action.HOLD, "r", ())
    assert "one word" not in replace(shipped(), rules=(*shipped().rules, plain)).matrix()


def test_the_page_shows_every_rule_and_code():
    page = policy_page(shipped())
    assert shipped().matrix() in page
    for rule in shipped().rules:
        assert f"**{rule.id}**" in page
        assert rule.reason in page
        assert all(c in page for c in rule.cites)
    for file, title in shipped().titles:
        assert f"## {title}\n`policies/{file}`" in page
    assert all(f"**{code}** (coach only)" in page for code in EXCEPTION_CODES)


def test_the_law_covers_every_role_that_a_company_may_own():
    assert set(LAW) == set(Role) - {Role.CLIENT_PERSONAL, Role.NOT_A_CLIENT, Role.COACH}


