"""A copy set aside as damaged can be sent again once the damage is undone: the real store on SQLite, with blobs changed behind its back."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core.model import AuditEvent
from gateway.edges.store import Store, migrate, sqlite_url
from gateway.edges.vault import Vault
from tests.contracts.store_cases import COACH, TENANT, custody, outgoing
from tests.fakes.clock import FixedClock

AGAIN = (AuditEvent("sent-again", "s1", "c-0001", (("copy", "a"),)),)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "coachgate.db"


@pytest.fixture
def store(file: Path, tmp_path: Path) -> Iterator[Store]:
    migrate(sqlite_url(file))
    store = Store(sqlite_url(file), Vault.create(tmp_path / "master.key"), FixedClock())
    yield store
    store.close()


def swap(file: Path, table: str, column: str, octets: bytes) -> bytes:
    """Put `octets` into the one row of `table`; what was there."""
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        (before,) = database.execute(f"SELECT {column} FROM {table}").fetchone()
        database.execute(f"UPDATE {table} SET {column} = ?", (octets,))
        return before


@pytest.mark.parametrize(("table", "column", "shown"), [("bodies", "octets", "anna@home.example"), ("copies", "envelope", "")])
async def test_a_damaged_copy_is_shown_and_goes_again_when_it_is_whole(store: Store, file: Path, table: str, column: str, shown: str) -> None:
    await store.put_coach(TENANT, COACH)
    await store.commit(custody("s1", outgoing("a")))
    whole = swap(file, table, column, b"not what was sealed")
    now = FixedClock().now()
    assert list(await store.claim(now, 5)) == []
    (copy,) = await store.ended_list(TENANT)
    assert (copy.id, copy.state, copy.recipient, copy.ended_at) == ("a", "damaged", shown, None)
    assert await store.requeue("a", AGAIN)
    assert list(await store.claim(now, 5)) == []  # still damaged: set aside again
    assert (await store.status())["damaged"] == 1
    swap(file, table, column, whole)
    assert await store.requeue("a", AGAIN)
    (lease,) = await store.claim(now, 5)
    assert lease.outgoing == outgoing("a")
