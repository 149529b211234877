"""The keyring, against keys that GnuPG and OpenPGP.js really make: every key a client may hand over is usable or has its reason."""

from __future__ import annotations

import asyncio
import base64
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.core import openpgp
from gateway.core.model import Client, Mailbox
from gateway.edges.keyring import MAX_PASTE, Keyring, coach_fingerprint, create_coach_key, export_coach_key
from gateway.errors import ConfigurationError, SealerUnavailable
from tests.contracts.openpgp_keys import KIM, Home, home
from tests.contracts.readers import OpenPGPjs
from tests.fakes.keyring import FakeKeyring

NOW = datetime.now(UTC)
OLD = ("--faked-system-time", "20240101T000000")


@pytest.fixture(scope="module")
def coach() -> Iterator[Path]:
    """The gateway's own home with the coach's key."""
    path = Path(tempfile.mkdtemp(prefix="cgh"))
    create_coach_key(path, "Robin Vale", "coach@coach.example")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def kim() -> Iterator[Home]:
    with home() as made:
        yield made


class Shelf(dict[str, bytes]):
    """The store's part: pinned keys by client id."""

    async def load(self, client_id: str) -> bytes | None:
        return self.get(client_id)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def keyring(coach: Path, shelf: Shelf) -> Keyring:
    made = Keyring(coach, shelf.load)
    await made.start()
    return made


def client(fingerprint: str | None, *, personal: Mailbox | None = KIM, verified: bool = False) -> Client:
    return Client("c-0001", "Kim Lund", personal=personal, fingerprint=fingerprint, key_verified=verified)


