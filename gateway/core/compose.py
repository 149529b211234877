"""Composes the company copy: a new message made of an approved reading and of configuration, and of nothing else (law 1).

This module cannot reach the parser, the classifier or the recogniser (the build checks it), so no octet of the original can
get here by accident. `prove_company_copy` reads a finished copy again and shows that it holds what was approved (law 8).
"""

from __future__ import annotations

import base64
import hashlib
import quopri
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message as EmailMessage

from gateway.core.header import address_words, date_words, field, text_words
from gateway.core.model import Mailbox, Reading

_FIELDS = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
_PART_FIELDS = {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
FILE_NAME = "invite.ics"


class NotComposed(Exception):
    """A company copy holds something else than what was approved."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is new in each copy: identity and time, given from outside so that composing is repeatable."""

    message_id: str
    at: datetime


def company_copy(reading: Reading, author_name: str, author: Mailbox, to: str, stamp: Stamp, calendar: bytes = b"") -> bytes:
    """The company copy of one recipient: RFC 5322, one text/plain part, CRLF line ends, every octet ASCII.

    `to` is the forward path as sent. With `calendar`, a proved object of the reading's invitation, the copy takes the form that calendar programs read
    (RFC 6047): mixed(alternative(plain, calendar), file). Raises ValueError where the reading approves nothing.
    """
    if not reading.company_text.strip():
        raise ValueError("nothing was approved for a company")
    text = "\r\n".join(reading.company_text.strip().splitlines()) + "\r\n"
    octets = text.encode("utf-8")
    plain = text.isascii() and all(len(line) <= 78 for line in text.splitlines())
    body = octets if plain else b"\r\n".join(quopri.encodestring(line) for line in octets.split(b"\r\n")).replace(b"=\n", b"=\r\n")
    coding = "7bit" if plain else "quoted-printable"
    head = (
        field("From", *address_words(author_name, str(author)))
        + field("To", *_to_words(to))
        + field("Subject", *text_words(reading.company_subject))
        + field("Date", *date_words(stamp.at))
        + field("Message-ID", stamp.message_id)
        + field("MIME-Version", "1.0")
    )
    text_part = field("Content-Type", "text/plain;", "charset=utf-8") + field("Content-Transfer-Encoding", coding) + b"\r\n" + body
    if reading.invitation is None or not calendar:
        return head + text_part
    return head + _with_object(text_part, reading.invitation.method.value, calendar, stamp)


def _with_object(text_part: bytes, method: str, calendar: bytes, stamp: Stamp) -> bytes:
    """The text with the calendar object beside it, once to be shown and once as a file: both the same octets, in base64, which no relay rewraps."""
    mark = hashlib.sha256(stamp.message_id.encode()).hexdigest()[:24]
    outer, inner = f"=_{mark}_1".encode(), f"=_{mark}_2".encode()
    encoded = base64.encodebytes(calendar).replace(b"\n", b"\r\n")
    shown = field("Content-Type", "text/calendar;", "charset=utf-8;", f"method={method}") + field("Content-Transfer-Encoding", "base64")
    file = (
        field("Content-Type", "application/ics;", f'name="{FILE_NAME}"')
        + field("Content-Disposition", "attachment;", f'filename="{FILE_NAME}"')
        + field("Content-Transfer-Encoding", "base64")
    )
    alternative = _multipart(inner, (text_part, shown + b"\r\n" + encoded))
    both = (field("Content-Type", "multipart/alternative;", f'boundary="{inner.decode()}"') + b"\r\n" + alternative, file + b"\r\n" + encoded)
    return field("Content-Type", "multipart/mixed;", f'boundary="{outer.decode()}"') + b"\r\n" + _multipart(outer, both)


def _multipart(boundary: bytes, parts: tuple[bytes, ...]) -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def prove_company_copy(octets: bytes, reading: Reading, calendar: bytes = b"") -> None:
    """Raises `NotComposed` unless `octets`, parsed again, hold only allowed fields, the approved text and, where there is one, the proved calendar object."""
    if not octets.isascii() or b"\0" in octets:
        raise NotComposed("octets outside ASCII")
    message = message_from_bytes(octets)
    if reading.invitation is not None and calendar:
        text = _proved_parts(message, reading.invitation.method.value, calendar)
    elif tuple(message.keys()) != _FIELDS:
        raise NotComposed("fields outside the list")
    else:
        text = message
    if text.is_multipart() or text["Content-Type"] != "text/plain; charset=utf-8" or text.defects:
        raise NotComposed("not one text part")
    body = (text.get_payload(decode=True) or b"").decode("utf-8")  # type: ignore[union-attr]  # decode=True gives bytes for a leaf
    if body.split() != reading.company_text.split() or _subject(message["Subject"]).split() != reading.company_subject.split():
        raise NotComposed("text differs from what was approved")


def _proved_parts(message: EmailMessage, method: str, calendar: bytes) -> EmailMessage:
    """The text part of a copy with a calendar object; raises `NotComposed` where its form or its object is another."""
    between = (text for part in message.walk() for text in (part.preamble, part.epilogue, *part.defects))
    if tuple(message.keys()) != _FIELDS[:-1] or any(str(text or "").strip() for text in between):
        raise NotComposed("fields outside the list")
    parts = [part for part in message.walk() if not part.is_multipart()]
    kinds = [part.get_content_type() for part in message.walk()]
    if kinds != ["multipart/mixed", "multipart/alternative", "text/plain", "text/calendar", "application/ics"]:
        raise NotComposed("not the form of an invitation")
    if not {name for part in message.walk() if part is not message for name, _ in part.items()} <= _PART_FIELDS:
        raise NotComposed("fields outside the list")
    if parts[1]["Content-Type"] != f"text/calendar; charset=utf-8; method={method}" or any(part.get_payload(decode=True) != calendar for part in parts[1:]):
        raise NotComposed("calendar object differs from what was rebuilt")
    return parts[0]


def _subject(body: str) -> str:
    """What a reader shows of a Subject field; encoded words (RFC 2047) are read by the library, which takes longer than all the rest."""
    return str(policy.default.header_fetch_parse("Subject", body)) if "=?" in body else body


def _to_words(path: str) -> tuple[str, ...]:
    # a forward path with UTF-8 (RFC 6531) cannot stand in an ASCII header section; RFC 5322 asks for no To field, an empty group hides nobody
    return (f"<{path}>",) if path.isascii() else ("undisclosed-recipients:;",)
