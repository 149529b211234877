"""A program that takes custody until it is stopped: prints "kept ID" after each commit that returned, "refused ID" after each that did not.

python -m tests.faults.store_worker FOLDER ROUND COUNT SIZE      COUNT submissions (0: for ever) by 4 tasks, bodies of SIZE octets
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from gateway.edges.clock import SystemClock
from gateway.edges.store import Store, sqlite_url
from gateway.edges.vault import Vault
from gateway.errors import StoreUnavailable
from tests.contracts.store_cases import custody, held, outgoing


async def work(folder: Path, name: str, wanted: int, size: int) -> None:
    store = Store(sqlite_url(folder / "coachgate.db"), Vault.load(folder / "master.key"), SystemClock(), busy_timeout=0.3)
    numbers = iter(range(wanted)) if wanted else count()

    async def one() -> None:
        for number in numbers:
            identity = f"{name}-{number}"
            deposit = custody(identity, outgoing(f"{identity}.a", octets=os.urandom(size)), waits=(held(f"{identity}.h"),))
            try:
                await store.commit(deposit)
            except StoreUnavailable:
                say(f"refused {identity}")
            else:
                say(f"kept {identity}")

    say("ready")
    await asyncio.gather(*(one() for _ in range(4)))
    store.close()


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")  # one write, nothing buffered: what was said before a kill was said


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
