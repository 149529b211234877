"""Mails a second through the whole daemon, beside stock aiosmtpd, Postfix alone and Postfix with zeyple, in one run, printed as ratios.

    python -m bench.pipe [--gateway .venv/bin/coachgate] [--zeyple PATH/zeyple.py] [--rounds 3] [--sessions 10] [--scale 1.0] [--only KIND ...]

Everything is on loopback. One load generator of our own serves all (the daemon demands AUTH and a Message-ID of its own for each mail, which smtp-source
cannot give); behind each stands a fresh smtp-sink. The clock runs from the first MAIL to the last mail at the sink; the median of the rounds counts, and
within a round the contestants take turns, so that a machine that slows down slows all. Only the ratios mean something.

zeyple is not part of this project: the operator gives the path of a zeyple.py; it runs under /usr/bin/python3 with Debian's python3-gpg. Postfix needs root.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.contracts.postfix import Postfix, free_port, why_not

COACH, LOGIN, PASSWORD = "coach@coach.example", "coach", "only-on-loopback"
WORK, HOME = "dana@acme.example", "dana@home.example"
PATIENCE = 180.0  # seconds for one measurement

CALENDAR = """BEGIN:VCALENDAR
PRODID:-//Example//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260301T090000Z
DTSTART:20260310T140000Z
DTEND:20260310T150000Z
SUMMARY:Coaching session
ORGANIZER:mailto:coach@coach.example
ATTENDEE;RSVP=TRUE:mailto:dana@acme.example
SEQUENCE:0
DESCRIPTION:{filler}
END:VEVENT
END:VCALENDAR
"""
SENTENCES = ("She spoke about her manager again and how little trust there is. ", "We agreed she will write down what she feels before each meeting. ")
SCHEDULING = "Hi Dana,\n\nour session is on Tuesday, 10 March 2026, at 15:00.\n\nBest,\nRobin\n"
TEXT = "".join(itertools.islice(itertools.cycle(s + "\n" for s in SENTENCES), 62))


def message(kind: str, marker: str) -> bytes:
    """One mail of `kind` with `marker` in its Message-ID and, for a calendar object, its UID."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Date"] = f"Robin Vale <{COACH}>", WORK, "Mon, 02 Mar 2026 12:00:00 +0000"
    mail["Message-ID"] = f"<{marker}@coach.example>"
    mail["Subject"] = "Session" if kind in ("invite4k", "text") else "Notes"
    if kind == "invite4k":
        mail.set_content(SCHEDULING)
        calendar = CALENDAR.format(uid=marker, filler="x" * 2400).replace("\n", "\r\n")
        folded = re.sub(r"(x{60})(?=x)", r"\1\r\n ", calendar).encode()
        mail.add_alternative(folded, maintype="text", subtype="calendar", params={"method": "REQUEST"}, cte="8bit")
    else:
        mail.set_content(SCHEDULING if kind == "text" else TEXT)
    if kind == "mixed1m":
        octets = bytes(i * 2654435761 >> 16 & 255 for i in range(750_000))
        mail.add_attachment(octets, maintype="application", subtype="octet-stream", filename="notes.bin")
    if kind == "big20m":
        mail.add_attachment(b"0123456789abcdef" * 937_500, maintype="application", subtype="octet-stream", filename="notes.bin")
    return mail.as_bytes()


# ------------------------------------------------------------------------------------------------ load
def load(port: int, kind: str, recipient: str, count: int, sessions: int, run: str, auth: bool) -> None:
    """The child: connect all sessions, say "ready", wait for a line, send `count` mails, say "sent"."""
    marker = "0" * 16
    template = message(kind, marker)
    numbers = iter(range(count))
    lock = threading.Lock()
    links = [_connect(port, auth) for _ in range(min(sessions, count))]
    stuffed = template.replace(b"\r\n.", b"\r\n..")

    def session(link: socket.socket) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            mark = f"{run}{number:0{16 - len(run)}d}".encode()
            _say(link, b"MAIL FROM:<%s>\r\n" % COACH.encode(), b"2")
            _say(link, b"RCPT TO:<%s>\r\n" % recipient.encode(), b"2")
            _say(link, b"DATA\r\n", b"3")
            _say(link, stuffed.replace(marker.encode(), mark) + b".\r\n", b"2")

    def watched(link: socket.socket) -> None:
        try:
            session(link)
        except (SystemExit, OSError) as error:
            print(f"load: {error}", file=sys.stderr, flush=True)
            os._exit(1)  # one broken session spoils the measurement: the parent must hear of it

    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=watched, args=(link,)) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("sent", flush=True)


