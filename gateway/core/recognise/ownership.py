"""Whose matter a span is. A fact is the appointment's unless something near it belongs to somebody or something else: an interview, a hearing,
a third person, homework, an imperative, "you said". Evidence is negative and errs towards withholding; the positive cues only open the mail's gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.core.model import FactKind, RecogniserContext
from gateway.core.pack import Pack
from gateway.core.recognise.sentences import Piece, names_in
from gateway.core.recognise.spans import Span
from gateway.core.recognise.tokens import Token

OWN = "appointment"
YOURS = "other: you"  # a statement about what the client does, without a word of appointments
THIRD = "other: "  # evidence of a matter that need not be the client's: enough against a fact, not against the mail
BREAKS = frozenset(";:()\u2013\u2014=,")  # of every script: the scanner reads the others as these


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
    openers = _openers(entries)
    if entries.isdisjoint(lows) and openers.isdisjoint(lows):  # so it is nearly always, and this costs a third of the loop
        return ""
    for index, low in enumerate(lows):
        if low in entries:
            return low
        if low in openers:
            for end in range(index + 2, min(index + longest, len(lows)) + 1):
                phrase = " ".join(lows[index:end])
                if phrase in entries:
                    return phrase
    return ""


@lru_cache(maxsize=256)  # a pack has some dozens of word classes, and this is asked for each of them and every sentence
def _openers(entries: frozenset[str]) -> frozenset[str]:
    """First words of the entries of several words."""
    return frozenset(entry.partition(" ")[0] for entry in entries if " " in entry)


def clauses(piece: Piece, spans: Sequence[Span], context: RecogniserContext, pack: Pack) -> list[Clause]:
    """The clauses of a sentence, each judged."""
    tokens = piece.tokens
    inside = [index < piece.bullet for index in range(len(tokens))]
    for span in spans:
        inside[span.begin : span.end] = [True] * (span.end - span.begin)
    blocked = _whole_sentence(piece, inside, context, pack)
    bounds = [0]
    for index, token in enumerate(tokens):
        if inside[index] or index == bounds[-1]:
            continue
        if token.text in BREAKS or (token.text == "-" and token.spaced) or token.low in pack.words["clause_breaks"]:
            bounds.append(index)
    names = names_in(context)
    ranges = zip(bounds, [*bounds[1:], len(tokens)], strict=True)
    return [_clause(tokens, inside, spans, begin, end, blocked, names, pack) for begin, end in ranges if begin < end]


def _whole_sentence(piece: Piece, inside: Sequence[bool], context: RecogniserContext, pack: Pack) -> str:
    """The word that gives the whole sentence away, '' where none does."""
    words, tokens = pack.words, piece.tokens
    ours = _with_the_coach(tokens, context, pack)
    lows = _unexcused([t.low for n, (t, within) in enumerate(zip(tokens, inside, strict=True)) if not within and n not in ours], words["function"])
    hard = phrase_in(lows, words["foreign_hard"])
    if hard:
        return hard
    soft = phrase_in(lows, words["foreign_soft"])
    if soft and not (any(low in words["first_person"] for low in lows) and not any(low in words["you"] or low in words["your"] for low in lows)):
        return THIRD + soft
    quotes = [index for index, t in enumerate(tokens) if not inside[index] and t.text in '"\u201c\u201d\u00ab\u00bb\u201e\u300c\u300d\u300e\u300f']
    if quotes and (len(quotes) == 1 or quotes[1] - quotes[0] > 4):
        return '"'
    return ""


def _unexcused(lows: Sequence[str], entries: frozenset[str]) -> list[str]:
    """The words without those of a harmless phrase: a "call with you" is none with somebody else, though "call with" tells of one."""
    return ["" if low and _in_a_phrase(lows, index, entries) else low for index, low in enumerate(lows)]


def _with_the_coach(tokens: Sequence[Token], context: RecogniserContext, pack: Pack) -> set[int]:
    """Where the coach's whole name stands, with the small word before it: "your meeting with Robin Vale" is with nobody else."""
    texts, found = [t.text.lower() for t in tokens], set[int]()
    for name in (name.lower().split() for name in context.coach_names):
        for at in range(len(texts) - len(name) + 1):
            if len(name) > 1 and texts[at : at + len(name)] == name:
                found.update(range(at - (at > 0 and tokens[at - 1].low in pack.words["function"]), at + len(name)))
    return found


