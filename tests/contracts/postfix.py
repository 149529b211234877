"""A real Postfix as smarthost, in a folder of its own, on loopback only. Behind it stands a scriptable smarthost that keeps what Postfix hands on.

The fixture `postfix` is known to tests in this folder; elsewhere a conftest.py imports it from here.
Skips, saying so, where Postfix is not installed or the tests do not run as root (its master must change users).
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.smarthost import Smarthost

SBIN = Path("/usr/lib/postfix/sbin")
CONFIG_FILES = ("dynamicmaps.cf", "postfix-files", "postfix-script", "post-install")

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {sbin}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = smarthost.example
mydestination =
local_recipient_maps =
alias_maps =
relayhost = [127.0.0.1]:{next_hop}
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtputf8_enable = {smtputf8}
message_size_limit = {size_limit}
default_destination_concurrency_limit = 20
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
{more}
"""

MASTER = """
127.0.0.1:{port} inet n - n - 50 smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - 50 smtp
relay unix - - n - 50 smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
{services}
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def why_not() -> str:
    """The reason why Postfix cannot run here, or ""."""
    if not (SBIN / "master").exists():
        return "Postfix is not installed (apt-get install postfix)"
    return "" if os.geteuid() == 0 else "Postfix starts as root only"


class Postfix:
    """One instance. `port` listens for the relay; `next_hop` is where it hands mail on."""

    def __init__(self, next_hop: int, *, more: str = "", services: str = "", smtputf8: bool = True, size_limit: int = 2_000_000) -> None:
        self.port, self.next_hop = free_port(), next_hop
        # beneath a folder that its own user may walk through: a pytest folder is closed to others
        self.folder = Path(tempfile.mkdtemp(prefix="pf-"))
        self.folder.chmod(0o755)
        self._more, self._services, self._smtputf8, self._size_limit = more, services, "yes" if smtputf8 else "no", size_limit

    def start(self) -> None:
        """Write the configuration and start the master. Raises `subprocess.CalledProcessError`."""
        etc = self.folder / "etc"
        user = pwd.getpwnam("postfix")
        for name in ("etc", "queue", "data", "log"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        for name in CONFIG_FILES:
            shutil.copy2(Path("/etc/postfix") / name, etc / name)
        for name in ("dynamicmaps.cf.d", "postfix-files.d"):
            (etc / name).mkdir()
        fields = {"folder": self.folder, "sbin": SBIN, "next_hop": self.next_hop, "smtputf8": self._smtputf8, "size_limit": self._size_limit}
        (etc / "main.cf").write_text(MAIN.format(**fields, more=self._more))
        (etc / "master.cf").write_text(MASTER.format(port=self.port, services=self._services))
        self._call("check")
        self._call("start")

    def stop(self) -> None:
        """Stop this instance (its master is told by the pid file in its own queue) and remove its folder."""
        self._call("stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "log" / "mail.log").read_text(errors="replace")

    def _call(self, word: str, check: bool = True) -> None:
        done = subprocess.run(["postfix", "-c", str(self.folder / "etc"), word], capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"postfix {word}: {done.stdout}{done.stderr}")


class PostfixWithSink(Postfix):
    """A Postfix and what stands behind it."""

    sink: Smarthost


@pytest_asyncio.fixture
async def postfix() -> AsyncIterator[PostfixWithSink]:
    """A running Postfix whose next hop is `postfix.sink`."""
    if reason := why_not():
        pytest.skip(reason)
    async with Smarthost() as sink:
        instance = PostfixWithSink(sink.port)
        instance.sink = sink
        try:
            await asyncio.to_thread(instance.start)
            yield instance
        finally:
            await asyncio.to_thread(instance.stop)
