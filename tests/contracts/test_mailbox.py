"""What every `ports.Folders` promises: Dovecot over IMAP, with "/" and with "." between levels, and the one in memory."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.core.notice import MAILBOX_TROUBLE
from gateway.edges.mailbox import ImapFolders, MailboxSettings
from gateway.errors import MailboxUnavailable
from tests.contracts.dovecot import PASSWORD, USER, Dovecot, running, why_not
from tests.fakes.folders import FakeFolders

OUT, SENT = "Gateway/Outbox", "Gateway/Sent"
MAIL = b"From: a@coach.example\r\nMessage-ID: <one@coach.example>\r\nSubject: quokka\r\n\r\nbody\r\n"


def settings(server: Dovecot, **changes: Any) -> MailboxSettings:
    values: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "tls": "none", "ca_file": None, "auth": "password", "user": USER}
    values["secret"] = lambda: PASSWORD
    return MailboxSettings(**values | changes)


@pytest.fixture(scope="module", params=["slash", "dot"])
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """Servers differ in how they spell folders; the port does not."""
    if reason := why_not():
        pytest.skip(reason)
    with running(**({"separator": ".", "prefix": "INBOX."} if request.param == "dot" else {})) as found:
        yield found


@pytest.fixture(params=["slash", "dot", "memory"])
async def folders(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield FakeFolders()
        return
    if reason := why_not():
        pytest.skip(reason)
    with running(**({"separator": ".", "prefix": "INBOX."} if request.param == "dot" else {})) as server:
        folders = ImapFolders(settings(server))
        yield folders
        await folders.close()


async def test_folders_are_made_and_messages_move_between_them(folders: Any) -> None:
    """Missing folders are made once; a message keeps its octets; what is gone is no error."""
    assert await folders.open((OUT, SENT)) == "Sent"
    assert await folders.open((OUT, SENT)) == "Sent"
    assert (await folders.listing(OUT)).uids == ()
    await folders.append(OUT, MAIL)
    listing = await folders.listing(OUT)
    (uid,) = listing.uids
    assert listing.next_uid > uid
    head = await folders.head(OUT, uid)
    assert head is not None
    assert head.section == MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert head.octets == len(MAIL)
    assert await folders.message(OUT, uid) == MAIL
    assert await folders.holds(OUT, "<one@coach.example>")
    assert not await folders.holds(OUT, "<two@coach.example>")
    await folders.move(OUT, uid, SENT)
    await folders.move(OUT, uid, SENT)
    assert (await folders.listing(OUT)).uids == ()
    assert await folders.head(OUT, uid) is None
    assert await folders.message(OUT, uid) is None
    (moved,) = (await folders.listing(SENT)).uids
    assert await folders.message(SENT, moved) == MAIL


async def test_only_what_came_after_is_listed(folders: Any) -> None:
    """"n:*" means the last message even where nothing is new; that is filtered. A date lists by the day."""
    await folders.open((OUT,))
    for _ in range(3):
        await folders.append(OUT, MAIL)
    uids = (await folders.listing(OUT)).uids
    assert (await folders.listing(OUT, after=uids[0])).uids == uids[1:]
    assert (await folders.listing(OUT, after=uids[2])).uids == ()
    assert (await folders.listing(OUT, after=2**32)).uids == ()
    now = datetime.now(UTC)
    assert (await folders.listing(OUT, since=now - timedelta(days=1))).uids == uids
    assert (await folders.listing(OUT, since=now + timedelta(days=2))).uids == ()


async def test_waiting_ends_with_news(folders: Any) -> None:
    """Long before the time is over."""
    await folders.open((OUT,))
    waiting = asyncio.create_task(folders.wait(OUT, 60))
    await asyncio.sleep(0.3)  # so that it waits already; the other order is no waiting
    if isinstance(folders, ImapFolders):
        other = ImapFolders(folders._settings)
        await other.open(())
        await other.append(OUT, MAIL)
        await other.close()
    else:
        await folders.append(OUT, MAIL)
    await asyncio.wait_for(waiting, 30)
    assert len((await folders.listing(OUT)).uids) == 1


async def test_waiting_ends_with_the_time(folders: Any) -> None:
    """And the conversation goes on."""
    await folders.open((OUT,))
    await folders.wait(OUT, 0.2)
    assert (await folders.listing(OUT)).uids == ()


async def test_closing_wakes_whoever_waits(folders: Any) -> None:
    """At once, and nothing can be asked afterwards."""
    await folders.open((OUT,))
    waiting = asyncio.create_task(folders.wait(OUT, 60))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await folders.close()
    with pytest.raises(MailboxUnavailable):
        await waiting
    assert time.monotonic() - began < 5
    with pytest.raises(MailboxUnavailable):
        await folders.listing(OUT)


async def test_a_folder_that_is_not_there_ends_the_conversation(folders: Any) -> None:
    """After any failure only `open` helps."""
    await folders.open((OUT,))
    with pytest.raises(MailboxUnavailable):
        await folders.listing("Nowhere")
    with pytest.raises(MailboxUnavailable, match="closed"):
        await folders.listing(OUT)
    await folders.open((OUT,))
    assert (await folders.listing(OUT)).uids == ()


# ------------------------------------------------------------------------------------------------ what only a server can do
async def asked(settings: MailboxSettings) -> str:
    """Why it cannot be opened; "" where it can."""
    folders = ImapFolders(settings)
    try:
        await folders.open(())
    except MailboxUnavailable as trouble:
        return trouble.reason
    finally:
        await folders.close()
    return ""


def unreadable() -> str:
    raise PermissionError(13, "quokka")


async def test_each_trouble_has_its_word(server: Dovecot) -> None:
    """And each word its sentence for the coach."""
    found = [
        await asked(settings(server)),
        await asked(settings(server, secret=lambda: "wrong")),
        await asked(settings(server, secret=unreadable)),
        await asked(settings(server, port=1)),
        await asked(settings(server, tls="implicit")),
        await asked(settings(server, tls="starttls")),
        await asked(settings(server, tls="starttls", ca_file="/nowhere")),
    ]
    assert found == ["", "login", "secret", "connect", "tls", "capability", "tls"]
    assert set(found[1:]) <= set(MAILBOX_TROUBLE)


async def test_what_was_a_draft_is_none_any_more(server: Dovecot) -> None:
    """A program that shows drafts would offer to finish and send it."""
    folders = ImapFolders(settings(server))
    await folders.open((OUT, SENT))

    def drafted() -> None:
        with server.coach() as coach:
            coach.append(folders._native(OUT), MAIL, flags=[rb"\Draft", rb"\Flagged"])

    await asyncio.to_thread(drafted)
    (uid,) = (await folders.listing(OUT)).uids
    await folders.move(OUT, uid, SENT)
    with server.coach() as coach:
        coach.select_folder(folders._native(SENT), readonly=True)
        (flags,) = [set(f) - {rb"\Recent"} for f in coach.get_flags(coach.search()).values()]
    await folders.close()
    assert flags == {rb"\Seen", rb"\Flagged"}


async def test_a_server_that_says_nothing_holds_up_nobody() -> None:
    """Whoever waits for it may go at once, and so may the process."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        values = {"host": "127.0.0.1", "port": silent.getsockname()[1], "tls": "none", "ca_file": None, "auth": "password", "user": USER}
        folders = ImapFolders(MailboxSettings(**values, secret=lambda: PASSWORD))  # type: ignore[arg-type]
        opening = asyncio.create_task(folders.open(()))
        connection, _ = await asyncio.to_thread(silent.accept)
        began = time.monotonic()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await folders.close()
        assert time.monotonic() - began < 5
        connection.close()


