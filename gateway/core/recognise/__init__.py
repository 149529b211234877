"""The recogniser: what a text says of an appointment, and nothing else of it. Allow-list of language, facts first.

    normalise > split into sentences > find spans > whose is each span > closed frames > gate of the mail > compose

Pure and deterministic; time grows with the length of the text, which is capped. It never deletes from the original: the company text is
composed from facts, approved sentences and the words of the pack, and `is_composed` proves it. What is not understood is withheld.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.links import is_phone
from gateway.core.model import Fact, FactKind, Reading, RecogniserContext, Sentence, Status, TextBlock
from gateway.core.pack import Pack, Packs
from gateway.core.phrases import bare
from gateway.core.recognise import frames, language, ownership, taught, template
from gateway.core.recognise.ownership import OWN, Clause
from gateway.core.recognise.sentences import Piece, is_name, split
from gateway.core.recognise.spans import Span, find_spans
from gateway.core.recognise.template import is_composed
from gateway.core.recognise.tokens import Token, is_foreign_script, normalise, readable

__all__ = ["is_composed", "recognise"]

LONGEST_TEXT = 40_000  # characters of all blocks together; beyond it nothing is read
LONGEST_SENTENCE = 400  # tokens
CERTAIN, LIKELY, WEAK = 4, 2, 1
LABELLED = ("time", "place", "phone", "code")
SAID = ("body", "label", "row")  # the parts of which an approved sentence is carried
FOOTER_WORDS = 6  # "Sent from my phone" is one; what is longer may say something


@dataclass(slots=True)
class _Judged:
    """A sentence with everything found in it."""

    piece: Piece
    verdict: frames.Verdict
    facts: list[Fact]
    relation: str = "stated"
    relations: tuple[str, ...] = ()  # of each fact, where a sentence refuses one time and gives another
    anchor: int = 0  # CERTAIN, LIKELY, WEAK or 0: how surely it shows an appointment
    blocked: bool = False  # something in it belongs to another matter
    foreign: bool = False  # something in it belongs to somebody, not surely the client
    explained: bool = True  # no word in it that the pack does not know
    near: bool = True  # a word of appointments, "I" or "we" stands in it, or nothing unexplained


def recognise(blocks: tuple[TextBlock, ...], context: RecogniserContext, packs: Packs) -> Reading:
    """The reading of a message's texts under one context. Raises nothing for any text."""
    packs = taught.packs_with(packs, context.taught)
    if sum(len(block.text) for block in blocks) > LONGEST_TEXT:
        withheld = tuple(Sentence(block.source, "", False, "too-long") for block in blocks)
        return Reading("", False, Status.STATED, (), withheld, False)
    texts = [(block.source, normalise(block.text)) for block in blocks]
    pack = language.of_mail(" ".join(text for _, text in texts), packs)
    if pack is None:
        sentences = tuple(Sentence(source, text, False, "unknown-language") for source, text in texts if text.strip())
        return Reading("", False, Status.STATED, (), sentences, not sentences)
    pieces = [language.own(piece, pack, packs) for source, text in texts for piece in split(source, text, pack, packs)]
    judged = [_judge(piece, context, spoken) for piece, spoken in pieces]
    _lists(judged)
    _announcements(judged)
    _history(judged)
    complete = all(j.verdict.approved and all(f.owner == OWN for f in j.facts) for j in judged)
    appointment = _gate(judged) or complete and any(j.verdict.rule != "nothing-but-marks" and j.piece.part in SAID for j in judged)
    facts = tuple(fact for j in judged for fact in j.facts)
    status = _status(judged)
    sentences = tuple(
        Sentence(j.piece.source, j.piece.text, j.verdict.approved, j.verdict.rule, j.verdict.word, spoken.language)
        for j, (_, spoken) in zip(judged, pieces, strict=True)
    )
    text = template.company_text(_lines(judged, pack), context, pack) if appointment else ""
    subject = (_own_subject(judged) or template.company_subject(status, _headline(judged), pack)) if text else ""
    reading = Reading(pack.language, appointment, status, facts, sentences, complete, text, subject)
    if is_composed(reading, context, packs):
        return reading
    return Reading(pack.language, appointment, status, facts, sentences, False)  # the proof failed: say nothing


