"""config.toml as a frozen `Config`: each field declared once with type, default, unit, limits and a sentence of help.

This file is the manual: config.example.toml is written from it and a test keeps the two equal. No environment variable changes a setting, no
setting turns a safety off; secrets are files, never values. TLS may be absent only towards this machine itself (RFC 8314 section 3, RFC 4954).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal
from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.core.meeting import Meetings as Owned
from gateway.core.model import Coach, Contact, Role
from gateway.toml_file import AbsolutePath, AddressText, Folder, FutureSecret, ReadableFile, SecretFile, Section, Text, Tls, read


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A socket address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        """As `listen` spells it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """True only for "localhost" and literal loopback addresses: any other name could be pointed elsewhere by a name server."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _endpoint(value: object) -> Endpoint:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})", value) if isinstance(value, str) else None
    if not found or not 1 <= int(found[3]) <= 65535:
        raise ValueError(f'{value!r} is not an address and port, such as "127.0.0.1:2587" or "[::1]:2587"')
    return Endpoint(found[1] or found[2], int(found[3]))


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ValueError(f'{value!r} is no time zone of the tz database, such as "Europe/Berlin"') from None
    return value


def _local_zone() -> str:
    return tzlocal.get_localzone_name() or "unknown"


def _matching(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.IGNORECASE):
            raise ValueError(f"{value!r} is not {what}")
        return value.casefold()

    return AfterValidator(check)


def _folder_name(value: str) -> str:
    # "%" and "*" are wildcards of IMAP; a quote or control character would have to be escaped by everybody who passes the name on
    if not re.fullmatch(r'[^\x00-\x1f\x7f%*"\\/]+(?:/[^\x00-\x1f\x7f%*"\\/]+)*', value):
        raise ValueError(f'{value!r} is no name of a folder, such as "Gateway/Outbox"')
    return value


def _database(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError('is not a database URL, such as "sqlite:////var/lib/coachgate/coachgate.db"') from None  # the value may hold a password
    if url.password is not None:
        raise ValueError("must not hold a password: put it into store.password_file")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError(f"{url.get_backend_name()!r} is neither sqlite nor postgresql")
    return value


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
Host = Annotated[str, _matching(rf"{_LABEL}(?:\.{_LABEL})*|[0-9a-f:.]+", "a host name or an IP address")]
HostName = Annotated[str, _matching(rf"{_LABEL}(?:\.{_LABEL})+", "a host name")]
Label = Annotated[str, _matching(_LABEL, 'one label of a host name ("acme" of acme.zoom.us)')]
TenantId = Annotated[str, _matching(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a tenant id (32 hex digits in five groups)")]
Room = Annotated[str, _matching(rf"{_LABEL}(?:\.{_LABEL})+(?:/[\w.~-]+)+", "a room of the form host/path, without https:// and query")]
MeetingId = Annotated[str, _matching(r"[a-z]+:[0-9a-z-]{6,40}", 'a platform and meeting number, such as "zoom:86451209377"')]
FolderName = Annotated[str, AfterValidator(_folder_name)]
Zone = Annotated[str, AfterValidator(_zone)]
ListenAddress = Annotated[Endpoint, BeforeValidator(_endpoint)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]


def setting(sentence: str, default: Any = ..., *, example: Any = None, **limits: Any) -> Any:
    """A field with its sentence of help; `example` stands in config.example.toml where there is no default to show."""
    return Field(default, description=sentence, examples=None if example is None else [example], **limits)


def several(sentence: str, *, example: Any, **limits: Any) -> Any:
    """A list; empty by default unless it must have items. Not strict, because TOML has lists and a frozen value has tuples."""
    return setting(sentence, ... if limits else (), example=example, strict=False, **limits)


class CoachSection(Section):
    """[coach] The person whose mail this is."""

    name: Text = setting("Name of the coach, as clients know her.", example="Robin Vale")
    addresses: tuple[AddressText, ...] = several(
        "Addresses the coach sends from; the first one receives the notices.",
        example=["coach@coach.example"], min_length=1,
    )
    time_zone: Zone = setting(
        "Zone of times written without one. Default: the zone of this machine.",
        example="Europe/Berlin", default_factory=_local_zone, validate_default=True,
    )
    languages: tuple[Text, ...] = several(
        "Languages the coach writes her mails in (ISO 639-1), the likeliest first; a mail in another is notes. Default: every language there is a pack for.",
        example=["en", "de"],
    )
    support: tuple[AddressText, ...] = several(
        "Assistants who signed the confidentiality agreement. They receive scheduling, never notes.",
        example=["assistant@coach.example"],
    )


class Submission(Section):
    """[submission] Where the coach's mail program hands in mail (RFC 6409)."""

    listen: tuple[ListenAddress, ...] = several("Addresses and ports to listen on.", example=["127.0.0.1:2587"], min_length=1)
    tls: Tls = setting(
        '"starttls", "implicit" (RFC 8314), or "none", which is allowed only where every address above is a loopback one.',
        "starttls", example="none",
    )
    certificate: ReadableFile | None = setting("Certificate chain (PEM). Needed unless tls is none.", None, example="tls/fullchain.pem")
    key: SecretFile | None = setting(
        'Private key (PEM), mode 0600, or "credential:NAME". Needed unless tls is none.',
        None, example="tls/privkey.pem",
    )
    hostname: HostName | None = setting(
        "Name in the greeting and in EHLO. Default: the domain of the coach's first address, because the name of a machine can say too much.",
        None, example="gateway.coach.example",
    )
    size_limit_mib: int = setting("Largest mail taken, in MiB (SIZE, RFC 1870). 36 leaves room for 25 MiB of attachments.", 36, ge=1, le=150)
    max_connections: int = setting("Connections at one time.", 32, ge=1, le=1000)
    per_address: int = setting("Connections at one time from one IP address.", 8, ge=1, le=1000)
    max_recipients: int = setting("Recipients of one mail (RFC 5321 section 4.5.3.1.8).", 100, ge=1, le=1000)
    idle_seconds: int = setting("A connection that says nothing for so long is closed (RFC 5321 section 4.5.3.2.7).", 300, ge=10, le=3600)
    session_seconds: int = setting("Longest life of one connection.", 1800, ge=60, le=86400)

    def faults(self) -> Iterator[tuple[str, str]]:
        """TLS everywhere but on this machine; the session outlasts the idle time."""
        abroad = [str(e) for e in self.listen if not is_loopback(e.host)]
        if self.tls == "none" and abroad:
            yield "tls", f'"none" is allowed only on loopback, and {", ".join(abroad)} is not'
        for name in ("certificate", "key") if self.tls != "none" else ():
            if getattr(self, name) is None:
                yield name, f'is missing, tls = "{self.tls}" needs it'
        if self.session_seconds < self.idle_seconds:
            yield "session_seconds", f"{self.session_seconds} is below idle_seconds, {self.idle_seconds}"


