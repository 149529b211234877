"""Blocks to sentences: lines are joined where they were wrapped, cut where a sentence ends, and each gets the part it plays in a letter
(greeting, body, row of a list, labelled line, signature, quoted history). Never decides whether anything may pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.core.model import RecogniserContext
from gateway.core.pack import Pack, Packs
from gateway.core.phrases import bare
from gateway.core.recognise.tokens import Token, readable, scan

WRAPPED = 58  # a line at least this long may go on in the next one
BULLET = re.compile(
    r"\s*(?:[-*\u2022\u2013\u2014\u00b7>]|\d{1,2}[.)](?!\d)|\(?[a-z]\)|option \w{1,2}[:.)]|[\u2190-\u2bff\U0001f000-\U0001faff]\ufe0f?)\s*", re.IGNORECASE
)
PICTURES = {  # a picture at the front of a line is a label: clocks and calendars, pins and houses, telephones, chains and screens
    **dict.fromkeys("\u23f0\U0001f550\U0001f4c5\U0001f5d3\U0001f4c6", "time"),
    **dict.fromkeys("\U0001f4cd\U0001f3e2\U0001f517\U0001f4bb", "place"),
    **dict.fromkeys("\U0001f4de\u260e\U0001f4f1", "phone"),
}
MARKS_OF_PROGRAMS = (
    "re aw fw fwd wg tr rv sv vs vb antw doorst odp pd ynt ilt res enc ref rif inoltro r i fs 回复 答复 转发 返信 転送 رد توجيه उत्तर अग्रेषित"  # before a subject
)
REPLY_MARK = re.compile(rf"\s*(?:(?:{'|'.join(MARKS_OF_PROGRAMS.split())})\s?(?:\[\d+\])?\s?: ?)+", re.IGNORECASE)
RULE = re.compile(r"\s*[-_=*\u2500\u2014]{4,}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence on its way through the recogniser."""

    source: str
    text: str
    tokens: tuple[Token, ...]
    part: str  # "subject" | "reply-mark" | "greeting" | "body" | "row" | "label" | "signature" | "quoted"
    label: str = ""  # of a labelled line: "time" | "place" | "phone" | "code" | "other"
    group: int = 0  # rows of one list share a number

    @property
    def bullet(self) -> int:
        """How many tokens at the front are the mark of a row ("a)", "1.") and say nothing."""
        mark = BULLET.match(self.text) if self.part == "row" else None
        return next((n for n, token in enumerate(self.tokens) if token.start >= mark.end()), 0) if mark else 0


def split(source: str, text: str, pack: Pack, packs: Packs | None = None) -> list[Piece]:
    """The sentences of a normalised block in order. Every character that is not white space is in exactly one of them.

    `pack` is that of the mail; history and labels are known in the languages of all `packs`: a German mail quotes an English one.
    """
    if source == "subject":
        return _subject(text.replace("\n", " "), pack)
    return _letter(source, text, pack, packs or Packs((pack,)))


def _subject(text: str, pack: Pack) -> list[Piece]:
    """The marks of programs before a subject, and its sentences."""
    mark = REPLY_MARK.match(text)
    if mark is None:
        return [Piece("subject", *said, "subject") for said in _cut(text, pack)]
    marks = mark[0].strip()
    said = [Piece("subject", *said, "subject") for said in _cut(text[mark.end() :].lstrip(), pack)]
    return [Piece("subject", marks, scan(marks, pack), "reply-mark"), *said]


