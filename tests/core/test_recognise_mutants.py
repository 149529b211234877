"""Behaviour of the recogniser that a mutation run found untested: each test here is the one that notices a certain small change of its code."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.model import Fact, FactKind, Reading, RecogniserContext, Sentence, Status, TextBlock
from gateway.core.recognise import is_composed, recognise
from gateway.core.recognise.template import company_text, fact_lines
from gateway.core.vocabulary import load_packs
from tests.policies.cast import shipped

LANGUAGES = Path(__file__).parents[2] / "policies/languages"
PACKS = load_packs({str(f.relative_to(LANGUAGES)): f.read_text("utf-8") for f in LANGUAGES.rglob("*.toml")}, platforms=shipped().platforms)
ENGLISH = next(pack for pack in PACKS.packs if pack.language == "en")
CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",), places=("Orchard Rooms",))


def read(text: str, subject: str = "", context: RecogniserContext = CONTEXT) -> Reading:
    return recognise((TextBlock("subject", subject), TextBlock("1", text)), context, PACKS)


def own(text: str) -> list[str]:
    return [fact.text for fact in read(text).facts if fact.owner == "appointment"]


def approved(text: str) -> list[bool]:
    return [sentence.approved for sentence in read(text).sentences]


# --- frames: a sentence passes whole or not at all


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


# --- the proof and the company text


def _changed(reading: Reading, **changes: object) -> Reading:
    return Reading(**{**{name: getattr(reading, name) for name in Reading.__slots__}, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["greeting", "signature", "sign-off"])
def test_what_is_replaced_accounts_for_nothing_in_the_company_text(rule: str) -> None:
    reading = read("Thursday at 3 works.")
    said = Sentence("1", "Petrocelli", True, rule)
    assert not is_composed(_changed(reading, sentences=(*reading.sentences, said), company_text=reading.company_text + "Petrocelli"), CONTEXT, PACKS)


def test_a_withheld_sentence_accounts_for_nothing_in_the_company_text() -> None:
    reading = read("Thursday at 3 works.")
    withheld = Sentence("1", "You cried.", False, "unexplained-word", "cried")
    assert not is_composed(_changed(reading, sentences=(*reading.sentences, withheld), company_text=reading.company_text + "You cried."), CONTEXT, PACKS)


def test_a_fact_of_another_matter_accounts_for_nothing_in_the_company_text() -> None:
    reading = read("Thursday at 3 works.")
    fact = Fact(FactKind.TIME, "Monday", "1", "panel")
    assert not is_composed(_changed(reading, facts=(*reading.facts, fact), company_text=reading.company_text + "Monday"), CONTEXT, PACKS)


@pytest.mark.parametrize("added", ["DanaTime", "TimeDana", "Dana_Time", "Time_Dana", "Danaship", "1Dana"])
def test_an_approved_text_accounts_for_whole_words_only(added: str) -> None:
    reading = read("Thursday at 3 works.")
    assert is_composed(_changed(reading, company_text=reading.company_text + "Dana"), CONTEXT, PACKS)
    assert not is_composed(_changed(reading, company_text=reading.company_text + added), CONTEXT, PACKS)
    assert not is_composed(_changed(reading, company_text=reading.company_text + added + " Dana"), CONTEXT, PACKS)


def test_the_proof_answers_with_no_where_nothing_can_be_proved() -> None:
    reading = read("Thursday at 3 works.")
    assert is_composed(_changed(reading, language="xx"), CONTEXT, PACKS) is False
    assert is_composed(_changed(reading, appointment=False), CONTEXT, PACKS) is False


@pytest.mark.parametrize("names", [(), ("",), (" ",)])
def test_without_a_name_the_greeting_has_none_and_without_a_coach_nobody_signs(names: tuple[str, ...]) -> None:
    assert read("Thursday at 3 works.", context=RecogniserContext(client_names=names)).company_text == "Hello,\n\nThursday at 3 works.\n"


def test_a_company_text_without_a_line_is_none() -> None:
    assert company_text([], CONTEXT, ENGLISH) == ""
    assert company_text([""], CONTEXT, ENGLISH) == ""
    assert company_text(["", "Time: 9:00."], CONTEXT, ENGLISH) == "Hello Dana,\n\nTime: 9:00.\n\nRobin Vale\n"


def test_facts_of_one_kind_stand_in_one_line() -> None:
    reading = read("We meet in Room 4 with a goose in Room 5 on Friday with a goose on Monday.")
    assert reading.company_text == "Hello Dana,\n\nTime: Friday, Monday.\nPlace: Room 4, Room 5.\n\nRobin Vale\n"


def test_facts_without_a_time_say_nothing_of_a_time() -> None:
    assert fact_lines("stated", [Fact(FactKind.PLACE, "Room 4", "1", "appointment")], ENGLISH) == ["Place: Room 4."]


def test_without_a_coach_no_word_of_the_signature_is_said() -> None:
    pack = replace(ENGLISH, templates={**ENGLISH.templates, "signature": "Yours, {coach}"})
    assert company_text(["Time: 9:00."], RecogniserContext(), pack) == "Hello,\n\nTime: 9:00.\n"


def test_a_subject_without_a_time_is_neutral() -> None:
    assert read("I'll call you on your mobile.").company_subject == "Appointment"


def test_the_proof_reads_the_subject_from_its_first_character() -> None:
    reading = read("Thursday at 3 works.")
    assert is_composed(_changed(reading, company_subject="Dana"), CONTEXT, PACKS)
    assert not is_composed(_changed(reading, company_subject="9"), CONTEXT, PACKS)


# --- whose a fact is

FRIDAY = "Friday at 10:00"


@pytest.mark.parametrize("mark", [",", ";", " (", " -", " \u2013", " \u2014", " because", " and", " so", " while", " as"])
def test_a_clause_is_judged_by_its_own_words(mark: str) -> None:
    """Another person's clause takes its own times with it and leaves those beside it."""
    assert own(f"I can do {FRIDAY}{mark} she left on Monday.") == [FRIDAY]
    assert own(f"She left on Monday{mark} I can do {FRIDAY}.") == [FRIDAY]


