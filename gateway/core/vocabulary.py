"""Language packs: TOML text to frozen data. Vocabulary and grammar are data with tests; this module only reads and checks.

Several files may make up one language; each names it (`language = "en"`). Every problem of every file is reported at once, with its key.
It never falls back to a default for something missing and never skips what it does not know.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from gateway.core.model import FactKind, Status
from gateway.core.phrases import SLOTS, Automaton, bare

# what each word class is for stands beside its words in the pack
WORDS = frozenset(
    (
        # times
        "weekdays weekdays_capital months months_capital day_words clock_words day_parts zones units long_units distance meridiem number_words "
        "ordinal_words ordinal_articles relative recurring time_joiners time_leads time_tails time_prepositions bound_prepositions half_words "
        "half_after date_suffixes telling_times possessives possessed duration_nouns "
        # places
        "place_heads_before place_heads_after place_links place_openers place_modifiers telling_places loose_openers place_leads "
        "place_adjectives place_prepositions place_verbs place_heads_named place_particles place_endings "
        # ownership and the gate of the mail
        "function first_person third_person you your your_nouns past_endings foreign_hard foreign_soft past_you imperatives logistic_imperatives "
        "stop_openers clause_breaks joiners determiners denials cues soft_cues neutral_nouns "
        # what a sentence says of its times
        "deadlines cancelling negations late moving proposing confirming "
        # the parts of a letter
        "greetings sign_offs credentials footers group_names titles abbreviations "
        "history_openers history_verbs history_headers labels_time labels_place labels_phone labels_code labels_other"
    ).split()
)
LABELS = frozenset({"labels_time", "labels_place", "labels_phone", "labels_code", "labels_other"})
WHOLE_LINES = LABELS | {"history_openers", "history_headers", "greetings", "sign_offs", "footers"}  # compared with text as written; all other words with tokens
# words that speak of another matter wherever they stand
TELLING = frozenset({"foreign_hard", "imperatives", "past_you", "telling_places", "third_person", "labels_other"})
TEMPLATES = frozenset(
    (
        "greeting greeting_plain signature confirmed proposed moved cancelled late stated unavailable reply_by also_time duration place link phone other "
        "subject subject_plain subject_cancelled"
    ).split()
)
_TIMES = (
    "weekdays months day_words meridiem duration_nouns possessives clock_words day_parts zones units long_units number_words relative recurring "
    "ordinal_words half_words half_after date_suffixes bound_prepositions time_joiners"
).split()
# how a language is written; each key may be left out
_TEXTS = tuple("endings prefixes heads modifiers capital spellings clitics joined genitives date_articles possessors topics goes_on".split())
WRITING = {"spaced": bool, "dot_ordinals": bool, "noun_capitals": bool, "cautious": bool, **dict.fromkeys(_TEXTS, list)}
POSITIONS = ("clause", "prefix", "suffix", "fact")


class VocabularyError(Exception):
    """A language pack that cannot be used; `problems` has one line for each fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Frame:
    """A closed clause: what it says of the appointment, where it may stand, and the tests it carries with it."""

    name: str
    position: str  # "clause"; "prefix"/"suffix": stands before/after a clause without a comma; "fact": after one or alone
    status: Status | None
    appointment: bool  # a sentence made of it shows that the mail speaks of an appointment
    patterns: tuple[str, ...]
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A closed phrase that is a fact in itself ("same link")."""

    name: str
    kind: FactKind
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a language is written: what stands between a word of a text and the word of the pack that it is."""

    spaced: bool = True  # white space stands between words; otherwise the longest word of the pack is taken at each place
    dot_ordinals: bool = False  # "12. " before a lower-case word or a month is the twelfth and ends no sentence
    endings: tuple[str, ...] = ()  # may follow a word of the pack ("randevu" + "muz")
    prefixes: tuple[str, ...] = ()  # may stand before one
    heads: tuple[str, ...] = ()  # last parts of compounds: "Besprechungsraum" is a "raum" ...
    modifiers: tuple[str, ...] = ()  # ... where what stands before is one of these
    capital: tuple[str, ...] = ()  # words that are others with a capital (German "Sie"): the pack writes those "^sie"
    spellings: tuple[str, ...] = ()  # a letter and how it is typed where the keyboard lacks it ("ü ue")
    clitics: tuple[str, ...] = ()  # short words with an apostrophe that are written with the next one ("l'", "qu'"): read as words of their own
    joined: tuple[str, ...] = ()  # words with hyphens that are one word ("rendez-vous"): others are read part by part
    cautious: bool = False  # a mail needs a word of appointments, "I", "we" or a sentence without an unknown word, not only a time nobody else owns
    noun_capitals: bool = False  # nouns are written with a capital: behind a time, one that the pack does not know names another matter
    genitives: tuple[str, ...] = ()  # "of": a time behind one belongs to the noun before it ("la revue de jeudi")
    date_articles: tuple[str, ...] = ()  # "the" that makes a bare number a day of the month ("le 12", "il 22 alle 8")
    possessors: tuple[str, ...] = ()  # behind a time: it belongs to the noun that follows ("火曜" + "の" + noun)
    topics: tuple[str, ...] = ()  # before a time: it belongs to the noun that stands before ("noun" + "は" + "火曜")
    goes_on: tuple[str, ...] = ()  # a line that ends so goes on in the next one

    def spelt(self, text: str) -> str:
        """A word or pattern of the pack, cut as the scanner cuts: "l' appel"; the parts of one word together: "rendezvous"."""
        for word in self.joined:
            text = text.replace(word, word.replace("-", ""))
        return re.sub(rf"(?<![\w'])({'|'.join(self.clitics)})(?=\w)", r"\1 ", text) if self.clitics else text


