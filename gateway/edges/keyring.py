"""Public keys of clients, judged by GnuPG and by us; the coach's own gateway key (RFC 9580, Autocrypt Level 1).

A key is judged from the packets the coach gave, never found by an address and never fetched. gpg reads it as an anonymous file in memory and checks its
self-signatures; nothing is imported, so one client's key can neither replace nor hide another's, and no client's name lies on disk in clear.
The armour is taken off here, so that gpg's reader of armour never meets a pasted text. A key that cannot be used is no error but a reason (`KeyState`).
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
import subprocess  # gpg is a program; arguments are ours and fixed but for fingerprints and paths
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from gateway.core import openpgp
from gateway.core.address import MalformedPath, parse_mailbox, same_mailbox
from gateway.core.model import Client, Key, KeyState, Mailbox
from gateway.errors import ConfigurationError, SealerUnavailable

MAX_PASTE = 1 << 20  # octets; a key with photographs and hundreds of certifications stays below
_LIMIT = 30.0  # seconds for one call of gpg
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
_PUBLIC = ("--batch", "--no-tty", "--no-options", "--no-auto-key-locate", "--no-autostart", "--no-random-seed-file", "--no-auto-check-trustdb", "--lock-never")
_SIGN, _ENCRYPT, _RSA = frozenset((1, 3, 19, 22)), frozenset((1, 2, 18)), frozenset((1, 2, 3))  # RFC 9580 section 9.1: RSA, ECDSA, EdDSA; RSA, ECDH
_NEW = frozenset((25, 26, 27, 28))  # X25519, X448, Ed25519, Ed448 in the form of RFC 9580, which GnuPG cannot use, whatever the key's version
_WEAK_HASHES = frozenset((1, 2, 3))  # RFC 9580 section 9.5: MD5, SHA-1, RIPEMD-160
_RSA_BITS = 2048
_HOME_OCTETS = 107 - len("/S.gpg-agent.browser")  # a Unix socket's path ends at 107
_NAMES = {1: "rsa", 2: "rsa", 3: "rsa", 16: "elgamal", 17: "dsa"}
_BINDINGS = ("10", "11", "12", "13", "18", "1f")  # RFC 9580 section 5.2.1: certifications of a user id, subkey binding, direct key


# ------------------------------------------------------------------------------------------------ what gpg lists
@dataclass(frozen=True, slots=True)
class _Listed:
    """A primary key or a subkey as gpg lists it."""

    validity: str
    bits: int
    algorithm: int
    expires: datetime | None
    usage: str  # its own letters are lower case: "e" encrypt, "s" sign, "c" certify
    curve: str
    fingerprint: str
    signed: bool  # gpg found a self-signature good ...
    strongly: bool  # ... that is not made with a weak hash

    @property
    def strong(self) -> bool:
        """RSA of 2048 bits or a curve; DSA and ElGamal are neither."""
        return self.algorithm in _SIGN | _ENCRYPT and (self.algorithm not in _RSA or self.bits >= _RSA_BITS)


@dataclass(frozen=True, slots=True)
class _UserId:
    validity: str
    text: str
    signed: bool
    strongly: bool


@dataclass(frozen=True, slots=True)
class _Certificate:
    """A transferable public key (RFC 9580 section 10.1)."""

    primary: _Listed
    user_ids: tuple[_UserId, ...]
    subkeys: tuple[_Listed, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a pasted key is, for the coach to look at before it is pinned."""

    state: KeyState
    fingerprint: str = ""
    user_ids: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()  # of the primary key and the chosen subkey: "ed25519", "rsa3072"
    expires: datetime | None = None


