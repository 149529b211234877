"""The sealer: what leaves it is readable by the client's program, whatever that is, and by nobody else; whatever gpg does, nothing else leaves it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core import openpgp, pgpmime
from gateway.core.model import Client, Key
from gateway.edges.keyring import Keyring, coach_fingerprint, create_coach_key, export_coach_key
from gateway.edges.sealer import Sealer
from gateway.errors import SealerUnavailable
from gateway.ports import Sealer as SealerPort
from tests.contracts.openpgp_keys import KIM, Home, home
from tests.contracts.readers import READERS, Reader
from tests.fakes.sealer import FakeSealer

NOW = datetime.now(UTC)
SECRET = b"Kim is thinking of leaving; she cried."
OUTSIDE = {
    "sender_name": "Robin Vale",
    "sender": "coach@coach.example",
    "to": str(KIM),
    "date": "Wed, 25 Nov 2026 10:00:00 +0000",
    "message_id": "<0a1b2c@coach.example>",
}


def mail(body: bytes, charset: bytes = b"utf-8") -> bytes:
    return b"From: coach@coach.example\r\nSubject: Notes\r\nContent-Type: text/plain; charset=" + charset + b"\r\n\r\n" + body


PAYLOADS = {
    "ascii": mail(b"Dear Kim,\r\n\r\nas promised.\r\n"),
    "utf-8": mail("Grüße, 学习, 🙂\r\n".encode()),
    "8-bit": mail(bytes(n for n in range(1, 256) if n not in (10, 13)) + b"\r\n", b"windows-1252"),
    "long lines": mail(b"x" * 5000 + b"\r\n"),
    "From lines": mail(b"From here on\r\n>From there\r\n.\r\n..\r\n--0\r\n"),
    "trailing spaces": mail(b"one \r\ntwo\t\r\n \r\n\r\n  "),
    "no line end": mail(b"the end"),
    "empty": b"",
    "5 MB": mail(os.urandom(3_800_000).hex().encode()[:5_000_000]),
}


# ------------------------------------------------------------------------------------------------ parts
@pytest.fixture(scope="module")
def coach() -> Iterator[Path]:
    """The gateway's own home with the coach's key."""
    path = Path(tempfile.mkdtemp(prefix="cgh"))
    create_coach_key(path, "Robin Vale", "coach@coach.example")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def kim() -> Iterator[Home]:
    with home() as made:
        made.key()
        yield made


async def pinned(coach: Path, pasted: bytes) -> tuple[Key, Keyring]:
    """What the keyring says of a pasted key of Kim's."""

    async def load(client_id: str) -> bytes:
        return pasted

    keyring = Keyring(coach, load)
    fingerprint = (await keyring.inspect(pasted, KIM, NOW)).fingerprint
    state = await keyring.state(Client("c-0001", "Kim Lund", personal=KIM, fingerprint=fingerprint), NOW)
    assert state.key, state.reason
    return state.key, keyring


@pytest.fixture
async def key(coach: Path, kim: Home) -> Key:
    return (await pinned(coach, kim.public()))[0]


@pytest.fixture
async def sealer(coach: Path, kim: Home) -> AsyncIterator[Sealer]:
    """The real one, with Kim's key."""
    _, keyring = await pinned(coach, kim.public())
    made = Sealer(coach, coach_fingerprint(coach), keyring.ring, limit=20)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(params=["gnupg", "fake"])
def either(request: pytest.FixtureRequest) -> SealerPort:
    """Both implementations of the port."""
    return request.getfixturevalue("sealer") if request.param == "gnupg" else FakeSealer()


def framed(armored: bytes) -> bytes:
    return pgpmime.frame(armored, **OUTSIDE, boundary="outer-0123", autocrypt="")


