"""Text that hides what it says: a person may read it, a program reads something else or nothing.

Each question is about one way of writing that no mail program produces by itself, so a yes is a reason to ask the coach; and each has a measure that ordinary
mail stays below: names in another alphabet, direction marks, initials, letter-spaced headings, one garbled name in a quotation. Nothing here undoes a
disguise or says what the text means. Every question takes time linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MIXED_WORDS = 3  # with one seam each: a letter typed on the wrong keyboard happens, not three times
APART = 6  # letters
APART_HEADING = 32  # letters: what is set apart with capitals up to this length is a name or a heading
GARBLED = 12  # characters, in two words or more: a single broken name is a quotation

# alphabets that share shapes: Latin on one side; Greek, Coptic, Cyrillic, Armenian, Cherokee and Lisu on the other
_LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_RARE = r"\u2c80-\u2cff\u0531-\u0587\u13a0-\u13ff\uab70-\uabbf\ua4d0-\ua4ff"
_OTHER = rf"\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f{_RARE}"
_FOREIGN = re.compile(f"[{_OTHER}]")
_SEAM = re.compile(rf"[{_LATIN}](?=[{_OTHER}])|[{_OTHER}](?=[{_LATIN}])")
_WORD = re.compile(rf"[{_LATIN}{_OTHER}]+")
# The letters of one side that pass for letters of the other: Cyrillic small and capital, Greek. Numbers, because nobody could proofread the shapes.
_LIKE_LATIN = re.compile(
    r"[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d"  # a e o p c y x s i j h d q w
    r"\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"  # A B E S I J K M H O P C T Y X
    r"\u03b1\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    rf"{_RARE}]+"
)
_LIKE_OTHER = re.compile("[aceijohpqsvwxyukndABCEHIJKMNOPSTXYZ]+")
_SPLIT = re.compile(rf"([{_LATIN}])|([{_OTHER}])")
_ZERO_WIDTH = re.compile("[\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufeff]")

# an override and what it turns: up to its end (U+202C), or with another sign of direction inside the whole rest of the line
_OVERRIDE = re.compile("([\u202d\u202e])([^\n\u202a-\u202e\u2066-\u2069]*(?:[\u202a\u202b\u202d\u202e\u2066-\u2069][^\n]*)?)")
_TURNS = {"\u202e": ("L", "EN", "AN"), "\u202d": ("R", "AL")}  # classes of UAX #9 that each override shows in another order than they are written

_GAP = r"[ ._*\u00b7~-]"
_HINT = re.compile(rf"{_GAP}[^\W\d_]{_GAP}[^\W\d_](?![^\W_])")  # the end of three letters set apart; most text has none, and this finds that out quickly
_SET_APART = re.compile(rf"(?<![^\W_])[^\W\d_](?P<gap>{_GAP})[^\W\d_](?:(?P=gap)[^\W\d_])*(?![^\W_])")

# what octets of another charset become in a Western one (windows-1252, or ISO 8859-1 as it was)
_WESTERN = re.compile("[\u0080-\u024f\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]{4,}")

_CODED_FILE = re.compile(r"^[ >]*(?:begin(?:-base64)? [0-7]{3,4} \S|=ybegin )", re.MULTILINE)  # uuencode (POSIX), yEnc


def mixes_alphabets(text: str) -> bool:
    """Whether letters of one alphabet pass for another's inside of words (homoglyphs): twice in a word, or once each in several."""
    if text.isascii() or not _FOREIGN.search(text := unicodedata.normalize("NFKC", text)):
        return False
    once = set()
    for word in _WORD.findall(_ZERO_WIDTH.sub("", text)):
        seams = len(_SEAM.findall(word))
        if seams and _passes_for_another(word):
            if seams > 1:
                return True
            once.add(word)
    return len(once) >= MIXED_WORDS


def is_turned_round(text: str) -> bool:
    """Whether an override (UAX #9) shows letters in another order than they are written. Marks, embeddings and isolates never do."""
    return any(sum(unicodedata.bidirectional(c) in _TURNS[override] for c in inside) > 1 for override, inside in _OVERRIDE.findall(text))


def is_set_apart(text: str) -> bool:
    """Whether words are written with a space or mark after each letter ("l e a v i n g"), beyond a name, a heading or an abbreviation."""
    text = text if text.isascii() else _ZERO_WIDTH.sub("", text)
    for words in _words_set_apart(text) if _HINT.search(text) else ():
        letters = "".join(words).casefold()
        capitals = sum(word[0].isupper() for word in words)
        if len(letters) >= (APART_HEADING if capitals * 2 >= len(words) else APART) and len(set(letters)) > 3:
            return True
    return False


def is_garbled(text: str) -> bool:
    """Whether text was written in one charset and read in another: runs of accented letters, controls and signs where words should be."""
    if text.isascii():
        return False
    runs = [run for run in _WESTERN.findall(text) if sum(c.isalpha() or c < "\u00a0" for c in run) > 2 and len(set(run)) > 2]
    return len(runs) > 1 and sum(map(len, runs)) >= GARBLED


def is_coded_file(text: str) -> bool:
    """Whether a file stands in the text in a coding that no part announces."""
    return _CODED_FILE.search(text) is not None


def _passes_for_another(word: str) -> bool:
    latin, other = map("".join, zip(*_SPLIT.findall(word), strict=True))
    return bool(_LIKE_LATIN.fullmatch(other) or _LIKE_OTHER.fullmatch(latin))


def _words_set_apart(text: str) -> Iterator[list[str]]:
    """Words set apart that follow each other with spaces alone between, letters only. Scripts without capitals are left out: Japanese sets headings so."""
    words: list[str] = []
    end = 0
    for match in _SET_APART.finditer(text):
        between = text[end : match.start()]
        if words and (len(between) > 4 or between.strip(" ")):
            yield words
            words = []
        end = match.end()
        letters = match[0][::2]
        if letters.lower() != letters.upper():
            words.append(letters)
    if words:
        yield words
