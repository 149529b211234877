"""Phrase patterns: the small notation in which language packs write closed phrases, and the automaton that finds them.

A pattern is a finite sequence of items: a `word`, a group `(one|two words|)`, a `{slot}`, each with an optional `?`.
There is no repetition, so every pattern is finite, and the automaton walks a set of nodes once over the tokens: its time
grows with the number of tokens, whatever the text. It never looks at more of a token than the symbols it is given.
Words are compared as `bare` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ITEM = re.compile(r"\{[a-z_]+\}|[(|)?]|[^\s(){}|?]+")
SLOTS = frozenset({"time", "place", "link", "phone", "means", "name", "cap", "code", "num"})  # filled by the recogniser; anything else is a class


# Marks that are written or left out at will: Arabic vowel signs and the stretching line, the dot that lower() leaves over a Turkish i
_LEFT_OUT = {mark: None for mark in (*range(0x064B, 0x0653), 0x0670, 0x0640, 0x0307)} | dict.fromkeys(map(ord, "أإآٱ"), "ا") | {ord("ى"): "ي"}


def bare(word: str) -> str:
    """A word in the one form in which it is looked up: lower case, without marks that are optional in its script."""
    low = word.lower()
    return low if low.isascii() else low.translate(_LEFT_OUT)


class PatternError(ValueError):
    """A pattern that is not in the notation; its text says why."""


@dataclass(slots=True, eq=False)
class Node:
    """A place in a pattern: where each symbol leads, and which pattern ends here."""

    arcs: dict[str, list[Node]] = field(default_factory=dict)
    free: list[Node] = field(default_factory=list)  # nodes one is in as well, without reading anything
    ends: list[int] = field(default_factory=list)


class _Reader:
    """Recursive descent over the items of one pattern, adding nodes as it goes."""

    def __init__(self, pattern: str, classes: Mapping[str, tuple[str, ...]], depth: int = 0) -> None:
        self.items = ITEM.findall(pattern)
        if "".join(self.items) != re.sub(r"\s+", "", pattern):
            raise PatternError(f"{pattern!r} has a character outside the notation")
        self.pattern, self.classes, self.depth, self.at = pattern, classes, depth, 0

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
        if name not in self.classes:
            raise PatternError(f"{self.pattern!r}: there is no class {name!r}")
        if self.depth > 4:
            raise PatternError(f"{self.pattern!r}: classes nest too deep")
        inner = _Reader("(" + "|".join(self.classes[name]) + ")", self.classes, self.depth + 1)
        return inner.whole(fronts)

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


@dataclass(slots=True, eq=False)
class State:
    """A set of nodes reached together: what the automaton knows after some symbols."""

    nodes: tuple[Node, ...]
    ends: tuple[int, ...]  # owners of the patterns that end here, in the order of the pack
    arcs: dict[str, State] = field(default_factory=dict)  # filled as texts are read; the patterns are finite, so is this
    symbols: frozenset[str] | None = None  # everything that leads on from here; worked out when first asked


def _closure(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """`nodes` with all that are reached from them without reading anything."""
    found = dict.fromkeys(nodes)
    waiting = list(found)
    while waiting:
        for node in waiting.pop().free:
            if node not in found:
                found[node] = None
                waiting.append(node)
    return tuple(found)


class Automaton:
    """Many patterns read at once. A token is the tuple of symbols it may be taken for, for instance ("ten", "<num>").

    States are worked out when a text first reaches them and remembered: the answer never depends on what was read before.
    """

    REMEMBERED = 50_000  # states; beyond it they are worked out anew each time

    def __init__(self, classes: Mapping[str, tuple[str, ...]]) -> None:
        """`classes`: what `{class}` in a pattern stands for, each a list of patterns."""
        self._classes = classes
        self.start = State((Node(),), ())
        self._states: dict[tuple[int, ...], State] = {}

    def add(self, owner: int, pattern: str) -> None:
        """Add a pattern of the frame or phrase numbered `owner`; all of them before the first text is read. Raises `PatternError`."""
        (root,) = self.start.nodes
        for node in _Reader(pattern, self._classes).whole([root]):
            if node in _closure([root]):
                raise PatternError(f"{pattern!r} may be empty")
            node.ends.append(owner)

    def words(self) -> frozenset[str]:
        """Every word that stands in a pattern, without the slots."""
        found: set[str] = set()
        seen = dict.fromkeys(self.start.nodes)
        waiting = list(seen)
        while waiting:
            node = waiting.pop()
            found.update(symbol for symbol in node.arcs if symbol[0] != "<")
            for after in (*node.free, *(target for targets in node.arcs.values() for target in targets)):
                if after not in seen:
                    seen[after] = None
                    waiting.append(after)
        return frozenset(found)

    def step(self, state: State, symbol: str) -> State | None:
        """Where `symbol` leads from `state`; None where no pattern goes on."""
        if symbol in state.arcs:
            return state.arcs[symbol]
        if state.symbols is None:
            state.symbols = frozenset(known for node in _closure(state.nodes) for known in node.arcs)
        if symbol not in state.symbols:
            return None
        nodes = _closure(target for node in _closure(state.nodes) for target in node.arcs.get(symbol, ()))
        key = tuple(map(id, nodes))
        after = self._states.get(key) or State(nodes, tuple(sorted({owner for node in nodes for owner in node.ends})))
        if len(self._states) < self.REMEMBERED:
            self._states[key] = after
            state.arcs[symbol] = after
        return after

    def longest(self, tokens: Sequence[tuple[str, ...]], at: int) -> tuple[int, int]:
        """(end, owner) of the longest pattern that starts at token `at`; (at, -1) where none does."""
        if self.start.symbols is not None and self.start.symbols.isdisjoint(tokens[at]):
            return at, -1  # as nearly always
        states, best = [self.start], (at, -1)
        for index in range(at, len(tokens)):
            states = [after for state in states for symbol in tokens[index] if (after := self.step(state, symbol))]
            if not states:
                break
            owner = next((state.ends[0] for state in states if state.ends), -1)
            if owner >= 0:
                best = (index + 1, owner)
        return best
