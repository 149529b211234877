"""The grammar of times: what of a sentence is a day or an hour, in each way of writing them."""

from gateway.core.model import TextBlock
from gateway.core.recognise import recognise
from tests.core.packs import CONTEXT, FRENCH, GERMAN, JOINED, SPANISH, SWEDISH, own, read, small


def test_minutes_behind_the_word_for_hours_belong_to_the_time() -> None:
    """ "À 14 h 30" keeps its minutes whatever word comes next."""
    assert own("Appel jeudi à 14 h 30 chez Paul.", FRENCH) == ["jeudi à 14 h 30"]


def test_a_number_behind_the_article_of_dates_is_a_day() -> None:
    """ "Il 22 alle 8" is a day and an hour, "il 22" a day; "i 22 capitoli" is neither, nor is "il 5 capitolo"."""
    packs = small({"date_articles": ["il"]}, bound_prepositions=["il", "alle"], time_joiners=["alle"], cues=["incontro"], function=["il"])
    reading = recognise((TextBlock("1", "Incontro il 22 alle 8."),), CONTEXT, packs)
    assert [(fact.text, fact.rank) for fact in reading.facts] == [("il 22 alle 8", 2)]
    assert own("Incontro, forse il 22.", packs) == ["il 22"]
    assert own("Incontro, il 5 capitolo, il 32.", packs) == ["il 32"]


def test_two_bare_hours_with_their_prepositions_are_a_time() -> None:
    """ "Od 9 do 11" says when, not how long."""
    packs = small({}, bound_prepositions=["od", "do"], cues=["sesja"])
    (fact,) = recognise((TextBlock("1", "Sesja od 9 do 11."),), CONTEXT, packs).facts
    assert (fact.text, fact.rank) == ("od 9 do 11", 1)


def test_a_word_that_leads_a_time_may_be_a_place_already() -> None:
    """What a place has taken is no part of the time behind it, and takes the time with it no more."""
    packs = small({}, cues=["appel"], bound_prepositions=["à"], time_leads=["3"], place_heads_before=["salle"])
    assert own("Appel salle 3 à 9:00.", packs) == ["salle 3", "à 9:00"]


def test_the_genitive_before_a_day_is_no_part_of_the_time() -> None:
    """ "Appel du jeudi" names "jeudi", but "du 8" needs its word."""
    assert own("Appel du jeudi 8 mai, du 8 à 9 mai.", FRENCH) == ["jeudi 8 mai, du 8 à 9 mai"]
    assert own("Appel du jeudi.", FRENCH) == ["jeudi"]


def test_a_city_behind_a_clock_time_is_its_zone() -> None:
    """ "9:00 à Genève" is a time; a city that is none of the pack's zones is a place."""
    assert own("Appel 9:00 à Genève.", FRENCH) == ["9:00 à Genève"]
    assert own("Appel 9:00 à Morges.", FRENCH) == ["9:00", "Morges"]
    assert own("Appel jeudi 9 h à Genève.", FRENCH) == ["jeudi 9 h à Genève"]


def test_a_preposition_of_two_words_makes_a_bare_number_an_hour() -> None:
    """ "A las tres" is a time, "tres" is not; "media hora" is a length."""
    assert own("Sesión a las tres y media.", SPANISH) == ["a las tres y media"]
    assert own("Sesión tres.", SPANISH) == []
    assert own("Sesión media hora.", SPANISH) == ["media hora"]
    assert read("Es a las tres.", SPANISH).appointment, "an hour that is said so opens the mail"
    assert not read("Es media hora.", SPANISH).appointment, "a length does not"


def test_a_number_with_a_full_stop_is_a_day_where_the_sentence_goes_on() -> None:
    """ "Der 14. passt" is one sentence; behind "am 5.5." another may begin, and "9. Juni" is no entry of a list."""
    assert own("Der 14. passt.", GERMAN) == ["14."]
    assert own("Termin am 15., 9 Uhr oder 9. Juni.", GERMAN) == ["15., 9 Uhr oder 9. Juni"]
    sentences = recognise((TextBlock("1", "Termin ist am 5.5. Passt das?\n9. Juni, 8:00\n1. Termin"),), CONTEXT, GERMAN).sentences
    assert [s.text for s in sentences] == ["Termin ist am 5.5.", "Passt das?", "9. Juni, 8:00", "1. Termin"]


def test_a_weekday_that_is_also_a_function_word_is_none_at_the_front() -> None:
    """ "So passt das" is no Sunday, "So 10 Uhr" is one."""
    assert own("So passt das Di.", GERMAN) == ["Di"]
    assert own("So 10 Uhr passt.", GERMAN) == ["So 10 Uhr"]


def test_a_number_behind_a_word_for_clock_is_an_hour_whatever_follows() -> None:
    """ "Kl 10" is an hour before any word; behind a preposition the number may count that word."""
    assert own("Möte måndag kl 10 bifogas.", SWEDISH) == ["måndag kl 10"]
    assert own("Möte måndag till 10 personer.", SWEDISH) == ["måndag"]


def test_the_article_of_a_day_of_the_month_belongs_to_it() -> None:
    """ "Den 19 maj" and "den 25:e maj" are copied whole."""
    assert own("Möte är den 19 maj.", SWEDISH) == ["den 19 maj"]
    assert own("Den 19 maj, möte.", SWEDISH) == ["Den 19 maj"]
    assert own("Möte är den 25:e maj.", SWEDISH) == ["den 25:e maj"]


def test_an_hour_behind_its_preposition_is_an_hour_and_no_length() -> None:
    """ "Kl 10" says when, not how long."""
    (fact,) = recognise((TextBlock("1", "Möte kl 10."),), CONTEXT, SWEDISH).facts
    assert (fact.text, fact.rank) == ("kl 10", 1)


def test_a_single_letter_is_a_weekday_in_brackets_and_a_month_behind_a_number() -> None:
    """ "3月12日(木)" is one time; the letters inside of a name ("木") are none."""
    assert own("枠は3月12日(木)10時です。", JOINED) == ["3月12日(木)10時"]
    assert own("枠は木です。月です。", JOINED) == []
    words = {"function": ["です"], "cues": ["枠は"], "number_words": ["十二"], "months": ["三月"], "date_suffixes": ["日"]}
    assert own("枠は三月十二日です。日です。", small({"spaced": False}, weekdays=["日"], weekdays_capital=["日"], **words)) == ["三月十二日"]


def test_half_an_hour_more_stands_behind_the_hour() -> None:
    """ "ساعة ونصف" is a length of one hour and a half, a unit without a number in front of it none."""
    arabic = small({}, function=["في"], cues=["موعدنا", "مدة"], units=["ساعة"], half_after=["ونصف"], weekdays=["الأحد"])
    assert own("موعدنا مدة ساعة ونصف", arabic) == ["ساعة ونصف"]
    assert own("موعدنا ساعة الأحد", arabic) == ["الأحد"]


def test_a_month_behind_its_preposition_is_a_time_that_says_little() -> None:
    """ "In September" alone names neither day nor hour: it never shows an appointment by itself."""
    (fact,) = read("Möte in maj.", small({}, cues=["möte"], months=["maj"], time_joiners=["in"])).facts
    assert (fact.text, fact.rank) == ("maj", 0)