def _letter(source: str, text: str, pack: Pack, packs: Packs) -> list[Piece]:
    """The sentences of a text, line by line, each with its part."""
    pieces: list[Piece] = []
    quoted = closing = heading = False
    group = 0
    lines = _joined(text.split("\n"), pack, packs)
    following = _following(lines)
    last = _last_of_body(lines, following, pack, packs)
    for number, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            group += 0 if _row(following[number], pack) else 1
            continue
        opens = _opens_history(stripped, following[number], packs)
        quoted = quoted or opens
        if quoted or stripped.startswith(">"):
            heading = opens or heading and _head(stripped) in packs.words("history_headers")  # its "Date:" is when somebody wrote
            label = "" if heading or stripped.startswith(">") else _label(stripped, pack, packs)[0]
            pieces.append(Piece(source, stripped, scan(stripped, pack), "quoted", label))
            continue
        closing = closing or number > last or (stripped in ("--", "-- ") and number > 0)
        footer = bare(stripped).startswith(tuple(packs.words("footers")))
        if closing or footer:
            pieces.append(Piece(source, stripped, scan(stripped, pack), "signature"))
            continue
        label, rest = _label(stripped, pack, packs)
        if label:
            group += 1
            (opening, tokens), *more = _cut(stripped, pack)
            pieces.append(Piece(source, opening, tokens, "label", label, group))
            pieces += [Piece(source, sentence, tokens, "body", group=group) for sentence, tokens in more]
            continue
        row = _row(stripped, pack)
        group += 0 if row else 1
        first = not any(p.part in ("body", "row", "label") for p in pieces)
        pieces += _paragraph(source, stripped, "row" if row else "body", group, first, pack)
    return pieces


def _paragraph(source: str, text: str, part: str, group: int, first: bool, pack: Pack) -> list[Piece]:
    """The sentences of a paragraph; the `first` one of a letter may begin with a salutation."""
    (sentence, tokens), *more = _cut(text, pack)
    head = _greeting(tokens, pack) if first else 0
    greeting = [Piece(source, sentence[: tokens[head - 1].end], tokens[:head], "greeting")] if head else []
    if head:
        sentence = sentence[tokens[head - 1].end :].strip()
        tokens = scan(sentence, pack)
    return greeting + [Piece(source, *said, part, group=group) for said in ((sentence, tokens), *more) if said[1]]


def bullet_end(line: str, pack: Pack) -> int:
    """Where the mark ends that makes a line an entry of a list, 0 where there is none: with dotted ordinals "9. Juni" is a date."""
    bullet = BULLET.match(line)
    if bullet is None:
        return 0
    if pack.writing.dot_ordinals and bullet[0].strip()[0].isdigit():
        after = next(iter(scan(line[bullet.end() : bullet.end() + 30], pack)), None)
        if after is not None and (after.low in pack.words["months"] or after.low in pack.words["time_joiners"]):
            return 0
    return bullet.end()


def _following(lines: list[str]) -> list[str]:
    """For each line the next one that is not empty, '' behind the last."""
    found, after = [], ""
    for line in reversed(lines):
        found.append(after)
        after = line.strip() or after
    return found[::-1]


def _joined(lines: list[str], pack: Pack, packs: Packs) -> list[str]:
    """Lines as written, with those put together again that a mail program or a writer wrapped."""
    out: list[str] = []
    wrapped = False
    for line in lines:
        stripped = line.strip()
        go_on = wrapped and stripped and not bullet_end(stripped, pack) and not _label(stripped, pack, packs)[0]  # ">" is a bullet too
        if go_on:
            out[-1] = out[-1].rstrip() + " " + stripped
        else:
            out.append(line)
        long = len(line) >= WRAPPED and readable(stripped[-1:]) not in (".", "!", "?", ":", ")")
        wrapped = (long or stripped.endswith(pack.writing.goes_on)) and not stripped.startswith(">")
    return out


def _opens_history(line: str, following: str, packs: Packs) -> bool:
    """Whether a line begins quoted or forwarded history: everything after it is somebody else's. `following` is the next line."""
    low = bare(line)
    openers, headers = packs.words("history_openers"), packs.words("history_headers")
    if RULE.match(low) and any(word in low for word in openers):
        return True
    if low.startswith(tuple(openers)) and low.endswith(":"):
        return True
    if low.endswith(":") and ("@" in low or any(verb in low for verb in packs.words("history_verbs"))) and any(c.isdigit() for c in low):
        return True  # "On <date> <person> <mailbox> wrote:" in any language
    return _head(line) in headers and _head(following) in headers


