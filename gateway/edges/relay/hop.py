"""One connection to the smarthost: connect, greet, TLS, log in, and one transaction after another. aiosmtplib holds the line; the transaction is
spoken here, because its `sendmail` rewrites addresses, reads the refusal of single recipients as success and cannot tell silence before the final
dot from silence after it. RFC 5321, STARTTLS (3207) or implicit TLS (8314), AUTH PLAIN and LOGIN (4954), XOAUTH2.
"""

from __future__ import annotations

import asyncio
import ssl

import aiosmtplib
from aiosmtplib import SMTPResponse

from gateway.core.model import Outgoing
from gateway.edges.relay.settings import Password, RelaySettings, Token
from gateway.edges.relay.wire import AUTH_WANTED, RCPT_ACCEPTED, Ended, Word, auth_refused, blocks, parameters, reply_of, verdict
from gateway.ports import Delivery, Result


class Hop:
    """One connection to the smarthost. Every method raises `Ended` and nothing else for what the peer or the network does."""

    def __init__(self, settings: RelaySettings, tls: ssl.SSLContext | None) -> None:
        self._settings, self._tls, self._time = settings, tls, settings.timeouts
        self._smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.hostname,
            use_tls=settings.tls == "implicit",
            start_tls=False,  # we call starttls() ourselves; the library's default takes TLS only when it is offered
            tls_context=tls,
            timeout=self._time.command,
        )
        self._writer: asyncio.StreamWriter | None = None
        self._hung_up = False

    @property
    def alive(self) -> bool:
        """Whether the connection looks usable."""
        return not self._hung_up and self._smtp.is_connected

    def hang_up(self) -> None:
        """End the connection at once; whoever waits on it is told."""
        self._hung_up = True
        if self._smtp.transport is not None:
            self._smtp.transport.abort()  # type: ignore[attr-defined]  # close() would wait for a peer that may be silent
        self._smtp.close()

    async def leave(self) -> None:
        """QUIT, without waiting long for the answer."""
        try:
            await self._smtp.quit(timeout=min(2.0, self._time.command))
        except (aiosmtplib.SMTPException, OSError):
            pass  # nothing was under way: how the goodbye ends is nobody's concern
        finally:
            self.hang_up()

    async def open(self) -> None:
        """Connect, greet, TLS, log in. All failures defer."""
        try:
            await self._smtp.connect(timeout=self._time.connect)
            await self._greet()
            if self._settings.tls == "starttls":
                if not self._smtp.supports_extension("starttls"):
                    raise Ended(Result.DEFERRED, Word.NO_STARTTLS)
                await self._smtp.starttls(timeout=self._time.command)
                await self._greet()  # what was said before TLS is forgotten (RFC 3207 section 4.2)
            await self._log_in()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Ended(Result.DEFERRED, self._word(error)) from None

    async def _greet(self) -> None:
        try:
            await self._smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            if self._tls is not None or self._settings.auth is not None or not self._smtp.is_connected:
                raise  # HELO knows neither TLS nor AUTH
            await self._smtp.helo()

    async def _log_in(self) -> None:
        auth, offered = self._settings.auth, self._smtp.server_auth_methods
        try:
            if isinstance(auth, Token):
                if "xoauth2" not in offered:
                    raise Ended(Result.DEFERRED, Word.AUTH)
                await self._smtp.auth_xoauth2(auth.username, await self._token(auth))
            elif isinstance(auth, Password) and "plain" in offered:
                await self._smtp.auth_plain(auth.username, auth.password)
            elif isinstance(auth, Password) and "login" in offered:
                await self._smtp.auth_login(auth.username, auth.password)
            elif auth is not None:
                raise Ended(Result.DEFERRED, Word.AUTH)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Ended(Result.DEFERRED, auth_refused(error.code, error.message)) from None

    async def _token(self, auth: Token) -> str:
        try:
            async with asyncio.timeout(self._time.command):
                return await auth.provide()
        except Exception:  # noqa: BLE001 - the provider is the operator's own: whatever ails it, the copy waits and the coach hears "auth"
            raise Ended(Result.DEFERRED, Word.AUTH) from None

    async def transact(self, outgoing: Outgoing) -> Delivery:
        """MAIL, RCPT, DATA, the octets, the dot."""
        mail, rcpt = parameters(outgoing, self._smtp.esmtp_extensions)
        path = outgoing.reverse_path.encode()
        await self._command(b"MAIL", b"FROM:<" + path + b">", *mail, accept=(250,), first=True)
        await self._command(b"RCPT", b"TO:<" + outgoing.forward_path.path.encode() + b">", *rcpt, accept=RCPT_ACCEPTED)
        await self._command(b"DATA", accept=(354,), seconds=self._time.data)
        return await self._transfer(outgoing.octets)

    async def _command(self, *words: bytes, accept: tuple[int, ...], seconds: float | None = None, first: bool = False) -> SMTPResponse:
        """One command and its reply. Raises `Ended` for every reply but those in `accept`, after RSET where the connection can go on."""
        try:
            response = await self._smtp.execute_command(*words, timeout=seconds or self._time.command)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Ended(Result.DEFERRED, self._word(error), lost=first and isinstance(error, aiosmtplib.SMTPServerDisconnected)) from None
        code, reply = response.code, reply_of(response.code, response.message)
        if code in accept:
            return response
        if code == 421:
            raise Ended(Result.DEFERRED, reply, lost=first)
        if first and code in AUTH_WANTED:
            raise Ended(Result.DEFERRED, auth_refused(code, response.message))
        if code // 100 not in (4, 5):
            raise Ended(Result.DEFERRED, Word.PROTOCOL)
        raise Ended(Result.DEFERRED if code // 100 == 4 else Result.FAILED, reply, keep=await self._reset())

    async def _reset(self) -> bool:
        """RSET; whether the connection is in step again."""
        try:
            return (await self._smtp.execute_command(b"RSET")).code == 250
        except (aiosmtplib.SMTPException, OSError):
            return False

    async def _transfer(self, octets: bytes) -> Delivery:
        """The octets with dots stuffed, the dot, the verdict.

        The dot leaves last and apart, so that a line cut within a long copy is known to be harmless. The reader is armed before the first octet:
        a peer may refuse in the middle.
        """
        protocol = self._smtp.protocol
        if protocol is None or self._smtp.transport is None:
            raise Ended(Result.DEFERRED, self._closed())
        if self._writer is None:
            # the writer lives as long as the connection: its finaliser would close it
            self._writer = asyncio.StreamWriter(self._smtp.transport, protocol, None, asyncio.get_running_loop())  # type: ignore[arg-type]
        answer = asyncio.ensure_future(protocol.read_response())
        await asyncio.sleep(0)  # it waits now
        dotted = False
        try:
            for block in blocks(octets):
                if answer.done():
                    break
                self._writer.write(block)
                async with asyncio.timeout(self._time.block):
                    await self._writer.drain()
            else:
                dotted = not answer.done()
                if dotted:
                    self._writer.write(b".\r\n")
            response = await asyncio.wait_for(answer, self._time.dot)
        except (aiosmtplib.SMTPException, OSError) as error:  # TimeoutError is an OSError
            if dotted or not answer.done() or answer.cancelled() or answer.exception() is not None:
                raise Ended(Result.UNCLEAR if dotted else Result.DEFERRED, self._word(error)) from None
            response = answer.result()  # the line broke under our writing, but the peer had said why
        finally:
            answer.cancel()
        return verdict(response, dotted)

    def _word(self, error: Exception) -> str:
        """What to record for an exception of the connection."""
        chain: BaseException | None = error
        while chain is not None:
            if isinstance(chain, ssl.SSLError):
                return Word.TLS
            chain = chain.__cause__
        if self._hung_up:
            return Word.STOPPED
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return reply_of(error.code, error.message) if 200 <= error.code < 600 else Word.PROTOCOL
        if isinstance(error, TimeoutError):  # aiosmtplib's time-outs are TimeoutErrors too
            return Word.TIMEOUT
        if isinstance(error, aiosmtplib.SMTPConnectError):
            cut = isinstance(error.__cause__, (aiosmtplib.SMTPServerDisconnected, ConnectionResetError))
            return self._closed() if cut else Word.CONNECT
        if isinstance(error, (aiosmtplib.SMTPServerDisconnected, ConnectionError)):
            return self._closed()
        return Word.CONNECT if isinstance(error, OSError) else Word.PROTOCOL

    def _closed(self) -> str:
        return Word.STOPPED if self._hung_up else Word.CLOSED