def _judge(piece: Piece, context: RecogniserContext, pack: Pack) -> _Judged:
    """One sentence: its spans, their owners, the frames, and whether it can open the gate of the mail."""
    if piece.part == "quoted":
        return _Judged(piece, frames.Verdict(False, "quoted-history"), _of_forwarded(piece, context, pack))
    if len(piece.tokens) > LONGEST_SENTENCE:
        return _Judged(piece, frames.Verdict(False, "too-long"), [])
    if is_foreign_script(piece.text):
        return _Judged(piece, frames.Verdict(False, "mixed-script"), [])
    if piece.part in ("greeting", "reply-mark"):
        return _Judged(piece, frames.Verdict(True, piece.part), [])
    if piece.part == "signature":
        verdict = _signature(piece, context, pack)
        return _Judged(piece, verdict if verdict.approved else taught.footer(verdict, piece, context, pack), [])
    spans = find_spans(piece.text, piece.tokens, context, pack, piece.bullet)
    if not spans and piece.label == "code" and _is_code_line(piece):
        spans = [Span(FactKind.OTHER, 0, len(piece.tokens), piece.text)]
    parts = ownership.clauses(piece, spans, context, pack)
    barred = "label" if piece.label == "other" else "language" if spans and language.is_foreign(piece, pack) else ""
    facts = [Fact(s.kind, s.text, piece.source, barred or ownership.owner_of(s, piece, parts, pack), 2 if s.full else 0 if s.weak else 1) for s in spans]
    verdict = frames.judge(piece, spans, context, pack)
    if context.taught:
        verdict = taught.telling(verdict, piece, spans, pack)
    if verdict.approved and not barred:  # a closed frame says more of whose a fact is than any word near it
        facts = [replace(fact, owner=ownership.told_by(span, piece, pack) or OWN) for fact, span in zip(facts, spans, strict=True)]
    if piece.label in LABELLED and not verdict.approved and all(f.owner == OWN for f in facts) and _is_explained_line(piece, spans):
        verdict = frames.Verdict(True, "labelled", appointment=piece.label == "time")
    relation = _relation(piece.tokens, pack) if spans else "stated"  # what is said of no time, nobody asks
    relations = _relations(piece, spans, parts, pack) if spans else ()
    relation = next((r for r in relations if r not in REFUSALS), relation)
    signs = [_anchor(span, piece, parts, relation) for fact, span in zip(facts, spans, strict=True) if fact.owner == OWN]
    anchor = CERTAIN if verdict.approved and verdict.appointment else max(signs, default=0)
    return _Judged(
        piece,
        verdict,
        facts,
        relation,
        relations,
        anchor,
        blocked=any(c.blocked and not c.blocked.startswith(ownership.THIRD) for c in parts),
        foreign=any(c.blocked for c in parts),
        explained=all(c.bare for c in parts) or taught.took_part(verdict),
        near=not pack.writing.cautious or any(c.soft for c in parts) or all(c.bare for c in parts) or bool(piece.label) or _is_whole(facts),
    )


def _is_whole(facts: Sequence[Fact]) -> bool:
    """Whether day, hour and place of the appointment stand together."""
    own = [f for f in facts if f.owner == OWN]
    return any(f.kind is FactKind.PLACE for f in own) and any(f.kind is FactKind.TIME and f.rank == 2 for f in own)


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
    if beside or clause.cued and (clause.bare or clause.first) or span.full and (clause.first or clause.bare or piece.part == "label"):
        return CERTAIN
    return LIKELY if span.full or piece.tokens[-1].text == "?" or clause.cued and clause.soft or clause.bare or piece.part == "label" else WEAK


