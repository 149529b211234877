"""`coachgate explain`: what would happen to a mail, sentence by sentence, without sending anything."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway import app as application
from gateway.cli.context import TENANT
from gateway.copies import calendar_object
from gateway.core.address import parse_mailbox
from gateway.core.audience import context_for, identify
from gateway.core.calendar.side_by_side import Row, side_by_side
from gateway.core.decide import decide, kinds_of
from gateway.core.meeting import Passage
from gateway.core.model import Analysis, Coach, Envelope, ForwardPath, Plan, Reading, Recipient, Verdict
from gateway.core.notice import HOLD_REASONS
from gateway.core.parse import parse
from gateway.core.platforms import Platforms
from gateway.pipeline import plan_for


def explain(
    context: typer.Context,
    mail: Annotated[Path, typer.Argument(help="The message (RFC 5322).", exists=True, dir_okay=False)],
    to: Annotated[list[str], typer.Option(help="Recipient; may stand more than once.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Dry run: every sentence and part, the verdict, the rule, and the word that decided."""
    raw = b"\r\n".join(mail.read_bytes().replace(b"\r\n", b"\n").split(b"\n"))
    answers, plan, platforms = asyncio.run(_ask(context, raw, to))
    if as_json:
        typer.echo(
            json.dumps(
                [_plain(*a) for a in answers]
                + [{"copies": [f"{c.purpose} to {c.recipient.path}" for c in plan.copies], "holds": [h.reason for h in plan.holds]}],
                default=str,  # of times
            )
        )
        return
    console = Console()
    for path, role, analysis, reading, verdicts, appointment in answers:
        console.rule(f"{path}: {role}")
        console.print(_sentences(reading))
        if reading and reading.links:
            console.print(_links(reading, platforms))
        console.print(_parts(analysis, reading, verdicts))
        if appointment:
            console.print(_appointment(appointment))
        if reading and reading.company_text:
            console.print(Panel(reading.company_text, title=reading.company_subject, subtitle="what the company would read", expand=False))
    _outcome(console, plan)


Answer = tuple[str, str, Analysis, Reading | None, tuple[Verdict, ...], tuple[Row, ...]]


async def _ask(context: typer.Context, raw: bytes, to: list[str]) -> tuple[list[Answer], Plan, Platforms]:
    async with application.open_house(context.obj.config, seals=False) as (ports, house):
        directory = await ports.store.directory(TENANT)
        envelope = Envelope("explain", TENANT, directory.coach.addresses[0], tuple(ForwardPath(t, parse_mailbox(t)) for t in to), authors=("*",))
        recipients = identify(envelope, directory)
        contexts = {r: context_for(r, directory.coach, house.places, house.approved_links) for r in recipients}
        analysis = await ports.reader.read(raw, tuple(dict.fromkeys(contexts.values())))
        answers: list[Answer] = []
        for recipient, known in contexts.items():
            reading = analysis.reading(known)
            verdicts = decide(recipient, kinds_of(analysis, reading), house.ruleset)
            rows = _rows(raw, reading, recipient, directory.coach, house.uid_key)
            answers.append((recipient.forward_path.path, recipient.role.value, analysis, reading, verdicts, rows))
        return answers, await plan_for(analysis, recipients, directory, ports, house), house.ruleset.platforms


def _sentences(reading: Reading | None) -> Table:
    table = Table(
        "from",
        "sentence",
        "verdict",
        "rule",
        "word",
        title=f"Sentences ({reading.language or 'no language pack fits'})" if reading else "Sentences: not readable",
    )
    for sentence in reading.sentences if reading else ():
        table.add_row(sentence.source, sentence.text, "[green]passes[/]" if sentence.approved else "[yellow]withheld[/]", sentence.rule, sentence.word)
    for fact in reading.facts if reading else ():
        table.add_row(fact.source, fact.text, "[green]fact[/]" if fact.owner == "appointment" else "[yellow]not ours[/]", fact.kind.value, fact.owner)
    return table


def _links(reading: Reading, platforms: Platforms) -> Table:
    table = Table("link", "platform", "whose", "action", "why", title="Meeting links")
    for link in reading.links:
        platform = platforms.named(link.platform)
        colour = "green" if link.passage is Passage.ALLOW else "yellow"
        why = platforms.reason(link.platform, link.owner)
        table.add_row(link.link, platform.name if platform else link.platform, link.owner.value, f"[{colour}]{link.passage}[/]", why)
    return table


def _rows(raw: bytes, reading: Reading | None, recipient: Recipient, coach: Coach, uid_key: bytes) -> tuple[Row, ...]:
    """The appointment as it came and as this recipient would get it; nothing where it has none, or where it waits."""
    if reading is None or reading.invitation is None:
        return ()
    before = next(part.octets for part in parse(raw).parts if b"BEGIN:VEVENT" in part.octets.upper())  # tasks may stand beside it
    return side_by_side(before, calendar_object(reading, recipient.forward_path, recipient.client, coach, coach.addresses[0], uid_key))


def _appointment(rows: tuple[Row, ...]) -> Table:
    table = Table("", "before: yours", "after: what a company would get", title="The appointment", show_lines=True)
    several = len({row.event for row in rows}) > 1
    for row in rows:
        table.add_row(f"{row.what} ({row.event})" if several else row.what, Text(row.before), Text(row.after))
    return table


def _parts(analysis: Analysis, reading: Reading | None, verdicts: tuple[Verdict, ...]) -> Table:
    table = Table("what", "kind", "why", title="Parts and verdicts")
    for finding in (*analysis.findings, *(reading.findings if reading else ())):
        table.add_row(finding.part, finding.kind.value, finding.evidence)
    for verdict in verdicts:
        table.add_row("verdict", verdict.kind.value, f"{verdict.action.name.lower()}: {verdict.reason} ({', '.join(verdict.rule_ids) or 'no rule'})")
    return table


def _outcome(console: Console, plan: Plan) -> None:
    for copy in plan.copies:
        console.print(f"{copy.purpose.value} copy to {copy.recipient.path}")
    for hold in plan.holds:
        console.print(f"held for {hold.recipient.path}: {HOLD_REASONS.get(hold.reason, hold.reason)}")


def _plain(path: str, role: str, analysis: Analysis, reading: Reading | None, verdicts: tuple[Verdict, ...], rows: tuple[Row, ...]) -> dict[str, Any]:
    return {
        "recipient": path,
        "role": role,
        "findings": [asdict(f) for f in analysis.findings],
        "reading": asdict(reading) if reading else None,
        "appointment": [asdict(row) for row in rows],
        "verdicts": [{"kind": v.kind, "action": v.action.name.lower(), "rules": v.rule_ids, "reason": v.reason} for v in verdicts],
    }
