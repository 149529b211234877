"""Language packs: TOML text to `core.pack`. Vocabulary and grammar are data with tests; this module only reads and checks.

Several files may make up one language; each names it (`language = "en"`). Every problem of every file is reported at once, with its key.
It never falls back to a default for something missing and never skips what it does not know.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from gateway.core.model import FactKind, Status
from gateway.core.pack import Frame, Pack, Packs, Phrase, Writing
from gateway.core.phrases import SLOTS, Automaton, bare
from gateway.core.platforms import NO_PLATFORMS, Platforms

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
# whose words may be part of a time, and whose explain themselves
TIMES = (
    "weekdays months day_words meridiem duration_nouns possessives clock_words day_parts zones units long_units number_words relative recurring "
    "ordinal_words half_words half_after date_suffixes bound_prepositions time_joiners"
).split()
PLAIN = "function neutral_nouns cues soft_cues first_person clause_breaks".split()
# how a language is written; each key may be left out
WRITING_FLAGS = frozenset("spaced dot_ordinals noun_capitals cautious".split())
WRITING_LISTS = frozenset("endings prefixes heads modifiers capital spellings clitics joined genitives date_articles possessors topics goes_on".split())
KEYS = {"words": WORDS, "templates": TEMPLATES, "writing": WRITING_FLAGS | WRITING_LISTS}  # of a table; those of [classes] are free
ROW_KEYS = {
    "frame": frozenset("name position status appointment patterns examples near_misses".split()),
    "phrase": frozenset("name kind patterns".split()),
}
LONGEST_CUT = 12  # letters of a word that is looked for where no white space stands between words
POSITIONS = ("clause", "prefix", "suffix", "fact")


class VocabularyError(Exception):
    """A language pack that cannot be used; `problems` has one line for each fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def load_packs(files: Mapping[str, str], languages: Sequence[str] = (), *, check: bool = True, platforms: Platforms = NO_PLATFORMS) -> Packs:
    """Language packs from TOML text (`files`: name of the file -> its text). Raises `VocabularyError` with all problems named.

    `platforms` are those of `core.platforms`; without them no meeting link is known. `languages`: the packs to use, the first breaks ties; all of them
    without, English first. Without `check` no pattern is read before the first text of its language is: for a process that gets what another has checked.
    """
    drafts, problems = _drafts(files)
    order = languages or sorted(drafts, key=lambda language: (language != "en", language))
    problems += [f"no language pack for {language!r}; there are {', '.join(sorted(drafts))}" for language in order if language not in drafts]
    for language, draft in sorted(drafts.items()):
        problems += [f"{language}: words.{key}: missing" for key in sorted(WORDS - draft.words.keys())]
        problems += [f"{language}: templates.{key}: missing" for key in sorted(TEMPLATES - draft.templates.keys())]
        problems += _pattern_problems(language, draft) if check else []
    if problems:
        raise VocabularyError(tuple(problems))
    return Packs(tuple(replace(_pack(language, drafts[language]), platforms=platforms) for language in order))


@dataclass
class _Draft:
    """The tables of one language, put together from its files."""

    words: dict[str, list[str]] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    writing: dict[str, Any] = field(default_factory=dict)
    frame: list[dict[str, Any]] = field(default_factory=list)
    phrase: list[dict[str, Any]] = field(default_factory=list)

    def way_of_writing(self) -> Writing:
        """How the language is written, as far as its files say."""
        ways: dict[str, Any] = {name: value if isinstance(value, bool) else tuple(map(bare, value)) for name, value in self.writing.items()}
        ways["endings"] = tuple(sorted(ways.get("endings", ()), key=len))  # so that the longest stem is found first
        return Writing(**ways)

    def automaton(self, rows: Sequence[Mapping[str, Any]]) -> Automaton:
        """The patterns of all frames or phrases, each with the number of its row."""
        spelt = self.way_of_writing().spelt
        automaton = Automaton({name: tuple(map(spelt, values)) for name, values in self.classes.items()})
        for number, row in enumerate(rows):
            for pattern in row["patterns"] if _is_texts(row.get("patterns")) else ():
                automaton.add(number, spelt(pattern))
        return automaton


def _drafts(files: Mapping[str, str]) -> tuple[dict[str, _Draft], list[str]]:
    """The draft of each language, and what is wrong with the files one by one."""
    drafts: dict[str, _Draft] = {}
    problems: list[str] = []
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
        draft = drafts.setdefault(language, _Draft())
        for key, value in table.items():
            problems += _merge(draft, f"{name}: {key}", key, value)
    return drafts, problems


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)


