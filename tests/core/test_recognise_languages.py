"""What the engine can do for languages other than English: ways of writing, each shown with a small pack made for it."""

import json
from dataclasses import replace

from gateway.core.model import Fact, FactKind, Reading, RecogniserContext, TextBlock
from gateway.core.pack import Packs, Phrase
from gateway.core.phrases import Automaton
from gateway.core.recognise import recognise
from gateway.core.recognise.template import fact_lines
from gateway.core.recognise.tokens import scan
from gateway.core.vocabulary import TEMPLATES, WORDS, load_packs

CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",))


def small(writing: dict[str, list[str]], *, dotted: bool = False, frames: str = "", **words: list[str]) -> Packs:
    """A pack that has these words and `frames` and no others; `dotted`: ordinals with full stops and nouns with capitals."""
    lists = {name: words.get(name, []) for name in WORDS}
    marks = {"dot_ordinals": dotted, "noun_capitals": dotted}
    tables = {"writing": writing | marks, "words": lists, "templates": dict.fromkeys(TEMPLATES, "{time}") | {"place": "{place}", "greeting": "Salut {name},"}}
    text = 'language = "xx"\n'
    for table, values in tables.items():
        text += f"[{table}]\n" + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    return load_packs({"xx.toml": text + frames})


def read(text: str, packs: Packs) -> Reading:
    return recognise((TextBlock("1", text),), CONTEXT, packs)


def own_facts(text: str, packs: Packs) -> list[str]:
    return [fact.text for fact in recognise((TextBlock("1", text),), CONTEXT, packs).facts if fact.owner == "appointment"]


ELIDED = {"clitics": ["l'", "qu'", "jusqu'"], "joined": ["rendez-vous", "après-demain"], "genitives": ["de", "du"]}
FRENCH = small(
    ELIDED,
    function=["l'", "le", "la", "est", "il faut"],
    cues=["rendez-vous", "appel"],
    weekdays=["jeudi", "mardi"],
    day_words=["après-demain", "aujourd'hui"],
    bound_prepositions=["à", "du"],
    time_joiners=["à", "qu'"],
    months=["mai"],
    meridiem=["h"],
    third_person=["il", "tombe un"],
    your=["votre"],
    your_nouns=["train"],
    place_openers=["rue", "boulevard"],
    place_heads_named=["rue", "bar", "hôtel"],
    place_prepositions=["à"],
    zones=["genève"],
    place_particles=["de", "la", "l'"],
)


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
    assert own_facts("Rendez-vous après-demain à 9.", FRENCH) == ["après-demain à 9"]


def test_a_time_belongs_to_the_unexplained_noun_before_it() -> None:
    """ "L'appel de jeudi" is the appointment's, "la revue de jeudi" is not."""
    assert own_facts("L'appel de jeudi à 9 est confirmé.", FRENCH) == ["jeudi à 9"]
    assert own_facts("La revue de jeudi à 9. Appel mardi.", FRENCH) == ["mardi"]
    assert own_facts("De jeudi à mardi, appel.", FRENCH) == ["jeudi à mardi"]
    assert own_facts("Le train du mardi à 9, appel.", FRENCH) == ["mardi à 9"]


def test_a_third_person_inside_a_phrase_of_function_words_is_nobody() -> None:
    """ "Il faut" speaks of no one, "il" alone of somebody."""
    assert own_facts("Appel jeudi à 9, il faut.", FRENCH) == ["jeudi à 9"]
    assert own_facts("Il chante jeudi à 9. Appel mardi.", FRENCH) == ["mardi"]
    assert own_facts("Le 8 tombe un jeudi, appel mardi.", FRENCH) == ["mardi"]


def test_a_street_is_followed_by_names_and_particles_alone() -> None:
    """The words behind "12 rue" are part of it only as long as they look like a name."""
    assert own_facts("Appel jeudi à 9, 12, rue de la Paix dites pourquoi.", FRENCH) == ["jeudi à 9", "12, rue de la Paix"]
    assert "12 rue" not in own_facts("Appel jeudi à 9, 12 rue dites pourquoi.", FRENCH)
    assert own_facts("Appel jeudi à 9, 12 boulevard Royal.", FRENCH) == ["jeudi à 9"]


def test_minutes_behind_the_word_for_hours_belong_to_the_time() -> None:
    """ "À 14 h 30" keeps its minutes whatever word comes next."""
    assert own_facts("Appel jeudi à 14 h 30 chez Paul.", FRENCH) == ["jeudi à 14 h 30"]


