"""The time and unguessable names: `ports.Clock` and `ports.Ids` from the machine. The only module that asks it for either."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

ID_OCTETS = 16  # 128 bits


class SystemClock:
    """The machine's clock. It may jump: whoever counts on it asks `core.schedule`, which bears that."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)


class RandomIds:
    """Names from the operating system's random source."""

    def new(self) -> str:
        """32 lower-case hexadecimal digits: fit for a Message-ID (RFC 5322 section 3.6.4 `dot-atom-text`) and a file name."""
        return secrets.token_hex(ID_OCTETS)
