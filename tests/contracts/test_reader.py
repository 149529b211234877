"""The reading processes: same answers as in process, hostile mail answered, no other mail harmed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.analyse import analyse
from gateway.core.model import RecogniserContext
from gateway.core.pack import Packs
from gateway.core.vocabulary import load_packs
from gateway.edges import reader as reading
from gateway.edges.reader import INLINE_OCTETS, UNREADABLE, WorkerReader
from gateway.errors import ReaderUnavailable
from tests.hostile import HTML, MIXED, hostile

LANGUAGES = Path(__file__).parents[2] / "policies/languages"
CONTEXT = RecogniserContext(client_names=("Dana",), coach_names=("Robin",))
MAIL = b"From: Robin <coach@coach.example>\r\nSubject: Tuesday\r\nMessage-ID: <1@coach.example>\r\n\r\nDana, see you Tuesday 3 March at 10:00.\r\n\r\nRobin\r\n"
LARGE = MIXED + b"--b\r\n\r\nSee you Tuesday at 10:00.\r\n--b\r\nContent-Type: application/pdf\r\n\r\n" + b"A" * 3_000_000 + b"\r\n--b--\r\n"
# answered within the limit of processor time; the clock is given room for a busy machine
ANSWERED_SECONDS = 20
# reading this needs longer than the limit that the test sets
SLOW = HTML + b"<div title=x>" * 9_000


def languages() -> dict[str, str]:
    return {file.relative_to(LANGUAGES).as_posix(): file.read_text("utf-8") for file in sorted(LANGUAGES.rglob("*.toml"))}


@pytest.fixture(scope="module")
def packs() -> Packs:
    return load_packs(languages())


@pytest.fixture
async def reader() -> AsyncIterator[WorkerReader]:
    """Two processes without a language: quick to start, and all that most tests need."""
    reader = WorkerReader({})
    await reader.start()
    yield reader
    await reader.stop()


@pytest.fixture
async def learned() -> AsyncIterator[WorkerReader]:
    """Two processes with every language."""
    reader = WorkerReader(languages())
    await reader.start()
    yield reader
    await reader.stop()


async def test_a_company_with_a_domain_in_another_script_is_no_hindrance(reader: WorkerReader) -> None:
    """Comparing addresses with its A-label takes a codec, and in the process none can be loaded any more."""
    invitation = reading._SAMPLE.replace(b"END:VEVENT", b"ATTENDEE:mailto:dana@acme.example\r\nEND:VEVENT")
    context = RecogniserContext(coach_addresses=("coach@coach.example",), company=("@xn--acm-dma.example",))
    assert await reader.read(invitation, (context,)) != UNREADABLE


def pids(reader: WorkerReader) -> set[int]:
    """The processes that are alive, of this reader alone."""
    return {worker.process.pid for worker in reader._all if worker.process.returncode is None}


async def until_replaced(reader: WorkerReader) -> None:
    """Wait for the processes that are being made anew."""
    await asyncio.gather(*reader._replacements)


async def test_a_process_says_what_the_pure_function_says(learned: WorkerReader, packs: Packs) -> None:
    """Small mail through the pipe, large mail through shared memory, several contexts, none, and a command."""
    assert len(LARGE) > INLINE_OCTETS
    for raw in (MAIL, LARGE, b"", b"\r\n"):
        for contexts in ((), (CONTEXT,), (CONTEXT, RecogniserContext())):
            for command in (False, True):
                assert await learned.read(raw, contexts, command=command) == analyse(raw, contexts, packs, command=command)
    reading_of_mail = (await learned.read(MAIL, (CONTEXT,))).reading(CONTEXT)
    assert reading_of_mail is not None
    assert reading_of_mail.appointment


async def test_many_at_once_get_each_their_own_answer(reader: WorkerReader) -> None:
    """Answers are never swapped."""
    mails = [MAIL.replace(b"<1@", b"<%d@" % number) for number in range(50)]
    answers = await asyncio.gather(*(reader.read(mail, (CONTEXT,)) for mail in mails))
    assert [answer.message_id for answer in answers] == [f"<{number}@coach.example>" for number in range(50)]


async def test_hostile_mail_is_answered_and_harms_no_other(learned: WorkerReader) -> None:
    """Every bomb is answered within the limit, as opaque or with nothing to say; ordinary mail is read as ever, at the same time and after it."""
    for name, raw in hostile():
        bomb = asyncio.create_task(learned.read(raw, (CONTEXT,)))
        ordinary = await asyncio.wait_for(learned.read(MAIL, (CONTEXT,)), ANSWERED_SECONDS)
        answer = await asyncio.wait_for(bomb, ANSWERED_SECONDS)
        assert ordinary.message_id == "<1@coach.example>", name
        assert answer.findings or not any(verdict.company_text for _, verdict in answer.readings), name


async def test_a_mail_that_takes_too_long_is_unreadable() -> None:
    """The process is ended and replaced by another."""
    reader = WorkerReader({}, workers=1, seconds=0.05)
    await reader.start()
    try:
        before = pids(reader)
        assert await reader.read(SLOW, (CONTEXT,)) == UNREADABLE
        assert (await reader.read(MAIL, (CONTEXT,))).message_id == "<1@coach.example>"
        assert pids(reader).isdisjoint(before)
    finally:
        await reader.stop()


async def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped process uses no processor time: the clock ends it."""
    monkeypatch.setattr(reading, "PATIENCE", 0.5)
    reader = WorkerReader({}, workers=1)
    await reader.start()
    try:
        (pid,) = pids(reader)
        os.kill(pid, signal.SIGSTOP)
        assert await reader.read(MAIL, (CONTEXT,)) == UNREADABLE
        await until_replaced(reader)
        assert pids(reader)
        assert pid not in pids(reader)
    finally:
        await reader.stop()


