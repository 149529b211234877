"""Whose matter a span is. A fact is the appointment's unless something near it belongs to somebody or something else: an interview, a hearing,
a third person, homework, an imperative, "you said". Evidence is negative and errs towards withholding; the positive cues only open the mail's gate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.model import FactKind, RecogniserContext
from gateway.core.recognise.sentences import Piece
from gateway.core.recognise.spans import Span
from gateway.core.recognise.tokens import Token
from gateway.core.vocabulary import Pack

OWN = "appointment"
THIRD = "other: "  # evidence of a matter that need not be the client's: enough against a fact, not against the mail
BREAKS = frozenset(";:()\u2013\u2014=,")


@dataclass(frozen=True, slots=True)
class Clause:
    """Tokens `begin` to `end` with what the ownership rules found in them."""

    begin: int
    end: int
    blocked: str  # the word that gives its spans to somebody else, '' where none does
    cued: bool  # a word of appointments stands in it
    soft: bool  # or only a weaker one, or "I", "we"
    first: bool  # "I", "we", "us" stands in it
    bare: bool  # nothing but spans, function words and words of appointments


def phrase_in(lows: Sequence[str], entries: frozenset[str], longest: int = 3) -> str:
    """The first entry of one to three words that stands in `lows`, '' where none does."""
    for index in range(len(lows)):
        for size in range(1, longest + 1):
            if index + size <= len(lows):
                phrase = " ".join(lows[index : index + size])
                if phrase in entries:
                    return phrase
    return ""


def clauses(piece: Piece, spans: Sequence[Span], context: RecogniserContext, pack: Pack) -> list[Clause]:
    """The clauses of a sentence, each judged."""
    tokens = piece.tokens
    inside = [False] * len(tokens)
    for span in spans:
        inside[span.begin : span.end] = [True] * (span.end - span.begin)
    blocked = _whole_sentence(piece, inside, pack)
    bounds = [0]
    for index, token in enumerate(tokens):
        if inside[index] or index == bounds[-1]:
            continue
        if token.text in BREAKS or (token.text == "-" and token.spaced) or token.low in pack.words["clause_breaks"]:
            bounds.append(index)
    names = {word.lower() for name in (*context.client_names, *context.coach_names) for word in name.split()}
    return [_judged(tokens, inside, spans, begin, end, blocked, names, pack) for begin, end in zip(bounds, [*bounds[1:], len(tokens)], strict=True) if begin < end]


def _whole_sentence(piece: Piece, inside: Sequence[bool], pack: Pack) -> str:
    """The word that gives the whole sentence away, '' where none does."""
    words, tokens = pack.words, piece.tokens
    lows = [t.low for t, within in zip(tokens, inside, strict=True) if not within]
    hard = phrase_in(lows, words["foreign_hard"])
    if hard:
        return hard
    soft = phrase_in(lows, words["foreign_soft"])
    if soft and not (any(low in words["first_person"] for low in lows) and not any(low.startswith("you") for low in lows)):
        return THIRD + soft
    quotes = [index for index, t in enumerate(tokens) if t.text in '"\u201c\u201d\u00ab\u00bb\u201e']
    if quotes and (len(quotes) == 1 or quotes[1] - quotes[0] > 4):
        return '"'
    return ""


def _judged(tokens: Sequence[Token], inside: Sequence[bool], spans: Sequence[Span], begin: int, end: int, blocked: str, names: set[str], pack: Pack) -> Clause:
    words = pack.words
    outside = [t for t, within in zip(tokens[begin:end], inside[begin:end], strict=True) if not within and t.kind != "sign"]
    lows = [t.low for t in outside]
    first = any(low in words["first_person"] for low in lows)
    cued = bool(phrase_in([t.low for t in tokens[begin:end]], words["cues"]))
    soft = cued or first or bool(phrase_in(lows, words["soft_cues"]))
    plain = words["function"] | words["neutral_nouns"] | words["cues"] | words["soft_cues"] | words["first_person"] | words["clause_breaks"] | names
    unknown = [t for t in outside if t.low not in plain]
    helped = bool(phrase_in(lows[1:], words["cues"] | words["soft_cues"])) or any(s.kind is not FactKind.TIME and begin <= s.begin < end for s in spans)
    return Clause(begin, end, blocked or _blocked(lows, helped, pack), cued, soft, first, not unknown)


def _blocked(lows: Sequence[str], helped: bool, pack: Pack) -> str:
    """The word that gives this clause to another owner, '' where none does."""
    words = pack.words
    for index, low in enumerate(lows):
        after = lows[index + 1] if index + 1 < len(lows) else ""
        if low in words["third_person"]:
            return THIRD + low
        if low == "your" and after and after not in words["your_nouns"] and after not in words["neutral_nouns"] and after not in words["cues"] and after not in words["soft_cues"]:
            return f"{low} {after}"
        if low in ("you", "you've", "you'd", "you'll", "you're"):
            nearby = [w for w in lows[index + 1 : index + 4] if w not in words["function"] or w in words["past_you"]]
            if any(w in words["past_you"] for w in nearby[:2]) or (nearby and re.fullmatch(r"[a-z]{3,}ed", nearby[0]) and nearby[0] not in words["neutral_nouns"] and nearby[0] not in words["cues"]):
                return f"you {nearby[0]}"
    opener = next((low for low in lows if low not in words["stop_openers"]), "")
    if opener in words["imperatives"]:
        return "" if opener in words["logistic_imperatives"] and helped else opener
    return ""


def owner_of(span: Span, piece: Piece, parts: Sequence[Clause], pack: Pack) -> str:
    """OWN, or the word that gives the span to another matter."""
    words, tokens = pack.words, piece.tokens
    clause = next(c for c in parts if c.begin <= span.begin < c.end)
    if clause.blocked:
        return clause.blocked
    if any(c.blocked for c in parts if c.begin < span.end and c.end > span.begin):
        return next(c.blocked for c in parts if c.begin < span.end and c.end > span.begin and c.blocked)
    if span.kind is FactKind.TIME and span.end < len(tokens):
        after, before = tokens[span.end], tokens[span.begin - 1].low if span.begin else ""
        nouny = after.kind == "word" and after.spaced and after.low not in words["function"] and after.low not in words["cues"] and after.low not in words["soft_cues"] and after.low not in words["neutral_nouns"]
        if nouny and (before in words["determiners"] or tokens[span.begin].low in words["determiners"]) and after.low not in words["first_person"] and after.low not in words["clause_breaks"]:
            return after.low
        if after.text == "=" or (after.text == "'" and not after.spaced):
            return after.text
    if span.kind is FactKind.TIME and tokens[span.end - 1].low.endswith("'s") and clause.end > span.end and not clause.soft:
        return tokens[span.end - 1].low
    following = next((c for c in parts if c.begin >= span.end), None)
    if span.kind is FactKind.TIME and following is not None and following.begin == span.end and tokens[following.begin].text in ":=" and (following.blocked or not (following.bare or following.soft)):
        return following.blocked or ":"
    if span.kind is FactKind.PLACE and not clause.bare and tokens[span.begin].low in words["loose_openers"] and (span.begin == 0 or tokens[span.begin - 1].low not in words["place_leads"]):
        return "loose place"  # "if the bridge opens": a common noun is a place only where it stands as one
    if span.weak and not (clause.soft or any(c.soft for c in parts)):
        return "duration"
    return OWN