class Relay(Section):
    """[relay] The mail server that takes the copies to the world (smarthost)."""

    host: Host = setting("Host name of the smarthost, as its certificate says it.", example="smtp.coach.example")
    port: int = setting("587 with starttls, 465 with implicit.", 587, ge=1, le=65535)
    tls: Tls = setting(
        '"starttls", "implicit", or "none", which is allowed only to a loopback address. The certificate is always checked.',
        "starttls",
    )
    ca_file: ReadableFile | None = setting(
        "Authority that signed the smarthost's certificate (PEM). Default: those of this machine.",
        None, example="tls/smarthost-ca.pem",
    )
    auth: Literal["none", "password", "xoauth2"] = setting('How to log in: "none", "password" (RFC 4954 PLAIN or LOGIN) or "xoauth2".', "none")
    username: Text | None = setting("Login at the smarthost.", None, example="coach@coach.example")
    password_file: SecretFile | None = setting('File with the password, mode 0600, or "credential:NAME".', None, example="relay.password")
    token_file: SecretFile | None = setting(
        "File with the current access token for xoauth2, mode 0600; read anew for each connection.",
        None, example="relay.token",
    )
    connections: int = setting("Connections to the smarthost at one time.", 4, ge=1, le=50)
    timeout_seconds: int = setting(
        "How long to wait for an answer; five times as long after the final dot (RFC 5321 section 4.5.3.2).",
        120, ge=5, le=900,
    )
    warn_after_hours: int = setting("The coach is told of a copy that has waited so long.", 4, ge=1, le=240)
    give_up_after_hours: int = setting("A copy that has waited so long ends as failed, and the coach is told.", 48, ge=1, le=240)

    def faults(self) -> Iterator[tuple[str, str]]:
        """TLS everywhere but on this machine; a login where one is asked for; a warning before the end."""
        if self.tls == "none" and not is_loopback(self.host):
            yield "tls", f'"none" is allowed only on loopback, and {self.host} is not'
        needed = {"none": (), "password": ("username", "password_file"), "xoauth2": ("username", "token_file")}[self.auth]
        for name in needed:
            if getattr(self, name) is None:
                yield name, f'is missing, auth = "{self.auth}" needs it'
        if self.auth == "none" and self.username is not None:
            yield "auth", 'is "none", so the username would never be used; say "password" or "xoauth2"'
        if self.give_up_after_hours <= self.warn_after_hours:
            yield "give_up_after_hours", f"{self.give_up_after_hours} is not above warn_after_hours, {self.warn_after_hours}"