def _certificate(listing: str) -> _Certificate | None:
    """The one key of a `--check-sigs --with-colons` listing (GnuPG doc/DETAILS); None where gpg shows none."""
    groups: list[list[list[str]]] = []  # each begins with a pub, sub or uid row; the rows that belong to it follow
    for row in (line.split(":") for line in listing.splitlines()):
        if row[0] in ("pub", "sub", "uid", "uat"):
            groups.append([])
        if groups:
            groups[-1].append(row)
    keys: list[_Listed] = []
    user_ids: list[_UserId] = []
    for head, *rest in groups:
        fingerprint = next((r[9] for r in rest if r[0] == "fpr"), "")
        issuer = keys[0].fingerprint if keys else fingerprint
        hashes = [int(r[15] or 0) for r in rest if r[0] == "sig" and r[1] == "!" and r[12] == issuer and r[10].startswith(_BINDINGS)]
        signed, strongly = bool(hashes), any(h not in _WEAK_HASHES for h in hashes)
        if head[0] == "uid":
            user_ids.append(_UserId(head[1], _unescaped(head[9]), signed, strongly))
        elif head[0] != "uat":
            expires = datetime.fromtimestamp(int(head[6]), UTC) if head[6] else None
            keys.append(_Listed(head[1], int(head[2] or 0), int(head[3] or 0), expires, head[11], head[16], fingerprint, signed, strongly))
    return _Certificate(keys[0], tuple(user_ids), tuple(keys[1:])) if keys and len(keys[0].fingerprint) == 40 else None


def _unescaped(text: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text)


# ------------------------------------------------------------------------------------------------ the judgement
def _judge(certificate: _Certificate, mailbox: Mailbox, at: datetime) -> KeyState:
    """The key to seal to at the time `at`, or the first reason why there is none. Pure."""
    primary = certificate.primary
    if primary.validity == "r":
        return KeyState(None, "key-revoked")
    if _over(primary, at):
        return KeyState(None, "key-expired")
    if primary.algorithm in _NEW:
        return KeyState(None, "key-v6")
    if not primary.strong or primary.algorithm not in _SIGN:
        return KeyState(None, "key-too-weak")
    named = [u for u in certificate.user_ids if u.signed and u.validity not in ("r", "i") and _names(u.text, mailbox)]
    if not named:
        return KeyState(None, "key-other-address")
    if not any(u.strongly for u in named):
        return KeyState(None, "key-too-weak")
    return _choose(primary, [k for k in (primary, *certificate.subkeys) if "e" in k.usage and (k is primary or k.signed)], at)


def _choose(primary: _Listed, candidates: list[_Listed], at: datetime) -> KeyState:
    """The newest usable encryption key among `candidates`, which gpg lists oldest first."""
    if not candidates:
        return KeyState(None, "key-not-for-encryption")
    unrevoked = [k for k in candidates if k.validity not in ("r", "i", "d")]
    if not unrevoked:
        return KeyState(None, "key-revoked")
    living = [k for k in unrevoked if not _over(k, at)]
    if not living:
        return KeyState(None, "key-expired")
    usable = [k for k in living if k.strong and k.algorithm in _ENCRYPT and (k is primary or k.strongly)]
    if not usable:
        return KeyState(None, "key-v6" if any(k.algorithm in _NEW for k in living) else "key-too-weak")
    chosen = usable[-1]
    expiries = [e for e in (primary.expires, chosen.expires) if e]
    return KeyState(Key(primary.fingerprint, chosen.fingerprint, min(expiries) if expiries else None))


def _over(key: _Listed, at: datetime) -> bool:
    """Whether `key` has expired, by our clock or by gpg's."""
    return key.validity == "e" or (key.expires is not None and key.expires <= at)


def _names(user_id: str, mailbox: Mailbox) -> bool:
    """Whether the address of a user id ("Name <address>" or the bare address) is `mailbox`."""
    found = re.search(r"<([^<>]*)>\s*\Z", user_id)
    try:
        return same_mailbox(parse_mailbox((found[1] if found else user_id).strip()), mailbox)
    except MalformedPath:
        return False


