"""Whose matter a time or place is: what stands near it gives it away, or leaves it to the appointment."""

import pytest

from tests.core.packs import FRENCH, GERMAN, JOINED, own, read, small

FRIDAY = "Friday at 10:00"


def test_a_time_belongs_to_the_unexplained_noun_before_it() -> None:
    """ "L'appel de jeudi" is the appointment's, "la revue de jeudi" is not."""
    assert own("L'appel de jeudi à 9 est confirmé.", FRENCH) == ["jeudi à 9"]
    assert own("La revue de jeudi à 9. Appel mardi.", FRENCH) == ["mardi"]
    assert own("De jeudi à mardi, appel.", FRENCH) == ["jeudi à mardi"]
    assert own("Le train du mardi à 9, appel.", FRENCH) == ["mardi à 9"]


def test_a_third_person_inside_a_phrase_of_function_words_is_nobody() -> None:
    """ "Il faut" speaks of no one, "il" alone of somebody."""
    assert own("Appel jeudi à 9, il faut.", FRENCH) == ["jeudi à 9"]
    assert own("Il chante jeudi à 9. Appel mardi.", FRENCH) == ["mardi"]
    assert own("Le 8 tombe un jeudi, appel mardi.", FRENCH) == ["mardi"]


def test_what_is_denied_behind_a_preposition_is_denied() -> None:
    """ "Et non en rue Foch": what it is not, nobody is told."""
    packs = small({}, cues=["appel"], denials=["non"], weekdays=["jeudi", "mardi"], time_joiners=["en"], place_heads_named=["rue"], function=["et"])
    assert own("Appel jeudi et non en mardi, rue Monge et non en rue Foch.", packs) == ["jeudi", "rue Monge"]


def test_a_meeting_with_the_coach_by_name_is_ours() -> None:
    """ "Appel avec Robin Vale" is the appointment, one with anybody else or with half the name is not."""
    packs = small({}, function=["avec"], cues=["appel"], weekdays=["jeudi", "mardi"], foreign_hard=["appel avec"])
    assert own("Appel avec Robin Vale jeudi.", packs) == ["jeudi"]
    assert own("Appel avec Robin jeudi. Appel mardi.", packs) == ["mardi"]


def test_a_noun_with_a_capital_behind_a_time_names_its_matter() -> None:
    """ "Montag 10 Uhr Elternrunde" is not the appointment's where nouns have capitals."""
    assert own("Montag 10 Uhr Elternrunde", GERMAN) == []
    assert own("Montag 10 Uhr Termin", GERMAN) == ["Montag 10 Uhr"]


def test_a_time_at_the_front_belongs_to_the_order_behind_its_comma() -> None:
    """ "Bis Montag, 10 Uhr, sag das" is homework; what stands before a comma inside a sentence is not drawn in."""
    assert own("Bis Montag, 10 Uhr, sag das.", GERMAN) == []
    assert own("Termin Montag 10 Uhr, sag das.", GERMAN) == ["Montag 10 Uhr"]


def test_one_time_said_in_two_zones_is_a_time() -> None:
    assert own("Termin 8:00 MESZ = 14:00 SGT.", GERMAN) == ["8:00 MESZ", "14:00 SGT"]
    assert own("Termin 8:00 = das.", GERMAN) == []


def test_a_time_belongs_to_the_unexplained_noun_beside_it() -> None:
    """Behind the time with a possessive, or before it as the topic; a word of appointments leaves it to the appointment, unless it is the end of a compound."""
    assert own("枠は火曜9時です。", JOINED) == ["火曜9時"]
    assert own("火曜9時の会議です。", JOINED) == ["火曜9時"]
    assert own("火曜9時の試合です。会議", JOINED) == []
    assert own("試合は火曜9時です。", JOINED) == []
    assert own("全社会議は火曜9時です。", JOINED) == []


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
