"""The pack's own words around facts and approved sentences: greeting, lines, signature, subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.core.model import Fact, FactKind, RecogniserContext, Status
from gateway.core.pack import Pack


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
