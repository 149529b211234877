"""Retries: growing pauses, spread without chance, a warning once, an end; and none of it fooled by a clock that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import schedule

START = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # the night after, summer time begins in Europe
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOST = 2 * schedule.attempt_at(schedule.PATIENCE.give_up_after)
JUMPS = [HOUR, -HOUR, DAY, -DAY, 365 * DAY, -365 * DAY]


def life(copy_id: str = "c0ffee01", jump: timedelta = timedelta(0), jump_before: int = 0) -> list[tuple[datetime, datetime]]:
    """Attempts of a copy whose next hop never answers: (real time, time by the clock). The clock jumps before attempt `jump_before`.

    The real time of an attempt is when `is_due` first says so, looked at each minute.
    """
    real, off, planned, attempts = START, timedelta(0), START, []
    for attempt in range(1, 100):
        if attempt == jump_before:
            off = jump
        while not schedule.is_due(planned, real + off):
            real += MINUTE
        attempts.append((real, real + off))
        following = schedule.next_attempt(copy_id, attempt, START, real + off)
        if following is None:
            return attempts
        planned = following
    raise AssertionError("never gave up")


def test_pauses_follow_the_table_with_at_most_a_tenth_more() -> None:
    for attempt in range(1, 20):
        pause = schedule.next_attempt("c0ffee01", attempt, START, START)
        assert pause is not None
        nominal = schedule.PAUSES[min(attempt, len(schedule.PAUSES)) - 1]
        assert nominal <= pause - START <= nominal * 1.1


def test_pauses_grow() -> None:
    assert list(schedule.PAUSES) == sorted(set(schedule.PAUSES))


def test_the_same_copy_gets_the_same_answer_and_another_copy_another() -> None:
    answers = {schedule.next_attempt(f"{n:032x}", 3, START, START) for n in range(50)}
    assert len(answers) == 50
    assert schedule.next_attempt("a", 3, START, START) == schedule.next_attempt("a", 3, START, START)


def test_a_whole_life_ends_after_two_days_and_warns_once_after_about_four_hours() -> None:
    attempts = life()
    span = attempts[-1][0] - START
    assert 48 * HOUR <= span <= 48 * HOUR + schedule.FURTHEST
    warned = [real for n, (real, _) in enumerate(attempts, 1) if schedule.warns(n)]
    assert len(warned) == 1
    assert 4 * HOUR <= warned[0] - START <= 4.5 * HOUR


@pytest.mark.parametrize("jump", JUMPS, ids=str)
@pytest.mark.parametrize("before", [1, 2, 4, 7, 12])
def test_no_jump_of_the_clock_makes_a_storm_an_early_end_or_an_endless_wait(jump: timedelta, before: int) -> None:
    """One jump costs at most one early attempt; else at most one a minute, at least five before the end, and never longer than the longest pause."""
    attempts = life(jump=jump, jump_before=before)
    real = [r for r, _ in attempts]
    pauses = [b - a for a, b in zip(real, real[1:], strict=False)]
    assert len(attempts) >= 5
    assert len(attempts) <= MOST
    early = [n for n, pause in enumerate(pauses) if pause < MINUTE]
    assert early in ([], [before - 2])
    assert max(pauses) <= schedule.FURTHEST + MINUTE


def test_a_clock_that_stands_a_year_back_still_comes_to_an_end() -> None:
    long_ago = START - 365 * DAY
    assert schedule.next_attempt("a", MOST - 1, START, long_ago) is not None
    assert schedule.next_attempt("a", MOST, START, long_ago) is None


@pytest.mark.parametrize(
    ("attempt", "age", "ends"), [(4, 49 * HOUR, False), (5, 49 * HOUR, True), (5, 47 * HOUR, False), (5, 48 * HOUR, True), (1, 365 * DAY, False)]
)
def test_giving_up_takes_age_and_attempts(attempt: int, age: timedelta, ends: bool) -> None:
    assert schedule.gives_up(attempt, START, START + age) is ends
    assert (schedule.next_attempt("a", attempt, START, START + age) is None) is ends


@pytest.mark.parametrize(
    ("ahead", "due"), [(-HOUR, True), (timedelta(0), True), (MINUTE, False), (schedule.FURTHEST, False), (schedule.FURTHEST + MINUTE, True)], ids=str
)
def test_due_is_now_or_impossibly_far_ahead(ahead: timedelta, due: bool) -> None:
    assert schedule.is_due(START + ahead, START) is due


@given(st.text(max_size=40), st.integers(1, 200), st.timedeltas(-400 * DAY, 400 * DAY))
def test_an_answer_lies_between_one_minute_and_the_furthest_pause(copy_id: str, attempt: int, age: timedelta) -> None:
    now = START + age
    answer = schedule.next_attempt(copy_id, attempt, START, now)
    assert answer is None or MINUTE <= answer - now <= schedule.FURTHEST


@pytest.mark.parametrize(("hours", "attempt"), [(0, 1), (1, 6), (4, 7), (5, 8), (48, 29)])
def test_an_age_has_its_attempt(hours: int, attempt: int) -> None:
    assert schedule.attempt_at(hours * HOUR) == attempt


@pytest.mark.parametrize(("warn", "end"), [(1, 8), (4, 24), (24, 240)])
def test_an_operator_s_own_patience(warn: int, end: int) -> None:
    patience = schedule.Patience(warn * HOUR, end * HOUR)
    now, attempt, warned = START, 1, []
    while (following := schedule.next_attempt("c0ffee01", attempt, START, now, patience)) is not None:
        if schedule.warns(attempt, patience):
            warned.append(now - START)
        now, attempt = following, attempt + 1
    assert len(warned) == 1
    assert warn * HOUR <= warned[0] <= (warn + 2) * 1.1 * HOUR
    assert end * HOUR <= now - START <= end * HOUR + schedule.FURTHEST


def test_a_crash_loop_slows_down_and_one_crash_costs_nothing() -> None:
    """The first interrupted attempt is repeated at once; the pauses after that grow and stay below the furthest."""
    waits = [schedule.after_crash("c0ffee01", attempt, START) - START for attempt in range(1, 12)]
    assert waits[0] == timedelta(0)
    assert waits[1] >= MINUTE
    assert waits[:7] == sorted(set(waits[:7]))
    assert max(waits) <= schedule.FURTHEST
