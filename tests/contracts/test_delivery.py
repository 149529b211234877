"""The courier with a relay and a store in memory: each copy ends in exactly one way, the coach is told once, nothing is repeated blindly, SIGTERM drains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from gateway.core import audit, schedule
from gateway.core.model import AuditEvent, Outgoing, Purpose
from gateway.delivery import Courier, outcome
from gateway.edges.relay import RelaySettings, SmtpRelay, Timeouts, Word
from gateway.errors import StoreUnavailable
from gateway.ports import Delivery, Lease, Result
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.relay import FakeRelay, copy_for
from tests.fakes.smarthost import Silence, Smarthost

DELIVERED, DEFERRED = Delivery(Result.DELIVERED, "250 2.0.0"), Delivery(Result.DEFERRED, "451 4.3.0")
FAILED, UNCLEAR = Delivery(Result.FAILED, "550 5.1.1"), Delivery(Result.UNCLEAR, "timeout")
LEASE = timedelta(minutes=10)
LATE = schedule.attempt_at(schedule.PATIENCE.warn_after)


@dataclass
class Row:
    """A copy in the queue."""

    outgoing: Outgoing
    due: datetime = NOON
    queued_at: datetime = NOON
    attempts: int = 0
    leased_until: datetime | None = None
    unclear: bool = False
    ended: Result | None = None
    settlements: list[Delivery] = field(default_factory=list)


class Shelf:
    """As much of `ports.Store` as the courier sees. `faults` are raised by the next settlements or claims."""

    def __init__(self, *copies: Outgoing) -> None:
        self.rows = {c.id: Row(c) for c in copies}
        self.events: list[AuditEvent] = []
        self.settle_faults: list[Exception] = []
        self.claim_faults: list[Exception] = []
        self.claims = 0
        self._news = asyncio.Condition()

    async def claim(self, now: datetime, limit: int) -> Sequence[Lease]:
        self.claims += 1
        if self.claim_faults:
            raise self.claim_faults.pop(0)
        free = [r for r in self.rows.values() if r.ended is None and (r.due <= now if r.leased_until is None else r.leased_until <= now)]
        for row in free[:limit]:
            row.attempts += 1
            row.leased_until = now + LEASE
        return [Lease(r.outgoing, 1, r.attempts, r.queued_at, r.unclear, "s1") for r in free[:limit]]

    async def settle(
        self, copy_id: str, delivery: Delivery, next_attempt: datetime | None, events: tuple[AuditEvent, ...], notice: Outgoing | None = None
    ) -> None:
        if self.settle_faults:
            raise self.settle_faults.pop(0)
        for event in events:
            audit.check(event)
        row = self.rows[copy_id]
        row.leased_until, row.unclear = None, row.unclear or delivery.result is Result.UNCLEAR
        row.settlements.append(delivery)
        if next_attempt is None:
            row.ended = delivery.result
        else:
            row.due = next_attempt
        self.events += events
        if notice is not None:
            self.rows[notice.id] = Row(notice)
        async with self._news:
            self._news.notify_all()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(done)

    async def all_settled(self) -> None:
        await self.until(lambda: all(r.settlements and r.leased_until is None for r in self.rows.values()))


class Notices:
    """Composes notices and remembers for what."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._fault = fault

    def __call__(self, kind: str, lease: Lease, delivery: Delivery) -> Outgoing | None:
        self.asked.append((kind, lease.outgoing.id, delivery.reply))
        if self._fault is not None:
            raise self._fault
        return copy_for("coach@coach.example", id=f"notice{len(self.asked)}", purpose=Purpose.NOTICE, reverse_path="")


@asynccontextmanager
async def running(
    shelf: Shelf,
    relay: object,
    notices: Notices | None = None,
    clock: FixedClock | None = None,
    wake: asyncio.Event | None = None,
    **more: object,
) -> AsyncIterator[Courier]:
    fields: dict[str, object] = {"poll": 0.02} | more
    courier = Courier(shelf, relay, clock or FixedClock(), wake or asyncio.Event(), notices or Notices(), **fields)  # type: ignore[arg-type]
    task = asyncio.create_task(courier.run())
    try:
        yield courier
    finally:
        await courier.stop(grace=5)
        await asyncio.wait_for(task, 5)


