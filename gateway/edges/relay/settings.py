"""Where the smarthost is and how it is spoken to. There is no setting that takes TLS only when it is offered, and none that trusts unverified."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

_HOST_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Password:
    """AUTH PLAIN, or LOGIN where the peer does not offer PLAIN."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """AUTH XOAUTH2. `provide` returns an access token that is valid now; it may raise what it likes, which defers."""

    username: str
    provide: Callable[[], Awaitable[str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, per stage; defaults after RFC 5321 section 4.5.3.2."""

    connect: float = 30.0  # TCP, implicit TLS, and then the banner again as long
    command: float = 300.0  # EHLO, STARTTLS, AUTH, MAIL, RCPT
    data: float = 120.0  # the answer to DATA
    block: float = 180.0  # for each block to leave the machine
    dot: float = 600.0  # the answer to the final dot


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where the smarthost is and how it is spoken to. Raises `ValueError` that names the configuration key."""

    host: str
    port: int
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    ca_file: str | None = None  # trust this PEM file alone instead of the machine's authorities
    client_certificate: str | None = None  # PEM
    client_key: str | None = field(default=None, repr=False)  # PEM file; None: it stands in client_certificate
    auth: Password | Token | None = None
    hostname: str = "localhost"  # our name in EHLO
    timeouts: Timeouts = Timeouts()
    connections: int = 4
    reuse_idle: float = 30.0  # seconds a connection is kept for the next copy

    def __post_init__(self) -> None:  # noqa: D105 - the class says what it raises
        if self.tls not in ("none", "starttls", "implicit"):
            raise ValueError(f"relay.tls: {self.tls!r} is none of none, starttls, implicit")
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError('relay.tls: "none" is allowed on loopback only')
        if not 0 < self.port < 65536:
            raise ValueError(f"relay.port: {self.port} is no TCP port")
        if self.connections < 1:
            raise ValueError("relay.connections: at least 1")
        if not _HOST_NAME.fullmatch(self.hostname):
            raise ValueError("relay.hostname: a host name in ASCII is needed")


def is_loopback(host: str) -> bool:
    """Whether `host` is an address of this machine's loopback, or the name "localhost" (RFC 6761 section 6.3)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def tls_context(settings: RelaySettings) -> ssl.SSLContext:
    """Certificate and name are verified, whatever the settings say. Raises `ValueError` with the key for a file that cannot be read."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"relay.ca_file: {settings.ca_file} cannot be read as PEM certificates") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.client_certificate is not None:
        try:
            context.load_cert_chain(settings.client_certificate, settings.client_key)
        except (OSError, ssl.SSLError) as error:
            raise ValueError("relay.client_certificate: certificate and key cannot be read, or do not belong together") from error
    return context
