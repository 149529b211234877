"""The time grammar and the finding of all spans of a sentence: links, numbers, places, fixed phrases, times.

Each token is given one letter for the class it belongs to; a time is a maximal run of such letters that holds something strong
(a weekday, a clock time, a date, "the 14th", "at 5"), trimmed at both ends. Spans are copied verbatim, never read into a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.links import is_phone, rebuilt_link
from gateway.core.model import FactKind, RecogniserContext
from gateway.core.recognise.places import place_spans
from gateway.core.recognise.tokens import Token
from gateway.core.vocabulary import Pack

# W weekday C clock D date O 14th N number w number word M month Y tomorrow P morning Z zone U unit A am R next E every o first H half t joiner
STRONG = re.compile(r"[WCDOY]|M[NO]|[NO]t?M|[Nw]-?A|[Nw]-?P?Z|H[Nw]|[Nw]H[Nw]|[REo][PWM]|Mo|[Nw]t*mP|E[Nwo]?U|[RE]U|b[Nw](?!-?U)|t[Nw](?=tY)")
EXACT = re.compile(r"[WCDO]|M[NO]|[NO]t?M|[Nw]-?A|[Nw]-?P?Z|H[Nw]|[Nw]H[Nw]|[Nw]t*mP|Y.*[Nw]|[Nw].*Y|[YP]b?[Nw]")  # names a day or an hour: enough to be an appointment
DAY, HOUR = re.compile(r"[WDOYM]"), re.compile(r"C|[Nw]-?[AZ]|[bt][Nw]|W,?[Nw](?!U)|Y[Nw]")
LEFT, RIGHT = "t,-/)&:", "tb,-/(&:"


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens `begin` to `end` (exclusive) state something; `weak` is a duration or vague: it says nothing alone."""

    kind: FactKind
    begin: int
    end: int
    text: str
    weak: bool = False
    full: bool = False  # a day and an hour


def find_spans(text: str, tokens: Sequence[Token], context: RecogniserContext, pack: Pack) -> list[Span]:
    """All spans of a sentence in order, none overlapping. `text` is the sentence the tokens point into."""
    spans: list[Span] = []
    taken = [False] * len(tokens)

    def add(kind: FactKind, begin: int, end: int, weak: bool = False, full: bool = False) -> None:
        if begin < end and not any(taken[begin:end]):
            spans.append(Span(kind, begin, end, text[tokens[begin].start : tokens[end - 1].end], weak, full))
            taken[begin:end] = [True] * (end - begin)

    names = (*context.coach_names, *context.client_names)
    for index, token in enumerate(tokens):
        if token.kind == "link" and rebuilt_link(token.text, context.approved_links, names) == token.text:
            add(FactKind.LINK, index, index + 1)
    for begin, end in _number_groups(text, tokens):
        add(FactKind.PHONE, begin, end)
    for begin, end, weak in place_spans(tokens, context, pack):
        add(FactKind.PLACE, begin, end, weak)
    symbols = [(t.low, *(("<cap>",) if t.capital else ()), *(("<num>",) if t.kind == "number" else ()), *(("<code>",) if is_code(t) else ())) for t in tokens]
    phrases = [pack.phrase_automaton.longest(symbols, index) for index in range(len(tokens))]
    for index, (end, owner) in enumerate(phrases):  # phrases of several words hold words that could start a time ("same time")
        if end - index > 1 and pack.phrases[owner].kind is not FactKind.TIME:
            add(pack.phrases[owner].kind, index, end)
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
        while end < len(tokens) and (tokens[end].kind == "number" or tokens[end].text in ("+", "(", ")", "-", ".")) and end - index < 16:
            if tokens[end].kind == "number":
                last = end + 1
            end += 1
        if last > index and is_phone(text[tokens[index].start : tokens[last - 1].end]):
            found.append((index, last))
            index = last
        else:
            index += 1
    return found


def letters(tokens: Sequence[Token], taken: Sequence[bool], pack: Pack) -> str:
    """One letter a token: its class in the time grammar, '.' for none."""
    words = pack.words
    out: list[str] = []
    lows = [token.low for token in tokens]
    for index, token in enumerate(tokens):
        low = token.low
        number_beside = any(0 <= i < len(tokens) and tokens[i].kind in ("number", "clock", "ordinal", "date") for i in (index - 1, index + 1))
        if taken[index]:
            letter = "."
        elif token.kind in ("clock", "date", "ordinal", "zone", "meridiem"):
            letter = {"clock": "C", "date": "D", "ordinal": "O", "zone": "Z", "meridiem": "A"}[token.kind]
        elif token.kind == "number":
            letter = "N" if len(low) <= 2 and int(low) <= 90 or re.fullmatch("20[23]\\d", low) else "."
        elif token.kind == "sign":
            letter = {",": ",", "-": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "/": "/", "(": "(", ")": ")", "&": "&", ":": ":", "\u22c5": ",", "\u00b7": ",", "|": ",", "~": "t", "@": "b"}.get(
                token.text, "."
            )
        elif low in words["weekdays"]:
            letter = "W" if token.capital or number_beside or low not in words["weekdays_capital"] else "."
        elif low in words["months"]:
            letter = "M" if number_beside or token.capital and (low not in words["months_capital"] or index) or low not in words["months_capital"] else "."
        elif low in words["clock_words"]:
            letter = "C"
        elif low in words["day_words"] or " ".join(lows[index : index + 2]) in words["day_words"] or (index and " ".join(lows[index - 1 : index + 1]) in words["day_words"]):
            letter = "Y"
        else:
            letter = "m" if low in words["possessives"] and index + 1 < len(tokens) and (lows[index + 1] in words["day_parts"] or lows[index + 1] in words["possessed"]) else "P" if index and out[-1] == "m" else next((mark for mark, name in _CLASSES if low in words[name]), ".")
            if letter == "A" and not (index and out[-1] in "NwC"):
                letter = "."
        out.append(letter)
    return "".join(out)


