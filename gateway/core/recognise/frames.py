"""Whole sentences: approved only where closed clause frames of the pack parse every token, joined by a comma or a plain conjunction.

The automaton walks all frames at once; one token that no frame explains ends it, and that token is the deciding word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.model import RecogniserContext, Status
from gateway.core.phrases import Node
from gateway.core.recognise.sentences import Piece
from gateway.core.recognise.spans import Span
from gateway.core.vocabulary import Frame, Pack

SEPARATORS = frozenset({",", ";", ":", "-", "\u2013", "\u2014", "!", ".", "(", ")", "and", "but", "so", "or", "then"})
MARKS = frozenset({"!", ".", "?", ")", "(", "\u2026"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the frames say of a sentence."""

    approved: bool
    rule: str
    word: str = ""
    status: Status | None = None
    appointment: bool = False


def symbols(piece: Piece, spans: Sequence[Span], context: RecogniserContext) -> list[tuple[tuple[str, ...], str]]:
    """(symbols, written) of each token, a span being one: its slot."""
    names = {word.lower() for name in (*context.client_names, *context.coach_names) for word in name.split()}
    starts = {span.begin: span for span in spans}
    out: list[tuple[tuple[str, ...], str]] = []
    index = 0
    while index < len(piece.tokens):
        span = starts.get(index)
        if span:
            kind = "means" if span.kind == "other" else str(span.kind)
            out.append(((f"<{kind}>", *((span.text.lower(),) if span.end - span.begin == 1 else ())), span.text))
            index = span.end
            continue
        token = piece.tokens[index]
        extra = ("<name>",) if token.low in names and token.capital else ()
        out.append(((token.low, *extra), token.text))
        index += 1
    return out


def judge(piece: Piece, spans: Sequence[Span], context: RecogniserContext, pack: Pack) -> Verdict:
    """Whether closed frames explain the sentence whole."""
    items = symbols(piece, spans, context)
    while items and items[-1][1] in MARKS:
        items.pop()
    if not items:
        return Verdict(True, "nothing-but-marks")
    # a thread: (node, open, path). open: a frame has ended here and its position in the clause
    threads: list[tuple[Node, tuple[int, ...], bool]] = [(pack.frame_automaton.start, (), False)]
    for number, (candidates, written) in enumerate(items):
        fresh: dict[tuple[int, bool], tuple[Node, tuple[int, ...], bool]] = {}
        for node, path, clause in threads:
            for candidate in candidates:
                for target in node.arcs.get(candidate, ()):
                    fresh.setdefault((id(target), clause), (target, path, clause))
        stepped = list(fresh.values())
        for node, path, clause in stepped:
            for owner in node.ends:
                position = pack.frames[owner].position
                if position == "suffix" and not clause and not path:
                    pass  # a suffix may open a sentence only where a comma or a clause follows; allowed, for it is closed too
                if position == "clause" and clause:
                    continue
                fresh.setdefault((id(pack.frame_automaton.start), clause or position == "clause"), (pack.frame_automaton.start, (*path, owner), clause or position == "clause"))
        for node, path, clause in threads:
            if node is pack.frame_automaton.start and path and candidates[0] in SEPARATORS:
                fresh.setdefault((id(node), False), (node, path, False))
        if not fresh:
            return Verdict(False, "unexplained-word", written)
        threads = list(fresh.values())
    done = [(path, clause) for node, path, clause in threads if node is pack.frame_automaton.start and path]
    if not done:
        return Verdict(False, "clause-unfinished", items[-1][1])
    frames = [pack.frames[owner] for owner in min(done, key=lambda d: len(d[0]))[0]]
    return Verdict(True, "+".join(dict.fromkeys(f.name for f in frames)), "", _status(frames, piece), any(f.appointment for f in frames))


def _status(frames: Sequence[Frame], piece: Piece) -> Status | None:
    return next((f.status for f in frames if f.status), Status.ASKED if piece.text.rstrip().endswith("?") else None)