def test_a_hyphen_inside_a_word_ends_no_clause() -> None:
    assert own("I can do the she-goose on Friday at 10:00.") == []


@pytest.mark.parametrize("text", ["Do Friday, tell Mark.", "Do Friday and tell Mark.", "Do Friday; tell Mark."])
def test_a_day_beside_an_order_shows_no_appointment(text: str) -> None:
    assert not read(text).appointment


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("The dentist is on Friday at 10:00.", False),
        ("I see the dentist on Friday at 10:00.", True),
        ("I see the dentist with you on Friday at 10:00.", False),
        ("I have the dentist before your next call on Friday at 10:00.", False),
        ("See you Friday at 10:00, beside the school.", False),
    ],
)
def test_a_matter_that_may_be_the_coachs_own_counts_unless_she_speaks_of_herself_alone(text: str, is_own: bool) -> None:
    assert (FRIDAY in own(text)) is is_own


def test_a_word_of_such_a_matter_inside_a_place_counts_for_nothing() -> None:
    assert own("See you Friday at 10:00 at the school gate.") == [FRIDAY, "the school gate"]


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ('I said "ok" to Friday at 10:00.', True),
        ('I said "be brave now" on Friday at 10:00.', True),
        ('I said "be brave right now" on Friday at 10:00.', False),
        ("I said \u201cbe brave right now\u201d on Friday at 10:00.", False),
        ("I said \u00abbe brave right now\u00bb on Friday at 10:00.", False),
        ("I said \u201ebe brave right now\u201c on Friday at 10:00.", False),
        ('I said "be brave on Friday at 10:00.', False),
        ('I said be brave" on Friday at 10:00.', False),
    ],
)
def test_a_sentence_that_quotes_a_saying_gives_no_fact(text: str, is_own: bool) -> None:
    """Up to three words in quotation marks are a name, more are what somebody said; half a pair may be either."""
    assert (FRIDAY in own(text)) is is_own


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("You can rest on Friday at 10:00.", False),
        ("You can rest after our session on Friday at 10:00.", True),
        ("You can see me on Friday at 10:00.", True),
        ("Would you be there on Friday at 10:00?", True),
        ("Would you be there on Friday at 10:00, goose.", False),
        ("You told me of Friday at 10:00.", False),
        ("You really told me of Friday at 10:00.", False),
        ("You whispered to me on Friday at 10:00.", False),
        ("You were with me on Friday at 10:00.", False),
        ("You never let me be on Friday at 10:00.", False),
        ("You cancelled our session on Friday at 10:00.", True),
        ("You need me on Friday at 10:00.", True),
        ("You feed me on Friday at 10:00.", True),
        ("You baked for me on Friday at 10:00.", False),
        ("You whisper to me on Friday at 10:00.", True),
        ("Friday at 10:00 is for your goose.", False),
        ("Your badge comes on Friday at 10:00.", True),
        ("I whispered to you on Friday at 10:00.", True),
        ("I told you of our call on Friday at 10:00.", True),
        ("Your goose is on Friday at 10:00.", False),
        ("Your session is on Friday at 10:00.", True),
        ("Your only session is on Friday at 10:00.", True),
        ("Friday at 10:00 is yours.", True),
    ],
)
def test_what_the_client_does_or_has_is_hers_unless_it_is_of_the_appointment(text: str, is_own: bool) -> None:
    assert (FRIDAY in own(text)) is is_own


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("Please just tell Mark on Friday at 10:00.", False),
        ("Tell calls on Friday at 10:00.", False),
        ("Hold Friday at 10:00.", False),
        ("Hold Friday at 10:00 for our call.", True),
        ("Note calls on Friday at 10:00.", True),
        ("Hold on Friday at 10:00 the line in Room 4.", True),
        ("Hold Friday at 10:00, Room 4 is far.", False),
        ("Room 4 is far, hold Friday at 10:00.", False),
        ("Hold it on Friday at 10:00 or on Monday at 9:00.", False),
        ("Block Friday at 10:00.", False),
    ],
)
def test_an_order_gives_its_time_away_unless_it_is_about_the_appointment(text: str, is_own: bool) -> None:
    """A word of appointments, a place or a number must stand in the clause of the order itself, behind its verb."""
    assert (FRIDAY in own(text)) is is_own


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("We discuss the Friday goose.", []),
        ("We discuss the Friday (goose).", ["Friday"]),
        ("We discuss the Friday.", ["Friday"]),
        ("We discuss Friday goose.", ["Friday"]),
        ("We discuss Monday's goose.", []),
        ("We discuss the Friday = goose.", []),
        ("We discuss this Friday goose.", []),
        ("We discuss the Friday session.", ["Friday"]),
        ("Monday's goose, we meet.", []),
        ("This Friday goose, we meet.", []),
        ("We meet Friday at 10:00 = the goose goes.", []),
    ],
)
def test_a_time_before_a_noun_that_is_not_understood_belongs_to_it(text: str, facts: list[str]) -> None:
    assert own(text) == facts


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("Friday at 10:00: hand in the keys.", False),
        ("Friday at 10:00: the goose goes.", False),
        ("Friday at 10:00: our session.", True),
        ("Friday at 10:00: here.", True),
        ("Friday at 10:00: Dana.", True),
        ("Friday at 10:00: he sees me.", False),
        ("Friday at 10:00: I goose.", True),
        ("Friday at 10:00; the goose goes.", True),
    ],
)
def test_a_time_with_a_colon_behind_it_belongs_to_what_follows(text: str, is_own: bool) -> None:
    assert (FRIDAY in own(text)) is is_own


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("We meet, not Friday at 10:00.", []),
        ("We meet Friday at 10:00, not Room 4, goose.", [FRIDAY]),
        ("Friday at 10:00 works, why not", [FRIDAY]),
        ("We meet Friday at 10:00 in Room 4, never Room 5, goose.", [FRIDAY, "Room 4"]),
        ("We goose Friday at 10:00 at the Oncology Building.", [FRIDAY]),
        ("We praise the bridge on Friday at 10:00.", [FRIDAY]),
        ("We meet at the bridge on Friday at 10:00.", ["the bridge", FRIDAY]),
        ("We goose at the bridge on Friday at 10:00.", ["the bridge", FRIDAY]),
        ("The bridge is ours, we meet Friday at 10:00.", ["The bridge", FRIDAY]),
        ("The bridge goose, we meet Friday at 10:00.", [FRIDAY]),
        ("We praise Orchard Rooms on Friday at 10:00.", ["Orchard Rooms", FRIDAY]),
        ("We praise the same link on Friday at 10:00.", ["the same link", FRIDAY]),
        ("Lasts ninety minutes.", []),
        ("The goose lasts ninety minutes.", []),
        ("Our session lasts ninety minutes.", ["ninety minutes"]),
        ("The bus takes ninety minutes.", ["ninety minutes"]),
        ("The goose lasts ninety minutes, I think.", ["ninety minutes"]),
    ],
)
def test_what_is_denied_or_tells_more_or_stands_loose_is_no_fact(text: str, facts: list[str]) -> None:
    assert own(text) == facts


