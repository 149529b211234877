"""A ticker: calls coroutine functions every so many seconds. APScheduler 3 with its memory store and nothing else.

What is due is never kept here: durable work lives in the store, with its leases, and a tick only looks there. A tick lost to a crash is
therefore no loss, and two processes that tick are no harm. A job that raises is logged by its class (its text might quote a mail) and ticks on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

_log = logging.getLogger(__name__)
_LOOK_AT_CLOCK = 30.0  # seconds


class Timers:
    """Named jobs. Made and started inside a running event loop."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            # a machine that slept for an hour owes one tick, not sixty; a slow job never runs beside itself; a late tick is still a tick
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._intervals: dict[str, timedelta] = {}
        self._look: asyncio.TimerHandle | None = None

    def every(self, seconds: float, name: str, job: Callable[[], Awaitable[None]]) -> None:
        """Call `job` every `seconds` (> 0) once started, the first time after `seconds`. Raises `ValueError` for a name taken."""
        if seconds <= 0:
            raise ValueError(f"timer {name}: {seconds} seconds is no interval")
        if name in self._intervals:
            raise ValueError(f"timer {name} exists")

        async def tick() -> None:
            try:
                await job()
            except Exception as error:  # noqa: BLE001 - a ticker outlives whatever its job does; the next tick is the recovery
                _log.error("timer job failed: name=%s error=%s", name, type(error).__name__)

        self._intervals[name] = timedelta(seconds=seconds)
        self._scheduler.add_job(tick, "interval", seconds=seconds, id=name, name=name)

    def start(self) -> None:
        """Begin to tick in the running event loop."""
        self._scheduler.start()
        self._look = asyncio.get_running_loop().call_later(_LOOK_AT_CLOCK, self.mend)

    def stop(self) -> None:
        """No tick begins after this; one that runs is cancelled. May be called twice."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
            self._scheduler.shutdown(wait=False)

    def mend(self) -> None:
        """Bring forward every job that stands further ahead than its interval.

        APScheduler plans by the wall clock: set back by a day, it would not tick for a day. This look is timed by the loop's own clock.
        """
        now = datetime.now(UTC)
        for name, interval in self._intervals.items():
            planned = self._scheduler.get_job(name).next_run_time
            if planned - now > interval + timedelta(seconds=1):
                self._scheduler.modify_job(name, next_run_time=now)
        if self._look is not None:
            self._look = asyncio.get_running_loop().call_later(_LOOK_AT_CLOCK, self.mend)
