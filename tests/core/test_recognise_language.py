"""Which language a text is in."""

from gateway.core.model import TextBlock
from gateway.core.recognise import recognise
from tests.core.packs import CONTEXT, JOINED, own, read, small


def test_a_language_with_endings_is_told_by_what_stands_before_them() -> None:
    """ "Görüşmemizi salıya" has no word as the list has it, and is in that language all the same."""
    packs = small({"endings": ["ya", "mizi"]}, cues=["görüşme"], weekdays=["salı"])
    reading = recognise((TextBlock("1", "Görüşmemizi salıya aldım efendim"),), CONTEXT, packs)
    assert reading.language == "xx"
    assert own("Görüşmemizi salıya.", packs) == ["salıya"]


def test_a_language_that_shares_letters_is_not_taken_for_another() -> None:
    """Of a script without spaces the pack must know half of the letters; Latin words beside it do not count."""
    assert recognise((TextBlock("1", "枠は火曜9時です。"),), CONTEXT, JOINED).language == "xx"
    assert recognise((TextBlock("1", "枠は火曜9時です。Zoom meeting dial in number"),), CONTEXT, JOINED).language == "xx"
    assert recognise((TextBlock("1", "我们周二9時见面聊聊"),), CONTEXT, JOINED).language == ""


def test_a_sentence_of_another_language_is_read_in_that_one() -> None:
    reading = read("See you on Friday at 9:00.\n\nUnser Termin am Montag um 10 Uhr ist bestätigt.")
    assert [sentence.language for sentence in reading.sentences] == ["en", "de"]
    assert own("See you on Friday at 9:00.\n\nUnser Termin am Montag um 10 Uhr ist bestätigt.") == ["Friday at 9:00", "Montag um 10 Uhr"]
