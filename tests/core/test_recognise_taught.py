"""What a coach teaches: which sentences it opens, for whom, and what it never opens."""

from dataclasses import replace

import pytest

from gateway.core.audience import context_for, with_lessons
from gateway.core.model import Coach, ForwardPath, Lesson, Mailbox, Reading, Recipient, RecogniserContext, Role, Taught, TextBlock
from gateway.core.pack import Packs
from gateway.core.phrases import Automaton
from gateway.core.recognise import is_composed, recognise
from gateway.core.recognise.language import sure
from gateway.core.recognise.taught import MOST_WORDS, Unteachable, check_place, packs_with, pattern_of, with_taught
from tests.core.test_recognise import CONTEXT, PACKS

ENGLISH, GERMAN = (next(p for p in PACKS.packs if p.language == language) for language in ("en", "de"))
POND = "See you at the bandstand by the old pond on Tuesday at 10."


def taught(*sentences: str, language: str = "en") -> RecogniserContext:
    """The context of a coach who taught these sentences."""
    pack = next(p for p in PACKS.packs if p.language == language)
    return replace(CONTEXT, taught=tuple(Taught(language, pattern_of(s, pack, CONTEXT)) for s in sentences))


def read(text: str, context: RecogniserContext = CONTEXT) -> Reading:
    return recognise((TextBlock("1", text),), context, PACKS)


def test_a_taught_sentence_passes_with_another_day() -> None:
    other = POND.replace("Tuesday at 10", "Friday, 6 March, 11:30")
    assert other not in read(other).company_text
    reading = read(f"{other} Your boss is a tyrant.", taught(POND))
    assert other in reading.company_text
    assert "boss" not in reading.company_text
    assert not reading.complete
    assert reading.sentences[0].rule == "taught"


@pytest.mark.parametrize(
    ("sentence", "pattern"),
    [
        (POND, "see you at the bandstand by the old pond on {time}"),
        ("- (Bring the blue mat, Dana, to Room 4!)", "bring the blue mat , {name} , to {place}"),
        ("Hi Dana, mind the geese until Friday.", "mind the geese {time}"),
        ("Same link opens the hamper as https://meet.coach.example/robin", "{means} opens the hamper as {link}"),
        ("Ring the mill on 020 7946 0455 for the key", "ring the mill on {phone} for the key"),
        ("See you at Philz, Tuesday at 10 at Philz.", "see you at philz , {time} at philz"),  # a guessed place is a word, not a slot
        ("Trot", "trot"),
        ("Namaste Dana", "namaste {name}"),
    ],
)
def test_the_pattern_of_a_sentence(sentence: str, pattern: str) -> None:
    assert pattern_of(sentence, ENGLISH, CONTEXT) == pattern


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("", "no word"),
        ("...", "no word"),
        ("Tuesday at 10", "nothing in it to learn"),
        ("Your interview prep is on Tuesday", "'interview'"),
        ("I asked about her on Tuesday", "'her'"),
        ("Mind the geese at the Oncology Building", "'oncology'"),
        ("Bring your mat. Mind the geese.", "one sentence"),
        ("Write to me at milo@home.example", "address: milo@home.example"),
        ("Read https://pad.example/doc?a=b before", "link that is not on your list"),
        ("Bring " + "o" * 201, "no word"),
        ("Bring the mat (the blue one) on Tuesday", "mark ("),
        ("trot " * (MOST_WORDS + 1), f"more than {MOST_WORDS} words"),
        ("session", "'session' is understood already"),
        ("never", "'never' is understood already"),
        ("> Mind the geese", "quoted history"),
        ("Mind the g\u0435ese", "two alphabets"),
    ],
)
def test_what_cannot_be_taught_is_refused_with_the_reason(sentence: str, why: str) -> None:
    with pytest.raises(Unteachable, match=why.replace("(", r"\(")):
        pattern_of(sentence, ENGLISH, CONTEXT)


def test_a_taught_word_may_stand_for_the_appointment() -> None:
    reading = read("Our trot is confirmed for Tuesday at 10.", taught("trot"))
    assert "Our trot is confirmed for Tuesday at 10." in reading.company_text
    assert "Our trot is confirmed" not in read("Our trot is confirmed for Tuesday at 10.").company_text
    assert "canter" not in read("Our canter is confirmed for Tuesday at 10.", taught("trot")).company_text