# ------------------------------------------------------------------------------------------------ what both must do
@pytest.mark.parametrize("name", PAYLOADS)
async def test_sealed_octets_prove_to_be_sealed(either: SealerPort, key: Key, name: str) -> None:
    armored = await either.seal(PAYLOADS[name], key)
    pgpmime.prove_sealed(framed(armored), key)
    openpgp.check_sealed(openpgp.dearmor(armored), key.encryption_subkey, at_least=len(PAYLOADS[name]))
    assert armored.count(b"\n") == armored.count(b"\r\n")


async def test_sealed_octets_do_not_prove_for_another_key(either: SealerPort, key: Key) -> None:
    octets = framed(await either.seal(PAYLOADS["ascii"], key))
    with pytest.raises(pgpmime.NotSealed, match="another key"):
        pgpmime.prove_sealed(octets, replace(key, encryption_subkey="0" * 40))


async def test_fake_gives_back_what_it_was_given(key: Key) -> None:
    fake = FakeSealer()
    assert fake.open(await fake.seal(SECRET, key)) == SECRET
    assert fake.sealed_to == [key.encryption_subkey]
    with pytest.raises(SealerUnavailable):
        await FakeSealer(failing=True).seal(SECRET, key)


# ------------------------------------------------------------------------------------------------ read back
@pytest.fixture(scope="module", params=READERS, ids=lambda r: r.__name__)
def reader(request: pytest.FixtureRequest, coach: Path) -> Iterator[Reader]:
    folder = Path(tempfile.mkdtemp(prefix="cgr"))
    try:
        yield request.param(folder, export_coach_key(coach))
    finally:
        subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], timeout=30, check=True)
        shutil.rmtree(folder)


async def test_every_reader_opens_every_payload_and_finds_the_signature_good(reader: Reader, coach: Path) -> None:
    """A whole private copy, sealed to a key that the reader's own engine made: the original comes out octet for octet, the subject is found."""
    key, keyring = await pinned(coach, reader.make_key(str(KIM)))
    sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring)
    await sealer.start()
    try:
        for name, raw in PAYLOADS.items():
            payload = pgpmime.protect(raw, subject="Notizen für Kim", boundary="inner-0123", **OUTSIDE)
            octets = framed(await sealer.seal(payload, key))
            pgpmime.prove_sealed(octets, key)
            outer = email.message_from_bytes(octets, policy=email.policy.SMTP)
            version, armour = outer.iter_parts()
            assert version.get_content_type() == "application/pgp-encrypted"
            opened = reader.open(armour.get_payload(decode=True))
            assert opened == payload, name
            inner = email.message_from_bytes(opened, policy=email.policy.SMTP)
            assert (outer["Subject"], inner["Subject"]) == ("[...]", "Notizen für Kim")
            assert opened.endswith(raw + b"\r\n--inner-0123--\r\n"), name
    finally:
        await sealer.stop()


async def test_second_subkey_is_not_used_without_being_pinned(coach: Path, kim: Home, key: Key) -> None:
    """gpg would take the newest subkey by itself; ours is named, so an old pin stays where it was."""
    with home() as lee:
        fingerprint = lee.key(user_id=f"Lee <{KIM}>", options=("--faked-system-time", "20240101T000000"))
        lee.gpg("--quick-add-key", fingerprint, "cv25519", "encrypt", "1y")
        newest, keyring = await pinned(coach, lee.public())
        older = replace(newest, encryption_subkey=lee.subkeys()[0])
        assert older != newest
        sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring)
        await sealer.start()
        try:
            for chosen in (older, newest):
                openpgp.check_sealed(openpgp.dearmor(await sealer.seal(SECRET, chosen)), chosen.encryption_subkey)
        finally:
            await sealer.stop()