async def test_a_server_that_goes_away_is_noticed_and_found_again() -> None:
    """Waiting breaks off, and `open` works once it is back."""
    if reason := why_not():
        pytest.skip(reason)
    with running() as server:
        folders = ImapFolders(settings(server))
        await folders.open((OUT,))
        waiting = asyncio.create_task(folders.wait(OUT, 60))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.stop)
        with pytest.raises(MailboxUnavailable, match="closed"):
            await asyncio.wait_for(waiting, 30)
        with pytest.raises(MailboxUnavailable, match="connect"):
            await folders.open((OUT,))
        await asyncio.to_thread(server.start)
        assert await folders.open((OUT,)) == "Sent"
        await folders.close()


async def test_a_folder_that_was_made_anew_is_noticed() -> None:
    """Its numbers mean other messages, so none of the old ones is used."""
    if reason := why_not():
        pytest.skip(reason)
    with running() as server:
        folders = ImapFolders(settings(server))
        await folders.open((OUT, SENT))
        before = await folders.listing(OUT)
        await asyncio.to_thread(made_anew, server, OUT)
        with pytest.raises(MailboxUnavailable, match="renumbered|refused|closed"):
            await folders.listing(OUT)
        await folders.open((OUT,))
        assert (await folders.listing(OUT)).uidvalidity != before.uidvalidity
        await folders.close()


def made_anew(server: Dovecot, folder: str) -> None:
    with server.coach() as coach:
        coach.delete_folder(folder)
        coach.create_folder(folder)


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
async def test_a_token_is_taken_and_a_wrong_one_refused(auth: str, tmp_path: Any) -> None:
    """RFC 7628 and its forerunner, the token checked by the server itself against a key (JWT, HS256)."""
    if reason := why_not():
        pytest.skip(reason)
    more = "auth_mechanisms = plain xoauth2 oauthbearer\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {folder}/oauth.conf\n}}\n"
    server = Dovecot(more="")
    key = server.folder / "keys/default/HS256/default"
    key.parent.mkdir(parents=True)
    key.write_text(base64.b64encode(b"k" * 32).decode())
    (server.folder / "oauth.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={server.folder}/keys/\nusername_attribute = sub\ntokeninfo_url =\n"
    )
    server.config.write_text(server.config.read_text() + more.replace("{{", "{").replace("}}", "}").replace("{folder}", str(server.folder)))
    for path in (server.folder / "keys", *server.folder.glob("keys/**/*"), server.folder / "oauth.conf"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    try:
        server.start()
        assert await asked(settings(server, auth=auth, secret=lambda: token(b"k" * 32))) == "", server.log()
        assert await asked(settings(server, auth=auth, secret=lambda: token(b"x" * 32))) == "login"
    finally:
        server.close()


def token(key: bytes) -> str:
    import hashlib
    import hmac
    import json

    def part(octets: bytes) -> str:
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    signed = f"{part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{part(json.dumps({'sub': USER, 'exp': int(time.time()) + 600}).encode())}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"
