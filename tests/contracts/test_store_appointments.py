"""What every store promises of appointments: found by either UID, joined and never overwritten, sealed, forgotten when they are over."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.core.appointment import Appointment, Original, Party, Reply
from gateway.core.calendar.life import remembered
from gateway.core.invitation import Attendee, Event, Invitation, Method, Moment
from gateway.core.model import AuditEvent, Purpose
from gateway.edges.store import Store
from gateway.edges.vault import Vault
from gateway.errors import StoreDamaged, StoreUnavailable
from tests.contracts.store_cases import ANNA, COACH, TENANT, custody, held, outgoing
from tests.contracts.test_store import clock, postgres, postgres_url, real, store, url, vault
from tests.fakes.clock import FixedClock

__all__ = ["clock", "postgres", "postgres_url", "real", "store", "url", "vault"]
KEY = b"u" * 32
ANNA_AT_WORK, ERIK = "anna.petrova@acme.example", "erik@acme.example"
FORM = Original("Orig-1@coach.example", "Burnout, session 4", "ORGANIZER;CN=Robin Vale:mailto:coach@coach.example")
WEEKLY = Event(
    "Orig-1@coach.example",
    0,
    datetime(2026, 3, 1, 9),
    Moment(datetime(2026, 3, 9, 16), "Europe/Berlin"),
    Moment(datetime(2026, 3, 9, 17), "Europe/Berlin"),
    rule=(("FREQ", "WEEKLY"), ("COUNT", "4")),
    attendees=(Attendee(ANNA_AT_WORK, "NEEDS-ACTION"),),
)
MOVED = replace(WEEKLY, rule=(), sequence=1, recurrence=Moment(datetime(2026, 3, 16, 16), "Europe/Berlin"))


def news(*events: Event, to: str = ANNA_AT_WORK, client: str | None = "c-0001", method: Method = Method.REQUEST, form: Original = FORM) -> Appointment:
    return remembered(form, KEY, "en", to, client, Invitation(method, "coach@coach.example", events))


@pytest.fixture
def other(request: pytest.FixtureRequest, clock: FixedClock, vault: Vault) -> Callable[[str], Store]:
    """The way to open the same database once more."""
    return lambda where: Store(request.getfixturevalue(where), vault, clock)


async def test_an_appointment_is_found_by_either_uid(store: Any):
    """The organiser's as it is written, the company's in whatever case; nobody else's."""
    row = news(WEEKLY)
    await store.commit(custody("s1", outgoing("a"), appointments=(row,)))
    assert await store.appointment(TENANT, "Orig-1@coach.example") == row
    assert await store.appointment(TENANT, "orig-1@coach.example") is None
    shouted = row.company_uid.upper()
    assert await store.appointments(TENANT, ("unknown", shouted)) == {shouted: row}
    assert await store.appointments(TENANT, ()) == {}
    assert await store.appointment(TENANT + 1, "Orig-1@coach.example") is None
    assert await store.appointments(TENANT + 1, (row.company_uid,)) == {}


async def test_what_a_submission_says_is_kept_with_it_or_not_at_all(store: Any):
    """A commit that fails remembers nothing; one that is repeated changes nothing."""
    with pytest.raises(StoreUnavailable):
        await store.commit(custody("s1", outgoing("a"), outgoing("a"), appointments=(news(WEEKLY),)))
    assert await store.appointment(TENANT, FORM.uid) is None
    await store.commit(custody("s2", outgoing("b"), appointments=(news(WEEKLY),), digest=b"d" * 32))
    repeated = await store.commit(custody("s3", outgoing("c"), appointments=(news(MOVED),), digest=b"d" * 32))
    assert repeated.repeated
    assert await store.appointment(TENANT, FORM.uid) == news(WEEKLY)


async def test_mails_at_the_same_instant_lose_nothing_of_each_other(store: Any):
    """A calendar service writes to all attendees at once: each finds her place in the same row."""
    people = [f"person{n}@acme.example" for n in range(8)]
    await asyncio.gather(*(store.commit(custody(f"s{n}", outgoing(f"a{n}"), appointments=(news(WEEKLY, to=p),))) for n, p in enumerate(people)))
    row = await store.appointment(TENANT, FORM.uid)
    assert sorted(p.address for p in row.parties) == people


async def test_a_changed_date_joins_its_series(store: Any):
    """The series stays as it was sent."""
    await store.commit(custody("s1", outgoing("a"), appointments=(news(WEEKLY),)))
    await store.commit(custody("s2", outgoing("b"), appointments=(news(MOVED),)))
    assert (await store.appointment(TENANT, FORM.uid)).party(ANNA_AT_WORK).events == (WEEKLY, MOVED)


async def test_an_answer_is_kept_with_the_mail_it_causes_and_the_audit_event(store: Any, clock: FixedClock):
    """Or none of the three."""
    row = news(WEEKLY)
    await store.commit(custody("s1", outgoing("a"), appointments=(row,)))
    reply = Reply(None, "DECLINED", 0, datetime(2026, 3, 2, 9))
    said = Appointment(row.uid, row.company_uid, parties=(Party(ANNA_AT_WORK, replies=(reply,)),))
    event = (AuditEvent("answered", None, "c-0001", (("recipient", ANNA_AT_WORK), ("action", "reply"))),)
    message = outgoing("m", "coach@coach.example", purpose=Purpose.NOTICE, client_id=None)
    with pytest.raises(ValueError, match="event"):
        await store.bring(TENANT, (said,), (message,), (AuditEvent("no such event", None, None),))
    assert await store.appointment(TENANT, FORM.uid) == row
    await store.bring(TENANT, (said,), (message,), event)
    party = (await store.appointment(TENANT, FORM.uid)).party(ANNA_AT_WORK)
    assert (party.events, party.replies) == ((WEEKLY,), (reply,))
    assert [lease.outgoing.id for lease in await store.claim(clock.now(), 9)] == ["a", "m"]
    assert (await store.events(TENANT))[-1].row.event == "answered"


