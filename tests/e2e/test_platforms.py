"""Meeting links through a real daemon: what the company gets of them, what waits, and what the coach is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.calendars import calendar, event
from tests.calendars import mail as invitation
from tests.e2e.stage import COACH, HOME, PATIENCE, WORK, Stage, mail, running

OWN, FOREIGN, COMPANY = "https://vale.zoom.us/j/91555501234", "https://us02web.zoom.us/j/83055500192", "https://acme.zoom.us/j/97733204118"
MEETINGS = '[meetings]\nzoom_vanity = ["vale"]\nrooms = ["whereby.com/vale-on-fire"]\n'


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with running(extra=MEETINGS) as stage:
        clients = stage.folder / "clients.toml"
        clients.write_text(clients.read_text().replace('sponsors = ["', 'meetings = { zoom_vanity = ["acme"] }\nsponsors = ["', 1))
        stage.command("client", "import", str(clients))
        yield stage


def told(stage: Stage, words: str) -> str:
    """The first notice to the coach with these words, once it is there."""

    def found() -> list[str]:
        return [text for octets in stage.sink.to(COACH) if words in (text := re.sub(r"=\r\n", "", octets.decode()))]

    with stage.sink.came:
        assert stage.sink.came.wait_for(found, PATIENCE), f"no notice says {words!r}"
    return found()[0]


def test_the_coach_is_told_whose_platform_it_is_and_hears_nothing_of_her_own(stage: Stage) -> None:
    """A link on a shared host passes with a notice, one of her own in silence, the company's not at all while the time goes out."""
    for link in (OWN, FOREIGN, COMPANY):
        stage.send(mail(f"Hi Dana,\n\nOur session is confirmed for Tuesday, 10 March at 14:00.\nJoin here: {link}\n\nRobin\n"), WORK)
    stage.drained()
    sent = [octets.decode() for octets in stage.sink.wait_for(WORK, 3)]
    assert [any(link in text for text in sent) for link in (OWN, FOREIGN, COMPANY)] == [True, True, False]
    assert all("14:00" in text for text in sent)
    passed, barred = told(stage, f"Zoom, {WORK}: went out"), told(stage, f"Zoom, {WORK}: left out")
    for notice in (passed, barred):
        assert "whereby.com/vale-on-fire, vale.zoom.us" in notice
        assert "/j/" not in notice  # it quotes no link
    rows = json.loads(stage.command("audit", "list", "--json"))
    links = [row["detail"]["links"] for row in rows if row["event"] == "company-copy"]
    assert links == ["zoom:coach:allow", "zoom:unknown:warn", "zoom:company:hold"]
    assert "consistent" in stage.command("audit", "verify")


def test_an_invitation_to_the_companys_platform_waits_and_its_time_goes_out(stage: Stage) -> None:
    """No calendar entry reaches the company; a text says when; the notice says why it waits; explain shows platform, owner, action and reason."""
    raw = invitation(calendar(event(f"LOCATION:{COMPANY}", "DESCRIPTION:How to leave the firm")), "REQUEST")
    before = len(stage.sink.to(WORK))
    file = stage.folder / "invitation.eml"
    file.write_bytes(raw)
    answer = json.loads(stage.command("explain", str(file), "--to", WORK, "--json"))
    assert [(k["platform"], k["owner"], k["passage"]) for k in answer[0]["reading"]["links"]] == [("zoom", "company", "hold")]
    assert answer[-1]["holds"] == ["company-platform"]
    shown = " ".join(stage.command("explain", str(file), "--to", WORK).split())
    for word in ("Meeting links", "Zoom", "company", "hold"):
        assert word in shown
    stage.send(raw, WORK)
    stage.drained()
    text = stage.sink.wait_for(WORK, before + 1)[-1].decode()
    assert "2027-01-19 16:00-17:00" in text
    assert "text/calendar" not in text
    assert COMPANY not in text
    assert "company's own platform" in told(stage, "The only way into this meeting")
    assert [item["reason"] for item in stage.held()] == ["company-platform"]
    assert not [octets for octets in stage.sink.to(HOME) if b"leave the firm" in octets]