def test_a_number_behind_the_article_of_dates_is_a_day() -> None:
    """ "Il 22 alle 8" is a day and an hour, "il 22" a day; "i 22 capitoli" is neither, nor is "il 5 capitolo"."""
    packs = small({"date_articles": ["il"]}, bound_prepositions=["il", "alle"], time_joiners=["alle"], cues=["incontro"], function=["il"])
    reading = recognise((TextBlock("1", "Incontro il 22 alle 8."),), CONTEXT, packs)
    assert [(fact.text, fact.rank) for fact in reading.facts] == [("il 22 alle 8", 2)]
    assert own_facts("Incontro, forse il 22.", packs) == ["il 22"]
    assert own_facts("Incontro, il 5 capitolo, il 32.", packs) == ["il 32"]


def test_two_bare_hours_with_their_prepositions_are_a_time() -> None:
    """ "Od 9 do 11" says when, not how long."""
    packs = small({}, bound_prepositions=["od", "do"], cues=["sesja"])
    (fact,) = recognise((TextBlock("1", "Sesja od 9 do 11."),), CONTEXT, packs).facts
    assert (fact.text, fact.rank) == ("od 9 do 11", 1)


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


def test_a_word_that_leads_a_time_may_be_a_place_already() -> None:
    """What a place has taken is no part of the time behind it, and takes the time with it no more."""
    packs = small({}, cues=["appel"], bound_prepositions=["à"], time_leads=["3"], place_heads_before=["salle"])
    assert own_facts("Appel salle 3 à 9:00.", packs) == ["salle 3", "à 9:00"]


def test_what_is_denied_behind_a_preposition_is_denied() -> None:
    """ "Et non en rue Foch": what it is not, nobody is told."""
    packs = small({}, cues=["appel"], denials=["non"], weekdays=["jeudi", "mardi"], time_joiners=["en"], place_heads_named=["rue"], function=["et"])
    assert own_facts("Appel jeudi et non en mardi, rue Monge et non en rue Foch.", packs) == ["jeudi", "rue Monge"]


def test_names_with_a_hyphen_are_one_name() -> None:
    """ "Rue Saint-Roch" does not end at its hyphen."""
    assert own_facts("Appel jeudi, rue Saint-Roch.", small({}, cues=["appel"], weekdays=["jeudi"], place_heads_named=["rue"])) == ["jeudi", "rue Saint-Roch"]


def test_a_time_before_a_colon_belongs_to_the_next_line() -> None:
    """ "Jeudi à 9 :" over an order is its deadline; over a list of slots it is their day."""
    packs = small({}, weekdays=["jeudi", "mardi"], bound_prepositions=["à"], time_joiners=["à"], imperatives=["écris"], cues=["appel"], function=["libre"])
    assert own_facts("Appel mardi.\nJeudi à 9 :\nécris à ta mère", packs) == ["mardi"]
    assert own_facts("Appel mardi.\nJeudi à 9 :\nlibre", packs) == ["mardi", "Jeudi à 9"]


def test_the_date_of_a_quoted_mail_is_when_it_was_written() -> None:
    """Header lines of history give no fact, a labelled line in its text may."""
    packs = small({}, weekdays=["jeudi"], history_openers=["message transféré"], history_headers=["de", "date"], labels_time=["date"], months=["mai"])
    quoted = "Message transféré :\nDe : Dana\nDate : 12 mai 9:00\n\nBonjour"
    assert own_facts(quoted, packs) == []
    assert own_facts(quoted + "\nDate : jeudi 14 mai 9:00", packs) == ["jeudi 14 mai 9:00"]


def test_a_meeting_with_the_coach_by_name_is_ours() -> None:
    """ "Appel avec Robin Vale" is the appointment, one with anybody else or with half the name is not."""
    packs = small({}, function=["avec"], cues=["appel"], weekdays=["jeudi", "mardi"], foreign_hard=["appel avec"])
    assert own_facts("Appel avec Robin Vale jeudi.", packs) == ["jeudi"]
    assert own_facts("Appel avec Robin jeudi. Appel mardi.", packs) == ["mardi"]


def test_the_genitive_before_a_day_is_no_part_of_the_time() -> None:
    """ "Appel du jeudi" names "jeudi", but "du 8" needs its word."""
    assert own_facts("Appel du jeudi 8 mai, du 8 à 9 mai.", FRENCH) == ["jeudi 8 mai, du 8 à 9 mai"]
    assert own_facts("Appel du jeudi.", FRENCH) == ["jeudi"]


