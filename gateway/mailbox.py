"""The coach's mailbox, for as long as the daemon runs: connect, look into the outbox and over sent mail, wait for news, and after trouble begin again.

Never gives up: a mailbox that cannot be read is tried again with growing pauses, the state says so, and the coach is told once, by mail through the relay.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.core.model import AuditEvent
from gateway.core.notice import mailbox_notice
from gateway.errors import GatewayError, MailboxUnavailable
from gateway.outbox import Outbox
from gateway.sent_watch import SentWatch

WATCHED, STOPPED = "watched", "stopped"
_AT_ONCE = frozenset({"login", "secret"})  # waiting does not mend these
_BLIPS = 3  # so many failures one after the other are more than a broken line
_TOLD_AFTER = timedelta(minutes=15)
_LONGEST_PAUSE, _LONGEST_PAUSE_LOGIN = 300.0, 900.0  # seconds; providers lock an account that is tried too often
_log = structlog.get_logger()


@dataclass(slots=True)
class MailboxWatch:
    """One mailbox. `wake` tells the courier that something was queued."""

    outbox: Outbox
    sent: SentWatch
    wake: asyncio.Event
    look_seconds: float
    _failures: int = 0  # since the mailbox was last read
    _lost_at: datetime | None = None
    _told: bool = False

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:  # noqa: ASYNC110 - a pause, nothing that could tell us
                await asyncio.sleep(await self._until_trouble())
        finally:
            await self.outbox.folders.close()

    async def _until_trouble(self) -> float:
        """Work until something fails; how many seconds to wait before the next try."""
        try:
            await self._work()
        except MailboxUnavailable as trouble:
            self._failures += 1
            _log.warning("mailbox cannot be read", reason=trouble.reason, failures=self._failures)
            await self._lost(trouble.reason)
            first, longest = (5.0, _LONGEST_PAUSE_LOGIN) if trouble.reason in _AT_ONCE else (1.0, _LONGEST_PAUSE)
            return min(first * 2.0 ** min(self._failures - 1, 10), longest)
        except GatewayError as error:  # the store: nothing was moved that is not in custody
            self._failures += 1
            _log.error("mailbox: look broke off", error=type(error).__name__)
        return min(2.0 ** min(self._failures - 1, 10), _LONGEST_PAUSE)

    async def _work(self) -> None:
        names, folders = self.outbox.names, self.outbox.folders
        marked = await folders.open((names.outbox, names.sent, names.held, *names.watch))
        is_news = True
        while True:
            for folder in names.watch or (marked,):
                await self._look_over(folder)
            await self.outbox.look()
            if is_news:
                await self._found()
                is_news = False
            await folders.wait(names.outbox, self.look_seconds)

    async def _look_over(self, folder: str) -> None:
        """A failure in judging what was sent must not keep what is to be sent."""
        try:
            await self.sent.look(folder)
        except MailboxUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the next look begins with the same message
            _log.error("sent mail: look broke off", error=type(error).__name__)

    async def _found(self) -> None:
        self._failures, self._lost_at, self._told = 0, None, False
        await self.outbox.store.put_mailbox_state(self.outbox.tenant, WATCHED, events=(AuditEvent("mailbox-found", None, None),))

    async def _lost(self, reason: str) -> None:
        """Write the state once it is more than a broken line, and tell the coach: at once where only she or the operator can mend it, else after a while."""
        store, tenant, house, ports = self.outbox.store, self.outbox.tenant, self.outbox.house, self.outbox.ports
        now = ports.clock.now()
        since = self._lost_at = self._lost_at or now
        if reason not in _AT_ONCE and self._failures < _BLIPS:
            return
        try:
            notices = []
            if not self._told and (reason in _AT_ONCE or now - since >= _TOLD_AFTER):
                coach = (await store.directory(tenant)).coach
                notices = [house.notice(ports.ids.new(), coach, now, lambda stamp: mailbox_notice(reason, since, coach, stamp))]
            await store.put_mailbox_state(tenant, reason, notices, (AuditEvent("mailbox-lost", None, None, (("reason", reason),)),))
        except GatewayError as error:  # said again with the next failure
            _log.error("mailbox: state not written", error=type(error).__name__)
            return
        if notices:
            self._told = True
            self.wake.set()
