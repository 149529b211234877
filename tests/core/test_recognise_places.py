"""Places by their shape: heads and names, streets and houses, floors, quoted names, with capitals and without."""

from dataclasses import replace

from gateway.core.model import FactKind
from gateway.core.pack import Packs, Phrase
from gateway.core.phrases import Automaton
from gateway.core.recognise.places import is_place
from tests.core.packs import BAKERY, CONTEXT, FRENCH, GERMAN, JOINED, PACKS, SPACED, STREETS, own, read, small

FRIDAY = "Friday at 10:00"


def test_a_street_is_followed_by_names_and_particles_alone() -> None:
    """The words behind "12 rue" are part of it only as long as they look like a name."""
    assert own("Appel jeudi à 9, 12, rue de la Paix dites pourquoi.", FRENCH) == ["jeudi à 9", "12, rue de la Paix"]
    assert "12 rue" not in own("Appel jeudi à 9, 12 rue dites pourquoi.", FRENCH)
    assert own("Appel jeudi à 9, 12 boulevard Royal.", FRENCH) == ["jeudi à 9"]


def test_names_with_a_hyphen_are_one_name() -> None:
    """ "Rue Saint-Roch" does not end at its hyphen."""
    assert own("Appel jeudi, rue Saint-Roch.", small({}, cues=["appel"], weekdays=["jeudi"], place_heads_named=["rue"])) == ["jeudi", "rue Saint-Roch"]


def test_a_place_may_lie_in_a_named_place() -> None:
    """ "Bar de l'hôtel Adler" is one place."""
    assert own("Appel jeudi à 9, bar de l'hôtel Adler.", FRENCH) == ["jeudi à 9", "bar de l'hôtel Adler"]
    assert own("Appel jeudi à 9, hôtel Adler, 5 rue Monge.", FRENCH) == ["jeudi à 9", "hôtel Adler, 5 rue Monge"]


def test_streets_and_floors_with_a_full_stop_are_places() -> None:
    """ "Kaiserstr. 5, 3. Stock" is one place and no end of a sentence; a word of a list that ends like a street is none."""
    assert own("Termin Montag, Kaiserstr. 5, 3. Stock.", GERMAN) == ["Montag", "Kaiserstr. 5, 3. Stock"]
    assert own("Termin Montag, Umweg.", GERMAN) == ["Montag"]


def test_a_number_behind_a_name_is_a_house_and_one_before_a_floor_is_not() -> None:
    """ "Salón Cervantes, 2a planta" is a room and its floor; "Reforma 222" is a street where a floor follows."""
    assert own("Sesión jueves Salón Cervantes, 2ª planta.", STREETS) == ["jueves", "Salón Cervantes, 2a planta"]
    assert own("Sesión jueves, Reforma 222, piso 15.", STREETS) == ["jueves", "Reforma 222, piso 15"]
    assert own("Sesión jueves, calle Alcalá 45 piso 3.", STREETS) == ["jueves", "calle Alcalá 45", "piso 3"]


def test_a_phrase_of_the_pack_knows_better_than_a_guessed_place() -> None:
    """ "Na Padoca da esquina": the guess stops at the capital, the phrase does not."""
    (pack,) = BAKERY.packs
    automaton = Automaton({})
    automaton.add(0, "padoca da esquina")
    corner = replace(pack, phrases=(Phrase("corner", FactKind.PLACE),), phrase_automaton=automaton)
    assert own("Sessão na Padoca quarta.", BAKERY) == ["Padoca", "quarta"]
    assert own("Sessão na Padoca da esquina quarta.", Packs((corner,))) == ["Padoca da esquina", "quarta"]


