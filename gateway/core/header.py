"""Writes header fields of composed messages (RFC 5322 section 2.2, RFC 2047), and refuses everything that could start another field.

Nothing here copies a field of somebody else's message: values come typed, are encoded by us, and every octet written is printable ASCII.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import format_datetime

_WORD_OCTETS = 42  # 42 octets of UTF-8 are 56 of base64: with "=?utf-8?b?" and "?=" an encoded word stays below 75 (RFC 2047 section 2)
_LINE = 76


def field(name: str, *words: str) -> bytes:
    """One header field, folded between `words`. Raises ValueError for anything but printable ASCII."""
    lines, line = [], f"{name}:"
    for word in words:
        if not word.isascii() or not word.isprintable():
            raise ValueError(f"{name}: not printable ASCII")
        if len(line) + 1 + len(word) > _LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "\r\n".join([*lines, line]).encode("ascii") + b"\r\n"


def text_words(text: str) -> tuple[str, ...]:
    """Words of an unstructured field body: as they stand where they are plain ASCII, else RFC 2047 encoded words."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable() and "=?" not in text:
        return tuple(text.split(" ")) if text else ("",)
    return _encoded_words("".join(c for c in text if c.isprintable()))


def address_words(name: str, mailbox: str) -> tuple[str, ...]:
    """Words of an address field with one mailbox (RFC 5322 section 3.4); `name` may be empty."""
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not name:
        return (f"<{mailbox}>",)
    if not name.isascii() or "=?" in name:
        return (*_encoded_words(name), f"<{mailbox}>")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return (f'"{quoted}"', f"<{mailbox}>")


def date_words(moment: datetime) -> tuple[str, ...]:
    """Words of a Date field: UTC and whole minutes, so that it tells neither place nor habit."""
    return tuple(format_datetime(moment.astimezone(UTC).replace(second=0, microsecond=0)).split(" "))


def _encoded_words(text: str) -> tuple[str, ...]:
    words, chunk = [], b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > _WORD_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets
    return tuple(f"=?utf-8?b?{base64.b64encode(w).decode()}?=" for w in (*words, chunk))
