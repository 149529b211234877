"""What a seal costs, beside gpg called directly: python bench/sealing.py [--calls 120] [--keys 1000].

One run measures all ways in turn, several times over, so that the ratios hold on a busy machine; the absolute figures are this machine's alone.
"encrypt" is the floor of an unsigned mail, "sign+encrypt" that of what the gateway sends; both with the sealer's own options and its agent.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import gnupg

from gateway.core import openpgp, pgpmime
from gateway.core.model import Client, Key, Mailbox
from gateway.edges import sealer as edge
from gateway.edges.keyring import Keyring, create_coach_key
from gateway.edges.sealer import Sealer

ROUNDS = 3
THREADS = (1, 2, 4)


@dataclass(frozen=True)
class Row:
    rate: float  # calls a second
    median: float  # milliseconds
    p99: float


def measure(call: Callable[[], object], threads: int, calls: int) -> Row:
    """`calls` calls from `threads` threads."""
    durations: list[float] = []

    def work() -> None:
        for _ in range(calls // threads):
            start = time.perf_counter()
            call()
            durations.append(time.perf_counter() - start)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed = time.perf_counter() - start
    durations.sort()
    return Row(len(durations) / elapsed, statistics.median(durations) * 1e3, durations[int(len(durations) * 0.99) - 1] * 1e3)


def middle(rows: list[Row]) -> Row:
    return Row(*(statistics.median(getattr(r, f) for r in rows) for f in ("rate", "median", "p99")))


def direct(home: Path, ring: Path | None, key: Key, signer: str | None, octets: bytes, binary: str = "gpg") -> Callable[[], bytes]:
    """gpg with the sealer's options, started from here."""
    command = [binary, "--homedir", str(home), "--batch", "--no-tty", "--status-fd", "2", *edge._OPTIONS, "--trust-model", "always"]
    command += [*(("--keyring", str(ring)) if ring else ()), "--recipient", f"{key.encryption_subkey}!", "--armor", "--encrypt"]
    command += ["--sign", "--local-user", signer] if signer else []
    return lambda: subprocess.run(command, input=octets, capture_output=True, check=True, env=edge._ENVIRONMENT).stdout


