"""The company copy with a calendar object: the form that calendar programs read (RFC 6047), and the proof that nothing else is in it."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from gateway.core.compose import NotComposed, Stamp, company_copy, prove_company_copy
from gateway.core.model import Mailbox, Reading
from tests.calendars import CLIENT, calendar, event, mail, proved, read

STAMP = Stamp("<1@coach.example>", datetime(2026, 12, 1, 9, tzinfo=UTC))


def asked() -> Reading:
    """A mail with an invitation and no words, as read."""
    return read(mail(calendar(event()), "REQUEST"))


def made(reading: Reading) -> tuple[bytes, bytes]:
    """The copy and the object in it."""
    assert reading.invitation is not None
    octets = proved(reading.invitation)
    return company_copy(reading, "Robin Vale", Mailbox("coach", "coach.example"), CLIENT, STAMP, octets), octets


def test_the_object_is_shown_and_a_file_beside_the_text() -> None:
    """mixed(alternative(plain, calendar), file): Gmail and Outlook show buttons, Apple Mail opens the file; both are the same octets in base64."""
    copy, octets = made(asked())
    message = message_from_bytes(copy, policy=default)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/calendar", "application/ics"]
    text, shown, file = (part for part in message.walk() if not part.is_multipart())
    assert "16:00-17:00 (Europe/Berlin)" in text.get_content()
    assert shown.get_payload(decode=True) == file.get_payload(decode=True) == octets
    assert (shown.get_param("method"), shown.get_param("charset")) == ("REQUEST", "utf-8")
    assert file.get_filename() == "invite.ics"
    assert copy.isascii()
    assert b"\n" not in copy.replace(b"\r\n", b"")
    prove_company_copy(copy, asked(), octets)


def test_the_same_invitation_makes_the_same_copy() -> None:
    """Composing is repeatable; a boundary comes from the identity of the copy."""
    assert made(asked()) == made(asked())


def test_without_an_object_the_copy_is_text_alone() -> None:
    """Even where the reading has an invitation."""
    copy = company_copy(asked(), "Robin Vale", Mailbox("coach", "coach.example"), CLIENT, STAMP)
    assert message_from_bytes(copy).get_content_type() == "text/plain"
    prove_company_copy(copy, asked())


OTHER = base64.encodebytes(b"BEGIN:VCALENDAR\r\nSUMMARY:How to leave\r\nEND:VCALENDAR\r\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nThread-Topic: How to leave", "fields outside the list"),
        (b"multipart/mixed", b"multipart/related", "not the form"),
        (b"text/calendar", b"text/html", "not the form"),
        (b"application/ics", b"application/octet-stream", "not the form"),
        (b"Content-Disposition: attachment", b"Content-Description: How to leave\r\nContent-Disposition: attachment", "fields outside the list"),
        (b"method=REQUEST", b"method=CANCEL", "differs"),
        (b"QkVHSU46", OTHER + b"QkVHSU46", "differs"),
        (b"\r\n\r\n--=_", b"\r\n\r\nHow to leave\r\n--=_", "fields outside the list"),
        (b"16:00-17:00", b"16:30-17:00", "text differs"),
        (b"text/plain; charset=utf-8", b"text/plain; charset=utf-16", "not one text part"),
    ],
)
def test_a_copy_with_anything_else_is_noticed(before: bytes, after: bytes, why: str) -> None:
    """In the header, between the parts, in a part, in its fields."""
    copy, octets = made(asked())
    changed = copy.replace(before, after, 1)
    assert changed != copy
    with pytest.raises(NotComposed, match=why):
        prove_company_copy(changed, asked(), octets)


@pytest.mark.parametrize("mark", [rb"(_2\"?\r\n\r\n)", rb"(_2--\r\n)", rb"(_1--\r\n)"], ids=["before the inner parts", "after them", "after all"])
def test_text_between_the_parts_is_noticed(mark: bytes) -> None:
    """Some readers show it."""
    copy, octets = made(asked())
    changed = re.sub(mark, rb"\1How to leave\r\n", copy, count=1)
    assert changed != copy
    with pytest.raises(NotComposed):
        prove_company_copy(changed, asked(), octets)
