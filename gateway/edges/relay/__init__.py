"""The way out: hands one finished copy to the smarthost (`ports.Relay`) and says truthfully what came of it.

RFC 5321 with SIZE (1870), 8BITMIME (6152), DSN (3461), SMTPUTF8 (6531), ENHANCEDSTATUSCODES (2034), STARTTLS (3207) or implicit TLS (8314),
AUTH PLAIN, LOGIN (4954) and XOAUTH2. aiosmtplib holds the connection; the transaction is spoken here, because its `sendmail` rewrites addresses,
reads refusals of single recipients as success and cannot tell silence before the final dot from silence after it.

Never: TLS when it happens to be offered (a stripped STARTTLS would send all in clear), an unverified certificate, a password or a mail before TLS,
two recipients in one transaction, an octet changed, the peer's prose in a record, an exception for anything a peer or a network does.

Failures that are not about this copy (no connection, banner, EHLO, TLS, AUTH, whatever their code) defer: they pass when the operator has mended
them. A 5xx to MAIL, RCPT, DATA or the dot fails the copy. Silence, loss or nonsense after the dot is `UNCLEAR`; before it, deferred.
`Delivery.reply` is "code" or "code enhanced-code" of the peer, or a `Word` where the peer gave none.
"""

from __future__ import annotations

import asyncio

from gateway.core.model import Outgoing
from gateway.edges.relay.hop import Hop
from gateway.edges.relay.settings import Password, RelaySettings, Timeouts, Token, is_loopback, tls_context
from gateway.edges.relay.wire import Ended, Word, check
from gateway.ports import Delivery, Result

__all__ = ["Password", "RelaySettings", "SmtpRelay", "Timeouts", "Token", "Word", "is_loopback"]


class SmtpRelay:
    """`ports.Relay`. At most `connections` at a time; an idle one is kept for `reuse_idle` seconds and then leaves with QUIT."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._tls = None if settings.tls == "none" else tls_context(settings)
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[tuple[Hop, asyncio.TimerHandle]] = []
        self._busy: set[Hop] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def send(self, outgoing: Outgoing) -> Delivery:
        """Hand over one copy in one transaction. Never raises for anything the peer or the network does; `reply` holds no prose."""
        try:
            check(outgoing)
            async with self._slots:
                return await self._send(outgoing)
        except Ended as end:
            return end.delivery

    async def close(self) -> None:
        """Take no more copies, end idle connections with QUIT, and hang up on the others: their `send` returns what is then true."""
        self._stopped = True
        while self._idle:
            self._dismiss(*self._idle.pop())
        for hop in tuple(self._busy):
            hop.hang_up()
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _send(self, outgoing: Outgoing) -> Delivery:
        while True:
            if self._stopped:
                raise Ended(Result.DEFERRED, Word.STOPPED)
            hop, fresh = self._take()
            self._busy.add(hop)
            keep = False
            try:
                if fresh:
                    await hop.open()
                delivery = await hop.transact(outgoing)
                keep = True
                return delivery
            except Ended as end:
                keep = end.keep
                # a kept connection that the peer has meanwhile given up says nothing about this copy: once more, on a new one
                if fresh or not end.lost:
                    raise
            finally:
                self._busy.discard(hop)
                if keep and hop.alive and not self._stopped:
                    self._park(hop)
                else:
                    hop.hang_up()

    def _take(self) -> tuple[Hop, bool]:
        while self._idle:
            hop, timer = self._idle.pop()  # the latest, so that the others may grow old and leave
            timer.cancel()
            if hop.alive:
                return hop, False
            hop.hang_up()
        return Hop(self._settings, self._tls), True

    def _park(self, hop: Hop) -> None:
        timer = asyncio.get_running_loop().call_later(self._settings.reuse_idle, self._expire, hop)
        self._idle.append((hop, timer))

    def _expire(self, hop: Hop) -> None:
        entry = next(e for e in self._idle if e[0] is hop)
        self._idle.remove(entry)
        self._dismiss(*entry)

    def _dismiss(self, hop: Hop, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        task = asyncio.ensure_future(hop.leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
