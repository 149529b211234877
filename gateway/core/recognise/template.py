"""The company text: facts and approved sentences, put together with the pack's own words, and the proof that nothing else is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.core.model import Fact, FactKind, Reading, RecogniserContext, Status
from gateway.core.pack import Pack, Packs

NEVER_SAID = frozenset({"greeting", "reply-mark", "signature", "sign-off", "footer"})  # approved because they are replaced, not because they are carried


def first_name(names: Sequence[str]) -> str:
    """The client's first name as configured."""
    return names[0].split()[0] if names and names[0].split() else ""


def coach_name(names: Sequence[str]) -> str:
    """The coach's name as configured."""
    return names[0] if names else ""


def company_text(lines: Iterable[str], context: RecogniserContext, pack: Pack) -> str:
    """Greeting, lines, signature; '' where there is no line."""
    body = list(dict.fromkeys(line for line in lines if line))
    if not body:
        return ""
    name, coach = first_name(context.client_names), coach_name(context.coach_names)
    greeting = pack.templates["greeting"].replace("{name}", name) if name else pack.templates["greeting_plain"]
    signature = pack.templates["signature"].replace("{coach}", coach) if coach else ""
    return f"{greeting}\n\n" + "\n".join(body) + (f"\n\n{signature}\n" if signature else "\n")


def fact_lines(relation: str, facts: Sequence[Fact], pack: Pack) -> list[str]:
    """The facts of one sentence said with the pack's templates: times under their relation, then where and how."""
    times = [f for f in facts if f.kind is FactKind.TIME]
    is_day = any(pack.words["day_words"].intersection((f.text.lower(), *f.text.lower().split())) for f in times)  # "tomorrow" lasts no time
    if relation in ("stated", "also_time", "confirmed") and not is_day and not any(f.rank for f in times):
        relation = "duration"
    lines = [pack.templates[relation].replace("{time}", ", ".join(dict.fromkeys(f.text for f in times)))] if times else []
    for kind in (FactKind.PLACE, FactKind.LINK, FactKind.PHONE, FactKind.OTHER):
        values = list(dict.fromkeys(f.text for f in facts if f.kind is kind))
        if values:
            lines.append(pack.templates[str(kind)].replace(f"{{{kind}}}", ", ".join(values)))
    return [line[:-1] if line.endswith("..") else line for line in lines]  # "Termin: 17.6."


def company_subject(status: Status, time: str, pack: Pack) -> str:
    """A subject that names `time`; a neutral one where there is none."""
    key = "subject_plain" if not time else "subject_cancelled" if status is Status.CANCELLED else "subject"
    return pack.templates[key].replace("{time}", time)


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
    approved = said + [f.text for f in reading.facts if f.owner == "appointment"]
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