# ------------------------------------------------------------------------------------------------ gpg misbehaves
ARMOUR = "-----BEGIN PGP MESSAGE-----"
GOOD = "[GNUPG:] SIG_CREATED S 22 10 00 1 $SIGNER\\n[GNUPG:] BEGIN_ENCRYPTION 2 9\\n[GNUPG:] END_ENCRYPTION\\n"
MISBEHAVIOUR = {
    "hangs": "sleep 600 & wait",
    "hangs with its input unread and its output open": "exec sleep 600",
    "fails": "cat >/dev/null; exit 2",
    "fails after a good answer": 'gpg "$@"; exit 2',
    "gives a good answer without saying so": 'gpg "$@" 2>$TMP/status; grep -v END_ENCRYPTION $TMP/status >&2',
    "says nothing": "cat >/dev/null",
    "says that all is well and gives nothing": f'cat >/dev/null; printf "{GOOD}" >&2',
    "gives the plaintext back": f'cat; printf "{GOOD}" >&2',
    "gives the plaintext back as armour": f'printf "{GOOD}" >&2; printf -- "{ARMOUR}\\n\\n"; base64 -w64; printf -- "-----END PGP MESSAGE-----\\n"',
    "is cut off": 'gpg "$@" | head -c 200',
    "is cut off within the last line": 'gpg "$@" | head -c -3',
    "is cut off and armoured anew": (
        f'gpg "$@" | gpg --batch --dearmor | head -c 400 > $TMP/cut; printf -- "{ARMOUR}\\n\\n"; base64 -w64 $TMP/cut; printf -- "-----END PGP MESSAGE-----\\n"'
    ),
    "adds a recipient": 'gpg "$@" --recipient $SIGNER',
    "adds a hidden recipient": 'gpg "$@" --hidden-recipient $SIGNER',
    "hides the recipient": 'gpg "$@" --throw-keyids',
    "adds a password": 'gpg "$@" --symmetric --pinentry-mode loopback --passphrase x',
    "adds a comment": 'gpg "$@" --comment "she cried"',
    "adds text behind": 'gpg "$@"; echo "she cried"',
    "adds text before": 'echo "she cried"; gpg "$@"',
    "encrypts to another": 'gpg --homedir "$HOMEDIR" --batch --trust-model always --armor --status-fd 2 --encrypt -r $SIGNER',
    "does not sign": 'for a; do shift; [ "$a" = --sign ] || set -- "$@" "$a"; done; gpg "$@"',
    "only signs": 'for a; do shift; [ "$a" = --encrypt ] || set -- "$@" "$a"; done; gpg "$@"',
    "encrypts half": 'head -c 2000 | gpg "$@"; cat >/dev/null',
    "compresses": 'gpg "$@" --compress-algo zlib',
    "writes garbled status lines": 'cat >/dev/null; printf "[GNUPG:] \\n[GNUPG:] SIG_CREATED\\n[GNUPG:] INV_RECP\\n[GNUPG:] \\377 x\\n" >&2',
    "dies": "kill -9 $$",
}


@pytest.fixture
def bad_gpg(tmp_path: Path, coach: Path, request: pytest.FixtureRequest) -> str:
    """A gpg that behaves until it is asked to encrypt."""
    names = f"SIGNER={coach_fingerprint(coach)} HOMEDIR={coach} TMP={tmp_path}"
    start = 'case "$*" in *--list-config*) exec gpg "$@";; esac'
    return script(tmp_path / "gpg", f"{names}\n{start}\n{MISBEHAVIOUR[request.param]}")


@pytest.mark.parametrize("bad_gpg", MISBEHAVIOUR, indirect=True)
async def test_whatever_gpg_does_nothing_unproven_leaves(coach: Path, kim: Home, bad_gpg: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key, keyring = await pinned(coach, kim.public())
    sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring, gpg=bad_gpg, limit=1.5)
    await sealer.start()
    try:
        with pytest.raises(SealerUnavailable) as caught:
            await asyncio.wait_for(sealer.seal(SECRET * 200, key), 30)
    finally:
        await sealer.stop()
    assert b"cried".decode() not in repr(caught.getrepr(showlocals=False)) + str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