def test_a_taught_phrase_may_follow_a_clause() -> None:
    assert "See you Tuesday at 10 by the lime tree." in read("See you Tuesday at 10 by the lime tree.", taught("by the lime tree")).company_text


def test_a_taught_phrase_without_a_time_opens_no_mail() -> None:
    reading = read("Mind the geese! Your boss is a tyrant.", taught("Mind the geese"))
    assert reading.sentences[0].approved
    assert reading.company_text == ""


def test_a_taught_line_below_the_letter_is_approved_and_not_carried() -> None:
    letter = "We meet on Tuesday at 10:00.\n\nBest wishes,\nRobin\nWith mud on the boots"
    assert not read(letter).complete
    reading = read(letter, taught("With mud on the boots"))
    assert reading.complete
    assert "mud" not in reading.company_text
    assert not read(letter.replace("mud", "blood"), taught("With mud on the boots")).complete


def test_a_taught_line_below_the_letter_may_not_tell_either() -> None:
    letter = "We meet on Tuesday at 10:00.\n\nBest wishes,\nRobin\nWith mud until "
    context = taught("With mud until Tuesday in the Burton Building")
    assert read(letter + "Friday in the Harlow Building", context).complete
    assert not read(letter + "Friday in the Oncology Building", context).complete


def test_a_taught_row_keeps_the_facts_of_its_list() -> None:
    rows = "We can meet:\n- Tuesday at 10 with the geese\n- Friday at 11"
    assert "Friday at 11" not in read(rows).company_text
    assert "Tuesday at 10 with the geese" in read(rows, taught("Tuesday at 10 with the geese")).company_text


@pytest.mark.parametrize(
    "text",
    [
        "See you at the bandstand by the old pond on your last working day.",
        "See you at the bandstand by the old pond on Tuesday at 10 with her.",
        "See you at the bandstand by the old pond on Tuesday at 10 for the interview.",
        "Your interview is by the old pond on Tuesday at 10.",
        "> See you at the bandstand by the old pond on Tuesday at 10.",
    ],
)
def test_a_taught_phrase_opens_no_foreign_fact(text: str) -> None:
    assert read(text, taught(POND)).company_text == ""


def test_a_place_that_tells_fills_no_slot_of_a_taught_phrase() -> None:
    context = taught("Mind the geese at the Burton Building on Tuesday")
    assert "geese at the Harlow Building" in read("Mind the geese at the Harlow Building on Friday at 9. It rains.", context).company_text
    assert "geese" not in read("Mind the geese at the Oncology Building on Friday at 9. It rains.", context).company_text


@pytest.mark.parametrize("pattern", ["his dog on {time}", "the interview on {time}", "{noun} geese", "(geese", "", "{time}"])
def test_a_stored_pattern_that_the_pack_must_not_take_teaches_nothing(pattern: str) -> None:
    """It was written by another version of the program, or the pack has grown since; reading goes on without it."""
    assert with_taught(ENGLISH, (Taught("en", pattern),)) is ENGLISH
    assert "We meet on Tuesday at 10:00." in read("We meet on Tuesday at 10:00.", replace(CONTEXT, taught=(Taught("en", pattern),))).company_text


def test_what_is_taught_in_one_language_changes_no_other() -> None:
    packs = packs_with(PACKS, (Taught("en", "mind the geese"),))
    assert [a is b for a, b in zip(packs.packs, PACKS.packs, strict=True)] == [p.language != "en" for p in PACKS.packs]
    assert packs_with(PACKS, ()) is PACKS
    assert packs_with(PACKS, (Taught("en", "mind the geese"),)) is packs
    assert packs_with(Packs(PACKS.packs[:1]), (Taught("en", "mind the geese"),)) is not packs


def test_german_is_taught_in_german() -> None:
    sentence = "Wir treffen uns beim Ententeich am Dienstag um 10 Uhr."
    other = sentence.replace("Dienstag um 10", "Freitag um 11")
    assert other not in read(other).company_text
    assert other in read(other, taught(sentence, language="de")).company_text


