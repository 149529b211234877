"""What a lesson would change about held items, and what leaves because of it. Real reading, policies and packs; store, keyring and sealer in memory."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from gateway import teaching
from gateway.app import rules
from gateway.core.analyse import analyse
from gateway.core.model import AuditEvent, Client, Coach, Envelope, ForwardPath, HeldItem, Lesson, Mailbox, Purpose, Submission
from gateway.core.vocabulary import load_packs
from gateway.edges.shelf import language_texts
from gateway.house import House, Ports
from gateway.pipeline import process
from gateway.teaching import CannotTeach
from tests.e2e.stage import COACH, KEYLESS, mail
from tests.fakes.clock import CountingIds, FixedClock
from tests.fakes.keyring import FakeKeyring
from tests.fakes.sealer import FakeSealer
from tests.fakes.store import FakeStore

ROBIN = Coach("Robin Vale", (Mailbox("coach", "coach.example"),))
MILO = Client("c-0001", "Milo Brandt", work=(Mailbox("milo", "beta.example"),), personal=Mailbox("milo", "home.example"))
MEET = "We meet on Tuesday at 10:00."
GEESE = "Mind the geese by the gate until Tuesday."
PACKS = load_packs(language_texts())
KEYS = {f.name: bytes(32) for f in fields(House) if f.name.endswith("_key")}
HOUSE = House(ruleset=rules(), packs=PACKS, places=(), approved_links=(), **KEYS)


class HereReader:
    """`ports.Reader` in this process."""

    async def read(self, raw, contexts, *, command=False):
        return analyse(raw, contexts, PACKS, command=command)


@pytest.fixture
async def ports() -> Ports:
    clock = FixedClock()
    store = FakeStore(clock)
    for tenant in (1, 2):
        await store.put_coach(tenant, ROBIN)
        await store.put_client(tenant, MILO)
    return Ports(clock, CountingIds(), HereReader(), FakeKeyring(), FakeSealer(), store)


async def hold(ports: Ports, text: str, tenant: int = 1) -> HeldItem:
    """Submit a mail to the client whose key is missing; the item that waits because of it."""
    known = {i.id for i in await ports.store.held_list(tenant)}
    envelope = Envelope("robin", tenant, Mailbox("coach", "coach.example"), (ForwardPath(KEYLESS, Mailbox("milo", "beta.example")),), authors=(COACH,))
    await process(Submission(envelope, mail(text, to=KEYLESS), datetime(2026, 3, 2, tzinfo=UTC)), ports, HOUSE)
    (new,) = (i for i in await ports.store.held_list(tenant) if i.id not in known)
    return new


async def phrase(ports: Ports, text: str, tenant: int = 1) -> Lesson:
    return teaching.phrase(text, None, "robin", await ports.store.directory(tenant), HOUSE)


async def learn(ports: Ports, lesson: Lesson, tenant: int = 1) -> tuple[str, ...]:
    """Teach as the command line does; the ids of what left."""
    return (await teaching.teach(lesson, await teaching.effect(lesson, tenant, ports, HOUSE), tenant, ports, HOUSE))[1]


def company_copies(ports: Ports) -> list[str]:
    return [k.outgoing.octets.decode() for k in ports.store.copies.values() if k.outgoing.purpose is Purpose.COMPANY]


async def test_the_effect_names_what_would_pass_and_why_it_does_not(ports: Ports) -> None:
    item = await hold(ports, f"{MEET} {GEESE}")
    await hold(ports, f"{MEET} Your boss is a tyrant.")
    (change,) = await teaching.effect(await phrase(ports, GEESE), 1, ports, HOUSE)
    assert change.item == item
    assert [(s.text, s.word) for s in change.opened] == [(GEESE, "Mind")]
    assert GEESE in change.company_text
    assert change.leaves
    assert await ports.store.lessons(1) == (), "looking teaches nothing"
    assert [s.text for s in await teaching.withheld(await ports.store.held_get(item.id, with_raw=True), ports, HOUSE)] == [GEESE]


async def test_an_item_with_more_to_hide_goes_on_waiting_and_tells_nobody(ports: Ports) -> None:
    await hold(ports, f"{MEET} {GEESE} Your boss is a tyrant.")
    lesson = await phrase(ports, GEESE)
    (change,) = await teaching.effect(lesson, 1, ports, HOUSE)
    assert (change.leaves, GEESE in change.company_text) == (False, True)
    assert await learn(ports, lesson) == ()
    assert [GEESE in copy for copy in company_copies(ports)] == [False]


async def test_what_leaves_tells_the_company_the_rest(ports: Ports) -> None:
    item = await hold(ports, f"{MEET} {GEESE}")
    assert await learn(ports, await phrase(ports, GEESE)) == (item.id,)
    assert [GEESE in copy for copy in company_copies(ports)] == [False, True]
    assert await ports.store.held_list(1) == []
    assert [e.row.event for e in await ports.store.events(1)][-2:] == ["vocabulary-added", "resolved"]


async def test_what_two_lessons_opened_is_told_once_the_second_lets_it_leave(ports: Ports) -> None:
    boots = "Wear boots with the blue laces."
    item = await hold(ports, f"{MEET} {GEESE} {boots}")
    ports.clock.advance(minutes=1)
    assert await learn(ports, await phrase(ports, boots)) == ()
    assert await learn(ports, await phrase(ports, GEESE)) == (item.id,)
    first, second = company_copies(ports)
    assert (boots in first, boots in second, GEESE in second) == (False, True, True)


async def test_the_company_is_not_told_the_same_twice(ports: Ports) -> None:
    """A line below the letter is not carried: once it is known there is nothing left to wait for, and nothing more to say."""
    item = await hold(ports, f"{MEET}\n\nBest wishes,\nRobin\nWith mud on the boots\n")
    assert await learn(ports, await phrase(ports, "With mud on the boots")) == (item.id,)
    assert len(company_copies(ports)) == 1
    assert await ports.store.held_list(1) == []


async def test_another_coach_learns_nothing(ports: Ports) -> None:
    item = await hold(ports, f"{MEET} {GEESE}", tenant=2)
    assert await learn(ports, await phrase(ports, GEESE)) == ()
    assert await ports.store.held_list(2) == [item]
    await hold(ports, f"{MEET} {GEESE}", tenant=2)
    assert not any(GEESE in copy for copy in company_copies(ports))
    with pytest.raises(CannotTeach, match="Nothing that was taught"):
        await teaching.forget("phrase", (await ports.store.lessons(1))[0].id, "robin", 2, ports.store)


async def test_only_so_much_can_be_taught(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "MOST_LESSONS", 1)
    await learn(ports, await phrase(ports, GEESE))
    with pytest.raises(CannotTeach, match="remove some"):
        await learn(ports, teaching.place("The Krug", "robin", await ports.store.directory(1), HOUSE))
    await teaching.forget("phrase", (await ports.store.lessons(1))[0].id[:4], "robin", 1, ports.store)
    await learn(ports, teaching.place("The Krug", "robin", await ports.store.directory(1), HOUSE))
    assert [lesson.text for lesson in await ports.store.lessons(1)] == ["The Krug"]


async def test_a_name_in_a_phrase_is_a_slot_for_the_one_it_concerns(ports: Ports) -> None:
    """Another client's name never becomes a word that passes."""
    await ports.store.put_client(1, replace(MILO, id="c-0002", name="Dana Whitfield", work=(Mailbox("dana", "acme.example"),)))
    lesson = await phrase(ports, "Mind the geese for Dana, until Tuesday")
    assert lesson.text == "mind the geese for {name} , {time}"
    await learn(ports, lesson)
    await hold(ports, f"{MEET} Mind the geese for Dana, until Friday.")
    await hold(ports, f"{MEET} Mind the geese for Milo, until Friday. Your boss is a tyrant.")
    assert [("Dana" in copy, "geese for Milo" in copy) for copy in company_copies(ports)] == [(False, False), (False, True)]


