"""Which language a mail is in, and each of its sentences. A guess that fails withholds: a pack that knows hardly a word of a sentence explains none of it."""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.core.pack import Pack, Packs
from gateway.core.phrases import bare
from gateway.core.recognise.sentences import Piece
from gateway.core.recognise.tokens import readable, scan

MOST = 2_000  # words looked at
ENOUGH = ((15, 0.35), (3, 0.2), (0, 0.005))  # so many words, so large a share of them known
HALF = 0.5


def of_mail(text: str, packs: Packs) -> Pack | None:
    """The pack that knows most of the words; None where none knows enough."""
    words = _words(text)
    best = max(packs.packs, key=lambda pack: _share(words, text, pack), default=None)
    if best is None:
        return None
    if not best.writing.spaced:  # languages share letters: of its own script the pack must know much, whatever Latin stands beside it
        return best if _share(words, re.sub("[A-Za-z]+", "", text), best) >= HALF else None
    least = next(share for more_than, share in ENOUGH if len(words) > more_than or not more_than)
    return best if not words or _share(words, text, best) >= least else None


def sure(text: str, packs: Packs) -> Pack | None:
    """The pack of a few words, for whoever may be asked otherwise: None where no pack knows one of them, or two know as many and neither comes first."""
    if len(packs.packs) == 1:
        return packs.packs[0]
    words, best = _words(text), of_mail(text, packs)
    shares = sorted((_share(words, text, pack) for pack in packs.packs), reverse=True)
    return best if shares[0] > shares[1] or (shares[0] and best is packs.packs[0]) else None


def own(piece: Piece, pack: Pack, packs: Packs) -> tuple[Piece, Pack]:
    """The piece with the pack of its own language: `pack`, that of the mail, unless another knows clearly more of its words."""
    if len(packs.packs) == 1 or piece.part in ("quoted", "greeting", "signature"):
        return piece, pack
    words = _words(piece.text)
    here = _share(words, piece.text, pack)
    if not words or here > HALF:
        return piece, pack
    other = max(packs.packs, key=lambda candidate: _share(words, piece.text, candidate))
    if _share(words, piece.text, other) < max(HALF, here + 0.2):
        return piece, pack
    return replace(piece, tokens=scan(piece.text, other)), other


def is_foreign(piece: Piece, pack: Pack) -> bool:
    """Whether a sentence of some length has hardly a word the pack knows: ownership cannot be judged there."""
    words = [t.low for t in piece.tokens if t.kind == "word"]
    return len(words) >= 4 and sum(w in pack.known for w in words) < len(words) * 0.3


def _words(text: str) -> list[str]:
    """The words of a text as they are looked up, roughly: what begins with a letter."""
    bits = bare(readable(text)).replace("'", " ").split()[:MOST]
    return [word for word in (bit.strip(".,;:!?()") for bit in bits) if word[:1].isalpha()]


def _share(words: list[str], text: str, pack: Pack) -> float:
    """How much of a text the pack knows, 0 to 1: words, or the letters of its words where no white space stands between words."""
    if pack.writing.spaced:
        forms = (pack.form(word) if pack.writing.prefixes or pack.writing.endings else word for word in words)
        return sum(form in pack.known and "*" not in form for form in forms) / len(words) if words else 0.0  # "*yorum" ends words of any language
    runs = re.findall(r"[^\W\d_]+", bare(text[: 2 * MOST]))
    letters = sum(map(len, runs))
    parts = (part for run in runs if not run.isascii() for part in pack.cut(run))
    return sum(len(part) for part in parts if part in pack.listed and not part.isascii()) / letters if letters else 0.0
