"""The proof of law 8: a company text holds nothing but what was approved. It knows nothing of how the text was put together."""

from __future__ import annotations

import re

from gateway.core.model import Reading, RecogniserContext
from gateway.core.pack import Packs
from gateway.core.recognise.ownership import OWN
from gateway.core.recognise.template import coach_name, first_name

NEVER_SAID = frozenset({"greeting", "reply-mark", "signature", "sign-off", "footer"})  # approved because they are replaced, not because they are carried


def is_composed(reading: Reading, context: RecogniserContext, packs: Packs) -> bool:
    """The proof of law 8: company text and subject hold only own facts, approved sentences, configured names and template words.

    It is computed from the reading alone, by taking away all that is approved and comparing what is left with the words of the templates.
    """
    if not reading.company_text:
        return not reading.company_subject
    pack = next((p for p in packs.packs if p.language == reading.language), None)
    if pack is None or not reading.appointment:
        return False
    said = [s.text for s in reading.sentences if s.approved and (s.rule not in NEVER_SAID or s.source == "subject")]
    approved = said + [f.text for f in reading.facts if f.owner == OWN]
    approved += [first_name(context.client_names), coach_name(context.coach_names)]
    rest = f"{reading.company_subject}\n{reading.company_text}"
    for text in sorted({t for t in approved if t}, key=len, reverse=True):
        rest = _without(rest, text)
    return pack.template_words.issuperset(re.findall(r"\w+", rest))


def _without(rest: str, text: str) -> str:
    """`rest` with a line end in place of `text` wherever that stands between whole words. As an expression it would have to be compiled for every mail."""
    kept, begin, at = [], 0, 0
    while (found := rest.find(text, at)) >= 0:
        end = found + len(text)
        if found and _is_of_a_word(rest[found - 1]) or end < len(rest) and _is_of_a_word(rest[end]):
            at = found + 1
        else:
            kept.append(rest[begin:found])
            begin = at = end
    return "\n".join((*kept, rest[begin:]))


def _is_of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_"
