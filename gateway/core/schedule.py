"""When a copy that could not be handed over is tried again, when the coach is warned, and when the gateway gives up.

RFC 5321 section 4.5.4.1 asks for retries with growing intervals and four to five days of patience. A reminder of a session is stale long
before that, so the coach is warned after about four hours and told of the failure after two days.

Clocks jump. A jump ahead must not turn "two days" into "two attempts", and a jump back must not keep a copy for a year: so the wall clock alone
never decides. No random number spreads the attempts (this module is pure): the copy's own id does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)

# the pauses after the first, second, ... attempt; the last one repeats. They add up so that the seventh attempt comes just after four hours.
PAUSES = (_MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, 70 * _MINUTE, 2 * _HOUR)
JITTER = 0.1  # at most so much is added to a pause
FURTHEST = PAUSES[-1] * (1 + JITTER)  # no attempt is ever put off longer

FEWEST_ATTEMPTS = 5  # before giving up, whatever the clock says
REPEAT_AFTER_SILENCE = 10 * _MINUTE


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a copy may wait before the coach hears of it, and before the gateway gives up."""

    warn_after: timedelta = 4 * _HOUR
    give_up_after: timedelta = 48 * _HOUR


PATIENCE = Patience()


def next_attempt(copy_id: str, attempt: int, queued_at: datetime, now: datetime, patience: Patience = PATIENCE) -> datetime | None:
    """When to try again after attempt number `attempt` (1 for the first) was deferred at `now`; None: give up.

    `queued_at` and `now` are aware. The answer lies between one minute and `FURTHEST` after `now`.
    """
    if gives_up(attempt, queued_at, now, patience):
        return None
    return now + _pause(attempt) * (1 + JITTER * _spread(copy_id, attempt))


def after_crash(copy_id: str, attempt: int, now: datetime) -> datetime:
    """When to try again after the process ended in the middle of attempt number `attempt`.

    The first time at once: most likely the copy has nothing to do with it. From the second on the copy itself may be what ends the process, so it waits
    like one that was deferred, one step earlier in the table, and a process that is started again at once does not end at once.
    """
    return now if attempt <= 1 else now + _pause(attempt - 1) * (1 + JITTER * _spread(copy_id, attempt))


def gives_up(attempt: int, queued_at: datetime, now: datetime, patience: Patience = PATIENCE) -> bool:
    """Whether attempt number `attempt` was the last: the copy is old and was tried often enough; or so often that the clock must stand in the past."""
    old = now - queued_at >= patience.give_up_after
    return (old and attempt >= FEWEST_ATTEMPTS) or attempt >= 2 * attempt_at(patience.give_up_after)


def warns(attempt: int, patience: Patience = PATIENCE) -> bool:
    """Whether the coach hears, after this deferred attempt, that a copy is late.

    By the number of the attempt and not by the clock: that way she hears it once, without anything to remember, whatever the clock does.
    """
    return attempt == attempt_at(patience.warn_after)


def attempt_at(age: timedelta) -> int:
    """The number of the first attempt that the table puts at `age` or later."""
    attempt, at = 1, timedelta(0)
    while at < age:
        at += _pause(attempt)
        attempt += 1
    return attempt


def _pause(attempt: int) -> timedelta:
    return PAUSES[min(attempt, len(PAUSES)) - 1]


def is_due(planned: datetime, now: datetime) -> bool:
    """Whether an attempt planned for `planned` may start at `now`.

    An attempt planned further ahead than any pause can reach was planned by a clock that ran ahead: it is due, or it would wait for ever.
    """
    return planned <= now or planned > now + FURTHEST


def _spread(copy_id: str, attempt: int) -> float:
    """A number in [0, 1) that differs from copy to copy, so that a hundred copies deferred together do not come back together."""
    digest = hashlib.sha256(f"{copy_id}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
