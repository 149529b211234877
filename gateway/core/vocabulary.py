"""Language packs: TOML text to frozen data. Vocabulary and grammar are data with tests; this module only reads and checks.

Several files may make up one language; each names it (`language = "en"`). Every problem of every file is reported at once, with its key.
It never falls back to a default for something missing and never skips what it does not know.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gateway.core.model import FactKind, Status
from gateway.core.phrases import SLOTS, Automaton, PatternError

# what each word class is for stands beside its words in the pack
WORDS = frozenset(
    (
        # times
        "weekdays weekdays_capital months months_capital day_words clock_words day_parts zones units long_units distance meridiem number_words "
        "ordinal_words ordinal_articles relative recurring time_joiners time_leads time_tails time_prepositions bound_prepositions half_words "
        "possessives possessed duration_nouns "
        # places
        "place_heads_before place_heads_after place_links place_openers place_modifiers telling_places loose_openers place_leads "
        "place_adjectives place_prepositions place_verbs "
        # ownership and the gate of the mail
        "function first_person third_person you your your_nouns past_endings foreign_hard foreign_soft past_you imperatives logistic_imperatives "
        "stop_openers clause_breaks determiners denials cues soft_cues neutral_nouns "
        # what a sentence says of its times
        "deadlines cancelling negations late moving proposing confirming "
        # the parts of a letter
        "greetings sign_offs group_names titles abbreviations "
        "history_openers history_verbs history_headers labels_time labels_place labels_phone labels_code labels_other"
    ).split()
)
WHOLE_LINES = frozenset({"history_openers", "greetings", "sign_offs"})  # compared with text as written; all other words with tokens
TEMPLATES = frozenset(
    (
        "greeting greeting_plain signature confirmed proposed moved cancelled late stated unavailable reply_by also_time place link phone other "
        "subject subject_plain subject_cancelled"
    ).split()
)
_TIMES = (
    "weekdays months day_words meridiem duration_nouns possessives clock_words day_parts zones units long_units number_words relative recurring "
    "ordinal_words half_words bound_prepositions time_joiners"
).split()
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


@dataclass(frozen=True, slots=True)
class Packs:
    """All languages, in the order in which ties are broken."""

    packs: tuple[Pack, ...]


def load_packs(files: Mapping[str, str]) -> Packs:
    """Language packs from TOML text (`files`: name of the file -> its text). Raises `VocabularyError` with all problems named."""
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
        draft = drafts.setdefault(language, {"words": {}, "classes": {}, "frame": [], "phrase": [], "templates": {}})
        for key, value in table.items():
            problems += _merge(draft, f"{name}: {key}", key, value)
    packs = []
    for language, draft in sorted(drafts.items()):
        missing = [f"{language}: words.{key}: missing" for key in sorted(WORDS - draft["words"].keys())]
        missing += [f"{language}: templates.{key}: missing" for key in sorted(TEMPLATES - draft["templates"].keys())]
        problems += missing
        faults, pack = _compile(language, draft)
        problems += faults
        if pack is not None:
            packs.append(pack)
    if problems:
        raise VocabularyError(tuple(problems))
    return Packs(tuple(packs))


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
        allowed = {"words": WORDS, "templates": TEMPLATES}.get(key)
        if allowed is not None and name not in allowed:
            problems.append(f"{where}.{name}: unknown")
        elif name in draft[key]:
            problems.append(f"{where}.{name}: given twice")
        elif key == "classes" and name in SLOTS:
            problems.append(f"{where}.{name}: is the name of a slot")
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


def _compile(language: str, draft: dict[str, Any]) -> tuple[list[str], Pack | None]:
    """The problems of the patterns, or the finished pack."""
    classes = {name: tuple(values) for name, values in draft["classes"].items()}
    problems: list[str] = []
    automata = {key: Automaton(classes) for key in ("frame", "phrase")}
    for key, automaton in automata.items():
        for number, row in enumerate(draft[key]):
            for pattern in row["patterns"] if _is_texts(row.get("patterns")) else ():
                try:
                    automaton.add(number, pattern)
                except PatternError as error:
                    problems.append(f"{language}: {key} {row.get('name')!r}: {error}")
    if problems or any(_row_problems("", key, row) for key in ("frame", "phrase") for row in draft[key]):
        return problems, None
    words = {name: frozenset(_written(name, value) for value in values) for name, values in draft["words"].items()}
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
        known=frozenset(part for values in words.values() for value in values for part in value.split()),
        template_words=frozenset(word for text in draft["templates"].values() for word in re.findall(r"\w+", re.sub(r"\{\w+\}", " ", text))),
        timely=frozenset(part for name in _TIMES for value in words.get(name, ()) for part in value.split()),
        plain=frozenset().union(*(words.get(name, ()) for name in ("function", "neutral_nouns", "cues", "soft_cues", "first_person", "clause_breaks"))),
    )


def _written(name: str, value: str) -> str:
    """A word in the form in which it is looked up: lower case, and cut at hyphens as the scanner cuts."""
    return value.lower() if name in WHOLE_LINES or len(value) == 1 else value.lower().replace("-", " ")