def script(path: Path, line: str) -> str:
    """A program that stands in for gpg."""
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("line", ["exec sleep 600", "exit 3"])
async def test_gpg_that_does_not_answer_stops_the_start(coach: Path, tmp_path: Path, line: str) -> None:
    sealer = Sealer(coach, coach_fingerprint(coach), {}.__getitem__, gpg=script(tmp_path / "gpg", line), limit=0.5)
    with pytest.raises(SealerUnavailable):
        await sealer.start()
    await gone(coach)


async def test_hung_gpg_is_ended_with_all_it_started(coach: Path, kim: Home, tmp_path: Path) -> None:
    hung = script(tmp_path / "gpg", f'case "$*" in *--list-config*) exec gpg "$@";; esac\nsleep 600 & echo $! > "{tmp_path}/child"; wait')
    key, keyring = await pinned(coach, kim.public())
    sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring, gpg=hung, limit=1)
    await sealer.start()
    try:
        with pytest.raises(SealerUnavailable):
            await sealer.seal(SECRET, key)
    finally:
        await sealer.stop()
    child = Path("/proc") / (tmp_path / "child").read_text(encoding="utf-8").strip() / "cmdline"
    async with asyncio.timeout(10):
        while child.exists() and child.read_bytes():  # a process that has ended but was not waited for has no command line
            await asyncio.sleep(0.02)


async def test_missing_gpg_stops_the_start(coach: Path, kim: Home) -> None:
    sealer = Sealer(coach, coach_fingerprint(coach), {}.__getitem__, gpg="/nowhere/gpg")
    with pytest.raises(SealerUnavailable):
        await sealer.start()
    assert agents(coach) == []


@pytest.mark.parametrize("make", ["expired", "revoked", "another", "unknown"])
async def test_key_that_went_bad_after_the_plan_defers(coach: Path, make: str) -> None:
    """The keyring judged it usable a moment ago; gpg refuses, and nothing leaves."""
    with home() as lee:
        old = ("--faked-system-time", "20240101T000000")
        fingerprint = lee.key(expires="1d", options=old) if make == "expired" else lee.key()
        key = Key(fingerprint, lee.subkeys()[0])
        if make == "revoked":
            certificate = (lee.path / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
            lee.gpg("--import", stdin=certificate.replace(b":-----BEGIN", b"-----BEGIN"))
        if make == "another":
            key = replace(key, encryption_subkey="A" * 40)
        ring = lee.gpg("--export", fingerprint)
        sealer = Sealer(coach, coach_fingerprint(coach), {}.__getitem__ if make == "unknown" else {fingerprint: ring}.__getitem__)
        await sealer.start()
        try:
            with pytest.raises(SealerUnavailable):
                await sealer.seal(SECRET, key)
        finally:
            await sealer.stop()


# ------------------------------------------------------------------------------------------------ the agent, the pool
def agents(coach: Path) -> list[str]:
    """Processes whose command line names the home; a process that has ended has none."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if command.startswith(b"gpg-agent\0") and os.fsencode(coach) in command:
                found.append(entry.name)
    return found


async def gone(coach: Path) -> None:
    """Returns once no agent of the home is left; the test's own limit ends it otherwise."""
    async with asyncio.timeout(30):
        while agents(coach):
            await asyncio.sleep(0.05)


async def test_seal_before_start_and_after_stop_defers(coach: Path, kim: Home) -> None:
    key, keyring = await pinned(coach, kim.public())
    sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring)
    with pytest.raises(SealerUnavailable):
        await sealer.seal(SECRET, key)
    await sealer.start()
    assert len(agents(coach)) == 1
    await sealer.stop()
    assert agents(coach) == []
    with pytest.raises(SealerUnavailable):
        await sealer.seal(SECRET, key)


async def test_agent_that_died_is_replaced_and_the_seals_succeed(sealer: Sealer, coach: Path, key: Key) -> None:
    for pid in agents(coach):
        os.kill(int(pid), signal.SIGKILL)
    await gone(coach)
    sealed = await asyncio.gather(*(sealer.seal(SECRET, key) for _ in range(6)))
    assert len(set(sealed)) == 6
    assert len(agents(coach)) == 1