def test_a_place_may_lie_in_a_named_place() -> None:
    """ "Bar de l'hôtel Adler" is one place."""
    assert own_facts("Appel jeudi à 9, bar de l'hôtel Adler.", FRENCH) == ["jeudi à 9", "bar de l'hôtel Adler"]
    assert own_facts("Appel jeudi à 9, hôtel Adler, 5 rue Monge.", FRENCH) == ["jeudi à 9", "hôtel Adler, 5 rue Monge"]


def test_a_city_behind_a_clock_time_is_its_zone() -> None:
    """ "9:00 à Genève" is a time; a city that is none of the pack's zones is a place."""
    assert own_facts("Appel 9:00 à Genève.", FRENCH) == ["9:00 à Genève"]
    assert own_facts("Appel 9:00 à Morges.", FRENCH) == ["9:00", "Morges"]
    assert own_facts("Appel jeudi 9 h à Genève.", FRENCH) == ["jeudi 9 h à Genève"]


def test_a_label_is_compared_as_it_is_written() -> None:
    """Hyphens and elisions of a label stay in it: "Rendez-vous :", "Code d'accès :"."""
    packs = small(ELIDED, weekdays=["jeudi"], labels_time=["rendez-vous"], labels_code=["code d'accès"], function=["d'"])
    assert own_facts("Rendez-vous : jeudi\nCode d'accès : 4711", packs) == ["jeudi", "Code d'accès : 4711"]


def test_what_is_compared_as_it_is_written_does_not_keep_an_elision_whole() -> None:
    """A sign-off "Dans l'attente" does not make "l'attente" a word that the scanner leaves uncut."""
    (pack,) = small(ELIDED, sign_offs=["dans l'attente"]).packs
    assert [t.low for t in scan("l'attente", pack)] == ["l'", "attente"]


SPANISH = small(
    {},
    function=["el", "en", "es"],
    cues=["sesión", "vemos"],
    weekdays=["jueves"],
    units=["hora"],
    number_words=["tres", "una"],
    half_after=["media"],
    bound_prepositions=["a las", "a la una"],
    time_joiners=["a", "y"],
    months=["mayo"],
)


def test_an_hour_with_its_unit_written_to_it_is_a_clock_time() -> None:
    """ "14hs", "14:30hrs" and "14h": one token each, whatever the pack."""
    assert [token.kind for token in scan("14hs 14:30hrs 14h 14:30")] == ["clock"] * 4


def test_a_preposition_of_two_words_makes_a_bare_number_an_hour() -> None:
    """ "A las tres" is a time, "tres" is not; "media hora" is a length."""
    assert own_facts("Sesión a las tres y media.", SPANISH) == ["a las tres y media"]
    assert own_facts("Sesión tres.", SPANISH) == []
    assert own_facts("Sesión media hora.", SPANISH) == ["media hora"]
    assert read("Es a las tres.", SPANISH).appointment, "an hour that is said so opens the mail"
    assert not read("Es media hora.", SPANISH).appointment, "a length does not"


def test_the_numbers_of_a_list_are_no_part_of_its_rows() -> None:
    """ "1) jueves a las 3": the day and the hour, in a list whose marks need no explanation."""
    assert own_facts("Sesión:\n1) jueves a las 3\n2) 5 mayo a las 4", SPANISH) == ["jueves a las 3", "5 mayo a las 4"]


GERMAN = small(
    {"capital": ["sie"], "spellings": ["ä ae", "ü ue", "ß ss"]} | {"heads": ["termin"], "modifiers": ["ersatz"]},
    dotted=True,
    function=["der", "so", "bis", "am", "um", "ist", "geht", "das", "oder", "passt"],
    cues=["termin", "märz"],
    weekdays=["so", "di", "montag", "^so"],
    weekdays_capital=["so", "di"],
    months=["juni", "märz"],
    meridiem=["uhr"],
    zones=["mesz", "sgt"],
    bound_prepositions=["um", "bis"],
    time_joiners=["am", "der", "oder"],
    time_prepositions=["am", "der"],
    stop_openers=["bis"],
    imperatives=["sag"],
    foreign_hard=["kündig*", "*klausur"],
    place_heads_before=["raum", "stock"],
    place_endings=["str", "weg"],
    telling_places=["umweg"],
)


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