# ------------------------------------------------------------------------------------------------ what an attempt means
@pytest.mark.parametrize("purpose", [Purpose.COMPANY, Purpose.PRIVATE, Purpose.RAW])
@pytest.mark.parametrize(
    ("delivery", "attempt", "age", "event", "again", "notice"),
    [
        (DELIVERED, 1, timedelta(0), "relayed", False, ""),
        (DEFERRED, 1, timedelta(0), "deferred", True, ""),
        (DEFERRED, LATE, timedelta(hours=4), "deferred", True, "delayed"),
        (DEFERRED, 29, timedelta(hours=48), "gave-up", False, "gave-up"),
        (DEFERRED, 2, timedelta(hours=48), "deferred", True, ""),
        (FAILED, 1, timedelta(0), "failed", False, "failed"),
        (UNCLEAR, 1, timedelta(0), "unclear", False, "unclear"),
    ],
)
def test_outcome(purpose: Purpose, delivery: Delivery, attempt: int, age: timedelta, event: str, again: bool, notice: str) -> None:
    lease = Lease(copy_for(purpose=purpose), 1, attempt, NOON, False)
    found = outcome(lease, delivery, NOON + age)
    assert (found.event, found.next_attempt is not None, found.notice) == (event, again, notice)


@pytest.mark.parametrize("delivery", [DELIVERED, DEFERRED, FAILED, UNCLEAR])
@pytest.mark.parametrize("attempt", [1, LATE, 200])
def test_no_notice_about_a_notice(delivery: Delivery, attempt: int) -> None:
    lease = Lease(copy_for(purpose=Purpose.NOTICE), 1, attempt, NOON, False)
    assert outcome(lease, delivery, NOON).notice == ""


def test_an_unclear_notice_is_repeated_once_after_ten_minutes() -> None:
    """Twice told is no harm; a client's copy is another matter."""
    notice = copy_for(purpose=Purpose.NOTICE)
    assert outcome(Lease(notice, 1, 1, NOON, False), UNCLEAR, NOON).next_attempt == NOON + timedelta(minutes=10)
    assert outcome(Lease(notice, 1, 2, NOON, True), UNCLEAR, NOON).next_attempt is None


@pytest.mark.parametrize("reply", [*Word, "250 2.0.0", "550", "auth:535/5.7.8", "fault", "stopped", ""])
async def test_every_reply_a_relay_may_give_can_stand_in_the_audit_log(reply: str) -> None:
    shelf = Shelf(copy_for())
    async with running(shelf, FakeRelay([Delivery(Result.FAILED, reply)])):
        await shelf.all_settled()
    assert dict(shelf.events[0].detail) == {"copy": "c0ffee01", "purpose": "company", "reply": reply, "attempt": "1"}
    assert (shelf.events[0].submission_id, shelf.events[0].client_id) == ("s1", "c-0001")


# ------------------------------------------------------------------------------------------------ the story
async def test_each_copy_is_sent_once_and_settled_once() -> None:
    shelf, relay = Shelf(*(copy_for(f"r{n}@acme.example", id=f"c{n:03d}") for n in range(50))), FakeRelay()
    async with running(shelf, relay):
        await shelf.all_settled()
    assert sorted(o.id for o in relay.sent) == sorted(shelf.rows)
    assert all(r.ended is Result.DELIVERED and len(r.settlements) == 1 for r in shelf.rows.values())
    assert [e.event for e in shelf.events] == ["relayed"] * 50


@pytest.mark.parametrize(("delivery", "kind"), [(FAILED, "failed"), (UNCLEAR, "unclear")])
async def test_the_coach_is_told_at_once_and_the_copy_rests(delivery: Delivery, kind: str) -> None:
    shelf, relay, notices = Shelf(copy_for()), FakeRelay([delivery]), Notices()
    clock = FixedClock()
    async with running(shelf, relay, notices, clock, poll=60):  # no look by the clock: the notice wakes the courier itself
        await shelf.until(lambda: "notice1" in shelf.rows and shelf.rows["notice1"].ended is not None)
        clock.advance(days=30)
    assert notices.asked == [(kind, "c0ffee01", delivery.reply)]
    assert [o.id for o in relay.sent] == ["c0ffee01", "notice1"]
    assert shelf.rows["c0ffee01"].ended is delivery.result


async def test_a_copy_that_is_unclear_is_never_repeated_by_itself() -> None:
    shelf, relay, clock = Shelf(copy_for()), FakeRelay([UNCLEAR]), FixedClock()
    async with running(shelf, relay, clock=clock):
        await shelf.all_settled()
        for _ in range(10):
            clock.advance(days=1)
            before = shelf.claims
            async with asyncio.timeout(10):
                while shelf.claims < before + 2:
                    await asyncio.sleep(0.005)
    assert [o.id for o in relay.sent].count("c0ffee01") == 1


