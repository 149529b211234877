"""What the store remembers for the coach: a database found too old, checkpoints that left the house, damage told once, contacts of the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.core.checkpoint import parse_checkpoints
from gateway.core.model import AuditEvent, Contact, Outgoing, Purpose, Role
from gateway.edges.store import Notary, Store
from gateway.edges.vault import Vault
from gateway.edges.witness import Witness
from tests.contracts.store_cases import COACH, TENANT, custody, held, outgoing
from tests.contracts.test_store import clock, postgres, postgres_url, url, vault, words
from tests.fakes.clock import FixedClock

__all__ = ["clock", "postgres", "postgres_url", "url", "vault"]
DAY = timedelta(days=1)
VERA, PAUL = Contact("vera@coach.example", Role.SUPPORT), Contact("paul@coach.example", Role.SUPPORT)


@pytest.fixture(params=["url", "postgres_url"], ids=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def store(where: str, vault: Vault, clock: FixedClock) -> Iterator[Store]:  # type: ignore[misc]
    store = Store(where, vault, clock)
    await store.put_coach(TENANT, COACH)
    yield store
    store.close()


@pytest.fixture
def notary(tmp_path: Path) -> Notary:
    return Notary.create(tmp_path / "audit.key")


def notice(name: str) -> Outgoing:
    return outgoing(name, "coach@coach.example", purpose=Purpose.NOTICE, client_id=None)


def change(where: str, statement: str) -> None:
    engine = create_engine(where.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


# ------------------------------------------------------------------------------------------------ a database that is too old
async def test_what_may_have_gone_already_leaves_only_on_the_coachs_word(store: Store, clock: FixedClock) -> None:
    """Queued and leased copies become unclear, held items lose the reason for which they would leave by themselves; notices go on, and one more is queued."""
    await store.commit(custody("s1", outgoing("a"), notice("n"), waits=(held("h"),)))
    (lease, *_) = await store.claim(clock.now(), 1)
    await store.commit(custody("s2", outgoing("b")))
    assert lease.outgoing.id == "a"
    counts: list[tuple[int, int]] = []

    def write(copies: int, waiting: int) -> Outgoing:
        counts.append((copies, waiting))
        return notice("told")

    assert await store.doubt(TENANT, write) == (2, 1) == counts[0]
    assert sorted(lease.outgoing.id for lease in await store.claim(clock.now(), 9)) == ["n", "told"]
    assert [(c.id, c.state, c.reply) for c in await store.ended_list(TENANT)] == [("a", "unclear", "rolled-back"), ("b", "unclear", "rolled-back")]
    assert [item.reason for item in await store.held_list(TENANT)] == ["restored"]
    assert await store.waiting_for_key(TENANT) == []
    assert (await words(store))[-3:] == ["rolled-back", "unclear", "unclear"]
    assert await store.requeue("a", (AuditEvent("sent-again", "s1", "c-0001"),))
    assert [lease.outgoing for lease in await store.claim(clock.now(), 9)] == [outgoing("a")]


async def test_a_checkpoint_that_the_database_lacks_is_noticed(store: Store, where: str, notary: Notary, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "checkpoint")
    assert witness.recall() == ""
    for _ in range(2):
        witness.remember(await store.checkpoint(TENANT, notary))
        assert not await store.rolled_back(TENANT, witness.recall())
    assert (tmp_path / "checkpoint").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.glob("checkpoint*")] == ["checkpoint"]
    change(where, "DELETE FROM checkpoints")
    assert await store.rolled_back(TENANT, witness.recall())
    (tmp_path / "checkpoint").write_bytes(b"\xff not a note")
    assert await store.rolled_back(TENANT, witness.recall()), "a file that was spoilt is no proof that all is well"


# ------------------------------------------------------------------------------------------------ checkpoints for the mailbox
async def test_a_checkpoint_is_due_once_a_day_and_only_where_there_is_news(store: Store, clock: FixedClock, notary: Notary) -> None:
    """What the gateway writes about its own notices is no news, or it would write for ever."""
    assert await store.checkpoint_due(TENANT, DAY), "the first one at once"
    size = parse_checkpoints(await store.checkpoint(TENANT, notary))[0].size
    assert await store.tell(TENANT, [], notice("n1"), checkpoint=size)
    assert not await store.tell(TENANT, [], notice("n2"), checkpoint=size), "it is on its way already"
    assert not await store.tell(TENANT, [], notice("n3"), checkpoint=size + 99), "there is none of this size"
    assert [lease.outgoing.id for lease in await store.claim(clock.now(), 9)] == ["n1"]
    assert (await words(store))[-2:] == ["checkpoint", "checkpoint-sent"]
    await store.record(TENANT, (AuditEvent("relayed", None, None), AuditEvent("deferred", None, None)))
    clock.advance(days=2)
    assert not await store.checkpoint_due(TENANT, DAY)
    await store.record(TENANT, (AuditEvent("user-changed", None, None),))
    assert await store.checkpoint_due(TENANT, DAY)
    clock.advance(days=-1, hours=-1)
    assert not await store.checkpoint_due(TENANT, DAY), "news, and not a day old"
    clock.advance(days=-300)
    assert await store.checkpoint_due(TENANT, DAY), "a clock set back does not silence it"


async def test_a_digest_with_a_checkpoint_is_told_whole_or_not_at_all(store: Store, notary: Notary) -> None:
    await store.commit(custody("s1", outgoing("a"), untold=True, summary=(("private", "anna@home.example"),)))
    size = parse_checkpoints(await store.checkpoint(TENANT, notary))[0].size
    assert not await store.tell(TENANT, ["s1"], notice("n1"), checkpoint=size + 1)
    assert [name for name, _, _ in await store.untold(TENANT)] == ["s1"]
    assert await store.tell(TENANT, ["s1"], notice("n2"), checkpoint=size)
    assert await store.untold(TENANT) == []
    assert (await words(store))[-2:] == ["checkpoint-sent", "told"]


# ------------------------------------------------------------------------------------------------ damage
async def test_damage_is_told_once_for_each_copy(store: Store, where: str, clock: FixedClock) -> None:
    """And anew for one that was sent again and is damaged still."""
    await store.commit(custody("s1", outgoing("a"), outgoing("b", octets=b"other\r\n")))
    assert await store.damage_untold(TENANT) == []
    change(where, "UPDATE copies SET envelope = body_id::bytea" if "postgres" in where else "UPDATE copies SET envelope = x'00'")
    assert list(await store.claim(clock.now(), 9)) == []
    assert await store.damage_untold(TENANT) == ["a", "b"]
    assert not await store.tell_damage(TENANT, [], notice("n0"))
    assert [await store.tell_damage(TENANT, ["a", "b"], notice(f"n{i}")) for i in (1, 2)] == [True, False]
    assert await store.damage_untold(TENANT) == []
    assert [lease.outgoing.id for lease in await store.claim(clock.now(), 9)] == ["n1"]
    assert (await words(store))[-1] == "notice"
    assert await store.requeue("a", (AuditEvent("sent-again", "s1", "c-0001"),))
    assert await store.damage_untold(TENANT) == []
    assert list(await store.claim(clock.now(), 9)) == []
    assert await store.damage_untold(TENANT) == ["a"]
    assert not await store.tell_damage(TENANT, ["a", "b"], notice("n3")), "one of them was told"


# ------------------------------------------------------------------------------------------------ contacts of the configuration
async def known(store: Store) -> set[Contact]:
    return set((await store.directory(TENANT)).contacts)


async def test_whom_the_configuration_names_no_more_is_removed_and_nobody_else(store: Store) -> None:
    printer = Contact("@printer.example", Role.NOT_A_CLIENT)
    await store.put_contact(TENANT, printer)
    await store.configure_contacts(TENANT, (VERA, PAUL))
    assert await known(store) == {VERA, PAUL, printer}
    before = len(await words(store))
    await store.configure_contacts(TENANT, (PAUL, VERA))
    assert len(await words(store)) == before, "nothing was changed, so nothing is written"
    await store.configure_contacts(TENANT, (PAUL,))
    assert await known(store) == {PAUL, printer}
    assert (await words(store))[before:] == ["contact-removed"]
    (entry,) = await store.events(TENANT, last=1)
    assert entry.detail == (("recipient", store.pseudonym(VERA.pattern)),)
    await store.configure_contacts(TENANT, ())
    assert await known(store) == {printer}


async def test_whom_both_name_belongs_to_the_configuration(store: Store) -> None:
    """It says who is an assistant; a word to the contrary, given elsewhere, does not outlive the next start, and neither does the assistant."""
    for elsewhere in (VERA, Contact(VERA.pattern, Role.NOT_A_CLIENT)):
        await store.put_contact(TENANT, elsewhere)
        await store.configure_contacts(TENANT, (VERA,))
        assert await known(store) == {VERA}
        await store.configure_contacts(TENANT, ())
        assert await known(store) == set()
    await store.configure_contacts(TENANT, (VERA,))
    await store.put_contact(TENANT, VERA)
    await store.configure_contacts(TENANT, ())
    assert await known(store) == {VERA}, "the coach has named her herself since"
