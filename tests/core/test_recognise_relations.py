"""What a sentence says of its times: refused, called off, moved, or none of it because it is denied."""

from dataclasses import replace

from gateway.core.model import TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import recognise
from gateway.core.vocabulary import TEMPLATES
from tests.core.packs import CONTEXT, small


def test_a_sentence_that_refuses_one_time_and_gives_another_says_both_rightly() -> None:
    """ "Pas mardi, mais jeudi" never tells the client that Thursday is impossible."""
    words = {
        "weekdays": ["mardi", "jeudi"],
        "cues": ["appel"],
        "first_person": ["je"],
        "negations": ["impossible"],
        "clause_breaks": ["mais"],
        "proposing": ["propose"],
    }
    packs = small({}, **words)
    tables = {name: name if name in ("greeting", "signature") else f"{name}: {{time}}" for name in TEMPLATES}
    packs = Packs(tuple(replace(pack, templates=tables, template_words=TEMPLATES) for pack in packs.packs))
    read = [
        recognise((TextBlock("1", text),), CONTEXT, packs) for text in ("Appel mardi impossible, mais je propose jeudi.", "Appel mardi impossible, jeudi ?")
    ]
    assert ["unavailable: mardi" in r.company_text and "proposed: jeudi" in r.company_text for r in read] == [True, True]
    assert [r.status for r in read] == ["proposed", "proposed"]
    whole = recognise((TextBlock("1", "Appel mardi, je suis impossible."),), CONTEXT, packs)
    assert "unavailable: mardi" in whole.company_text


def test_what_is_denied_is_neither_called_off_nor_moved_nor_refused() -> None:
    """ "Der Termin fällt nicht aus" leaves the appointment where it is."""
    packs = small(
        {},
        cues=["termin"],
        weekdays=["montag"],
        denials=["nicht"],
        negations=["nicht"],
        cancelling=["fällt", "abgesagt"],
        moving=["verschoben"],
        confirming=["wir bleiben"],
    )
    said = {
        "Termin Montag fällt aus.": "cancelled",
        "Termin Montag fällt nicht aus.": "stated",
        "Termin Montag nicht abgesagt, wir bleiben.": "confirmed",
        "Termin Montag nicht verschoben.": "stated",
    }
    assert {text: recognise((TextBlock("1", text),), CONTEXT, packs).status for text in said} == said
    (pack,) = packs.packs
    templates = pack.templates | {"unavailable": "unmöglich {time}", "signature": "{coach}"}
    spoken = Packs((replace(pack, templates=templates, template_words=frozenset({"Salut", "unmöglich"})),))
    texts = ("Termin Montag nicht.", "Termin Montag nicht verschoben.")
    assert ["unmöglich" in recognise((TextBlock("1", text),), CONTEXT, spoken).company_text for text in texts] == [True, False]
