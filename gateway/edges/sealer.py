"""GnuPG: signs with the coach's gateway key and encrypts to one subkey of one client, in one call (RFC 3156 section 6.2, RFC 9580).

python-gnupg builds the command and reads the status lines; starting, feeding, timing and killing the process is ours, because the library waits for ever and
believes an answer that was cut off. What gpg says is not trusted either way: the packets of every answer are read (`core.openpgp.check_sealed`).

Mail and client's key reach gpg as anonymous files in memory: it sees two public keys, the coach's and the one it is to encrypt to, so there is no other it
could choose; nothing of a client lies in the home, and a seal costs the same with ten clients or ten thousand.
Never here: plaintext on disk, in an argument, a log line or an exception; a key looked up by address; the network; an agent that outlives us (it is tied to a
pipe that closes when this process ends, however it ends).
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import socket
import subprocess  # gpg is a program; arguments are ours and fixed but for fingerprints and paths
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gnupg

from gateway.core import openpgp
from gateway.core.model import Key
from gateway.errors import SealerUnavailable

# python-gnupg logs the first octets of what gpg answered, and its standard error, at DEBUG. That can be plaintext where gpg is broken, so its
# log goes nowhere: a logger of its own that no configuration can reach.
gnupg.logger = logging.Logger("gnupg", level=logging.CRITICAL + 1)

_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
_OPTIONS = (
    "--no-options",  # an `encrypt-to` in a gpg.conf would add a recipient
    "--no-auto-key-locate",
    "--no-autostart",  # neither dirmngr nor an agent nobody supervises
    "--no-random-seed-file",  # its lock stalls parallel calls for up to seconds
    "--no-auto-check-trustdb",
    "--lock-never",  # nothing is written
    "--rfc4880",  # the packets every reader knows: PKESK v3 and SEIPD v1
    "--cipher-algo=AES256",
    "--digest-algo=SHA512",
    "--compress-algo=none",  # faster, and the length says nothing about the content
    "--no-emit-version",
    "--no-comments",
)
_PATIENCE = 2.0  # seconds an agent may take to say who it is, or to end when asked
_LARGE = 8 << 20  # octets from which on seals run one at a time, so that a burst of attachments does not multiply in memory


@dataclass(frozen=True, slots=True)
class _Job:
    """What python-gnupg hands through to `_handle_io` in place of a file."""

    octets: bytes
    ring: bytes  # the client's public key, binary


_NOTHING = _Job(b"", b"")


def _readable(fd: int, timeout: float) -> bool:
    """Whether `fd` becomes readable within `timeout` seconds; poll, since select ends at descriptor 1023."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0, round(timeout * 1000))))


class _Process(subprocess.Popen[bytes]):
    """A process whose end is waited for in the kernel: the standard wait with a time limit naps for up to 50 ms between looks, ten times a whole seal.

    `status` is the file in memory to which its standard error goes.
    """

    status: int

    def wait(self, timeout: float | None = None) -> int:
        """As the base class."""
        if timeout is not None and self.returncode is None:
            watch = os.pidfd_open(self.pid)
            try:
                _readable(watch, timeout)
            finally:
                os.close(watch)
            timeout = 0
        return super().wait(timeout)


