"""TLS and AUTH: nothing is said in clear, no password is guessed, a login costs no event loop (RFC 3207, 4954, 8314)."""

from __future__ import annotations

import asyncio
import shutil
import smtplib
import ssl
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from tests.contracts.submission_door import COACH, MAIL, PASSWORD, Authority, authority, open_door

__all__ = ["authority"]
PLAIN = b64encode(b"\0robin\0" + PASSWORD)


# ---------------------------------------------------------------- implicit TLS
async def test_implicit_tls_offers_auth_and_takes_mail(authority: Authority) -> None:
    """aiosmtpd hides AUTH there."""
    async with open_door(**authority.settings("implicit")) as door:

        def client() -> dict[str, tuple[int, bytes]]:
            with smtplib.SMTP_SSL("localhost", door.port, context=authority.trusting) as smtp:
                smtp.login("robin", PASSWORD.decode())
                assert "starttls" not in smtp.esmtp_features
                return smtp.sendmail(COACH, ["dana@acme.example"], MAIL)

        assert await asyncio.to_thread(client) == {}
        assert door.accepted[0].raw == MAIL


async def test_implicit_tls_says_nothing_in_clear(authority: Authority) -> None:
    async with open_door(**authority.settings("implicit")) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"EHLO mail.coach.example\r\n")
        answer = await reader.read()
        assert b"220" not in answer
        assert b"250" not in answer
        writer.close()
        peer = await door.coach(ssl=authority.trusting, server_hostname="localhost")
        assert (await peer.mail()).startswith(b"250"), "the next one is served"
        await peer.close()


async def test_large_mail_over_tls(authority: Authority) -> None:
    """The same reader, fed by the TLS layer in pieces of its own size."""
    mail = b"x" * 3_000_000 + b"\r\n"
    async with open_door(**authority.settings("implicit")) as door:
        peer = await door.coach(ssl=authority.trusting, server_hostname="localhost")
        assert (await peer.mail(mail)).startswith(b"250")
        assert door.accepted[0].raw == mail
        await peer.close()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_peer_that_never_shakes_hands_is_dropped_and_frees_its_place(authority: Authority, tls: str) -> None:
    """aiosmtpd waits a minute, whatever its own time-out says."""
    async with open_door(**authority.settings(tls), handshake_seconds=0.3, max_connections=1) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        if tls == "starttls":
            await reader.readline()
            writer.write(b"EHLO x.example\r\n")
            while not (await reader.readline()).startswith(b"250 "):
                pass
            writer.write(b"STARTTLS\r\n")
            assert (await reader.readline()).startswith(b"220")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        while door.server._connections:
            await asyncio.sleep(0.01)
        options = {"ssl": authority.trusting, "server_hostname": "localhost"} if tls == "implicit" else {}
        peer = await door.peer(**options)
        assert peer.greeting.startswith(b"220")
        await peer.close()


async def test_a_broken_handshake_gives_back_one_place_and_no_more(authority: Authority) -> None:
    """asyncio reports some broken upgrades by itself and some not; neither may be counted twice."""
    async with open_door(**authority.settings("starttls"), max_connections=1) as door:
        for garbage in (b"EHLO in clear\r\n", b"\x16\x03\x01\xff\xff", b""):
            peer = await door.peer()
            await peer.say(b"EHLO x.example")
            assert (await peer.say(b"STARTTLS")).startswith(b"220")
            await peer.send(garbage)
            peer.writer.write_eof()
            await peer.rest()
            await peer.close()
            while door.server._shared.open:
                await asyncio.sleep(0.01)
            assert door.server._connections.total() == 0
        first, second = await door.peer(), await door.peer()
        assert (first.greeting[:3], second.greeting[:3]) == (b"220", b"421")
        await first.close()
        await second.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_tls_is_refused(authority: Authority, version: ssl.TLSVersion) -> None:
    async with open_door(**authority.settings("implicit")) as door:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old.minimum_version = old.maximum_version = version
        old.set_ciphers("ALL:@SECLEVEL=0")
        assert shakes_hands(old, permissive(authority)), "the client can, so it is the server that refuses"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await door.peer(ssl=old, server_hostname="localhost")


