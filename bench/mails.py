"""The mails of `bench.pipe`: invented, and no two alike, so that whoever remembers what it has read wins nothing.

Kinds: `note4k` 4 KiB of a coach's notes; `text` an appointment that is recognised whole; `both` an appointment with a private remark, which becomes two
copies; `invite4k` a calendar object; `mixed1m` and `big20m` a note with an attachment.
"""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

COACH, WORK, HOME = "coach@coach.example", "dana@acme.example", "dana@home.example"
MARKER = b"0" * 16  # in the template; each mail has its own there, in its Message-ID and the UID of a calendar object
_TEXT = "TEXT-OF-THE-MAIL"

_TOPICS = (
    "the budget meeting, your first team, the reorganisation, the letter you never sent, your father, the appraisal, the promotion, the board, the new office, "
    "the quarrel in the kitchen, sleeping badly, the merger, the weekend in Leeds, the rumour about redundancies, your deputy, the client who left, the offer "
    "from the other firm, saying no, the open-plan floor, being interrupted, the speech, the restructuring plan, your mentor, the long commute"
).split(", ")
_PEOPLE = "your manager, Priya, the finance director, your sister, Tom from sales, the new hire, the chair, your old boss, HR, Marta".split(", ")
_FEELINGS = (
    "angry, relieved, cornered, ashamed, proud, tired, amused, invisible, cautious, hopeful, torn, lonely, stubborn, light, guilty, curious, defeated, calm"
).split(", ")
_DEEDS = (
    "write down three sentences before answering, leave the room when it gets loud, ask for the figures in writing, count to ten, tell one person the truth, "
    "draw the map again, keep the mornings free, stop apologising first, read the letter aloud, let somebody else chair, take the stairs and breathe, "
    "say the price and then be silent, sleep on it, name what you want"
).split(", ")
_BODY = "shoulders, jaw, hands, stomach, voice, breath, neck, knees".split(", ")
_SENTENCES = (
    "When we came to {topic} you went quiet, and I think that was the most honest part of the hour.",
    "You said that {person} makes you feel {feeling}, although nothing in what was said would explain it.",
    "I noticed your {body} each time the word {feeling} came up.",
    "For the time being, please try to {deed} and see what happens to your {body}.",
    "What {person} calls loyalty sounded to me more like fear of {topic}.",
    "You were {feeling} about {topic}, and half a minute later {other} about it.",
    "I wonder whether {person} knows how {feeling} you have been since {topic}.",
    "We left {topic} open on purpose; it needs more than a quarter of an hour.",
    "It may help to {deed} before you speak with {person} at all.",
    "My own part in this: I pushed you on {topic} when you were still {feeling}.",
    "The picture you used for {topic} was a locked drawer, and {person} holds the key.",
    "Somewhere between {feeling} and {other} there is a version of you that could simply {deed}.",
    "You laughed when I asked what {person} would lose if you stopped carrying {topic}.",
    "Underneath {topic} there seems to lie something older, and your {body} knows it.",
    "I would not decide anything about {topic} while you are this {feeling}.",
    "Perhaps {person} is only as {feeling} as you are, and hides it better.",
)
_APPOINTMENTS = (
    "our session is on {day}, {date} {month} 2026, at {hour}.",
    "our session is on {day} at {hour}.",
    "our call is on {day}, {date} {month}, at {hour}.",
    "the next session is on {day}, {date} {month} 2026, at {hour}.",
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday".split()
_MONTHS = "March April May June September October November".split()
_CALENDAR = """BEGIN:VCALENDAR
PRODID:-//Example//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:0000000000000000
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


def note(chance: random.Random, octets: int = 4000) -> str:
    """A page of notes of about `octets`, no sentence twice, in paragraphs wrapped as a mail program wraps them."""
    sentences: dict[str, None] = {}
    while sum(map(len, sentences)) < octets:
        feeling, other = chance.sample(_FEELINGS, 2)
        words = {"topic": chance.choice(_TOPICS), "person": chance.choice(_PEOPLE), "deed": chance.choice(_DEEDS), "body": chance.choice(_BODY)}
        sentence = chance.choice(_SENTENCES).format(**words, feeling=feeling, other=other)
        sentences[sentence[0].upper() + sentence[1:]] = None
    told = list(sentences)
    paragraphs = [textwrap.fill(" ".join(told[n : n + 5]), 72) for n in range(0, len(told), 5)]
    return "\n\n".join(["Dear Dana,", *paragraphs, "Warmly,\nRobin"]) + "\n"


def appointment(chance: random.Random) -> str:
    """One appointment, in words the recogniser explains to the last."""
    words = {"day": chance.choice(_DAYS), "date": chance.randint(1, 28), "month": chance.choice(_MONTHS)}
    hour = f"{chance.randint(8, 19)}:{chance.choice(('00', '15', '30', '45'))}"
    return f"Hi Dana,\n\n{chance.choice(_APPOINTMENTS).format(**words, hour=hour)}\n\nBest,\nRobin\n"


def remark(chance: random.Random) -> str:
    """An appointment and, behind it, something that is nobody else's business."""
    head, best, tail = appointment(chance).partition("Best,")
    told = note(chance, 1).split("\n\n")[1]
    return f"{head}{told}\n\n{best}{tail}"


_WRITERS: dict[str, Callable[[random.Random], str]] = {"text": appointment, "both": remark, "invite4k": appointment}
KINDS = ("note4k", "text", "both", "invite4k", "mixed1m", "big20m")


def texts(kind: str, count: int, seed: str) -> list[bytes]:
    """`count` texts for mails of `kind`, CRLF line ends; the same seed gives the same ones."""
    chance = random.Random(seed)
    return [_WRITERS.get(kind, note)(chance).rstrip("\n").replace("\n", "\r\n").encode() for _ in range(count)]


def template(kind: str) -> bytes:
    """A mail of `kind` on the wire (dots stuffed, no end mark) with `MARKER` and the place of its text."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Date"] = f"Robin Vale <{COACH}>", WORK, "Mon, 02 Mar 2026 12:00:00 +0000"
    mail["Message-ID"] = f"<{MARKER.decode()}@coach.example>"
    if kind != "text":  # no subject yet leaves nothing to withhold; a subject of words would make every one of these two copies
        mail["Subject"] = "Our session"
    mail.set_content(_TEXT + "\n")
    if kind == "invite4k":
        folded = re.sub(r"(x{60})(?=x)", "\\1\n ", _CALENDAR.format(filler="x" * 2400)).replace("\n", "\r\n")
        mail.add_alternative(folded.encode(), maintype="text", subtype="calendar", params={"method": "REQUEST"}, cte="8bit")
    if kind == "mixed1m":
        octets = bytes(i * 2654435761 >> 16 & 255 for i in range(750_000))
        mail.add_attachment(octets, maintype="application", subtype="octet-stream", filename="notes.bin")
    if kind == "big20m":
        mail.add_attachment(b"0123456789abcdef" * 937_500, maintype="application", subtype="octet-stream", filename="notes.bin")
    return mail.as_bytes().replace(b"\r\n.", b"\r\n..")


def filled(template: bytes, text: bytes, marker: bytes) -> bytes:
    """One mail from a template."""
    return template.replace(_TEXT.encode(), text, 1).replace(MARKER, marker)