class Sealing(Section):
    """[sealing] OpenPGP."""

    gpg: Text = setting("The GnuPG program: a name on the PATH or a path.", "gpg")
    threads: int = setting("Sealings at one time.", 2, ge=1, le=32)
    timeout_seconds: int = setting("One sealing that takes longer is stopped; the mail stays with the mail program.", 30, ge=1, le=300)
    require_verified_keys: bool = setting(
        "Seal only to keys whose fingerprint the coach has compared (key_verified in the client file). Otherwise notes wait until she has.",
        True,
    )


class Reading(Section):
    """[reading] The processes that read mail, each under limits: a hostile mail harms nothing and is held."""

    workers: int = setting("Processes.", 2, ge=1, le=32)
    seconds: float = setting("Processor time for one mail, in seconds.", 1.0, ge=0.1, le=60)
    memory_mib: int = setting("Memory of one process, in MiB.", 768, ge=256, le=8192)


class StoreSection(Section):
    """[store] The database that has custody of every accepted mail."""

    url: DatabaseUrl | None = setting(
        'Database: SQLite, or "postgresql://coachgate@db.coach.example/coachgate" for several machines. Default: coachgate.db in state_dir.',
        None, example="sqlite:////var/lib/coachgate/coachgate.db",
    )
    password_file: SecretFile | None = setting(
        'File with the PostgreSQL password, mode 0600, or "credential:NAME".',
        None, example="database.password",
    )
    min_free_mib: int = setting(
        "With less room than this on the disk of state_dir no mail is taken: it stays with the mail program, which tries again. In MiB.",
        200, ge=1, le=1048576,
    )
    keep_sent_bodies_days: int = setting("Days a sealed copy stays after it was handed over. 0: it goes at once.", 0, ge=0, le=365)
    keep_held_days: int = setting(
        "Days a held item's sealed body stays after the coach released or discarded it. An open one never expires.",
        0, ge=0, le=365,
    )


class Secrets(Section):
    """[secrets] What opens the sealed bodies on this machine."""

    master_key_file: FutureSecret | None = setting(
        'Master key, mode 0600, or "credential:NAME". Default: master.key in state_dir, made by `coachgate init`.',
        None, example="/var/lib/coachgate/master.key",
    )


class Notices(Section):
    """[notices] What the gateway tells the coach by mail."""

    digest_seconds: int = setting(
        "What was diverted or withheld within so long is told in one notice. At most 60: she is told within a minute.",
        30, ge=5, le=60,
    )


class Policies(Section):
    """[policies] The rules that ship with coachgate always hold; the coach can make them stricter."""

    local: Folder | None = setting("Folder with the coach's own rules and words (TOML).", None, example="policies")


class Meetings(Section):
    """[meetings] Platforms whose subscription the coach owns: links to them pass in silence. What else passes, policies/meeting-platforms.toml says."""

    teams_tenants: tuple[TenantId, ...] = several("Microsoft Teams: tenant ids.", example=["7f3a1c52-0d64-4b8e-9a57-2c1be0d94f10"])
    zoom_vanity: tuple[Label, ...] = several(
        'Zoom: the first label of your own address ("vale-coaching" of vale-coaching.zoom.us).',
        example=["vale-coaching"],
    )
    webex_sites: tuple[Label, ...] = several('Webex: the first label of your site ("vale" of vale.webex.com).', example=["vale"])
    rooms: tuple[Room, ...] = several("Your own rooms on shared platforms: host and path.", example=["whereby.com/vale-coaching"])
    hosts: tuple[HostName, ...] = several(
        "Hosts that you run yourself (Nextcloud Talk, BigBlueButton): rooms whose names are drawn are yours.",
        example=["meet.coach.example"],
    )
    meeting_ids: tuple[MeetingId, ...] = several("Your standing meetings on shared hosts: platform and number.", example=["zoom:86451209377"])

    @property
    def owned(self) -> Owned:
        """As the core compares them."""
        return Owned(**{name: tuple(getattr(self, name)) for name in Meetings.model_fields})