def test_a_number_with_a_full_stop_is_a_day_where_the_sentence_goes_on() -> None:
    """ "Der 14. passt" is one sentence; behind "am 5.5." another may begin, and "9. Juni" is no entry of a list."""
    assert own_facts("Der 14. passt.", GERMAN) == ["14."]
    assert own_facts("Termin am 15., 9 Uhr oder 9. Juni.", GERMAN) == ["15., 9 Uhr oder 9. Juni"]
    sentences = recognise((TextBlock("1", "Termin ist am 5.5. Passt das?\n9. Juni, 8:00\n1. Termin"),), CONTEXT, GERMAN).sentences
    assert [s.text for s in sentences] == ["Termin ist am 5.5.", "Passt das?", "9. Juni, 8:00", "1. Termin"]


def test_a_noun_with_a_capital_behind_a_time_names_its_matter() -> None:
    """ "Montag 10 Uhr Elternrunde" is not the appointment's where nouns have capitals."""
    assert own_facts("Montag 10 Uhr Elternrunde", GERMAN) == []
    assert own_facts("Montag 10 Uhr Termin", GERMAN) == ["Montag 10 Uhr"]


def test_a_weekday_that_is_also_a_function_word_is_none_at_the_front() -> None:
    """ "So passt das" is no Sunday, "So 10 Uhr" is one."""
    assert own_facts("So passt das Di.", GERMAN) == ["Di"]
    assert own_facts("So 10 Uhr passt.", GERMAN) == ["So 10 Uhr"]


def test_streets_and_floors_with_a_full_stop_are_places() -> None:
    """ "Kaiserstr. 5, 3. Stock" is one place and no end of a sentence; a word of a list that ends like a street is none."""
    assert own_facts("Termin Montag, Kaiserstr. 5, 3. Stock.", GERMAN) == ["Montag", "Kaiserstr. 5, 3. Stock"]
    assert own_facts("Termin Montag, Umweg.", GERMAN) == ["Montag"]


def test_a_time_at_the_front_belongs_to_the_order_behind_its_comma() -> None:
    """ "Bis Montag, 10 Uhr, sag das" is homework; what stands before a comma inside a sentence is not drawn in."""
    assert own_facts("Bis Montag, 10 Uhr, sag das.", GERMAN) == []
    assert own_facts("Termin Montag 10 Uhr, sag das.", GERMAN) == ["Montag 10 Uhr"]


def test_one_time_said_in_two_zones_is_a_time() -> None:
    assert own_facts("Termin 8:00 MESZ = 14:00 SGT.", GERMAN) == ["8:00 MESZ", "14:00 SGT"]
    assert own_facts("Termin 8:00 = das.", GERMAN) == []


STREETS = small({}, cues=["sesión"], weekdays=["jueves"], place_heads_before=["piso", "planta"], place_heads_named=["salón", "calle"])


def test_a_number_behind_a_name_is_a_house_and_one_before_a_floor_is_not() -> None:
    """ "Salón Cervantes, 2a planta" is a room and its floor; "Reforma 222" is a street where a floor follows."""
    assert own_facts("Sesión jueves Salón Cervantes, 2ª planta.", STREETS) == ["jueves", "Salón Cervantes, 2a planta"]
    assert own_facts("Sesión jueves, Reforma 222, piso 15.", STREETS) == ["jueves", "Reforma 222, piso 15"]
    assert own_facts("Sesión jueves, calle Alcalá 45 piso 3.", STREETS) == ["jueves", "calle Alcalá 45", "piso 3"]


BAKERY = small({}, cues=["sessão"], weekdays=["quarta"], place_prepositions=["na"], place_verbs=["sessão"], place_heads_before=["andar"])


def test_an_ordinal_with_a_stop_in_it_is_one_token() -> None:
    """ "5.º andar" is a floor, also where the sign has become a letter (Unicode compatibility); "v. 5.otto" is none."""
    assert [token.kind for token in scan("5.o 2.a 5.otto")][:2] == ["ordinal", "ordinal"]
    assert scan("5.otto")[0].kind != "ordinal"
    assert own_facts("Sessão quarta, 5.º andar.", BAKERY) == ["quarta", "5.o andar"]


def test_a_phrase_of_the_pack_knows_better_than_a_guessed_place() -> None:
    """ "Na Padoca da esquina": the guess stops at the capital, the phrase does not."""
    (pack,) = BAKERY.packs
    automaton = Automaton({})
    automaton.add(0, "padoca da esquina")
    corner = replace(pack, phrases=(Phrase("corner", FactKind.PLACE, ("padoca da esquina",)),), phrase_automaton=automaton)
    assert own_facts("Sessão na Padoca quarta.", BAKERY) == ["Padoca", "quarta"]
    assert own_facts("Sessão na Padoca da esquina quarta.", Packs((corner,))) == ["Padoca da esquina", "quarta"]


