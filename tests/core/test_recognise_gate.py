"""Whether the sentences of a mail together speak of an appointment, and what one takes away from another."""

from gateway.core.model import TextBlock
from gateway.core.recognise import recognise
from tests.core.packs import CONTEXT, own, read, small


def test_a_time_before_a_colon_belongs_to_the_next_line() -> None:
    """ "Jeudi à 9 :" over an order is its deadline; over a list of slots it is their day."""
    packs = small({}, weekdays=["jeudi", "mardi"], bound_prepositions=["à"], time_joiners=["à"], imperatives=["écris"], cues=["appel"], function=["libre"])
    assert own("Appel mardi.\nJeudi à 9 :\nécris à ta mère", packs) == ["mardi"]
    assert own("Appel mardi.\nJeudi à 9 :\nlibre", packs) == ["mardi", "Jeudi à 9"]


def test_a_cautious_pack_wants_a_sign_of_an_appointment_in_the_mail() -> None:
    """A time that nobody else owns is enough elsewhere; here a word of appointments, a label, or a sentence of known words must stand in the mail."""
    words = {"function": ["は", "です"], "weekdays": ["火曜"], "meridiem": ["時"], "cues": ["会議"], "labels_time": ["日時"], "place_heads_after": ["室"]}
    plain, cautious = small({"spaced": False}, **words), small({"spaced": False, "cautious": True}, **words)
    assert recognise((TextBlock("1", "火曜9時、謎です。"),), CONTEXT, plain).appointment
    assert not recognise((TextBlock("1", "火曜9時、謎です。"),), CONTEXT, cautious).appointment
    for text in ("火曜9時、謎です。会議は火曜です。", "火曜9時です。", "日時:火曜9時", "火曜9時、谷川室、謎です。"):
        assert recognise((TextBlock("1", text),), CONTEXT, cautious).appointment, text


def test_what_the_client_does_weighs_nothing_against_the_appointment_but_a_foreign_matter_does() -> None:
    assert read("Does Friday tickle?\n\nYou need lunch on Monday.").appointment
    assert read("Does Friday tickle?\n\nHe needs lunch on Monday.").appointment
    assert not read("Does Friday tickle?\n\nThe panel meets on Monday.").appointment


def test_a_fact_of_the_appointment_that_is_no_time_opens_nothing_by_itself() -> None:
    assert not read("Hi Dana,\n\nThe goose is in Room 4.\n\nRobin").appointment


def test_two_weak_days_do_not_outweigh_a_foreign_matter() -> None:
    assert not read("Goose and duck Friday.\n\nGoose and duck Monday.\n\nThe panel meets on Tuesday.").appointment


def test_a_subject_however_certain_weighs_no_more_than_a_likely_sign() -> None:
    """ "Our session on Thursday at 10:00" over a mail of other matters opens nothing."""
    weak, panels = "Goose and duck Friday.", "The panel meets on Monday.\n\nThe panel meets on Tuesday."
    assert not read(f"{weak}\n\n{panels}", subject="Our session on Thursday at 10:00").appointment
    assert read(weak, subject="Our session on Thursday at 10:00").appointment
