"""What the store remembers for the watch over the coach's mailbox: the real one and the one in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.core.model import AuditEvent
from gateway.edges.store import Store, migrate, sqlite_url
from gateway.edges.store.outbound import KEEP_PASSED
from gateway.edges.vault import Vault
from gateway.ports import Cursor
from tests.contracts.store_cases import COACH, NOON, TENANT, custody, outgoing
from tests.fakes.clock import FixedClock
from tests.fakes.store import FakeStore


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Any]:
    if request.param == "memory":
        store: Any = FakeStore(clock)
    else:
        url = sqlite_url(tmp_path / "coachgate.db")
        migrate(url)
        store = Store(url, Vault.create(tmp_path / "master.key"), clock)
    await store.put_coach(TENANT, COACH)
    yield store
    if isinstance(store, Store):
        store.close()


async def test_a_folder_is_read_on_from_where_it_was(store: Any) -> None:
    """Each folder has its own place, and none until it was read."""
    there = Cursor(7, 41, NOON, (40, 41))
    await store.advance(TENANT, "Gateway/Outbox", there)
    assert await store.cursor(TENANT, "Gateway/Outbox") == there
    assert await store.cursor(TENANT, "Sent") is None
    await store.advance(TENANT, "Gateway/Outbox", Cursor(8, 2, NOON))
    assert await store.cursor(TENANT, "Gateway/Outbox") == Cursor(8, 2, NOON)


async def test_a_submitted_message_is_known_again(store: Any) -> None:
    """By its Message-ID alone; one without is known to nobody."""
    await store.commit(custody("one", outgoing("c1"), message_id="<a@coach.example>"))
    await store.commit(custody("two", outgoing("c2"), message_id="<a@coach.example>"))
    await store.commit(custody("three", outgoing("c3")))
    assert await store.has_passed(TENANT, "<a@coach.example>")
    assert not await store.has_passed(TENANT, "<b@coach.example>")
    assert not await store.has_passed(TENANT, "")


async def test_a_bypass_is_told_once_with_its_place(store: Any) -> None:
    """Notice, event, place and mark stand together."""
    event = AuditEvent("bypass", None, "c-0001", (("kinds", "notes"),))
    await store.advance(TENANT, "Sent", Cursor(7, 5, NOON), told="<b@coach.example>", outgoing=(outgoing("n1"),), events=(event,))
    assert await store.has_passed(TENANT, "<b@coach.example>")
    assert (await store.status(TENANT))["pending"] == 1
    assert [e.row.event for e in await store.events(TENANT)][-1] == "bypass"


async def test_an_event_that_may_not_stand_keeps_all_of_it_out(store: Any) -> None:
    """The place does not move without what it caused."""
    with pytest.raises(ValueError, match="no audit event"):
        await store.advance(TENANT, "Sent", Cursor(7, 5, NOON), events=(AuditEvent("gossip", None, None),))
    assert await store.cursor(TENANT, "Sent") is None


async def test_a_state_keeps_the_time_it_began(store: Any, clock: FixedClock) -> None:
    """Said again it is no news; another one is."""
    assert await store.mailbox_state(TENANT) is None
    event = AuditEvent("mailbox-lost", None, None, (("reason", "login"),))
    await store.put_mailbox_state(TENANT, "login", events=(event,))
    clock.advance(hours=1)
    await store.put_mailbox_state(TENANT, "login", events=(event,))
    assert await store.mailbox_state(TENANT) == ("login", NOON)
    assert [e.row.event for e in await store.events(TENANT)].count("mailbox-lost") == 1
    await store.put_mailbox_state(TENANT, "watched")
    assert await store.mailbox_state(TENANT) == ("watched", NOON + timedelta(hours=1))


async def test_neither_folder_nor_message_can_be_read_on_the_disk(tmp_path: Path, clock: FixedClock) -> None:
    """A folder may be called after a client; a Message-ID leads to a mail. And what passed long ago is forgotten."""
    file = tmp_path / "coachgate.db"
    migrate(sqlite_url(file))
    store = Store(sqlite_url(file), Vault.create(tmp_path / "master.key"), clock)
    await store.put_coach(TENANT, COACH)
    await store.advance(TENANT, "Clients/Petrova", Cursor(7, 5, NOON), told="<quokka@coach.example>")
    with sqlite3.connect(file) as database:
        dump = "\n".join(map(str, (*database.execute("SELECT * FROM folders"), *database.execute("SELECT * FROM passed"))))
    database.close()
    assert "Petrova" not in dump
    assert "quokka" not in dump
    clock.at += KEEP_PASSED + timedelta(seconds=1)
    await store.erase()
    assert not await store.has_passed(TENANT, "<quokka@coach.example>")
    store.close()