def _connect(port: int, auth: bool) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), PATIENCE)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _read(link, b"2")
    _say(link, b"EHLO bench.example\r\n", b"2")
    if auth:
        _say(link, b"AUTH PLAIN " + base64.b64encode(f"\0{LOGIN}\0{PASSWORD}".encode()) + b"\r\n", b"2")
    return link


def _say(link: socket.socket, octets: bytes, wanted: bytes) -> None:
    link.sendall(octets)
    _read(link, wanted)


def _read(link: socket.socket, wanted: bytes) -> None:
    reply = b""
    while not re.search(rb"(?:^|\n)\d{3}(?: [^\n]*)?\r?\n\Z", reply):
        got = link.recv(4096)
        if not got:
            raise SystemExit(f"connection closed after {reply!r}")
        reply += got
    if not reply.startswith(wanted):
        raise SystemExit(f"unexpected reply {reply!r}")


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


# ------------------------------------------------------------------------------------------------ contestants
@dataclass
class Contestant:
    """`sink` None: the mail ends where it was received. `share`: the part of the mails it gets (slow ones need fewer for a rate)."""

    name: str
    port: int
    sink: Sink | None
    recipient: str
    auth: bool = False
    share: float = 1.0

    def rate(self, kind: str, count: int, sessions: int, run: str) -> float:
        """Mails a second, from the first MAIL to the last mail at the sink."""
        count = max(sessions, int(count * self.share))
        copies = self.copies(kind, run) if self.sink else 0
        before = self.sink.count if self.sink else 0
        child = self._load(kind, count, sessions, run)
        assert child.stdin is not None
        assert child.stdout is not None
        began = time.monotonic()
        child.stdin.write(b"go\n")
        child.stdin.flush()
        if child.stdout.readline() != b"sent\n":
            raise SystemExit(f"{self.name}: the load broke off")
        if self.sink:
            self.sink.wait(before + count * copies)
        took = time.monotonic() - began
        child.wait(30)
        return count / took

    def copies(self, kind: str, run: str) -> int:
        """How many mails one mail of `kind` becomes: a client may get more than one copy. Also warms up.

        Three are sent, so that a notice that happens to come in between is not taken for a copy.
        """
        assert self.sink is not None
        before = self.sink.count
        child = self._load(kind, 3, 3, f"{run}w")
        child.communicate(b"go\n", PATIENCE)
        if child.returncode:
            raise SystemExit(f"{self.name}: takes no {kind}")
        self.sink.wait(before + 3)
        time.sleep(2.0)  # for second copies
        return (self.sink.count - before) // 3

    def _load(self, kind: str, count: int, sessions: int, run: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bench.pipe", "--load", json.dumps([self.port, kind, self.recipient, count, sessions, run, self.auth])]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
        assert child.stdout is not None
        if child.stdout.readline() != b"ready\n":
            raise SystemExit(f"{self.name}: the load did not connect")
        return child


@contextmanager
def sink() -> Iterator[Sink]:
    far_end = Sink()
    try:
        yield far_end
    finally:
        far_end.stop()


@contextmanager
def stock() -> Iterator[Contestant]:
    """aiosmtpd as it comes: receives and drops."""
    with _served("stock") as port:
        yield Contestant("stock aiosmtpd (receives only)", port, None, WORK)


@contextmanager
def front_door() -> Iterator[Contestant]:
    """Our own submission service with nothing behind it: receives and drops."""
    with _served("ours") as port:
        yield Contestant("our front door (receives only)", port, None, WORK, auth=True)


@contextmanager
def _served(which: str) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.pipe", "--serve", which, str(port)], stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])
    try:
        _wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def postfix_alone() -> Iterator[Contestant]:
    with sink() as far_end:
        instance = Postfix(far_end.port, size_limit=50_000_000)
        instance.start()
        try:
            yield Contestant("Postfix alone", instance.port, far_end, WORK)
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
        instance.start()
        try:
            yield Contestant("Postfix + zeyple", instance.port, far_end, HOME, share=0.08)
        finally:
            instance.stop()
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
            yield Contestant("coachgate", port, far_end, WORK, auth=True)
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


# ------------------------------------------------------------------------------------------------ the run
COUNTS = {"note4k": 400, "text": 800, "invite4k": 800, "mixed1m": 100, "big20m": 8}
GOALS = {
    ("note4k", "Postfix + zeyple"): 20.0,
    ("invite4k", "Postfix alone"): 1.0,
    ("text", "Postfix alone"): 0.5,
    ("mixed1m", "Postfix + zeyple"): 5.0,
    ("big20m", "stock aiosmtpd (receives only)"): 4.0,
}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--gateway", default=str(Path(sys.executable).with_name("coachgate")))
    ask.add_argument("--zeyple", type=Path, help="a zeyple.py; without it that contestant is left out")
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--sessions", type=int, default=10)
    ask.add_argument("--scale", type=float, default=1.0, help="times the number of mails")
    ask.add_argument("--only", nargs="+", choices=list(COUNTS), default=list(COUNTS))
    ask.add_argument("--json", type=Path)
    ask.add_argument("--load", help=argparse.SUPPRESS)
    ask.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    args = ask.parse_args()
    if args.load:
        return load(*json.loads(args.load))
    if args.serve:
        return serve(args.serve[0], int(args.serve[1]))
    if reason := why_not():
        print(f"left out: Postfix and zeyple: {reason}")
    rates: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        whole = stack.enter_context(daemon(args.gateway.split()))
        doors = [stack.enter_context(stock()), stack.enter_context(front_door())]
        others = []
        if not reason:
            others.append(stack.enter_context(postfix_alone()))
            if args.zeyple:
                others.append(stack.enter_context(postfix_with_zeyple(args.zeyple)))
            else:
                print("left out: zeyple: no --zeyple PATH given")
        for kind in args.only:
            contestants = doors if kind == "big20m" else [whole, *others, doors[0]]
            count, sessions = max(2, int(COUNTS[kind] * args.scale)), 1 if kind == "big20m" else args.sessions
            for turn in range(args.rounds):
                for n, contestant in enumerate(contestants):
                    rate = contestant.rate(kind, count, sessions, f"{list(COUNTS).index(kind)}{turn}{n}r")
                    rates.setdefault(kind, {}).setdefault(contestant.name, []).append(rate)
                    print(f"{kind:9} round {turn + 1}  {contestant.name:32} {rate:9.1f} mails/s", file=sys.stderr, flush=True)
    report(rates)
    if args.json:
        args.json.write_text(json.dumps(rates, indent=1))


def report(rates: dict[str, dict[str, list[float]]]) -> None:
    print(f"\n{'kind':9} {'beside':32} {'ours/s':>9} {'theirs/s':>9} {'ratio':>8}  goal")
    for kind, by_name in rates.items():
        ours_name = next(n for n in by_name if n.startswith(("coachgate", "our ")))
        ours = statistics.median(by_name[ours_name])
        for name, values in by_name.items():
            if name != ours_name:
                theirs, goal = statistics.median(values), GOALS.get((kind, name))
                verdict = "" if goal is None else f"{goal:g}x {'reached' if ours / theirs >= goal else 'missed'}"
                print(f"{kind:9} {name:32} {ours:9.1f} {theirs:9.1f} {ours / theirs:7.2f}x  {verdict}")


if __name__ == "__main__":
    main()