# ------------------------------------------------------------------------------------------------ one key, one judgement
def revoke(kim: Home, fingerprint: str) -> None:
    certificate = (kim.path / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
    kim.gpg("--import", stdin=certificate.replace(b":-----BEGIN", b"-----BEGIN"))


def with_revoked_subkey(kim: Home) -> bytes:
    fingerprint = kim.key()
    kim.edit(fingerprint, "key 1", "revkey", "y", "0", "", "y")
    return kim.public(fingerprint)


def with_revoked_address(kim: Home) -> bytes:
    fingerprint = kim.key()
    kim.gpg("--quick-add-uid", fingerprint, "Kim Lund <other@home.example>")
    kim.gpg("--quick-revoke-uid", fingerprint, f"Kim Lund <{KIM}>")
    return kim.public(fingerprint)


def revoked(kim: Home) -> bytes:
    fingerprint = kim.key()
    revoke(kim, fingerprint)
    return kim.public(fingerprint)


def two_in_one_block(kim: Home) -> bytes:
    kim.key()
    kim.key(user_id="Lee Lund <lee@home.example>")
    return kim.public()


def two_blocks(kim: Home) -> bytes:
    return kim.public(kim.key()) + b"\nand mine:\n" + kim.public(kim.key(user_id="Lee Lund <lee@home.example>"))


def expired_subkey(kim: Home) -> bytes:
    fingerprint = kim.key(subkey="", options=OLD)
    kim.gpg(*OLD, "--quick-add-key", fingerprint, "cv25519", "encrypt", "1d")
    return kim.public(fingerprint)


def private(kim: Home) -> bytes:
    return kim.gpg("--armor", "--export-secret-keys", kim.key())


def bare_packets_with_private(kim: Home) -> bytes:
    return kim.gpg("--export-secret-keys", kim.key())


def without_binding(kim: Home) -> bytes:
    """A subkey that somebody put there: its binding signature is that of another key's subkey."""
    mine, other = kim.key(subkey=""), kim.key(user_id="Lee Lund <lee@home.example>")
    theirs = kim.gpg("--export", other)
    subkey = theirs.index(b"\xb8\x38")  # old format, public subkey, 56 octets: cv25519
    return kim.gpg("--export", mine) + theirs[subkey:]


REASONS: tuple[tuple[str, str, Callable[[Home], bytes]], ...] = (
    ("expired", "key-expired", lambda k: k.public(k.key(expires="1d", options=OLD))),
    ("encryption subkey expired", "key-expired", expired_subkey),
    ("revoked", "key-revoked", revoked),
    ("encryption subkey revoked", "key-revoked", with_revoked_subkey),
    ("sign only", "key-not-for-encryption", lambda k: k.public(k.key(subkey=""))),
    ("subkey of another key", "key-not-for-encryption", without_binding),
    ("RSA of 1024 bits", "key-too-weak", lambda k: k.public(k.key("rsa1024", "rsa1024"))),
    ("RSA subkey of 1024 bits", "key-too-weak", lambda k: k.public(k.key("rsa3072", "rsa1024"))),
    ("DSA and ElGamal", "key-too-weak", lambda k: k.public(k.key("dsa2048", "elg2048"))),
    ("SHA-1 self-signatures", "key-too-weak", lambda k: k.public(k.key(options=("--cert-digest-algo", "SHA1")))),
    ("another address", "key-other-address", lambda k: k.public(k.key(user_id="Kim Lund <other@home.example>"))),
    ("address of a longer domain", "key-other-address", lambda k: k.public(k.key(user_id=f"Kim Lund <{KIM}.attacker.example>"))),
    ("address in the name only", "key-other-address", lambda k: k.public(k.key(user_id=f"{KIM} <other@home.example>"))),
    ("address revoked", "key-other-address", with_revoked_address),
    ("two keys in one block", "key-ambiguous", two_in_one_block),
    ("two blocks in one paste", "key-ambiguous", two_blocks),
    ("a private key", "key-missing", private),
    ("a private key without armour", "key-missing", bare_packets_with_private),
    ("no key at all", "key-missing", lambda k: b"Here is my key, as you asked!"),
    ("a key cut off", "key-missing", lambda k: k.gpg("--export", k.key())[:-20]),
    ("too large", "key-missing", lambda k: k.public(k.key()) + b" " * MAX_PASTE),
)


@pytest.mark.parametrize(("reason", "make"), [pytest.param(r, m, id=name) for name, r, m in REASONS])
async def test_key_that_cannot_be_used_has_its_reason(keyring: Keyring, kim: Home, reason: str, make: Callable[[Home], bytes]) -> None:
    inspection = await keyring.inspect(make(kim), KIM, NOW)
    assert (inspection.state.key, inspection.state.reason) == (None, reason)


@pytest.mark.parametrize("kind", ["generate-v6", "generate-new"])
async def test_key_that_gnupg_is_too_old_for_is_named_as_such(keyring: Keyring, kim: Home, kind: str) -> None:
    """A v6 key, and a v4 key with the algorithms that came with v6."""
    pasted = OpenPGPjs(kim.path, b"").make_key(str(KIM), kind)
    assert (await keyring.inspect(pasted, KIM, NOW)).state.reason == "key-v6"


@pytest.mark.parametrize(
    ("algorithm", "subkey", "user_id", "shown"),
    [
        ("ed25519", "cv25519", f"Kim Lund <{KIM}>", ("ed25519", "cv25519")),
        ("rsa3072", "rsa2048", f"Kim Lund <{KIM}>", ("rsa3072", "rsa2048")),
        ("nistp256", "nistp256", f"Kim (home: private) Lund <{KIM}>", ("nistp256", "nistp256")),
        ("ed25519", "cv25519", str(KIM), ("ed25519", "cv25519")),
        ("ed25519", "cv25519", "Kim <KIM+gpg@Home.Example>", ("ed25519", "cv25519")),
    ],
)
async def test_good_key_is_usable_and_shown(keyring: Keyring, kim: Home, algorithm: str, subkey: str, user_id: str, shown: tuple[str, ...]) -> None:
    fingerprint = kim.key(algorithm, subkey, user_id=user_id)
    inspection = await keyring.inspect(b"My key:\r\n" + kim.public(fingerprint).replace(b"\n", b"\r\n"), KIM, NOW)
    assert inspection.state.key
    assert inspection.state.key.encryption_subkey == kim.subkeys()[-1]
    assert (inspection.fingerprint, inspection.user_ids, inspection.algorithms, inspection.expires) == (fingerprint, (user_id,), shown, None)


async def test_key_without_armour_is_read(keyring: Keyring, kim: Home) -> None:
    assert (await keyring.inspect(kim.gpg("--export", kim.key()), KIM, NOW)).state.key


async def test_rsa_primary_that_encrypts_itself_is_usable(keyring: Keyring, kim: Home) -> None:
    kim.gpg("--quick-generate-key", f"<{KIM}>", "rsa3072", "sign,cert,encrypt", "never")
    state = (await keyring.inspect(kim.public(), KIM, NOW)).state
    assert state.key
    assert state.key.encryption_subkey == state.key.fingerprint


async def test_newest_living_subkey_is_chosen(keyring: Keyring, kim: Home) -> None:
    fingerprint = kim.key(options=OLD)
    kim.gpg("--quick-add-key", fingerprint, "cv25519", "encrypt", "1y")
    state = (await keyring.inspect(kim.public(), KIM, NOW)).state
    later = (await keyring.inspect(kim.public(), KIM, NOW + timedelta(days=400))).state
    assert state.key
    assert later.key
    assert [later.key.encryption_subkey, state.key.encryption_subkey] == kim.subkeys()


async def test_expiry_is_judged_at_the_time_asked(keyring: Keyring, kim: Home) -> None:
    pasted = kim.public(kim.key(expires="10d"))
    state = (await keyring.inspect(pasted, KIM, NOW)).state
    assert state.key
    assert state.key.expires
    assert (await keyring.inspect(pasted, KIM, state.key.expires - timedelta(seconds=1))).state.key
    assert (await keyring.inspect(pasted, KIM, state.key.expires)).state.reason == "key-expired"


async def test_forged_cache_of_a_good_signature_does_not_count(keyring: Keyring, kim: Home) -> None:
    """A trust packet says to gpg that a signature was checked before; in a pasted key it is nobody's word."""
    fingerprint = kim.key()
    octets = kim.gpg("--export", fingerprint)
    forged = octets.replace(f"Kim Lund <{KIM}>".encode(), b"Tim Lund <tim@home.example>"[: len(f"Kim Lund <{KIM}>")])
    assert forged != octets
    with_trust = b"".join(_packet_and_trust(forged))
    tim = Mailbox("tim", "home.example")
    assert (await keyring.inspect(forged, tim, NOW)).state.reason == "key-other-address"
    assert (await keyring.inspect(with_trust, tim, NOW)).state.reason == "key-missing"


def _packet_and_trust(octets: bytes) -> Iterator[bytes]:
    """Each packet (old format, one or two length octets, as gpg exports), a "checked, valid" trust packet behind each signature."""
    at = 0
    while at < len(octets):
        size = 1 << (octets[at] & 3)
        end = at + 1 + size + int.from_bytes(octets[at + 1 : at + 1 + size], "big")
        yield octets[at:end]
        if octets[at] >> 2 & 15 == openpgp.Tag.SIGNATURE:
            yield b"\xb0\x06\x00\x03gpg\x00"
        at = end


# ------------------------------------------------------------------------------------------------ state of a client
@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (client("A" * 40, personal=None), "key-missing"),
        (client(None), "key-missing"),
        (client("A" * 40), "key-missing"),
    ],
)
async def test_client_without_address_pin_or_key_has_none(keyring: Keyring, who: Client, reason: str) -> None:
    assert (await keyring.state(who, NOW)).reason == reason


