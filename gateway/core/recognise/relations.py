"""What a sentence says of its times: that they are proposed, confirmed, refused, called off. By word classes of the pack; a sentence without them states."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.model import FactKind
from gateway.core.pack import Pack
from gateway.core.recognise.ownership import Clause, phrase_in
from gateway.core.recognise.sentences import Piece
from gateway.core.recognise.spans import Span
from gateway.core.recognise.tokens import Token

# class of words -> what they say; the first one found in a sentence counts
RELATIONS = (
    ("deadlines", "reply_by"),
    ("cancelling", "cancelled"),
    ("negations", "unavailable"),
    ("late", "late"),
    ("moving", "moved"),
    ("proposing", "proposed"),
    ("confirming", "confirmed"),
)
REFUSALS = ("cancelled", "unavailable")


def relations_of(piece: Piece, spans: Sequence[Span], parts: Sequence[Clause], pack: Pack) -> tuple[str, tuple[str, ...]]:
    """What is said of the times of a sentence; and of each span by its own clause, where one clause refuses a time and another gives one
    ("not Monday, but Tuesday at 9"), else nothing."""
    asked = piece.tokens[-1].text == "?"
    whole = _said_in(piece.tokens, pack)
    said = [next(_said_in(piece.tokens[c.begin : c.end], pack) for c in parts if c.begin <= s.begin < c.end) for s in spans]
    refused = [relation in REFUSALS for s, relation in zip(spans, said, strict=True) if s.kind is FactKind.TIME]
    if all(refused) or not any(refused):
        return whole, ()
    each = tuple("proposed" if asked and relation not in REFUSALS else relation for relation in said)
    return next(relation for relation in each if relation not in REFUSALS), each


def _said_in(tokens: Sequence[Token], pack: Pack) -> str:
    """What a sentence or clause says of its times, by the first class of words found in it."""
    lows = [t.low for t in tokens]
    if tokens[-1].text == "?":
        return "proposed"
    found = {relation: phrase_in(lows, pack.words[words]) for words, relation in RELATIONS}
    denied = [relation for relation in ("cancelled", "moved") if found[relation] and _is_denied(lows, found[relation], pack)]
    skipped = [*denied, "unavailable"] if denied else []  # the word that denies it refuses no time either
    return next((relation for relation, entry in found.items() if entry and relation not in skipped), "stated")


def _is_denied(lows: Sequence[str], entry: str, pack: Pack) -> bool:
    """Whether "not" stands right before or behind an entry: "is not cancelled" and "fällt nicht aus" call nothing off."""
    words = entry.split()
    at = next(n for n in range(len(lows)) if list(lows[n : n + len(words)]) == words)
    around = (*lows[max(0, at - 2) : at], *lows[at + len(words) : at + len(words) + 1])
    return not pack.words["denials"].isdisjoint(around)