class _Gpg(gnupg.GPG):  # type: ignore[misc]  # python-gnupg is untyped
    """python-gnupg with a process of its own: a new process group, one time limit for everything, no thread left behind."""

    def __init__(self, home: Path, binary: str, limit: float) -> None:
        self._limit = limit  # before super(), which asks gpg for its version
        super().__init__(gpgbinary=binary, gnupghome=str(home), options=list(_OPTIONS), env=_ENVIRONMENT)

    def _open_subprocess(self, args: list[str], passphrase: bool = False, job: _Job = _NOTHING) -> _Process:
        # The input too is a file in memory: a pipe takes a turn of the interpreter for every 4 KiB; and so are the status lines, each of which would
        # wake this thread. The product stays a pipe: a file measured slower.
        command = self.make_args(args, passphrase)
        octets, ring, status = _memory(job.octets), _memory(job.ring), _memory(b"")
        if job.ring:
            command += ["--keyring", f"/proc/self/fd/{ring}"]
        try:
            process = _Process(command, stdin=octets, stdout=subprocess.PIPE, stderr=status, env=self.env, pass_fds=(ring,), process_group=0)
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(octets)
            os.close(ring)
        process.status = status
        return process

    def _collect_output(self, process: _Process, result: Any, writer: object = None, stdin: object = None) -> int:
        try:
            result.data, _ = process.communicate(timeout=self._limit)
        except subprocess.TimeoutExpired:
            raise SealerUnavailable("gpg did not answer in time") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout and not process.stdout.closed:
                process.stdout.close()
            with open(process.status, "rb") as status:
                status.seek(0)
                result.stderr = status.read().decode("latin-1")
        for line in result.stderr.splitlines():
            keyword, _, value = line.removeprefix("[GNUPG:] ").partition(" ")
            if line.startswith("[GNUPG:] "):
                result.handle_status(keyword, value)
        result.returncode = process.returncode
        return process.returncode

    def _handle_io(self, args: list[str], job: _Job, result: Any, passphrase: str | None = None, binary: bool = False) -> Any:
        self._collect_output(self._open_subprocess(args, job=job), result)
        return result


def _memory(octets: bytes) -> int:
    """Descriptor of an anonymous file in memory that holds `octets`, at its beginning."""
    file, rest = os.memfd_create("seal"), memoryview(octets)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file


class _Agent:
    """The gpg-agent that holds the coach's secret key, for as long as this process lives.

    `gpg-agent --daemon COMMAND` ends when COMMAND does; ours reads a pipe whose other end only we hold, so even `kill -9` of this process ends both.
    Where another process of the gateway (a command beside the daemon) runs one for the same home, that one is used and left alone.
    """

    def __init__(self, home: Path, limit: float) -> None:
        self._home, self._limit = str(home), limit
        self._guard: subprocess.Popen[bytes] | None = None
        self._watch: int | None = None  # process descriptor of our agent: a signal through it can hit no other process
        self._socket = ""
        self.births = 0

    def start(self) -> None:
        """Make sure that an agent answers. Raises SealerUnavailable."""
        self.stop()
        try:
            command = ["gpgconf", "--homedir", self._home, "--list-dirs", "agent-socket"]
            found = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, timeout=self._limit, check=True)  # noqa: S603
            self._socket = os.fsdecode(found.stdout.strip())
            if not self.answers() and not self._spawned() and not self.answers():  # asked again: another process may have been quicker
                raise SealerUnavailable("gpg-agent did not start")
        except (OSError, subprocess.SubprocessError):
            raise SealerUnavailable("gpg-agent did not start") from None
        self.births += 1

    def answers(self) -> bool:
        """Whether an agent of this home answers."""
        return self._pid() > 0

    def stop(self) -> None:
        """End the agent if it is ours, hung or not, and wait until it is gone."""
        guard, self._guard, watch, self._watch = self._guard, None, self._watch, None
        if watch is not None:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                if not _readable(watch, 0):
                    signal.pidfd_send_signal(watch, sign)
                    _readable(watch, _PATIENCE)
            os.close(watch)
        if guard is not None:
            for stream in (guard.stdin, guard.stdout):
                if stream:
                    stream.close()
            guard.wait()  # it ends at the end of its input

    def _spawned(self) -> bool:
        command = ["gpg-agent", "--homedir", self._home, "--no-options", "--disable-scdaemon", "--daemon", "sh", "-c", "echo up; exec cat >/dev/null"]
        pipe = subprocess.PIPE
        self._guard = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=_ENVIRONMENT)  # noqa: S603
        assert self._guard.stdout  # noqa: S101  # for the type checker: it is a pipe
        if _readable(self._guard.stdout.fileno(), self._limit) and self._guard.stdout.readline() == b"up\n":
            self._watch = os.pidfd_open(self._pid())
            return True
        self._guard.kill()
        self.stop()
        return False

    def _pid(self) -> int:
        """Process id of the agent that answers at the socket (Assuan: greeting, "GETINFO pid", "D <pid>"); 0 where none does."""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(_PATIENCE)
                s.connect(self._socket)
                with s.makefile("rwb") as lines:
                    lines.readline()
                    lines.write(b"GETINFO pid\n")
                    lines.flush()
                    return int(lines.readline().removeprefix(b"D "))
        except (OSError, ValueError):
            return 0


