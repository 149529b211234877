"""What the company is told of a mail: its status, the lines of the text in the order of the mail, and the subject."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.model import FactKind, RecogniserContext, Status
from gateway.core.pack import Pack
from gateway.core.recognise import template
from gateway.core.recognise.judge import Judged
from gateway.core.recognise.ownership import OWN


def status_of(judged: Sequence[Judged]) -> Status:
    """The status of the mail: the first frame that names one, else the relation of the first sentence with an own time; "stated" says least."""
    body = [j for j in judged if j.piece.part != "subject"]
    found = [j.verdict.status for j in body if j.verdict.approved and j.verdict.status]
    relations = [j.relation for j in body if any(f.kind is FactKind.TIME for f in j.own)]
    named = [*found, *(Status(r) for r in relations if r in list(Status))]
    return next((status for status in named if status is not Status.STATED), Status.STATED)


def text_of(judged: Sequence[Judged], context: RecogniserContext, pack: Pack) -> str:
    """Greeting, what is said, signature; '' where nothing is."""
    return template.company_text(_lines(judged, pack), context, pack)


def subject_of(judged: Sequence[Judged], status: Status, pack: Pack) -> str:
    """The subject as the coach wrote it where all of it is clear, one that names the time otherwise."""
    return _own_subject(judged) or template.company_subject(status, _headline(judged), pack)


def _own_subject(judged: Sequence[Judged]) -> str:
    """The subject as written where all of it is approved and none of it belongs to another matter; '' otherwise."""
    subject = [j for j in judged if j.piece.source == "subject"]
    said = any(j.verdict.approved and j.piece.part == "subject" for j in subject)
    clean = said and all(j.is_clear for j in subject)
    return " ".join(j.piece.text for j in subject) if clean else ""


def _headline(judged: Sequence[Judged]) -> str:
    """The time for the subject line: one with day and hour before less, one on offer before others, the body before the subject."""
    times = [
        (relation in ("unavailable", "reply_by", "late"), -f.rank, j.piece.source == "subject", f.text)
        for j in judged
        for f, relation in j.said()
        if f.owner == OWN and f.kind is FactKind.TIME and f.rank
    ]
    return min(times, key=lambda time: time[:3], default=(False, 0, False, ""))[3]


def _lines(judged: Sequence[Judged], pack: Pack) -> list[str]:
    """What the company text says, in the order of the mail: approved sentences as they are, other facts by template, the subject's last.

    The subject of a reply is older than the mail: its times are said only where the body names none with a day and an hour.
    """
    lines: list[str] = []
    told = any(f.rank == 2 for j in judged if j.is_carried for f in j.own)
    overtaken = told and any(j.piece.part == "reply-mark" for j in judged)
    for j in sorted(judged, key=lambda j: j.piece.source == "subject"):
        said = "\n".join(lines)
        own = [f for f in j.own if f.text not in said]
        if j.is_clear and j.is_carried:
            lines.append(j.piece.text)
        elif not (overtaken and j.piece.part == "subject"):
            said_of = [("also_time" if j.piece.part == "subject" else relation, f) for f, relation in j.said() if f in own]
            for relation in dict.fromkeys(relation for relation, _ in said_of):
                lines += template.fact_lines(relation, [f for r, f in said_of if r == relation], pack)
    return lines
