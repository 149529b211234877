"""Text that hides what it says is found, and ordinary text is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.disguise import (
    APART,
    APART_HEADING,
    GARBLED,
    MIXED_WORDS,
    is_coded_file,
    is_garbled,
    is_set_apart,
    is_turned_round,
    mixes_alphabets,
)

QUESTIONS = (mixes_alphabets, is_turned_round, is_set_apart, is_garbled, is_coded_file)
RUSSIAN = "скрываешь болезнь от совета"


def asked(text: str) -> list[str]:
    """The questions that are answered with yes."""
    return [question.__name__ for question in QUESTIONS if question(text)]


@pytest.mark.parametrize(
    "text",
    [
        "nоtеѕ frоm оur ѕеѕѕiоn",  # Cyrillic in Latin
        "You should r\u0435sign",
        "r\u0435\u200bsign",  # nor does a zero-width space part it
        "r\u03bfom f\u03bfr",  # Greek
        "se\u057dsion",  # Armenian
        "\u13a1esi\u13a6n",  # Cherokee
        "\u0441\u0435\u0433o\u0434\u043d\u044f",  # Latin in Cyrillic
        "оf thе mе",  # once each, in three words
    ],
)
def test_letters_that_pass_for_another_alphabets_are_found(text: str) -> None:
    assert asked(text) == ["mixes_alphabets"]


@pytest.mark.parametrize(
    "text",
    [
        "Юрий Гагарин meets Robin Vale, Ελένη too",  # names in separate words
        "Hans-Юрген",
        "SMSка, PDFку, VIPы",  # Russian endings of Latin words
        "PDFа и ещё один PDFа, а потом PDFа",  # one word, however often
        "10 μm and 5 µm, 3 kΩ, 2 μs, Δt, πr, 3 μF, kΩm",  # units
        "no 1º, 2ª, nº",
        "明日のZoomミーティング、Ｚｏｏｍで",
        "Zoom에서 만나요",
        "בZoom, الـZoom, Zoomที่",
        "Grüße, Łódź, Dvořák, İstanbul, naïve, cafe\u0301",
    ],
)
def test_words_beside_words_of_another_alphabet_are_no_disguise(text: str) -> None:
    assert asked(text) == []


def test_a_letter_of_the_wrong_keyboard_is_forgiven_until_the_third_word() -> None:
    words = ["thе", "оf", "mе"]
    assert len(words) == MIXED_WORDS
    assert not mixes_alphabets(" ".join(words[:-1]))
    assert mixes_alphabets(" ".join(words))


@pytest.mark.parametrize(
    "text",
    [
        "See you\n\u202enoisserped\u202c",
        "\u202e00:51",
        "\u202e\u202bgniser\u202c",  # another sign inside hides nothing of the line
        "\u202ex\u202c \u202egniser",  # nor does a harmless one before it
        "\u202dשלום\u202c",
    ],
)
def test_text_shown_in_another_order_is_found(text: str) -> None:
    assert asked(text) == ["is_turned_round"]


@pytest.mark.parametrize(
    "text",
    [
        "שלום \u200fRobin\u200e, 10:00",
        "مرحبا \u061cRobin \u200f10:00",
        "\u202a+49 170 1234567\u202c",
        "\u202d(555) 123-4567\u202c",  # telephones write numbers so
        "\u2068Robin\u2069 \u2067שלום\u2069 \u202bשלום Robin\u202c",
        "\u202eשלום\u202c Robin",
        "\u202e\nRobin",
    ],
)
def test_direction_marks_and_isolates_are_no_disguise(text: str) -> None:
    assert asked(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "y o u  a r e  j e a l o u s  o f  t h e  n e w  h i r e",
        "t_a_k_e  t_h_e  p_a_c_k_a_g_e",
        "you l e a v i n g him",
        "l.e.a.v.i.n.g",
        "l·e·a·v·i·n·g",
        "l-e-a-v-i-n-g!",
        "l \u200be \u200ba \u200bv \u200bi \u200bn \u200bg",
        "т ы  у х о д и ш ь",
        "Y O U  A R E  G O I N G  T O  L E A V E  T H E  C O M P A N Y  I N  M A Y",  # longer than any heading
    ],
)
def test_words_set_apart_are_found(text: str) -> None:
    assert asked(text) == ["is_set_apart"]


@pytest.mark.parametrize(
    "text",
    [
        "S. O. S.",
        "A B C",
        "a b c d",
        "J. R. R. Vale and A. B. C. D. E. F. Moss",
        "R O B I N  V A L E",
        "R o b i n   V a l e",
        "V A L E  C O A C H I N G  &  C O N S U L T I N G",
        "N E W S L E T T E R",
        "z.B. i.d.R. u.a. m.a.W. e.g. i.e. a.k.a. p.m.",
        "s o o o o o o good",
        "+49 1 7 0 1 2 3 4 5 6 7",
        "0170-1-2-3-4-5-6-7",
        "a, b, c, d, e, f, g",
        "- - - - - - - -",
        "会 議 の お 知 ら せ で す",
        "x-y-z and n/a, y/n, a-z",
    ],
)
def test_initials_headings_and_numbers_are_no_disguise(text: str) -> None:
    assert asked(text) == []


def test_the_measure_of_words_set_apart_is_their_letters() -> None:
    assert not is_set_apart(" ".join("leaving"[: APART - 1]))
    assert is_set_apart(" ".join("leaving"[:APART]))
    capitals = "ROBINVALECOACHINGANDCONSULTINGCOMPANY"
    assert not is_set_apart(" ".join(capitals[: APART_HEADING - 1]))
    assert is_set_apart(" ".join(capitals[:APART_HEADING]))


def test_words_far_apart_or_with_text_between_are_not_added_up() -> None:
    assert is_set_apart("l e a    v e s")
    assert not is_set_apart("l e a     v e s")
    assert not is_set_apart("l e a x1 v e s")


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "iso8859-5"])
@pytest.mark.parametrize("reader", ["cp1252", "latin-1", "iso8859-2"])
def test_russian_read_as_western_is_found(charset: str, reader: str) -> None:
    assert asked(RUSSIAN.encode(charset).decode(reader, "replace")) == ["is_garbled"]


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (RUSSIAN, "utf-8"),
        ("申し訳ありません。\n木曜日に辞めます。", "shift-jis"),
        ("星期四见。\n谢谢你的信。", "gb18030"),
        ("άνοιξε την πόρτα και φύγε", "cp1253"),
        ("היא מסתירה מחלה מהמנהל שלה", "cp1255"),
    ],
)
def test_other_alphabets_read_as_western_are_found(text: str, charset: str) -> None:
    assert is_garbled(text.encode(charset).decode("latin-1"))


@pytest.mark.parametrize(
    "text",
    [
        RUSSIAN,
        "Grüße aus Łódź, żółć, ışığını, «\u00a0À bientôt\u00a0», Ça créée",
        "GrÃ¼ÃŸe und schÃ¶ne Feiertage",  # readable to everybody
        "ÐœÐ°Ñ€Ð¸Ñ wrote:",  # one broken name
        "———————————————— •••••••••••••••• ……………………",
        "éééééééééééééé",
        "🎉👩\u200d🚀❤\ufe0f☕",
    ],
)
def test_accents_rules_and_one_broken_name_are_no_disguise(text: str) -> None:
    assert asked(text) == []


def test_the_measure_of_garbled_text_is_its_length() -> None:
    word = "ñêðûâàåøüáîëåçíü"
    assert not is_garbled(f"{word[:6]} {word[6 : GARBLED - 1]}")
    assert is_garbled(f"{word[:6]} {word[6:GARBLED]}")
    assert not is_garbled(word)


@pytest.mark.parametrize("line", ["begin 644 notes.txt", "begin-base64 0644 notes.txt", "=ybegin line=128 size=9 name=a", "> begin 755 x"])
def test_a_file_coded_as_text_is_found(line: str) -> None:
    assert asked(f"See you.\n{line}\n") == ["is_coded_file"]


@pytest.mark.parametrize("line", ["begin 10 minutes late", "We begin 644 notes", "begin", "=end"])
def test_the_word_begin_is_no_coded_file(line: str) -> None:
    assert asked(line) == []


@given(st.text(st.characters(max_codepoint=127, categories=["Ll", "Zs", "Nd"]), max_size=80))
def test_only_letters_set_apart_hide_anything_in_plain_small_letters(text: str) -> None:
    """Of text in ASCII letters, digits and spaces, nothing else can be said."""
    assert asked(text) in ([], ["is_set_apart"])


@given(st.text(max_size=80))
def test_no_text_stops_a_question(text: str) -> None:
    assert all(question(text) in (True, False) for question in QUESTIONS)