def permissive(authority: Authority) -> ssl.SSLContext:
    """A server that takes every version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def shakes_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    """Whether the two agree, in memory."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname="localhost"), server.wrap_bio(up, down, server_side=True)]
    done = set()
    for _ in range(10):
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                pass
    return len(done) == 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_of_today_is_taken(authority: Authority, version: ssl.TLSVersion) -> None:
    async with open_door(**authority.settings("implicit")) as door:
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=ca_of(authority))
        context.minimum_version = context.maximum_version = version
        peer = await door.coach(ssl=context, server_hostname="localhost")
        assert (await peer.mail()).startswith(b"250")
        assert any(aead in peer.writer.get_extra_info("cipher")[0] for aead in ("GCM", "CHACHA20"))
        await peer.close()


def ca_of(authority: Authority) -> str:
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in authority.trusting.get_ca_certs(binary_form=True))


async def test_a_new_certificate_serves_new_connections_without_a_restart(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("renewed")
    certificate, key = folder / "chain.pem", folder / "key.pem"
    certificate.write_bytes(authority.certificate.read_bytes())
    key.write_bytes(authority.key.read_bytes())
    async with open_door(tls="implicit", certificate=certificate, key=key) as door:
        before = await door.coach(ssl=authority.trusting, server_hostname="localhost")
        ca = trustme.CA()
        issued = ca.issue_cert("localhost")
        certificate.write_bytes(issued.cert_chain_pems[0].bytes())
        key.write_bytes(issued.private_key_pem.bytes())
        door.server.reload_certificate()
        with pytest.raises(ssl.SSLCertVerificationError):
            await door.peer(ssl=authority.trusting, server_hostname="localhost")
        context = ssl.create_default_context()
        ca.configure_trust(context)
        after = await door.coach(ssl=context, server_hostname="localhost")
        assert (await after.mail()).startswith(b"250")
        assert (await before.mail()).startswith(b"250"), "the old connection goes on"
        await before.close()
        await after.close()


@pytest.mark.parametrize("broken", ["no certificate", "cut", "the key of another", "a key with a password", "gone"])
async def test_a_new_certificate_that_is_none_leaves_the_old_one_in_use(authority: Authority, tmp_path: Path, broken: str) -> None:
    """Also where the certificate alone would load: half a pair would end every handshake."""
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.write_bytes(authority.certificate.read_bytes())
    key.write_bytes(authority.key.read_bytes())
    async with open_door(tls="implicit", certificate=certificate, key=key) as door:
        other = trustme.CA().issue_cert("localhost")
        if broken == "no certificate":
            certificate.write_text("none")
        elif broken == "cut":
            certificate.write_bytes(certificate.read_bytes()[:400])
        elif broken == "the key of another":
            certificate.write_bytes(other.cert_chain_pems[0].bytes())
        elif broken == "a key with a password":
            sealed = BestAvailableEncryption(b"secret")
            key.write_bytes(load_pem_private_key(key.read_bytes(), None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
        else:
            key.unlink()
        with pytest.raises(OSError):  # noqa: PT011  # ssl.SSLError is one; its text is OpenSSL's
            door.server.reload_certificate()
        peer = await door.coach(ssl=authority.trusting, server_hostname="localhost")
        assert (await peer.mail()).startswith(b"250")
        await peer.close()


# ---------------------------------------------------------------- STARTTLS
async def test_starttls_and_auth_with_smtplib(authority: Authority) -> None:
    async with open_door(**authority.settings("starttls")) as door:

        def client() -> None:
            with smtplib.SMTP("localhost", door.port) as smtp:
                smtp.ehlo()
                assert not smtp.has_extn("auth")
                assert smtp.has_extn("starttls")
                smtp.starttls(context=authority.trusting)
                smtp.login("robin", PASSWORD.decode())
                assert not smtp.has_extn("starttls")
                smtp.sendmail(COACH, ["dana@acme.example"], MAIL)

        await asyncio.to_thread(client)
        assert door.accepted[0].raw == MAIL


@pytest.mark.parametrize("command", [b"AUTH PLAIN " + PLAIN, b"AUTH LOGIN", b"MAIL FROM:<coach@coach.example>", b"RCPT TO:<a@b.example>", b"DATA", b"HELP",
                                     b"RSET", b"VRFY x"])  # fmt: skip
async def test_nothing_but_the_upgrade_is_done_in_clear(authority: Authority, command: bytes) -> None:
    async with open_door(**authority.settings("starttls")) as door:
        peer = await door.peer()
        assert b"AUTH" not in await peer.say(b"EHLO x.example")
        assert (await peer.say(command)).startswith(b"530 5.7.0")
        await peer.close()


async def test_commands_slipped_in_after_starttls_are_never_obeyed(authority: Authority) -> None:
    """CVE-2024-34083 and its like: what came in clear must not be taken for what comes under TLS."""
    async with open_door(**authority.settings("starttls")) as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        await peer.send(b"STARTTLS\r\nEHLO evil.example\r\nAUTH PLAIN " + PLAIN + b"\r\n")
        answer = await peer.rest()
        assert answer.startswith(b"503 5.5.1")
        assert answer.count(b"\r\n") == 1
        await peer.close()


async def test_after_starttls_the_peer_introduces_itself_again(authority: Authority) -> None:
    """RFC 3207 section 4.2; a second STARTTLS is refused."""
    async with open_door(**authority.settings("starttls")) as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        assert (await peer.say(b"STARTTLS now")).startswith(b"501")
        assert (await peer.say(b"STARTTLS")).startswith(b"220")
        await peer.start_tls(authority.trusting)
        assert (await peer.say(b"AUTH PLAIN " + PLAIN)).startswith(b"503")
        assert b"STARTTLS" not in await peer.say(b"EHLO x.example")
        assert (await peer.say(b"STARTTLS")).startswith(b"503")
        assert (await peer.say(b"AUTH PLAIN " + PLAIN)).startswith(b"235")
        assert (await peer.mail()).startswith(b"250")
        await peer.close()


async def test_starttls_is_no_command_without_a_certificate() -> None:
    async with open_door() as door:
        peer = await door.peer()
        assert b"STARTTLS" not in await peer.say(b"EHLO x.example")
        assert (await peer.say(b"STARTTLS")).startswith(b"503")
        await peer.close()


# ---------------------------------------------------------------- AUTH
@pytest.mark.parametrize("mechanism", [b"PLAIN", b"plain", b"Plain"])
async def test_plain_in_any_case_and_in_one_or_two_steps(mechanism: bytes) -> None:
    async with open_door() as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        assert await peer.say(b"auth " + mechanism) == b"334 \r\n"
        assert (await peer.say(PLAIN)).startswith(b"235 2.7.0")
        await peer.close()
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        assert (await peer.say(b"AUTH " + mechanism + b" " + b64encode(b"robin\0robin\0" + PASSWORD))).startswith(b"235")
        await peer.close()


@pytest.mark.parametrize("mechanism", [b"LOGIN", b"login"])
async def test_login_with_and_without_initial_response(mechanism: bytes) -> None:
    async with open_door() as door:
        for initial in (False, True):
            peer = await door.peer()
            await peer.say(b"EHLO x.example")
            if initial:
                assert await peer.say(b"AUTH " + mechanism + b" " + b64encode(b"robin")) == b"334 " + b64encode(b"Password:") + b"\r\n"
            else:
                assert await peer.say(b"AUTH " + mechanism) == b"334 " + b64encode(b"Username:") + b"\r\n"
                assert await peer.say(b64encode(b"robin")) == b"334 " + b64encode(b"Password:") + b"\r\n"
            assert (await peer.say(b64encode(PASSWORD))).startswith(b"235")
            await peer.close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"AUTH", b"504"), (b"AUTH CRAM-MD5", b"504"), (b"AUTH PLAIN a b", b"504"), (b"AUTH PLAIN !!!", b"501"), (b"AUTH PLAIN =", b"501"),
        (b"AUTH PLAIN " + b64encode(b"nothing"), b"501"), (b"AUTH PLAIN " + b64encode(b"a\0b\0c\0d"), b"501"), (b"AUTH LOGIN *", b"501"),
        (b"AUTH PLAIN " + b64encode(b"other\0robin\0" + PASSWORD), b"535"), (b"AUTH PLAIN " + b64encode(b"\0\xff\xfe\0x"), b"535"),
        (b"AUTH PLAIN " + b64encode(b"\0robin\0wrong"), b"535"), (b"AUTH PLAIN " + b64encode(b"\0\0"), b"535"),
    ],
)  # fmt: skip
async def test_malformed_and_wrong_credentials(line: bytes, code: bytes) -> None:
    """Fixed texts; the session goes on and a right login still works."""
    async with open_door() as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        assert (await peer.say(line)).startswith(code)
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"530")
        assert (await peer.say(b"AUTH PLAIN " + PLAIN)).startswith(b"235")
        assert (await peer.say(b"AUTH PLAIN " + PLAIN)).startswith(b"503")
        await peer.close()