def _head(line: str) -> str:
    """What stands before the first colon of a line, '' where there is none."""
    head, colon, _ = bare(line).partition(":")
    return head.strip("* ") if colon else ""


def _label(line: str, pack: Pack, packs: Packs) -> tuple[str, str]:
    """("place", "the rest") of "Where: the rest"; a picture of a clock or a pin is a label too."""
    if line[0] in PICTURES:
        return PICTURES[line[0]], line[1:]
    head, colon, rest = line[bullet_end(line, pack) :].partition(":")
    if not colon or not rest.strip() or len(head) > 40:
        return "", ""
    low = bare(head.strip())
    for spoken in (pack, *packs.packs):
        for kind in ("time", "place", "phone", "code", "other"):
            if low in spoken.words[f"labels_{kind}"]:
                return kind, rest
    return "", ""


def _row(line: str, pack: Pack) -> bool:
    """Whether a line is an entry of a list or table: a bullet, a number, or a short line that begins with a day or a time."""
    if not line:
        return False
    if 0 < bullet_end(line, pack) < len(line):
        return True
    if len(line) > 90 or readable(line[-1]) in ".!?,":
        return False
    tokens = scan(line[:40], pack)
    day = len(tokens) > 1 and tokens[0].low in pack.words["weekdays"] and (tokens[1].kind != "word" or len(line) < 60)
    return bool(tokens) and (day or tokens[0].kind in ("clock", "date")) and len(_cut(line, pack)) <= 1


def _cut(text: str, pack: Pack) -> list[tuple[str, tuple[Token, ...]]]:
    """A paragraph cut into sentences."""
    tokens = scan(text, pack)
    cuts: list[int] = []
    bullet = bullet_end(text, pack)
    for index, token in enumerate(tokens[:-1]):
        after = tokens[index + 1]
        if token.end <= bullet:
            continue
        if token.kind == "sign" and token.text in ".!?\u2026" and after.spaced and after.text not in ".!?":
            before = tokens[index - 1] if index else None
            abbreviated = before is not None and not token.spaced and (before.low in pack.words["abbreviations"] or (len(before.low) == 1 and before.capital))
            goes_on = not after.capital or after.low in pack.words["months"] or after.low in pack.words["place_heads_before"]
            abbreviated = abbreviated or before is not None and after.kind == "number" and before.text.lower().endswith(tuple(pack.words["place_endings"]))
            ordinal = pack.writing.dot_ordinals and goes_on and before is not None and not token.spaced and before.kind == "number" and len(before.text) < 3
            if token.text != "." or not (abbreviated or ordinal):
                cuts.append(index + 1)
        elif token.text == ")" and after.spaced and after.capital and index > bullet and tokens[index - 1].text in (".", "!", "?"):  # "(He will.) That leaves"
            cuts.append(index + 1)
        elif token.kind == "date" and token.text[-1] == "." and index and after.capital and after.low not in pack.timely:  # "on 5.5. Please reply"
            cuts.append(index + 1)
    sentences = []
    for begin, end in zip([0, *cuts], [*cuts, len(tokens)], strict=True):
        if begin < end:
            start, stop = tokens[begin].start, tokens[end - 1].end
            piece = text[start:stop]
            cut = tokens[begin:end]
            sentences.append((piece, tuple(Token(t.kind, t.text, t.low, t.start - start, t.end - start, t.spaced) for t in cut) if start else cut))
    return sentences


