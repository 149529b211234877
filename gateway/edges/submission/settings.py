"""What can be set about submission. A value that would open the door in clear to a network cannot be constructed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class SubmissionSettings:
    """All times in seconds, all sizes in octets. Raises `ValueError` that names the key."""

    listen: tuple[tuple[str, int], ...]  # port 0: any free one, see `SubmissionServer.addresses`
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    certificate: Path | None = None  # PEM chain
    key: Path | None = None  # PEM
    hostname: str = "localhost"  # in the greeting
    size_limit: int = 36 * 2**20  # RFC 1870, counted on the octets of the wire
    max_connections: int = 32
    per_address: int = 8
    max_recipients: int = 100  # RFC 5321 section 4.5.3.1.8
    errors: int = 10  # replies of 5xx in a session
    commands: int = 1000  # between two accepted mails
    login_tries: int = 3
    login_seconds: float = 60  # from the greeting to a successful AUTH
    idle_seconds: float = 300  # between two octets, RFC 5321 section 4.5.3.2.7
    session_seconds: float = 1800  # no new command after that
    handshake_seconds: float = 10
    data_seconds: float = 900  # from 354 to the dot
    grace_seconds: float = 30  # of DATA, before the slowest rate counts
    slowest_rate: int = 500  # octets a second

    def __post_init__(self) -> None:
        """Refuse what must not be."""
        if not self.listen:
            raise ValueError("listen: at least one host and port")
        if self.tls not in ("none", "starttls", "implicit"):
            raise ValueError("tls: one of none, starttls, implicit")
        if self.tls == "none":
            for host, _ in self.listen:
                if not is_loopback(host):
                    raise ValueError(f"tls: none is allowed on loopback only, not on {host or 'every interface'}")
        else:
            for name in ("certificate", "key"):
                if getattr(self, name) is None:
                    raise ValueError(f"{name}: needed with tls = {self.tls}")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and value <= 0:
                raise ValueError(f"{field.name}: must be above zero")


def is_loopback(host: str) -> bool:
    """Whether `host` is an address of this machine's loopback, or the name "localhost". Any other name might be anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
