"""A clock that stands still until moved, and ids one can predict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


class FixedClock:
    """`ports.Clock`; `at` is read and may be set."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> datetime:
        """Move by `timedelta(**by)`, backwards too."""
        self.at += timedelta(**by)
        return self.at


class CountingIds:
    """`ports.Ids`: 32 hexadecimal digits, counting from one."""

    def __init__(self, start: int = 0) -> None:
        self.last = start

    def new(self) -> str:
        self.last += 1
        return f"{self.last:032x}"