def _clause(
    tokens: Sequence[Token], inside: Sequence[bool], spans: Sequence[Span], begin: int, end: int, blocked: str, names: frozenset[str], pack: Pack
) -> Clause:
    """The clause of tokens `begin` to `end`; `inside`: which tokens a span explains, `blocked`: the word that gives the whole sentence away."""
    words = pack.words
    outside = [t for t, within in zip(tokens[begin:end], inside[begin:end], strict=True) if not within and t.kind != "sign"]
    lows = [t.low for t in outside]
    first = any(low in words["first_person"] for low in lows)
    cued = bool(phrase_in([t.low for t in tokens[begin:end]], words["cues"]))
    soft = cued or first or bool(phrase_in(lows, words["soft_cues"]))
    bare = all(t.low in pack.plain or t.low in words["titles"] or t.text.lower() in names for t in outside)
    is_yours = not (cued or first) and any(low in words["you"] for low in lows) and tokens[-1].text != "?"
    helped = any(phrase_in(lows[1:], words[name]) for name in ("cues", "soft_cues"))
    helped = helped or any(s.kind is not FactKind.TIME and begin <= s.begin < end for s in spans)
    return Clause(begin, end, blocked or _blocked(lows, helped, pack) or (YOURS if is_yours else ""), cued, soft, first, bare)


def _blocked(lows: Sequence[str], helped: bool, pack: Pack) -> str:
    """The word that gives this clause to another owner, '' where none does."""
    words = pack.words
    for index, low in enumerate(lows):
        after = lows[index + 1] if index + 1 < len(lows) else ""
        if third := _third_person_at(lows, index, pack):
            return THIRD + third
        if low in words["your"] and after[:1].isalpha() and after not in words["your_nouns"] | pack.plain | pack.timely:
            return f"{low} {after}"
        if low in words["you"]:
            verb = next((w for w in lows[index + 1 : index + 4] if w not in words["function"] or w in words["past_you"]), "")
            if verb in words["past_you"] or (verb.endswith(tuple(words["past_endings"])) and len(verb) > 4 and verb not in pack.plain):
                return f"{low} {verb}"
    opener = next((low for low in lows if low not in words["stop_openers"]), "")
    if opener in words["imperatives"] and not (opener in words["logistic_imperatives"] and helped):
        return opener
    return ""


def third_person_in(lows: Sequence[str], pack: Pack) -> str:
    """The first word or pair of words for a third person in `lows`, '' where there is none."""
    return next((third for index in range(len(lows)) if (third := _third_person_at(lows, index, pack))), "")


def _third_person_at(lows: Sequence[str], index: int, pack: Pack) -> str:
    """The word or pair of words for a third person at `index`, '' where there is none, or only as a part of a phrase of function words."""
    entries = pack.words["third_person"]
    third = next((third for third in (lows[index], " ".join(lows[index : index + 2])) if third in entries), "")
    return "" if third and _in_a_phrase(lows, index, pack.words["function"]) else third


def _in_a_phrase(lows: Sequence[str], index: int, entries: frozenset[str]) -> bool:
    """Whether the word at `index` is part of an entry of two or three words: the "il" of "il faut" is nobody."""
    starts = ((index - back, index - back + size) for size in (2, 3) for back in range(min(size, index + 1)))
    return any(" ".join(lows[begin:end]) in entries for begin, end in starts if end <= len(lows))


def owner_of(span: Span, piece: Piece, parts: Sequence[Clause], pack: Pack) -> str:
    """OWN, or the word that gives the span to another matter."""
    within = [c for c in parts if c.begin < span.end and c.end > span.begin]
    clause, blocked = within[0], next((c.blocked for c in within if c.blocked), "")
    if blocked:
        return blocked
    blocked = told_by(span, piece, pack)
    if span.kind is FactKind.TIME:
        blocked = blocked or _of_a_noun(span, piece.tokens, pack) or _of_a_noun_before(span, piece.tokens, pack)
        blocked = blocked or _of_a_noun_beside(span, piece.tokens, pack) or _of_what_follows(span, piece.tokens, parts, pack)
    if span.kind is FactKind.PLACE and not clause.bare and _is_loose(span, piece.tokens, pack):
        blocked = "loose place"
    blocked = blocked or _denied(span, piece.tokens, pack)
    if span.weak and not any(c.soft for c in parts):
        blocked = "duration"
    return blocked or OWN