async def test_two_processes_of_the_gateway_share_an_agent(sealer: Sealer, coach: Path, kim: Home, key: Key) -> None:
    """A command beside the daemon uses its agent and leaves it running; a daemon whose agent belonged to a command goes on without it."""
    daemons = agents(coach)
    _, keyring = await pinned(coach, kim.public())
    beside = Sealer(coach, coach_fingerprint(coach), keyring.ring)
    await beside.start()
    await beside.seal(SECRET, key)
    assert agents(coach) == daemons
    await beside.stop()
    assert agents(coach) == daemons
    await beside.start()
    await sealer.stop()
    await gone(coach)
    await beside.seal(SECRET, key)
    assert len(agents(coach)) == 1
    await beside.stop()
    await gone(coach)


async def test_agent_that_hangs_is_replaced(coach: Path, kim: Home) -> None:
    """Stopped in the middle: it accepts connections and says nothing."""
    key, keyring = await pinned(coach, kim.public())
    sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring, limit=1)
    await sealer.start()
    (hung,) = agents(coach)
    os.kill(int(hung), signal.SIGSTOP)
    try:
        await asyncio.wait_for(sealer.seal(SECRET, key), 60)
        assert hung not in agents(coach)
    finally:
        await sealer.stop()
    assert agents(coach) == []


async def test_agent_ends_when_the_daemon_is_killed(coach: Path) -> None:
    """kill -9 of the process that started it: nobody is there to end the agent, and it ends."""
    program = (
        "import asyncio, pathlib, sys\nfrom gateway.edges.sealer import Sealer\n"
        "async def main():\n    await Sealer(pathlib.Path(sys.argv[1]), 'A' * 40, {}.__getitem__).start()\n"
        "    print('up', flush=True)\n    await asyncio.Event().wait()\nasyncio.run(main())\n"
    )
    daemon = subprocess.Popen([sys.executable, "-c", program, str(coach)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    with daemon:
        assert daemon.stdout
        assert await asyncio.to_thread(daemon.stdout.readline) == b"up\n"
        assert len(agents(coach)) == 1
        daemon.kill()
    await gone(coach)


async def test_many_seals_at_once_all_succeed(sealer: Sealer, key: Key) -> None:
    sealed = await asyncio.gather(*(sealer.seal(PAYLOADS["ascii"], key) for _ in range(40)))
    assert len(set(sealed)) == 40
    for armored in sealed:
        openpgp.check_sealed(openpgp.dearmor(armored), key.encryption_subkey)


async def test_nothing_of_the_mail_or_the_client_lies_in_the_home(sealer: Sealer, coach: Path, key: Key) -> None:
    await sealer.seal(SECRET, key)
    files = [p for p in coach.rglob("*") if p.is_file()]
    assert files
    for path in files:
        octets = path.read_bytes()
        assert SECRET not in octets
        assert str(KIM).encode() not in octets


async def test_gpg_conf_in_the_home_adds_nobody(sealer: Sealer, coach: Path, key: Key) -> None:
    conf = coach / "gpg.conf"
    conf.write_text(f"encrypt-to {coach_fingerprint(coach)}\ncomment she cried\n", encoding="utf-8")
    try:
        openpgp.check_sealed(openpgp.dearmor(await sealer.seal(SECRET, key)), key.encryption_subkey)
    finally:
        conf.unlink()


async def test_no_argument_of_gpg_names_mail_or_address(coach: Path, kim: Home, tmp_path: Path) -> None:
    recording = script(tmp_path / "gpg", f'echo "$@" >> "{tmp_path}/arguments"; exec gpg "$@"')
    key, keyring = await pinned(coach, kim.public())
    sealer = Sealer(coach, coach_fingerprint(coach), keyring.ring, gpg=recording)
    await sealer.start()
    await sealer.seal(SECRET, key)
    await sealer.stop()
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8")
    assert f"{key.encryption_subkey}!" in arguments
    assert "@" not in arguments
    assert "cried" not in arguments
