"""Closed frames: those of every pack by the examples and near misses that stand beside them, and how frames make up a sentence."""

import pytest

from gateway.core.model import Status, TextBlock
from gateway.core.pack import Frame, Pack, Packs
from gateway.core.recognise import recognise
from tests.core.packs import CONTEXT, PACKS, approved, read, small

FRAMES = [(pack, frame) for pack in PACKS.packs for frame in pack.frames]


def verdicts(text: str, pack: Pack) -> list[bool]:
    return [s.approved for s in recognise((TextBlock("1", text),), CONTEXT, Packs((pack,))).sentences]


@pytest.mark.parametrize(("pack", "frame"), FRAMES, ids=[f"{pack.language}-{frame.name}" for pack, frame in FRAMES])
def test_every_example_of_a_frame_is_approved_and_every_near_miss_withheld(pack: Pack, frame: Frame) -> None:
    """Each in its own language alone: the words of one example are too few to tell it by."""
    assert frame.examples, "a frame without examples"
    assert frame.near_misses, "a frame without near misses"
    assert [text for text in frame.examples if not all(verdicts(text, pack))] == []
    assert [text for text in frame.near_misses if all(verdicts(text, pack))] == []


def test_an_approved_sentence_names_its_frame_and_a_withheld_one_its_word() -> None:
    """What `coachgate explain` shows: the frame, or the first thing no frame explains."""
    good, bad = recognise((TextBlock("1", "See you on Friday. Tell Mark on Friday."),), CONTEXT, PACKS).sentences
    assert (good.approved, good.rule) == (True, "see-you")
    assert (bad.approved, bad.rule, bad.word) == (False, "unexplained-word", "Mark")


def test_a_question_confirms_nothing() -> None:
    """A frame that confirms, with a question mark behind it, asks."""
    frames = '[[frame]]\nname = "works"\nstatus = "confirmed"\nappointment = true\npatterns = ["{time} passt"]\n'
    packs = small({}, frames=frames, weekdays=["montag"])
    assert [recognise((TextBlock("1", text),), CONTEXT, packs).status for text in ("Montag passt.", "Montag passt?")] == ["confirmed", "asked"]


@pytest.mark.parametrize("joint", [", ", "; ", ": ", " - ", " \u2013 ", " \u2014 ", " (", " and ", " but ", " so ", " or ", " then "])
def test_clauses_are_joined_by_marks_and_conjunctions_and_the_second_one_is_judged_as_the_first(joint: str) -> None:
    assert approved(f"See you on Friday{joint}the link is below.") == [True]
    assert approved(f"See you on Friday{joint}tell Mark.") == [False]


@pytest.mark.parametrize("text", ["See you on Fri. in Room 4.", "Great!, see you on Friday.", "Zoom (as usual), see you on Friday."])
def test_a_mark_inside_a_sentence_joins_too(text: str) -> None:
    assert approved(text) == [True]


@pytest.mark.parametrize("marks", ["!", "!!", ".", "?", "...", "\u2026", ".)", " ("])
def test_marks_at_the_end_of_a_sentence_explain_themselves(marks: str) -> None:
    assert approved(f"See you on Friday{marks}") == [True]


@pytest.mark.parametrize("marks", ["!", "?", "()", "..."])
def test_marks_alone_are_withheld_from_nobody_and_show_no_appointment(marks: str) -> None:
    (sentence,) = read(marks).sentences
    assert (sentence.approved, sentence.rule, sentence.word) == (True, "nothing-but-marks", "")
    assert not read(marks).appointment
    assert read(f"See you on Friday.\n\n{marks}").complete


@pytest.mark.parametrize("text", [", see you on Friday.", "; see you on Friday."])
def test_nothing_is_joined_to_nothing(text: str) -> None:
    assert approved(text) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "See you on Friday, my wife, speak soon.",
        "See you on Friday the password, speak soon.",
        "See you on Friday, the link is.",
        "See you on Friday, the password for the.",
        "See you on Friday the password for the.",
    ],
)
def test_a_clause_that_is_only_begun_is_withheld_wherever_it_stands(text: str) -> None:
    assert approved(text) == [False]


@pytest.mark.parametrize("text", ["Unfortunately.", "Unfortunately, as usual.", "Just a reminder that."])
def test_what_may_stand_before_or_behind_a_clause_is_no_clause(text: str) -> None:
    assert approved(text) == [False]


def test_two_clauses_need_something_between_them() -> None:
    assert approved("See you on Friday, the link is below, speak soon.") == [True]
    assert approved("See you on Friday the link is below, speak soon.") == [False]


def test_a_withheld_sentence_says_whether_it_broke_off_or_held_something_unexplained() -> None:
    (broke_off,) = read("See you on Friday, the link is.").sentences
    assert (broke_off.rule, broke_off.word) == ("clause-unfinished", "is")
    (strange,) = read("See you on Friday, goose.").sentences
    assert (strange.rule, strange.word) == ("unexplained-word", "goose")
    (whole,) = read("Do Friday at 10:00, goose.").sentences
    assert (whole.rule, whole.word) == ("unexplained-word", "Friday at 10:00")
    (joined,) = read("See you on Friday, the link is below.").sentences
    assert (joined.rule, joined.word) == ("see-you+did", "")


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("See you on Friday, Dana.", "See you on Friday, Mark."),
        ("See you on Friday, Dana.", "See you on Friday, Dana lawyer."),
        ("It's a bank holiday in Norway.", "It's a bank holiday in goose."),
        ("It's a bank holiday in Norway.", "It's a bank holiday in Norway lawyer."),
        ("Let's say 4.", "Let's say goose."),
        ("Let's say 4.", "Let's say 4 lawyer."),
        ("The password for the meeting is AB1.", "The password for the meeting is goose."),
        ("The password for the meeting is AB1.", "The password for the meeting is AB1 lawyer."),
        ("The password for the meeting is AB1.", "The password for the meeting is A1B2C3D4E5F6G."),
    ],
)
def test_a_slot_takes_its_kind_of_word_and_only_that_one(good: str, bad: str) -> None:
    assert approved(good) == [True]
    assert approved(bad) == [False]


@pytest.mark.parametrize("text", ["Thursday 10am at Philz.", "I need to cancel tomorrow at Philz.", "See you Friday 8am at Philz."])
def test_a_place_that_is_only_guessed_carries_no_sentence(text: str) -> None:
    """A capital behind "at" may be a clinic or a person."""
    assert approved(text) == [False]


@pytest.mark.parametrize(
    ("text", "status"),
    [("Ok, let me know if Thursday at 3 works.", Status.ASKED), ("Thursday at 3?", Status.ASKED), ("Thursday at 3.", Status.STATED)],
)
def test_the_frame_names_the_status_and_a_question_without_one_is_asked(text: str, status: Status) -> None:
    reading = read(text)
    assert reading.status is status
    assert reading.complete
