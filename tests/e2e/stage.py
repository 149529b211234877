"""A real daemon between a mail program and a smarthost, on loopback: started by its command line, as an operator would."""

from __future__ import annotations

import email.policy
import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

COACH = "coach@coach.example"
WORK, HOME = "dana@acme.example", "dana@home.example"
SPONSOR, COLLEAGUE, ASSISTANT = "ruth@acme.example", "erik@acme.example", "vera@coach.example"
KEYLESS, KEYLESS_HOME = "milo@beta.example", "milo@home.example"
FRIEND, STRANGER = "printer@shop.example", "who@nowhere.example"
PASSWORD = "only-on-loopback"
PATIENCE = 60.0


class Sink:
    """The smarthost: keeps what it gets; `reply` may be replaced to refuse or defer."""

    def __init__(self) -> None:
        self.mail: list[tuple[tuple[str, ...], bytes]] = []
        self.reply: Callable[[bytes], str] = lambda octets: "250 2.0.0 kept"
        self.came = threading.Condition()

    async def handle_DATA(self, server, session, envelope):
        octets = bytes(envelope.original_content)
        reply = self.reply(octets)
        if reply.startswith("250"):
            with self.came:
                self.mail.append((tuple(envelope.rcpt_tos), octets))
                self.came.notify_all()
        return reply

    def to(self, address: str) -> list[bytes]:
        return [octets for paths, octets in self.mail if address in paths]

    def wait_for(self, address: str, count: int = 1) -> list[bytes]:
        """What reached `address`, once there are `count` of them."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.to(address)) >= count, PATIENCE), f"{len(self.to(address))} of {count} mails for {address}"
        return self.to(address)


class _LongLines(SMTP):
    """Takes the long lines of real mail, as smarthosts do; the stock limit is 1,001 octets."""

    line_length_limit = 2**20


class _Smarthost(Controller):
    def factory(self):
        return _LongLines(self.handler, **self.SMTP_kwargs)


class Stage:
    """State folder, keys, daemon and both ends of the wire."""

    def __init__(self, folder: Path, relay_port: int | None = None, extra: str = "", tls: str = 'tls = "none"') -> None:
        """`extra` are more sections of the configuration, `tls` the lines that say how the mail program is spoken to."""
        self.folder, self.sink = folder, Sink()
        self.port = free_port()
        self._controller = None
        if relay_port is None:
            self._controller = _Smarthost(self.sink, hostname="127.0.0.1", port=free_port(), data_size_limit=100_000_000, enable_SMTPUTF8=True)
            relay_port = self._controller.port
        self.config = folder / "coachgate.toml"
        self.config.write_text(
            f'state_dir = "{folder}/s"\n[coach]\nname = "Robin Vale"\naddresses = ["{COACH}"]\nsupport = ["{ASSISTANT}"]\ntime_zone = "Europe/Berlin"\n'
            f'[submission]\nlisten = ["127.0.0.1:{self.port}"]\n{tls}\n[relay]\nhost = "127.0.0.1"\nport = {relay_port}\ntls = "none"\n'
            f"[notices]\ndigest_seconds = 5\n{extra}"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "daemon.log"
        self.environment = dict(os.environ)

    def command(self, *words: str, data: str = "", check: bool = True) -> str:
        done = subprocess.run([sys.executable, "-m", "gateway.cli.main", "--config", str(self.config), *words], input=data, text=True, capture_output=True)
        assert not check or done.returncode == 0, f"coachgate {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def gpg(self, *words: str, data: bytes = b"") -> bytes:
        base = [
            "gpg",
            "--homedir",
            str(self.folder / "k"),
            "--batch",
            "--quiet",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--trust-model",
            "always",
        ]
        return subprocess.run([*base, *words], input=data, capture_output=True).stdout

    def make_key(self, address: str, expire: str = "never") -> Path:
        self.gpg("--quick-gen-key", f"<{address}>", "ed25519", "sign", expire)
        listing = self.gpg("--with-colons", "--list-keys", f"<{address}>").decode()
        fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
        self.gpg("--quick-add-key", fingerprint, "cv25519", "encr", expire)
        file = self.folder / f"{address}.asc"
        file.write_bytes(self.gpg("--armor", "--export", f"<{address}>"))
        return file

    def decrypt(self, octets: bytes) -> bytes:
        start = octets.find(b"-----BEGIN PGP MESSAGE")
        return self.gpg("--decrypt", data=octets[start:]) if start >= 0 else b""

    def prepare(self) -> None:
        """One client with a key, one without, a sponsor, a contact that is no client."""
        (self.folder / "k").mkdir(mode=0o700)
        key = self.make_key(HOME)
        (self.folder / "clients.toml").write_text(
            f'[[client]]\nname = "Dana Whitfield"\nwork = ["{WORK}"]\nwork_domains = ["acme.example", "acmé.example"]\npersonal = "{HOME}"\n'
            f'key_file = "{key}"\nkey_verified = true\nsponsors = ["{SPONSOR}"]\n'
            f'[[client]]\nname = "Milo Brandt"\nwork = ["{KEYLESS}"]\nwork_domains = ["beta.example"]\npersonal = "{KEYLESS_HOME}"\n'
        )
        self.command("init")
        self.command("user", "add", "robin", "--role", "coach", "--password-stdin", data=PASSWORD + "\n")
        self.command("user", "add", "machine", "--role", "coach", "--password-stdin", "--from", "*", data=PASSWORD + "\n")
        self.command("client", "import", str(self.folder / "clients.toml"))
        self.command("contact", "add", FRIEND, "--not-a-client")

    def start(self) -> None:
        """Start the smarthost (once) and the daemon; returns when it greets."""
        if self._controller and self._controller.server is None:
            self._controller.start()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli.main", "--config", str(self.config), "run"], stdout=log, stderr=log, env=self.environment
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                    if probe.recv(4).startswith(b"220"):
                        return
            except OSError:
                time.sleep(0.02)  # another program: nothing tells us when its port opens
        raise AssertionError("the daemon did not listen")

    def logged(self, word: str, times: int = 1) -> None:
        """Return once the log holds `word` so often. (A file tells nobody when it grows.)"""
        deadline = time.monotonic() + PATIENCE
        while self.log.read_text().count(word) < times:
            assert time.monotonic() < deadline, f"{word!r} was not logged {times} times\n{self.log.read_text()[-2000:]}"
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the daemon by its own id."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.end()
        if self._controller:
            self._controller.stop(no_assert=True)
        subprocess.run(["gpgconf", "--homedir", str(self.folder / "k"), "--kill", "all"], capture_output=True)

    def send(self, raw: bytes, to: list[str] | str, login: str = "robin", mail_from: str = COACH) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as smtp:
            smtp.ehlo("laptop.example")
            smtp.login(login, PASSWORD)
            smtp.sendmail(mail_from, [to] if isinstance(to, str) else to, raw, mail_options=["BODY=8BITMIME"])

    def status(self) -> dict[str, int]:
        return json.loads(self.command("status", "--json"))

    def held(self) -> list[dict]:
        return json.loads(self.command("held", "list", "--json"))

    def drained(self, seconds: float = 2 * PATIENCE) -> None:
        """Return once nothing waits to be handed over."""
        deadline = time.monotonic() + seconds
        while self.status()["pending"]:
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]


def mail(text: str, subject: str = "Our appointment", to: str = WORK, **fields: str) -> bytes:
    """A plain mail of the coach."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = f"Robin Vale <{COACH}>", to, subject
    message["Message-ID"] = make_msgid(domain="coach.example")
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(relay_port: int | None = None, extra: str = "", tls: str = 'tls = "none"') -> Iterator[Stage]:
    """A prepared and started stage in a short folder (the path of gpg's socket is limited)."""
    folder = Path(tempfile.mkdtemp(prefix="cg-"))
    stage = Stage(folder, relay_port, extra, tls)
    try:
        stage.prepare()
        stage.start()
        yield stage
    finally:
        stage.close()
        print(stage.log.read_text() if stage.log.exists() else "no log")  # pytest shows it where a test failed
        shutil.rmtree(folder, ignore_errors=True)
