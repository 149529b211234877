"""`coachgate demo`: the whole gateway on loopback, with a smarthost that only keeps what it gets, and sample mails that show the promise.

It starts the real daemon as a program of its own, sends over SMTP, decrypts the sealed copies with the clients' keys, and says who got what.
Everything lies in one temporary folder and is gone afterwards.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import json
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import typer
from aiosmtpd.controller import Controller
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

COACH = "coach@coach.example"
WORK, HOME = "dana@acme.example", "dana@home.example"
KEYLESS = "milo@acme.example"  # a client whose personal key nobody has given yet
FRIEND = "printer@shop.example"
_SECONDS = 60


@dataclass
class Arrived:
    """What the smarthost was handed: recipients and octets, in order."""

    mail: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # aiosmtpd's name
        """Keep one mail."""
        self.mail.append((tuple(envelope.rcpt_tos), bytes(envelope.original_content)))  # type: ignore[attr-defined]
        return "250 2.0.0 kept"

    def to(self, address: str) -> list[bytes]:
        """The octets that reached `address`."""
        return [octets for paths, octets in self.mail if address in paths]


@dataclass(frozen=True)
class Sample:
    """One mail of the demo and what must become of it."""

    title: str
    to: str
    subject: str
    text: str
    must: str  # said to the person who watches
    landed: Callable[[Arrived, Callable[[bytes], bytes], int], bool]  # (arrived, decrypt, number of held items)
    attachment: str = ""


SAMPLES = (
    Sample(
        "An appointment",
        WORK,
        "Thursday",
        "Hi Dana,\n\nThursday 14:00 to 15:00 works. Same link: https://zoom.us/j/86451209377\n\nBest wishes,\nRobin\n",
        "the company learns the time and the link, as a new mail",
        lambda a, d, h: any(b"Thursday 14:00 to 15:00" in m and b"86451209377" in m for m in a.to(WORK)),
    ),
    Sample(
        "Session notes",
        WORK,
        "What we said about your manager",
        "Dana,\n\nyou said you freeze whenever Viktor raises his voice.\nTry the two-breath pause, and write down what you would tell him.\n\nRobin\n",
        "nothing at the company; the whole mail at the personal address, sealed",
        lambda a, d, h: any(b"two-breath pause" in d(m) and b"two-breath pause" not in m for m in a.to(HOME)),
    ),
    Sample(
        "Both in one mail",
        WORK,
        "Re: Tuesday and what you told me",
        "Hi Dana,\n\nLet's meet on Tuesday 9 June at 10:30 instead.\n\nI keep thinking about the promotion you were denied; bring the letter.\n\nRobin\n",
        "the company learns the new time only; the whole mail goes sealed to the personal address",
        lambda a, d, h: any(b"10:30" in m for m in a.to(WORK)) and any(b"promotion you were denied" in d(m) for m in a.to(HOME)),
    ),
    Sample(
        "An attachment",
        WORK,
        "Worksheet",
        "Dana, the worksheet for next time is attached.\n",
        "the attachment goes sealed to the personal address",
        lambda a, d, h: any(b"values-worksheet.txt" in d(m) for m in a.to(HOME)),
        attachment="values-worksheet.txt",
    ),
    Sample(
        "Notes for a client without a key",
        KEYLESS,
        "After today",
        "Milo, what you said about your brother stays with me. Rest this week.\n",
        "nothing leaves; the mail waits sealed, and the coach is told",
        lambda a, d, h: h == 1 and not a.to(KEYLESS) and any(KEYLESS.encode() in m for m in a.to(COACH)),
    ),
    Sample(
        "Somebody who is no client",
        FRIEND,
        "Business cards",
        "Hello, please print two hundred of the new cards. Robin\n",
        "passes untouched",
        lambda a, d, h: any(b"two hundred of the new cards" in m for m in a.to(FRIEND)),
    ),
)
CANARIES = (b"two-breath", b"promotion you were denied", b"what you said about your brother", b"values-worksheet")


def demo(once: bool = typer.Option(False, "--once", help="End after the sample mails; exit code 0 only if each landed as it must.")) -> None:
    """Everything on loopback with sample mails: who got what."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="cg-") as name, _stage(Path(name), console) as stage:
        stage.send_all()
        good = stage.report()
        if not once:
            console.print(f"The gateway listens on 127.0.0.1:{stage.port} (user robin, password demo-on-loopback). Press Enter to end.")
            sys.stdin.readline()
    raise typer.Exit(0 if good else 1)


