"""Custody under faults: killed, locked out, full, cut off, damaged. What was acknowledged is there, what was not has left nothing, and nothing is readable."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from gateway.core.checkpoint import parse_checkpoints
from gateway.core.model import AuditEvent, Client, Contact, Mailbox, Role
from gateway.edges.store import Notary, Store, User, migrate, note_key, sqlite_url
from gateway.edges.vault import Vault
from gateway.errors import ConfigurationError, GatewayError, StoreDamaged, StoreUnavailable
from gateway.ports import Delivery, Result
from tests.contracts.store_cases import COACH, NOON, TENANT, custody, held, outgoing
from tests.fakes.clock import FixedClock
from tests.faults.store_worker import work

ROOT = Path(__file__).parents[2]


def prepare(folder: Path) -> None:
    """Keys, database and tenant."""
    Vault.create(folder / "master.key")
    migrate(sqlite_url(folder / "coachgate.db"))

    async def fill() -> None:
        store = opened(folder)
        await store.put_coach(TENANT, COACH)
        store.close()

    asyncio.run(fill())


def opened(folder: Path, busy_timeout: float = 5.0) -> Store:
    return Store(sqlite_url(folder / "coachgate.db"), Vault.load(folder / "master.key"), FixedClock(NOON), busy_timeout=busy_timeout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(tmp_path)
    return tmp_path


def worker(folder: Path, *words: object, wrapper: tuple[str, ...] = (), **options: object) -> subprocess.Popen[bytes]:
    command = [*wrapper, sys.executable, "-m", "tests.faults.store_worker", str(folder), *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]


def said(output: bytes, word: str) -> list[str]:
    return [line.split()[1] for line in output.decode().splitlines() if line.startswith(word + " ")]


def assert_in_custody(folder: Path, kept: list[str]) -> None:
    """Each acknowledged submission is there whole: its row, its copy with a body that opens, its held item, its events; and the chain is unbroken."""

    async def look() -> None:
        store = opened(folder)
        copies = {lease.outgoing.id for lease in await store.claim(datetime(2200, 1, 1, tzinfo=UTC), 1_000_000)}
        items = {item.id for item in await store.held_list(TENANT)}
        accepted = {entry.row.submission_id for entry in await store.events(TENANT) if entry.row.event == "accepted"}
        key = Notary.create(Path(tempfile.mkdtemp(dir=folder)) / "audit.key").public(await store.origin(TENANT))
        found = await store.verify(TENANT, note_key(key))
        store.close()
        assert [name for name in kept if f"{name}.a" not in copies or f"{name}.h" not in items or name not in accepted] == []
        assert found.ok, found
        assert copies == {f"{name}.a" for name in accepted}  # and nothing is there by half
        assert items == {f"{name}.h" for name in accepted}

    asyncio.run(look())


# ------------------------------------------------------------------------------------------------ killed
def kill_rounds(folder: Path, rounds: int) -> int:
    kept: list[str] = []
    dice = random.Random(8)
    for number in range(rounds):
        reading, writing = os.pipe()
        child = os.fork()  # a process of its own without a second of imports
        if child == 0:
            os.dup2(writing, 1)
            os.close(reading)
            asyncio.run(work(folder, f"r{number}", 0, 300))
            os._exit(1)
        os.close(writing)
        with open(reading, "rb") as output:
            assert output.readline() == b"ready\n"
            lines = [output.readline() for _ in range(dice.randint(1, 60))]
            os.kill(child, signal.SIGKILL)
            lines += output.readlines()
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        kept += said(b"".join(lines), "kept")
    assert_in_custody(folder, kept)
    return len(kept)


@pytest.mark.timeout(300)
def test_every_acknowledged_commit_survives_kill_9(folder: Path) -> None:
    """20 rounds: the process dies at a random moment of a loop of commits by four tasks."""
    assert kill_rounds(folder, 20) >= 20


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_acknowledged_commit_survives_kill_9_two_hundred_times(folder: Path) -> None:
    """The same, 200 rounds."""
    assert kill_rounds(folder, 200) >= 200


def test_a_power_cut_loses_nothing_that_was_synced(folder: Path, tmp_path: Path) -> None:
    """What was written after the last acknowledged sync is lost or torn: the log is cut there, and filled with what a disk may leave."""
    log = folder / "coachgate.db-wal"
    sizes = []

    async def fill() -> None:
        store = opened(folder)
        for number in range(12):
            await store.commit(custody(f"s{number}", outgoing(f"s{number}.a"), waits=(held(f"s{number}.h"),)))
            sizes.append(log.stat().st_size)
        (tmp_path / "frozen").mkdir()
        for name in ("master.key", "coachgate.db", log.name):
            shutil.copy(folder / name, tmp_path / "frozen" / name)
        store.close()

    asyncio.run(fill())
    assert sizes == sorted(set(sizes))  # each commit reached the log, and none was folded into the database
    whole = (tmp_path / "frozen" / log.name).read_bytes()
    for number, size in enumerate(sizes):
        for kind, tail in enumerate((b"", bytes(4096), os.urandom(9000), whole[size : size + 2000])):
            cut = tmp_path / f"cut-{number}-{kind}"
            shutil.copytree(tmp_path / "frozen", cut)
            (cut / log.name).write_bytes(whole[:size] + tail)
            assert_in_custody(cut, [f"s{n}" for n in range(number + 1)])


def test_nothing_is_acknowledged_before_it_is_synced(folder: Path, tmp_path: Path) -> None:
    """The order of system calls: ready, write the log, sync it, and only then "kept"."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: Debian package strace")
    trace = tmp_path / "trace"
    wrapper = ("strace", "-f", "-qq", "-y", "-o", str(trace), "-e", "trace=write,pwrite64,fdatasync,fsync")
    process = worker(folder, "r", 1, 300, wrapper=wrapper)
    output, errors = process.communicate(timeout=60)
    if process.returncode:
        pytest.skip(f"strace may not trace here: {errors.decode()[:80]}")
    assert said(output, "kept") == ["r-0"]
    calls = trace.read_text().splitlines()
    ready, kept = (next(i for i, call in enumerate(calls) if f'"{word}' in call) for word in ("ready", "kept"))
    between = [call.split(None, 1)[1].split("(")[0] for call in calls[ready:kept] if "-wal>" in call]
    assert "pwrite64" in between
    last_write = max(i for i, call in enumerate(between) if call == "pwrite64")
    assert {"fdatasync", "fsync"} & set(between[last_write:])


