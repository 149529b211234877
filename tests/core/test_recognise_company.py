"""What the company is told: the words of the pack around facts and sentences, and the subject."""

from dataclasses import replace

import pytest

from gateway.core.model import Fact, FactKind, RecogniserContext
from gateway.core.recognise.template import company_text, fact_lines
from tests.core.packs import CONTEXT, ENGLISH, read, small

FRIDAY = "Friday at 10:00"


def test_a_day_alone_is_no_length_of_time() -> None:
    """ "Tomorrow" is a time, "60 minutes" is how long it takes."""
    (pack,) = small({}, day_words=["demain"], units=["minutes"]).packs
    pack = replace(pack, templates=pack.templates | {"duration": "longueur {time}", "stated": "heure {time}"})
    day, length = Fact(FactKind.TIME, "demain", "1", "appointment", 0), Fact(FactKind.TIME, "60 minutes", "1", "appointment", 0)
    assert fact_lines("stated", [day], pack) == ["heure demain"]
    assert fact_lines("stated", [length], pack) == ["longueur 60 minutes"]


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


def test_the_subject_names_no_time_of_another_matter() -> None:
    assert read("The panel meets on Monday at 9:00.\n\nWe meet Friday at 10:00.").company_subject == f"Appointment: {FRIDAY}"


def test_the_times_of_a_subject_that_is_older_than_the_mail_are_not_said() -> None:
    """The subject of a reply stays; once the body names day and hour, its own is overtaken."""
    body = "We meet on Friday at 9:00, goose."
    assert "Thursday" in read(body, subject="goose Thursday 10:00").company_text
    assert "Thursday" not in read(body, subject="Re: goose Thursday 10:00").company_text
    assert "Thursday" in read("We meet on Friday, goose.", subject="Re: goose Thursday 10:00").company_text
