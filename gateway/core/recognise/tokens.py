"""Text to tokens. First the text is brought to one form (NFKC, no invisible characters), then cut at white space, then each
chunk is read by one bounded expression. A chunk longer than `LONGEST` is one opaque token, so that no expression ever sees a long input.
Facts are copied from the text as it is written; digits and full stops of other scripts are turned into ASCII for reading alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.core.pack import Pack
from gateway.core.phrases import bare

LONGEST = 200  # characters of one chunk without white space; longer ones are never read
LONGEST_LINK = 400  # but for a link: the long form of Teams has 270
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
# scripts whose letters nobody takes for Latin ones: with a Latin word they make up words of their own ("Zoomで", "الـZoom")
LIKE_NO_OTHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "COMBINING", "ARABIC", "DEVANAGARI"})
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # RFC 3987 section 4.1: the order seen is not the order written
READ_AS = dict(zip(map(ord, "؟۔।。،؛、"), "?...,;,", strict=True))  # signs of other scripts, one for one
APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u02b9\u2032`\u00b4"), "'")

CHUNK = re.compile(r"\S+")
CHUNK_UNSPACED = re.compile(r"https?://[!-~]+|(?:(?!https?://)[^\s。、,!?])+[。、,!?]*|[。、,!?]+")  # no white space between words, or none after a stop
# vowel signs and accents of their own: no letters, but parts of words
MARK = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u093c\u093e-\u094d\u0951-\u0957\u0962\u0963\u3099\u309a"
URL = re.compile(r"(?:https?://|www\.)\S+|(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}(?:/\S*)?", re.IGNORECASE)
UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f"  # letters that stand beside those of another script without white space
_UNSPACED = re.compile(f"[\u3001\u3002{UNSPACED}]")
_PIECE = r"""(?P<zone>(?:gmt|utc)[+\-\u2212\u2013]\d{1,2}(?::\d\d)?(?!\d))
      | (?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?![0-9a-z-]) | \d{1,2}/\d{1,2}(?:/\d{2,4})?(?![0-9a-z/])
           | \d{1,2}-\d{1,2}-\d{4}(?![0-9a-z-]) | \d{1,2}\.\d{1,2}\.\d{2,4}(?![0-9a-z]) DOTTED)
      | (?P<clock>\d{1,2}[:.hu]\d\d(?:\s?(?:am|pm|a\.m\.?|p\.m\.?|uhr|hrs|hs|h))?(?![0-9a-z]|[:.]\d)
           | \d{1,2}(?:am|pm|a\.m\.?|p\.m\.?|hrs|hs|h|u|ish)(?![0-9a-z]) | (?:[01]\d|2[0-3])[0-5]\d(?:hrs?|h)(?![0-9a-z]))
      | (?P<ordinal>\d{1,2}(?:st|nd|rd|th|:[ea]|er|re|ère|º|ª|°|e|\.[ao])(?!\w))
      | (?P<number>\d+(?![0-9a-z_]))
      | (?P<meridiem>[ap]\.m\.?)
      | (?P<code>(?=[a-z]*\d)[a-z\d]+(?![^\WUNSPACED]))
      | (?P<word>(?:[^\W\d_][MARK]*)+(?:'(?:[^\W\d_][MARK]*)+)*)
      | (?P<other>\w+)
      | (?P<sign>[^\w\s])""".replace("MARK", MARK).replace("UNSPACED", UNSPACED)
PIECE = re.compile(_PIECE.replace("DOTTED", ""), re.VERBOSE | re.IGNORECASE)
PIECE_DOTTED = re.compile(_PIECE.replace("DOTTED", r"| \d{1,2}\.(?:0?[1-9]|1[0-2])\.(?!\d) "), re.VERBOSE | re.IGNORECASE)  # "am 5.5. um 9"


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

    @property
    def caseless(self) -> bool:
        """Whether it is a word of a script without capital letters: there a name is told by what the pack does not know."""
        return self.kind == "word" and not self.text[0].isascii() and self.text[0].lower() == self.text[0].upper()


def normalise(text: str) -> str:
    """The form in which everything is judged and from which facts are copied. Line ends become LF; letters, digits and their order stay as they are."""
    text = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n")).translate(INVISIBLE)
    return re.sub(r"[^\S\n]+", " ", text if text.isascii() else text.translate(APOSTROPHES))


def readable(text: str) -> str:
    """`text` with ASCII digits and stops, character for character: places in one are places in the other."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text).translate(READ_AS)


def is_foreign_script(text: str) -> bool:
    """Whether a word mixes alphabets (homoglyphs) or an order of writing is forced: such text is never approved and gives no fact."""
    if text.isascii():
        return False
    if BIDI.search(text):
        return True
    for word in re.findall(r"[^\W\d_]+", text):
        if len(set(map(_script, word)) - LIKE_NO_OTHER) > 1:
            return True
    return False


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """The script of a letter: the first word of its name."""
    return unicodedata.name(letter, "?").split(" ")[0]


def scan(text: str, pack: Pack | None = None) -> tuple[Token, ...]:
    """The tokens of a normalised text; with a pack, `low` is the word of that pack."""
    tokens: list[Token] = []
    read = readable(text)
    expression = PIECE_DOTTED if pack is not None and pack.writing.dot_ordinals else PIECE
    for chunk in (CHUNK if text.isascii() or not _UNSPACED.search(text) else CHUNK_UNSPACED).finditer(text):
        piece, start = read[chunk.start() : chunk.end()], chunk.start()
        if len(piece) > (LONGEST_LINK if piece.lstrip("(<[\"'").startswith("https://") else LONGEST):
            tokens.append(Token("opaque", piece, piece[:20].lower(), start, chunk.end(), True))
            continue
        # most chunks are a word, or a word and a mark: they need no expression to be seen through
        word = piece[:-1] if piece[-1] in ".,;:!?" else piece
        if word.isalpha():
            ends = start + len(word)
            tokens += _words(Token("word", word, word.lower(), start, ends, True), pack)
            if word is not piece:
                tokens.append(Token("sign", piece[-1], piece[-1], ends, ends + 1, False))
            continue
        lead = len(piece) - len(piece.lstrip("(<[\"'*_"))
        found = URL.match(piece, lead)
        plain = piece[lead:].rstrip(".,;:!?)>]\"'*_")
        if "@" in plain and len(plain) > 3:
            kind = "mailbox"
        elif found and len(found[0]) >= len(plain) and ("/" in plain or plain.lower().startswith("www.") or plain.count(".") > 1) and not plain[0].isdigit():
            kind = "link"
        else:
            lead, plain, kind = 0, "", ""
        inner = [(0, lead), (lead + len(plain), len(piece))] if kind else [(0, len(piece))]
        for number, (begin, end) in enumerate(inner):
            for match in expression.finditer(piece, begin, end):
                token = Token(match.lastgroup or "sign", match[0], match[0].lower(), start + match.start(), start + match.end(), match.start() == 0)
                tokens += _words(token, pack) if token.kind == "word" else (token,)
            if kind and number == 0:
                tokens.append(Token(kind, plain, plain.lower(), start + lead, start + lead + len(plain), lead == 0))
    return tuple(tokens) if pack is None or not (pack.writing.joined or pack.writing.clitics) else _put_together(tokens, pack)


def _put_together(tokens: Sequence[Token], pack: Pack) -> tuple[Token, ...]:
    """The tokens, with those that are one word of the pack as one: "rendez-vous", and the "l'" of "l'8 maggio"."""
    out: list[Token] = []
    index = 0
    while index < len(tokens):
        token, end = tokens[index], index + 1
        if token.kind == "word" and end < len(tokens) and tokens[end].text in "-'" and not tokens[end].spaced:
            for size in (5, 3, 2):
                run = tokens[index : index + size]
                text = "".join(t.text for t in run)
                if text.lower() in (*pack.writing.joined, *pack.writing.clitics) and not any(t.spaced for t in run[1:]):
                    token = token._replace(text=text, low=pack.form(text.lower().replace("-", "")), end=run[-1].end)
                    end = index + len(run)
                    break
        out.append(token)
        index = end
    return tuple(out)


def _words(token: Token, pack: Pack | None) -> Sequence[Token]:
    """A run of letters as the words of the pack: most often one."""
    if pack is None:
        return (token,)
    low = token.low
    if not pack.writing.spaced and not low.isascii():
        words, begin = [], token.start
        for part in pack.cut(bare(low)) if len(bare(low)) == len(token.text) else [low]:
            text = token.text[begin - token.start : begin - token.start + len(part)]
            words.append(Token("word", text, part, begin, begin + len(part), True))
            begin += len(part)
        return words
    clitic = next((c for c in pack.writing.clitics if low.startswith(c) and low != c), "") if "'" in low and low not in pack.listed else ""
    if clitic:
        cut = token.start + len(clitic)
        rest = token._replace(text=token.text[len(clitic) :], low=low[len(clitic) :], start=cut, spaced=False)
        return (token._replace(text=token.text[: len(clitic)], low=clitic, end=cut), *_words(rest, pack))
    if low in pack.writing.capital and token.text[0].isupper():
        return (token._replace(low=f"^{low}"),)
    return (token if low in pack.listed else token._replace(low=pack.form(low)),)
