"""Passwords: Argon2id off the event loop, the same work for everybody, and a short memory for bursts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher

from gateway.core.model import Account, Mailbox
from gateway.edges import passwords
from gateway.edges.passwords import PasswordAccounts
from gateway.errors import StoreDamaged
from tests.contracts.submission_door import open_door
from tests.fakes.clock import FixedClock

COACH = Mailbox("coach", "coach.example")
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class Stored:
    login: str
    role: str
    password_hash: str
    mailboxes: tuple[Mailbox, ...] = (COACH,)
    patterns: tuple[str, ...] = ()


class CountingHasher(PasswordHasher):
    """Argon2 that counts and remembers on which thread it ran."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.calls = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.calls += 1
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return super().verify(hash, password)


class People(dict[str, Stored]):
    """What a store would answer."""

    async def user(self, login: str) -> tuple[int, Stored] | None:
        return (7, self[login]) if login in self else None


def accounts(**people: Stored) -> tuple[PasswordAccounts, People, CountingHasher, FixedClock]:
    stored, hasher, clock = People(people), CountingHasher(), FixedClock()
    return PasswordAccounts(stored.user, clock, hasher), stored, hasher, clock


def robin(password: str = "right", role: str = "coach") -> Stored:
    return Stored("robin", role, QUICK.hash(password))


async def test_the_right_password_gives_the_account() -> None:
    door, *_ = accounts(robin=robin())
    assert await door.verify("robin", b"right") == Account("robin", 7, (COACH,), "coach")
    for login, password in (("robin", b"wrong"), ("robin", b""), ("Robin", b"right"), ("nobody", b"right"), ("", b""), ("robin", b"\xff\xfe")):
        assert await door.verify(login, password) is None


async def test_a_machine_account_writes_as_its_patterns() -> None:
    door, *_ = accounts(robin=Stored("robin", "coach", QUICK.hash("right"), (), ("@machines.example",)))
    async with open_door(accounts=door) as open_:
        peer = await open_.peer()
        await peer.log_in(b"right")
        assert (await peer.say(b"MAIL FROM:<any@coach.example>")).startswith(b"550 5.7.1")
        assert (await peer.begin(sender=b"<backup@machines.example>")).startswith(b"354")
        assert (await peer.say(b"x\r\n.")).startswith(b"250")
        assert open_.accepted[0].envelope.authors == ("@machines.example",)
        await peer.close()


async def test_an_auditor_logs_in_but_may_send_as_nobody() -> None:
    """Not even with the null reverse-path, nor where a mailbox was stored by mistake."""
    door, *_ = accounts(robin=robin(role="auditor"))
    account = await door.verify("robin", b"right")
    assert account is not None
    assert account.authors == ()
    async with open_door(accounts=door) as open_:
        peer = await open_.peer()
        assert (await peer.log_in(b"right")).startswith(b"235")
        assert (await peer.say(b"MAIL FROM:<>")).startswith(b"550 5.7.1")
        assert (await peer.say(b"MAIL FROM:<coach@coach.example>")).startswith(b"550 5.7.1")
        await peer.close()


async def test_an_unknown_login_costs_the_same_work() -> None:
    """One verification each; with the library's own parameters the times differ by less than noise allows to tell."""
    door, _, hasher, _ = accounts(robin=robin())
    for login in ("robin", "nobody"):
        before = hasher.calls
        await door.verify(login, b"wrong")
        assert hasher.calls == before + 1
    real = PasswordHasher()
    people = People(robin=Stored("robin", "coach", real.hash("right")))
    slow = PasswordAccounts(people.user, FixedClock())
    times: dict[str, list[float]] = {"robin": [], "nobody": []}
    for _ in range(4):
        for login, found in times.items():
            started = time.perf_counter()
            assert await slow.verify(login, b"wrong") is None
            found.append(time.perf_counter() - started)
    assert 0.5 < min(times["robin"]) / min(times["nobody"]) < 2
    assert min(times["nobody"]) > 0.005, "real work was done"


async def test_a_burst_is_one_verification() -> None:
    door, _, hasher, _ = accounts(robin=robin())
    found = await asyncio.gather(*(door.verify("robin", b"right") for _ in range(50)))
    assert all(a is not None for a in found)
    assert hasher.calls <= passwords._AT_ONCE
    assert await door.verify("robin", b"wrong") is None, "a wrong one is never remembered as right"
    assert await door.verify("robin", b"wrong") is None
    assert hasher.calls <= passwords._AT_ONCE + 2


async def test_the_memory_ends_with_time_and_with_the_password() -> None:
    door, stored, hasher, clock = accounts(robin=robin())
    await door.verify("robin", b"right")
    clock.advance(minutes=4)
    await door.verify("robin", b"right")
    assert hasher.calls == 1
    clock.advance(minutes=2)
    await door.verify("robin", b"right")
    assert hasher.calls == 2
    clock.advance(days=-1)
    await door.verify("robin", b"right")
    assert hasher.calls == 3, "nor does a clock set back prolong it"
    stored["robin"] = robin("new")
    assert await door.verify("robin", b"right") is None
    del stored["robin"]
    assert await door.verify("robin", b"new") is None


async def test_neither_login_nor_password_lies_in_the_memory_and_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_MOST_REMEMBERED", 3)
    door, *_ = accounts(**{f"robin{i}": Stored(f"robin{i}", "coach", QUICK.hash("right")) for i in range(6)})
    for i in range(6):
        assert await door.verify(f"robin{i}", b"right")
    assert len(door._found_right) == 3
    assert not any(b"right" in name or b"robin" in name for name in door._found_right)


async def test_login_and_password_cannot_be_shifted_into_each_other() -> None:
    """ "ab"+"c" is not "a"+"bc"."""
    same = QUICK.hash("c")
    door, *_ = accounts(ab=Stored("ab", "coach", same), a=Stored("a", "coach", same))
    assert await door.verify("ab", b"c")
    assert await door.verify("a", b"bc") is None


@pytest.mark.parametrize("damaged", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$broken", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_a_damaged_hash_is_a_fault_and_no_open_door(damaged: str) -> None:
    door, *_ = accounts(robin=Stored("robin", "coach", damaged))
    with pytest.raises(StoreDamaged):
        await door.verify("robin", b"right")


async def test_the_loop_goes_on_while_argon2_works() -> None:
    """With the library's own, costly parameters."""
    real = PasswordHasher()
    people = People(robin=Stored("robin", "coach", real.hash("right")))
    door = PasswordAccounts(people.user, FixedClock())
    verifying = asyncio.create_task(door.verify("robin", b"right"))
    turns = 0
    while not verifying.done():
        await asyncio.sleep(0)
        turns += 1
    assert await verifying
    assert turns > 20
