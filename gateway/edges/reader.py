"""Reads mail in processes that may die: parse, classify and recognise under limits of time, memory and descriptors (implements `ports.Reader`).

Run as a module it is such a process; nothing of the daemon but a pipe and a piece of memory reaches it. What comes back is JSON and is checked
against the types of `core.model`; nothing from a process that has read hostile mail is ever unpickled. A mail that takes the process down is
answered as one opaque finding, so it is held or diverted; no other mail notices. No octet of mail is written to a disk.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import gc
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import gateway
from gateway.core import header_section
from gateway.core.analyse import analyse
from gateway.core.model import Analysis, Finding, Kind, RecogniserContext
from gateway.core.platforms import NO_PLATFORMS, parse_platforms
from gateway.core.vocabulary import load_packs
from gateway.errors import ReaderUnavailable

MIB = 1024 * 1024
SECONDS_A_MIB = 0.2  # added to the limit for each MiB of a message
SECONDS_A_CONTEXT = 0.1  # and for each further context
PATIENCE = 5  # the limit is processor time; so many times as much may pass on the clock, for a busy machine
START_SECONDS = 30
INLINE_OCTETS = 64 * 1024  # a larger message goes through memory shared with the process, not through the pipe
ANSWER_OCTETS = 64 * MIB

UNREADABLE = Analysis((Finding("message", Kind.OPAQUE, "unreadable"),), (), None, (), 1, 0, False, defects=("unreadable",))

_LENGTH = struct.Struct("!I")
_Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _Start:
    """First thing a process is told."""

    languages: dict[str, str]
    order: tuple[str, ...]
    memory_octets: int
    platforms: str = ""  # the text of policies/meeting-platforms.toml; without it no link passes


@dataclass(frozen=True, slots=True)
class _Task:
    """One message to read: `octets` follow in the pipe, or lie in the shared memory."""

    octets: int
    shared: bool
    contexts: tuple[RecogniserContext, ...]
    command: bool
    seconds: float


_START = TypeAdapter(_Start)
_TASK = TypeAdapter(_Task)
_ANALYSIS = TypeAdapter(Analysis)


# ------------------------------------------------------------------------------------------------ in the daemon
class _Died(Exception):
    """The process is of no more use. `by_chance`: ended from outside, the message may be innocent."""

    def __init__(self, *, by_chance: bool) -> None:
        super().__init__()
        self.by_chance = by_chance


class _Worker:
    """One process and the memory it reads large messages from."""

    def __init__(self, process: asyncio.subprocess.Process, memory: int) -> None:
        self.process = process
        self.memory = memory
        self.usable = True

    @classmethod
    async def spawn(cls, start: _Start) -> _Worker:
        """A process that has loaded its languages. Raises OSError or `_Died`."""
        memory = os.memfd_create("message", os.MFD_CLOEXEC)
        window = os.open(f"/proc/self/fd/{memory}", os.O_RDONLY | os.O_CLOEXEC)  # the process may look, not write
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway.edges.reader", str(window),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # a traceback could quote the mail
                pass_fds=(window,), start_new_session=True,
                env={"PYTHONPATH": str(Path(gateway.__file__).parents[1]), "LC_ALL": "C.UTF-8"},
            )
        except OSError:
            os.close(memory)
            raise
        finally:
            os.close(window)
        worker = cls(process, memory)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker._say(_START.dump_json(start))
                await worker._hear()
        except BaseException as error:
            await worker.end()
            if isinstance(error, TimeoutError):
                raise _Died(by_chance=True) from None
            raise
        return worker

    async def ask(self, raw: bytes, task: _Task) -> Analysis:
        """The analysis of `raw`. Raises `_Died`; then, and where it is cancelled, the worker is not `usable` any more."""
        self.usable = False
        try:
            async with asyncio.timeout(PATIENCE * task.seconds):
                if task.shared:
                    await asyncio.to_thread(self._share, raw)
                await self._say(_TASK.dump_json(task), b"" if task.shared else raw)
                answer = await self._hear()
        except TimeoutError:
            raise _Died(by_chance=False) from None
        if task.shared:
            os.ftruncate(self.memory, 0)  # the mail stays nowhere
        try:
            analysis = _ANALYSIS.validate_json(answer)
        except ValidationError:
            raise _Died(by_chance=False) from None
        if tuple(context for context, _ in analysis.readings) != task.contexts:
            raise _Died(by_chance=False)
        self.usable = True
        return analysis

    def _share(self, raw: bytes) -> None:
        written = 0
        while written < len(raw):
            written += os.pwrite(self.memory, memoryview(raw)[written:], written)

    async def _say(self, head: bytes, body: bytes = b"") -> None:
        pipe = self.process.stdin
        assert pipe is not None  # noqa: S101 - for the type checker: the process was made with pipes
        try:
            pipe.writelines((_LENGTH.pack(len(head)), head, body))
            await pipe.drain()
        except OSError:
            raise await self._death() from None

    async def _hear(self) -> bytes:
        pipe = self.process.stdout
        assert pipe is not None  # noqa: S101 - for the type checker
        try:
            (length,) = _LENGTH.unpack(await pipe.readexactly(_LENGTH.size))
            if length > ANSWER_OCTETS:
                raise _Died(by_chance=False)
            return await pipe.readexactly(length)
        except asyncio.IncompleteReadError:
            raise await self._death() from None

    async def _death(self) -> _Died:
        """Why the process is gone. SIGKILL and SIGTERM come from outside (we have not sent one yet); anything else the message did."""
        return _Died(by_chance=await self.process.wait() in (-signal.SIGKILL, -signal.SIGTERM))

    async def end(self) -> None:
        """End the process, this one alone, and give back its memory. May be called twice."""
        self.usable = False
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()
        if self.memory >= 0:
            os.close(self.memory)
            self.memory = -1


class WorkerReader:
    """A small pool of reading processes."""

    def __init__(
        self, languages: Mapping[str, str], order: Sequence[str] = (), *, workers: int = 2, seconds: float = 1.0, memory_mib: int = 768, platforms: str = ""
    ) -> None:
        """`languages`: the language packs, file name to TOML text, checked already; `order`: those to use (`load_packs`); `platforms`: the
        meeting platforms (`parse_platforms`), checked too.

        `seconds` of processor time for a small message; `memory_mib` for each process."""
        self._start = _Start(dict(languages), tuple(order), memory_mib * MIB, platforms)
        self._count = workers
        self._seconds = seconds
        self._idle: asyncio.Queue[_Worker | None] = asyncio.Queue()  # None: a place whose process could not be started
        self._all: set[_Worker] = set()
        self._replacements: set[asyncio.Task[None]] = set()
        self._running = False

    async def start(self) -> None:
        """Start all processes. Raises `ReaderUnavailable`."""
        self._running = True
        started = await asyncio.gather(*(self._spawn() for _ in range(self._count)), return_exceptions=True)
        failed = [error for error in started if isinstance(error, BaseException)]
        if failed:
            await self.stop()
            raise failed[0]
        for worker in started:
            if isinstance(worker, _Worker):
                self._idle.put_nowait(worker)

    async def stop(self) -> None:
        """End all processes. Messages being read come back as unreadable or not at all: stop after the last reader has gone."""
        self._running = False
        for task in self._replacements:
            task.cancel()
        await asyncio.gather(*self._replacements, return_exceptions=True)
        for worker in tuple(self._all):
            await self._bury(worker)

    async def read(self, raw: bytes, contexts: tuple[RecogniserContext, ...], *, command: bool = False) -> Analysis:
        """Everything known of `raw`; `UNREADABLE` where reading it takes too long, too much, or the process down. Raises `ReaderUnavailable`."""
        seconds = self._seconds + SECONDS_A_MIB * len(raw) / MIB + SECONDS_A_CONTEXT * max(0, len(contexts) - 1)
        task = _Task(len(raw), len(raw) > INLINE_OCTETS, contexts, command, seconds)
        for _ in range(self._count + 1):  # all processes may have been ended from outside at once; one more is fresh
            worker = await self._take()
            try:
                return await worker.ask(raw, task)
            except _Died as death:
                if not death.by_chance:
                    break
            finally:
                self._give_back(worker)
        return UNREADABLE

    async def _take(self) -> _Worker:
        """An idle process that is alive; one that has vanished, or never came up, is made anew."""
        if not self._running:
            raise ReaderUnavailable
        worker = await self._idle.get()
        if worker is not None and worker.process.returncode is None:
            return worker
        try:
            if worker is not None:
                await self._bury(worker)
            return await self._spawn()
        except BaseException:
            self._idle.put_nowait(None)
            raise

    def _give_back(self, worker: _Worker) -> None:
        if worker.usable:
            self._idle.put_nowait(worker)
        elif self._running:
            task = asyncio.create_task(self._replace(worker))
            self._replacements.add(task)
            task.add_done_callback(self._replacements.discard)

    async def _replace(self, worker: _Worker) -> None:
        """A new process in the place of `worker`; where none comes up, the next reader tries again."""
        fresh = None
        try:
            await self._bury(worker)
            with contextlib.suppress(ReaderUnavailable):
                fresh = await self._spawn()
        finally:
            self._idle.put_nowait(fresh)

    async def _spawn(self) -> _Worker:
        try:
            worker = await _Worker.spawn(self._start)
        except (OSError, _Died):
            raise ReaderUnavailable from None
        self._all.add(worker)
        return worker

    async def _bury(self, worker: _Worker) -> None:
        await worker.end()
        self._all.discard(worker)


# ------------------------------------------------------------------------------------------------ in the reading process
_SAMPLE = (
    b"From: =?utf-8?q?Robin_Vale?= <coach@coach.example>\r\nSubject: =?utf-8?b?VHVlc2RheQ==?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    b"U2VlIHlvdSBvbiBUdWVzZGF5IDMgTWFyY2ggYXQgMTA6MDAu\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p style=3D'color:red'>See you on Tuesday 3 March at 10:00.</p>\r\n--b\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260301T100000Z\r\n"
    b"DTSTART;TZID=Europe/Berlin:20260303T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
)


def main(window: int) -> None:
    """Read messages from the pipe until it closes. Whatever goes wrong ends the process: that is the answer."""
    os.dup2(window, 3)
    os.closerange(4, max(window, 3) + 1)
    pipe, out = sys.stdin.buffer, sys.stdout.buffer
    start = _START.validate_json(_frame(pipe.read))
    gc.disable()  # looking for garbage among what is only being built up takes longer than building it
    platforms = parse_platforms(start.platforms) if start.platforms else NO_PLATFORMS
    packs = load_packs(start.languages, start.order, check=False, platforms=platforms)
    for pack in packs.packs:
        _ = pack.frame_automaton.start, pack.phrase_automaton.start  # later the clock of a mail would run
    gc.freeze()
    gc.enable()
    for codec in (*header_section.CHARSETS.values(), "punycode"):  # the last one for addresses of the company's (RFC 5891)
        codecs.lookup(codec)  # a codec is a module; later there is no descriptor left to load one
    contexts = (RecogniserContext(),)
    _ANALYSIS.dump_json(analyse(_SAMPLE, contexts, packs))
    _confine(start.memory_octets)
    answer = b"ready"
    while True:
        out.write(_LENGTH.pack(len(answer)) + answer)
        out.flush()
        if not (head := _frame(pipe.read)):
            return
        task = _TASK.validate_json(head)
        raw = os.pread(3, task.octets, 0) if task.shared else pipe.read(task.octets)
        signal.setitimer(signal.ITIMER_PROF, task.seconds)  # processor time; SIGPROF ends the process wherever it is
        answer = _ANALYSIS.dump_json(analyse(raw, task.contexts, packs, command=task.command))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _frame(read: _Read) -> bytes:
    """The next frame of the pipe, b"" at its end."""
    head = read(_LENGTH.size)
    return read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""


def _confine(memory_octets: int) -> None:
    """Limits that the process can never raise again: memory, no core file, nothing written, and no descriptor left for a file or a socket."""
    for limit, most in ((resource.RLIMIT_AS, memory_octets), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 4)):
        resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    main(int(sys.argv[1]))
