"""Text to tokens. First the text is brought to one form (NFKC, no invisible characters, ASCII digits), then cut at white space, then each
chunk is read by one bounded expression. A chunk longer than `LONGEST` is one opaque token, so that no expression ever sees a long input.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

LONGEST = 200  # characters of one chunk without white space; longer ones are never read
INVISIBLE = dict.fromkeys(
    # zero width, soft hyphen, fillers, variation selectors, tags
    [
        *range(0x200B, 0x2010),
        *range(0x2060, 0x2065),
        0xFEFF,
        0x00AD,
        0x034F,
        0x061C,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x180E,
        0x3164,
        *range(0xFE00, 0xFE10),
        *range(0xE0000, 0xE0080),
    ]
)
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # RFC 3987 section 4.1: the order seen is not the order written
APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u02b9\u2032`\u00b4"), "'")

CHUNK = re.compile(r"\S+")
URL = re.compile(r"(?:https?://|www\.)\S+|(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}(?:/\S*)?", re.IGNORECASE)
PIECE = re.compile(
    r"""(?P<zone>(?:gmt|utc)[+\-\u2212\u2013]\d{1,2}(?::\d\d)?(?!\d))
      | (?P<date>\d{4}-\d\d-\d\d(?![\w-]) | \d{1,2}/\d{1,2}(?:/\d{2,4})?(?![\w/]) | \d{1,2}\.\d{1,2}\.\d{2,4}(?!\w) )
      | (?P<clock>\d{1,2}[:.h]\d\d(?:\s?(?:am|pm|a\.m\.?|p\.m\.?|uhr|h))?(?![\w:]|\.\d) | \d{1,2}(?:am|pm|a\.m\.?|p\.m\.?|h|u)(?!\w))
      | (?P<ordinal>\d{1,2}(?:st|nd|rd|th)(?!\w))
      | (?P<number>\d+(?!\w))
      | (?P<meridiem>[ap]\.m\.?)
      | (?P<code>(?=[a-z]*\d)[a-z\d]+(?!\w))
      | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
      | (?P<other>\w+)
      | (?P<sign>[^\w\s])""",
    re.VERBOSE | re.IGNORECASE,
)


class Token(NamedTuple):
    """A piece of the text. `low` is what the vocabulary is asked for; `kind` one of the group names of `PIECE`, or link, mailbox, opaque."""

    kind: str
    text: str
    low: str
    start: int
    end: int
    spaced: bool  # white space stands before it

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.kind in ("word", "code") and self.text[0].isupper()


def normalise(text: str) -> str:
    """The form in which everything is read and from which facts are copied. Line ends become LF; letters and order of text stay as they are."""
    text = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n")).translate(INVISIBLE)
    if not text.isascii():
        text = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text).translate(APOSTROPHES)
    return re.sub(r"[^\S\n]+", " ", text)


def is_foreign_script(text: str) -> bool:
    """Whether a word mixes alphabets (homoglyphs) or an order of writing is forced: such text is never approved and gives no fact."""
    if text.isascii():
        return False
    if BIDI.search(text):
        return True
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {unicodedata.name(c, "?").split(" ")[0] for c in word if not c.isascii()} | ({"LATIN"} if any(c.isascii() for c in word) else set())
        if len(scripts - {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "COMBINING"}) > 1:
            return True
    return False


def scan(text: str, offset: int = 0) -> tuple[Token, ...]:
    """The tokens of a normalised text; `offset` is added to all positions."""
    tokens: list[Token] = []
    for chunk in CHUNK.finditer(text):
        piece, start = chunk[0], chunk.start()
        if len(piece) > LONGEST:
            tokens.append(Token("opaque", piece, piece[:20].lower(), offset + start, offset + chunk.end(), True))
            continue
        # most chunks are a word, or a word and a mark: they need no expression to be seen through
        word = piece[:-1] if piece[-1] in ".,;:!?" else piece
        if word.isalpha():
            begins, ends = offset + start, offset + start + len(word)
            tokens.append(Token("word", word, word.lower(), begins, ends, True))
            if word is not piece:
                tokens.append(Token("sign", piece[-1], piece[-1], ends, ends + 1, False))
            continue
        lead = len(piece) - len(piece.lstrip("(<[\"'*_"))
        found = URL.match(piece, lead)
        bare = piece[lead:].rstrip(".,;:!?)>]\"'*_")
        if "@" in bare and len(bare) > 3:
            kind = "mailbox"
        elif found and len(found[0]) >= len(bare) and ("/" in bare or bare.lower().startswith("www.") or bare.count(".") > 1) and not bare[0].isdigit():
            kind = "link"
        else:
            lead, bare, kind = 0, "", ""
        inner = [(0, lead), (lead + len(bare), len(piece))] if kind else [(0, len(piece))]
        for number, (begin, end) in enumerate(inner):
            for match in PIECE.finditer(piece, begin, end):
                spaced = match.start() == 0
                begins, ends = offset + start + match.start(), offset + start + match.end()
                tokens.append(Token(match.lastgroup or "sign", match[0], match[0].lower(), begins, ends, spaced))
            if kind and number == 0:
                tokens.append(Token(kind, bare, bare.lower(), offset + start + lead, offset + start + lead + len(bare), lead == 0))
    return tuple(tokens)