@dataclass(frozen=True, slots=True)
class Pack:
    """One language."""

    language: str
    words: Mapping[str, frozenset[str]]
    frames: tuple[Frame, ...]
    phrases: tuple[Phrase, ...]
    templates: Mapping[str, str]
    frame_automaton: Automaton = field(repr=False, compare=False)
    phrase_automaton: Automaton = field(repr=False, compare=False)
    known: frozenset[str] = field(repr=False, compare=False)  # every single word of the pack: tells the language of a sentence
    plain: frozenset[str] = field(repr=False, compare=False)  # words that explain themselves: function words and words of appointments
    timely: frozenset[str] = field(repr=False, compare=False)  # words that may be part of a time
    template_words: frozenset[str] = field(repr=False, compare=False)  # words of the templates themselves, as they stand there
    listed: frozenset[str] = field(repr=False, compare=False)  # `known` and every word of a pattern
    writing: Writing = field(default=Writing(), compare=False)
    unaccented: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # "miercoles" -> "miércoles", "fuer" -> "für"
    fronts: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # "kündig" -> "kündig*": any word that begins so
    tails: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # "klausur" -> "*klausur": any word that ends so
    taught: frozenset[str] = field(default=frozenset(), repr=False, compare=False)  # single words that a coach taught: each may stand for the appointment
    _forms: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # what `form` has worked out; the same whatever was asked before

    REMEMBERED: ClassVar[int] = 20_000
    LONGEST_WORD: ClassVar[int] = 100  # letters; what is longer is no word of a pack, and looking for its front or its ending takes long
    LONGEST: ClassVar[int] = 12  # letters of the longest word that `cut` looks for

    def form(self, word: str) -> str:
        """The word of the pack that a lower-case `word` of a text is; the word itself where it is none."""
        if len(word) > self.LONGEST_WORD:
            return word
        found = self._forms.get(word)
        if found is None:
            found = self._form(bare(word))
            if len(self._forms) < self.REMEMBERED:
                self._forms[word] = found
        return found

    def _form(self, word: str) -> str:
        if word in self.listed or word.isascii() and len(word) < 3:
            return word
        if word in self.unaccented:
            return self.unaccented[word]
        stem = self._stem(word)
        if stem:
            return stem
        for prefix in self.writing.prefixes:
            rest = word.removeprefix(prefix)
            if rest != word and len(rest) > 1 and (rest in self.listed or self._stem(rest)):
                return rest if rest in self.listed else self._stem(rest)
        for head in self.writing.heads:
            if word.endswith(head) and word.removesuffix(head).rstrip("-") in self.writing.modifiers:
                return head
        return self._open(word)

    def _open(self, word: str) -> str:
        """The open entry ("kündig*", "*klausur") that takes in a word of no list, the longest at its front first; the word itself where there is none."""
        if not self.fronts and not self.tails:
            return word
        cuts = range(len(word), 1, -1)
        front = next((self.fronts[word[:n]] for n in cuts if word[:n] in self.fronts), "")
        return front or next((self.tails[word[-n:]] for n in cuts if word[-n:] in self.tails), word)

    def _stem(self, word: str) -> str:
        """The word of the pack in front of an ending, "" where there is none; the longest stem wins."""
        stems = (word[: -len(ending)] for ending in self.writing.endings if word.endswith(ending) and len(word) - len(ending) > 1)
        return next((stem for stem in stems if stem in self.listed), "")

    def cut(self, run: str) -> list[str]:
        """A run of letters of a script without spaces, cut into words of the pack (the longest at each place) and what lies between them."""
        parts: list[str] = []
        unknown = at = 0
        while at < len(run):
            latin = next((n for n, letter in enumerate(run[at:]) if not letter.isascii()), len(run) - at)  # is one word, known or not
            size = next((n for n in range(min(self.LONGEST, len(run) - at), max(latin, 1) - 1, -1) if run[at : at + n] in self.listed), 0)
            if latin and not size:
                parts += [run[unknown:at], run[at : at + latin]] if unknown < at else [run[at : at + latin]]
                at = unknown = at + latin
                continue
            if size:
                parts += [run[unknown:at]] if unknown < at else []
                parts.append(run[at : at + size])
                unknown = at + size
            at += size or 1
        return parts + ([run[unknown:]] if unknown < len(run) else [])