class Sealer:
    """`ports.Sealer`. `start` before the first seal, `stop` at the end; between them any number of concurrent seals, a few at a time."""

    def __init__(self, home: Path, signer: str, ring: Callable[[str], bytes], *, gpg: str = "gpg", threads: int | None = None, limit: float = 30.0) -> None:
        """`home` is the gateway's own GNUPGHOME, `signer` the coach's fingerprint, `ring` gives the binary public key of a client's fingerprint
        (`Keyring.ring`; KeyError where it has none), `limit` the seconds one call of gpg may take."""
        self._home, self._signer, self._ring, self._binary, self._limit = home, signer, ring, gpg, limit
        self._agent = _Agent(home, limit)
        self._agent_lock, self._large = threading.Lock(), threading.Semaphore(1)
        self._threads = threads or max(2, min(4, os.cpu_count() or 2))
        self._pool: ThreadPoolExecutor | None = None
        self._gpg: _Gpg | None = None

    async def start(self) -> None:
        """Start the agent and make sure that gpg runs. Raises SealerUnavailable, and then nothing runs."""
        try:
            await asyncio.to_thread(self._start)
        except SealerUnavailable:
            await asyncio.to_thread(self._agent.stop)
            raise
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="seal")

    async def stop(self) -> None:
        """Finish running seals, then end the agent. Nothing is left running."""
        pool, self._pool = self._pool, None
        if pool:
            await asyncio.to_thread(pool.shutdown)
        await asyncio.to_thread(self._agent.stop)

    async def seal(self, octets: bytes, key: Key) -> bytes:
        """`octets` signed and encrypted to `key.encryption_subkey` alone: proven ASCII armour, CRLF line ends (`ports.Sealer.seal`)."""
        if self._pool is None:
            raise SealerUnavailable("not started")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._seal, octets, key)

    def _start(self) -> None:
        self._agent.start()
        try:
            self._gpg = _Gpg(self._home, self._binary, self._limit)
        except (OSError, ValueError):
            raise SealerUnavailable("gpg does not run") from None

    def _seal(self, octets: bytes, key: Key) -> bytes:
        with self._large if len(octets) >= _LARGE else nullcontext():
            births = self._agent.births
            try:
                return self._attempt(octets, key)
            except SealerUnavailable:
                if not self._revived(births):
                    raise
                return self._attempt(octets, key)

    def _revived(self, births: int) -> bool:
        """Whether the agent of that birth had died and another lives: then, and only then, a second attempt makes sense."""
        with self._agent_lock:
            if self._agent.births == births and not self._agent.answers():
                self._agent.start()
            return self._agent.births != births

    def _attempt(self, octets: bytes, key: Key) -> bytes:
        if self._gpg is None:
            raise SealerUnavailable("not started")
        try:
            job = _Job(octets, self._ring(key.fingerprint))
        except KeyError:
            raise SealerUnavailable("no key for this fingerprint") from None
        sign = ["--sign", "--local-user", self._signer]  # cheaper than --default-key, for which gpg asks the agent everything twice
        try:
            result = self._gpg.encrypt_file(job, [f"{key.encryption_subkey}!"], always_trust=True, extra_args=sign)
        except (OSError, ValueError, LookupError):  # not started, or status lines that python-gnupg cannot read
            raise SealerUnavailable("gpg does not run") from None
        if result.returncode != 0 or not result.ok or result.status != "encryption ok":
            raise SealerUnavailable("gpg failed")
        if not any(line.startswith("[GNUPG:] SIG_CREATED ") and line.endswith(f" {self._signer}") for line in result.stderr.splitlines()):
            raise SealerUnavailable("not signed")
        try:
            # the checksum is left to the proof of the finished copy: a third of this thread's work on large mail
            openpgp.check_sealed(openpgp.dearmor(result.data, checksum=False), key.encryption_subkey, at_least=len(octets))
        except openpgp.Malformed as fault:
            raise SealerUnavailable(str(fault)) from None
        armored: bytes = result.data
        return armored.replace(b"\n", b"\r\n")
