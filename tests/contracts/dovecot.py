"""A real Dovecot as the coach's mailbox, in a folder of its own, on loopback only, without TLS and with any login name.

Skips, saying so, where Dovecot is not installed or the tests do not run as root (its processes change users).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import imapclient

PASSWORD = "only-on-loopback"
USER = "robin"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
auth_failure_delay = 0 secs
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/passwd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
service anvil {{
  client_limit = 500
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
{more}
"""


def why_not() -> str:
    """The reason why Dovecot cannot run here, or ""."""
    if shutil.which("dovecot") is None or not Path("/usr/lib/dovecot/imap").exists():
        return "Dovecot is not installed (apt-get install dovecot-imapd)"
    return "" if os.geteuid() == 0 else "Dovecot starts as root only"


class Dovecot:
    """One instance; `port` speaks IMAP."""

    def __init__(self, *, separator: str = "/", prefix: str = "", more: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.folder = Path(tempfile.mkdtemp(prefix="dc-"))
        self.folder.chmod(0o755)
        mail = pwd.getpwnam("mail")
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", mail.pw_uid, mail.pw_gid)
        self.config = self.folder / "dovecot.conf"
        self.config.write_text(CONFIG.format(folder=self.folder, port=self.port, separator=separator, prefix=prefix, more=more))
        self.password(PASSWORD)
        self.process: subprocess.Popen[bytes] | None = None

    def password(self, word: str) -> None:
        """From the next login on."""
        (self.folder / "passwd").write_text(f"{USER}:{word}::::::\n")
        (self.folder / "passwd").chmod(0o644)

    def start(self) -> None:
        """Start it; returns when it greets."""
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                    if probe.recv(4).startswith(b"* OK"):
                        return
            except OSError:
                assert self.process.poll() is None, self.log()
                time.sleep(0.02)  # another program: nothing tells us when its port opens
        raise AssertionError(self.log())

    def stop(self) -> None:
        """End this instance by its own id; every conversation with it breaks."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None

    def close(self) -> None:
        """Stop, and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it wrote so far."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    @contextmanager
    def coach(self) -> Iterator[imapclient.IMAPClient]:
        """The coach's own mail program."""
        with imapclient.IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20) as client:
            client.login(USER, (self.folder / "passwd").read_text().split(":")[1])
            yield client

    def put(self, folder: str, *messages: bytes) -> None:
        """As a mail program files a message."""
        with self.coach() as client:
            for octets in messages:
                client.append(folder, octets)

    def folder_of(self, folder: str) -> list[bytes]:
        """The octets of every message there."""
        with self.coach() as client:
            client.select_folder(folder, readonly=True)
            return [data[b"BODY[]"] for _, data in sorted(client.fetch(client.search(), ["BODY.PEEK[]"]).items())]


@contextmanager
def running(**options: str) -> Iterator[Dovecot]:
    """A started instance."""
    server = Dovecot(**options)
    try:
        server.start()
        yield server
    finally:
        server.close()
