"""Marks the gateway's own messages, so that one that comes back is known (RFC 5321 section 6.3).

The mark is a keyed token inside the Message-ID: no extra field tells a reader that a gateway was here, nobody without the key can forge one,
and a reply does not carry it (a reply quotes the id in References, never in its own Message-ID).
"""

from __future__ import annotations

import hashlib
import hmac
import re

MAX_HOPS = 50
_ID = re.compile(r"<([0-9a-z]{16,64})\.([0-9a-f]{24})@[^<>@\s]+>")


def stamp(copy_id: str, domain: str, key: bytes) -> str:
    """The Message-ID of a copy, stable over every attempt to send it."""
    return f"<{copy_id}.{_token(copy_id, key)}@{domain}>"


def is_own(message_id: str | None, key: bytes) -> bool:
    """True where `message_id` was made by `stamp` under the same key."""
    found = _ID.fullmatch((message_id or "").strip())
    return found is not None and hmac.compare_digest(found[2], _token(found[1], key))


def _token(copy_id: str, key: bytes) -> str:
    return hmac.new(key, copy_id.encode(), hashlib.sha256).hexdigest()[:24]
