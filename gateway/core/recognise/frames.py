"""Whole sentences: approved only where closed clause frames of the pack parse every token, joined by a comma or a plain conjunction.

The automaton walks all frames at once; one token that no frame explains ends it, and that token is the deciding word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.core.model import FactKind, RecogniserContext, Status
from gateway.core.pack import Frame, Pack
from gateway.core.phrases import State
from gateway.core.recognise.sentences import Piece, bullet_end, names_in
from gateway.core.recognise.spans import Span, is_code
from gateway.core.recognise.tokens import Token

SEPARATORS = frozenset({",", ";", ":", "-", "\u2013", "\u2014", "!", ".", "(", ")", "\u00bf", "\u00a1"})
MARKS = frozenset({"!", ".", "?", ")", "(", "\u2026", "\u00bf", "\u00a1"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the frames say of a sentence."""

    approved: bool
    rule: str
    word: str = ""
    status: Status | None = None
    appointment: bool = False


EMPTY, OPENED, FILLED, FACTS, NEXT = range(5)  # a clause so far: nothing, only prefixes, has its frame, is made of facts alone, nothing after a finished one
MAY_ENTER = {
    "prefix": {EMPTY: OPENED, OPENED: OPENED, NEXT: OPENED},
    "clause": {EMPTY: FILLED, OPENED: FILLED, NEXT: FILLED},
    "suffix": {FILLED: FILLED, FACTS: FACTS, NEXT: FACTS},
    "fact": {EMPTY: FACTS, OPENED: FACTS, FILLED: FILLED, FACTS: FACTS, NEXT: FACTS},
}
Thread = tuple[State, tuple[int, ...], int]  # where in the automaton, the frames that ended so far, what the present clause has


def judge(piece: Piece, spans: Sequence[Span], context: RecogniserContext, pack: Pack) -> Verdict:
    """Whether closed frames explain the sentence whole. A span may be read as its slot or word by word."""
    names = names_in(context)
    tokens, start = piece.tokens, pack.frame_automaton.start
    front, size = extent(piece, pack)
    if front >= size:
        return Verdict(True, "nothing-but-marks")
    told = [span for span in spans if span.begin < size and not (span.kind is FactKind.PLACE and span.weak)]  # a guessed place may be a clinic or a person
    slots = {span.begin: (f"<{'means' if span.kind is FactKind.OTHER else span.kind}>", min(span.end, size)) for span in told}
    at: list[dict[tuple[int, int], Thread]] = [{} for _ in range(size + 1)]
    at[front][id(start), EMPTY] = (start, (), EMPTY)
    furthest = front
    for index in range(front, size):
        if not at[index]:
            continue
        furthest, token = index, tokens[index]
        steps = [(token.low, index + 1), *((slots[index],) if index in slots else ()), *((symbol, index + 1) for symbol in _symbols(token, names, pack))]
        for node, path, state in list(at[index].values()):
            for symbol, end in steps:
                target = pack.frame_automaton.step(node, symbol)
                if target is not None:
                    _arrive(at[end], target, path, state, start, pack)
            if node is start and path and (token.low in SEPARATORS or token.low in pack.words["joiners"]):
                after = NEXT if state in (FILLED, FACTS, NEXT) else EMPTY
                at[index + 1].setdefault((id(start), after), (start, path, after))
    done = [path for node, path, state in at[size].values() if node is start and state in (FILLED, FACTS)]
    if not done:
        span = next((s for s in spans if s.begin <= furthest < s.end), None)
        return Verdict(False, "clause-unfinished" if at[size] else "unexplained-word", span.text if span else tokens[furthest].text)
    frames = [pack.frames[owner] for owner in min(done, key=len)]
    return Verdict(True, "+".join(dict.fromkeys(f.name for f in frames)), "", _status(frames, piece), any(f.appointment for f in frames))


def _symbols(token: Token, names: frozenset[str], pack: Pack) -> Iterator[str]:
    """What else than its word a token may be taken for: a capital, a configured name, a number, a code, a noun for the appointment."""
    if token.capital:
        yield "<cap>"
        if token.text.lower() in names:
            yield "<name>"
    if token.kind == "number":
        yield "<num>"
    if is_code(token):
        yield "<code>"
    if token.low in pack.taught:  # a taught word may stand for the appointment
        yield from sorted(pack.words["duration_nouns"] & pack.words["cues"])


def extent(piece: Piece, pack: Pack) -> tuple[int, int]:
    """The tokens that are to be explained: from the first to behind the last, without the marks around them."""
    size = len(piece.tokens)
    while size and piece.tokens[size - 1].text in MARKS:
        size -= 1
    return _front(piece, pack), size


def _front(piece: Piece, pack: Pack) -> int:
    """The first token to be explained: behind opening marks, the bullet of a row ("a)", "1.") and the picture that labels a line."""
    begin = bullet_end(piece.text, pack) if piece.part == "row" or piece.label else 0
    return next((n for n, token in enumerate(piece.tokens) if token.start >= begin and token.text not in MARKS), len(piece.tokens))


def _arrive(threads: dict[tuple[int, int], Thread], node: State, path: tuple[int, ...], state: int, start: State, pack: Pack) -> None:
    """A thread reaches `node`; where a frame ends there and may stand at this place of the clause, another thread begins anew."""
    threads.setdefault((id(node), state), (node, path, state))
    for owner in node.ends:
        after = MAY_ENTER[pack.frames[owner].position].get(state)
        if after is not None:
            threads.setdefault((id(start), after), (start, (*path, owner), after))


def _status(frames: Sequence[Frame], piece: Piece) -> Status | None:
    asked = piece.tokens[-1].text == "?"
    named = next((f.status for f in frames if f.status), Status.ASKED if asked else None)
    return Status.ASKED if asked and named is Status.CONFIRMED else named  # "Tuesday works?" confirms nothing
