"""The outbound story: claim what is due, send it, settle what came of it, and tell the coach what she must know.

    store.claim > relay.send > outcome > store.settle (+ notice)

Each copy ends in exactly one of: delivered; deferred to the next attempt; failed, given up or unclear, and then the coach is told. Silence after
the final dot is never blindly repeated: the copy may have arrived, so it is recorded, shown, and waits for the coach's word. A crash between send
and settle costs a duplicate with the same Message-ID, never a copy: the lease expires and the copy is claimed again.

Never: a notice about a notice, an attempt without a record made before it, a failure of the store that loses what the next hop said without a fight.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.core import schedule
from gateway.core.model import AuditEvent, Outgoing, Purpose
from gateway.core.schedule import PATIENCE, Patience
from gateway.errors import Deferred, GatewayError
from gateway.ports import Clock, Delivery, Lease, Relay, Result, Store

_log = logging.getLogger(__name__)

ComposeNotice = Callable[[str, Lease, Delivery], Outgoing | None]
"""`compose_notice(kind, lease, delivery)`: the notice to the coach, or None for none. Kinds: "delayed", "failed", "gave-up", "unclear"."""

_SETTLE_PAUSES = (0.1, 0.5, 2.0, 5.0, 10.0, 15.0)  # seconds; what the next hop said is worth some patience with the disk
_GATHER = 0.02  # seconds between claims while mail comes in: copies that come close together share one
_LAST_WORDS = 5.0  # seconds for copies to settle after the hang-up


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt means: the audit word, when to try again (None: never by itself), and which notice the coach gets ("" for none)."""

    event: str
    next_attempt: datetime | None
    notice: str


def outcome(lease: Lease, delivery: Delivery, now: datetime, patience: Patience = PATIENCE) -> Outcome:
    """Pure. A notice is the gateway's own words: repeating one is harmless, speaking about one is a loop."""
    copy, is_notice = lease.outgoing, lease.outgoing.purpose is Purpose.NOTICE
    match delivery.result:
        case Result.DELIVERED:
            found = Outcome("relayed", None, "")
        case Result.FAILED:
            found = Outcome("failed", None, "failed")
        case Result.UNCLEAR:
            again = now + schedule.REPEAT_AFTER_SILENCE if is_notice and not lease.unclear_before else None
            found = Outcome("unclear", again, "unclear")
        case Result.DEFERRED:
            at = schedule.next_attempt(copy.id, lease.attempt, lease.queued_at, now, patience)
            found = Outcome("deferred", at, "delayed" if schedule.warns(lease.attempt, patience) else "") if at else Outcome("gave-up", None, "gave-up")
    return Outcome(found.event, found.next_attempt, "") if is_notice else found