async def test_deferred_copies_come_back_by_the_schedule_until_given_up_and_the_coach_hears_twice() -> None:
    shelf, clock, notices = Shelf(copy_for()), FixedClock(), Notices()
    relay, row = FakeRelay([DEFERRED] * 200), shelf.rows["c0ffee01"]
    async with running(shelf, relay, notices, clock, poll=0.001):
        while row.ended is None:
            seen = len(row.settlements)
            await shelf.until(lambda n=seen: len(row.settlements) > n or row.ended is not None)  # type: ignore[misc]
            clock.at = max(clock.at, row.due)
    kinds = [kind for kind, copy_id, _ in notices.asked if copy_id == "c0ffee01"]
    assert kinds == ["delayed", "gave-up"]
    assert clock.at - NOON >= schedule.PATIENCE.give_up_after
    words = [e.event for e in shelf.events if dict(e.detail)["copy"] == "c0ffee01"]
    assert words == ["deferred"] * (len(words) - 1) + ["gave-up"]
    assert len(words) == row.attempts == len(row.settlements)


async def test_a_notice_that_fails_is_only_audited() -> None:
    shelf, notices = Shelf(copy_for(purpose=Purpose.NOTICE, reverse_path="")), Notices()
    async with running(shelf, FakeRelay([FAILED]), notices):
        await shelf.all_settled()
    assert notices.asked == []
    assert [e.event for e in shelf.events] == ["failed"]
    assert len(shelf.rows) == 1


async def test_waking_brings_a_new_copy_out_without_waiting_for_the_next_look() -> None:
    wake = asyncio.Event()
    shelf, relay = Shelf(), FakeRelay()
    async with running(shelf, relay, wake=wake, poll=3600):
        while shelf.claims == 0:
            await asyncio.sleep(0)
        shelf.rows["late"] = Row(copy_for(id="late"))
        wake.set()
        await shelf.all_settled()


async def test_a_copy_that_falls_due_is_found_by_looking() -> None:
    shelf, clock = Shelf(copy_for()), FixedClock()
    shelf.rows["c0ffee01"].due = NOON + timedelta(hours=1)
    async with running(shelf, FakeRelay(), clock=clock):
        clock.advance(hours=1)
        await shelf.all_settled()


async def test_no_more_at_a_time_than_allowed_and_no_more_leased_than_a_batch() -> None:
    shelf, relay = Shelf(*(copy_for(id=f"c{n}") for n in range(40))), FakeRelay()
    relay.gate.clear()
    async with running(shelf, relay, concurrency=3, batch=6):
        for _ in range(3):
            await asyncio.wait_for(relay.begun.acquire(), 5)
        await asyncio.sleep(0.1)  # time to overdo it
        assert sum(r.leased_until is not None for r in shelf.rows.values()) <= 6
        assert relay.under_way == 3
        relay.gate.set()
        await shelf.all_settled()
    assert relay.most_under_way == 3


