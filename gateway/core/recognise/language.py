"""Which language a mail is in, and each of its sentences. A guess that fails withholds: a pack that knows hardly a word of a sentence explains none of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from gateway.core.pack import Pack, Packs
from gateway.core.phrases import bare
from gateway.core.recognise.sentences import Piece
from gateway.core.recognise.tokens import readable, scan

MOST = 2_000  # words looked at
ENOUGH = ((15, 0.35), (3, 0.2), (0, 0.005))  # so many words, so large a share of them known
HALF = 0.5


class _Sample(NamedTuple):
    """What of a text is looked up to tell its language."""

    size: int  # words in all
    words: list[str]  # those that may be a word of a pack as they stand
    letters: int  # where no white space stands between words
    runs: list[str]  # of letters, with some that are not Latin


def of_mail(text: str, packs: Packs) -> Pack | None:
    """The pack that knows most of the words; None where none knows enough."""
    sample = _sample(text)
    share, best = _best(sample, packs)
    if best is None:
        return None
    if not best.writing.spaced:  # languages share letters: of its own script the pack must know much, whatever Latin stands beside it
        return best if _share(_sample(re.sub("[A-Za-z]+", "", text)), best) >= HALF else None
    least = next(share for more_than, share in ENOUGH if sample.size > more_than or not more_than)
    return best if not sample.size or share >= least else None


def sure(text: str, packs: Packs) -> Pack | None:
    """The pack of a few words, for whoever may be asked otherwise: None where no pack knows one of them, or two know as many and neither comes first."""
    if len(packs.packs) == 1:
        return packs.packs[0]
    sample, best = _sample(text), of_mail(text, packs)
    shares = sorted((_share(sample, pack) for pack in packs.packs), reverse=True)
    return best if shares[0] > shares[1] or (shares[0] and best is packs.packs[0]) else None


def own(piece: Piece, pack: Pack, packs: Packs) -> tuple[Piece, Pack]:
    """The piece with the pack of its own language: `pack`, that of the mail, unless another knows clearly more of its words."""
    if len(packs.packs) == 1 or piece.part in ("quoted", "greeting", "signature"):
        return piece, pack
    sample = _sample(piece.text)
    here = _share(sample, pack)
    if not sample.size or here > HALF:
        return piece, pack
    there, other = _best(sample, packs)
    if other is None or there < max(HALF, here + 0.2):
        return piece, pack
    return replace(piece, tokens=scan(piece.text, other)), other


def is_foreign(piece: Piece, pack: Pack) -> bool:
    """Whether a sentence of some length has hardly a word the pack knows: ownership cannot be judged there."""
    words = [t.low for t in piece.tokens if t.kind == "word"]
    return len(words) >= 4 and sum(w in pack.known for w in words) < len(words) * 0.3


def _best(sample: _Sample, packs: Packs) -> tuple[float, Pack | None]:
    """The largest share that a pack knows, and the first pack that knows it."""
    return max(((_share(sample, pack), pack) for pack in packs.packs), key=lambda known: known[0], default=(0.0, None))


def _sample(text: str) -> _Sample:
    """The words of a text as they are looked up, roughly: what begins with a letter."""
    bits = bare(readable(text)).replace("'", " ").split()[:MOST]
    words = [word for word in (bit.strip(".,;:!?()") for bit in bits) if word[:1].isalpha()]
    runs = [] if text.isascii() else re.findall(r"[^\W\d_]+", bare(text[: 2 * MOST]))
    return _Sample(len(words), [word for word in words if "*" not in word], sum(map(len, runs)), [run for run in runs if not run.isascii()])


def _share(sample: _Sample, pack: Pack) -> float:
    """How much of a text the pack knows, 0 to 1: words, or the letters of its words where no white space stands between words."""
    if pack.writing.spaced:
        words = sample.words
        if pack.writing.prefixes or pack.writing.endings:
            words = [form for form in map(pack.form, words) if "*" not in form]  # "*yorum" ends words of any language
        return sum(map(pack.known.__contains__, words)) / sample.size if sample.size else 0.0
    parts = (part for run in sample.runs for part in pack.cut(run))
    return sum(len(part) for part in parts if part in pack.listed and not part.isascii()) / sample.letters if sample.letters else 0.0
