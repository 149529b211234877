"""The load of `bench.pipe`, in a process of its own: several SMTP sessions, each mail a fresh text, a reply awaited for each command.

    python bench/pipe_load.py '[PORT, KIND, RECIPIENT, COUNT, SESSIONS, RUN, LOGIN, PASSWORD]'

Says "ready" when all is written and connected, waits for a line, says "sent" when the last mail was taken.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import mails  # found from here whether this is called as a script or as a module

PATIENCE = 180.0  # seconds


def load(port: int, kind: str, recipient: str, count: int, sessions: int, run: str, login: str, password: str) -> None:
    """Send `count` mails of `kind` over at most `sessions` connections; `run` sets their marks and texts apart from those of other runs."""
    template = mails.template(kind)
    jobs = enumerate(mails.texts(kind, count, run))
    lock = threading.Lock()
    links = [_connect(port, login, password) for _ in range(min(sessions, count))]

    def session(link: socket.socket) -> None:
        while True:
            with lock:
                number, text = next(jobs, (0, b""))
            if not text:
                return
            mail = mails.filled(template, text, f"{run}{number:0{16 - len(run)}d}".encode())
            _say(link, b"MAIL FROM:<%s>\r\n" % mails.COACH.encode(), b"2")
            _say(link, b"RCPT TO:<%s>\r\n" % recipient.encode(), b"2")
            _say(link, b"DATA\r\n", b"3")
            _say(link, mail + b".\r\n", b"2")

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


def _connect(port: int, login: str, password: str) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), PATIENCE)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _read(link, b"2")
    _say(link, b"EHLO bench.example\r\n", b"2")
    if login:
        _say(link, b"AUTH PLAIN " + base64.b64encode(f"\0{login}\0{password}".encode()) + b"\r\n", b"2")
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


if __name__ == "__main__":
    load(*json.loads(sys.argv[1]))
