"""The recogniser: what a text says of an appointment, and nothing else of it. Allow-list of language, facts first.

    normalise > language > split into sentences > judge each (spans, whose each is, closed frames) > gate of the mail > compose > proof

Pure and deterministic; time grows with the length of the text, which is capped. It never deletes from the original: the company text is
composed from facts, approved sentences and the words of the pack, and `is_composed` proves it. What is not understood is withheld.
"""

from __future__ import annotations

from gateway.core.model import Reading, RecogniserContext, Sentence, Status, TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import company, gate, language, taught
from gateway.core.recognise.judge import judge
from gateway.core.recognise.proof import is_composed
from gateway.core.recognise.sentences import split
from gateway.core.recognise.tokens import normalise

__all__ = ["is_composed", "recognise"]

LONGEST_TEXT = 40_000  # characters of all blocks together; beyond it nothing is read


def recognise(blocks: tuple[TextBlock, ...], context: RecogniserContext, packs: Packs) -> Reading:
    """The reading of a message's texts under one context. Raises nothing for any text."""
    packs = taught.packs_with(packs, context.taught)
    if sum(len(block.text) for block in blocks) > LONGEST_TEXT:
        return _nothing(tuple(Sentence(block.source, "", False, "too-long") for block in blocks))
    texts = [(block.source, normalise(block.text)) for block in blocks]
    pack = language.of_mail(" ".join(text for _, text in texts), packs)
    if pack is None:
        return _nothing(tuple(Sentence(source, text, False, "unknown-language") for source, text in texts if text.strip()))

    pieces = [language.own(piece, pack, packs) for source, text in texts for piece in split(source, text, pack, packs)]
    judged = [judge(piece, context, spoken) for piece, spoken in pieces]
    gate.settle(judged)
    complete = all(j.is_clear for j in judged)
    appointment = gate.is_open(judged) or complete and any(j.is_carried and j.verdict.rule != "nothing-but-marks" for j in judged)
    status = company.status_of(judged)
    text = company.text_of(judged, context, pack) if appointment else ""
    subject = company.subject_of(judged, status, pack) if text else ""

    facts = tuple(fact for j in judged for fact in j.facts)
    sentences = tuple(j.sentence() for j in judged)
    reading = Reading(pack.language, appointment, status, facts, sentences, complete, text, subject)
    if is_composed(reading, context, packs):
        return reading
    return Reading(pack.language, appointment, status, facts, sentences, False)  # the proof failed: say nothing


def _nothing(withheld: tuple[Sentence, ...]) -> Reading:
    """The reading of a text that is not read: complete only where there is no text."""
    return Reading("", False, Status.STATED, (), withheld, not withheld)
