"""How fast the front door takes mail, beside stock aiosmtpd in the same run.

    python bench/receive.py [--rounds N]

Each server runs in a process of its own on loopback and throws the mail away after the dot. The client is the same for both: plain sockets, the
octets built before the clock starts. Rounds of the two servers alternate, so that a busy machine hits both; the medians are compared. Prints
messages and MiB a second, and ratios; a ratio above 1 means that ours is faster. CPU is that of the server process.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import multiprocessing
import os
import resource
import socket
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

SIZES = {"4 KiB": (4 * 1024, 300, 10), "1 MiB": (2**20, 20, 4), "20 MB": (20_000_000, 3, 1)}  # octets, messages a connection, connections
LIMIT = 36 * 2**20
COACH = "coach@coach.example"


def message(octets: int) -> bytes:
    """A mail with a base64 attachment, dot-stuffed as on the wire, and its final dot."""
    body = base64.encodebytes(os.urandom(octets * 3 // 4)).replace(b"\n", b"\r\n")[: octets - 100]
    return b"From: <coach@coach.example>\r\nSubject: figures\r\n\r\n" + body.rstrip(b"\r\n") + b"\r\n.\r\n"


# ------------------------------------------------------------------------------------------------ servers
async def ours() -> int:
    """The submission server with a pipeline that keeps nothing; its port."""
    from gateway.core.address import parse_mailbox
    from gateway.core.model import Account, Receipt, Submission
    from gateway.edges.submission import SubmissionServer, SubmissionSettings

    class Everybody:
        async def verify(self, login: str, password: bytes) -> Account | None:
            return Account(login, 1, (parse_mailbox(COACH),), "coach")

    class Now:
        def now(self) -> datetime:
            return datetime.now(UTC)

    async def drop(_: Submission) -> Receipt:
        return Receipt("dropped")

    server = SubmissionServer(SubmissionSettings((("127.0.0.1", 0),), tls="none", per_address=32), Everybody(), drop, Now())
    await server.start()
    return server.addresses[0][1]


async def stock() -> int:
    """aiosmtpd as it comes, with the same size limit; its port."""
    from aiosmtpd.smtp import SMTP, AuthResult

    class Drop:
        async def handle_DATA(self, *_: object) -> str:
            return "250 dropped"

    def protocol() -> SMTP:
        return SMTP(Drop(), data_size_limit=LIMIT, auth_require_tls=False, authenticator=lambda *_: AuthResult(success=True), loop=asyncio.get_running_loop())

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


def serve(which: Callable[[], object], pipe: Connection) -> None:
    """Run a server until the pipe is closed; answer every word on the pipe with CPU seconds and peak memory (KiB) so far."""

    async def run() -> None:
        pipe.send(await which())  # type: ignore[misc]
        while await asyncio.to_thread(pipe.recv):
            used = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send((used.ru_utime + used.ru_stime, used.ru_maxrss))

    asyncio.run(run())


# ------------------------------------------------------------------------------------------------ the client
class Client:
    """A mail program that only waits for replies."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.replies = self.socket.makefile("rb")
        self.expect(b"220")
        self.say(b"EHLO bench.example\r\n", b"250")
        self.say(b"AUTH PLAIN " + base64.b64encode(b"\0coach\0secret") + b"\r\n", b"235")

    def expect(self, code: bytes) -> None:
        while True:
            line = self.replies.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(code):
            raise RuntimeError(f"wanted {code!r}, got {line!r}")

    def say(self, octets: bytes, code: bytes) -> None:
        self.socket.sendall(octets)
        self.expect(code)

    def send(self, octets: bytes) -> None:
        self.say(b"MAIL FROM:<coach@coach.example>\r\n", b"250")
        self.say(b"RCPT TO:<dana@acme.example>\r\n", b"250")
        self.say(b"DATA\r\n", b"354")
        self.say(octets, b"250")


def send_all(port: int, octets: bytes, count: int) -> None:
    client = Client(port)
    for _ in range(count):
        client.send(octets)
    client.socket.close()


def measure(port: int, pipe: Connection, size: str) -> tuple[float, float]:
    """(wall, server CPU) seconds a message."""
    octets, count, connections = SIZES[size]
    mail = message(octets)
    pipe.send("cpu")
    cpu = pipe.recv()[0]
    context = multiprocessing.get_context("fork")
    clients = [context.Process(target=send_all, args=(port, mail, count)) for _ in range(connections)]
    started = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    wall = time.perf_counter() - started
    if any(client.exitcode for client in clients):
        raise RuntimeError("a client failed")
    pipe.send("cpu")
    return wall / (count * connections), (pipe.recv()[0] - cpu) / (count * connections)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    context = multiprocessing.get_context("spawn")
    servers = {}
    for name, which in (("ours", ours), ("stock", stock)):
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(which, there), daemon=True)
        process.start()
        servers[name] = (here.recv(), here, process)
    print(f"{'':8}{'ours':>22}{'stock':>22}{'ratio':>8}{'CPU ours':>12}{'CPU stock':>12}{'ratio':>8}")
    for size, (octets, _, _) in SIZES.items():
        found: dict[str, list[tuple[float, float]]] = {"ours": [], "stock": []}
        for _ in range(rounds):
            for name, (port, pipe, _) in servers.items():
                found[name].append(measure(port, pipe, size))
        wall = {name: statistics.median(w for w, _ in rows) for name, rows in found.items()}
        cpu = {name: statistics.median(c for _, c in rows) for name, rows in found.items()}
        cells = [f"{1 / wall[n]:9.1f}/s {octets / wall[n] / 2**20:7.1f} MiB/s" for n in ("ours", "stock")]
        print(
            f"{size:8}{cells[0]:>22}{cells[1]:>22}{wall['stock'] / wall['ours']:8.2f}"
            f"{cpu['ours'] * 1000:9.2f} ms{cpu['stock'] * 1000:9.2f} ms{cpu['stock'] / max(cpu['ours'], 1e-9):8.2f}"
        )
    for name, (_, pipe, process) in servers.items():
        pipe.send("memory")
        print(f"peak memory of the server process, {name}: {pipe.recv()[1] / 1024:.0f} MiB")
        pipe.send("")
        process.join(5)


if __name__ == "__main__":
    main()
