"""The gate of the mail: whether its sentences together speak of an appointment, and what one sentence takes away from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.model import FactKind
from gateway.core.recognise.judge import CERTAIN, LIKELY, WEAK, Judged


def settle(judged: Sequence[Judged]) -> None:
    """Take away what a sentence may not say beside the others: rows of a bad list, a time that announces another matter, history that is overtaken."""
    _lists(judged)
    _announcements(judged)
    _history(judged)


def is_open(judged: Sequence[Judged]) -> bool:
    """Whether the mail speaks of an appointment: one certain sign, or more likely ones than there are foreign matters; never by the subject alone."""
    body = [j for j in judged if j.piece.part != "subject"]
    if not any(j.own for j in body) and not any(j.anchor == CERTAIN for j in body):
        return False
    if not any(j.near and (j.facts or j.anchor == CERTAIN) for j in judged):
        return False
    clean = not any(j.blocked or j.foreign for j in judged)
    best = max((j.anchor for j in (judged if clean else body)), default=0)
    weight = sum(min(j.anchor, LIKELY if j.piece.part == "subject" else CERTAIN) - j.blocked for j in judged)
    return best == CERTAIN or weight >= LIKELY or best >= WEAK and clean


def _lists(judged: Sequence[Judged]) -> None:
    """A list is one thing: a row with an unexplained word takes the facts of all its rows with it, but for links: they say one thing alone."""
    lists: dict[tuple[str, int], list[Judged]] = {}
    for j in judged:
        if j.piece.part == "row" or j.piece.part == "body" and _is_headed(j):
            lists.setdefault((j.piece.source, j.piece.group), []).append(j)
    for rows in lists.values():
        if len(rows) > 1 and not all(j.explained for j in rows):
            for j in rows:
                j.facts = [f if f.kind is FactKind.LINK else replace(f, owner="list") for f in j.facts]
                j.anchor = CERTAIN if j.own else 0


def _is_headed(j: Judged) -> bool:
    """Whether a sentence is a row written in one line with others: "Mon: hand it over. Tue: lunch away from the desk." """
    return any(f.kind is FactKind.TIME and j.piece.text.startswith(f"{f.text}:") for f in j.facts)


def _announcements(judged: Sequence[Judged]) -> None:
    """A time before a colon at the end of a line belongs to what the next line says ("By Friday 6 pm:")."""
    for j, after in zip(judged, judged[1:], strict=False):
        if (
            j.piece.part in ("body", "row")
            and j.piece.text.endswith(":")
            and not (j.verdict.approved or j.told and j.anchor == CERTAIN)
            and (after.blocked or after.foreign)
        ):
            j.facts = [replace(f, owner=":") if f.kind is FactKind.TIME else f for f in j.facts]
            j.anchor = 0


def _history(judged: Sequence[Judged]) -> None:
    """History counts for what it labels as the appointment, and only where the writer names no time: an old invitation may have been overtaken."""
    told = any(f.kind is FactKind.TIME for j in judged if j.piece.part not in ("subject", "quoted") for f in j.own)
    for j in judged:
        if j.piece.part == "quoted" and told:
            j.facts = []
        elif j.piece.part == "quoted" and any(f.rank == 2 for f in j.facts):
            j.anchor = LIKELY