@dataclass(frozen=True, slots=True)
class Packs:
    """All languages, in the order in which ties are broken."""

    packs: tuple[Pack, ...]


def load_packs(files: Mapping[str, str], languages: Sequence[str] = (), *, check: bool = True) -> Packs:
    """Language packs from TOML text (`files`: name of the file -> its text). Raises `VocabularyError` with all problems named.

    `languages`: the packs to use, the first breaks ties; all of them without, English first. Without `check` no pattern is read before the first
    text of its language is: for a process that gets what another has checked.
    """
    problems: list[str] = []
    drafts: dict[str, dict[str, Any]] = {}
    for name, text in sorted(files.items()):
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{name}: {error}")
            continue
        language = table.pop("language", None)
        if not isinstance(language, str) or not language:
            problems.append(f"{name}: language: missing")
            continue
        draft = drafts.setdefault(language, {"words": {}, "classes": {}, "frame": [], "phrase": [], "templates": {}, "writing": {}})
        for key, value in table.items():
            problems += _merge(draft, f"{name}: {key}", key, value)
    packs: dict[str, Pack] = {}
    order = languages or sorted(drafts, key=lambda language: (language != "en", language))
    problems += [f"no language pack for {language!r}; there are {', '.join(sorted(drafts))}" for language in order if language not in drafts]
    for language, draft in sorted(drafts.items()):
        missing = [f"{language}: words.{key}: missing" for key in sorted(WORDS - draft["words"].keys())]
        missing += [f"{language}: templates.{key}: missing" for key in sorted(TEMPLATES - draft["templates"].keys())]
        problems += missing
        faults, pack = _compile(language, draft, check)
        problems += faults
        if pack is not None:
            packs[language] = pack
    if problems:
        raise VocabularyError(tuple(problems))
    return Packs(tuple(packs[language] for language in order))


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)


