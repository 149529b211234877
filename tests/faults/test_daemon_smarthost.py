"""The daemon while its smarthost defers, refuses, falls silent, or is down; an unclear copy and the coach's word; and a clock that jumps meanwhile.

The daemon's wall clock is in the hands of the test, so that pauses of minutes and days are real to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.e2e.stage import COACH, HOME, WORK, mail
from tests.fakes.smarthost import Close, Reply, Reset, Silence, Step
from tests.faults.load import CANARY
from tests.faults.trouble import Hop, TroubledStage, troubled

MINUTES, DAY = 60, 86_400  # seconds


@pytest.fixture(scope="module")
def hop() -> Iterator[Hop]:
    with Hop() as smarthost:
        yield smarthost


@pytest.fixture(scope="module")
def stage(hop: Hop) -> Iterator[TroubledStage]:
    with troubled(hop.port, relay="timeout_seconds = 5\n", fake_clock=True) as built:
        yield built


@pytest.fixture(autouse=True)
def _mended(stage: TroubledStage, hop: Hop) -> Iterator[None]:
    stage.until(lambda rows: all(row[2] not in ("queued", "leased") for row in rows), "the queue did not empty")
    hop.host.mail.clear()
    yield
    hop.does()


def sent(stage: TroubledStage, raw: bytes) -> str:
    """Take `raw` into custody, with a 250; the id of its private copy, the only one of its mail copies."""
    before = {row[0] for row in stage.mail_copies()}
    stage.send(raw, WORK)
    ((copy_id, purpose, *_),) = [row for row in stage.mail_copies() if row[0] not in before]
    assert purpose == "private"
    return copy_id


def state_of(copy_id: str, *states: str, attempts: int = 1):
    return lambda rows: any(row[0] == copy_id and row[2] in states and row[3] >= attempts for row in rows)


def nothing_clear(stage: TroubledStage, hop: Hop) -> None:
    assert stage.in_clear(CANARY, [m.octets for m in hop.host.mail] + [bytes(hop.host.clear)]) == []


LATER: dict[str, dict[str, Step]] = {
    "MAIL 451": {"mail": Reply("451 4.3.2 not now")},
    "RCPT 450": {"rcpt": Reply("450 4.2.1 greylisted")},
    "dot 452": {"dot": Reply("452 4.3.1 full")},
    "dot 421 and hangs up": {"dot": Reply("421 4.3.2 closing", then_close=True)},
    "banner 554": {"mail": Close(), "banner": Reply("554 5.3.2 no service", then_close=True)},  # a connection that was kept ends too
    "cut before the dot": {"data": Close()},
}


@pytest.mark.parametrize("how", LATER)
def test_what_the_smarthost_puts_off_arrives_later_once(stage: TroubledStage, hop: Hop, how: str):
    """250 to the mail program; the copy waits, and after the pause the same copy arrives, once."""
    hop.does(**LATER[how])
    copy_id = sent(stage, mail(f"Dana, {CANARY}. {how}\n"))
    stage.until(state_of(copy_id, "queued"), "not deferred")
    assert hop.to(HOME) == []
    hop.does()
    stage.advance_clock(2 * MINUTES)
    (arrived,) = hop.wait_for(HOME)
    stage.until(state_of(copy_id, "done", attempts=2), "not settled")
    assert copy_id.encode() in arrived.octets
    assert len(hop.to(HOME)) == 1
    nothing_clear(stage, hop)
    print(f"MEASURED smarthost {how}: 250, arrived at the second attempt")


def test_what_the_smarthost_refuses_is_told(stage: TroubledStage, hop: Hop):
    """250 to the mail program, the copy fails for good, and the coach has the notice; nothing of it is kept."""
    hop.does(dot=[Reply("554 5.7.1 no")])
    copy_id = sent(stage, mail(f"Dana, {CANARY}. Refused.\n"))
    stage.until(state_of(copy_id, "failed"), "not failed")
    notice = hop.wait_for(COACH, saying=b"was refused")[0]
    assert HOME.encode() in notice.octets
    assert copy_id not in stage.command("queue", "list", "--json")
    nothing_clear(stage, hop)
    print("MEASURED smarthost 554 after the dot: 250, failed, notice")


UNCLEAR: dict[str, Step] = {"cut after the dot": Close(), "reset after the dot": Reset(), "silence after the dot": Silence()}


@pytest.mark.parametrize("how", UNCLEAR)
def test_an_unclear_copy_waits_for_the_coachs_word(stage: TroubledStage, hop: Hop, how: str):
    """Told and shown, never repeated by itself; "again" sends the same copy under the same Message-ID and is an audit event."""
    hop.does(dot=[UNCLEAR[how]])
    copy_id = sent(stage, mail(f"Dana, {CANARY}. {how}\n"))
    stage.until(state_of(copy_id, "unclear"), "not unclear", 60)
    notice = hop.wait_for(COACH, saying=b"may have arrived")[0].octets.decode()
    assert f"coachgate queue again {copy_id}" in notice
    (shown,) = [row for row in json.loads(stage.command("queue", "list", "--json")) if row["id"] == copy_id]
    assert (shown["recipient"], shown["purpose"], shown["state"]) == (HOME, "private", "unclear")
    stage.advance_clock(3 * 60 * MINUTES)
    assert "queued again" in stage.command("queue", "again", copy_id[:12])
    (arrived,) = hop.wait_for(HOME)
    stage.until(state_of(copy_id, "done"), "not settled")
    assert re.search(rf"(?mi)^Message-ID:\s*<{copy_id}\.", arrived.octets.decode())
    assert len(hop.to(HOME)) == 1
    assert "sent-again" in stage.events(12)
    assert "No copy" in stage.command("queue", "again", copy_id, check=False)
    nothing_clear(stage, hop)
    print(f"MEASURED smarthost {how}: 250, unclear, notice; arrived once on the coach's word")


def test_an_unclear_copy_is_dropped_on_the_coachs_word(stage: TroubledStage, hop: Hop):
    """Gone from the list and from the disk, with an audit event, and it cannot be sent again."""
    hop.does(dot=[Close()])
    copy_id = sent(stage, mail(f"Dana, {CANARY}. Drop.\n"))
    stage.until(state_of(copy_id, "unclear"), "not unclear")
    assert copy_id[:8] in stage.command("queue", "list")
    stage.command("queue", "drop", copy_id)
    assert "dropped" in stage.events(6)
    assert json.loads(stage.command("queue", "list", "--json")) == []
    assert "Nothing waits" in stage.command("queue", "list")
    assert "No copy" in stage.command("queue", "again", copy_id, check=False)


def test_a_smarthost_that_is_down_and_comes_back(stage: TroubledStage, hop: Hop):
    """No connection: the copies wait, and arrive when it is back, each once."""
    hop.down()
    try:
        ids = [sent(stage, mail(f"Dana, {CANARY}. Down {n}.\n")) for n in range(3)]
        for copy_id in ids:
            stage.until(state_of(copy_id, "queued"), "not deferred")
    finally:
        hop.up()
    stage.advance_clock(2 * MINUTES)
    arrived = hop.wait_for(HOME, 3)
    stage.until(lambda rows: all(state_of(i, "done")(rows) for i in ids), "not settled")
    assert sorted(i for m in arrived for i in ids if i.encode() in m.octets) == sorted(ids)
    assert len(hop.to(HOME)) == 3
    print("MEASURED smarthost down and back: 250, 3 of 3 arrived once")


# ------------------------------------------------------------------------------------------------ the clock
def test_a_clock_set_back_by_a_day_keeps_nothing_waiting(stage: TroubledStage, hop: Hop):
    """Deferred while the clock stood a day ahead: once it is right the copy goes, and the timers tick, without waiting for tomorrow."""
    stage.advance_clock(DAY)
    hop.does(dot=Reply("451 4.3.0 later"))
    copy_id = sent(stage, mail(f"Dana, {CANARY}. Tomorrow.\n"))
    stage.until(state_of(copy_id, "queued"), "not deferred")
    hop.does()
    stage.advance_clock(-DAY)
    hop.wait_for(HOME)
    stage.until(state_of(copy_id, "done"), "not settled")
    code, _ = stage.answer(mail(f"Dana, {CANARY}. Today.\n"), WORK)
    assert code == 250
    hop.wait_for(HOME, 2)
    hop.wait_for(COACH, saying=b"What went where")  # the timer of the digest does not stand still
    print("MEASURED clock set back by a day: the deferred copy arrived, the digest came")


def test_a_clock_set_ahead_by_three_days_gives_nothing_up(stage: TroubledStage, hop: Hop):
    """Two days of patience are not two attempts: the copy is tried on, and arrives."""
    hop.does(dot=Reply("451 4.3.0 later"))
    copy_id = sent(stage, mail(f"Dana, {CANARY}. Leap.\n"))
    stage.until(state_of(copy_id, "queued"), "not deferred")
    stage.advance_clock(3 * DAY)
    stage.until(state_of(copy_id, "queued", attempts=2), "given up or not tried")
    hop.does()
    stage.advance_clock(6 * MINUTES)
    hop.wait_for(HOME)
    stage.until(state_of(copy_id, "done", attempts=3), "not settled")
    print("MEASURED clock set ahead by three days: not given up, arrived at the third attempt")
