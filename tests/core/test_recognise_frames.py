"""The frames of every language pack, tested by the examples and near misses that stand beside them in the pack."""

from pathlib import Path

import pytest

from gateway.core.model import RecogniserContext, TextBlock
from gateway.core.pack import Frame, Pack, Packs
from gateway.core.recognise import recognise
from gateway.core.vocabulary import load_packs
from tests.policies.cast import shipped

LANGUAGES = Path(__file__).parents[2] / "policies/languages"
PACKS = load_packs({str(f.relative_to(LANGUAGES)): f.read_text("utf-8") for f in LANGUAGES.rglob("*.toml")}, platforms=shipped().platforms)
CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",))
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