SWEDISH = small(
    {},
    function=["är"],
    cues=["möte"],
    weekdays=["måndag"],
    months=["maj"],
    ordinal_articles=["den"],
    time_joiners=["den"],
    bound_prepositions=["kl", "till"],
    time_prepositions=["till"],
)


def test_a_number_behind_a_word_for_clock_is_an_hour_whatever_follows() -> None:
    """ "Kl 10" is an hour before any word; behind a preposition the number may count that word."""
    assert own_facts("Möte måndag kl 10 bifogas.", SWEDISH) == ["måndag kl 10"]
    assert own_facts("Möte måndag till 10 personer.", SWEDISH) == ["måndag"]


def test_the_article_of_a_day_of_the_month_belongs_to_it() -> None:
    """ "Den 19 maj" and "den 25:e maj" are copied whole."""
    assert own_facts("Möte är den 19 maj.", SWEDISH) == ["den 19 maj"]
    assert own_facts("Möte är den 25:e maj.", SWEDISH) == ["den 25:e maj"]


def test_a_language_with_endings_is_told_by_what_stands_before_them() -> None:
    """ "Görüşmemizi salıya" has no word as the list has it, and is in that language all the same."""
    packs = small({"endings": ["ya", "mizi"]}, cues=["görüşme"], weekdays=["salı"])
    reading = recognise((TextBlock("1", "Görüşmemizi salıya aldım efendim"),), CONTEXT, packs)
    assert reading.language == "xx"
    assert own_facts("Görüşmemizi salıya.", packs) == ["salıya"]


def test_a_clock_with_the_full_stop_of_its_sentence_is_no_date() -> None:
    """ "11.00." ends a sentence, "5.5." is the fifth of May: there is no month nought and none above twelve."""
    (pack,) = small({}, dotted=True, cues=["seans"]).packs
    assert [t.kind for t in scan("seans 11.00. seans 5.5. seans 9.45. seans 24.12.", pack) if t.text[0].isdigit()] == ["clock", "date", "clock", "date"]


def test_a_day_alone_is_no_length_of_time() -> None:
    """ "Tomorrow" is a time, "60 minutes" is how long it takes."""
    (pack,) = small({}, day_words=["demain"], units=["minutes"]).packs
    pack = replace(pack, templates=pack.templates | {"duration": "longueur {time}", "stated": "heure {time}"})
    day, length = Fact(FactKind.TIME, "demain", "1", "appointment", 0), Fact(FactKind.TIME, "60 minutes", "1", "appointment", 0)
    assert fact_lines("stated", [day], pack) == ["heure demain"]
    assert fact_lines("stated", [length], pack) == ["longueur 60 minutes"]


def test_an_hour_behind_its_preposition_is_an_hour_and_no_length() -> None:
    """ "Kl 10" says when, not how long."""
    (fact,) = recognise((TextBlock("1", "Möte kl 10."),), CONTEXT, SWEDISH).facts
    assert (fact.text, fact.rank) == ("kl 10", 1)


def test_an_open_entry_goes_before_one_that_is_only_typed_like_it() -> None:
    """ "Rat*" and "rät*" typed without its mark are the same letters: the answer is the same each time."""
    (pack,) = small({}, foreign_hard=["rät*", "rat*"]).packs
    assert [pack.form(word) for word in ("ratlos", "rätlich")] == ["rat*", "rät*"]


def test_a_question_confirms_nothing() -> None:
    """A frame that confirms, with a question mark behind it, asks."""
    frames = '[[frame]]\nname = "works"\nstatus = "confirmed"\nappointment = true\npatterns = ["{time} passt"]\n'
    packs = small({}, frames=frames, weekdays=["montag"])
    assert [recognise((TextBlock("1", text),), CONTEXT, packs).status for text in ("Montag passt.", "Montag passt?")] == ["confirmed", "asked"]


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


def test_an_open_entry_takes_in_words_that_the_pack_has_only_in_phrases() -> None:
    """ "demiss*" is also the word of "carta de demissão"; a word of appointments stays what it is."""
    packs = small({}, cues=["sessão", "demissor"], weekdays=["segunda"], foreign_hard=["demiss*", "carta de demissão"], imperatives=["demissa"])
    assert own_facts("Sessão segunda.", packs) == ["segunda"]
    assert [own_facts(f"Sessão {word} segunda.", packs) for word in ("demissão", "demissa", "demissionado")] == [[], [], []]
    assert own_facts("Demissor segunda.", packs) == ["segunda"]