async def test_a_released_item_is_remembered_too(store: Any):
    """An invitation that waited is no stranger when it is called off."""
    await store.commit(custody("s1", waits=(held("h"),)))
    event = (AuditEvent("released", None, "c-0001"),)
    assert await store.resolve_held("h", "released", (outgoing("o"),), event, appointments=(news(WEEKLY),))
    assert not await store.resolve_held("h", "released", (outgoing("p"),), event, appointments=(news(MOVED),))
    assert await store.appointment(TENANT, FORM.uid) == news(WEEKLY)


async def test_what_is_long_over_is_forgotten_and_nothing_before(store: Any, clock: FixedClock):
    """Sixty days after the last date; a series without an end stays until it is called off."""
    endless = replace(WEEKLY, uid="orig-2", rule=(("FREQ", "WEEKLY"),))
    await store.commit(custody("s1", outgoing("a"), appointments=(news(WEEKLY), news(endless, form=replace(FORM, uid="orig-2")))))
    clock.advance(days=28 + 59)
    await store.erase()
    assert await store.appointment(TENANT, FORM.uid) == news(WEEKLY)
    clock.advance(days=14)
    assert await store.erase() >= 1
    assert await store.appointment(TENANT, FORM.uid) is None
    called_off = news(replace(endless, sequence=1), method=Method.CANCEL, form=replace(FORM, uid="orig-2"))
    assert await store.appointment(TENANT, "orig-2") is not None
    await store.commit(custody("s2", outgoing("b"), at=clock.now(), appointments=(called_off,)))
    clock.advance(days=61)
    await store.erase()
    assert await store.appointment(TENANT, "orig-2") is None


@pytest.mark.parametrize("where", ["url", "postgres_url"], ids=["sqlite", "postgres"])
async def test_another_process_knows_it_after_a_restart(where: str, other: Callable[[str], Store]):
    """The row is in the database and nowhere else."""
    first = other(where)
    await first.put_coach(TENANT, COACH)
    await first.commit(custody("s1", outgoing("a"), appointments=(news(WEEKLY),)))
    first.close()
    second = other(where)
    assert await second.appointment(TENANT, FORM.uid) == news(WEEKLY)
    second.close()


async def test_nothing_of_it_is_readable_on_the_disk(real: Store, tmp_path: Path):
    """Neither UID, nor title, nor address, nor time."""
    row = news(WEEKLY)
    await real.commit(custody("s1", outgoing("a"), appointments=(row,)))
    octets = b"".join(file.read_bytes() for file in tmp_path.glob("coachgate.db*"))
    for word in (row.uid, row.company_uid, "Burnout", ANNA_AT_WORK, "Robin Vale", "Europe/Berlin"):
        assert word.encode() not in octets


async def test_a_row_under_another_uid_does_not_open(real: Store, tmp_path: Path):
    """Blobs cannot be swapped between rows."""
    await real.commit(custody("s1", outgoing("a"), appointments=(news(WEEKLY), news(replace(WEEKLY, uid="orig-2"), form=replace(FORM, uid="orig-2")))))
    with sqlite3.connect(tmp_path / "coachgate.db") as database:
        (first, _), (_, sealed) = database.execute("SELECT uid_hash, record FROM appointments").fetchall()
        database.execute("UPDATE appointments SET record = ? WHERE uid_hash = ?", (sealed, first))
    database.close()
    answers = await asyncio.gather(*(real.appointment(TENANT, uid) for uid in (FORM.uid, "orig-2")), return_exceptions=True)
    (damage,) = (answer for answer in answers if isinstance(answer, StoreDamaged))
    assert str(damage).startswith("appointments/1/")
    assert len([answer for answer in answers if isinstance(answer, Appointment)]) == 1


async def test_shredding_a_client_takes_her_appointments_along(real: Store, clock: FixedClock):
    """And nobody else's."""
    await real.put_client(TENANT, ANNA)
    ours = news(replace(WEEKLY, uid="orig-2"), to=ERIK, client="c-00011", form=replace(FORM, uid="orig-2"))
    await real.commit(custody("s1", appointments=(news(WEEKLY), ours)))
    assert await real.shred(TENANT, "c-0001")
    assert await real.appointment(TENANT, FORM.uid) is None
    assert await real.appointment(TENANT, "orig-2") == ours


async def test_looking_an_appointment_up_reads_no_whole_table(real: Store, url: str):
    """Both look-ups are made for mails: they must stay quick with years of appointments."""
    with sqlite3.connect(url.removeprefix("sqlite+pysqlite:///")) as database:
        for where in ("uid_hash = x'00'", "company_hash IN (x'00', x'01')"):
            plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN SELECT * FROM appointments WHERE tenant = 1 AND {where}"))
            assert "SEARCH" in plan
            assert "SCAN" not in plan
    database.close()