async def test_pinned_key_is_usable_and_its_ring_holds_it_alone(keyring: Keyring, shelf: Shelf, kim: Home) -> None:
    fingerprint = kim.key()
    shelf["c-0001"] = kim.public(fingerprint)
    state = await keyring.state(client(fingerprint.lower()), NOW)
    assert state.key
    assert state.key.fingerprint == fingerprint
    assert openpgp.key_versions(keyring.ring(fingerprint)) == (4,)


async def test_other_fingerprint_than_the_pinned_one_is_refused(keyring: Keyring, shelf: Shelf, kim: Home) -> None:
    fingerprint = kim.key()
    shelf["c-0001"] = kim.public(fingerprint)
    assert (await keyring.state(client("A" * 40), NOW)).reason == "key-ambiguous"
    with pytest.raises(KeyError):
        keyring.ring(fingerprint)


async def test_renewed_and_revoked_keys_count_from_the_next_question_on(keyring: Keyring, shelf: Shelf, kim: Home) -> None:
    fingerprint = kim.key(expires="1d", options=OLD)
    shelf["c-0001"] = kim.public(fingerprint)
    assert (await keyring.state(client(fingerprint), NOW)).reason == "key-expired"
    kim.gpg("--quick-set-expire", fingerprint, "1y")
    kim.gpg("--quick-set-expire", fingerprint, "1y", kim.subkeys()[0])
    shelf["c-0001"] = kim.public(fingerprint)
    assert (await keyring.state(client(fingerprint), NOW)).key
    revoke(kim, fingerprint)
    shelf["c-0001"] = kim.public(fingerprint)
    assert (await keyring.state(client(fingerprint), NOW)).reason == "key-revoked"


async def test_verification_is_demanded_where_the_policy_demands_it(coach: Path, shelf: Shelf, kim: Home) -> None:
    fingerprint = kim.key()
    shelf["c-0001"] = kim.public(fingerprint)
    strict = Keyring(coach, shelf.load, require_verified=True)
    assert (await strict.state(client(fingerprint), NOW)).reason == "key-unverified"
    assert (await strict.state(client(fingerprint, verified=True), NOW)).key


