"""One sentence: the facts found in it, whose each of them is, what the closed frames say of it, and how surely it shows an appointment.

It never looks at another sentence; what sentences say of each other is for `gate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.core.links import is_phone
from gateway.core.model import Fact, FactKind, RecogniserContext, Sentence
from gateway.core.pack import Pack
from gateway.core.recognise import frames, language, ownership, taught
from gateway.core.recognise.ownership import OWN, Clause
from gateway.core.recognise.relations import relations_of
from gateway.core.recognise.sentences import Piece, is_name, names_in, without_marks
from gateway.core.recognise.spans import Span, find_spans
from gateway.core.recognise.tokens import is_foreign_script, readable

LONGEST_SENTENCE = 400  # tokens
CERTAIN, LIKELY, WEAK = 4, 2, 1
CARRIED = ("body", "label", "row")  # the parts of which a clear sentence is carried
LABELLED = ("time", "place", "phone", "code")
FOOTER_WORDS = 6  # "Sent from my phone" is one; what is longer may say something


@dataclass(slots=True)
class Judged:
    """A sentence with everything found in it. What sentences say of each other (`gate.settle`) may yet take facts and the anchor away."""

    piece: Piece
    pack: Pack  # of the language it was read in
    verdict: frames.Verdict
    facts: list[Fact] = field(default_factory=list)
    relation: str = "stated"
    relations: tuple[str, ...] = ()  # of each fact, where a sentence refuses one time and gives another
    anchor: int = 0  # CERTAIN, LIKELY, WEAK or 0: how surely it shows an appointment
    blocked: bool = False  # something in it belongs to another matter
    foreign: bool = False  # something in it belongs to somebody, not surely the client
    explained: bool = True  # no word in it that the pack does not know
    told: bool = False  # it says whose appointment it speaks of ("our call")
    near: bool = True  # a word of appointments, "I" or "we" stands in it, or nothing unexplained

    @property
    def own(self) -> list[Fact]:
        """The facts of the appointment."""
        return [fact for fact in self.facts if fact.owner == OWN]

    @property
    def is_clear(self) -> bool:
        """Whether nothing in it is withheld."""
        return self.verdict.approved and len(self.own) == len(self.facts)

    @property
    def is_carried(self) -> bool:
        """Whether it is of a part that goes word for word where it is clear: greetings and signatures are replaced."""
        return self.piece.part in CARRIED

    def sentence(self) -> Sentence:
        """It as a part of the reading."""
        return Sentence(self.piece.source, self.piece.text, self.verdict.approved, self.verdict.rule, self.verdict.word, self.pack.language)

    def said(self) -> list[tuple[Fact, str]]:
        """Its facts, each with what is said of it."""
        return list(zip(self.facts, self.relations or (self.relation,) * len(self.facts), strict=True))


def judge(piece: Piece, context: RecogniserContext, pack: Pack) -> Judged:
    """The sentence judged by itself: a part of the letter that says nothing, or a sentence with its spans, their owners and its frames."""
    if piece.part == "quoted":
        return Judged(piece, pack, frames.Verdict(False, "quoted-history"), _of_forwarded(piece, context, pack))
    if len(piece.tokens) > LONGEST_SENTENCE:
        return Judged(piece, pack, frames.Verdict(False, "too-long"))
    if is_foreign_script(piece.text):
        return Judged(piece, pack, frames.Verdict(False, "mixed-script"))
    if piece.part in ("greeting", "reply-mark"):
        return Judged(piece, pack, frames.Verdict(True, piece.part))
    if piece.part == "signature":
        verdict = _signature(piece, context, pack)
        return Judged(piece, pack, verdict if verdict.approved else taught.footer(verdict, piece, context, pack))
    spans = find_spans(piece.text, piece.tokens, context, pack, piece.bullet)
    if not spans and piece.label == "code" and _is_code_line(piece):
        spans = [Span(FactKind.OTHER, 0, len(piece.tokens), piece.text)]
    return _weighed(piece, spans, context, pack)


def _weighed(piece: Piece, spans: Sequence[Span], context: RecogniserContext, pack: Pack) -> Judged:
    """Whose each span is, whether the sentence is approved, and whether it can open the gate of the mail."""
    parts = ownership.clauses(piece, spans, context, pack)
    barred = "label" if piece.label == "other" else "language" if spans and language.is_foreign(piece, pack) else ""
    owners = [barred or ownership.owner_of(span, piece, parts, pack) for span in spans]
    verdict = frames.judge(piece, spans, context, pack)
    if context.taught:
        verdict = taught.telling(verdict, piece, spans, pack)
    if verdict.approved and not barred:  # a closed frame says more of whose a fact is than any word near it
        owners = [ownership.told_by(span, piece, pack) or OWN for span in spans]
    all_own = all(owner == OWN for owner in owners)
    if piece.label in LABELLED and not verdict.approved and all_own and _is_explained_line(piece, spans):
        verdict = frames.Verdict(True, "labelled", appointment=piece.label == "time")
    relation, relations = relations_of(piece, spans, parts, pack) if spans else ("stated", ())  # what is said of no time, nobody asks
    signs = [_anchor(span, piece, parts, relation) for owner, span in zip(owners, spans, strict=True) if owner == OWN]
    facts = [span.fact(piece.source, owner) for owner, span in zip(owners, spans, strict=True)]
    return Judged(
        piece,
        pack,
        verdict,
        facts,
        relation,
        relations,
        anchor=CERTAIN if verdict.approved and verdict.appointment else max(signs, default=0),
        blocked=any(c.blocked and not c.blocked.startswith(ownership.THIRD) for c in parts),
        foreign=any(c.blocked for c in parts),
        explained=all(c.bare for c in parts) or taught.took_part(verdict),
        told=any(c.cued and c.first for c in parts),
        near=not pack.writing.cautious
        or piece.tokens[-1].text == "?"
        or any(c.soft for c in parts)
        or all(c.bare for c in parts)
        or bool(piece.label)
        or _is_whole(facts),
    )


def _is_whole(facts: Sequence[Fact]) -> bool:
    """Whether day, hour and place of the appointment stand together."""
    own = [f for f in facts if f.owner == OWN]
    return any(f.kind is FactKind.PLACE for f in own) and any(f.kind is FactKind.TIME and f.rank == 2 for f in own)


def _signature(piece: Piece, context: RecogniserContext, pack: Pack) -> frames.Verdict:
    """A line below the letter: a sign-off, a name of at most three words, a number. Anything else is withheld."""
    words = [t for t in piece.tokens if t.kind != "sign"]
    low = without_marks(piece.text)
    if low.startswith(tuple(pack.words["footers"])):
        return frames.Verdict(len(words) <= FOOTER_WORDS, "footer")
    if is_phone(readable(piece.text)) or words and all(t.low in pack.words["credentials"] for t in words):
        return frames.Verdict(True, "signature")
    names = names_in(context)
    if not words or low in pack.words["sign_offs"]:
        return frames.Verdict(True, "sign-off")
    if len(words) <= 3 and all(t.kind == "word" and (t.capital or t.text.lower() in names or t.low in pack.words["titles"] or is_name(t, pack)) for t in words):
        return frames.Verdict(True, "signature")
    return frames.Verdict(False, "signature-not-plain", words[0].text)


def _of_forwarded(piece: Piece, context: RecogniserContext, pack: Pack) -> list[Fact]:
    """The facts of a labelled line of quoted history ("When: Tue 23 Feb, 10:00") that says nothing else."""
    if piece.label not in LABELLED or len(piece.tokens) > LONGEST_SENTENCE or is_foreign_script(piece.text):
        return []
    spans = find_spans(piece.text, piece.tokens, context, pack)
    if not _is_explained_line(piece, spans):
        return []
    return [span.fact(piece.source, OWN) for span in spans]


def _is_explained_line(piece: Piece, spans: Sequence[Span]) -> bool:
    """Whether a labelled line ("When: Monday, 3 pm") has nothing but facts and marks behind its label."""
    begin = next((n + 1 for n, token in enumerate(piece.tokens) if token.text == ":"), 1)
    told = {index for span in spans for index in range(span.begin, span.end)}
    return bool(told) and all(n in told or token.kind == "sign" and token.text in ",;-()|\u2013." for n, token in enumerate(piece.tokens) if n >= begin)


def _is_code_line(piece: Piece) -> bool:
    """Whether a labelled line ("Passcode: swallow") holds one short token behind its label."""
    values = piece.text.partition(":")[2].split()
    return len(values) == 1 and len(values[0]) <= 20


def _anchor(span: Span, piece: Piece, parts: Sequence[Clause], relation: str) -> int:
    """How surely a clean fact shows an appointment: by a word of appointments in its clause, by what stands beside it, by how much of a time it is."""
    clause = next(c for c in parts if c.begin <= span.begin < c.end)
    if span.kind is FactKind.LINK:
        return CERTAIN
    if span.kind is FactKind.TIME and piece.label == "time" and not span.weak:
        return CERTAIN
    if span.kind is not FactKind.TIME or span.weak:
        return LIKELY if span.weak and relation == "late" else WEAK if clause.soft else 0
    beside = clause.bare and not any(c.blocked for c in parts) and any(c.cued and c.first for c in parts)  # "I'll meet you there, at ten"
    whole = span.full and not any(c.blocked for c in parts) and any(c.cued for c in parts)  # "Mr Vale will attend upon you on Tuesday at 10:30"
    if beside or whole or clause.cued and (clause.bare or clause.first) or span.full and (clause.first or clause.bare or piece.part == "label"):
        return CERTAIN
    return LIKELY if span.full or piece.tokens[-1].text == "?" or clause.cued and clause.soft or clause.bare or piece.part == "label" else WEAK