def test_a_place_without_capitals_is_a_name_and_its_head() -> None:
    """A name of one unknown word before or behind its head, a known place before it, a floor, a hall in quotes; they join without white space."""
    assert own("会議は火曜9時、丸谷オフィス8階です。", JOINED) == ["火曜9時", "丸谷オフィス8階"]
    assert own("会議は火曜9時、大川タワー 谷川タワー 3階で。", JOINED) == ["火曜9時", "大川タワー 谷川タワー 3階"]
    assert own("会議は火曜9時、本社の2F会議室3で。", JOINED) == ["火曜9時", "本社の2F会議室3"]
    assert own("会議は火曜9時、本社谷川3階で。", JOINED) == ["火曜9時", "本社谷川3階"]
    assert own("会議は火曜9時、大川タワー2F「谷の間」で。", JOINED) == ["火曜9時", "大川タワー2F「谷の間」"]
    assert own("会議は火曜9時、「カフェ・谷・川」です。", JOINED) == ["火曜9時", "「カフェ・谷・川」"]
    assert own("会議は火曜9時、「谷川」です。", JOINED) == ["火曜9時"]
    assert own("会議は火曜9時、大川通り1266号で。", JOINED) == ["火曜9時", "大川通り1266号"]
    assert own("会議は本社会議室3です。会議は本社会議室10時です。", JOINED) == ["本社会議室3", "本社会議室", "10時"]
    assert own("मुलाक़ात मंगलवार 9 बजे कक्ष गंगा", SPACED) == ["मंगलवार 9 बजे", "कक्ष गंगा"]
    assert own("मुलाक़ात मंगलवार 9 बजे, गंगा कक्ष में", SPACED) == ["मंगलवार 9 बजे", "गंगा कक्ष"]


def test_a_place_without_capitals_needs_a_name_that_tells_nothing() -> None:
    """Neither a word behind another word, nor a telling or a long one, nor a quotation of a matter is a name."""
    assert own("会議は火曜9時、病院オフィスで。", JOINED) == ["火曜9時"]
    assert own("会議は火曜9時、枠丸谷オフィスで。", JOINED) == ["火曜9時"]
    assert own("会議の枠です。会議です。枠の会議は火曜9時、人々悲嘆号泣憤激慟哭絶叫会議室で。", JOINED) == ["火曜9時"]
    assert own("会議は火曜9時、大川タワー「谷の谷の谷」で。", JOINED) == []  # a quotation of some length is somebody's word
    assert own("मुलाक़ात मंगलवार 9 बजे कक्ष अदालत", SPACED) == ["मंगलवार 9 बजे"]
    assert own("मुलाक़ात मंगलवार 9 बजे कक्ष", SPACED) == ["मंगलवार 9 बजे"]


def test_the_name_of_a_street_may_have_particles_between_its_parts() -> None:
    """ "شارع محمد بن راشد" is one name; a particle with no name behind it is none of it."""
    words = {"cues": ["موعدنا"], "function": ["في"], "weekdays": ["الأحد"], "place_heads_named": ["شارع"], "place_particles": ["بن", "الشيخ"]}
    arabic = small({}, place_leads=["في"], **words)
    assert own("موعدنا الأحد في شارع الشيخ محمد بن راشد", arabic) == ["الأحد", "شارع الشيخ محمد بن راشد"]
    assert own("موعدنا الأحد في شارع محمد بن", arabic) == ["الأحد", "شارع محمد"]


def test_a_place_that_tells_more_than_where_one_meets_is_not_said_though_a_frame_explains_its_sentence() -> None:
    assert "Oncology" not in read("We meet Friday at 10:00 at the Oncology Building.").company_text


def test_a_capital_behind_a_preposition_is_a_place_only_where_a_place_may_stand() -> None:
    assert own(f"See you at Philz, {FRIDAY}.") == ["Philz", FRIDAY]
    assert own(f"I believe in Philz, {FRIDAY}.") == [FRIDAY]


def test_a_short_text_is_a_place_where_it_is_nothing_else() -> None:
    """What the location of a calendar object may say, in any language."""
    for text in ("Room 4", "Room 4, third floor", "salle Bonaparte", "Orchard Rooms"):
        assert is_place(text, CONTEXT, PACKS), text
    for text in ("", "Erik", "Room 4 with Erik", "Oncology Room 4", "Room 4 R\u043eom 5"):
        assert not is_place(text, CONTEXT, PACKS), text