def _merge(draft: _Draft, where: str, key: str, value: Any) -> list[str]:
    """Add one table of a file to the draft of its language; the problems found in it."""
    if key in ROW_KEYS:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            return [f"{where}: must be an array of tables"]
        rows: list[dict[str, Any]] = getattr(draft, key)
        rows += value
        return [problem for number, row in enumerate(value, 1) for problem in _row_problems(f"{where}[{number}]", key, row)]
    if key not in (*KEYS, "classes"):
        return [f"{where}: unknown"]
    if not isinstance(value, dict):
        return [f"{where}: must be a table"]
    table: dict[str, Any] = getattr(draft, key)
    problems = []
    for name, item in value.items():
        kind = "text" if key == "templates" else "true or false" if key == "writing" and name in WRITING_FLAGS else "a list of texts"
        fits = isinstance(item, str) if kind == "text" else _is_texts(item) if kind == "a list of texts" else isinstance(item, bool)
        if key in KEYS and name not in KEYS[key]:
            problems.append(f"{where}.{name}: unknown")
        elif name in table:
            problems.append(f"{where}.{name}: given twice")
        elif key == "classes" and name in SLOTS:
            problems.append(f"{where}.{name}: is the name of a slot")
        elif not fits:
            problems.append(f"{where}.{name}: must be {kind}")
        else:
            table[name] = item
    return problems


def _row_problems(where: str, key: str, row: Mapping[str, Any]) -> list[str]:
    """What is wrong with one [[frame]] or [[phrase]]."""
    problems = [f"{where}.{name}: unknown" for name in sorted(row.keys() - ROW_KEYS[key])]
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


def _pattern_problems(language: str, draft: _Draft) -> list[str]:
    """What is wrong with the patterns of a language."""
    tables = {"frame": draft.frame, "phrase": draft.phrase}
    found = ((key, rows[number], error) for key, rows in tables.items() for number, error in draft.automaton(rows).problems().items())
    return [f"{language}: {key} {row.get('name')!r}: {error}" for key, row, error in found]


def _pack(language: str, draft: _Draft) -> Pack:
    """The pack of a draft without problems."""
    writing = draft.way_of_writing()
    frames, phrases = draft.automaton(draft.frame), draft.automaton(draft.phrase)
    words = {name: frozenset(_written(name, value, writing) for value in values) for name, values in draft.words.items()}
    words["foreign_hard"] |= _taken_in(words)
    known = frozenset(part for values in words.values() for value in values for part in writing.spelt(value).split())
    known = known.union(writing.joined, (clitic.rstrip("'") for clitic in writing.clitics))
    listed = known | frames.words() | phrases.words()
    return Pack(
        language,
        MappingProxyType(words),
        tuple(map(_frame, draft.frame)),
        tuple(Phrase(row["name"], FactKind(row["kind"])) for row in draft.phrase),
        MappingProxyType(draft.templates),
        writing,
        frame_automaton=frames,
        phrase_automaton=phrases,
        known=known,
        listed=listed,
        plain=frozenset().union(*(words[name] for name in PLAIN)),
        timely=frozenset(part for name in TIMES for value in words[name] for part in value.split()),
        template_words=frozenset(word for text in draft.templates.values() for word in re.findall(r"\w+", re.sub(r"\{\w+\}", " ", text))),
        unaccented=MappingProxyType({typed: word for word in sorted(listed) for typed in _in_haste(word, writing) if typed not in listed}),
        fronts=_open_entries((word for word in known if word[-1] == "*"), writing),
        tails=_open_entries((word for word in known if word[0] == "*"), writing),
        lengths=MappingProxyType({} if writing.spaced else _lengths(listed)),
    )


def _frame(row: Mapping[str, Any]) -> Frame:
    """One [[frame]]; `examples` and `near_misses` are tests that travel with it."""
    status = Status(row["status"]) if "status" in row else None
    examples, near_misses = (tuple(row.get(name, ())) for name in ("examples", "near_misses"))
    return Frame(row["name"], row.get("position", "clause"), status, row.get("appointment", False), examples, near_misses)


def _taken_in(words: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Words that an open entry of `foreign_hard` takes in and that the pack has elsewhere, as part of a phrase or among the telling words alone.

    An open entry is asked for words that no list has: "demission" would be a word like any other because "letter of demission" is an entry.
    """
    hard = words["foreign_hard"]
    fronts = tuple(entry[:-1] for entry in hard if entry[-1] == "*")
    tails = tuple(entry[1:] for entry in hard if entry[0] == "*")
    harmless = frozenset().union(*(values for name, values in words.items() if name not in TELLING))
    parts = {part for values in words.values() for value in values for part in value.split()}
    return frozenset(part for part in parts - harmless if "*" not in part and (part.startswith(fronts) or part.endswith(tails)))


def _open_entries(words: Iterable[str], writing: Writing) -> Mapping[str, str]:
    """What stands beside the star -> the entry, however it is typed; the entry that is written so itself goes before one that is only typed so."""
    entries = sorted(words)
    typed = {way.strip("*"): word for word in entries for way in _in_haste(word, writing)}
    return MappingProxyType(typed | {word.strip("*"): word for word in entries})


def _lengths(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """How long the words are that begin with a letter, the longest first. A run of letters is cut into words of at most `LONGEST_CUT` letters."""
    found: dict[str, set[int]] = {}
    for word in words:
        if len(word) <= LONGEST_CUT:
            found.setdefault(word[0], set()).add(len(word))
    return {letter: tuple(sorted(sizes, reverse=True)) for letter, sizes in found.items()}


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