class _Stage:
    """A running gateway with both ends of the wire."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.folder, self.console, self.arrived = folder, console, Arrived()
        self.port, self.sink_port = _free_port(), _free_port()
        self.config = folder / "coachgate.toml"
        self.keys = folder / "k"

    def command(self, *words: str, data: str = "") -> str:
        done = subprocess.run(self._words(*words), input=data, text=True, capture_output=True, check=False)  # noqa: S603  # our own program
        if done.returncode:
            raise typer.BadParameter(f"coachgate {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "gateway.cli.main", "--config", str(self.config), *words]

    def gpg(self, *words: str, data: bytes = b"") -> bytes:
        base = [shutil.which("gpg") or "gpg", "--homedir", str(self.keys), "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]
        return subprocess.run([*base, "--trust-model", "always", *words], input=data, capture_output=True, check=False).stdout  # noqa: S603  # fixed words

    def decrypt(self, octets: bytes) -> bytes:
        return self.gpg("--decrypt", data=octets[octets.find(b"-----BEGIN PGP") :]) if b"-----BEGIN PGP" in octets else b""

    def prepare(self) -> None:
        self.keys.mkdir(mode=0o700)
        self.gpg("--quick-gen-key", f"<{HOME}>", "ed25519", "sign", "never")
        listing = self.gpg("--with-colons", "--list-keys", HOME).decode()
        fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
        self.gpg("--quick-add-key", fingerprint, "cv25519", "encr", "never")
        (self.folder / "dana.asc").write_bytes(self.gpg("--armor", "--export", HOME))
        (self.folder / "clients.toml").write_text(
            f'[[client]]\nname = "Dana Whitfield"\nwork = ["{WORK}"]\nwork_domains = ["acme.example"]\npersonal = "{HOME}"\n'
            f'key_file = "{self.folder}/dana.asc"\nkey_verified = true\n'
            f'[[client]]\nname = "Milo Brandt"\nwork = ["{KEYLESS}"]\nwork_domains = ["acme.example"]\npersonal = "milo@home.example"\n'
        )
        self.config.write_text(
            f'state_dir = "{self.folder}/s"\n[coach]\nname = "Robin Vale"\naddresses = ["{COACH}"]\ntime_zone = "Europe/Berlin"\n'
            f'[submission]\nlisten = ["127.0.0.1:{self.port}"]\ntls = "none"\n[relay]\nhost = "127.0.0.1"\nport = {self.sink_port}\ntls = "none"\n'
        )
        self.command("init")
        self.command("user", "add", "robin", "--role", "coach", "--password-stdin", data="demo-on-loopback\n")
        self.command("client", "import", str(self.folder / "clients.toml"))
        self.command("contact", "add", FRIEND, "--not-a-client")

    def send_all(self) -> None:
        for sample in SAMPLES:
            message = EmailMessage(policy=email.policy.SMTP)
            message["From"], message["To"], message["Subject"] = f"Robin Vale <{COACH}>", sample.to, sample.subject
            message["Message-ID"] = email.utils.make_msgid(domain="coach.example")
            message.set_content(sample.text)
            if sample.attachment:
                message.add_attachment("What matters most to you?\n", filename=sample.attachment)
            with smtplib.SMTP("127.0.0.1", self.port, timeout=_SECONDS) as smtp:
                smtp.login("robin", "demo-on-loopback")
                smtp.sendmail(COACH, [sample.to], message.as_bytes())
        deadline = time.monotonic() + _SECONDS
        while json.loads(self.command("status", "--json"))["pending"] and time.monotonic() < deadline:
            time.sleep(0.2)  # the daemon is another program: its status is the only event it offers

    def report(self) -> bool:
        held = len(json.loads(self.command("held", "list", "--json")))
        table = Table("mail", "to", "what must happen", "seen", title="Who got what")
        good = []
        for sample in SAMPLES:
            good.append(sample.landed(self.arrived, self.decrypt, held))
            table.add_row(sample.title, sample.to, sample.must, "[green]yes[/]" if good[-1] else "[bold red]NO[/]")
        clear = b"".join(octets for _, octets in self.arrived.mail)
        good.append(not any(canary in clear for canary in CANARIES))
        table.add_row("All of them", "", "no confidential sentence readable anywhere on the wire", "[green]yes[/]" if good[-1] else "[bold red]NO[/]")
        good.append("intact" in self.command("audit", "verify") or "consistent" in self.command("audit", "verify"))
        table.add_row("Audit log", "", "verifies", "[green]yes[/]" if good[-1] else "[bold red]NO[/]")
        self.console.print(table)
        for octets in self.arrived.to(WORK):
            self.console.print(Panel(octets.decode("utf-8", "replace").replace("\r", ""), title=f"as {WORK} received it", expand=False))
        return all(good)


@contextmanager
def _stage(folder: Path, console: Console) -> Iterator[_Stage]:
    stage = _Stage(folder, console)
    sink = Controller(stage.arrived, hostname="127.0.0.1", port=stage.sink_port, data_size_limit=50_000_000, enable_SMTPUTF8=True)
    sink.start()
    daemon = None
    try:
        with console.status("making keys, state folder and people"):
            stage.prepare()
        daemon = subprocess.Popen(stage._words("run"), stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"))  # noqa: S603  # our own program
        _wait_for_port(stage.port, daemon, folder / "log")
        yield stage
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait(_SECONDS)
        sink.stop()
        subprocess.run([shutil.which("gpgconf") or "gpgconf", "--homedir", str(stage.keys), "--kill", "all"], check=False, capture_output=True)  # noqa: S603


def _wait_for_port(port: int, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            raise typer.BadParameter(f"the daemon ended:\n{log.read_text()}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise typer.BadParameter(f"the daemon did not listen within {_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
