"""Custody: the one place where accepted mail, held items, the directory and the audit log are kept, in one database, in one transaction each.

    base < audit < appointments < custody < outbound < ended < held < lessons < people < watch < Store
    each file one part, each part building on the one before
    schema (tables)   engine (one writing thread, group commit)   notary (signs checkpoints)

`Store` implements `ports.Store` and what the daemon and the command line need beyond it. It never sends, decides or composes, and nothing that names a
person or quotes a mail is readable in its files.
"""

from __future__ import annotations

from datetime import timedelta

from gateway.edges.store.audit import Entry
from gateway.edges.store.base import User
from gateway.edges.store.ended import EndedCopy
from gateway.edges.store.engine import Database, migrate, sqlite_url
from gateway.edges.store.notary import Notary, note_key
from gateway.edges.store.watch import Watch
from gateway.ports import Clock, Vault

__all__ = ["EndedCopy", "Entry", "Notary", "Store", "User", "migrate", "note_key", "sqlite_url"]


class Store(Watch):
    """`ports.Store` on SQLite or PostgreSQL."""

    def __init__(
        self,
        url: str,
        vault: Vault,
        clock: Clock,
        *,
        node: str = "local",
        busy_timeout: float = 5.0,
        lease: timedelta = timedelta(minutes=30),
        keep_sent: timedelta = timedelta(0),
        keep_held: timedelta = timedelta(0),
    ) -> None:
        """Open the database at `url`, whose schema must be this program's (`migrate` makes it so).

        `node` names this machine in leases. `busy_timeout` (seconds) is how long a transaction waits for another process. A copy stays leased for `lease`
        when its process dies elsewhere, which must outlast an attempt. `keep_sent` and `keep_held`: how long bodies stay after the end (0: not at all).
        Raises `ConfigurationError` for another schema, `StoreUnavailable`, `StoreDamaged`.
        """
        super().__init__(Database(url, busy_timeout), vault, clock)
        self._node, self._lease, self._keep_sent, self._keep_held = node, lease, keep_sent, keep_held
        self._directories = {}

    @property
    def transactions(self) -> tuple[int, int]:
        """(transactions, units) committed by this process: group commit makes the first smaller than the second under load."""
        return self._database.writer.transactions, self._database.writer.units

    def close(self) -> None:
        """Commit what waits and let go of the database."""
        self._database.close()
