"""What the tests of the recogniser read with: the packs of the repository, and small ones, each made for one way of writing."""

import json
from pathlib import Path

from gateway.core.model import Reading, RecogniserContext, TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import recognise
from gateway.core.vocabulary import TEMPLATES, WORDS, load_packs
from tests.policies.cast import shipped

LANGUAGES = Path(__file__).parents[2] / "policies/languages"
PACKS = load_packs({str(f.relative_to(LANGUAGES)): f.read_text("utf-8") for f in LANGUAGES.rglob("*.toml")}, platforms=shipped().platforms)
ENGLISH = next(pack for pack in PACKS.packs if pack.language == "en")
CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",), places=("Orchard Rooms",))


def small(writing: dict[str, bool | list[str]], *, frames: str = "", **words: list[str]) -> Packs:
    """A pack that has these words and `frames` and no others."""
    lists = {name: words.get(name, []) for name in WORDS}
    tables = {"writing": writing, "words": lists, "templates": dict.fromkeys(TEMPLATES, "{time}") | {"place": "{place}", "greeting": "Salut {name},"}}
    text = 'language = "xx"\n'
    for table, values in tables.items():
        text += f"[{table}]\n" + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    return load_packs({"xx.toml": text + frames})


def read(text: str, packs: Packs = PACKS, *, subject: str = "", context: RecogniserContext = CONTEXT) -> Reading:
    return recognise((TextBlock("subject", subject), TextBlock("1", text)), context, packs)


def own(text: str, packs: Packs = PACKS) -> list[str]:
    """The facts of the appointment."""
    return [fact.text for fact in read(text, packs).facts if fact.owner == "appointment"]


def approved(text: str) -> list[bool]:
    return [sentence.approved for sentence in read(text).sentences]


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
GERMAN = small(
    {
        "dot_ordinals": True,
        "noun_capitals": True,
        "capital": ["sie"],
        "spellings": ["ä ae", "ü ue", "ß ss"],
        "heads": ["termin"],
        "modifiers": ["ersatz"],
    },
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
STREETS = small({}, cues=["sesión"], weekdays=["jueves"], place_heads_before=["piso", "planta"], place_heads_named=["salón", "calle"])
BAKERY = small({}, cues=["sessão"], weekdays=["quarta"], place_prepositions=["na"], place_verbs=["sessão"], place_heads_before=["andar"])
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
JOINED = small(
    {"spaced": False, "possessors": ["の"], "topics": ["は"], "goes_on": ["の", "、"]},
    function=["の", "は", "で", "です", "に"],
    cues=["会議", "枠", "zoom"],
    foreign_hard=["面接"],
    weekdays=["火曜", "木", "月"],
    weekdays_capital=["木", "月"],
    months=["月"],
    months_capital=["月"],
    meridiem=["時"],
    date_suffixes=["日"],
    time_joiners=["の", "は", "で", "に"],
    titles=["様", "部長"],
    sign_offs=["敬具"],
    place_heads_before=["階", "会議室"],
    place_heads_after=["会議室", "オフィス", "タワー", "2f", "通り"],
    place_endings=["号"],
    place_heads_named=["カフェ"],
    place_modifiers=["本社"],
    place_particles=["の"],
    place_leads=["で", "に", "は"],
    telling_places=["病院"],
)
SPACED = small(
    {},
    function=["है", "को", "में"],
    cues=["मुलाक़ात"],
    weekdays=["मंगलवार"],
    meridiem=["बजे"],
    titles=["जी", "श्री"],
    greetings=["नमस्ते"],
    place_heads_named=["कक्ष"],
    place_heads_after=["कक्ष"],
    place_leads=["में"],
    telling_places=["अदालत"],
)
