"""The ticker ticks on: past jobs that raise, jobs that are slow, and a clock that was set back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.edges.clock import RandomIds, SystemClock
from gateway.edges.timers import Timers


@pytest.fixture
async def timers() -> Iterator[Timers]:  # type: ignore[misc]
    timers = Timers()
    yield timers
    timers.stop()
    await asyncio.sleep(0.01)  # the scheduler leaves in the loop's next rounds


class Ticks:
    """Counts its calls; `fault` is raised at each."""

    def __init__(self, fault: Exception | None = None, seconds: float = 0.0) -> None:
        self.count = self.under_way = self.most_under_way = 0
        self._fault, self._seconds, self._news = fault, seconds, asyncio.Condition()

    async def __call__(self) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self._seconds)
        self.under_way -= 1
        self.count += 1
        async with self._news:
            self._news.notify_all()
        if self._fault is not None:
            raise self._fault

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: self.count >= count)


async def test_jobs_tick_beside_each_other(timers: Timers) -> None:
    one, two = Ticks(), Ticks()
    timers.every(0.02, "one", one)
    timers.every(0.02, "two", two)
    timers.start()
    await asyncio.gather(one.reach(3), two.reach(3))


async def test_a_job_that_raises_ticks_on_and_is_logged_by_class_only(timers: Timers, caplog: pytest.LogCaptureFixture) -> None:
    job = Ticks(ValueError("she said"))
    timers.every(0.02, "job", job)
    timers.start()
    await job.reach(3)
    await asyncio.sleep(0.01)
    assert "name=job error=ValueError" in caplog.text
    assert "she said" not in caplog.text


async def test_a_slow_job_never_runs_beside_itself(timers: Timers) -> None:
    job = Ticks(seconds=0.07)
    timers.every(0.02, "slow", job)
    timers.start()
    await job.reach(3)
    assert job.most_under_way == 1


async def test_nothing_ticks_before_the_start_or_after_the_stop() -> None:
    timers, job = Timers(), Ticks()
    timers.every(0.02, "job", job)
    await asyncio.sleep(0.06)
    assert job.count == 0
    timers.start()
    await job.reach(1)
    timers.stop()
    timers.stop()
    await asyncio.sleep(0.02)
    after = job.count
    await asyncio.sleep(0.1)
    assert job.count == after


async def test_a_clock_set_back_does_not_stop_the_ticks(timers: Timers, monkeypatch: pytest.MonkeyPatch) -> None:
    """APScheduler alone would wait until the wall clock is where it was."""
    job, off = Ticks(), [timedelta(0)]

    class Watch(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + off[0]

    monkeypatch.setattr("gateway.edges.timers.datetime", Watch)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Watch)
    timers.every(1.0, "job", job)
    timers.start()
    off[0] = timedelta(days=-1)
    timers.mend()
    await job.reach(1)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_an_interval_must_be_one(seconds: float, timers: Timers) -> None:
    with pytest.raises(ValueError, match="x"):
        timers.every(seconds, "x", Ticks())


async def test_a_name_is_taken_once(timers: Timers) -> None:
    timers.every(1, "x", Ticks())
    with pytest.raises(ValueError, match="x exists"):
        timers.every(1, "x", Ticks())


def test_the_clock_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_ids_are_128_bits_of_letters_and_digits_and_never_the_same() -> None:
    ids = {RandomIds().new() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(i) == 32 and set(i) <= set("0123456789abcdef") for i in ids)