@pytest.mark.parametrize(
    ("text", "language", "why"), [("bandstand", None, "Which language"), ("geese", "tlh", "no language pack"), ("Tuesday", "en", "nothing in it")]
)
async def test_what_is_no_lesson_is_refused(ports: Ports, text: str, language: str | None, why: str) -> None:
    with pytest.raises(CannotTeach, match=why):
        teaching.phrase(text, language, "robin", await ports.store.directory(1), HOUSE)


async def test_an_item_that_is_closed_meanwhile_is_left_alone(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    item = await hold(ports, f"{MEET} {GEESE}")
    lesson = await phrase(ports, GEESE)
    effects = await teaching.effect(lesson, 1, ports, HOUSE)
    closed = [replace(item)]
    await ports.store.resolve_held(item.id, "discarded", (), (AuditEvent("discarded", None, None),))
    assert (await teaching.teach(lesson, effects, 1, ports, HOUSE))[1] == ()
    monkeypatch.setattr(ports.store, "held_list", _answer(closed))
    assert await teaching.effect(await phrase(ports, "Feed the geese"), 1, ports, HOUSE) == ()


def _answer(value):
    async def answer(tenant):
        return value

    return answer


@pytest.mark.parametrize("place", ["Milo", "Brandt", "Milo Brandt", "Milo Brandt's Barn Milo Brandt"])
async def test_a_place_that_names_a_client_is_refused(ports: Ports, place: str) -> None:
    with pytest.raises(CannotTeach, match="c-0001"):
        teaching.place(place, "robin", await ports.store.directory(1), HOUSE)


@pytest.mark.parametrize(("rule", "why"), list(teaching.NEVER_TAUGHT.items()))
async def test_what_is_withheld_for_what_it_is_cannot_be_taught(ports: Ports, rule: str, why: str) -> None:
    held = await hold(ports, f"{MEET} {GEESE}")
    (sentence,) = await teaching.withheld(await ports.store.held_get(held.id, with_raw=True), ports, HOUSE)
    with pytest.raises(CannotTeach, match=why):
        teaching.sentence_lesson(replace(sentence, rule=rule), "robin", await ports.store.directory(1), HOUSE)