# ------------------------------------------------------------------------------------------------ refused by the disk or by another process
def test_a_database_locked_by_another_process_defers_and_keeps_nothing(folder: Path) -> None:
    """The other process holds the write lock longer than the store waits."""
    lock = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1],isolation_level=None); c.execute('BEGIN IMMEDIATE'); print('locked',flush=True); sys.stdin.read()"

    async def attempt(other: subprocess.Popen[bytes]) -> None:
        store = opened(folder, busy_timeout=0.2)
        first = custody("s1", outgoing("s1.a"), waits=(held("s1.h"),))
        results = await asyncio.gather(store.commit(first), store.settle("x", Delivery(Result.DELIVERED), None, ()), return_exceptions=True)
        assert [type(r) for r in results] == [StoreUnavailable, StoreUnavailable]
        assert (await store.status())["accepted"] == 0  # reading goes on meanwhile
        other.communicate(b"")
        assert (await store.commit(first)).repeated is False
        store.close()

    with subprocess.Popen([sys.executable, "-c", lock, str(folder / "coachgate.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        asyncio.run(attempt(other))
    assert_in_custody(folder, ["s1"])


def test_who_comes_while_a_transaction_cannot_begin_does_not_wait_as_long_again(folder: Path) -> None:
    """The unit behind the one that waits fails with it: that the lock does not come free is known by then."""

    async def attempt() -> None:
        store = opened(folder, busy_timeout=2.0)
        with contextlib.closing(sqlite3.connect(folder / "coachgate.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            first = asyncio.create_task(store.commit(custody("s1", outgoing("s1.a"))))
            while not store._database.writer._units.empty() or first.done():  # the writing thread takes it, and waits
                await asyncio.sleep(0)
            await asyncio.sleep(0.1)
            behind = [asyncio.create_task(store.commit(custody(f"s{i}", outgoing(f"s{i}.a")))) for i in range(2, 6)]
            await asyncio.wait([first])
            _, waiting = await asyncio.wait(behind, timeout=1.0)
            assert not waiting
            assert {type(task.exception()) for task in (first, *behind)} == {StoreUnavailable}
            other.execute("ROLLBACK")
        assert not (await store.commit(custody("s2", outgoing("s2.a"), waits=(held("s2.h"),)))).repeated
        store.close()

    asyncio.run(attempt())
    assert_in_custody(folder, ["s2"])


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 1 MiB with a prepared store on it."""
    place = Path(tempfile.mkdtemp())
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False).returncode:
        place.rmdir()
        pytest.skip("cannot mount a small file system here: run as root with CAP_SYS_ADMIN; the limit on file size below stands in for it")
    prepare(place)
    yield place
    subprocess.run(["umount", str(place)], check=True)
    place.rmdir()


def test_a_full_disk_defers_and_heals_when_there_is_room(small_disk: Path) -> None:
    """Filled up between commits; every refusal leaves nothing, and once there is room the next commit is taken."""
    asyncio.run(fill_up_and_make_room(small_disk))
    assert_in_custody(small_disk, [f"s{number}" for number in range(5)])


async def fill_up_and_make_room(small_disk: Path) -> None:
    """Fill, be refused, make room, be taken."""
    store = opened(small_disk, busy_timeout=0.2)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    for number in range(5):
        with pytest.raises(StoreUnavailable):
            await store.commit(custody(f"full{number}", outgoing(f"full{number}.a", octets=bytes(20_000)), waits=(held(f"full{number}.h"),)))
    filler.unlink()
    for number in range(5):
        await store.commit(custody(f"s{number}", outgoing(f"s{number}.a"), waits=(held(f"s{number}.h"),)))
    assert (await store.status())["accepted"] == 5
    store.close()


def test_a_file_that_may_not_grow_defers_and_keeps_nothing(folder: Path) -> None:
    """RLIMIT_FSIZE: every write past 600 kB fails; what was acknowledged before is there, what was refused is not."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    process = worker(folder, "r", 60, 30_000, preexec_fn=limit)
    output, errors = process.communicate(timeout=60)
    kept, refused = said(output, "kept"), said(output, "refused")
    assert process.returncode == 0, errors.decode()
    assert kept
    assert refused
    assert len(kept) + len(refused) == 60
    assert_in_custody(folder, kept)


@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("when", ["1", "3", "9+", "14..20"])
def test_a_failing_system_call_never_makes_a_false_acknowledgement(folder: Path, call: str, error: str, when: str) -> None:
    """strace makes the n-th write or sync of the process fail: acknowledged is kept, refused has left nothing, and the process lives."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: Debian package strace")
    wrapper = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
    process = worker(folder, "r", 12, 300, wrapper=wrapper)
    output, errors = process.communicate(timeout=60)
    if b"ptrace" in errors.lower() or b"Operation not permitted" in errors:
        pytest.skip(f"strace may not trace here: {errors.decode()[:80]}")
    if process.returncode and b"StoreUnavailable" in errors:
        assert said(output, "kept") == []  # already the opening failed, and said so
    else:
        assert process.returncode == 0, errors.decode()
    assert_in_custody(folder, said(output, "kept"))


def test_the_command_line_writes_while_the_daemon_does(folder: Path) -> None:
    """Two processes on one file, both writing: neither is refused, and their rows make one chain."""
    process = worker(folder, "r", 200, 300)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    async def change() -> None:
        store = opened(folder)
        for number in range(40):
            await store.put_contact(TENANT, Contact(f"@shop{number}.example", Role.NOT_A_CLIENT))
        assert len((await store.directory(TENANT)).contacts) == 40
        store.close()

    asyncio.run(change())
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    assert len(said(output, "kept")) == 200
    assert_in_custody(folder, said(output, "kept"))


# ------------------------------------------------------------------------------------------------ restored
def test_a_restored_backup_is_found_by_a_checkpoint_from_outside_also_after_the_log_went_on(folder: Path, tmp_path: Path) -> None:
    """Yesterday's database under today's checkpoint."""
    notary = Notary.create(tmp_path / "audit.key")

    async def day(names: tuple[str, ...]) -> str:
        store = opened(folder)
        for name in names:
            await store.commit(custody(name, outgoing(f"{name}.a")))
        note = await store.checkpoint(TENANT, notary)
        store.close()
        return note

    async def judge(note: str) -> tuple[bool, bool, int | None]:
        store = opened(folder)
        key = note_key(notary.public(await store.origin(TENANT)))
        found, back = await store.verify(TENANT, key, parse_checkpoints(note)), await store.rolled_back(TENANT, note)
        assert (await store.verify(TENANT, key)).ok  # in itself it is whole: only what was kept outside shows it
        store.close()
        return found.ok, back, found.first_bad

    asyncio.run(day(("s1", "s2")))
    shutil.copy(folder / "coachgate.db", tmp_path / "backup.db")
    kept_outside = asyncio.run(day(("s3", "s4")))
    assert asyncio.run(judge(kept_outside)) == (True, False, None)
    for name in ("coachgate.db-wal", "coachgate.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", folder / "coachgate.db")
    assert asyncio.run(judge(kept_outside)) == (False, True, 7)
    asyncio.run(day(("s5", "s6", "s7")))
    ok, back, first = asyncio.run(judge(kept_outside))
    assert (ok, back) == (False, True)
    assert first is not None
    assert first <= 7


# ------------------------------------------------------------------------------------------------ schema
def test_a_kill_at_any_statement_of_a_migration_leaves_the_old_schema_or_the_new(tmp_path: Path) -> None:
    """A forked process dies before its n-th statement, for every n; afterwards the migration can be run to its end.

    Each revision is one transaction: whatever revision the database says it has, it has its tables, no more and no fewer.
    """
    statements = 0
    of_revision: dict[str | None, set[str]] = {None: set(), "0001": ALL_TABLES}
    for number in range(1, 200):
        database = tmp_path / f"{number}.db"
        child = os.fork()
        if child == 0:
            _die_at_statement(number)
            migrate(sqlite_url(database))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        connection = sqlite3.connect(database)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
        connection.close()
        assert of_revision.setdefault(revision[0] if revision else None, tables) == tables, number
        migrate(sqlite_url(database))
        if os.WIFEXITED(status):
            break
        statements = number
    assert statements > 20


ALL_TABLES = {"alembic_version", "tenants", "users", "clients", "contacts", "submissions", "bodies", "copies", "held", "audit", "checkpoints", "client_keys"}


def _die_at_statement(number: int) -> None:
    seen = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)


# ------------------------------------------------------------------------------------------------ damaged
def damage_trials(folder: Path, trials: int) -> dict[str, int]:
    """Flip bits, blank pages, cut the file; then use everything. Only the gateway's own failures may come out; nothing may look right and be wrong."""

    async def fill() -> None:
        store = opened(folder)
        for number in range(40):
            await store.commit(custody(f"s{number}", outgoing(f"s{number}.a", octets=b"%d" % number * 500), waits=(held(f"s{number}.h"),)))
        store.close()

    asyncio.run(fill())
    sound = (folder / "coachgate.db").read_bytes()
    bodies = {f"s{number}.a": b"%d" % number * 500 for number in range(40)}
    outcomes = {"sound": 0, "found": 0}
    dice = random.Random(17)
    for _ in range(trials):
        octets = bytearray(sound)
        match dice.randrange(3):
            case 0:
                octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
            case 1:
                page = dice.randrange(len(octets) // 4096) * 4096
                octets[page : page + 4096] = bytes(4096)
            case 2:
                del octets[dice.randrange(len(octets)) :]
        for name in ("coachgate.db-wal", "coachgate.db-shm"):
            (folder / name).unlink(missing_ok=True)
        (folder / "coachgate.db").write_bytes(octets)
        outcomes["found" if asyncio.run(_found(folder, bodies)) else "sound"] += 1
    return outcomes


async def _found(folder: Path, bodies: dict[str, bytes]) -> bool:
    """Whether the damage was said, by a failure with a cause or by a count."""
    try:
        store = opened(folder)
    except (StoreDamaged, StoreUnavailable, ConfigurationError) as failure:
        return bool(str(failure))
    try:
        leases = await store.claim(NOON, 100)
        assert all(bodies[lease.outgoing.id] == lease.outgoing.octets for lease in leases)
        for item in await store.held_list(TENANT):
            await store.held_get(item.id, with_raw=True)
        await store.directory(TENANT)
        await store.commit(custody("new", outgoing("new.a")))
        key = Notary.create(Path(tempfile.mkdtemp(dir=folder)) / "audit.key").public(await store.origin(TENANT))
        found = await store.verify(TENANT, note_key(key))
        return len(leases) < len(bodies) or not found.ok
    except GatewayError as failure:
        return bool(str(failure))
    finally:
        store.close()


@pytest.mark.timeout(300)
def test_a_damaged_database_is_refused_by_name_or_works(folder: Path) -> None:
    """60 trials; most damage must be found, some hits what is not used."""
    outcomes = damage_trials(folder, 60)
    assert outcomes["found"] > 30


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_damaged_database_is_refused_by_name_or_works_five_hundred_times(folder: Path) -> None:
    """The same, 500 trials."""
    assert damage_trials(folder, 500)["found"] > 250


# ------------------------------------------------------------------------------------------------ readable
async def test_no_name_address_body_or_message_id_is_readable_in_any_file(folder: Path) -> None:
    """Canaries in every field that holds words, looked for in database, write-ahead log and shared memory, before and after they were erased."""
    canary = "QUOKKA"
    store = opened(folder)
    person = Mailbox(f"{canary}.anna", f"{canary.lower()}.example")
    client = Client("c-0001", f"Anna {canary}", (person,), (person.domain,), person, f"{canary}" * 6, True, (person,), ((canary, (canary,)),), (canary,))
    await store.put_coach(TENANT, type(COACH)(f"Robin {canary}", (person,), canary))
    await store.put_client(TENANT, client, f"-----BEGIN {canary}".encode())
    await store.put_contact(TENANT, Contact(f"@{canary.lower()}.example", Role.NOT_A_CLIENT))
    await store.put_user(TENANT, User(f"{canary}@coach.example", "coach", f"$argon2id${canary}", (person,)))
    copy = outgoing("s1.a", f"{canary}@home.example", f"Subject: {canary}\r\n\r\n{canary}\r\n".encode() * 50)
    deposit = custody("s1", copy, waits=(held("s1.h", raw=canary.encode() * 900),), untold=True, summary=(("company", f"{canary}@acme.example"),))
    await store.commit(deposit)
    await store.record(TENANT, [AuditEvent("accepted", None, None, (("user", f"{canary}@coach.example"), ("recipient", f"{canary}@x.example")))])
    for _ in range(2):
        octets = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
        assert len(octets) > 100_000
        assert canary.lower().encode() not in octets.lower()
        await store.settle("s1.a", Delivery(Result.DELIVERED), None, ())
        await store.resolve_held("s1.h", "discarded", (), (AuditEvent("discarded", None, None),))
    store.close()


async def test_an_erased_body_is_overwritten_in_the_file(folder: Path) -> None:
    """Not even the sealed octets stay in free pages once the database is closed (secure_delete)."""
    store = opened(folder)
    await store.commit(custody("s1", outgoing("s1.a", octets=os.urandom(20_000))))
    connection = sqlite3.connect(folder / "coachgate.db")
    (sealed,) = connection.execute("SELECT octets FROM bodies").fetchone()
    connection.close()
    await store.settle("s1.a", Delivery(Result.DELIVERED), None, ())
    store.close()
    left = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    assert sealed[5000:5064] not in left


def test_failures_say_nothing_of_what_was_being_stored(folder: Path) -> None:
    """The text and the chain of a failure hold no statement, no value, no address."""

    async def attempt() -> GatewayError:
        store = opened(folder, busy_timeout=0.05)
        await store.commit(custody("s1", outgoing("s1.a")))
        try:
            await store.commit(custody("s2", outgoing("s1.a", "quokka@home.example")))
        except StoreUnavailable as failure:
            return failure
        finally:
            store.close()
        raise AssertionError("the copy was taken twice")

    failure: BaseException | None = asyncio.run(attempt())
    while failure is not None:
        assert "INSERT" not in str(failure)
        assert "quokka" not in repr(failure)
        failure = failure.__cause__