async def test_a_process_ended_from_outside_costs_no_mail(reader: WorkerReader) -> None:
    """An innocent mail is read again by another process; idle places are filled anew."""
    for pid in pids(reader):
        os.kill(pid, signal.SIGKILL)
    answers = await asyncio.gather(*(reader.read(MAIL, (CONTEXT,)) for _ in range(4)))
    assert [answer.message_id for answer in answers] == ["<1@coach.example>"] * 4


async def test_a_process_ended_while_it_reads_costs_no_mail(reader: WorkerReader) -> None:
    """The pipe breaks before the answer."""
    (victim, other) = sorted(pids(reader))
    for pid in (victim, other):
        os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(reader.read(MAIL, (CONTEXT,)))
    while len(reader._idle._queue) > 1:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    for pid in (victim, other):
        os.kill(pid, signal.SIGKILL)
    assert (await waiting).message_id == "<1@coach.example>"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"ready",
        b"null",
        b'{"findings": []}',
        b"\x80\x04\x95",
        b'{"findings":[],"readings":[],"message_id":null,"author_mailboxes":[],"part_count":1,"hops":0,"automatic":false}',
    ],
)
async def test_an_answer_that_is_no_analysis_is_no_answer(answer: bytes, reader: WorkerReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that mail has taken over can say only what the types allow, and only for the contexts it was asked about."""

    async def garbage(self: object) -> bytes:
        return answer

    monkeypatch.setattr(reading._Worker, "_hear", garbage)
    assert await reader.read(MAIL, (CONTEXT,)) == UNREADABLE
    monkeypatch.undo()
    await until_replaced(reader)
    assert (await reader.read(MAIL, (CONTEXT,))).message_id == "<1@coach.example>"


async def test_an_endless_answer_is_not_collected(reader: WorkerReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The length is looked at before the answer."""
    monkeypatch.setattr(reading, "ANSWER_OCTETS", 10)
    assert await reader.read(MAIL, (CONTEXT,)) == UNREADABLE
    monkeypatch.undo()
    await until_replaced(reader)


async def test_a_reader_that_is_called_off_leaves_no_answer_behind(reader: WorkerReader) -> None:
    """A cancelled task must not leave its answer for the next mail."""
    for _ in range(3):
        task = asyncio.create_task(reader.read(LARGE, (CONTEXT,)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await until_replaced(reader)
    assert (await reader.read(MAIL, (CONTEXT,))).message_id == "<1@coach.example>"


async def test_a_process_has_no_descriptor_left_and_writes_nothing(reader: WorkerReader) -> None:
    """Memory, core file, files and sockets are out of its reach, for good."""
    await reader.read(MAIL, (CONTEXT,))
    for pid in pids(reader):
        limits = {line[:26].strip(): line[26:].split()[:2] for line in Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]}
        assert limits["Max open files"] == ["4", "4"]
        assert limits["Max core file size"] == ["0", "0"]
        assert limits["Max file size"] == ["0", "0"]
        assert limits["Max address space"] == [str(768 * 1024 * 1024)] * 2
        assert len(os.listdir(f"/proc/{pid}/fd")) == 4
        assert not any("inet" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))


async def test_no_octet_of_a_mail_stays_in_shared_memory(reader: WorkerReader) -> None:
    """The memory that a large mail crossed in is emptied with its answer."""
    await asyncio.gather(reader.read(LARGE, ()), reader.read(LARGE, ()))
    assert [os.fstat(worker.memory).st_size for worker in reader._all] == [0, 0]


async def test_nothing_is_left_after_a_stop() -> None:
    """Neither processes nor descriptors; and nothing can be read any more."""
    descriptors = len(os.listdir("/proc/self/fd"))
    reader = WorkerReader({}, workers=1)
    with pytest.raises(ReaderUnavailable):
        await reader.read(MAIL, ())
    await reader.start()
    (pid,) = pids(reader)
    await reader.read(LARGE, ())
    await reader.stop()
    assert not Path(f"/proc/{pid}").exists()
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) == descriptors
    with pytest.raises(ReaderUnavailable):
        await reader.read(MAIL, ())


async def test_a_reader_that_cannot_start_says_so() -> None:
    """Languages that do not load, or no interpreter at all: temporary failure, nothing passes."""
    with pytest.raises(ReaderUnavailable):
        await WorkerReader({"broken.toml": "language ="}, workers=1).start()


async def test_where_no_process_can_be_made_anew_the_mail_waits(reader: WorkerReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail is deferred, not held; as soon as processes can be made again, mail is read again."""
    monkeypatch.setattr(reading.sys, "executable", "/nonexistent")
    for pid in pids(reader):
        os.kill(pid, signal.SIGKILL)
    for worker in tuple(reader._all):
        await worker.process.wait()
    for _ in range(3):
        with pytest.raises(ReaderUnavailable):
            await reader.read(MAIL, (CONTEXT,))
    monkeypatch.undo()
    assert (await reader.read(MAIL, (CONTEXT,))).message_id == "<1@coach.example>"


def test_a_process_is_confined_before_it_reads() -> None:
    """The limits hold in a process of their own: no socket, no file, no memory beyond."""
    child = os.fork()
    if child == 0:  # pragma: no cover - the child
        code = 1
        try:
            reading._confine(768 * 1024 * 1024)
            try:
                socket.socket()
            except OSError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