class MailboxSection(Section):
    """[mailbox] The coach's mailbox: its outbox folder sends through the gateway from any device, and what went round the gateway is noticed."""

    host: Host | None = setting("IMAP server, as its certificate says it. Without it no mailbox is read.", None, example="imap.coach.example")
    port: int = setting("993 with implicit, 143 with starttls.", 993, ge=1, le=65535)
    tls: Tls = setting(
        '"implicit", "starttls", or "none", which is allowed only to a loopback address. The certificate is always checked.',
        "implicit",
    )
    ca_file: ReadableFile | None = setting(
        "Authority that signed the server's certificate (PEM). Default: those of this machine.",
        None, example="tls/imap-ca.pem",
    )
    auth: Literal["password", "xoauth2", "oauthbearer"] = setting(
        'How to log in: "password" (also an app password), "xoauth2" or "oauthbearer" (RFC 7628).', "password",
    )
    username: Text | None = setting("Login at the server.", None, example="coach@coach.example")
    password_file: SecretFile | None = setting('File with the password, mode 0600, or "credential:NAME".', None, example="mailbox.password")
    token_file: SecretFile | None = setting(
        "File with the current access token for xoauth2 and oauthbearer, mode 0600; read anew for each connection.",
        None, example="mailbox.token",
    )
    outbox: FolderName = setting("Mail put into this folder is sent through the gateway. Made where it is missing.", "Gateway/Outbox")
    sent: FolderName = setting("It is moved here once the gateway has it.", "Gateway/Sent")
    held: FolderName = setting("What cannot be sent is moved here, with an explanation beside it.", "Gateway/Held")
    watch: tuple[FolderName, ...] = several(
        "Folders watched for mail that went round the gateway. Default: the one the server marks as sent mail.",
        example=["Sent", "Sent Items"],
    )
    look_seconds: int = setting("Time between two looks; the outbox is looked at as soon as something comes.", 15, ge=5, le=25)

    def faults(self) -> Iterator[tuple[str, str]]:
        """TLS everywhere but on this machine; a login where there is a server; nothing is moved out of the outbox into the outbox."""
        if self.host is None:
            return
        if self.tls == "none" and not is_loopback(self.host):
            yield "tls", f'"none" is allowed only on loopback, and {self.host} is not'
        for name in ("username", "password_file" if self.auth == "password" else "token_file"):
            if getattr(self, name) is None:
                yield name, f'is missing, auth = "{self.auth}" needs it'
        for name, folder in (("sent", self.sent), ("held", self.held), *(("watch", folder) for folder in self.watch)):
            if folder == self.outbox:
                yield name, f"{folder!r} is the outbox"


class Places(Section):
    """[places] Places that may be named to a company."""

    known: tuple[Text, ...] = several("Places word for word.", example=["Vale Coaching, Lindenweg 3, 10115 Berlin"])
    rooms: tuple[Text, ...] = several("Patterns for rooms; <number> stands for digits and dots.", example=["Room <number>"])


class Log(Section):
    """[log] The operator's log: ids, counts and codes; never an address, a subject or a word of a mail."""

    level: Literal["info", "warning", "error"] = setting('"info", "warning" or "error".', "info")


class Config(Section):
    """All settings. Built by `load` only."""

    state_dir: AbsolutePath = setting("Folder of the database and the keys, an absolute path, mode 0700.", example="/var/lib/coachgate")
    coach: CoachSection
    submission: Submission
    relay: Relay
    sealing: Sealing = Sealing()
    reading: Reading = Reading()
    store: StoreSection = StoreSection()
    secrets: Secrets = Secrets()
    notices: Notices = Notices()
    policies: Policies = Policies()
    meetings: Meetings = Meetings()
    places: Places = Places()
    mailbox: MailboxSection = MailboxSection()
    log: Log = Log()

    @property
    def person(self) -> Coach:
        """The coach as the core knows her."""
        return Coach(self.coach.name, self.coach.addresses, self.coach.time_zone, meetings=self.meetings.owned)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The assistants named here; others come from the store."""
        return tuple(Contact(str(mailbox), Role.SUPPORT) for mailbox in self.coach.support)

    @property
    def hostname(self) -> str:
        """The name the gateway gives itself in SMTP. Companies see it in Received fields."""
        return self.submission.hostname or self.coach.addresses[0].domain

    @property
    def master_key_file(self) -> Path:
        """Where the master key lies, or will lie after `init`."""
        return self.secrets.master_key_file or self.state_dir / "master.key"

    @property
    def database_url(self) -> str:
        """The database with its password: for the driver, never for a log."""
        url = make_url(self.store.url or f"sqlite:///{self.state_dir / 'coachgate.db'}")
        if self.store.password_file is not None:
            url = url.set(password=self.store.password_file.read_text().rstrip("\r\n"))
        return url.render_as_string(hide_password=False)


def load(path: Path) -> Config:
    """The configuration at `path`. Raises `errors.ConfigurationError` with every problem found, each with its key."""
    return read(path, Config)
