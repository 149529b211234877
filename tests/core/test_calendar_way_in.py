"""The way into the meeting of a calendar object: whose it is, what of it stays, and an invitation whose only way in is barred."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.calendar.way_in import account_of, is_shut
from gateway.core.decide import kinds_of
from gateway.core.invitation import Event, Invitation, Method, Withheld
from gateway.core.meeting import MeetingLink, Meetings, Owner, Passage
from gateway.core.model import Analysis, FactKind, Kind
from tests.calendars import COACH, CONTEXT, calendar, event, mail, packs, proved, read

TID, OTHER = "7f3a1c52-0d64-4b8e-9a57-2c1be0d94f10", "c0ffee11-aca1-4e3e-8b1f-0acade000001"
OURS, COMPANY = "https://vale.zoom.us/j/91555501234", "https://acme.zoom.us/j/97733204118?pwd=Um9vbUJ5Q"
SHORT, MEET = "https://teams.microsoft.com/meet/3442190875142?p=Wn8sQe2LrVbT0yKd5M", "https://meet.google.com/abc-defg-hij"
KNOWING = replace(
    CONTEXT,
    own=Meetings(zoom_vanity=("vale",), teams_tenants=(TID,)),
    theirs=Meetings(zoom_vanity=("acme",), teams_tenants=(OTHER,), rooms=("whereby.com/acme-board",)),
)


def reading(*lines: str, text: str = "", method: str = "REQUEST", **properties: str):
    return read(mail(calendar(event(*lines, **properties), method=method), method, text), KNOWING)


def updated(tenant: str) -> str:
    return f"X-MICROSOFT-SCHEDULINGSERVICEUPDATEURL:https://scheduler.teams.microsoft.com/teams/{tenant}/{OTHER}/19_meeting@thread.v2/0"


def options(tenant: str) -> str:
    return f"https://teams.microsoft.com/meetingOptions/?organizerId={OTHER[::-1]}&tenantId={tenant}&threadId=1"


# ------------------------------------------------------------------------------------------------ whose it is
@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((f"LOCATION:{OURS}",), "zoom:coach:allow"),
        (("LOCATION:https://us02web.zoom.us/j/83055500192",), "zoom:unknown:warn"),
        ((f"X-GOOGLE-CONFERENCE:{MEET}",), "google-meet:coach:allow"),
        ((f"X-MICROSOFT-SKYPETEAMSMEETINGURL:{SHORT}",), "teams:unknown:warn"),
        ((f"X-MICROSOFT-SKYPETEAMSMEETINGURL:{SHORT}", updated(TID)), "teams:coach:allow"),
        ((f"DESCRIPTION:{SHORT}\\nOptions: {options(TID)}",), "teams:coach:allow"),
        ((f"DESCRIPTION:{SHORT}\\nOptions: {options(TID)}", updated(OTHER)), "teams:unknown:warn"),  # two tenants say nothing
        ((f"DESCRIPTION:Join\\n\\n{MEET}.",), "google-meet:coach:allow"),
        ((f"CONFERENCE;VALUE=URI;FEATURE=VIDEO:{OURS}",), "zoom:coach:allow"),
        (("DESCRIPTION:https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fvale.zoom.us%2Fj%2F91555501234&data=leave",), "zoom:coach:allow"),
        (("LOCATION:https://global.gotomeeting.com/join/417250893",), "goto:unknown:warn"),
    ],
)
def test_whose_the_way_in_is(lines, code):
    found = reading(*lines)
    assert [link.code for link in found.links] == [code]
    assert found.invitation
    assert [e.link for e in found.invitation.events] == [found.links[0].link]
    assert found.links[0].link in proved(found.invitation).decode().replace("\r\n ", "")


def test_the_way_in_that_passes_best_is_taken():
    found = reading(f"LOCATION:{COMPANY}", f"DESCRIPTION:or https://zoom.us/j/91555501234 or {OURS}")
    assert [link.passage for link in found.links] == [Passage.ALLOW, Passage.WARN, Passage.HOLD]
    assert found.invitation
    assert found.invitation.events[0].link == OURS


@pytest.mark.parametrize(
    ("of_coach", "of_company", "address", "owner"),
    [
        (True, False, COACH, Owner.COACH),
        (True, False, "robin@gmail.com", Owner.FREE),
        (False, True, "dana@acme.example", Owner.COMPANY),
        (True, True, "robin@acme.example", Owner.COMPANY),
        (False, False, "c_1@group.calendar.google.com", Owner.UNKNOWN),
    ],
)
def test_whose_account_an_organiser_stands_for(of_coach, of_company, address, owner):
    assert account_of(address, of_coach, of_company) is owner


def test_without_an_organiser_nobody_knows():
    assert [link.code for link in reading(f"LOCATION:{MEET}", ORGANIZER="").links] == ["google-meet:unknown:warn"]


# ------------------------------------------------------------------------------------------------ what is dropped beside it
def test_numbers_and_codes_to_dial_in_with_go_nowhere():
    block = "Join Zoom Meeting\n" + OURS + "\nMeeting ID: 915 5550 1234\nPasscode: 663-102\nDial in: +49 69 7104 9922\n"
    number = ("X-MICROSOFT-CONFERENCETELURI:tel:+496971049922", f"CONTACT:+49 69 7104 9922 {OURS}")
    found = reading(f"LOCATION:{OURS}", "DESCRIPTION:" + block.replace("\n", "\\n"), *number, text=block)
    assert found.invitation
    shown = proved(found.invitation).decode().replace("\r\n ", "") + found.company_text + found.company_subject
    assert [words for words in ("663-102", "7104", "915 5550 1234") if words in shown] == []
    assert "2027-01-19 16:00-17:00" in found.company_text
    assert OURS in found.company_text


def test_a_number_to_call_beside_an_invitation_without_a_link_is_said():
    found = reading(text="Our session is confirmed for Tuesday, 19 January at 16:00. Call me on +49 30 555 0177.")
    assert any(fact.kind is FactKind.PHONE for fact in found.facts)
    assert "19 January" in found.company_text


# ------------------------------------------------------------------------------------------------ barred
@pytest.mark.parametrize(
    "lines", [(f"LOCATION:{COMPANY}",), (f"DESCRIPTION:{COMPANY}", "LOCATION:Zoom"), (f"DESCRIPTION:{SHORT}", updated(OTHER)), ("URL:https://whereby.com/acme-board",)]
)
@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH", "ADD"])
def test_an_invitation_to_the_companys_platform_waits_and_its_times_are_said(lines, method):
    text = f"Our session is on Tuesday, 19 January at 16:00.\nMeeting ID: 977 3320 4118\nPasscode: 663102\n{lines[0].partition(':')[2]}\n"
    found = reading(*lines, text=text, method=method)
    assert found.invitation is None
    assert [f.evidence for f in found.findings if f.kind is Kind.PLATFORM] == ["meeting on the company's own platform"]
    assert "2027-01-19 16:00-17:00" in found.company_text
    assert [words for words in ("663102", "977", "zoom", "whereby", "teams.microsoft") if words in found.company_text.lower()] == []
    assert {Kind.PLATFORM, Kind.SCHEDULING} <= kinds_of(Analysis((), (), None, (), 1, 0, False), found)
    assert [link.passage for link in found.remarkable_links] == [Passage.HOLD]


def test_a_place_is_another_way_in():
    found = reading(f"DESCRIPTION:or by {COMPANY}", "LOCATION:Room 4")
    assert found.invitation
    assert (found.invitation.events[0].place, found.invitation.events[0].link) == ("Room 4", "")
    assert Withheld.LINK in found.invitation.withheld


@pytest.mark.parametrize("method", ["CANCEL", "DECLINECOUNTER"])
def test_what_asks_nobody_in_needs_no_way_in(method):
    found = reading(f"LOCATION:{COMPANY}", method=method)
    assert found.invitation
    assert found.invitation.events[0].link == ""
    assert not any(f.kind is Kind.PLATFORM for f in found.findings)


def test_a_series_waits_if_one_of_its_meetings_has_no_other_way_in():
    barred = MeetingLink(COMPANY, "zoom", Owner.COMPANY, Passage.HOLD)
    found = reading(f"LOCATION:{OURS}").invitation
    assert found
    (ours,) = found.events
    theirs: Event = replace(ours, link="")
    assert is_shut(Invitation(Method.REQUEST, COACH, (ours, theirs), links=(barred,)))
    assert not is_shut(Invitation(Method.REQUEST, COACH, (ours, ours), links=(barred,)))
    assert not is_shut(Invitation(Method.REQUEST, COACH, (theirs,)))


def test_what_the_object_knows_counts_in_the_text_too():
    """A short link of Teams says nothing; the object beside it names the company's tenant."""
    found = reading(f"DESCRIPTION:{SHORT}", updated(OTHER), "LOCATION:Room 4", text=f"Our session is on Tuesday, 19 January at 16:00: {SHORT}")
    assert found.invitation
    assert "teams.microsoft" not in found.company_text
    assert "2027-01-19 16:00-17:00" in found.company_text
    assert [link.code for link in found.links] == ["teams:company:hold"]


