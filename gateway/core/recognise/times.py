"""The grammar of times. Each token is given one letter for the class it belongs to; a time is a maximal run of such letters that holds something strong
(a weekday, a clock time, a date, "the 14th", "at 5"), trimmed at both ends. Never read into a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.core.pack import Pack
from gateway.core.recognise.tokens import Token

# W weekday, C clock, D date, O 14th, N number, w number word, M month, Y tomorrow, P morning, Z zone, U minutes, L weeks, A pm, R next, E every,
# o first, H half, h and a half, d of the month (Japanese 日), m my (time), b at, t other joiner
STRONG = re.compile(
    r"[WCDOY]|[Nw]d|[NwAC]t?h|M[NO]|[NO]t?M|[Nw]-?A|[Nw]-?P?Z|H[Nw]|[Nw]H[Nw]|[REo][PWM]|Mo|[Nw]t*mP|E[Nwo]?[UL]|[RE]L|R[Nw]L|b[Nw](?!-?U)|t[Nw](?=tY)"
)
# names a day or an hour: enough to be an appointment
EXACT = re.compile(r"[WCDO]|[Nw]d|[NwAC]t?h|M[NO]|[NO]t?M|[Nw]-?A|[Nw]-?P?Z|H[Nw]|[Nw]H[Nw]|[Nw]t*mP|Y.*[Nw]|[Nw].*Y|[YP]b?[Nw]")
BOUND = re.compile(r"b+[Nw](?!-?[UL])")  # "at 9", "a las 9"
DAY, HOUR = re.compile(r"[WDOYMd]"), re.compile(r"C|[NwA]t?h|[Nw]-?[AZ]|[bt][Nw]|W,?[Nw](?!U)|Y[Nw]|N[WY]")
LEFT, RIGHT = "t,-/)&:", "tb,-/(&:"
HOUR_OF_FOUR = re.compile(r"(?:[01]\d|2[0-3])[0-5][05]")  # "0930", where its neighbours say so
YEARS = r"20[23]\d"
SIGNS = {
    ",": ",",
    "\u22c5": ",",
    "\u00b7": ",",
    "|": ",",
    "-": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "/": "/",
    "(": "(",
    ")": ")",
    "&": "&",
    ":": ":",
    "~": "t",
    "\u301c": "-",
    "\u2192": "t",
    "@": "b",
}
KINDS = {"clock": "C", "date": "D", "ordinal": "O", "zone": "Z", "meridiem": "A"}
CLASSES = (
    ("C", "clock_words"),
    ("P", "day_parts"),
    ("Z", "zones"),
    ("U", "units"),
    ("L", "long_units"),
    ("w", "number_words"),
    ("R", "relative"),
    ("E", "recurring"),
    ("o", "ordinal_words"),
    ("H", "half_words"),
    ("h", "half_after"),
    ("d", "date_suffixes"),
    ("b", "bound_prepositions"),
    ("t", "time_joiners"),
)


def time_spans(tokens: Sequence[Token], taken: Sequence[bool], pack: Pack) -> list[tuple[int, int, bool, bool]]:
    """(begin, end, weak, full) of every time. `taken` tokens are already explained otherwise."""
    code = _letters(tokens, taken, pack)
    found = []
    for run in re.finditer(r"[^.]+", code):
        for begin, end in _paired(code, run.start(), run.end(), tokens, pack):
            begin, end = _trimmed(code, begin, end, tokens, pack)
            if 0 < begin < end and (code[begin] in "Oo" or code[begin : begin + 2] == "NM") and tokens[begin - 1].low in pack.words["ordinal_articles"]:
                begin -= 1
            part, bound = code[begin:end], begin > 0 and code[begin - 1] in "bt" and tokens[begin - 1].low in pack.words["time_prepositions"]
            month = part == "M" and begin > 0 and code[begin - 1] in "bt"  # "in September"
            if STRONG.search(part) or month or (bound and re.match(r"[Nw](?!-?U)", part)):
                vague = month or (not EXACT.search(part) and not BOUND.match(part) and not (begin and code[begin - 1] in "bt"))
                lead = _with_lead(tokens, code, begin, pack) if HOUR.search(part) or bound else begin
                begin = _with_phrase_before(tokens, begin if taken[lead] else lead, pack)
                found.append((begin, _with_tail(tokens, end, pack), vague, bool(DAY.search(part) and HOUR.search(part))))
            elif re.search(r"[Nw]-?U|[Hh]U|Uh", part):
                end += end < len(tokens) and tokens[end].low in pack.words["duration_nouns"]
                found.append((begin, end, True, False))
    return found


def _letters(tokens: Sequence[Token], taken: Sequence[bool], pack: Pack) -> str:
    """One letter a token: its class in the time grammar, '.' for none."""
    code = ""
    for index, token in enumerate(tokens):
        if taken[index]:
            code += "."
        elif token.kind == "number" and pack.writing.dot_ordinals and _is_ordinal(tokens, index, pack):
            code += "O"
        elif token.kind == "number":
            code += _number_letter(tokens, index, code, pack)
        elif token.text == "." and not token.spaced and code[-1:] in tuple("WMNOUAbt"):
            code += "b" if code[-1] == "b" else "t"  # "Di. 5. Mai", "kl. 9": of an abbreviation or an ordinal number
        elif token.kind == "sign":
            code += SIGNS.get(token.text, ".")
        else:
            code += KINDS.get(token.kind) or (_word_letter(tokens, index, code, pack) if token.low in pack.timely or code.endswith("m") else ".")
    return code


def _is_ordinal(tokens: Sequence[Token], index: int, pack: Pack) -> bool:
    """Whether a number with a full stop is the twelfth: something follows that begins no sentence."""
    if index + 2 >= len(tokens) or tokens[index + 1].text != "." or tokens[index + 1].spaced or not 0 < int(tokens[index].low) < 32:
        return False
    after = tokens[index + 2]
    return after.kind == "sign" or after.low in pack.words["months"] or after.kind == "word" and not after.capital


def _number_letter(tokens: Sequence[Token], index: int, code: str, pack: Pack) -> str:
    """The class of a number: a day of the month behind its article, an hour in four digits, a number that may be part of a time, or none."""
    low, after = tokens[index].low, tokens[index + 1] if index + 1 < len(tokens) else None
    if HOUR_OF_FOUR.fullmatch(low) and not (after is not None and after.capital and after.low not in pack.timely):
        ranged = index > 1 and code[-2:-1] == "C" and code[-1] in "t-"  # "1700 to 1830"
        counted = after is not None and after.low in pack.words["units"]  # "1700 hours"
        dated = code[-1:] in tuple("DWOY") or re.search(r"[NO]M$|M[NO],?$", code) is not None  # "4 May 0900", "19/4 1530"
        if ranged or counted or dated or code[-1:] == "b" and not re.fullmatch(YEARS, low) or low[0] == "0":
            return "C"
    if index and tokens[index - 1].low in pack.writing.date_articles and len(low) <= 2 and 0 < int(low) <= 31:
        if after is None or after.kind != "word" or after.low in pack.timely or _may_follow(after, pack):
            return "O"
    return "N" if len(low) <= 2 and int(low) <= 90 or re.fullmatch(YEARS, low) else "."


def _word_letter(tokens: Sequence[Token], index: int, code: str, pack: Pack) -> str:
    """The class of a word, which may hang on its neighbours: "sat" and "may" are times beside a number or with a capital only."""
    words, token, low = pack.words, tokens[index], tokens[index].low
    before, after = tokens[index - 1] if index else None, tokens[index + 1] if index + 1 < len(tokens) else None
    beside_number = any(t is not None and t.kind in ("number", "clock", "ordinal", "date") for t in (before, after))
    if low in words["weekdays"] and not (low in words["months"] and beside_number):
        written_so = token.capital and (index > 0 or low not in words["function"])  # German "So" at the front is "thus"
        marked = written_so or beside_number or before is not None and before.text == "("  # "12日(木)"
        if marked or low not in words["weekdays_capital"]:
            return "W"
        return "d" if low in words["date_suffixes"] and code[-1:] == "w" else "."  # "十二日"
    if low in words["months"]:
        return "M" if beside_number or low not in words["months_capital"] or (token.capital and index) else "."
    pairs = [f"{low} {after.low}" if after else low, f"{before.low} {low}" if before else low]
    if low in words["day_words"] or any(pair in words["day_words"] for pair in pairs):
        return "Y"
    if low in words["meridiem"] and code[-1:] in tuple("NwC"):
        return "A"
    if low in words["duration_nouns"] and code[-1:] in tuple("CNAZw") and after is not None and after.low in words["time_joiners"]:
        return "t"  # "the 10:00 session on Tuesday"
    if low in words["possessives"] and after is not None and (after.low in words["day_parts"] or after.low in words["possessed"]):
        return "m"
    if code.endswith("m"):
        return "P"
    if any(pair in words["bound_prepositions"] for pair in pairs):
        return "b"  # "a las 3"
    single = next((mark for mark, name in CLASSES if low in words[name]), "")
    return single or next((mark for mark, name in CLASSES if any(pair in words[name] for pair in pairs)), ".")  # "New York"


def _paired(code: str, begin: int, end: int, tokens: Sequence[Token], pack: Pack) -> list[tuple[int, int]]:
    """The run, cut where it holds half a pair of brackets, and without "ninety days": no session lasts so long, it is another matter."""
    part = code[begin:end]
    if part.count("(") != part.count(")"):
        cut = part.rindex("(") if "(" in part else part.index(")")
        return [*_paired(code, begin, begin + cut, tokens, pack), *_paired(code, begin + cut + 1, end, tokens, pack)]
    long = re.search(r"(?<![REW])[Nw]-?L", part)
    if long is None or (begin + long.start() > 0 and tokens[begin + long.start() - 1].low in pack.words["distance"]):
        return [(begin, end)]
    return [(begin, begin + long.start()), *_paired(code, begin + long.end(), end, tokens, pack)]


def _trimmed(code: str, begin: int, end: int, tokens: Sequence[Token], pack: Pack) -> tuple[int, int]:
    """The run without joiners at its ends and without a number that counts something else ("Monday, three things")."""
    dots = pack.writing.dot_ordinals
    while begin < end:
        part = code[begin:end]
        alone = len(part) == 1
        of_a_noun = part[0] == "b" and not alone and part[1] in "WY" and tokens[begin].low in pack.writing.genitives  # "séance du | jeudi 12"
        if (
            of_a_noun
            or part[0] in LEFT
            or (part[0] == "(" and ")" not in part)
            or (not alone and (part[0] in "UL" and part[1] != "h" or tokens[begin].low == "one" and part[1] in "tb,"))
        ):
            begin += 1
        elif part[0] == "(" and part.find(")") == len(part) - 1:
            begin, end = begin + 1, end - 1
        elif part[-1] in RIGHT and not (dots and part[-2:] == "Ot" and tokens[end - 1].text == ".") or (not alone and part[-1] in "REo" and part[-2] != "U"):
            end -= 1
        elif not alone and part[-1] in "Nw" and _is_count(part, tokens, end, pack):
            end -= 1
        else:
            break
    return begin, end


def _is_count(part: str, tokens: Sequence[Token], end: int, pack: Pack) -> bool:
    """Whether the number that a run ends with counts the word behind it ("Monday, three things"); behind "kl", which says nothing else, it is an hour."""
    after = tokens[end] if end < len(tokens) else None
    if after is None or after.kind != "word" or not after.spaced or part[-2:] == "AN":
        return False
    before = tokens[end - 2].low
    is_hour = part[-2] == "b" and before not in pack.words["time_prepositions"] and before not in pack.plain
    return not is_hour and not _may_follow(after, pack)


def _may_follow(token: Token, pack: Pack) -> bool:
    """Whether the word after a bare number leaves it a clock time ("Thursday 3 works") rather than a count."""
    return token.low in pack.plain and token.low not in pack.words["neutral_nouns"] or token.low in pack.words["time_prepositions"]


def _with_lead(tokens: Sequence[Token], code: str, begin: int, pack: Pack) -> int:
    """A word that says what happens then belongs to a time: "doors at 8:45", "back by 11:20"."""
    before = begin - 1
    while before >= 0 and code[before] in "bt":
        before -= 1
    return before if 0 <= before < begin - (code[begin] != "b") and tokens[before].low in pack.words["time_leads"] else begin


def _with_phrase_before(tokens: Sequence[Token], begin: int, pack: Pack) -> int:
    """Words right before a time that make it another one: "the week of the 7th", "w/c 12 October"."""
    sizes = (size for size in (3, 2) if size <= begin)
    return next((begin - size for size in sizes if " ".join(t.low for t in tokens[begin - size : begin]) in pack.words["time_leads"]), begin)


def _with_tail(tokens: Sequence[Token], end: int, pack: Pack) -> int:
    """Explained words behind a time belong to it: "2 Eastern, 11 for me", "12:15 start"."""
    for size in (3, 2, 1):
        if end + size <= len(tokens) and " ".join(t.low for t in tokens[end : end + size]) in pack.words["time_tails"]:
            return end + size
    return end
