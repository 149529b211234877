"""Who runs in `bench.pipe`: stock aiosmtpd, our front door, Postfix alone, Postfix with zeyple, and the whole daemon, each with a fresh smtp-sink behind it."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.mails import COACH, HOME, WORK  # found from here whether this is called as a script or as a module
from tests.contracts.postfix import Postfix, free_port

LOGIN, PASSWORD = "coach", "only-on-loopback"
PATIENCE = 180.0  # seconds for one measurement
_HERE = Path(__file__).resolve()
_TICK = 1000 / os.sysconf("SC_CLK_TCK")  # milliseconds


# ------------------------------------------------------------------------------------------------ the far end
class Sink:
    """smtp-sink with its counter read."""

    def __init__(self) -> None:
        self.port, self.count = free_port(), 0
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(["smtp-sink", *user, "-c", f"127.0.0.1:{self.port}", "512"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self._watch, daemon=True).start()
        _wait_for_port(self.port)

    def _watch(self) -> None:
        assert self._process.stdout is not None
        tail = b""
        while got := os.read(self._process.stdout.fileno(), 65536):
            tail = (tail + got)[-4096:]
            if found := re.findall(rb"mesg=\s*(\d+)", tail):
                self.count = int(found[-1])

    def wait(self, count: int, seconds: float = PATIENCE) -> None:
        """Until `count` mails came. Raises `TimeoutError`."""
        end = time.monotonic() + seconds
        while self.count < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.count} of {count} mails arrived")
            time.sleep(0.002)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@contextmanager
def sink() -> Iterator[Sink]:
    far_end = Sink()
    try:
        yield far_end
    finally:
        far_end.stop()


def _wait_for_port(port: int, process: subprocess.Popen[bytes] | None = None, log: Path | None = None) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            if process is not None and process.poll() is not None:
                raise SystemExit(f"did not start:\n{log.read_text()[-3000:] if log else ''}") from None
            time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


# ------------------------------------------------------------------------------------------------ processor time, from /proc
@dataclass(frozen=True)
class _Process:
    parent: int
    command: str
    own: float  # milliseconds
    reaped: float  # of its children that have ended


def _processes() -> dict[int, _Process]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it has just ended
        ticks = [int(field) * _TICK for field in fields[11:15]]
        found[int(folder.name)] = _Process(int(fields[1]), command, ticks[0] + ticks[1], ticks[2] + ticks[3])
    return found


def tree(root: int, also: str = "") -> dict[int, _Process]:
    """The process `root`, all below it, and those whose command holds `also` (an agent that has cut itself loose)."""
    everyone, found = _processes(), {root}
    grown = True
    while grown:
        more = {pid for pid, p in everyone.items() if p.parent in found or (also and also in p.command and "bench" not in p.command)} - found
        grown = bool(more)
        found |= more
    return {pid: everyone[pid] for pid in found if pid in everyone}


def whole(root: int, also: str = "") -> Counter[str]:
    """Milliseconds of everything at or below `root`."""
    return Counter({"all": sum(p.own + p.reaped for p in tree(root, also).values())})


def by_kind(root: int, home: str) -> Counter[str]:
    """Milliseconds of the daemon by kind of process. What the daemon reaps are its gpg calls."""
    spent: Counter[str] = Counter()
    for pid, process in tree(root, home).items():
        kind = "daemon" if pid == root else "readers" if "edges.reader" in process.command else "agent" if "gpg-agent" in process.command else "other"
        spent[kind] += process.own
        spent["gpg" if pid == root else kind] += process.reaped
    return spent


# ------------------------------------------------------------------------------------------------ contestants
@dataclass
class Contestant:
    """`sink` None: the mail ends where it was received. `share`: the part of the mails it gets (slow ones need fewer for a rate)."""

    name: str
    port: int
    sink: Sink | None
    recipient: str
    spent: Callable[[], Counter[str]]
    pid: int
    login: str = ""
    share: float = 1.0
    costs: dict[str, Counter[str]] = field(default_factory=dict)  # kind of mail -> process kind -> milliseconds a mail, of the last rate
    copies: dict[str, int] = field(default_factory=dict)  # kind of mail -> how many mails one becomes

    def rate(self, kind: str, count: int, sessions: int, run: str) -> float:
        """Mails a second, from the first MAIL to the last mail at the sink."""
        count = max(sessions, int(count * self.share))
        self.warm_up(kind, run)
        before, spent = self.sink.count if self.sink else 0, self.spent()
        child = self.load(kind, count, sessions, run)
        assert child.stdin is not None
        assert child.stdout is not None
        began = time.monotonic()
        child.stdin.write(b"go\n")
        child.stdin.flush()
        if child.stdout.readline() != b"sent\n":
            raise SystemExit(f"{self.name}: the load broke off")
        if self.sink:
            self.sink.wait(before + count * self.copies[kind])
        took = time.monotonic() - began
        self.costs[kind] = Counter({what: (ms - spent[what]) / count for what, ms in self.spent().items()})
        child.wait(30)
        return count / took

    def warm_up(self, kind: str, run: str) -> None:
        """Send a few, and count what arrives. Six are sent, so that a notice that happens to come in between is not taken for a copy."""
        count = 1 if kind == "big20m" else 6
        before = self.sink.count if self.sink else 0
        child = self.load(kind, count, 3, f"{run}w")
        child.communicate(b"go\n", PATIENCE)
        if child.returncode:
            raise SystemExit(f"{self.name}: takes no {kind}")
        if self.sink:
            self.sink.wait(before + count)
            time.sleep(1.5)  # for second copies
            self.copies[kind] = (self.sink.count - before) // count

    def load(self, kind: str, count: int, sessions: int, run: str) -> subprocess.Popen[bytes]:
        """A load that is connected and waits for its signal."""
        job = [self.port, kind, self.recipient, count, sessions, run, self.login, PASSWORD]
        child = subprocess.Popen([sys.executable, str(_HERE.with_name("pipe_load.py")), json.dumps(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        if child.stdout.readline() != b"ready\n":
            raise SystemExit(f"{self.name}: the load did not connect")
        return child


@contextmanager
def stock() -> Iterator[Contestant]:
    """aiosmtpd as it comes: receives and drops."""
    with _served("stock") as (port, pid):
        yield Contestant("stock aiosmtpd (receives only)", port, None, WORK, lambda: whole(pid), pid)


@contextmanager
def front_door() -> Iterator[Contestant]:
    """Our own submission service with nothing behind it: receives and drops."""
    with _served("ours") as (port, pid):
        yield Contestant("our front door (receives only)", port, None, WORK, lambda: whole(pid), pid, login=LOGIN)


@contextmanager
def _served(which: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(_HERE), which, str(port)], stdout=subprocess.DEVNULL)
    try:
        _wait_for_port(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def postfix_alone() -> Iterator[Contestant]:
    """Postfix as a plain relay."""
    with sink() as far_end, _postfix(Postfix(far_end.port, size_limit=50_000_000)) as (port, pid):
        yield Contestant("Postfix alone", port, far_end, WORK, lambda: whole(pid), pid)


@contextmanager
def _postfix(instance: Postfix) -> Iterator[tuple[int, int]]:
    instance.start()
    try:
        yield instance.port, int((instance.folder / "queue" / "pid" / "master.pid").read_text())
    finally:
        instance.stop()


@contextmanager
def postfix_with_zeyple(script: Path) -> Iterator[Contestant]:
    """zeyple as a content filter by pipe(8), as its documentation sets it up, with a Cv25519 key."""
    folder = Path(tempfile.mkdtemp(prefix="zy-"))
    nobody = pwd.getpwnam("nobody")
    back = free_port()
    with sink() as far_end:
        folder.chmod(0o755)
        shutil.copy(script, folder / "zeyple.py")
        _make_key(folder / "g")
        settings = f"[zeyple]\nlog_file = {folder}/log\nadd_header = true\n[gpg]\nhome = {folder}/g\n[relay]\nhost = 127.0.0.1\nport = {back}\n"
        (folder / "zeyple.conf").write_text(settings)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        services = (
            f"zeyple unix - n n - - pipe\n  user=nobody directory={folder} argv=/usr/bin/python3 {folder}/zeyple.py ${{recipient}}\n"
            f"127.0.0.1:{back} inet n - n - 50 smtpd\n  -o content_filter=\n"
        )
        instance = Postfix(far_end.port, more="content_filter = zeyple:", services=services, size_limit=50_000_000)
        try:
            with _postfix(instance) as (port, pid):
                yield Contestant("Postfix + zeyple", port, far_end, HOME, lambda: whole(pid, str(folder)), pid, share=0.08)
        finally:
            subprocess.run(["gpgconf", "--homedir", str(folder / "g"), "--kill", "all"], capture_output=True)
            shutil.rmtree(folder, ignore_errors=True)


def _make_key(home: Path) -> bytes:
    """A Cv25519 key for `HOME` in a new GnuPG home; returns its public part."""
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--no-tty"]
    recipe = f"%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nSubkey-Type: ecdh\nSubkey-Curve: cv25519\nName-Email: {HOME}\nExpire-Date: 0\n%commit\n"
    subprocess.run([*gpg, "--gen-key"], input=recipe.encode(), check=True, capture_output=True)
    public = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], capture_output=True)  # its agent's sockets are in the way of a chown
    return public


@contextmanager
def daemon(command: list[str]) -> Iterator[Contestant]:
    """The whole daemon from its command line: one client with work address, personal address and key."""
    folder, port = Path(tempfile.mkdtemp(prefix="cg-")), free_port()
    with sink() as far_end:
        (folder / "dana.asc").write_bytes(_make_key(folder / "k"))
        (folder / "clients.toml").write_text(
            f'[[client]]\nname = "Dana Ray"\nwork = ["{WORK}"]\nwork_domains = ["acme.example"]\n'
            f'personal = "{HOME}"\nkey_file = "{folder}/dana.asc"\nkey_verified = true\n'
        )
        config = folder / "config.toml"
        config.write_text(
            f'state_dir = "{folder}/state"\n[coach]\nname = "Robin Vale"\naddresses = ["{COACH}"]\ntime_zone = "Europe/Berlin"\n'
            f'[submission]\nlisten = ["127.0.0.1:{port}"]\ntls = "none"\nmax_connections = 100\nper_address = 100\n'
            f'[relay]\nhost = "127.0.0.1"\nport = {far_end.port}\ntls = "none"\n[notices]\ndigest_seconds = 60\n[log]\nlevel = "error"\n'
        )

        def call(*words: str, said: str = "") -> None:
            done = subprocess.run([*command, "--config", str(config), *words], input=said, text=True, capture_output=True)
            if done.returncode:
                raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")

        call("init")
        call("user", "add", LOGIN, "--role", "coach", "--password-stdin", said=PASSWORD + "\n")
        call("client", "import", str(folder / "clients.toml"))
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen([*command, "--config", str(config), "run"], stdout=output, stderr=output)
        try:
            _wait_for_port(port, process, log)
            home = f"{folder}/state/g"
            yield Contestant("coachgate", port, far_end, WORK, lambda: by_kind(process.pid, home), process.pid, login=LOGIN)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
            shutil.rmtree(folder, ignore_errors=True)


# ------------------------------------------------------------------------------------------------ servers that only receive
def serve(which: str, port: int) -> None:
    """The child of `stock` and `front_door`."""
    if which == "stock":
        from aiosmtpd.controller import Controller

        class Drop:
            async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
                return "250 2.0.0 dropped"

        Controller(Drop(), hostname="127.0.0.1", port=port, data_size_limit=100_000_000).start()
        signal.pause()
    else:
        asyncio.run(_serve_ours(port))


async def _serve_ours(port: int) -> None:
    from gateway.core.model import Account, Mailbox, Receipt, Submission
    from gateway.edges.clock import SystemClock
    from gateway.edges.submission import SubmissionServer, SubmissionSettings

    class Anybody:
        async def verify(self, login: str, password: bytes) -> Account | None:
            return Account(login, 1, (Mailbox("coach", "coach.example"),), "coach")

    async def drop(submission: Submission) -> Receipt:
        return Receipt("dropped")

    settings = SubmissionSettings((("127.0.0.1", port),), tls="none", size_limit=100_000_000, max_connections=100, per_address=100)
    await SubmissionServer(settings, Anybody(), drop, SystemClock()).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
