"""What the daemon does of its own accord: tell the coach what went out, what waits and what is wrong, sign the record, notice a database that is too old.

Each is called by a timer and looks into the store, so a call lost to a crash is made up by the next one. None decides about mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.core.checkpoint import parse_checkpoints
from gateway.core.model import Outgoing
from gateway.core.notice import damaged_notice, digest_notice, rolled_back_notice
from gateway.edges.store import Notary, Store
from gateway.edges.witness import Witness
from gateway.errors import GatewayError, StoreDamaged
from gateway.house import House, Ports
from gateway.release import reconsider, ripe

CHECKPOINT_EVERY = timedelta(hours=24)  # so often, at most, one is mailed to the coach
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chores:
    """The chores of one tenant. `wake` tells the courier that something was queued."""

    tenant: int
    ports: Ports
    house: House
    store: Store
    notary: Notary
    witness: Witness
    wake: asyncio.Event

    async def digest(self) -> None:
        """What went where since the last time, and once a day the newest checkpoint: then it is in the coach's mailbox, outside of this machine."""
        untold = await self.store.untold(self.tenant)
        note = await self._checkpoint_to_mail()
        if not untold and not note:
            return
        coach = (await self.store.directory(self.tenant)).coach
        waiting = len(await self.store.held_list(self.tenant))
        lines: Sequence[tuple[str, str]] = [line for _, _, summary in untold for line in summary]
        signed = (note, self.notary.public(await self.store.origin(self.tenant))) if note else None
        ports = self.ports
        notice = self.house.notice(
            ports.ids.new(),
            coach,
            ports.clock.now(),
            lambda stamp: digest_notice(lines, coach, stamp, waiting=waiting, checkpoint=signed, platforms=self.house.ruleset.platforms),
        )
        size = parse_checkpoints(note)[0].size if note else None
        if await self.store.tell(self.tenant, [submission_id for submission_id, _, _ in untold], notice, checkpoint=size):
            self.wake.set()

    async def _checkpoint_to_mail(self) -> str:
        if not await self.store.checkpoint_due(self.tenant, CHECKPOINT_EVERY):
            return ""
        try:
            return await self._sign()
        except StoreDamaged as error:  # a broken log is not signed, and the rest is told all the same
            _log.error("audit log is broken, nothing was signed", where=str(error))
            return ""

    async def checkpoint(self) -> None:
        """Sign the record and remember the note outside of the database. Raises `StoreDamaged` for a broken one."""
        await self._sign()

    async def _sign(self) -> str:
        note = await self.store.checkpoint(self.tenant, self.notary)
        try:
            await asyncio.to_thread(self.witness.remember, note)
        except OSError as error:  # the older note is still there, and still true
            _log.error("checkpoint not remembered", error=error.strerror)
        return note

    async def look_again(self) -> None:
        """Held items that could leave now."""
        for item in await self.store.held_list(self.tenant):
            try:
                if (
                    await ripe(item, self.ports)
                    and (whole := await self.store.held_get(item.id, with_raw=True))
                    and await reconsider(whole, self.ports, self.house)
                ):
                    self.wake.set()
            except GatewayError as error:  # this one goes on waiting; it must not keep the others
                _log.warning("held item not resolved", item=item.id, error=type(error).__name__)

    async def tell_damage(self) -> None:
        """One notice for copies that do not open any more; none for those she has heard of."""
        copies = await self.store.damage_untold(self.tenant)
        if not copies:
            return
        _log.error("copies do not open any more", count=len(copies))
        coach = (await self.store.directory(self.tenant)).coach
        notice = self.house.notice(self.ports.ids.new(), coach, self.ports.clock.now(), lambda stamp: damaged_notice(copies, coach, stamp))
        if await self.store.tell_damage(self.tenant, copies, notice):
            self.wake.set()

    async def erase(self) -> None:
        """Bodies whose time is over."""
        await self.store.erase()

    async def doubt_an_older_database(self) -> None:
        """At start, before anything is sent: where the database lacks the checkpoint that was last taken from it, nothing in it leaves by itself."""
        known = await asyncio.to_thread(self.witness.recall)
        if known and await self.store.rolled_back(self.tenant, known):
            coach = (await self.store.directory(self.tenant)).coach

            def write(copies: int, held: int) -> Outgoing:
                return self.house.notice(self.ports.ids.new(), coach, self.ports.clock.now(), lambda stamp: rolled_back_notice(copies, held, coach, stamp))

            copies, held = await self.store.doubt(self.tenant, write)
            _log.error("the database is older than its last checkpoint: nothing in it is sent by itself", copies=copies, held=held)
        try:
            await self.checkpoint()  # so that the next start knows of this state, and is not alarmed again
        except StoreDamaged as error:
            _log.error("audit log is broken, nothing was signed", where=str(error))
