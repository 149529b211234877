"""A letter cut into its parts and its sentences: salutation, rows, labelled lines, history, the lines below it."""

from gateway.core.model import TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import recognise
from gateway.core.recognise.sentences import split
from tests.core.packs import CONTEXT, ELIDED, GERMAN, JOINED, PACKS, SPACED, SPANISH, own, small

FRIDAY = "Friday at 10:00"


def parts(text: str, packs: Packs) -> list[tuple[str, str]]:
    return [(piece.part, piece.text) for piece in split("1", text, packs.packs[0], packs)]


def test_the_date_of_a_quoted_mail_is_when_it_was_written() -> None:
    """Header lines of history give no fact, a labelled line in its text may."""
    packs = small({}, weekdays=["jeudi"], history_openers=["message transféré"], history_headers=["de", "date"], labels_time=["date"], months=["mai"])
    quoted = "Message transféré :\nDe : Dana\nDate : 12 mai 9:00\n\nBonjour"
    assert own(quoted, packs) == []
    assert own(quoted + "\nDate : jeudi 14 mai 9:00", packs) == ["jeudi 14 mai 9:00"]


def test_a_label_is_compared_as_it_is_written() -> None:
    """Hyphens and elisions of a label stay in it: "Rendez-vous :", "Code d'accès :"."""
    packs = small(ELIDED, weekdays=["jeudi"], labels_time=["rendez-vous"], labels_code=["code d'accès"], function=["d'"])
    assert own("Rendez-vous : jeudi\nCode d'accès : 4711", packs) == ["jeudi", "Code d'accès : 4711"]


def test_the_numbers_of_a_list_are_no_part_of_its_rows() -> None:
    """ "1) jueves a las 3": the day and the hour, in a list whose marks need no explanation."""
    assert own("Sesión:\n1) jueves a las 3\n2) 5 mayo a las 4", SPANISH) == ["jueves a las 3", "5 mayo a las 4"]


def test_a_sentence_ends_at_the_stop_of_its_script() -> None:
    assert [text for _, text in parts("火曜9時です。面接の結果。", JOINED)] == ["火曜9時です。", "面接の結果。"]
    assert own("枠は火曜9時です。面接は木曜。", JOINED) == ["火曜9時"]


def test_a_line_that_ends_in_a_particle_goes_on_in_the_next() -> None:
    assert parts("面接の\n火曜9時です。\n木", JOINED) == [("body", "面接の 火曜9時です。"), ("body", "木")]


def test_a_name_without_capitals_is_told_by_its_title() -> None:
    """A salutation ends in a title; without one the words are the body's. Below the letter a name is what no pack knows."""
    assert parts("三谷様、火曜9時です。", JOINED)[0] == ("greeting", "三谷様、")
    assert parts("試合、火曜9時です。", JOINED)[0][0] == "body"
    assert parts("三谷様は火曜9時です。", JOINED)[0][0] == "body"
    assert parts("राघवन जी, मंगलवार 9 बजे", SPACED)[0] == ("greeting", "राघवन जी,")
    assert parts("नमस्ते श्री राघवन, मंगलवार 9 बजे", SPACED)[0] == ("greeting", "नमस्ते श्री राघवन,")
    assert parts("火曜9時です。\n\n藤本 由紀", JOINED)[-1] == ("signature", "藤本 由紀")
    reading = recognise((TextBlock("1", "火曜9時です。\n敬具\n藤本 由紀\n面接 由紀"),), CONTEXT, JOINED)
    assert [s.rule for s in reading.sentences[1:]] == ["sign-off", "signature", "signature-not-plain"]


def test_a_line_that_ends_in_the_stop_of_its_script_is_no_row_of_a_list() -> None:
    assert [part for part, _ in parts("火曜 9時です。\n月曜の試合。", JOINED)] == ["body", "body"]
    assert [part for part, _ in parts("火曜 9時\n火曜 11時", JOINED)] == ["row", "row"]


def test_a_line_whose_label_names_another_matter_gives_no_fact() -> None:
    assert own(f"We meet on Monday at 9:00.\n\nAgenda: {FRIDAY}") == ["Monday at 9:00"]


def test_what_stands_below_the_sign_off_is_no_part_of_the_letter() -> None:
    assert own(f"See you on Monday.\n\nBest wishes,\nRobin\n\n{FRIDAY} works.") == ["Monday"]


def test_what_is_quoted_never_joins_the_line_before_it() -> None:
    """However long that line is: it would go on as the coach's own words."""
    long = "See you on Friday at the usual place and bring what we need for it"
    assert [part for part, _ in parts(f"{long}\n> on Monday", PACKS)] == ["body", "quoted"]


def test_a_stop_apart_from_its_number_ends_the_sentence() -> None:
    """ "5. geht" is the fifth, "5 . Das" is none."""
    assert [text for _, text in parts("Termin 5 . das passt", GERMAN)] == ["Termin 5 .", "das passt"]
    assert [text for _, text in parts("Termin 5. das passt", GERMAN)] == ["Termin 5. das passt"]


def test_the_name_below_a_letter_may_have_a_line_below_it_but_none_apart() -> None:
    assert [part for part, _ in parts("See you on Friday.\n\nRobin Vale\nLeeds", PACKS)] == ["body", "signature", "signature"]
    assert [part for part, _ in parts("See you on Friday.\n\nErik\n\nRobin", PACKS)] == ["body", "body", "signature"]


def test_a_salutation_may_name_two() -> None:
    for names in ("Hi Dana / Erik,", "Hi Dana & Erik,"):
        assert parts(f"{names} see you on Friday.", PACKS) == [("greeting", names), ("body", "see you on Friday.")]


def test_a_letter_of_names_alone_has_no_body_but_its_first_line() -> None:
    assert [part for part, _ in parts("Friday\nErik\nRobin", PACKS)] == ["body", "signature", "signature"]
