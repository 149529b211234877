"""Calendar objects for the tests: a plain invitation to alter, the mail around an object, and what a company would get of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from typing import Any

from gateway.core.analyse import analyse
from gateway.core.calendar.proof import prove_object
from gateway.core.calendar.write import Voice, company_object
from gateway.core.invitation import Invitation
from gateway.core.model import Reading, RecogniserContext
from gateway.core.pack import Packs
from gateway.core.platforms import parse_platforms
from gateway.core.vocabulary import load_packs

ROOT = Path(__file__).parents[1]
READERS = ROOT / "tests/contracts/readers"
PLATFORMS = parse_platforms((ROOT / "policies/meeting-platforms.toml").read_text("utf-8"))
COACH, CLIENT, BOSS = "coach@coach.example", "dana@acme.example", "ruth@acme.example"
CONTEXT = RecogniserContext(
    client_names=("Dana Whitfield",), coach_names=("Robin Vale",), places=("Kantstrasse 14, Berlin", "Room <number>"),
    approved_links=("cloud.coach.example/call/x7kq2m9v",), time_zone="Europe/Berlin", coach_addresses=(COACH, "robin@vale.example"),
    company=(CLIENT, "@acme.example"),
)  # fmt: skip
VOICE = Voice("Meeting with Robin Vale", {COACH: "Robin Vale", CLIENT: "Dana Whitfield"}, COACH, CLIENT, b"k" * 32)
EVENT = {
    "UID": "5f1c2a7e-0001-4a6b-8c7d-9e0f1a2b3c4d",
    "DTSTAMP": "20261201T090000Z",
    "DTSTART": "20270119T150000Z",
    "DTEND": "20270119T160000Z",
    "SUMMARY": "How to leave the firm",
    "ORGANIZER": f"mailto:{COACH}",
    "ATTENDEE": f"mailto:{CLIENT}",
}
BERLIN = """\
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


@cache
def packs() -> Packs:
    """Every language, as the daemon knows them."""
    folder = ROOT / "policies/languages"
    return load_packs({file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in sorted(folder.rglob("*.toml"))}, platforms=PLATFORMS)


def event(*lines: str, leave: Iterable[str] = (), **properties: str) -> str:
    """A VEVENT: the plain one with `properties` altered ("" leaves one out, `leave` too) and `lines` added."""
    values = {**EVENT, **properties}
    kept = [f"{name}:{value}" for name, value in values.items() if value and name not in leave]
    return "\n".join(("BEGIN:VEVENT", *kept, *lines, "END:VEVENT"))


def calendar(*components: str, method: str = "REQUEST", head: str = "") -> bytes:
    """A VCALENDAR of these components; `head` are more lines of its own."""
    first = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//a coach's program//EN", f"METHOD:{method}" if method else "", head)
    return re.sub("\n+", "\r\n", "\n".join((*first, *components, "END:VCALENDAR", ""))).encode()


def mail(octets: bytes, method: str = "", text: str = "", file: bytes = b"", coding: str = "base64") -> bytes:
    """A mail of the coach with a calendar object, and with `file` as a second one beside it."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"Robin Vale <{COACH}>", CLIENT, "Invitation"
    message.set_content(text)
    message.add_attachment(octets, "text", "calendar", disposition="inline", params={"method": method} if method else {}, cte=coding)
    if file:
        message.add_attachment(file, maintype="application", subtype="ics")
    return message.as_bytes()


def read(raw: bytes, context: RecogniserContext = CONTEXT) -> Reading:
    """What the daemon reads in a mail."""
    return analyse(raw, (context,), packs()).readings[0][1]


def proved(invitation: Invitation, voice: Voice = VOICE) -> bytes:
    """The company's object, proved as the daemon does."""
    octets = company_object(invitation, voice)
    prove_object(octets, invitation, voice)
    return octets


def objects(raw: bytes) -> list[bytes]:
    """The calendar objects of a mail, decoded."""
    kinds = ("text/calendar", "application/ics")
    return [part.get_payload(decode=True) for part in message_from_bytes(raw).walk() if part.get_content_type() in kinds]  # type: ignore[misc]


def ask_reader(program: str, questions: list[dict[str, str]]) -> list[Any]:
    """What "icaljs.mjs" or "libical.py" says to each question."""
    command = ["node", program] if program.endswith(".mjs") else [sys.executable, program]
    done = subprocess.run(command, input="".join(json.dumps(q) + "\n" for q in questions), text=True, capture_output=True, cwd=READERS, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
