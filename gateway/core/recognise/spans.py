"""All spans of a sentence: links, numbers, places, closed phrases of the pack, times. Copied as they are written, never read into a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.links import is_phone, rebuilt_link
from gateway.core.model import Fact, FactKind, RecogniserContext
from gateway.core.pack import Pack
from gateway.core.recognise.places import place_spans
from gateway.core.recognise.times import time_spans
from gateway.core.recognise.tokens import Token, readable


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens `begin` to `end` (exclusive) state something; `weak` is a duration or vague: it says nothing alone."""

    kind: FactKind
    begin: int
    end: int
    text: str
    weak: bool = False
    full: bool = False  # a day and an hour

    def fact(self, source: str, owner: str) -> Fact:
        """It as a fact of the text `source`."""
        return Fact(self.kind, self.text, source, owner, 2 if self.full else 0 if self.weak else 1)


def find_spans(text: str, tokens: Sequence[Token], context: RecogniserContext, pack: Pack, begin: int = 0) -> list[Span]:
    """All spans of a sentence in order, none overlapping. `text` is the sentence the tokens point into; those before `begin` are none of it."""
    spans: list[Span] = []
    taken = [index < begin for index in range(len(tokens))]

    def add(kind: FactKind, begin: int, end: int, weak: bool = False, full: bool = False) -> None:
        if begin < end and not any(taken[begin:end]):
            spans.append(Span(kind, begin, end, text[tokens[begin].start : tokens[end - 1].end], weak, full))
            taken[begin:end] = [True] * (end - begin)

    for index, token in enumerate(tokens):
        if token.kind == "link" and rebuilt_link(token.text, pack.platforms, context) == token.text:
            add(FactKind.LINK, index, index + 1)
    for begin, end in _number_groups(text, tokens):
        add(FactKind.PHONE, begin, end)
    places = list(place_spans(tokens, context, pack))
    for begin, end, weak in places:
        add(FactKind.PLACE, begin, begin if weak else end)
    symbols = [(t.low, *(("<cap>",) if t.capital else ()), *(("<num>",) if t.kind == "number" else ()), *(("<code>",) if is_code(t) else ())) for t in tokens]
    phrases = [pack.phrase_automaton.longest(symbols, index) for index in range(len(tokens))]
    for index, (end, owner) in enumerate(phrases):  # phrases of several words hold words that could start a time ("same time")
        if end - index > 1 and pack.phrases[owner].kind is not FactKind.TIME:
            add(pack.phrases[owner].kind, index, end)
    for begin, end, weak in places:  # a phrase of the pack knows better than a guess
        add(FactKind.PLACE, begin, end, weak)
    for begin, end, weak, full in time_spans(tokens, taken, pack):
        add(FactKind.TIME, begin, end, weak, full)
    for index, (end, owner) in enumerate(phrases):
        if owner >= 0:
            add(pack.phrases[owner].kind, index, end)
    return sorted(spans, key=lambda span: span.begin)


def is_code(token: Token) -> bool:
    """Whether a token looks like the number of a room, a PIN or an access code."""
    return token.kind in ("number", "code", "ordinal") and len(token.text) <= 12 or token.kind == "word" and len(token.text) == 1 and token.text.isupper()


def _number_groups(text: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Runs of digits with the separators of a telephone number between them."""
    found = []
    index = 0
    while index < len(tokens):
        end = index
        last = index
        while end < len(tokens) and (tokens[end].kind == "number" or tokens[end].text in ("+", "(", ")", "-", ".", "/")) and end - index < 16:
            if tokens[end].kind == "number":
                last = end + 1
            end += 1
        if last > index and is_phone(readable(text[tokens[index].start : tokens[last - 1].end])):
            found.append((index, last))
            index = last
        else:
            index += 1
    return found