# ------------------------------------------------------------------------------------------------ the edge
class Keyring:
    """`ports.Keyring`. `start` before the first use."""

    def __init__(
        self, home: Path, load_key: Callable[[str], Awaitable[bytes | None]], *, require_verified: bool = False, gpg: str = "gpg", limit: float = _LIMIT
    ) -> None:
        """`home` is the gateway's own GNUPGHOME; `load_key` gives the pinned key of a client id, as pasted, out of the store (None: no key there).

        `require_verified` refuses keys whose fingerprint the coach has not compared by another channel.
        """
        self._home, self._load_key, self._require_verified, self._gpg, self._limit = home, load_key, require_verified, gpg, limit
        self._read: dict[str, tuple[bytes, _Certificate | None, str]] = {}  # client id -> digest of what was pasted, what it is, why it is nothing
        self._rings: dict[str, bytes] = {}  # fingerprint -> minimal public key
        self._coach_key = b""

    async def start(self) -> None:
        """Read the coach's own key. Raises SealerUnavailable, or ConfigurationError where the home holds no coach key."""
        fingerprint = await asyncio.to_thread(coach_fingerprint, self._home)
        self._coach_key = await self._run("--export-options", "export-minimal", "--export", fingerprint)

    async def inspect(self, pasted: bytes, mailbox: Mailbox, at: datetime) -> Inspection:
        """What `pasted` is (armour or binary) and whether mail to `mailbox` can be sealed to it at the time `at`. Raises SealerUnavailable."""
        certificate, _, reason = await self._examine(pasted)
        if certificate is None:
            return Inspection(KeyState(None, reason))
        state, primary = _judge(certificate, mailbox, at), certificate.primary
        chosen = [s for s in certificate.subkeys if state.key and s.fingerprint == state.key.encryption_subkey]
        return Inspection(
            state,
            primary.fingerprint,
            tuple(u.text for u in certificate.user_ids if u.signed),
            tuple(k.curve or f"{_NAMES.get(k.algorithm, 'algorithm ')}{k.bits}" for k in (primary, *chosen)),
            state.key.expires if state.key else primary.expires,
        )

    async def state(self, client: Client, at: datetime) -> KeyState:
        """The pinned key of `client` at the time `at`, or the reason why it cannot be used (`ports.Keyring.state`).

        What the store holds is compared with what was judged before, so a renewed or revoked key counts from the next mail on, whoever stored it.
        Raises SealerUnavailable where gpg does not answer.
        """
        if client.personal is None or client.fingerprint is None:
            return KeyState(None, "key-missing")
        if self._require_verified and not client.key_verified:
            return KeyState(None, "key-unverified")
        pasted = await self._load_key(client.id)
        if pasted is None:
            return KeyState(None, "key-missing")
        digest = sha256(pasted).digest()
        if self._read.get(client.id, (b"",))[0] != digest:
            certificate, ring, reason = await self._examine(pasted)
            if certificate and certificate.primary.fingerprint == client.fingerprint.upper():
                self._rings[certificate.primary.fingerprint] = ring
            self._read[client.id] = digest, certificate, reason
        _, known, reason = self._read[client.id]
        if known is None:
            return KeyState(None, reason)
        if known.primary.fingerprint != client.fingerprint.upper():
            return KeyState(None, "key-ambiguous")
        return _judge(known, client.personal, at)

    def ring(self, fingerprint: str) -> bytes:
        """The binary public key that `state` judged last under `fingerprint`, for the sealer. Raises KeyError."""
        return self._rings[fingerprint]

    def autocrypt(self, addr: str) -> str:
        """Value of an Autocrypt header field: `addr` and the coach's key. No preference is stated. Raises SealerUnavailable before `start`."""
        if not self._coach_key:
            raise SealerUnavailable("keyring not started")
        return f"addr={addr}; keydata={base64.b64encode(self._coach_key).decode()}"

    async def _examine(self, pasted: bytes) -> tuple[_Certificate | None, bytes, str]:
        """The one key in `pasted` and its minimal form, or the reason why there is none."""
        try:
            octets = openpgp.pasted_keys(pasted) if len(pasted) <= MAX_PASTE else b""
            versions = openpgp.key_versions(octets)
        except openpgp.Malformed:
            return None, b"", "key-missing"
        if len(versions) != 1:
            return None, b"", "key-ambiguous" if versions else "key-missing"
        if versions[0] != 4:
            return None, b"", "key-v6" if versions[0] > 4 else "key-too-weak"
        listing = await self._run("--with-colons", "--fixed-list-mode", "--no-sig-cache", "--check-sigs", ring=octets)
        certificate = _certificate(listing.decode("utf-8", "replace"))
        if certificate is None:
            return None, b"", "key-missing"
        minimal = await self._run("--export-options", "export-minimal,no-export-attributes", "--export", certificate.primary.fingerprint, ring=octets)
        return certificate, minimal, ""

    async def _run(self, *arguments: str, ring: bytes | None = None) -> bytes:
        """Standard output of gpg, which sees only `ring` where one is given, else the home's keyring."""
        fd = os.memfd_create("ring")
        try:
            os.write(fd, ring or b"")
            only = () if ring is None else ("--no-default-keyring", "--keyring", f"/proc/self/fd/{fd}")
            command = (self._gpg, "--homedir", str(self._home), *_PUBLIC, "--trust-model", "always", *only, *arguments)
            pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
            # a session of its own, to be ended as a group; uvloop does not know process_group
            process = await asyncio.create_subprocess_exec(
                *command, stdin=null, stdout=pipe, stderr=null, env=_ENVIRONMENT, pass_fds=(fd,), start_new_session=True
            )
        except OSError:
            raise SealerUnavailable("gpg could not be started") from None
        finally:
            os.close(fd)
        try:
            async with asyncio.timeout(self._limit):
                output, _ = await process.communicate()
        except TimeoutError:
            raise SealerUnavailable("gpg did not answer in time") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return output