def test_a_place_that_tells_more_than_where_one_meets_is_not_said_though_a_frame_explains_its_sentence() -> None:
    assert "Oncology" not in read("We meet Friday at 10:00 at the Oncology Building.").company_text


def test_what_the_client_does_weighs_nothing_against_the_appointment_but_a_foreign_matter_does() -> None:
    assert read("Does Friday tickle?\n\nYou need lunch on Monday.").appointment
    assert read("Does Friday tickle?\n\nHe needs lunch on Monday.").appointment
    assert not read("Does Friday tickle?\n\nThe panel meets on Monday.").appointment


# --- the gate of the mail and the parts of a letter


def test_a_fact_of_the_appointment_that_is_no_time_opens_nothing_by_itself() -> None:
    assert not read("Hi Dana,\n\nThe goose is in Room 4.\n\nRobin").appointment


def test_two_weak_days_do_not_outweigh_a_foreign_matter() -> None:
    assert not read("Goose and duck Friday.\n\nGoose and duck Monday.\n\nThe panel meets on Tuesday.").appointment


def test_the_subject_names_no_time_of_another_matter() -> None:
    assert read("The panel meets on Monday at 9:00.\n\nWe meet Friday at 10:00.").company_subject == f"Appointment: {FRIDAY}"


def test_a_line_whose_label_names_another_matter_gives_no_fact() -> None:
    assert own(f"We meet on Monday at 9:00.\n\nAgenda: {FRIDAY}") == ["Monday at 9:00"]


def test_what_stands_below_the_sign_off_is_no_part_of_the_letter() -> None:
    assert own(f"See you on Monday.\n\nBest wishes,\nRobin\n\n{FRIDAY} works.") == ["Monday"]


def test_a_capital_behind_a_preposition_is_a_place_only_where_a_place_may_stand() -> None:
    assert own(f"See you at Philz, {FRIDAY}.") == ["Philz", FRIDAY]
    assert own(f"I believe in Philz, {FRIDAY}.") == [FRIDAY]