def _gate(judged: Sequence[_Judged]) -> bool:
    """Whether the mail speaks of an appointment: one certain sign, or more likely ones than there are foreign matters; never by the subject alone."""
    body = [j for j in judged if j.piece.part != "subject"]
    if not any(f.owner == OWN for j in body for f in j.facts) and not any(j.anchor == CERTAIN for j in body):
        return False
    if not any(j.near and (j.facts or j.anchor == CERTAIN) for j in judged):
        return False
    clean = not any(j.blocked or j.foreign for j in judged)
    best = max((j.anchor for j in (judged if clean else body)), default=0)
    weight = sum(min(j.anchor, LIKELY if j.piece.part == "subject" else CERTAIN) - j.blocked for j in judged)
    return best == CERTAIN or weight >= LIKELY or best >= WEAK and clean


def _signature(piece: Piece, context: RecogniserContext, pack: Pack) -> frames.Verdict:
    """A line below the letter: a sign-off, a name of at most three words, a number. Anything else is withheld."""
    words = [t for t in piece.tokens if t.kind != "sign"]
    low = bare(piece.text).rstrip(",.! \u3002\u060c")
    if low.startswith(tuple(pack.words["footers"])):
        return frames.Verdict(len(words) <= FOOTER_WORDS, "footer")
    if is_phone(readable(piece.text)) or words and all(t.low in pack.words["credentials"] for t in words):
        return frames.Verdict(True, "signature")
    names = {word.lower() for name in (*context.coach_names, *context.client_names) for word in name.split()}
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
    return [Fact(s.kind, s.text, piece.source, OWN, 2 if s.full else 0 if s.weak else 1) for s in spans]


def _history(judged: list[_Judged]) -> None:
    """History counts for what it labels as the appointment, and only where the writer names no time: an old invitation may have been overtaken."""
    told = any(f.owner == OWN and f.kind is FactKind.TIME for j in judged if j.piece.part not in ("subject", "quoted") for f in j.facts)
    for j in judged:
        if j.piece.part == "quoted" and told:
            j.facts = []
        elif j.piece.part == "quoted" and any(f.rank == 2 for f in j.facts):
            j.anchor = LIKELY


def _announcements(judged: list[_Judged]) -> None:
    """A time before a colon at the end of a line belongs to what the next line says ("By Friday 6 pm:")."""
    for j, after in zip(judged, judged[1:], strict=False):
        if j.piece.part in ("body", "row") and j.piece.text.endswith(":") and not j.verdict.approved and (after.blocked or after.foreign):
            j.facts = [replace(f, owner=":") if f.kind is FactKind.TIME else f for f in j.facts]
            j.anchor = 0


def _lists(judged: list[_Judged]) -> None:
    """A list is one thing: a row with an unexplained word takes the facts of all its rows with it."""
    rows = Counter((j.piece.source, j.piece.group) for j in judged if j.piece.part == "row")
    bad = {(j.piece.source, j.piece.group) for j in judged if j.piece.part == "row" and not j.explained and rows[j.piece.source, j.piece.group] > 1}
    for j in judged:
        if j.piece.part == "row" and (j.piece.source, j.piece.group) in bad:
            j.facts = [Fact(f.kind, f.text, f.source, "list") for f in j.facts]
            j.anchor = 0


RELATIONS = (
    ("deadlines", "reply_by"),
    ("cancelling", "cancelled"),
    ("negations", "unavailable"),
    ("late", "late"),
    ("moving", "moved"),
    ("proposing", "proposed"),
    ("confirming", "confirmed"),
)


REFUSALS = ("cancelled", "unavailable")


def _relation(tokens: Sequence[Token], pack: Pack) -> str:
    """What a sentence or clause says of its times, by the first class of words found in it."""
    lows = [t.low for t in tokens]
    if tokens[-1].text == "?":
        return "proposed"
    found = {relation: ownership.phrase_in(lows, pack.words[words]) for words, relation in RELATIONS}
    denied = [relation for relation in ("cancelled", "moved") if found[relation] and _is_denied(lows, found[relation], pack)]
    skipped = [*denied, "unavailable"] if denied else []  # the word that denies it refuses no time either
    return next((relation for relation, entry in found.items() if entry and relation not in skipped), "stated")