def _merge(draft: dict[str, Any], where: str, key: str, value: Any) -> list[str]:
    """Add one table of a file to the draft of its language; the problems found in it."""
    if key in ("frame", "phrase"):
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            return [f"{where}: must be an array of tables"]
        draft[key] += value
        return [problem for number, row in enumerate(value, 1) for problem in _row_problems(f"{where}[{number}]", key, row)]
    if key not in draft:
        return [f"{where}: unknown"]
    if not isinstance(value, dict):
        return [f"{where}: must be a table"]
    problems = []
    for name, item in value.items():
        allowed = {"words": WORDS, "templates": TEMPLATES, "writing": WRITING.keys()}.get(key)
        if allowed is not None and name not in allowed:
            problems.append(f"{where}.{name}: unknown")
        elif name in draft[key]:
            problems.append(f"{where}.{name}: given twice")
        elif key == "classes" and name in SLOTS:
            problems.append(f"{where}.{name}: is the name of a slot")
        elif key == "writing" and WRITING[name] is bool:
            draft[key][name] = item
            problems += [] if isinstance(item, bool) else [f"{where}.{name}: must be true or false"]
        elif not (isinstance(item, str) if key == "templates" else _is_texts(item)):
            problems.append(f"{where}.{name}: must be {'text' if key == 'templates' else 'a list of texts'}")
        else:
            draft[key][name] = item
    return problems


def _row_problems(where: str, key: str, row: dict[str, Any]) -> list[str]:
    """What is wrong with one [[frame]] or [[phrase]]."""
    known = {"frame": {"name", "position", "status", "appointment", "patterns", "examples", "near_misses"}, "phrase": {"name", "kind", "patterns"}}[key]
    problems = [f"{where}.{name}: unknown" for name in sorted(row.keys() - known)]
    if not isinstance(row.get("name"), str):
        problems.append(f"{where}.name: missing")
    problems += [f"{where}.{name}: must be a list of texts" for name in ("patterns", "examples", "near_misses") if name in row and not _is_texts(row[name])]
    if not row.get("patterns"):
        problems.append(f"{where}.patterns: missing")
    if row.get("position", "clause") not in POSITIONS:
        problems.append(f"{where}.position: must be one of {', '.join(POSITIONS)}")
    if row.get("status", "stated") not in list(Status):
        problems.append(f"{where}.status: must be one of {', '.join(Status)}")
    if not isinstance(row.get("appointment", False), bool):
        problems.append(f"{where}.appointment: must be true or false")
    if key == "phrase" and row.get("kind") not in list(FactKind):
        problems.append(f"{where}.kind: must be one of {', '.join(FactKind)}")
    return problems