# ------------------------------------------------------------------------------------------------ in a text alone
def test_a_text_alone_passes_through_the_same_policy():
    meeting = "19%3ameeting_MmZjNjdjYzA3NWViYTgwOGE4MjA3MmM1NzFmMTJlYmU4ODMy%40thread.v2/0"
    long = f"https://teams.microsoft.com/l/meetup-join/{meeting}?context=%7b%22Tid%22%3a%22{TID}%22%2c%22Oid%22%3a%22{OTHER}%22%7d"

    def said(link: str):
        text = f"Our session is on Tuesday, 19 January at 16:00.\r\nJoin: {link}\r\n"
        return read(f"From: {COACH}\r\nTo: dana@acme.example\r\nSubject: Our session\r\n\r\n{text}".encode(), KNOWING)

    for link, told in ((OURS, []), (long, []), ("https://zoom.us/j/91555501234", ["zoom:unknown:warn"])):
        found = said(link)
        assert link in found.company_text
        assert [k.code for k in found.remarkable_links] == told
    for link in (COMPANY, long.replace(TID, OTHER)):
        found = said(link)
        assert link not in found.company_text
        assert "19 January" in found.company_text
        assert [k.passage for k in found.remarkable_links] == [Passage.HOLD]
    assert packs().platforms.platforms
