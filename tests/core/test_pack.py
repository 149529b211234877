"""How a word of a text is looked up in a pack."""

from dataclasses import replace

import pytest

from gateway.core.pack import Pack
from tests.core.packs import GERMAN, own, small


def test_a_word_that_begins_or_ends_like_an_open_entry_is_that_entry() -> None:
    """ "kündig*" takes in every word that begins so, however it is typed; a word of a list stays what it is."""
    (pack,) = GERMAN.packs
    assert [pack.form(word) for word in ("kündigung", "kuendigst", "strategieklausur", "ersatztermin", "maerz", "klausel")] == [
        "kündig*",
        "kündig*",
        "*klausur",
        "termin",
        "märz",
        "klausel",
    ]


def test_an_open_entry_goes_before_one_that_is_only_typed_like_it() -> None:
    """ "Rat*" and "rät*" typed without its mark are the same letters: the answer is the same each time."""
    (pack,) = small({}, foreign_hard=["rät*", "rat*"]).packs
    assert [pack.form(word) for word in ("ratlos", "rätlich")] == ["rat*", "rät*"]


def test_an_open_entry_takes_in_words_that_the_pack_has_only_in_phrases() -> None:
    """ "demiss*" is also the word of "carta de demissão"; a word of appointments stays what it is."""
    packs = small({}, cues=["sessão", "demissor"], weekdays=["segunda"], foreign_hard=["demiss*", "carta de demissão"], imperatives=["demissa"])
    assert own("Sessão segunda.", packs) == ["segunda"]
    assert [own(f"Sessão {word} segunda.", packs) for word in ("demissão", "demissa", "demissionado")] == [[], [], []]
    assert own("Demissor segunda.", packs) == ["segunda"]


def test_a_word_of_endless_length_is_no_word_of_the_pack() -> None:
    """A text without white space may be one word of thousands of letters; its front and its ending are not looked for."""
    (pack,) = small({"endings": ["lar"]}, cues=["randevu", "toplan*"]).packs
    assert [pack.form(word) for word in ("randevular", "toplanalım", "toplan" + "a" * 50)] == ["randevu", "toplan*", "toplan*"]
    assert pack.form("toplan" + "a" * 200) == "toplan" + "a" * 200


def test_what_was_looked_up_before_never_changes_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms are remembered for speed only: with no room for them the answers are the same."""
    (warm,) = GERMAN.packs
    words = ["kündigung", "kündigung", "ersatztermin", "klausel"]
    first = [warm.form(word) for word in words]
    monkeypatch.setattr(Pack, "REMEMBERED", 0)
    cold = replace(warm, _forms={})
    assert [warm.form(word) for word in words] == first == [cold.form(word) for word in words]
