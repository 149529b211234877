"""What a coach taught: a pack with her words and phrases added, and the pattern of a sentence that she calls logistics.

A taught phrase is one more closed frame: its words in their order, a slot where a fact stood, so that "See you at the bandstand on Tuesday" also lets
"See you at the bandstand on Friday" through and nothing else. A taught word is explained, and may stand where a word for the appointment may stand.
Teaching never opens what the law closes: a word of another matter or of a third person is refused when it is taught, and again whenever a pack is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from gateway.core.model import FactKind, RecogniserContext, Taught
from gateway.core.pack import Frame, Pack, Packs
from gateway.core.phrases import Automaton
from gateway.core.recognise.frames import Verdict, extent, judge
from gateway.core.recognise.ownership import phrase_in, third_person_in, told_by
from gateway.core.recognise.sentences import Piece, names_in, split
from gateway.core.recognise.spans import Span, find_spans
from gateway.core.recognise.tokens import is_foreign_script, normalise, scan

NAME = "taught"  # of every taught frame: what `explain` and the notices show
MOST_WORDS = 15  # of a pattern; a longer sentence will hardly be written twice
MOST_LETTERS = 60  # of a place
NOTATION = frozenset("(){}|?")
_CLOSED = "The word {!r} belongs to another matter or person: what holds it is never logistics."
UNREADABLE = {"mailbox": "an address", "link": "a link that is not on your list", "opaque": "something that is no word"}


class Unteachable(ValueError):
    """What cannot be taught; its text says why, in a sentence for the coach."""


def packs_with(packs: Packs, taught: tuple[Taught, ...]) -> Packs:
    """`packs` with everything of `taught`, remembered for the coaches whose mail was read last; `packs` itself where there is nothing."""
    return _packs_with(_These(packs), taught) if taught else packs


def with_taught(pack: Pack, taught: Sequence[Taught]) -> Pack:
    """`pack` with what was taught in its language. A pattern that this pack cannot take, or must not, is left out: it opens nothing."""
    patterns = [t.text for t in dict.fromkeys(taught) if t.language == pack.language and _may_be_taught(t.text, pack)]
    if not patterns:
        return pack
    first = len(pack.frames)
    words = frozenset(item for pattern in patterns for item in pattern.split() if item[0] != "{")
    single = frozenset(pattern for pattern in patterns if pattern in words)
    return replace(
        pack,
        frames=(*pack.frames, *(_frame(pattern, pattern in single) for pattern in patterns)),
        frame_automaton=pack.frame_automaton.extended(enumerate(patterns, first)),
        known=pack.known | words,
        plain=pack.plain | single,
        taught=single,
    )


def pattern_of(sentence: str, pack: Pack, context: RecogniserContext) -> str:
    """The pattern of a sentence, phrase or word: its words as the pack looks them up, with `{time}`, `{place}`, `{link}`, `{phone}`, `{means}` or `{name}`
    where a fact or a name stands. Raises `Unteachable`."""
    piece = _only_piece(sentence, pack)
    tokens, (begin, end) = piece.tokens, extent(piece, pack)
    found = find_spans(piece.text, tokens, context, pack)
    if word := _telling_word(piece, found, pack):
        raise Unteachable(_CLOSED.format(word))
    spans = {s.begin: s for s in found if begin <= s.begin < end and not _is_guess(s)}
    names = names_in(context)
    items: list[str] = []
    count, index = 0, begin
    while index < end:
        span, token = spans.get(index), tokens[index]
        if span is None and token.kind in UNREADABLE:
            raise Unteachable(f"It holds {UNREADABLE[token.kind]}: {token.text}")
        if span is None and NOTATION.intersection(token.low):
            raise Unteachable(f"The mark {token.text} in the middle of it cannot be learnt: teach what stands before or behind it.")
        items.append(f"{{{_slot(span)}}}" if span else "{name}" if token.capital and token.text.lower() in names else token.low)
        count += span is not None or token.kind != "sign"
        index = span.end if span else index + 1
    _check(items, count, pack)
    return " ".join(items)


def check_place(place: str, packs: Packs) -> str:
    """A place as it is remembered. Raises `Unteachable` for what is none: no word, too long, or a word of other matters and third persons in it."""
    text = " ".join(normalise(place).split())
    if not any(c.isalnum() for c in text) or len(text) > MOST_LETTERS:
        raise Unteachable(f"A place has a name of at most {MOST_LETTERS} letters.")
    if is_foreign_script(text):
        raise Unteachable("It mixes letters of two alphabets.")
    for pack in packs.packs:
        tokens = scan(text, pack)
        lows = [t.low for t in tokens if t.kind != "sign"]
        strange = next((t for t in tokens if t.kind in UNREADABLE), None)
        if strange:
            raise Unteachable(f"It holds {UNREADABLE[strange.kind]}: {strange.text}")
        known = all(low in pack.known for low in lows)  # "il" is nobody in "Il Forno"
        word = phrase_in(lows, pack.words["foreign_hard"]) or phrase_in(lows, pack.words["telling_places"])
        word = word or (third_person_in(lows, pack) or next((low for low in lows if low in pack.words["denials"]), "") if known else "")
        if word:
            raise Unteachable(_CLOSED.format(word))
        if all(low in pack.words["function"] or low in pack.timely for low in lows):
            raise Unteachable("Every word of it means something else already: give the place a name of its own.")
    return text


def took_part(verdict: Verdict) -> bool:
    """Whether a taught frame is among those that approved a sentence."""
    return verdict.approved and NAME in verdict.rule.split("+")


def footer(verdict: Verdict, piece: Piece, context: RecogniserContext, pack: Pack) -> Verdict:
    """`verdict` on a line below the letter, unless the coach taught that line: then it is approved, and still not carried."""
    if not pack.frames or pack.frames[-1].name != NAME:  # taught frames stand last
        return verdict
    spans = find_spans(piece.text, piece.tokens, context, pack)
    found = telling(judge(piece, spans, context, pack), piece, spans, pack)
    return found if took_part(found) else verdict


def telling(verdict: Verdict, piece: Piece, spans: Sequence[Span], pack: Pack) -> Verdict:
    """`verdict`, unless a taught frame took part in it and a fact in one of its slots tells by itself: a clinic, a last working day."""
    if not took_part(verdict):
        return verdict
    word = _telling_word(piece, spans, pack)
    return Verdict(False, "unexplained-word", word) if word else verdict


class _These:
    """Packs as a key that is compared by identity: their value is as long as the packs themselves."""

    def __init__(self, packs: Packs) -> None:
        self.packs = packs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _These) and self.packs is other.packs

    def __hash__(self) -> int:
        return id(self.packs)


@lru_cache(maxsize=8)
def _packs_with(these: _These, taught: tuple[Taught, ...]) -> Packs:
    return Packs(tuple(with_taught(pack, taught) for pack in these.packs.packs))


def _frame(pattern: str, single: bool) -> Frame:
    # a phrase may follow a clause without a comma ("See you Tuesday | by the old oak"); with an hour in it, it speaks of the appointment
    return Frame(NAME, "clause" if single else "fact", None, "{time}" in pattern, (), ())


def _may_be_taught(pattern: str, pack: Pack) -> bool:
    """Asked at each reading, not only when it was taught: a newer pack may know better. Nothing stored is able to end the reading."""
    words = [item for item in pattern.split() if item[0] != "{"]
    return bool(words) and not Automaton({}).problems_of(pattern) and not _closed_word(words, pack)


def _only_piece(sentence: str, pack: Pack) -> Piece:
    """The one sentence that is taught, without a greeting before it."""
    text = normalise(sentence).strip()
    if is_foreign_script(text):
        raise Unteachable("It mixes letters of two alphabets.")
    pieces = split("1", text, pack)
    said = [piece for piece in pieces if piece.part != "greeting"] or pieces
    if len(said) > 1:
        raise Unteachable("Teach one sentence at a time.")
    if not said:
        raise Unteachable("There is no word in it.")
    if said[0].part == "quoted":
        raise Unteachable("It is quoted history: what somebody else wrote is never logistics.")
    return said[0]


def _is_guess(span: Span) -> bool:
    return span.kind is FactKind.PLACE and span.weak  # "at Philz": no slot, the word itself is learnt


def _slot(span: Span) -> str:
    return "means" if span.kind is FactKind.OTHER else str(span.kind)


def _check(items: Sequence[str], count: int, pack: Pack) -> None:
    """Raise `Unteachable` for a pattern that says nothing, too much, or what is never logistics."""
    words = [item for item in items if item[0] != "{"]
    if not any(c.isalnum() for word in words for c in word):
        raise Unteachable("There is nothing in it to learn: the facts in it are understood already." if items else "There is no word in it.")
    if count > MOST_WORDS:
        raise Unteachable(f"It has more than {MOST_WORDS} words: teach the part of it that you write often.")
    word = _closed_word(words, pack)
    if word:
        raise Unteachable(_CLOSED.format(word))
    if len(items) == 1 and (items[0] in pack.plain or items[0] in pack.timely or items[0] in pack.words["denials"]):
        raise Unteachable(f"The word {items[0]!r} is understood already, and alone it says nothing: teach the sentence that it stands in.")


def _telling_word(piece: Piece, spans: Sequence[Span], pack: Pack) -> str:
    """The word of a time or place that tells by itself, '' where none does."""
    return next((word for span in spans if (word := told_by(span, piece, pack))), "")


def _closed_word(lows: Sequence[str], pack: Pack) -> str:
    """The word that keeps a pattern from being taught, '' where none does."""
    return phrase_in(lows, pack.words["foreign_hard"]) or third_person_in(lows, pack)
