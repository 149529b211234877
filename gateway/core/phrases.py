"""Phrase patterns: the small notation in which language packs write closed phrases, and the automaton that finds them.

A pattern is a finite sequence of items: a `word`, a group `(one|two words|)`, a `{slot}`, each with an optional `?`.
There is no repetition, so every pattern is finite, and the automaton walks a set of nodes once over the tokens: its time
grows with the number of tokens, whatever the text. It never looks at more of a token than the symbols it is given.
Words are compared as `bare` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

ITEM = re.compile(r"\{[a-z_]+\}|[(|)?]|[^\s(){}|?]+")
SLOTS = frozenset({"time", "place", "link", "phone", "means", "name", "cap", "code", "num"})  # filled by the recogniser; anything else is a class


# Marks that are written or left out at will: Arabic vowel signs and the stretching line, the dot that lower() leaves over a Turkish i, the dot below of
# Devanagari; and of the two signs for a nasal vowel there one is taken
_LEFT_OUT: dict[int, str | None] = {mark: None for mark in (*range(0x064B, 0x0653), 0x0670, 0x0640, 0x0307, 0x093C)}
_LEFT_OUT |= dict.fromkeys(map(ord, "أإآٱ"), "ا") | {ord("ى"): "ي", 0x0901: "\u0902"}


def bare(word: str) -> str:
    """A word in the one form in which it is looked up: lower case, without marks that are optional in its script."""
    low = word.lower()
    return low if low.isascii() else low.translate(_LEFT_OUT)


class PatternError(ValueError):
    """A pattern that is not in the notation; its text says why."""


@dataclass(slots=True, eq=False)
class Node:
    """A place in a pattern or class: where each symbol leads, and what ends here."""

    arcs: dict[str, list[Node]] = field(default_factory=dict)
    free: list[Node] = field(default_factory=list)  # nodes one is in as well, without reading anything
    calls: list[tuple[Node, Node]] = field(default_factory=list)  # (first node of a class, node behind it)
    ends: list[int] = field(default_factory=list)  # owners of the patterns that end here
    leaves: bool = False  # a class ends here


Stack: TypeAlias = "tuple[Node, Stack] | None"  # the node behind each class that is being read, the innermost first
Place: TypeAlias = tuple[Node, Stack]


class _Reader:
    """Recursive descent over the items of one pattern, adding nodes as it goes. `entry`: the first node of a class, by its name."""

    def __init__(self, pattern: str, entry: Callable[[str], Node]) -> None:
        self.items = ITEM.findall(pattern)
        if "".join(self.items) != re.sub(r"\s+", "", pattern):
            raise PatternError(f"{pattern!r} has a character outside the notation")
        self.pattern, self.entry, self.at = pattern, entry, 0

    def peek(self) -> str:
        return self.items[self.at] if self.at < len(self.items) else ""

    def sequence(self, fronts: list[Node]) -> list[Node]:
        """All nodes the sequence can end in, starting from any of `fronts`; stops at `|`, `)` or the end."""
        while self.peek() not in ("", "|", ")"):
            before, fronts = fronts, self.item(fronts)
            if self.peek() == "?":
                self.at += 1
                fronts = list(dict.fromkeys((*fronts, *before)))
        return fronts

    def item(self, fronts: list[Node]) -> list[Node]:
        piece = self.peek()
        self.at += 1
        if piece == "?":
            raise PatternError(f"{self.pattern!r}: ? follows nothing")
        if piece == "(":
            meeting = Node()
            ends = self.alternative(fronts, meeting)
            while self.peek() == "|":
                self.at += 1
                ends += self.alternative(fronts, meeting)
            if self.peek() != ")":
                raise PatternError(f"{self.pattern!r}: a group is not closed")
            self.at += 1
            return self.joined(list(dict.fromkeys(ends)))
        if piece[0] != "{":
            for part in re.findall(r"[^-]+|-", bare(piece)):  # the scanner cuts at hyphens too
                fronts = self.step(fronts, part)
            return fronts
        name = piece[1:-1]
        if name in SLOTS:
            return self.step(fronts, f"<{name}>")
        first, behind = self.entry(name), Node()
        for node in fronts:
            node.calls.append((first, behind))
        return [behind]

    def alternative(self, fronts: list[Node], meeting: Node) -> list[Node]:
        """One alternative of a group. Those of a single word all lead to `meeting`: most of a pack is lists of words, and one node does for each list."""
        word, after = (*self.items[self.at : self.at + 2], "", "")[:2]
        if after not in ("|", ")") or word in ("", "|", ")", "(", "?") or word[0] == "{" or "-" in word:
            return self.sequence(fronts)
        self.at += 1
        for node in fronts:
            node.arcs.setdefault(bare(word), []).append(meeting)
        return [meeting]

    def joined(self, ends: list[Node]) -> list[Node]:
        """One node for many ends, so that what follows is written once."""
        if len(ends) < 3:
            return ends
        join = Node()
        for node in ends:
            node.free.append(join)
        return [join]

    def step(self, fronts: list[Node], symbol: str) -> list[Node]:
        target = Node()
        for node in fronts:
            node.arcs.setdefault(symbol, []).append(target)
        return [target]

    def whole(self, fronts: list[Node]) -> list[Node]:
        ends = self.sequence(fronts)
        if self.at < len(self.items):
            raise PatternError(f"{self.pattern!r}: {self.peek()!r} stands alone")
        return ends


class State:
    """A set of places reached together: what the automaton knows after some symbols."""

    __slots__ = ("arcs", "ends", "places")

    def __init__(self, places: Iterable[Place]) -> None:
        closed = _closure(places)
        self.ends = tuple(sorted({owner for node, stack in closed if stack is None for owner in node.ends}))  # in the order of the pack
        self.places = tuple(place for place in closed if place[0].arcs)  # those that lead on
        self.arcs: dict[str, State] = {}  # filled as texts are read; the patterns are finite, so is this

    def after(self, symbol: str) -> tuple[Place, ...]:
        """The places that `symbol` leads to."""
        return tuple((target, stack) for node, stack in self.places for target in node.arcs.get(symbol, ()))


def _closure(places: Iterable[Place]) -> tuple[Place, ...]:
    """`places` with all that are reached from them without reading anything: into a class, out of one, past an optional item."""
    found = dict.fromkeys(places)
    waiting = list(found)
    while waiting:
        node, stack = waiting.pop()
        reached = [(after, stack) for after in node.free]
        reached += [(first, (behind, stack)) for first, behind in node.calls]
        if node.leaves and stack is not None:
            reached.append(stack)
        for place in reached:
            if place not in found:
                found[place] = None
                waiting.append(place)
    return tuple(found)


class Automaton:
    """Many patterns read at once. A token is the tuple of symbols it may be taken for, for instance ("ten", "<num>").

    A class is read once, however many patterns use it. States are worked out when a text first reaches them and remembered: the answer never depends on
    what was read before.
    """

    REMEMBERED = 50_000  # states; beyond it they are worked out anew each time

    def __init__(self, classes: Mapping[str, tuple[str, ...]]) -> None:
        """`classes`: what `{class}` in a pattern stands for, each a list of patterns."""
        self._classes = classes
        self._entries: dict[str, Node | None] = {}  # None while a class is being read
        self._patterns: list[tuple[int, str]] = []
        self._roots: tuple[Node, ...] = ()
        self._start: State | None = None
        self._openers: frozenset[str] = frozenset()  # every symbol that leads on from the start
        self._states: dict[tuple[Place, ...], State] = {}

    def add(self, owner: int, pattern: str) -> None:
        """Add a pattern of the frame or phrase numbered `owner`; all of them before the first text is read."""
        self._patterns.append((owner, pattern))

    @property
    def start(self) -> State:
        """Where every text begins. The patterns are read when the first text comes. Raises `PatternError`."""
        if self._start is None:
            root = Node()
            for owner, pattern in self._patterns:
                self._read(root, owner, pattern)
            self._start = self._begin((root,))
        return self._start

    def extended(self, patterns: Iterable[tuple[int, str]]) -> Automaton:
        """This automaton with more patterns, (owner, pattern) each. Raises `PatternError`.

        Everything read or worked out so far is shared with it, for where a symbol leads depends on the nodes alone: only the new patterns are read.
        """
        _ = self.start
        root, more = Node(), Automaton(self._classes)
        more._patterns = [*self._patterns, *patterns]
        more._entries, more._states = self._entries, self._states
        for owner, pattern in more._patterns[len(self._patterns) :]:
            more._read(root, owner, pattern)
        more._start = more._begin((*self._roots, root))
        return more

    def _begin(self, roots: tuple[Node, ...]) -> State:
        self._roots = roots
        start = State([(root, None) for root in roots])
        self._openers = frozenset(symbol for node, _ in start.places for symbol in node.arcs)
        return start

    def problems(self) -> dict[int, str]:
        """What is wrong with the patterns: owner -> the first problem in one of its patterns."""
        found: dict[int, str] = {}
        for owner, pattern in self._patterns:
            if problem := self.problems_of(pattern):
                found.setdefault(owner, problem)
        return found

    def problems_of(self, pattern: str) -> str:
        """What is wrong with one pattern, '' where nothing is."""
        try:
            self._read(Node(), 0, pattern)
        except PatternError as error:
            return str(error)
        return ""

    def _read(self, root: Node, owner: int, pattern: str) -> None:
        for node in _Reader(pattern, self._entry).whole([root]):
            if (node, None) in _closure([(root, None)]):
                raise PatternError(f"{pattern!r} may be empty")
            node.ends.append(owner)

    def _entry(self, name: str) -> Node:
        """The first node of a class."""
        if name not in self._classes:
            raise PatternError(f"there is no class {name!r}")
        if name not in self._entries:
            self._entries[name] = None
            first = Node()
            try:
                for node in _Reader("(" + "|".join(self._classes[name]) + ")", self._entry).whole([first]):
                    node.leaves = True
            except PatternError:
                del self._entries[name]  # so that whoever uses it next hears of it too
                raise
            self._entries[name] = first
        entry = self._entries[name]
        if entry is None:
            raise PatternError(f"the class {name!r} holds itself")
        return entry

    def words(self) -> frozenset[str]:
        """Every word that stands in a pattern or class, without the slots, as the scanner cuts."""
        texts = (*(pattern for _, pattern in self._patterns), *(value for values in self._classes.values() for value in values))
        items = {item for text in texts for item in ITEM.findall(text) if item[0] not in "{(|)?"}
        return frozenset(part for item in items for part in re.findall(r"[^-]+|-", bare(item)))

    def step(self, state: State, symbol: str) -> State | None:
        """Where `symbol` leads from `state`; None where no pattern goes on."""
        if symbol in state.arcs:
            return state.arcs[symbol]
        if state is self._start and symbol not in self._openers:  # as nearly always: at the start there are hundreds of places to look from
            return None
        key = state.after(symbol)
        if not key:
            return None
        after = self._states.get(key) or State(key)
        if len(self._states) < self.REMEMBERED:
            self._states[key] = after
            state.arcs[symbol] = after
        return after

    def longest(self, tokens: Sequence[tuple[str, ...]], at: int) -> tuple[int, int]:
        """(end, owner) of the longest pattern that starts at token `at`; (at, -1) where none does."""
        start = self.start
        if self._openers.isdisjoint(tokens[at]):
            return at, -1
        states, best = [start], (at, -1)
        for index in range(at, len(tokens)):
            states = [after for state in states for symbol in tokens[index] if (after := self.step(state, symbol))]
            if not states:
                break
            owner = next((state.ends[0] for state in states if state.ends), -1)
            if owner >= 0:
                best = (index + 1, owner)
        return best
