"""Every example of every policy file, run through the pure core: parse > classify > recognise > decide."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from gateway.core.analyse import analyse
from gateway.core.audience import context_for, role_of
from gateway.core.decide import decide, kinds_of
from gateway.core.model import Kind, Recipient
from gateway.core.pack import Packs
from gateway.core.policy import Example
from gateway.core.vocabulary import load_packs
from tests.policies.cast import COACH, DIRECTORY, POLICIES, box, path, recipient, shipped

SHIPPED = shipped()
LINKS = ("meet.coach.example/robin",)


@pytest.mark.parametrize("example", SHIPPED.examples, ids=lambda e: e.title)
def test_example(example: Example):
    to = addressed(example)
    found = decide(to, kinds(example, to), SHIPPED)
    shown = [(v.action, v.kind) for v in found if example.rule in v.rule_ids]
    assert example.want in {action for action, _ in shown}, f"{example.rule} decides {shown}; all verdicts: {[(v.kind, v.action, v.rule_ids) for v in found]}"


@pytest.mark.parametrize("example", [e for e in SHIPPED.examples if e.message], ids=lambda e: e.title)
def test_the_mail_of_an_example_is_to_whom_it_says(example: Example):
    assert role_of(box(to_field(example)), DIRECTORY)[0] is example.to


def kinds(example: Example, to: Recipient) -> frozenset[Kind]:
    if example.kinds:
        return frozenset(example.kinds)
    context = context_for(to, COACH, (), LINKS)
    analysis = analyse(f"{example.message}\n".replace("\n", "\r\n").encode(), (context,), packs())
    return kinds_of(analysis, analysis.reading(context))


@cache
def packs() -> Packs:
    languages = POLICIES / "languages"
    return load_packs({p.relative_to(languages).as_posix(): p.read_text("utf-8") for p in sorted(languages.rglob("*.toml"))}, platforms=SHIPPED.platforms)


def addressed(example: Example) -> Recipient:
    to = recipient(example.to, example.consents)
    return replace(to, forward_path=path(to_field(example))) if example.message else to


def to_field(example: Example) -> str:
    return next(line.removeprefix("To: ") for line in example.message.splitlines() if line.startswith("To: "))