def _denied(span: Span, tokens: Sequence[Token], pack: Pack) -> str:
    """The "not" before a span, a preposition between them or none ("et non en salle Renoir"); '' where there is none."""
    words, at = pack.words, span.begin - 1
    if at > 0 and (tokens[at].low in words["time_joiners"] or tokens[at].low in words["place_prepositions"]):
        at -= 1
    return tokens[at].low if at >= 0 and tokens[at].low in words["denials"] else ""


def told_by(span: Span, piece: Piece, pack: Pack) -> str:
    """The word in the span itself that tells more than when and where ("the last day", "the Oncology Building"); no frame around it changes that."""
    lows = [t.low for t in piece.tokens[span.begin : span.end]]
    telling = {FactKind.TIME: "telling_times", FactKind.PLACE: "telling_places"}.get(span.kind)
    return phrase_in(lows, pack.words[telling]) if telling else ""


def _of_a_noun(span: Span, tokens: Sequence[Token], pack: Pack) -> str:
    """The unexplained noun that a time stands before ("the Wednesday refinement", "Monday's exam"); '' where there is none."""
    words = pack.words
    if span.end == len(tokens):
        return ""
    after, first = tokens[span.end], tokens[span.begin].low
    before = tokens[span.begin - 1].low if span.begin else ""
    noun = after.low if after.kind == "word" and after.spaced and after.low not in pack.plain else ""
    if pack.writing.noun_capitals:
        named = after.capital
    else:
        named = before in words["determiners"] or first in words["determiners"] or tokens[span.end - 1].low.endswith("'s")
    if noun and named:
        return noun
    equal = after.text == "=" and not (span.end + 1 < len(tokens) and tokens[span.end + 1].kind == "clock")  # "8:00 CET = 14:00 SGT" says one thing
    return after.text if equal else ""


def _of_a_noun_before(span: Span, tokens: Sequence[Token], pack: Pack) -> str:
    """The unexplained noun that a time belongs to where nouns stand first ("la revue de jeudi"); '' where there is none."""
    genitives = pack.writing.genitives
    at = span.begin if tokens[span.begin].low in genitives else span.begin - 1
    if at < 1 or tokens[at].low not in genitives:
        return ""
    noun = tokens[at - 1]
    explained = noun.low in pack.plain or noun.low in pack.timely or noun.low in pack.words["your_nouns"]
    return noun.low if noun.kind == "word" and not explained else ""


def _of_a_noun_beside(span: Span, tokens: Sequence[Token], pack: Pack) -> str:
    """The unexplained noun that a small word ties to a time: behind it ("火曜" + "の" + noun), or before it as what is spoken of (noun + "は" + "火曜")."""
    if span.end + 1 < len(tokens) and tokens[span.end].low in pack.writing.possessors:
        return _unexplained(tokens[span.end + 1], pack)
    if span.begin < 2 or tokens[span.begin - 1].low not in pack.writing.topics:
        return ""
    compound = span.begin > 2 and not pack.writing.spaced  # "全社" + "会議"
    return _unexplained(tokens[span.begin - 2], pack) or (_unexplained(tokens[span.begin - 3], pack) if compound else "")


def _unexplained(token: Token, pack: Pack) -> str:
    """The word of a token that the pack does not know as function word, word of appointments, of time or of place; '' where it does."""
    words = (pack.words[name] for name in ("titles", "place_heads_after", "your_nouns"))
    explained = token.low in pack.plain or token.low in pack.timely or any(token.low in entries for entries in words)
    return token.low if token.kind == "word" and not explained else ""


def _of_what_follows(span: Span, tokens: Sequence[Token], parts: Sequence[Clause], pack: Pack) -> str:
    """A time with a colon behind it belongs to what follows ("Friday 10:00: hand in the keys"), and so does one at the front ("By Friday, 10:00, tell him")."""
    following = next((c for c in parts if c.begin == span.end), None)
    if following is not None and tokens[following.begin].text == ",":
        begin = max(c.begin for c in parts if c.begin <= span.begin)
        return following.blocked if all(t.low in pack.words["stop_openers"] for t in tokens[begin : span.begin]) else ""
    if following is None or tokens[following.begin].text != ":" or not following.blocked and (following.bare or following.soft):
        return ""
    return following.blocked or ":"


def _is_loose(span: Span, tokens: Sequence[Token], pack: Pack) -> bool:
    """ "if the bridge opens": a common noun is a place only where it stands as one, behind "at", "in" or "is"."""
    return tokens[span.begin].low in pack.words["loose_openers"] and (span.begin == 0 or tokens[span.begin - 1].low not in pack.words["place_leads"])