# ------------------------------------------------------------------------------------------------ when things break
async def test_a_store_that_cannot_be_read_for_a_while_costs_only_time(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf(copy_for())
    shelf.claim_faults = [StoreUnavailable("secret detail")] * 3
    async with running(shelf, FakeRelay()):
        await shelf.all_settled()
    assert "StoreUnavailable" in caplog.text
    assert "secret" not in caplog.text


async def test_a_settlement_that_does_not_go_through_is_tried_again_and_the_copy_is_not_sent_again() -> None:
    shelf, relay = Shelf(copy_for()), FakeRelay()
    shelf.settle_faults = [StoreUnavailable()] * 2
    async with running(shelf, relay):
        await shelf.all_settled()
    assert len(relay.sent) == 1
    assert shelf.rows["c0ffee01"].ended is Result.DELIVERED


async def test_a_lease_that_expires_under_a_slow_hop_does_not_send_the_copy_twice() -> None:
    shelf, relay, clock = Shelf(copy_for()), FakeRelay(), FixedClock()
    relay.gate.clear()
    async with running(shelf, relay, clock=clock):
        await asyncio.wait_for(relay.begun.acquire(), 5)
        clock.advance(minutes=11)
        async with asyncio.timeout(10):
            while shelf.rows["c0ffee01"].attempts < 2:
                await asyncio.sleep(0.005)
        relay.gate.set()
        await shelf.all_settled()
    assert len(relay.sent) == 1


async def test_a_crash_between_send_and_settle_repeats_the_copy_under_the_same_message_id() -> None:
    shelf, clock = Shelf(copy_for()), FixedClock()
    first = FakeRelay()
    shelf.settle_faults = [RuntimeError("the process dies here")]
    async with running(shelf, first, clock=clock):
        await asyncio.wait_for(first.begun.acquire(), 5)
    second = FakeRelay()
    async with running(shelf, second, clock=clock):
        clock.advance(minutes=11)
        await shelf.all_settled()
    assert len(first.sent) == len(second.sent) == 1
    assert first.sent[0].message_id == second.sent[0].message_id
    assert shelf.rows["c0ffee01"].attempts == 2


async def test_a_relay_that_breaks_its_promise_leaves_a_copy_unclear_and_the_coach_told(caplog: pytest.LogCaptureFixture) -> None:
    shelf, notices = Shelf(copy_for()), Notices()
    async with running(shelf, FakeRelay([RuntimeError("note text")]), notices):
        await shelf.until(lambda: shelf.rows["c0ffee01"].ended is not None)
    assert shelf.rows["c0ffee01"].ended is Result.UNCLEAR
    assert notices.asked == [("unclear", "c0ffee01", "fault")]
    assert "RuntimeError" in caplog.text
    assert "note text" not in caplog.text


async def test_a_notice_that_cannot_be_composed_does_not_undo_the_settlement(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf(copy_for())
    async with running(shelf, FakeRelay([FAILED]), Notices(ValueError("note text"))):
        await shelf.all_settled()
    assert shelf.rows["c0ffee01"].ended is Result.FAILED
    assert [e.event for e in shelf.events] == ["failed"]
    assert "note text" not in caplog.text


# ------------------------------------------------------------------------------------------------ the end
async def test_stopping_finishes_what_is_under_way_gives_back_what_is_not_and_claims_no_more() -> None:
    shelf, relay, wake = Shelf(*(copy_for(id=f"c{n}") for n in range(6))), FakeRelay(), asyncio.Event()
    relay.gate.clear()
    courier = Courier(shelf, relay, FixedClock(), wake, Notices(), concurrency=2, batch=4)  # type: ignore[arg-type]
    task = asyncio.create_task(courier.run())
    await asyncio.wait_for(relay.begun.acquire(), 5)
    await asyncio.wait_for(relay.begun.acquire(), 5)
    stopping = asyncio.create_task(courier.stop(grace=10))
    await asyncio.sleep(0)
    claims = shelf.claims
    relay.gate.set()
    await asyncio.wait_for(stopping, 5)
    await asyncio.wait_for(task, 5)
    assert shelf.claims == claims
    assert len(relay.sent) == 2
    rows = list(shelf.rows.values())
    assert [r.ended for r in rows] == [Result.DELIVERED] * 2 + [None] * 4
    assert all(r.leased_until is None for r in rows)
    assert [r.due for r in rows[2:]] == [NOON] * 4  # due at once for the next run
    assert [e.event for e in shelf.events] == ["relayed"] * 2


async def test_stopping_hangs_up_on_a_silent_hop_and_records_the_truth() -> None:
    """A real relay, a hop that is silent after the dot: the stop does not wait for the time-out, and the copy is unclear, not repeated."""
    async with Smarthost(script={"dot": Silence()}) as hop:
        relay = SmtpRelay(RelaySettings("127.0.0.1", hop.port, tls="none", timeouts=Timeouts()))
        shelf, notices = Shelf(copy_for()), Notices()
        courier = Courier(shelf, relay, FixedClock(), asyncio.Event(), notices, hang_up=relay.close)  # type: ignore[arg-type]
        task = asyncio.create_task(courier.run())
        async with asyncio.timeout(5):
            while b"DATA" not in hop.commands:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            await courier.stop(grace=0.1)
            await task
    assert shelf.rows["c0ffee01"].settlements == [Delivery(Result.UNCLEAR, "stopped")]
    assert notices.asked == [("unclear", "c0ffee01", "stopped")]


async def test_stopping_leaves_a_hop_that_ignores_everything_to_its_lease() -> None:
    class Deaf:
        async def send(self, outgoing: Outgoing) -> Delivery:
            await asyncio.Event().wait()
            return DELIVERED

    shelf = Shelf(copy_for())
    courier = Courier(shelf, Deaf(), FixedClock(), asyncio.Event(), Notices())  # type: ignore[arg-type]
    task = asyncio.create_task(courier.run())
    while shelf.rows["c0ffee01"].leased_until is None:
        await asyncio.sleep(0)
    await asyncio.wait_for(courier.stop(grace=0.05), 10)
    await asyncio.wait_for(task, 5)
    assert shelf.rows["c0ffee01"].settlements == []
    assert shelf.rows["c0ffee01"].leased_until is not None
