"""What a language pack is once it is read: word classes, closed phrases, frames, templates, how the language is written; and how a word is looked up in it.

Frozen data and pure look-ups: the same word is the same word of the pack, whatever was asked before. `core.vocabulary` makes packs from TOML text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from gateway.core.model import FactKind, Status
from gateway.core.phrases import Automaton, bare
from gateway.core.platforms import NO_PLATFORMS, Platforms


@dataclass(frozen=True, slots=True)
class Frame:
    """A closed clause: what it says of the appointment, where it may stand, and the tests it carries with it."""

    name: str
    position: str  # "clause"; "prefix"/"suffix": stands before/after a clause without a comma; "fact": after one or alone
    status: Status | None
    appointment: bool  # a sentence made of it shows that the mail speaks of an appointment
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A closed phrase that is a fact in itself ("same link")."""

    name: str
    kind: FactKind


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
    writing: Writing = field(compare=False)
    # what follows is worked out from the above when the pack is read
    frame_automaton: Automaton = field(repr=False, compare=False)
    phrase_automaton: Automaton = field(repr=False, compare=False)
    known: frozenset[str] = field(repr=False, compare=False)  # every single word of the pack: tells the language of a sentence
    listed: frozenset[str] = field(repr=False, compare=False)  # `known` and every word of a pattern
    plain: frozenset[str] = field(repr=False, compare=False)  # words that explain themselves: function words and words of appointments
    timely: frozenset[str] = field(repr=False, compare=False)  # words that may be part of a time
    template_words: frozenset[str] = field(repr=False, compare=False)  # words of the templates themselves, as they stand there
    unaccented: Mapping[str, str] = field(repr=False, compare=False)  # "miercoles" -> "miércoles", "fuer" -> "für"
    fronts: Mapping[str, str] = field(repr=False, compare=False)  # "kündig" -> "kündig*": any word that begins so
    tails: Mapping[str, str] = field(repr=False, compare=False)  # "klausur" -> "*klausur": any word that ends so
    lengths: Mapping[str, tuple[int, ...]] = field(repr=False, compare=False)  # first letter -> letters of the words that `cut` looks for, the most first
    platforms: Platforms = field(default=NO_PLATFORMS, repr=False, compare=False)  # the same in every language: here, so that the finding of spans has them
    taught: frozenset[str] = field(default=frozenset(), repr=False, compare=False)  # single words that a coach taught: each may stand for the appointment
    _forms: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # what `form` has worked out; the same whatever was asked before

    REMEMBERED: ClassVar[int] = 20_000
    LONGEST_WORD: ClassVar[int] = 100  # letters; what is longer is no word of a pack, and looking for its front or its ending takes long

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
        """As it stands, without its accents, without its ending, its prefix, or the front of a compound; else an open entry, if one takes it in."""
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
            latin = next((n for n, letter in enumerate(run[at:]) if not letter.isascii()), len(run) - at) if run[at].isascii() else 0  # is one word
            size = next((n for n in self.lengths.get(run[at], ()) if latin <= n <= len(run) - at and run[at : at + n] in self.listed), 0)
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
    _unions: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def words(self, name: str) -> frozenset[str]:
        """A class of words of all languages together."""
        if name not in self._unions:
            self._unions[name] = frozenset().union(*(pack.words[name] for pack in self.packs))
        return self._unions[name]

    @property
    def platforms(self) -> Platforms:
        """The meeting platforms: the same for all of them."""
        return self.packs[0].platforms if self.packs else NO_PLATFORMS
