"""Composes the company copy: a new message made of an approved reading and of configuration, and of nothing else (law 1).

This module cannot reach the parser, the classifier or the recogniser (the build checks it), so no octet of the original can
get here by accident. `prove_company_copy` reads a finished copy again and shows that it holds what was approved (law 8).
"""

from __future__ import annotations

import quopri
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy

from gateway.core.header import address_words, date_words, field, text_words
from gateway.core.model import Mailbox, Reading

_FIELDS = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")


class NotComposed(Exception):
    """A company copy holds something else than what was approved."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is new in each copy: identity and time, given from outside so that composing is repeatable."""

    message_id: str
    at: datetime


def company_copy(reading: Reading, author_name: str, author: Mailbox, to: str, stamp: Stamp) -> bytes:
    """The company copy of one recipient: RFC 5322, one text/plain part, CRLF line ends, every octet ASCII.

    `to` is the forward path as sent. Raises ValueError where the reading approves nothing.
    """
    if not reading.company_text.strip():
        raise ValueError("nothing was approved for a company")
    text = "\r\n".join(reading.company_text.strip().splitlines()) + "\r\n"
    octets = text.encode("utf-8")
    plain = text.isascii() and all(len(line) <= 78 for line in text.splitlines())
    body = octets if plain else b"\r\n".join(quopri.encodestring(line) for line in octets.split(b"\r\n")).replace(b"=\n", b"=\r\n")
    section = (
        field("From", *address_words(author_name, str(author)))
        + field("To", *_to_words(to))
        + field("Subject", *text_words(reading.company_subject))
        + field("Date", *date_words(stamp.at))
        + field("Message-ID", stamp.message_id)
        + field("MIME-Version", "1.0")
        + field("Content-Type", "text/plain;", "charset=utf-8")
        + field("Content-Transfer-Encoding", "7bit" if plain else "quoted-printable")
    )
    return section + b"\r\n" + body


def prove_company_copy(octets: bytes, reading: Reading) -> None:
    """Raises `NotComposed` unless `octets`, parsed again, hold only allowed fields, one text part and exactly the approved text."""
    if not octets.isascii() or b"\0" in octets:
        raise NotComposed("octets outside ASCII")
    message = message_from_bytes(octets)
    if tuple(message.keys()) != _FIELDS:
        raise NotComposed("fields outside the list")
    if message.is_multipart() or message["Content-Type"] != "text/plain; charset=utf-8" or message.defects:
        raise NotComposed("not one text part")
    body = (message.get_payload(decode=True) or b"").decode("utf-8")  # type: ignore[union-attr]  # decode=True gives bytes for a leaf
    if body.split() != reading.company_text.split() or _subject(message["Subject"]).split() != reading.company_subject.split():
        raise NotComposed("text differs from what was approved")


def _subject(body: str) -> str:
    """What a reader shows of a Subject field; encoded words (RFC 2047) are read by the library, which takes longer than all the rest."""
    return str(policy.default.header_fetch_parse("Subject", body)) if "=?" in body else body


def _to_words(path: str) -> tuple[str, ...]:
    # a forward path with UTF-8 (RFC 6531) cannot stand in an ASCII header section; RFC 5322 asks for no To field, an empty group hides nobody
    return (f"<{path}>",) if path.isascii() else ("undisclosed-recipients:;",)