class Courier:
    """Delivers for ever, until stopped. `wake` is set by whoever puts a copy into the queue."""

    def __init__(
        self,
        store: Store,
        relay: Relay,
        clock: Clock,
        wake: asyncio.Event,
        compose_notice: ComposeNotice,
        *,
        concurrency: int = 4,
        batch: int = 8,
        poll: float = 2.0,
        patience: Patience = PATIENCE,
        hang_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`concurrency` copies are sent at a time, at most `batch` (>= concurrency) are leased and in memory.

        `poll`: seconds between looks for copies that fell due, or whose lease expired, without anybody waking us.
        `hang_up` makes a `send` that is under way return what is then true (`SmtpRelay.close`).
        """
        self._store, self._relay, self._clock, self._wake, self._compose_notice = store, relay, clock, wake, compose_notice
        self._patience = patience
        self._slots, self._batch, self._poll, self._hang_up = asyncio.Semaphore(concurrency), max(batch, concurrency), poll, hang_up
        self._flights: set[asyncio.Task[None]] = set()
        self._aloft: set[str] = set()  # ids of copies leased and not yet settled
        self._stopping = False
        self._more = False  # the last claim was full: there may be more

    async def run(self) -> None:
        """Claim and deliver until `stop` is called. Outlives every failure of the store."""
        while not self._stopping:
            self._wake.clear()
            room = self._batch - len(self._flights)
            if room * 2 >= self._batch:  # by the half batch: a claim is a transaction
                claimed = await self._depart(room)
                self._more = claimed == room
                if claimed and not self._more:
                    await asyncio.sleep(_GATHER)
            await self._nap()

    async def stop(self, grace: float = 10.0) -> None:
        """Claim no more; give copies under way `grace` seconds, then hang up on them and record what is true. For SIGTERM."""
        self._stopping = True
        self._wake.set()
        if self._flights:
            await asyncio.wait(self._flights, timeout=grace)
        if self._hang_up is not None:
            await self._hang_up()
        if self._flights:
            await asyncio.wait(self._flights, timeout=_LAST_WORDS)
        for flight in self._flights:
            flight.cancel()  # its lease expires; another run sends the copy again under the same Message-ID

    async def _depart(self, room: int) -> int:
        """Claim up to `room` copies and begin with each; how many there were. Holds on to none: a copy can be large, and the next look far off."""
        leases = await self._claim(room)
        for lease in leases:
            self._begin(lease)
        return len(leases)

    def _begin(self, lease: Lease) -> None:
        if lease.outgoing.id in self._aloft:
            return  # a slow hop outlived the lease: this is the same copy, claimed by ourselves; its lease is renewed and it flies on
        self._aloft.add(lease.outgoing.id)
        flight = asyncio.create_task(self._deliver(lease), name=f"copy {lease.outgoing.id}")
        self._flights.add(flight)
        flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        if not flight.cancelled() and (error := flight.exception()) is not None:
            _log.error("delivery broke off: %s error=%s", flight.get_name(), type(error).__name__)
        if self._more:
            self._wake.set()

    async def _nap(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._wake.wait()
        except TimeoutError:
            pass  # time to look

    async def _claim(self, limit: int) -> list[Lease]:
        try:
            return list(await self._store.claim(self._clock.now(), limit))
        except GatewayError as error:
            _log.error("claim failed: error=%s", type(error).__name__)
            return []

    async def _deliver(self, lease: Lease) -> None:
        try:
            async with self._slots:
                if self._stopping:  # leased but not begun: give it back
                    return await self._settle(lease, Delivery(Result.DEFERRED, "stopped"), self._clock.now(), (), None)
                delivery = await self._send(lease.outgoing)
            found = outcome(lease, delivery, self._clock.now(), self._patience)
            notice = self._notice(found.notice, lease, delivery)
            await self._settle(lease, delivery, found.next_attempt, (_event(found.event, lease, delivery),), notice)
            if notice is not None:
                self._wake.set()
        finally:
            self._aloft.discard(lease.outgoing.id)

    async def _send(self, outgoing: Outgoing) -> Delivery:
        try:
            return await self._relay.send(outgoing)
        except Exception as error:  # noqa: BLE001 - a fault of ours at an unknown point: sending again blindly could repeat a mail for two days
            _log.error("relay fault: copy=%s error=%s", outgoing.id, type(error).__name__)
            return Delivery(Result.UNCLEAR, "fault")

    def _notice(self, kind: str, lease: Lease, delivery: Delivery) -> Outgoing | None:
        if not kind:
            return None
        try:
            return self._compose_notice(kind, lease, delivery)
        except Exception as error:  # noqa: BLE001 - without a settlement the copy itself would be sent again and again; the audit event still tells
            _log.error("notice fault: copy=%s kind=%s error=%s", lease.outgoing.id, kind, type(error).__name__)
            return None

    async def _settle(self, lease: Lease, delivery: Delivery, at: datetime | None, events: tuple[AuditEvent, ...], notice: Outgoing | None) -> None:
        """Record, and try again for a while where the store cannot: a result lost here is a copy sent twice."""
        for pause in (*_SETTLE_PAUSES, None):
            try:
                return await self._store.settle(lease.outgoing.id, delivery, at, events, notice)
            except Deferred as error:
                _log.error("settle failed: copy=%s result=%s error=%s", lease.outgoing.id, delivery.result.value, type(error).__name__)
                if pause is not None:
                    await asyncio.sleep(pause)


def _event(word: str, lease: Lease, delivery: Delivery) -> AuditEvent:
    copy = lease.outgoing
    detail = (("copy", copy.id), ("purpose", copy.purpose.value), ("reply", delivery.reply), ("attempt", str(lease.attempt)))
    return AuditEvent(word, lease.submission_id, copy.client_id, detail)