# ------------------------------------------------------------------------------------------------ the coach's own key
def create_coach_key(home: Path, name: str, addr: str) -> str:
    """Make the gateway's home and, unless it has one, the coach's key in it (ed25519 and cv25519, no passphrase, no expiry); its fingerprint.

    Blocks; for `init`. Raises ConfigurationError where the path is too long for the agent's sockets, or a value is not one line; SealerUnavailable.
    """
    if len(os.fsencode(home.absolute())) > _HOME_OCTETS:
        raise ConfigurationError((f"state_dir: the path is too long; the key folder may have {_HOME_OCTETS} characters",))
    if not (name + addr).isprintable():
        raise ConfigurationError(("coach: name and address must be one printable line each",))
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    parameters = (
        f"%no-protection\nKey-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nSubkey-Type: ECDH\nSubkey-Curve: cv25519\nSubkey-Usage: encrypt\n"
        f"Name-Real: {name}\nName-Email: {addr}\nExpire-Date: 0\n%commit\n"
    )
    try:
        return coach_fingerprint(home)
    except ConfigurationError:
        pass  # none yet
    try:
        _blocking(home, "--charset=utf-8", "--generate-key", stdin=parameters.encode())
    finally:
        _blocking(home, "--kill", "all", program="gpgconf")  # the agent that gpg started to make the key
    return coach_fingerprint(home)


def coach_fingerprint(home: Path) -> str:
    """Fingerprint of the one key of the home, 40 hex digits. Raises ConfigurationError where there is not exactly one; SealerUnavailable."""
    if not home.is_dir():
        raise ConfigurationError(("state_dir: no coach key; run init first",))
    certificate_rows = [line.split(":") for line in _blocking(home, "--no-autostart", "--with-colons", "--list-keys").decode("utf-8", "replace").splitlines()]
    primaries = [n for n, row in enumerate(certificate_rows) if row[0] == "pub"]
    if len(primaries) != 1:
        raise ConfigurationError(("state_dir: no coach key; run init first" if not primaries else "state_dir: more than one coach key in the key folder",))
    return next(row[9] for row in certificate_rows[primaries[0] :] if row[0] == "fpr")


def export_coach_key(home: Path) -> bytes:
    """The coach's public key in ASCII armour. Raises ConfigurationError, SealerUnavailable."""
    return _blocking(home, "--no-autostart", "--armor", "--export-options", "export-minimal", "--export", coach_fingerprint(home))


def _blocking(home: Path, *arguments: str, stdin: bytes = b"", program: str = "gpg") -> bytes:
    command = [program, "--homedir", str(home), *(("--batch", "--no-tty", "--no-options", "--no-auto-key-locate") if program == "gpg" else ()), *arguments]
    try:
        return subprocess.run(command, input=stdin, env=_ENVIRONMENT, capture_output=True, timeout=_LIMIT, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        raise SealerUnavailable(f"{program} failed") from None