def make_keys(home: Path, number: int) -> list[tuple[str, bytes]]:
    """`number` client keys, (fingerprint, public key)."""
    block = (
        "%no-protection\nKey-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nSubkey-Type: ECDH\nSubkey-Curve: cv25519\n"
        "Name-Email: client{n}@home.example\nExpire-Date: 0\n%commit\n"
    )
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--no-auto-check-trustdb"]
    parameters = "".join(block.format(n=n) for n in range(number))
    subprocess.run([*gpg, "--generate-key"], input=parameters.encode(), check=True, capture_output=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    exported = subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout
    keys: list[tuple[str, bytes]] = []
    rows = subprocess.run([*gpg, "--with-colons", "--list-keys"], check=True, capture_output=True, text=True).stdout.splitlines()
    fingerprints = [rows[n + 1].split(":")[9] for n, row in enumerate(rows) if row.startswith("pub:")]
    starts = []
    at = 0
    while at < len(exported):  # old format with lengths of one or two octets, as gpg exports
        if exported[at] >> 2 & 15 == openpgp.Tag.PUBLIC_KEY:
            starts.append(at)
        size = 1 << (exported[at] & 3)
        at += 1 + size + int.from_bytes(exported[at + 1 : at + 1 + size], "big")
    for fingerprint, start, end in zip(fingerprints, starts, [*starts[1:], len(exported)], strict=True):
        keys.append((fingerprint, exported[start:end]))
    return keys


def rates(folder: Path, home: Path, signer: str, keyring: Keyring, key: Key, calls: int) -> None:
    """Sealing at 1, 2 and 4 threads, beside gpg and beside python-gnupg as it comes."""
    ring = folder / "one.pgp"
    ring.write_bytes(keyring.ring(key.fingerprint))
    stock_home = folder / "s"
    stock_home.mkdir(mode=0o700)
    subprocess.run(["gpg", "--homedir", str(stock_home), "--batch", "--quiet", "--import", str(ring)], check=True, capture_output=True)
    stock = gnupg.GPG(gnupghome=str(stock_home))
    for name, size, count in (("4 KiB", 4096, calls), ("1 MiB", 1 << 20, max(8, calls // 8))):
        text = base64.encodebytes(os.urandom(size))[:size]  # as an attachment has it; what compresses well would flatter gpg's defaults
        ways: dict[str, Callable[[], object]] = {
            "gpg, encrypt": direct(home, ring, key, None, text),
            "gpg, sign+encrypt": direct(home, ring, key, signer, text),
            "python-gnupg as it comes, encrypt": lambda text=text: stock.encrypt(text, [key.fingerprint], always_trust=True),
        }
        print(f"\n{name}: calls a second (median ms, p99 ms); ratio to gpg sign+encrypt at the same number of threads")
        for threads in THREADS:
            made = Sealer(home, signer, keyring.ring, threads=threads)
            asyncio.run(made.start())
            ways["sealer"] = lambda made=made, text=text: made._seal(text, key)
            made._seal(text, key)  # makes the tables that are made once a process
            rows: dict[str, list[Row]] = {way: [] for way in ways}
            for _ in range(ROUNDS):
                for way, call in ways.items():
                    rows[way].append(measure(call, threads, count))
            asyncio.run(made.stop())
            base = middle(rows["gpg, sign+encrypt"])
            for way, found in rows.items():
                row = middle(found)
                print(
                    f"  {threads} thread{'s' * (threads > 1):1}  {way:34} {row.rate:7.0f}  ({row.median:6.1f}, {row.p99:7.1f})  {row.rate / base.rate:5.2f} x"
                )


async def growth(folder: Path, home: Path, signer: str, sizes: tuple[int, ...], calls: int) -> None:
    """Cost of judging and sealing with few and with many clients."""
    print("\nclients: judge a key once, ask again, seal 4 KiB (ms); gpg sign+encrypt with all keys in one keyring (ms)")
    base: dict[str, float] = {}
    for number in sizes:
        other = folder / f"k{number}"
        other.mkdir(mode=0o700)
        keys = make_keys(other, number)
        shelf = {f"c-{n:04}": octets for n, (_, octets) in enumerate(keys)}

        async def load(client_id: str, shelf: dict[str, bytes] = shelf) -> bytes:
            return shelf[client_id]

        keyring, now = Keyring(home, load), datetime.now(UTC)
        clients = [Client(f"c-{n:04}", "", personal=Mailbox(f"client{n}", "home.example"), fingerprint=f) for n, (f, _) in enumerate(keys)]
        start = time.perf_counter()
        states = [await keyring.state(client, now) for client in clients]
        judged = (time.perf_counter() - start) / number
        start = time.perf_counter()
        for client in clients:
            await keyring.state(client, now)
        again = (time.perf_counter() - start) / number
        chosen = [s.key for s in states if s.key]
        assert len(chosen) == number
        made = Sealer(home, signer, keyring.ring, threads=1)
        await made.start()
        turn = itertools.cycle(chosen)

        def seal(made: Sealer = made, turn: Iterator[Key] = turn) -> bytes:
            return made._seal(b"x" * 4096, next(turn))

        everybody = folder / f"all{number}.pgp"
        everybody.write_bytes(b"".join(shelf.values()))
        last = direct(home, everybody, chosen[-1], signer, b"x" * 4096)
        sealed, one = [], []
        for _ in range(ROUNDS):
            sealed.append(await asyncio.to_thread(measure, seal, 1, calls))
            one.append(await asyncio.to_thread(measure, last, 1, max(10, calls // 4)))
        await made.stop()
        figures = {"judge": judged * 1e3, "again": again * 1e3, "seal": middle(sealed).median, "one keyring": middle(one).median}
        base = base or figures
        print(f"  {number:5}  " + "  ".join(f"{name} {value:7.3f} ({value / base[name]:4.2f} x)" for name, value in figures.items()))


def proof(key_octets: int) -> None:
    """What the proof of a finished copy costs, without gpg."""
    from tests.fakes.sealer import FakeSealer

    key = Key("A" * 40, "B" * 40)
    print("\nproof of a finished copy (ms): written, proved")
    for size in (4096, 1 << 20, key_octets):
        raw = b"Subject: x\r\n\r\n" + b"y" * 76 * (size // 76)
        values = {"sender_name": "Robin Vale", "sender": "coach@coach.example", "to": "kim@home.example", "date": "Wed, 25 Nov 2026 10:00:00 +0000"}
        start = time.perf_counter()
        payload = pgpmime.protect(raw, subject="x", message_id="<1@coach.example>", boundary="i-1", **values)
        written = time.perf_counter() - start
        octets = pgpmime.frame(asyncio.run(FakeSealer().seal(payload, key)), message_id="<1@coach.example>", boundary="o-1", autocrypt="", **values)
        pgpmime.prove_sealed(octets, key)  # tables for the checksum are made once a process
        start = time.perf_counter()
        pgpmime.prove_sealed(octets, key)
        print(f"  {size:9} octets  {written * 1e3:7.2f}  {(time.perf_counter() - start) * 1e3:7.2f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=120)
    arguments.add_argument("--keys", type=int, default=1000)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cgb"))
    try:
        home = folder / "h"
        signer = create_coach_key(home, "Robin Vale", "coach@coach.example")
        first = folder / "k1"
        first.mkdir(mode=0o700)
        ((fingerprint, octets),) = make_keys(first, 1)

        async def load(client_id: str) -> bytes:
            return octets

        keyring = Keyring(home, load)
        client = Client("c-0000", "", personal=Mailbox("client0", "home.example"), fingerprint=fingerprint)
        key = asyncio.run(keyring.state(client, datetime.now(UTC))).key
        assert key
        rates(folder, home, signer, keyring, key, given.calls)
        asyncio.run(growth(folder, home, signer, (10, given.keys), given.calls))
        proof(5_000_000)
    finally:
        for made in folder.glob("[hsk]*"):
            subprocess.run(["gpgconf", "--homedir", str(made), "--kill", "all"], check=False)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