async def test_gpg_is_asked_once_for_an_unchanged_key(coach: Path, shelf: Shelf, kim: Home, tmp_path: Path) -> None:
    counting = tmp_path / "gpg"
    counting.write_text(f'#!/bin/sh\necho call >> "{tmp_path}/calls"\nexec gpg "$@"\n')
    counting.chmod(0o755)
    fingerprint = kim.key()
    shelf["c-0001"] = kim.public(fingerprint)
    keyring = Keyring(coach, shelf.load, gpg=str(counting))
    first = await keyring.state(client(fingerprint), NOW)
    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert await keyring.state(client(fingerprint), NOW) == first
    assert (tmp_path / "calls").read_text(encoding="utf-8") == calls


async def test_nothing_of_a_client_reaches_the_home(coach: Path, keyring: Keyring, shelf: Shelf, kim: Home) -> None:
    fingerprint = kim.key()
    shelf["c-0001"] = kim.public(fingerprint)
    await keyring.state(client(fingerprint), NOW)
    found = [p for p in coach.rglob("*") if p.is_file() and str(KIM).encode() in p.read_bytes()]
    assert found == []


# ------------------------------------------------------------------------------------------------ gpg that does not answer
async def test_hung_gpg_is_ended_and_defers(coach: Path, shelf: Shelf, kim: Home, tmp_path: Path) -> None:
    hung = tmp_path / "gpg"
    hung.write_text("#!/bin/sh\nsleep 600 & wait\n")
    hung.chmod(0o755)
    shelf["c-0001"] = kim.public(kim.key())
    with pytest.raises(SealerUnavailable):
        await asyncio.wait_for(Keyring(coach, shelf.load, gpg=str(hung), limit=0.3).state(client("A" * 40), NOW), 20)


async def test_missing_gpg_defers(coach: Path, shelf: Shelf, kim: Home) -> None:
    shelf["c-0001"] = kim.public(kim.key())
    with pytest.raises(SealerUnavailable):
        await Keyring(coach, shelf.load, gpg="/nowhere/gpg").state(client("A" * 40), NOW)


# ------------------------------------------------------------------------------------------------ the coach's key
async def test_autocrypt_carries_the_coach_key(coach: Path, keyring: Keyring) -> None:
    addr, _, keydata = keyring.autocrypt("coach@coach.example").partition("; keydata=")
    assert addr == "addr=coach@coach.example"
    packets = [p.tag for p in openpgp.packets(base64.b64decode(keydata))]
    assert packets == [6, 13, 2, 14, 2]  # Autocrypt Level 1 section 2.1.1: key, user id, self-signature, encryption subkey, binding
    assert base64.b64decode(keydata) == openpgp.pasted_keys(export_coach_key(coach))


def test_autocrypt_before_start_is_refused(coach: Path, shelf: Shelf) -> None:
    with pytest.raises(SealerUnavailable):
        Keyring(coach, shelf.load).autocrypt("coach@coach.example")


def test_coach_key_is_made_once(coach: Path) -> None:
    fingerprint = coach_fingerprint(coach)
    assert create_coach_key(coach, "Somebody Else", "else@coach.example") == fingerprint
    assert stat.S_IMODE(coach.stat().st_mode) == 0o700


def test_home_without_a_coach_key_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run init first"):
        coach_fingerprint(tmp_path / "nowhere")


def test_long_home_path_and_line_breaks_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="too long"):
        create_coach_key(tmp_path / ("d" * 100), "Robin Vale", "coach@coach.example")
    with pytest.raises(ConfigurationError, match="one printable line"):
        create_coach_key(tmp_path / "h", "Robin\n%no-protection", "coach@coach.example")


# ------------------------------------------------------------------------------------------------ the fake keeps the same promises
async def test_fake_answers_in_the_same_words() -> None:
    fake = FakeKeyring({"c-0009": "key-expired"})
    assert (await fake.state(client(None), NOW)).reason == "key-missing"
    assert (await fake.state(client("A" * 40, personal=None), NOW)).reason == "key-missing"
    assert (await fake.state(Client("c-0009", "Lee", personal=KIM, fingerprint="B" * 40), NOW)).reason == "key-expired"
    assert (await fake.state(client("A" * 40), NOW)).key
    assert fake.autocrypt("coach@coach.example").startswith("addr=coach@coach.example; keydata=")