async def test_a_login_can_be_given_up() -> None:
    async with open_door() as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        await peer.say(b"AUTH PLAIN")
        assert (await peer.say(b"*")).startswith(b"501 5.7.0")
        assert (await peer.log_in()).startswith(b"235")
        await peer.close()


@pytest.mark.parametrize("length", [600, 1000, 5000, 8000])
async def test_long_answers_to_auth_are_read(length: int) -> None:
    """aiosmtpd fails from 512 octets in one step and 1,001 in two; tokens are longer (RFC 4954 section 4)."""
    async with open_door() as door:
        answer = b64encode(b"\0robin\0" + b"x" * length)
        for steps in (1, 2):
            peer = await door.peer()
            await peer.say(b"EHLO x.example")
            if steps == 1:
                reply = await peer.say(b"AUTH PLAIN " + answer)
            else:
                await peer.say(b"AUTH PLAIN")
                reply = await peer.say(answer)
            assert reply == b"535 5.7.8 credentials invalid\r\n"
            door.clock.advance(hours=2)
            await peer.close()


async def test_an_answer_beyond_all_measure_is_refused_in_fixed_words() -> None:
    async with open_door() as door:
        peer = await door.peer()
        await peer.say(b"EHLO x.example")
        await peer.say(b"AUTH PLAIN")
        assert await peer.say(b"A" * 200_000) == b"500 5.5.2 line too long, or not ended by CRLF\r\n"
        assert (await peer.log_in()).startswith(b"235")
        await peer.close()


# ---------------------------------------------------------------- another program
async def test_swaks_sends_a_mail_over_starttls(authority: Authority) -> None:
    """The tool that operators try a new server with."""
    swaks = shutil.which("swaks")
    if swaks is None:
        pytest.skip("swaks is not installed: this client was not tried")
    async with open_door(**authority.settings("starttls")) as door:
        command = [swaks, "--server", "127.0.0.1", "--port", str(door.port), "--tls", "--auth", "LOGIN", "--auth-user", "robin", "--auth-password",
                   PASSWORD.decode(), "--from", COACH, "--to", "dana@acme.example,erik@acme.example", "--header", "Subject: Tuesday",
                   "--body", "See you at 10.\n.\n..end", "--timeout", "20s"]  # fmt: skip
        result = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr
        [submission] = door.accepted
        assert [p.path for p in submission.envelope.forward_paths] == ["dana@acme.example", "erik@acme.example"]
        assert b"\r\nSee you at 10.\r\n.\r\n..end\r\n" in submission.raw
