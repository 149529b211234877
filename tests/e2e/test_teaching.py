"""A coach teaches the running daemon her words: from the next mail on they pass, and when she takes them back they do not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.stage import HOME, KEYLESS, WORK, Stage, mail, running

POND = "See you at the bandstand by the old pond on {}."


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with running() as it:
        yield it


def told(stage: Stage, text: str) -> str:
    """What the company mailbox of the client with a key gets of a mail that also holds notes."""
    before = len(stage.sink.to(WORK))
    stage.send(mail(f"We meet on Tuesday at 10:00. {text} Your boss is a tyrant."), WORK)
    copy = stage.sink.wait_for(WORK, before + 1)[-1].decode()
    assert "tyrant" not in copy
    return copy


def test_a_taught_sentence_passes_without_a_restart_until_it_is_taken_back(stage: Stage) -> None:
    sentence = POND.format("Friday")
    assert "bandstand" not in told(stage, sentence)
    taught = json.loads(stage.command("vocabulary", "add", POND.format("Monday"), "--yes", "--json"))
    assert (taught["taught"], taught["language"], taught["text"]) == (True, "en", "see you at the bandstand by the old pond on {time}")
    assert sentence in told(stage, sentence)
    assert "bandstand" not in told(stage, "See you at the bandstand by the old mill on Friday.")
    assert [row["id"] for row in json.loads(stage.command("vocabulary", "list", "--json"))] == [taught["id"]]
    stage.command("vocabulary", "remove", taught["id"][:6])
    assert "bandstand" not in told(stage, sentence)
    assert len(stage.sink.wait_for(HOME, 4)) >= 4


def test_a_taught_place_is_told_until_it_is_taken_back(stage: Stage) -> None:
    sentence = "We meet on Thursday at 11:00, Zum Krug."
    assert "Krug" not in told(stage, sentence)
    taught = json.loads(stage.command("places", "add", "Zum Krug", "--yes", "--json"))
    assert "Zum Krug" in told(stage, sentence)
    stage.command("places", "remove", taught["id"])
    assert "Krug" not in told(stage, sentence)
    assert json.loads(stage.command("places", "list", "--json")) == []


def test_a_held_item_leaves_when_its_last_sentence_is_called_logistics(stage: Stage) -> None:
    stage.send(mail("We meet on Tuesday at 10:00. Mind the geese by the gate until Tuesday."), KEYLESS)
    assert "geese" not in stage.sink.wait_for(KEYLESS, 1)[0].decode()
    (item,) = stage.held()
    (sentence,) = json.loads(stage.command("held", "logistics", item["id"], "--json"))
    assert (sentence["text"], sentence["word"]) == ("Mind the geese by the gate until Tuesday.", "Mind")
    shown = stage.command("held", "logistics", item["id"][:8], "--sentence", "1", check=False)  # nobody answers the question
    assert "It would leave by itself" in shown
    assert "would pass: Mind the geese" in shown
    assert stage.held() == [item]
    taught = json.loads(stage.command("held", "logistics", item["id"], "--sentence", "1", "--yes", "--json"))
    assert taught["left"] == [item["id"]]
    assert stage.held() == []
    assert "Mind the geese by the gate until Tuesday." in stage.sink.wait_for(KEYLESS, 2)[1].decode()
    assert "geese" not in stage.command("audit", "list", "--json")
    words = [row["event"] for row in json.loads(stage.command("audit", "list", "--json"))]
    assert {"vocabulary-added", "vocabulary-removed", "place-added", "place-removed", "resolved"} <= set(words)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("vocabulary", "add", "Your interview is on Tuesday"), "'interview'"),
        (("vocabulary", "add", "bandstand"), "Which language"),
        (("vocabulary", "add", "bandstand", "--language", "tlh"), "no language pack 'tlh'"),
        (("vocabulary", "remove", "0"), "Nothing that was taught"),
        (("places", "add", "Dana"), "name of client c-0001"),
        (("places", "add", "his office"), "'his'"),
        (("held", "logistics", "0", "--sentence", "1"), "No held item"),
    ],
)
def test_what_cannot_be_taught_is_refused_with_the_reason(stage: Stage, words: tuple[str, ...], why: str) -> None:
    before = stage.command("vocabulary", "list", "--json"), stage.command("places", "list", "--json")
    yes = () if "remove" in words else ("--yes",)
    assert why in stage.command(*words, *yes, check=False)
    assert (stage.command("vocabulary", "list", "--json"), stage.command("places", "list", "--json")) == before
