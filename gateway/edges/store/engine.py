"""The database behind the store: engines, file modes, migrations, and the one thread that writes.

SQLite holds the rule "accepted means stored" by WAL with synchronous=FULL; every write transaction starts with BEGIN IMMEDIATE, because a deferred one that
reads first and writes later loses updates of the other process. What is erased is overwritten (secure_delete). Nothing outside of this module knows which
engine is used. A failure of the database leaves as `StoreUnavailable` or `StoreDamaged`, never with the statement or its values in the text.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc, inspect, make_url, text

from gateway.errors import ConfigurationError, GatewayError, StoreDamaged, StoreUnavailable
from gateway.migrations import REVISION

T = TypeVar("T")
_OWN_FAULTS = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.InterfaceError)  # a unit's own: it fails alone
_WRITE_LOCK = 7_253_091_486_027  # any number no other program on this server uses
_BATCH = 128  # units in one transaction: bounds what one failing COMMIT takes with it


def sqlite_url(path: Path) -> str:
    """The address of a database file."""
    return f"sqlite+pysqlite:///{path}"


@contextmanager
def _named_failures() -> Iterator[None]:
    """Turn what the database raises into the two failures the gateway knows.

    The texts of SQLAlchemy hold statement and values, so they are cut from the chain (`from None`) and only the driver's class is named.
    """
    try:
        yield
    except exc.OperationalError as error:  # locked, disk full, read-only, I/O error, no connection
        raise StoreUnavailable(f"the database did not take it: {error.orig}") from None
    except exc.DBAPIError as error:
        if "malformed" in str(error.orig) or "not a database" in str(error.orig):
            raise StoreDamaged("the database file is damaged: restore it from a backup") from None
        raise StoreUnavailable(f"the database refused: {type(error.orig).__name__}") from None
    except exc.SQLAlchemyError as error:
        raise StoreUnavailable(f"the database is out of reach: {type(error).__name__}") from None


def _engine(url: str, *, writes: bool, busy_timeout: float) -> Engine:
    """An engine whose transactions begin as they must: one for the writing thread, one that can only read."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        address = address.set(drivername="postgresql+psycopg") if address.drivername == "postgresql" else address
        engine = create_engine(address, hide_parameters=True, pool_pre_ping=True, pool_size=1 if writes else 2, isolation_level="READ COMMITTED")
        if writes:
            event.listen(engine, "begin", lambda connection: _one_writer(connection, busy_timeout))
        return engine
    engine = create_engine(address, hide_parameters=True, connect_args={"timeout": busy_timeout, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own idea of when to BEGIN loses updates
        connection.text_factory = lambda octets: octets.decode("utf-8", "surrogateescape")  # damaged text must be found, not raise on the way
        pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY", "trusted_schema=OFF"]
        for pragma in pragmas if writes else ["foreign_keys=ON", "temp_store=MEMORY", "trusted_schema=OFF", "query_only=ON"]:
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _one_writer(connection: Connection, busy_timeout: float) -> None:
    """What BEGIN IMMEDIATE is on SQLite: one transaction writes at a time.

    All of them continue an audit chain and so wait for one another anyway; taking that lock first keeps units that share a transaction, and touch rows in
    any order, from locking each other out for good.
    """
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(busy_timeout * 1000)}")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


@dataclass
class _Unit:
    """One caller's work inside a shared transaction."""

    work: Callable[[Connection], Any]
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """One thread and one connection. Callers hand in units of work; whatever waits runs in one transaction, each unit in a savepoint, synced by one COMMIT.

    `transactions` and `units` count what was committed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._units: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._closed = False
        self.transactions = 0
        self.units = 0
        self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work(connection)`, once it is on disk.

        A caller that is cancelled while its unit still waits takes it back; one whose unit has begun does not: the unit is then committed all the same.
        Raises whatever `work` raised, or `StoreUnavailable`; in both cases nothing of it was kept.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed")
        unit = _Unit(work)
        self._units.put(unit)
        result: T = await asyncio.wrap_future(unit.future)
        return result

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        self._closed = True
        self._units.put(None)
        self._thread.join()

    def _loop(self) -> None:
        open_ended = True
        while open_ended:
            batch = [self._units.get()]
            while len(batch) < _BATCH and not self._units.empty():  # this thread is the only one that takes, so get() returns at once
                batch.append(self._units.get())
            open_ended = None not in batch
            units = [unit for unit in batch if unit is not None and unit.future.set_running_or_notify_cancel()]
            if units:
                self._transact(units)

    def _transact(self, units: list[_Unit]) -> None:
        """Run all units and commit once. Futures are answered only after the COMMIT, or after everything was rolled back."""
        answers: list[Callable[[], None]] = []
        try:
            with _named_failures(), self._engine.begin() as connection:
                for unit in units:
                    answers.append(_attempt(unit, connection))
        except Exception as error:  # noqa: BLE001  # handed to every caller: a thread that dies would leave them waiting for ever
            failure = error if isinstance(error, GatewayError) else StoreUnavailable(f"the transaction failed: {type(error).__name__}")
            if not answers:  # it could not even begin, for as long as a transaction waits: whoever came meanwhile need not wait as long again
                units = units + self._behind()
            answers = [lambda unit=unit: unit.future.set_exception(failure) for unit in units]  # type: ignore[misc]
        else:
            self.transactions += 1
            self.units += len(units)
        for answer in answers:
            answer()


    def _behind(self) -> list[_Unit]:
        """The units that have come since, taken from the queue; the mark of the end stays in it."""
        found = [self._units.get() for _ in range(self._units.qsize())]
        if None in found:
            self._units.put(None)
        return [unit for unit in found if unit is not None and unit.future.set_running_or_notify_cancel()]


def _attempt(unit: _Unit, connection: Connection) -> Callable[[], None]:
    """Run one unit in a savepoint and return how to answer its caller.

    A failure of the database itself is not contained: on a full disk SQLite may have rolled back everything already, savepoints included.
    """
    try:
        with connection.begin_nested():
            result = unit.work(connection)
    except _OWN_FAULTS as error:
        refusal = StoreUnavailable(f"the database refused the row: {type(error.orig).__name__}")  # it is there already, or no engine takes such a value
        return lambda: unit.future.set_exception(refusal)
    except exc.SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001  # belongs to this caller alone, who gets it whole
        fault = error
        return lambda: unit.future.set_exception(fault)
    return lambda: unit.future.set_result(result)


class Database:
    """A writer and a few readers on one database."""

    def __init__(self, url: str, busy_timeout: float = 5.0) -> None:
        _secure_files(url)
        self._engines = _engine(url, writes=True, busy_timeout=busy_timeout), _engine(url, writes=False, busy_timeout=busy_timeout)
        _check_revision(self._engines[1])  # only read: the command line opens the store while the daemon writes
        _secure_files(url)
        self._readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="store-reader")
        self.writer = Writer(self._engines[0])

    async def write(self, work: Callable[[Connection], T]) -> T:
        """`Writer.run`."""
        return await self.writer.run(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The result of `work(connection)` on one snapshot, in a reader's thread; the connection cannot write."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work)

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """The same in the caller's thread: for the command line."""
        with _named_failures(), self._engines[1].begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Finish what waits and let go of the file."""
        self.writer.close()
        self._readers.shutdown()
        for engine in self._engines:
            engine.dispose()


# ------------------------------------------------------------------------------------------------ files and schema
def _secure_files(url: str) -> None:
    """The database and its two companions are for their owner only. SQLite gives the companions the mode of the database.

    A file that is there is never opened here: closing any descriptor of it drops the POSIX locks of this whole process (fcntl(2)), and then
    the next process that closes the database believes to be the last one and removes the write-ahead log under our hands.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return
    path = Path(address.database)
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            if name.exists():
                name.chmod(0o600)
    except OSError as error:
        raise StoreUnavailable(f"the database file cannot be opened: {error.strerror}") from None


def migrate(url: str, busy_timeout: float = 5.0) -> None:
    """Bring the schema to this program's revision, in one transaction: after a crash it is the old one or the new one, never between."""
    from alembic import command  # only `init` migrates; every other command would wait for these imports in vain
    from alembic.config import Config

    _secure_files(url)
    engine = _engine(url, writes=True, busy_timeout=busy_timeout)
    try:
        with _named_failures(), engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", "gateway:migrations")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _check_revision(engine: Engine) -> None:
    """Raise `ConfigurationError` where the schema is not this program's: a wrong guess here would cost mail."""
    with _named_failures(), engine.begin() as connection:
        known = inspect(connection).has_table("alembic_version")
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if known else None
    if found == REVISION:
        return
    engine.dispose()
    if found is None:
        raise ConfigurationError(("the database is empty: run `coachgate init`",))
    raise ConfigurationError((f"the database has schema {found}, this program needs {REVISION}: run `coachgate init` with the newer of the two programs",))
