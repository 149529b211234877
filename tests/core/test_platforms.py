"""The meeting platforms as policy: the shipped table with its examples and attacks, whose a link is, what is done with it, and bad files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.links import NO_CLUES, Clues, judge_link, links_in, rebuilt_link, unwrapped
from gateway.core.meeting import MeetingLink, Meetings, Owner, Passage, stricter
from gateway.core.model import RecogniserContext
from gateway.core.platforms import NO_PLATFORMS, PlatformsError, parse_platforms
from tests.policies.cast import POLICIES, shipped

TEXT = (POLICIES / "meeting-platforms.toml").read_text("utf-8")
PLATFORMS = parse_platforms(TEXT)
EXAMPLES = [(p.id, link) for p in PLATFORMS.platforms for link in p.examples]
ATTACKS = [link for p in PLATFORMS.platforms for link in p.attacks]
TID, OID, OTHER = "7f3a1c52-0d64-4b8e-9a57-2c1be0d94f10", "5b2d7f90-6c1e-4a83-b1d4-93e07a2c8f66", "c0ffee11-aca1-4e3e-8b1f-0acade000001"
MINE = Meetings(
    teams_tenants=(TID,),
    zoom_vanity=("vale-coaching",),
    webex_sites=("vale",),
    rooms=("whereby.com/vale-on-fire", "video.vale.example/robin"),
    hosts=("cloud.coach.example",),
    meeting_ids=("zoom:86451209377", "goto:417250893"),
)
THEIRS = Meetings((OTHER,), ("acme",), ("acme",), ("whereby.com/acme-board",), ("meet.acme.example",), ("zoom:97733204118",))
CONTEXT = RecogniserContext(coach_names=("Robin Vale",), client_names=("Dana Whitfield",), own=MINE, theirs=THEIRS)


def teams(tenant: str, more: str = "") -> str:
    meeting = "19%3ameeting_MmZjNjdjYzA3NWViYTgwOGE4MjA3MmM1NzFmMTJlYmU4ODMy%40thread.v2"
    return f"https://teams.microsoft.com/l/meetup-join/{meeting}/0?context=%7b%22Tid%22%3a%22{tenant}%22%2c%22Oid%22%3a%22{OID}%22{more}%7d"


def judged(link: str, clues: Clues = NO_CLUES, context: RecogniserContext = CONTEXT) -> tuple[str, str] | None:
    found = judge_link(link, PLATFORMS, context, clues)
    return (found.platform, found.owner) if found else None


# ------------------------------------------------------------------------------------------------ the shipped table
@pytest.mark.parametrize(("platform", "link"), EXAMPLES, ids=[link for _, link in EXAMPLES])
def test_an_example_comes_back_as_it_was_written(platform, link):
    found = judge_link(link, PLATFORMS, CONTEXT)
    assert found
    assert (found.platform, found.link, found.passage.passes) == (platform, link, True)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_does_not(attack):
    assert rebuilt_link(attack, PLATFORMS, CONTEXT) != attack


@pytest.mark.parametrize(("_", "link"), EXAMPLES, ids=[link for _, link in EXAMPLES])
@pytest.mark.parametrize("more", ["#leave-your-boss", "/leave-your-boss", "?topic=leave+your+boss", "&topic=leave-your-boss", "%20leave", "@leave.example"])
def test_words_behind_an_example_do_not_pass(_, link, more):
    assert "leave" not in rebuilt_link(link + more, PLATFORMS, CONTEXT)


@pytest.mark.parametrize(("_", "link"), EXAMPLES, ids=[link for _, link in EXAMPLES])
def test_words_before_the_host_of_an_example_do_not_pass(_, link):
    for host in ("leave@", "leave:boss@", "leave-your-boss-now."):
        assert "leave" not in rebuilt_link(link.replace("https://", "https://" + host), PLATFORMS, CONTEXT)


def test_every_owner_has_an_answer_with_a_reason_and_none_is_looser_than_another():
    told = {s.owner: s.passage for s in PLATFORMS.stances}
    assert told == {
        Owner.COACH: Passage.ALLOW,
        Owner.COMPANY: Passage.HOLD,
        Owner.FREE: Passage.WARN,
        Owner.UNKNOWN: Passage.WARN,  # the client would stand before a closed door
        Owner.TELEPHONE: Passage.WITHHOLD,
    }
    assert len({s.reason for s in PLATFORMS.stances}) == len(Owner)
    assert shipped().platforms == PLATFORMS


# ------------------------------------------------------------------------------------------------ whose it is
@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (teams(TID), ("teams", "coach")),
        (teams(TID.upper()), ("teams", "coach")),
        (teams(OTHER), ("teams", "company")),
        (teams(OID), ("teams", "unknown")),
        (teams(TID).split("?")[0], ("teams", "unknown")),
        ("https://teams.microsoft.com/meet/3442190875142?p=Wn8sQe2LrVbT0yKd5M", ("teams", "unknown")),
        ("https://teams.live.com/meet/93555501426?p=Qk3v", ("teams-free", "free")),
        ("https://vale-coaching.zoom.us/j/91555501234", ("zoom", "coach")),
        ("https://VALE-coaching.zoom.us/j/91555501234", ("zoom", "coach")),
        ("https://acme.zoom.us/j/91555501234?pwd=Um9vbUJ5Q", ("zoom", "company")),
        ("https://other.zoom.us/j/91555501234", ("zoom", "unknown")),
        ("https://us02web.zoom.us/j/86451209377", ("zoom", "coach")),
        ("https://us02web.zoom.us/j/97733204118", ("zoom", "company")),
        ("https://us02web.zoom.us/j/83055500192", ("zoom", "unknown")),
        ("https://vale.webex.com/meet/robinvale", ("webex", "coach")),
        ("https://acme.webex.com/acme/j.php?MTID=m4b1c7e02d9f85a36b0e1d4c7a2f9835b", ("webex", "company")),
        ("https://meet.google.com/abc-defg-hij", ("google-meet", "unknown")),
        ("https://whereby.com/vale-on-fire", ("whereby", "coach")),
        ("https://whereby.com/acme-board", ("whereby", "company")),
        ("https://whereby.com/robin-vale", ("whereby", "unknown")),
        ("https://meet.jit.si/RobinVale", ("jitsi", "free")),
        ("https://cloud.coach.example/call/x7kq2m9v", ("own", "coach")),
        ("https://cloud.coach.example", ("own", "coach")),
        ("https://meet.acme.example/whatever-they-call-it", ("own", "company")),
        ("https://video.vale.example/robin", ("own", "coach")),
        ("https://video.vale.example/robin/1234567", ("own", "coach")),
        ("https://meet.vale.example/4172508", ("number", "unknown")),
        ("tel:+4969365057622", ("telephone", "telephone")),
    ],
)
def test_whose_a_link_is(link, expected):
    assert judged(link) == expected


@pytest.mark.parametrize(
    "link",
    [
        "https://whereby.com/never-listed-this",
        "https://vale-coaching.zoom.us/my/leave-your-boss",  # her account, and a room in it that says something
        "https://acme-is-firing-you.zoom.us/j/91555501234",
        "https://vale.webex.com/leave-your-boss/j.php?MTID=m4b1c7e02d9f85a36b0e1d4c7a2f9835b",
        "https://video.vale.example/robin#leave",
        "https://video.vale.example/robin?%zz=1&a",
        "https://cloud.coach.example/call/about-your-boss",
        "https://other.example/call/x7kq2m9v",
        teams(TID, "%2c%22Why%22%3a%22divorce%22"),
        teams("leave-your-boss"),
        teams(TID).replace("%7b", "{").replace("%7d", ""),
        teams(TID).replace("context=%7b", "context=%5b").replace("%7d", "%5d"),
        "https://teams.microsoft.com/meet/3442190875142?a&b",
        "https://facetime.apple.com/join#v=1&p=7kRb1sVREe2cDbNBvdhdwA",
        "https://zoom.us/j/9155550%31234",
        "tel:leave",
    ],
)
def test_what_is_no_link_of_a_meeting(link):
    assert judged(link) is None


def test_a_long_link_of_teams_is_made_anew_in_the_letters_it_had():
    capitals = teams(TID).replace("%7b", "%7B").replace("%7d", "%7D").replace("%3a%22", "%3A%22").replace("%2c", "%2C")
    for link in (teams(TID), capitals):
        assert rebuilt_link(link, PLATFORMS, CONTEXT) == link


def test_what_both_claim_is_the_companys():
    both = replace(CONTEXT, own=replace(MINE, zoom_vanity=("acme",)))
    assert judged("https://acme.zoom.us/j/91555501234", context=both) == ("zoom", "company")


def test_a_calendar_object_knows_more():
    short = "https://teams.microsoft.com/meet/3442190875142?p=Wn8sQe2LrVbT0yKd5M"
    assert judged(short, Clues(tenant=TID)) == ("teams", "coach")
    assert judged(short, Clues(tenant=OTHER.upper())) == ("teams", "company")
    assert judged(teams(OTHER), Clues(tenant=TID)) == ("teams", "company")  # the link itself says so
    for owner in (Owner.COACH, Owner.COMPANY, Owner.FREE):
        assert judged("https://meet.google.com/abc-defg-hij", Clues(organizer=owner)) == ("google-meet", owner)
        assert judged("https://zoom.us/j/91555501234", Clues(organizer=owner)) == ("zoom", "unknown")  # who invites need not own it


def test_the_configured_prefixes_count_as_the_coachs():
    context = RecogniserContext(approved_links=("https://www.whereby.com/vale-on-fire/",))
    assert judged("https://whereby.com/vale-on-fire", context=context) == ("whereby", "coach")


# ------------------------------------------------------------------------------------------------ what is done with it
@pytest.mark.parametrize(
    ("link", "passage"),
    [
        ("https://vale-coaching.zoom.us/j/91555501234", Passage.ALLOW),
        ("https://zoom.us/j/91555501234", Passage.WARN),
        ("https://meet.jit.si/RobinVale", Passage.WARN),
        ("https://acme.zoom.us/j/91555501234", Passage.HOLD),
        ("https://meet.goto.com/417250893", Passage.WARN),  # hers, and others can listen by telephone
        ("tel:+4969365057622", Passage.WITHHOLD),
    ],
)
def test_the_passage(link, passage):
    found = judge_link(link, PLATFORMS, CONTEXT)
    assert found
    assert found.passage is passage
    assert (rebuilt_link(link, PLATFORMS, CONTEXT) == link) is passage.passes


def test_the_reason_is_that_of_whoever_decides():
    reasons = {s.owner: s.reason for s in PLATFORMS.stances}
    goto = PLATFORMS.named("goto")
    assert goto
    assert PLATFORMS.reason("zoom", Owner.UNKNOWN) == reasons[Owner.UNKNOWN]
    assert PLATFORMS.reason("goto", Owner.COACH) == PLATFORMS.reason("goto", Owner.FREE) == goto.reason
    assert PLATFORMS.reason("goto", Owner.COMPANY) == reasons[Owner.COMPANY]
    assert PLATFORMS.reason("gone", Owner.FREE) == reasons[Owner.FREE]
    assert NO_PLATFORMS.reason("zoom", Owner.COACH) == ""
    assert replace(NO_PLATFORMS, platforms=(goto,)).reason("goto", Owner.COACH) == goto.reason


def test_without_a_table_no_link_passes_and_an_owner_of_whom_nothing_is_said_is_held():
    assert rebuilt_link("https://zoom.us/j/91555501234", NO_PLATFORMS, CONTEXT) == ""
    assert rebuilt_link("https://video.vale.example/robin", NO_PLATFORMS, CONTEXT) == ""
    bare = replace(PLATFORMS, stances=())
    assert rebuilt_link("https://vale-coaching.zoom.us/j/91555501234", bare, CONTEXT) == ""


def test_the_strictest_wins():
    assert stricter(*Passage) is Passage.HOLD
    assert stricter(Passage.WARN, Passage.ALLOW) is Passage.WARN


def test_a_code_names_no_link_and_can_be_read_back():
    link = MeetingLink("https://zoom.us/j/91555501234", "zoom", Owner.UNKNOWN, Passage.WARN)
    assert link.code == "zoom:unknown:warn"
    assert MeetingLink.of_code(link.code) == replace(link, link="")


def test_where_one_could_meet_instead():
    assert MINE.addresses == ("whereby.com/vale-on-fire", "video.vale.example/robin", "cloud.coach.example", "vale-coaching.zoom.us", "vale.webex.com")


# ------------------------------------------------------------------------------------------------ in a text
def test_the_links_of_a_text_are_found_once_each_and_without_the_stop_behind_them():
    text = "Join (https://zoom.us/j/91555501234), or zoom.us/j/91555501235. Not mail@zoom.us/j/1, "
    text += f"<{teams(TID)}> https://zoom.us/j/91555501234 tel:+4969365057622!"
    assert [link.link for link in links_in(text, PLATFORMS, CONTEXT)] == [
        "https://zoom.us/j/91555501234",
        "zoom.us/j/91555501235",
        teams(TID),
        "tel:+4969365057622",
    ]


def test_what_a_scanner_wrapped_is_unwrapped_once():
    inner = "https%3A%2F%2Fzoom.us%2Fj%2F91555501234"
    wrapped = f"https://eur01.safelinks.protection.outlook.com/?url={inner}&data=05%7C01%7Cdana%40acme.example"
    assert unwrapped(wrapped, PLATFORMS) == unwrapped(f"https://www.google.com/url?q={inner}&sa=D", PLATFORMS) == "https://zoom.us/j/91555501234"
    for other in ("https://zoom.us/j/91555501234", "https://www.google.com/url?other=1", "https://[", "mailto:x"):
        assert unwrapped(other, PLATFORMS) == other
    assert rebuilt_link(wrapped, PLATFORMS, CONTEXT) == ""


# ------------------------------------------------------------------------------------------------ bad files
GOOD_OWNERS = "".join(f'[[owner]]\nowner = "{o}"\naction = "warn"\nreason = "a reason of some length"\ncites = ["RFC 3986"]\n' for o in Owner)
HEAD = '[platforms]\nname = "x"\ntitle = "x"\n'
ONE = '[[platform]]\nid = "a"\nname = "A"\nlinks = ["a.example/{number}"]\nowner = "unknown"\nattacks = ["https://b.example"]\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x =", "no TOML"),
        (GOOD_OWNERS + ONE, "platforms: needs a table"),
        (HEAD + GOOD_OWNERS + ONE + "[other]\n", "other: unknown key"),
        (HEAD + ONE, "nothing is said of company"),
        (HEAD + GOOD_OWNERS + GOOD_OWNERS + ONE, "coach stands twice"),
        (HEAD + GOOD_OWNERS + ONE + ONE, "a: id: stands twice"),
        (HEAD + GOOD_OWNERS + ONE.replace("{number}", "{digits}"), "unknown name {digits}"),
        (HEAD + GOOD_OWNERS + ONE.replace("{number}", "("), "no expression"),
        (HEAD + GOOD_OWNERS + ONE + 'fragment = "["\n', "fragment: no expression"),
        (HEAD + GOOD_OWNERS + ONE + 'labels = "zoom"\n', 'labels: unknown word "zoom"'),
        (HEAD + GOOD_OWNERS + ONE + 'least = "warn"\n', "least: stands with a reason"),
        (HEAD + GOOD_OWNERS + ONE + 'reason = "a reason of some length"\n', "least: stands with a reason"),
        (HEAD + GOOD_OWNERS + ONE + 'least = "never"\nreason = "short"\n', 'least: unknown word "never"'),
        (HEAD + GOOD_OWNERS + ONE + "organizer = 1\n", "organizer: must be true or false"),
        (HEAD + GOOD_OWNERS + ONE.replace('"unknown"', '"nobody"'), 'owner: unknown word "nobody"'),
        (HEAD + GOOD_OWNERS + ONE + "colour = 1\n", "colour: unknown key"),
        (HEAD + GOOD_OWNERS + ONE + '[[wrapper]]\nlinks = ["a["]\nparameter = ""\n', "wrapper 1: parameter: needs a text"),
        (HEAD + GOOD_OWNERS.replace('"warn"', '"burn"', 1) + ONE, 'coach: action: unknown word "burn"'),
    ],
)
def test_a_bad_file_is_refused_with_its_place(text, problem):
    with pytest.raises(PlatformsError) as caught:
        parse_platforms(text)
    assert any(problem in said for said in caught.value.problems), caught.value.problems


def test_every_problem_is_named_at_once():
    with pytest.raises(PlatformsError) as caught:
        parse_platforms(ONE.replace("{number}", "{digits}") + "colour = 1\n")
    assert len(caught.value.problems) >= 2 + 1 + len(Owner)