def _greeting(tokens: tuple[Token, ...], pack: Pack) -> int:
    """How many tokens at the front are a salutation: "Hi Omar,", "Dear Ms. Castellano", "Lachie,". Case matters: names are capital."""
    words, index = pack.words, _title_behind(tokens, pack)
    if index:
        return index
    while index < min(3, len(tokens)):
        size = next((n for n in (2, 1) if index + n <= len(tokens) and " ".join(t.low for t in tokens[index : index + n]) in words["greetings"]), 0)
        if not size:
            break
        index += size
    opened, names = index > 0, 0
    while index < len(tokens) and names < 4:
        token = tokens[index]
        if token.low in words["titles"] or token.low in words["group_names"] or (token.text == "." and names):
            names += token.text != "."
        elif token.text == "," and opened and not names:
            pass
        elif opened and is_name(token, pack):
            names += 1
        elif (
            token.capital
            and token.low not in words["first_person"]
            and token.low not in words["weekdays"]
            and token.low not in words["months"]
            and (opened or token.low not in pack.known)
        ):
            names += 1
        elif token.text in "/&" and names:
            pass
        else:
            break
        index += 1
    if index == len(tokens):
        return index if opened or (names and names <= 2) else 0
    if tokens[index].text in (",", "!", ":", "-", "\u2013", "\u2014", "."):
        hyphen = tokens[index].text == "-" and not tokens[index].spaced
        if not opened and (names == 0 or names > 2 or tokens[index].text in ".!:" or len(tokens[0].text) < 2 or hyphen):
            return 0
        while index < len(tokens) and tokens[index].text in ",!:-\u2013\u2014.":
            index += 1
        return index
    return index if opened and (names or tokens[index].capital) and names <= 3 else 0


def names_in(context: RecogniserContext) -> frozenset[str]:
    """The words of the configured names of coach and client, as they are compared."""
    return frozenset(word.lower() for name in (*context.client_names, *context.coach_names) for word in name.split())


def is_name(token: Token, pack: Pack) -> bool:
    """Whether a word of a script without capitals may be a name, or part of one: the pack does not know it, or as a single letter that is no word."""
    return token.caseless and (token.low not in pack.known or len(token.text) == 1 and token.low not in pack.words["function"])


def _title_behind(tokens: tuple[Token, ...], pack: Pack) -> int:
    """End of a salutation whose title stands behind the name and ends the line or the clause ("大谷様、", "राघवन जी,"); 0 where there is none."""
    end = 0
    while end < min(6, len(tokens)) and (is_name(tokens[end], pack) or tokens[end].low in pack.words["titles"] and tokens[end].caseless):
        end += 1
    if not 1 < end or tokens[end - 1].low not in pack.words["titles"]:
        return 0
    signs = next((n for n, t in enumerate(tokens[end:]) if t.text not in (",", "!", ":", ".")), len(tokens) - end)
    return end + signs if signs or end == len(tokens) else 0


def without_marks(line: str) -> str:
    """A line as sign-offs are compared: bare, without the marks at its end."""
    return bare(line.strip()).rstrip(",.! \u3002\u060c")


def _last_of_body(lines: list[str], following: list[str], pack: Pack, packs: Packs) -> int:
    """Number of the last line before the sign-off ("Best wishes,") and the name below it; all lines where there is none."""
    end = next((n for n, line in enumerate(lines) if n and (line.strip() in ("--", "-- ") or _opens_history(line.strip(), following[n], packs))), len(lines))
    filled = [n for n in range(end) if lines[n].strip() and not lines[n].strip().startswith(">")]
    for n in filled[1:]:
        if without_marks(lines[n]) in packs.words("sign_offs"):
            return n - 1
    if len(filled) < 2:
        return len(lines)
    last = end
    for n in reversed(filled[1:]):
        stripped = lines[n].strip()
        tokens = [t for t in scan(stripped[:60], pack) if t.kind != "sign"]
        short = len(tokens) <= 4 and len(stripped) < 40
        name = short and tokens and all(t.kind == "word" and (t.capital or len(tokens) == 1 or is_name(t, pack)) for t in tokens)
        if not name or any(t.low in pack.words["weekdays"] or t.low in pack.words["cues"] for t in tokens):
            break
        last = n - 1
        if n and not lines[n - 1].strip():
            break
    return last if last < end else len(lines)