def test_only_the_coach_who_taught_is_understood() -> None:
    """The words are in the coach's own record, and the context is made from that of the tenant alone."""
    someone = Recipient(ForwardPath("x@acme.example", Mailbox("x", "acme.example")), Role.UNKNOWN)
    lessons = Lesson("place", "", "Ludo"), Lesson("phrase", "en", "mind the geese on {time}")
    teaching = with_lessons(Coach("Robin Vale", (), places=("Hall 3",), phrases=(Taught("en", "old"),)), lessons)
    assert teaching == Coach("Robin Vale", (), places=("Ludo",), phrases=(Taught("en", "mind the geese on {time}"),))
    hers, others = context_for(someone, teaching, ("Hall 9",)), context_for(someone, Coach("Vera Lind", ()), ("Hall 9",))
    assert hers.places == ("Hall 9", "Ludo")
    text = "Mind the geese on Tuesday at 10. We meet Tuesday at 10, Ludo."
    assert "geese" in read(text, hers).company_text
    assert "Ludo" in read(text, hers).company_text
    assert "geese" not in read(text, others).company_text
    assert "Ludo" not in read(text, others).company_text


def test_the_proof_holds_for_what_was_taught() -> None:
    context = taught(POND, "trot")
    reading = read(f"{POND} Trot on Friday at 9?", context)
    assert reading.company_text
    assert is_composed(reading, context, PACKS)


@pytest.mark.parametrize("place", ["The Bandstand", "Il Forno", "L'Atelier", "Studio 9 (rear)"])
def test_a_place_that_may_be_taught(place: str) -> None:
    assert check_place(f"  {place} ", PACKS) == place


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("Zum Krug", "Wir treffen uns am Dienstag um 10 Uhr, zum Krug."),
        ("L'Atelier", "Nous nous voyons mardi à 10h, L\u2019Atelier."),
        ("Le Rendez-vous", "Nous nous voyons mardi à 10h, Le Rendez-vous."),
        ("Café  Süd", "Wir treffen uns am Dienstag um 10 Uhr, Café Süd."),
    ],
)
def test_a_place_is_found_in_every_language_whatever_words_that_cuts_it_into(place: str, text: str) -> None:
    shown = text.rpartition(", ")[2][:-1].replace("\u2019", "'")
    assert shown in read(text, replace(CONTEXT, places=(check_place(place, PACKS),))).company_text
    assert shown not in read(text.replace(shown[-3:], "xyz"), replace(CONTEXT, places=(place,))).company_text


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("", "at most"),
        ("x" * 70, "at most"),
        ("his office", "'his'"),
        ("Interview Suite", "'interview'"),
        ("the clinic", "'clinic'"),
        ("not here", "'not'|something else"),
        ("Tuesday", "something else"),
        ("p\u0430rk", "two alphabets"),
        ("milo@home.example", "address"),
    ],
)
def test_a_place_that_is_refused(place: str, why: str) -> None:
    with pytest.raises(Unteachable, match=why):
        check_place(place, PACKS)


@pytest.mark.parametrize(
    ("text", "language"),
    [("see you at the bandstand", "en"), ("wir sehen uns beim Teich", "de"), ("nos vemos el martes", "es"), ("bandstand", None), ("", None)],
)
def test_the_language_is_told_where_one_pack_alone_knows_the_words(text: str, language: str | None) -> None:
    pack = sure(text, PACKS)
    assert (pack and pack.language) == language


def test_of_two_languages_that_know_as_much_the_first_is_meant_and_no_other() -> None:
    first, twin, third = ENGLISH, replace(ENGLISH, language="xx"), replace(ENGLISH, language="yy")
    assert sure("see you at the bandstand", Packs((first, twin))) is first
    assert sure("see you at the bandstand", Packs((GERMAN, twin, third))) is None


def test_one_language_is_always_sure() -> None:
    assert sure("bandstand", Packs(PACKS.packs[:1])) is PACKS.packs[0]


def test_an_extended_automaton_leaves_the_old_one_as_it_was() -> None:
    old = Automaton({"who": ("you", "me")})
    old.add(0, "see {who}")
    new = old.extended([(1, "see ducks"), (2, "hear {who}")])
    newest = new.extended([(3, "geese")])
    sight, ducks, hear, geese = [("see",), ("you",)], [("see",), ("ducks",)], [("hear",), ("me",)], [("geese",)]
    assert [a.longest(ducks, 0) for a in (old, new, newest)] == [(0, -1), (2, 1), (2, 1)]
    assert [a.longest(hear, 0) for a in (old, new, newest)] == [(0, -1), (2, 2), (2, 2)]
    assert [a.longest(sight, 0) for a in (old, new, newest)] == [(2, 0), (2, 0), (2, 0)]
    assert [a.longest(geese, 0) for a in (old, new, newest)] == [(0, -1), (0, -1), (1, 3)]
