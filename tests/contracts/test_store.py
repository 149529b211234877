"""What every store promises: the real one on SQLite and on PostgreSQL and the one in memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, text

from gateway.core import schedule
from gateway.core.checkpoint import parse_checkpoints
from gateway.core.model import AuditEvent, Client, Contact, Lesson, Mailbox, Purpose, Role, Taught
from gateway.edges.store import Notary, Store, User, migrate, note_key, schema, sqlite_url
from gateway.edges.vault import Vault
from gateway.errors import ConfigurationError, StoreDamaged, StoreUnavailable
from gateway.ports import Delivery, Result
from tests.contracts.postgres import server as postgres_server
from tests.contracts.store_cases import ANNA, COACH, NOON, TENANT, custody, held, outgoing
from tests.fakes.clock import FixedClock
from tests.fakes.store import FakeStore

DELIVERED, DEFERRED, UNCLEAR = Delivery(Result.DELIVERED, "250 2.0.0"), Delivery(Result.DEFERRED, "451 4.3.0"), Delivery(Result.UNCLEAR)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "master.key")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = sqlite_url(tmp_path / "coachgate.db")
    migrate(url)
    return url


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A schema of its own in the server."""
    name = "t" + secrets.token_hex(6)
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = f"{postgres}&options=-csearch_path%3D{name}"
    migrate(url)
    yield url
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "memory", "postgres"])
async def store(request: pytest.FixtureRequest, clock: FixedClock) -> AsyncIterator[Any]:
    if request.param == "memory":
        store: Any = FakeStore(clock)
    else:
        where = request.getfixturevalue("url" if request.param == "sqlite" else "postgres_url")
        store = Store(where, request.getfixturevalue("vault"), clock)
    await store.put_coach(TENANT, COACH)
    await store.put_client(TENANT, ANNA, b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    yield store
    store.close()


@pytest.fixture
async def real(url: str, vault: Vault, clock: FixedClock) -> AsyncIterator[Store]:
    store = Store(url, vault, clock)
    await store.put_coach(TENANT, COACH)
    yield store
    store.close()


async def words(store: Any) -> list[str]:
    return [entry.row.event for entry in await store.events(TENANT)]


# ------------------------------------------------------------------------------------------------ custody
async def test_a_commit_keeps_copies_held_items_and_events_together(store: Any) -> None:
    receipt = await store.commit(custody("s1", outgoing("a"), outgoing("b"), waits=(held("h"),)))
    assert (receipt.submission_id, receipt.repeated, receipt.copies, receipt.held) == ("s1", False, 2, 1)
    status = await store.status()
    assert (status["pending"], status["held"], status["accepted"], status["untold"]) == (2, 1, 1, 0)
    assert (await words(store))[-4:] == ["accepted", "private-copy", "private-copy", "held"]


async def test_the_same_submission_is_taken_once_within_a_day_and_again_after_it(store: Any, clock: FixedClock) -> None:
    first = custody("s1", outgoing("a"), waits=(held("h"),))
    await store.commit(first)
    again = custody("s2", outgoing("b"), digest=first.key.digest)
    for receipt in (await store.seen(first.key), await store.commit(again)):
        assert (receipt.submission_id, receipt.repeated, receipt.copies, receipt.held) == ("s1", True, 1, 1)
    assert (await store.status())["pending"] == 1
    clock.advance(hours=24, seconds=1)
    assert await store.seen(first.key) is None
    receipt = await store.commit(custody("s3", outgoing("c"), digest=first.key.digest, at=clock.now()))
    assert (receipt.submission_id, receipt.repeated) == ("s3", False)


async def test_two_racing_submissions_of_the_same_octets_are_one(store: Any) -> None:
    digest = hashlib.sha256(b"same").digest()
    receipts = await asyncio.gather(*(store.commit(custody(f"s{i}", outgoing(f"a{i}"), digest=digest)) for i in range(8)))
    assert sorted(r.repeated for r in receipts) == [False] + [True] * 7
    assert len({r.submission_id for r in receipts}) == 1
    assert (await store.status())["pending"] == 1


async def test_a_commit_that_fails_keeps_nothing_and_harms_no_other(store: Any) -> None:
    await store.commit(custody("s1", outgoing("a")))
    before = await words(store)
    clash = custody("s2", outgoing("b"), outgoing("a"), waits=(held("h"),))  # "a" is taken
    results = await asyncio.gather(*(store.commit(c) for c in (custody("s3", outgoing("c")), clash, custody("s4", outgoing("d")))), return_exceptions=True)
    assert isinstance(results[1], StoreUnavailable)
    assert [getattr(r, "submission_id", None) for r in results] == ["s3", None, "s4"]
    assert await store.seen(clash.key) is None
    assert await store.held_get("h") is None
    assert (await store.status())["pending"] == 3
    assert len(await words(store)) == len(before) + 4


@pytest.mark.parametrize("name", ["s\udcff", "s\x00"])
async def test_a_name_the_database_cannot_hold_harms_no_other(store: Any, name: str) -> None:
    """Whether such a name is taken or refused is the engine's business; the mail beside it must not pay for it."""
    poison = custody(name, outgoing("p"), digest=b"d" * 32)
    results = await asyncio.gather(*(store.commit(c) for c in (custody("s1", outgoing("a")), poison, custody("s2", outgoing("b")))), return_exceptions=True)
    assert [getattr(results[i], "submission_id", None) for i in (0, 2)] == ["s1", "s2"]
    taken = not isinstance(results[1], BaseException)
    assert (await store.status())["accepted"] == 2 + taken
    assert (await store.status())["pending"] == 2 + taken


@pytest.mark.parametrize("detail", [("reason", "Anna told me she will resign"), ("subject", "x"), ("reason", "anna@home.example"), ("kinds", "a\nb")])
async def test_an_event_that_could_carry_content_stops_the_commit(store: Any, detail: tuple[str, str]) -> None:
    deposit = replace(custody("s1", outgoing("a")), events=(AuditEvent("accepted", "s1", None, (detail,)),))
    with pytest.raises(ValueError, match="detail is called|not a code") as caught:
        await store.commit(deposit)
    assert detail[1] not in str(caught.value) or detail[1] == "x"
    assert (await store.status())["accepted"] == 0


async def test_an_address_in_an_event_becomes_a_pseudonym_the_same_for_the_same_person(store: Any) -> None:
    await store.record(TENANT, [AuditEvent("relayed", None, None, (("recipient", address),)) for address in ("a@x.example", "A@X.example", '"b b"@x.example')])
    await store.record(TENANT, [AuditEvent("accepted", None, None, (("user", "Robin Vale"),))])
    assert dict((await store.events(TENANT))[-1].detail)["user"].startswith("p-")
    first, second, third = [dict(e.detail)["recipient"] for e in (await store.events(TENANT))[-4:-1]]
    assert first == second != third
    assert "@" not in first + third


# ------------------------------------------------------------------------------------------------ queue
async def test_a_claimed_copy_comes_back_whole_and_only_once(store: Any, clock: FixedClock) -> None:
    copy = outgoing("a", smtputf8=True, body_8bit=True, octets=os.urandom(70_000))
    await store.commit(custody("s1", copy))
    (lease,) = await store.claim(clock.now(), 10)
    assert lease.outgoing == copy
    assert (lease.tenant, lease.attempt, lease.queued_at, lease.unclear_before, lease.submission_id) == (TENANT, 1, NOON, False, "s1")
    assert list(await store.claim(clock.now(), 10)) == []


async def test_racing_claims_never_hand_out_a_copy_twice(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", *(outgoing(f"a{i:02}") for i in range(20))))
    taken = await asyncio.gather(*(store.claim(clock.now(), 3) for _ in range(10)))
    ids = [lease.outgoing.id for leases in taken for lease in leases]
    assert sorted(ids) == [f"a{i:02}" for i in range(20)]


async def test_a_deferred_copy_waits_for_its_time_and_counts_its_attempts(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", outgoing("a")))
    await store.claim(clock.now(), 1)
    later = clock.now() + timedelta(minutes=15)
    await store.settle("a", DEFERRED, later, (AuditEvent("deferred", "s1", "c-0001", (("reply", "451 4.3.0"),)),))
    assert list(await store.claim(clock.now(), 1)) == []
    assert await store.next_due() == later
    clock.advance(minutes=15)
    (lease,) = await store.claim(clock.now(), 1)
    assert (lease.attempt, lease.unclear_before) == (2, False)


async def test_silence_after_the_dot_is_remembered(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", outgoing("a"), outgoing("b")))
    await store.claim(clock.now(), 2)
    await store.settle("a", UNCLEAR, clock.now(), (AuditEvent("unclear", "s1", "c-0001"),))
    await store.settle("b", UNCLEAR, None, (AuditEvent("unclear", "s1", "c-0001"),))
    (lease,) = await store.claim(clock.now(), 2)
    assert (lease.outgoing.id, lease.unclear_before) == ("a", True)
    assert (await store.status())["unclear"] == 1


@pytest.mark.parametrize(("result", "count"), [(Result.DELIVERED, "relayed"), (Result.FAILED, "failed"), (Result.DEFERRED, "failed")])
async def test_a_settled_copy_is_over_whatever_a_late_answer_says(store: Any, clock: FixedClock, result: Result, count: str) -> None:
    await store.commit(custody("s1", outgoing("a")))
    await store.claim(clock.now(), 1)
    await store.settle("a", Delivery(result), None, (AuditEvent("relayed", "s1", "c-0001"),))
    await store.settle("a", DEFERRED, clock.now(), (AuditEvent("deferred", "s1", "c-0001"),))
    status = await store.status()
    assert (status["pending"], status[count]) == (0, 1)
    assert list(await store.claim(clock.now() + timedelta(days=1), 1)) == []
    assert (await words(store))[-2:] == ["relayed", "deferred"]


async def test_a_notice_is_queued_with_the_settlement(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", outgoing("a")))
    await store.claim(clock.now(), 1)
    notice = outgoing("n", "coach@coach.example", purpose=Purpose.NOTICE, client_id=None)
    await store.settle("a", Delivery(Result.FAILED, "550 5.1.1"), None, (AuditEvent("failed", "s1", "c-0001"),), notice)
    (lease,) = await store.claim(clock.now(), 5)
    assert lease.outgoing == notice


async def test_settling_a_copy_nobody_knows_is_an_error(store: Any) -> None:
    with pytest.raises(ValueError, match="no such copy"):
        await store.settle("nobody", DELIVERED, None, ())


async def test_copies_of_a_dead_process_come_back_by_release_or_when_the_lease_is_over(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", outgoing("a"), outgoing("b")))
    await store.claim(clock.now(), 1)
    assert await store.release_leases() == 1
    assert {lease.attempt for lease in await store.claim(clock.now(), 5)} == {1, 2}
    clock.advance(minutes=31)
    assert {lease.attempt for lease in await store.claim(clock.now(), 5)} == {2, 3}


async def test_a_copy_that_is_taken_whenever_the_process_dies_waits_longer_each_time(store: Any, clock: FixedClock) -> None:
    """A crash loop: the first interrupted attempt is repeated at once, the following ones after the pauses of the schedule."""
    await store.commit(custody("s1", outgoing("a")))
    for attempt in range(1, 6):
        (lease,) = await store.claim(clock.now(), 5)
        assert lease.attempt == attempt
        assert await store.release_leases() == 1
        due = schedule.after_crash("a", attempt, clock.now())
        if due > clock.now():
            assert list(await store.claim(clock.now(), 5)) == []
            assert await store.next_due() == due
        clock.advance(seconds=(due - clock.now()).total_seconds())


async def test_a_clock_set_back_keeps_no_copy_waiting(store: Any, clock: FixedClock) -> None:
    """Planned further ahead than any pause reaches is due; an ordinary pause is not."""
    await store.commit(custody("s1", outgoing("a"), outgoing("b"), outgoing("c")))
    await store.claim(clock.now(), 5)
    for name, ahead in (("a", timedelta(days=1)), ("b", schedule.FURTHEST), ("c", schedule.FURTHEST + timedelta(seconds=1))):
        await store.settle(name, DEFERRED, clock.now() + ahead, (AuditEvent("deferred", "s1", "c-0001"),))
    assert {lease.outgoing.id for lease in await store.claim(clock.now(), 5)} == {"a", "c"}


# ------------------------------------------------------------------------------------------------ copies that ended
async def unclear_copy(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", outgoing("a")))
    await store.claim(clock.now(), 1)
    await store.settle("a", Delivery(Result.UNCLEAR, "timeout"), None, (AuditEvent("unclear", "s1", "c-0001"),))


async def test_an_unclear_copy_is_shown_and_goes_again_as_it_was(store: Any, clock: FixedClock) -> None:
    await unclear_copy(store, clock)
    (copy,) = await store.ended_list(TENANT)
    assert (copy.id, copy.recipient, copy.client_id, copy.submission_id) == ("a", "anna@home.example", "c-0001", "s1")
    assert (copy.state, copy.reply) == ("unclear", "timeout")
    assert await store.ended_list(TENANT + 1) == []
    clock.advance(days=3)
    assert await store.requeue("a", (AuditEvent("sent-again", "s1", "c-0001", (("copy", "a"),)),))
    (lease,) = await store.claim(clock.now(), 5)
    assert lease.outgoing == outgoing("a")  # Message-ID included
    assert (lease.attempt, lease.queued_at) == (1, clock.now())  # its patience begins anew
    assert await store.ended_list(TENANT) == []
    assert (await words(store))[-1] == "sent-again"


async def test_a_dropped_copy_is_gone_for_good(store: Any, clock: FixedClock) -> None:
    await unclear_copy(store, clock)
    event = (AuditEvent("dropped", "s1", "c-0001", (("copy", "a"),)),)
    assert await store.drop("a", event)
    assert await store.ended_list(TENANT) == []
    assert not await store.drop("a", event)
    assert not await store.requeue("a", event)
    assert (await store.status())["unclear"] == 1
    assert (await words(store)).count("dropped") == 1


async def test_only_what_has_ended_can_be_sent_again(store: Any, clock: FixedClock) -> None:
    """Not what is on its way, not what arrived, not what was refused and erased, not what nobody knows, and nothing without an audit event."""
    await store.commit(custody("s1", outgoing("a"), outgoing("b"), outgoing("c", octets=b"Subject: c\r\n\r\nother\r\n")))
    event = (AuditEvent("sent-again", "s1", "c-0001"),)
    assert not await store.requeue("a", event)
    await store.claim(clock.now(), 5)
    await store.settle("b", DELIVERED, None, ())
    await store.settle("c", Delivery(Result.FAILED, "550"), None, ())
    for name in ("a", "b", "c", "nobody"):
        assert not await store.requeue(name, event)
    with pytest.raises(ValueError):  # noqa: PT011
        await store.requeue("a", ())


async def test_an_unclear_copy_outlives_the_others_but_not_for_ever(store: Any, clock: FixedClock) -> None:
    """Thirty days, whatever the retention of the others; that it then goes is an event."""
    await unclear_copy(store, clock)
    clock.advance(days=29)
    await store.erase()
    assert len(await store.ended_list(TENANT)) == 1
    clock.advance(days=2)
    assert await store.erase() == 1
    assert await store.ended_list(TENANT) == []
    assert (await words(store))[-1] == "erased"


# ------------------------------------------------------------------------------------------------ held items
async def test_a_held_item_is_shown_with_its_octets_only_when_asked(store: Any) -> None:
    deposit = held("h", "secret")
    await store.commit(custody("s1", waits=(deposit,)))
    without = replace(deposit.item, raw=None)
    assert await store.held_list(TENANT) == [without]
    assert await store.held_get("h") == await store.held_by_token("secret") == without
    assert await store.held_get("h", with_raw=True) == deposit.item
    assert await store.held_by_token("wrong") is None
    assert await store.held_list(TENANT + 1) == []


async def test_a_held_item_is_closed_once_and_what_leaves_is_queued_with_it(store: Any, clock: FixedClock) -> None:
    await store.commit(custody("s1", waits=(held("h", "secret"),)))
    event = (AuditEvent("diverted-by-coach", "s1", "c-0001", (("item", "h"), ("by", "coach@coach.example"))),)
    closings = await asyncio.gather(*(store.resolve_held("h", "diverted", (outgoing(f"o{i}"),), event, clock.now()) for i in range(3)))
    assert sorted(closings) == [False, False, True]
    assert len(await store.claim(clock.now(), 5)) == 1
    assert await store.held_by_token("secret") is None
    assert await store.held_get("h", with_raw=True) is None
    assert (await words(store)).count("diverted-by-coach") == 1
    assert (await store.status())["held"] == 0


async def test_a_held_item_ends_only_in_known_ways_and_never_without_an_event(store: Any) -> None:
    await store.commit(custody("s1", waits=(held("h"),)))
    with pytest.raises(ValueError):  # noqa: PT011 - two messages, one law
        await store.resolve_held("h", "expired", (), (AuditEvent("discarded", None, None),))
    with pytest.raises(ValueError):  # noqa: PT011
        await store.resolve_held("h", "discarded", (), ())
    assert len(await store.held_list(TENANT)) == 1


async def test_items_that_wait_for_a_key_are_found_by_reason_or_client(store: Any) -> None:
    others = held("h2", reason="key-expired", client_id="c-0002"), held("h3", reason="unknown-recipient", client_id=None)
    await store.commit(custody("s1", waits=(held("h1"), *others, held("h4", reason="engine"))))
    assert [i.id for i in await store.waiting_for_key(TENANT)] == ["h1", "h2"]
    assert [i.id for i in await store.waiting_for_key(TENANT, "c-0001")] == ["h1", "h4"]


# ------------------------------------------------------------------------------------------------ what the coach is told
async def test_a_digest_tells_each_submission_once(store: Any, clock: FixedClock) -> None:
    summary = (("company", "anna.petrova@acme.example"), ("private", "anna@home.example"))
    await store.commit(custody("s1", outgoing("a"), untold=True, summary=summary))
    await store.commit(custody("s2", outgoing("b")))
    assert await store.untold(TENANT) == [("s1", NOON, summary)]
    results = [await store.tell(TENANT, ["s1"], outgoing(f"n{i}", "coach@coach.example", purpose=Purpose.NOTICE, client_id=None)) for i in range(2)]
    assert results == [True, False]
    assert await store.untold(TENANT) == []
    assert sorted(lease.outgoing.id for lease in await store.claim(clock.now(), 9)) == ["a", "b", "n0"]
    assert (await words(store)).count("told") == 1
    assert await store.tell(TENANT, [], outgoing("n9")) is False


# ------------------------------------------------------------------------------------------------ people
async def test_the_directory_shows_every_change_at_once(store: Any) -> None:
    assert await store.directory(TENANT) == await store.directory(TENANT)
    ben = Client("c-0002", "Ben Okoro", meetings=(("zoom_vanity", ("acme",)),), consents=("share-with-sponsor",))
    friend = Contact("@printer.example", Role.NOT_A_CLIENT)
    await store.put_client(TENANT, ben)
    await store.put_contact(TENANT, friend)
    await store.put_contact(TENANT, friend)
    directory = await store.directory(TENANT)
    assert (directory.coach, directory.clients, directory.contacts) == (COACH, (ANNA, ben), (friend,))
    assert await store.clients(TENANT) == (ANNA, ben)
    await store.put_coach(TENANT, replace(COACH, name="Robin V."))
    assert [await store.remove_client(TENANT, "c-0001") for _ in range(2)] == [True, False]
    assert [await store.remove_contact(TENANT, "@printer.example") for _ in range(2)] == [True, False]
    directory = await store.directory(TENANT)
    assert (directory.coach.name, directory.clients, directory.contacts) == ("Robin V.", (ben,), ())
    assert await store.next_client_id(TENANT) == "c-0003"


async def test_what_a_coach_taught_comes_with_her_and_with_nobody_else(store: Any, clock: FixedClock) -> None:
    await store.put_coach(2, COACH)
    phrase = await store.teach(TENANT, Lesson("phrase", "en", "mind the geese on {time}", "operator"))
    clock.advance(minutes=1)
    place = await store.teach(TENANT, Lesson("place", "", "The Bandstand", "operator"))
    assert (await store.teach(TENANT, Lesson("place", "", "the bandstand", "robin"))).id == place.id, "it is known already"
    await store.put_coach(TENANT, COACH)
    coach = (await store.directory(TENANT)).coach
    assert (coach.places, coach.phrases) == (("The Bandstand",), (Taught("en", "mind the geese on {time}"),))
    assert await store.lessons(TENANT) == (phrase, place)
    assert (phrase.since, phrase.by) == (NOON, "operator")
    assert (await store.directory(2)).coach == COACH
    assert await store.lessons(2) == ()
    assert await store.forget(2, phrase.id, "operator") is False
    assert [await store.forget(TENANT, phrase.id, "operator") for _ in range(2)] == [True, False]
    await store.put_coach(TENANT, replace(COACH, name="Robin V."))
    coach = (await store.directory(TENANT)).coach
    assert (coach.name, coach.places, coach.phrases) == ("Robin V.", ("The Bandstand",), ())
    assert (await words(store))[-4:] == ["vocabulary-added", "place-added", "vocabulary-removed", "coach-changed"]


async def test_a_clients_key_stays_until_the_client_has_none(store: Any) -> None:
    await store.put_client(TENANT, replace(ANNA, name="Anna P."))
    assert await store.client_key(TENANT, "c-0001") == b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
    await store.put_client(TENANT, replace(ANNA, fingerprint=None))
    assert await store.client_key(TENANT, "c-0001") is None
    assert await store.client_key(TENANT, "c-9999") is None


async def test_logins_belong_to_one_tenant_and_change_in_place(store: Any) -> None:
    robin = User("robin@coach.example", "coach", "$argon2id$v=19$...", (Mailbox("coach", "coach.example"),))
    await store.put_coach(2, COACH)
    await store.put_user(TENANT, robin)
    await store.put_user(TENANT, replace(robin, role="auditor"))
    await store.put_user(TENANT, User("ada", "assistant", "x"))
    assert await store.user("robin@coach.example") == (TENANT, replace(robin, role="auditor"))
    assert [u.login for u in await store.users(TENANT)] == ["ada", "robin@coach.example"]
    with pytest.raises(StoreUnavailable):
        await store.put_user(2, robin)
    with pytest.raises(ValueError):  # noqa: PT011
        await store.put_user(TENANT, User("eve", "owner", "x"))
    assert [await store.remove_user(TENANT, "ada") for _ in range(2)] == [True, False]
    assert await store.user("ada") is None


# ------------------------------------------------------------------------------------------------ the real store only
async def test_the_log_verifies_over_a_checkpoint_and_says_what_it_cannot_prove(real: Store, tmp_path: Path) -> None:
    notary = Notary.create(tmp_path / "audit.key")
    await real.commit(custody("s1", outgoing("a")))
    note = await real.checkpoint(TENANT, notary)
    assert await real.checkpoint(TENANT, notary) == note  # nothing was added: nothing new to sign
    key = note_key(notary.public(await real.origin(TENANT)))
    await real.commit(custody("s2", outgoing("b")))
    alone, proven = await real.verify(TENANT, key), await real.verify(TENANT, key, parse_checkpoints(note))
    assert (alone.ok, alone.proven, alone.statement) == (True, 0, "internally consistent only")
    assert (proven.ok, proven.rows, proven.proven) == (True, 6, 4)
    later = await real.checkpoint(TENANT, notary)
    assert await real.checkpoints(TENANT) == [note, later]
    assert [await real.rolled_back(TENANT, n) for n in (note, later, later.replace("7", "8"))] == [False, False, True]
    whole = await real.verify(TENANT, key, parse_checkpoints(note + "\n" + later))
    assert (whole.ok, whole.proven) == (True, 7)


async def test_a_broken_log_is_never_signed(real: Store, url: str, tmp_path: Path) -> None:
    notary = Notary.create(tmp_path / "audit.key")
    await real.commit(custody("s1", outgoing("a")))
    with sqlite3.connect(tmp_path / "coachgate.db") as connection:
        connection.execute("UPDATE audit SET event = 'refused' WHERE seq = 2")
    connection.close()
    with pytest.raises(StoreDamaged, match="row 2"):
        await real.checkpoint(TENANT, notary)


async def test_shredding_makes_one_client_unreadable_for_good_and_the_chain_still_verifies(real: Store, tmp_path: Path, clock: FixedClock) -> None:
    notary = Notary.create(tmp_path / "audit.key")
    await real.put_client(TENANT, ANNA)
    await real.commit(custody("s1", outgoing("a"), outgoing("b", client_id="c-0002")))
    note = await real.checkpoint(TENANT, notary)
    assert await real.shred(TENANT, "c-0001") is False  # her copy is still on its way
    for lease in await real.claim(clock.now(), 5):
        await real.settle(lease.outgoing.id, DELIVERED, None, (AuditEvent("relayed", "s1", lease.outgoing.client_id),))
    assert await real.shred(TENANT, "c-0001") is True
    await real.record(TENANT, [AuditEvent("relayed", None, "c-0001", (("reply", "250 2.0.0"),))])
    readable = {(e.row.client_id, e.detail is not None) for e in await real.events(TENANT)}
    assert readable == {(None, True), ("c-0001", False), ("c-0002", True)}
    assert (await real.directory(TENANT)).clients == ()
    key = note_key(notary.public(await real.origin(TENANT)))
    assert (await real.verify(TENANT, key, parse_checkpoints(note))).ok


async def test_group_commit_needs_fewer_transactions_than_submissions(real: Store) -> None:
    before = real.transactions
    await asyncio.gather(*(real.commit(custody(f"s{i}", outgoing(f"a{i}"))) for i in range(200)))
    transactions, units = (now - then for now, then in zip(real.transactions, before, strict=True))
    assert units == 200
    assert transactions < units / 4


async def test_a_cancelled_caller_leaves_the_store_in_order(real: Store) -> None:
    tasks = [asyncio.create_task(real.commit(custody(f"s{i}", outgoing(f"a{i}")))) for i in range(40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    kept = [r for r in results if not isinstance(r, BaseException)]
    assert len(kept) >= 20
    assert (await real.status())["accepted"] >= len(kept)


async def test_a_copy_that_does_not_open_is_set_aside_and_the_others_go(real: Store, tmp_path: Path, clock: FixedClock) -> None:
    await real.commit(custody("s1", outgoing("a"), outgoing("b", octets=b"other\r\n")))
    with sqlite3.connect(tmp_path / "coachgate.db") as connection:
        connection.execute("UPDATE bodies SET octets = (SELECT octets FROM bodies WHERE id = 'c-b') WHERE id = 'c-a'")  # swapped, not just broken
    connection.close()
    assert [lease.outgoing.id for lease in await real.claim(clock.now(), 5)] == ["b"]
    assert (await real.status())["damaged"] == 1
    assert (await words(real))[-1] == "damaged"


async def test_a_damaged_held_item_names_table_and_id(real: Store, tmp_path: Path) -> None:
    await real.commit(custody("s1", waits=(held("h"),)))
    with sqlite3.connect(tmp_path / "coachgate.db") as connection:
        connection.execute("UPDATE bodies SET octets = substr(octets, 1, 40)")
    connection.close()
    with pytest.raises(StoreDamaged, match="bodies/h-h"):
        await real.held_get("h", with_raw=True)


async def test_bodies_and_envelopes_go_when_the_last_copy_has_gone(real: Store, tmp_path: Path, clock: FixedClock) -> None:
    await real.commit(custody("s1", outgoing("a"), outgoing("b"), waits=(held("h"),)))  # a and b share their octets
    database = sqlite3.connect(tmp_path / "coachgate.db")

    def bodies() -> list[str]:
        return [row[0] for row in database.execute("SELECT id FROM bodies ORDER BY id")]

    assert bodies() == ["c-a", "h-h"]
    await real.claim(clock.now(), 5)
    await real.settle("a", DELIVERED, None, ())
    assert bodies() == ["c-a", "h-h"]
    await real.settle("b", DELIVERED, None, ())
    assert bodies() == ["h-h"]
    await real.resolve_held("h", "discarded", (), (AuditEvent("discarded", None, None),))
    assert bodies() == []
    assert database.execute("SELECT count(*) FROM copies WHERE envelope IS NOT NULL").fetchone() == (0,)
    database.close()


async def test_bodies_kept_for_days_are_erased_when_the_days_are_over(url: str, vault: Vault, clock: FixedClock) -> None:
    store = Store(url, vault, clock, keep_sent=timedelta(days=3), keep_held=timedelta(days=5))
    await store.put_coach(TENANT, COACH)
    await store.commit(custody("s1", outgoing("a"), outgoing("b"), waits=(held("h"), held("i"))))
    await store.settle("a", DELIVERED, None, ())
    await store.resolve_held("h", "discarded", (), (AuditEvent("discarded", None, None),))
    erased = []
    for days in (0, 3, 2, 300):
        clock.advance(days=days)
        erased.append(await store.erase())
    assert erased == [0, 1, 1, 0]
    assert [item.id for item in await store.held_list(TENANT)] == ["i"]  # what is open never expires
    assert len(await store.claim(clock.now(), 5)) == 1
    store.close()


async def test_another_process_changes_the_directory_and_the_chain_goes_on(real: Store, url: str, vault: Vault, clock: FixedClock, tmp_path: Path) -> None:
    assert (await real.directory(TENANT)).clients == ()
    other = Store(url, vault, clock)

    async def write(store: Store, name: str) -> None:
        for i in range(30):
            await store.record(TENANT, [AuditEvent("started", None, None, (("version", f"{name}{i}"),))])

    await asyncio.gather(write(real, "a"), write(other, "b"), other.put_client(TENANT, ANNA))
    assert (await real.directory(TENANT)).clients == (ANNA,)
    other.close()
    notary = Notary.create(tmp_path / "audit.key")
    found = await real.verify(TENANT, note_key(notary.public(await real.origin(TENANT))))
    assert (found.ok, found.rows) == (True, 62)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_two_nodes_share_queue_and_log(engine: str, request: pytest.FixtureRequest, vault: Vault, clock: FixedClock, tmp_path: Path) -> None:
    """Both take custody, claim and close at once: no copy goes twice, no item closes twice, and there is one unbroken chain."""
    where = request.getfixturevalue("url" if engine == "sqlite" else "postgres_url")
    nodes = [Store(where, vault, clock, node=name) for name in ("north", "south")]
    await nodes[0].put_coach(TENANT, COACH)
    digest = hashlib.sha256(b"same").digest()
    again = [nodes[i].commit(custody(f"same{i}", outgoing(f"same{i}.a"), digest=digest)) for i in range(2)]
    mine = [nodes[i % 2].commit(custody(f"s{i}", outgoing(f"s{i}.a"), outgoing(f"s{i}.b"), waits=(held(f"s{i}.h"),))) for i in range(30)]
    receipts = await asyncio.gather(*again, *mine, return_exceptions=True)
    taken_once = [r for r in receipts[:2] if not isinstance(r, BaseException) and not r.repeated]
    assert len(taken_once) == 1  # the other is told of the first, or to try again
    assert all(isinstance(r, StoreUnavailable) or r.submission_id == taken_once[0].submission_id for r in receipts[:2])  # type: ignore[union-attr]
    assert not [r for r in receipts[2:] if isinstance(r, BaseException)]
    event = (AuditEvent("discarded", None, None),)
    closings = await asyncio.gather(*(nodes[n].resolve_held(f"s{i}.h", "discarded", (), event) for i in range(30) for n in range(2)))
    assert sum(closings) == 30
    claims = [lease.outgoing.id for leases in await asyncio.gather(*(nodes[i % 2].claim(clock.now(), 7) for i in range(20))) for lease in leases]
    assert len(claims) == len(set(claims)) == 61
    await asyncio.gather(*(nodes[i % 2].settle(name, DELIVERED, None, (AuditEvent("relayed", None, None),)) for i, name in enumerate(claims)))
    assert await nodes[0].release_leases() == 0
    notary = Notary.create(tmp_path / "audit.key")
    found = await nodes[1].verify(TENANT, note_key(notary.public(await nodes[0].origin(TENANT))))
    assert (found.ok, found.rows) == (True, 1 + 2 + 30 * 4 + 30 + 61)
    assert (await nodes[0].status())["relayed"] == 61
    for node in nodes:
        node.close()


def test_the_revisions_make_the_schema_that_is_declared(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    migrate(url)
    migrate(url)  # a second time changes nothing
    declared = sqlite_url(tmp_path / "b.db")
    engines = create_engine(url), create_engine(declared)
    schema.metadata.create_all(engines[1])
    with engines[0].connect() as made, engines[1].connect() as wanted:
        assert compare_metadata(MigrationContext.configure(made), schema.metadata) == []
        tables = text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
        parts = re.compile(r"\n|, (?=\w+ [A-Z])")  # a column that was added later stands on the line of another
        shapes = [{name: sorted(line.strip(" ,\t") for line in parts.split(sql)) for name, sql in c.execute(tables)} for c in (made, wanted)]
        assert shapes[0] == shapes[1]
        ours = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'")
        assert all(sql.rstrip().endswith("STRICT") for (sql,) in made.execute(ours))
    for engine in engines:
        engine.dispose()


async def test_what_is_asked_for_every_mail_never_reads_a_whole_table(real: Store, clock: FixedClock) -> None:
    """Every query of taking in, telling, claiming and settling goes by an index: what a mail costs does not grow with the mails before it."""
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            plans.extend(f"{row[3]} IN {statement}" for row in cursor.fetchall())

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        deposit = custody("s1", outgoing("a"), waits=(held("h", "secret"),), untold=True)
        await real.seen(deposit.key)
        await real.commit(deposit)
        await real.claim(clock.now(), 5)
        await real.settle("a", DELIVERED, None, (AuditEvent("relayed", "s1", "c-0001"),))
        await real.next_due()
        await real.tell(TENANT, [i for i, _, _ in await real.untold(TENANT)], outgoing("n", client_id=None))
        await real.held_by_token("secret")
        await real.resolve_held("h", "discarded", (), (AuditEvent("discarded", None, None),))
        await real.directory(TENANT)
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    assert len(plans) > 15
    # who the tenant knows is read whole, once for each change
    assert [plan for plan in plans if plan.startswith("SCAN") and " due" not in plan.split(" IN ")[0]] == []


def test_an_empty_or_foreign_schema_is_refused_with_the_command_that_helps(tmp_path: Path, vault: Vault, clock: FixedClock) -> None:
    with pytest.raises(ConfigurationError, match="coachgate init"):
        Store(sqlite_url(tmp_path / "new.db"), vault, clock)
    migrate(sqlite_url(tmp_path / "new.db"))
    with sqlite3.connect(tmp_path / "new.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ConfigurationError, match="9999"):
        Store(sqlite_url(tmp_path / "new.db"), vault, clock)


def test_the_files_are_for_their_owner_only(real: Store, tmp_path: Path) -> None:
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}
    assert {"coachgate.db", "coachgate.db-wal", "coachgate.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}


async def test_another_master_key_opens_nothing(real: Store, url: str, tmp_path: Path, clock: FixedClock) -> None:
    stranger = Store(url, Vault.create(tmp_path / "other.key"), clock)
    with pytest.raises(StoreDamaged, match="tenants.coach/1 does not open"):
        await stranger.directory(TENANT)
    stranger.close()