def _compile(language: str, draft: dict[str, Any], check: bool) -> tuple[list[str], Pack | None]:
    """The problems of the patterns, or the finished pack."""
    writing = _writing(draft["writing"])
    classes = {name: tuple(map(writing.spelt, values)) for name, values in draft["classes"].items()}
    problems: list[str] = []
    automata = {key: Automaton(classes) for key in ("frame", "phrase")}
    for key, automaton in automata.items():
        for number, row in enumerate(draft[key]):
            for pattern in row["patterns"] if _is_texts(row.get("patterns")) else ():
                automaton.add(number, writing.spelt(pattern))
        if check:
            problems += [f"{language}: {key} {draft[key][number].get('name')!r}: {error}" for number, error in automaton.problems().items()]
    if problems or any(_row_problems("", key, row) for key in ("frame", "phrase") for row in draft[key]):
        return problems, None
    words = {name: frozenset(_written(name, value, writing) for value in values) for name, values in draft["words"].items()}
    hard = words.get("foreign_hard", frozenset())
    words["foreign_hard"] = hard | _taken_in(hard, words)
    known = frozenset(part for values in words.values() for value in values for part in writing.spelt(value).split())
    known = known.union(writing.joined, (clitic.rstrip("'") for clitic in writing.clitics))
    listed = known.union(*(automaton.words() for automaton in automata.values()))
    frames = tuple(
        Frame(
            row["name"],
            row.get("position", "clause"),
            Status(row["status"]) if "status" in row else None,
            row.get("appointment", False),
            tuple(row["patterns"]),
            tuple(row.get("examples", ())),
            tuple(row.get("near_misses", ())),
        )
        for row in draft["frame"]
    )
    phrases = tuple(Phrase(row["name"], FactKind(row["kind"]), tuple(row["patterns"])) for row in draft["phrase"])
    return [], Pack(
        language,
        MappingProxyType(words),
        frames,
        phrases,
        MappingProxyType(dict(draft["templates"])),
        automata["frame"],
        automata["phrase"],
        known=known,
        listed=listed,
        writing=writing,
        unaccented=MappingProxyType({typed: word for word in sorted(listed) for typed in _in_haste(word, writing) if typed not in listed}),
        fronts=_open_entries((word for word in known if word[-1] == "*"), writing),
        tails=_open_entries((word for word in known if word[0] == "*"), writing),
        template_words=frozenset(word for text in draft["templates"].values() for word in re.findall(r"\w+", re.sub(r"\{\w+\}", " ", text))),
        timely=frozenset(part for name in _TIMES for value in words.get(name, ()) for part in value.split()),
        plain=frozenset().union(*(words.get(name, ()) for name in ("function", "neutral_nouns", "cues", "soft_cues", "first_person", "clause_breaks"))),
    )


def _taken_in(hard: frozenset[str], words: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Words that an open entry of `hard` takes in and that the pack has elsewhere, as part of a phrase or among the telling words alone.

    An open entry is asked for words that no list has: "demission" would be a word like any other because "letter of demission" is an entry.
    """
    fronts = tuple(entry[:-1] for entry in hard if entry[-1] == "*")
    tails = tuple(entry[1:] for entry in hard if entry[0] == "*")
    harmless = frozenset().union(*(values for name, values in words.items() if name not in TELLING))
    parts = {part for values in words.values() for value in values for part in value.split()}
    return frozenset(part for part in parts - harmless if "*" not in part and (part.startswith(fronts) or part.endswith(tails)))


def _writing(table: Mapping[str, Any]) -> Writing:
    """The [writing] table."""
    lists = {name: tuple(map(bare, table.get(name, ()))) for name in _TEXTS}
    by_length = tuple(sorted(lists.pop("endings"), key=len))  # so that the longest stem is found first
    dots, nouns, cautious = (table.get(name, False) for name in ("dot_ordinals", "noun_capitals", "cautious"))
    return Writing(table.get("spaced", True), dots, by_length, noun_capitals=nouns, cautious=cautious, **lists)


def _open_entries(words: Iterable[str], writing: Writing) -> Mapping[str, str]:
    """What stands beside the star -> the entry, however it is typed; the entry that is written so itself goes before one that is only typed so."""
    entries = sorted(words)
    typed = {way.strip("*"): word for word in entries for way in _in_haste(word, writing)}
    return MappingProxyType(typed | {word.strip("*"): word for word in entries})


def _unaccented(word: str) -> str:
    """The word as it is typed in haste: without accents (Latin letters only)."""
    if word.isascii() or not any("LATIN" in unicodedata.name(c, "") for c in word):
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")


def _in_haste(word: str, writing: Writing) -> list[str]:
    """The other ways in which a word is typed: without accents, with two letters for one that the keyboard lacks."""
    ways = [word]
    for letter, _, typed in (spelling.partition(" ") for spelling in writing.spellings):
        ways += [way.replace(letter, typed) for way in ways if letter in way]
    return [way for way in dict.fromkeys((*ways, *map(_unaccented, ways))) if way != word]


def _written(name: str, value: str, writing: Writing) -> str:
    """A word in the form in which it is looked up: bare, and cut as the scanner cuts."""
    return bare(value) if name in WHOLE_LINES or len(value) == 1 else writing.spelt(bare(value)).replace("-", " ")
