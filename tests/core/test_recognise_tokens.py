"""Text cut into tokens: words of the pack, clitics, hyphens, numbers with their signs, scripts beside each other; the short way for plain words too."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.recognise.tokens import PIECE, scan
from tests.core.packs import BAKERY, ELIDED, FRENCH, JOINED, own, small

LETTERS = st.text(st.characters(categories=("L",)), min_size=1, max_size=20)


@given(LETTERS, st.sampled_from(["", *".,;:!?"]))
@example("a", ".")
@example("GMT", ":")
@example("am", ".")
def test_a_word_and_its_mark_are_what_the_expression_reads(word: str, mark: str) -> None:
    chunk = word + mark
    found = [(m.lastgroup, m[0], m[0].lower(), m.start(), m.end(), m.start() == 0) for m in PIECE.finditer(chunk)]
    assert [tuple(token) for token in scan(chunk)] == found


def test_an_elided_word_is_read_as_a_word_of_its_own() -> None:
    """ "L'appel" and "qu'à" are two words each, a word that the pack has whole is one, and every letter stays in its place."""
    (pack,) = FRENCH.packs
    text = "L'appel aujourd'hui, jusqu'à jeudi l'8 mai."
    tokens = scan(text, pack)
    assert [t.low for t in tokens] == ["l'", "appel", "aujourd'hui", ",", "jusqu'", "à", "jeudi", "l'", "8", "mai", "."]
    assert all(text[t.start : t.end] == t.text for t in tokens)


def test_a_word_with_hyphens_is_one_where_the_pack_says_so() -> None:
    """ "Rendez-vous" is one word, "dites-vous" is two."""
    (pack,) = FRENCH.packs
    assert [t.low for t in scan("rendez-vous, dites-vous", pack)] == ["rendezvous", ",", "dites", "-", "vous"]
    assert own("Rendez-vous après-demain à 9.", FRENCH) == ["après-demain à 9"]


def test_what_is_compared_as_it_is_written_does_not_keep_an_elision_whole() -> None:
    """A sign-off "Dans l'attente" does not make "l'attente" a word that the scanner leaves uncut."""
    (pack,) = small(ELIDED, sign_offs=["dans l'attente"]).packs
    assert [t.low for t in scan("l'attente", pack)] == ["l'", "attente"]


def test_an_hour_with_its_unit_written_to_it_is_a_clock_time() -> None:
    """ "14hs", "14:30hrs" and "14h": one token each, whatever the pack."""
    assert [token.kind for token in scan("14hs 14:30hrs 14h 14:30")] == ["clock"] * 4


def test_an_ordinal_with_a_stop_in_it_is_one_token() -> None:
    """ "5.º andar" is a floor, also where the sign has become a letter (Unicode compatibility); "v. 5.otto" is none."""
    assert [token.kind for token in scan("5.o 2.a 5.otto")][:2] == ["ordinal", "ordinal"]
    assert scan("5.otto")[0].kind != "ordinal"
    assert own("Sessão quarta, 5.º andar.", BAKERY) == ["quarta", "5.o andar"]


def test_a_clock_with_the_full_stop_of_its_sentence_is_no_date() -> None:
    """ "11.00." ends a sentence, "5.5." is the fifth of May: there is no month nought and none above twelve."""
    (pack,) = small({"dot_ordinals": True, "noun_capitals": True}, cues=["seans"]).packs
    assert [t.kind for t in scan("seans 11.00. seans 5.5. seans 9.45. seans 24.12.", pack) if t.text[0].isdigit()] == ["clock", "date", "clock", "date"]


def test_letters_of_another_script_are_one_word_beside_a_text_without_spaces() -> None:
    """ "Zoom" is found in "Zoomで"; of an unknown Latin word no part is taken for a word; a number keeps its letter."""
    (pack,) = JOINED.packs
    assert [t.low for t in scan("枠はZoomでzoominです2F会議室", pack)] == ["枠", "は", "zoom", "で", "zoomin", "です", "2f", "会議室"]
    assert [t.low for t in scan("謎abで", pack)] == ["謎", "ab", "で"]


def test_a_latin_word_may_stand_inside_a_word_of_a_script_that_looks_like_no_other() -> None:
    """ "الـZoom" hides nothing; a Latin word with a Cyrillic letter in it does."""
    arabic = small({"prefixes": ["ال"]}, function=["على"], cues=["موعدنا", "zoom"], weekdays=["الأحد"])
    assert own("موعدنا الأحد على الـZoom", arabic) == ["الأحد"]
    assert own("موعدنا الأحد على Z\u043eom", arabic) == []


def test_a_link_lies_where_it_stands_without_the_marks_around_it() -> None:
    text = "See (https://zoom.us/j/97555501190), or <dana@acme.example>."
    tokens = scan(text)
    assert [(t.kind, t.text) for t in tokens if t.kind in ("link", "mailbox")] == [("link", "https://zoom.us/j/97555501190"), ("mailbox", "dana@acme.example")]
    assert all(text[t.start : t.end] == t.text for t in tokens)