_CLASSES = (
    ("P", "day_parts"), ("Z", "zones"), ("U", "units"), ("A", "meridiem"), ("w", "number_words"), ("R", "relative"), ("E", "recurring"), ("o", "ordinal_words"), ("H", "half_words"),
    ("b", "bound_prepositions"), ("t", "time_joiners"),
)  # fmt: skip


def time_spans(tokens: Sequence[Token], taken: Sequence[bool], pack: Pack) -> list[tuple[int, int, bool, bool]]:
    """(begin, end, weak, full) of every time. `taken` tokens are already explained otherwise."""
    code = letters(tokens, taken, pack)
    found = []
    for run in re.finditer(r"[^.]+", code):
        for begin, end in _split_run(code, run.start(), run.end(), tokens):
            begin, end = _trimmed(code, begin, end, tokens, pack)
            if 0 < begin < end and code[begin] in "Oo" and tokens[begin - 1].low in pack.words["ordinal_articles"]:
                begin -= 1
            part = code[begin:end]
            lead = code[begin - 1] if begin else ""
            if STRONG.search(part) or (lead in ("b", "t") and begin and tokens[begin - 1].low in pack.words["time_prepositions"] and re.match(r"[Nw](?!-?U)", part)):
                end = _with_tail(tokens, end, pack)
                found.append((begin, end, not EXACT.search(part) and lead not in ("b", "t"), bool(DAY.search(part) and HOUR.search(part))))
            elif re.search(r"[Nw]-?U|HU", part):
                if end < len(tokens) and tokens[end].low in pack.words["duration_nouns"]:
                    end += 1
                found.append((begin, end, True, False))
    return found


def _split_run(code: str, begin: int, end: int, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """A spaced dash between a complete time and more words is a break, not a range; brackets must pair."""
    part = code[begin:end]
    if part.count("(") != part.count(")"):
        cut = begin + (part.rindex("(") if "(" in part else part.index(")"))
        return [(begin, cut), *([(cut + 1, end)] if cut + 1 < end else [])]
    return [(begin, end)]


def _trimmed(code: str, begin: int, end: int, tokens: Sequence[Token], pack: Pack) -> tuple[int, int]:
    """The run without joiners at its ends and without a number that counts something else ("Monday, three things")."""
    changed = True
    while changed and begin < end:
        changed = False
        if code[begin] in LEFT or (code[begin] == "U" and end - begin > 1) or (code[begin] == "(" and code[begin:end].count(")") == 0):
            begin, changed = begin + 1, True
        elif code[begin] == "(" and code[begin:end].find(")") == end - begin - 1:
            begin, end, changed = begin + 1, end - 1, True
        elif code[end - 1] in RIGHT or code[end - 1] in "REo" and end - begin > 1 and code[end - 2] != "U":
            end, changed = end - 1, True
        elif tokens[begin].low == "one" and end - begin > 1 and code[begin + 1] in "tb,":
            begin, changed = begin + 1, True
        elif code[end - 1] in "Nw" and end - begin > 1 and end < len(tokens) and tokens[end].kind == "word" and tokens[end].spaced and not _may_follow(tokens[end], pack):
            end, changed = end - 1, True
    return begin, end


def _may_follow(token: Token, pack: Pack) -> bool:
    """Whether the word after a bare number leaves it a clock time ("Thursday 3 works") rather than a count."""
    words = pack.words
    return token.low in words["function"] or token.low in words["cues"] or token.low in words["soft_cues"] or token.low in words["clause_breaks"] or token.low in words["time_prepositions"]


def _with_tail(tokens: Sequence[Token], end: int, pack: Pack) -> int:
    """Explained words behind a time belong to it: "2 Eastern, 11 for me", "12:15 start"."""
    for size in (3, 2, 1):
        if end + size <= len(tokens) and " ".join(t.low for t in tokens[end : end + size]) in pack.words["time_tails"]:
            return end + size
    return end