def _is_denied(lows: Sequence[str], entry: str, pack: Pack) -> bool:
    """Whether "not" stands right before or behind an entry: "is not cancelled" and "fällt nicht aus" call nothing off."""
    words = entry.split()
    at = next(n for n in range(len(lows)) if list(lows[n : n + len(words)]) == words)
    around = (*lows[max(0, at - 2) : at], *lows[at + len(words) : at + len(words) + 1])
    return not pack.words["denials"].isdisjoint(around)


def _relations(piece: Piece, spans: Sequence[Span], parts: Sequence[Clause], pack: Pack) -> tuple[str, ...]:
    """What is said of each span by its own clause, where one clause refuses a time and another gives one ("not Monday, but Tuesday at 9"); else nothing."""
    said = [next(_relation(piece.tokens[c.begin : c.end], pack) for c in parts if c.begin <= s.begin < c.end) for s in spans]
    refused = [relation in REFUSALS for s, relation in zip(spans, said, strict=True) if s.kind is FactKind.TIME]
    if all(refused) or not any(refused):
        return ()
    asked = piece.tokens[-1].text == "?"
    return tuple("proposed" if asked and relation not in REFUSALS else relation for relation in said)


def _said(judged: _Judged) -> list[tuple[Fact, str]]:
    """The facts of a sentence, each with what is said of it."""
    return list(zip(judged.facts, judged.relations or (judged.relation,) * len(judged.facts), strict=False))


def _status(judged: Sequence[_Judged]) -> Status:
    """The status of the mail: the first frame that names one, else the relation of the first sentence with an own time; "stated" says least."""
    body = [j for j in judged if j.piece.part != "subject"]
    found = [j.verdict.status for j in body if j.verdict.approved and j.verdict.status]
    relations = [j.relation for j in body if any(f.owner == OWN and f.kind is FactKind.TIME for f in j.facts)]
    named = [*found, *(Status(r) for r in relations if r in list(Status))]
    return next((status for status in named if status is not Status.STATED), Status.STATED)


def _own_subject(judged: Sequence[_Judged]) -> str:
    """The subject as written where all of it is approved and none of it belongs to another matter; '' otherwise."""
    subject = [j for j in judged if j.piece.source == "subject"]
    said = any(j.verdict.approved and j.piece.part == "subject" for j in subject)
    clean = said and all(j.verdict.approved and all(f.owner == OWN for f in j.facts) for j in subject)
    return " ".join(j.piece.text for j in subject) if clean else ""


def _headline(judged: Sequence[_Judged]) -> str:
    """The time for the subject line: one with day and hour before less, one on offer before others, the body before the subject."""
    times = [
        (relation in ("unavailable", "reply_by", "late"), -f.rank, j.piece.source == "subject", f.text)
        for j in judged
        for f, relation in _said(j)
        if f.owner == OWN and f.kind is FactKind.TIME and f.rank
    ]
    return min(times, key=lambda time: time[:3], default=(False, 0, False, ""))[3]


def _lines(judged: Sequence[_Judged], pack: Pack) -> list[str]:
    """What the company text says, in the order of the mail: approved sentences as they are, other facts by template, the subject's last.

    The subject of a reply is older than the mail: its times are said only where the body names none with a day and an hour.
    """
    lines: list[str] = []
    told = any(f.owner == OWN and f.rank == 2 for j in judged if j.piece.part in SAID for f in j.facts)
    overtaken = told and any(j.piece.part == "reply-mark" for j in judged)
    for j in sorted(judged, key=lambda j: j.piece.source == "subject"):
        said = "\n".join(lines)
        own = [f for f in j.facts if f.owner == OWN and f.text not in said]
        if j.verdict.approved and j.piece.part in SAID and all(f.owner == OWN for f in j.facts):
            lines.append(j.piece.text)
        elif own and not (overtaken and j.piece.part == "subject"):
            said_of = [("also_time" if j.piece.part == "subject" else relation, f) for f, relation in _said(j) if f in own]
            for relation in dict.fromkeys(relation for relation, _ in said_of):
                lines += template.fact_lines(relation, [f for r, f in said_of if r == relation], pack)
    return lines
