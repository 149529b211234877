"""A client file: [[client]] tables as the coach writes them, checked one by one, against each other and against the clients already known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.config import HostName, Label, MeetingId, Room, TenantId, setting, several
from gateway.core.address import MalformedPath, a_labels, canonical, is_at_or_under
from gateway.core.model import Client, Mailbox
from gateway.core.policy import CONSENT_SCOPES
from gateway.errors import ConfigurationError
from gateway.toml_file import AddressText, ReadableFile, Section, Text, read

_KEY_OCTETS = 1 << 20


def _domain(value: str) -> str:
    try:
        return a_labels(value)
    except MalformedPath:
        raise ValueError(f"{value!r} is not a domain") from None


def _scope(value: str) -> str:
    if value not in CONSENT_SCOPES:
        raise ValueError(f"{value!r} is none of {', '.join(CONSENT_SCOPES)}")
    return value


Domain = Annotated[str, AfterValidator(_domain)]
Scope = Annotated[str, AfterValidator(_scope)]


class CompanyMeetings(Section):
    """Platforms that belong to the client's company, with the keys of [meetings]: a link to them stays away from the company copy."""

    teams_tenants: tuple[TenantId, ...] = several("Microsoft Teams: tenant ids.", example=[])
    zoom_vanity: tuple[Label, ...] = several("Zoom: the first label of the company's address.", example=[])
    webex_sites: tuple[Label, ...] = several("Webex: the first label of the company's site.", example=[])
    rooms: tuple[Room, ...] = several("Rooms on shared platforms that the company pays for: host and path.", example=[])
    hosts: tuple[HostName, ...] = several("Conference servers of the company's own.", example=[])
    meeting_ids: tuple[MeetingId, ...] = several("Standing meetings of the company's on shared hosts: platform and number.", example=[])


class ClientTable(Section):
    """[[client]] One coached person."""

    name: Text = setting("As the coach calls her; stands in no log.")
    work: tuple[AddressText, ...] = several("Mailboxes the company owns.", example=[])
    work_domains: tuple[Domain, ...] = several("Domains of the company; everybody there, and under them, counts as her company.", example=[])
    personal: AddressText | None = setting("Her own mailbox, where private copies go.", None)
    key_file: ReadableFile | None = setting("Her public OpenPGP key.", None)
    key_verified: bool = setting("The coach compared the fingerprint by another channel.", False)
    sponsors: tuple[AddressText, ...] = several("Who pays or manages.", example=[])
    meetings: CompanyMeetings = CompanyMeetings()
    consents: tuple[Scope, ...] = several("What she agreed to, on record.", example=[])

    def faults(self) -> Iterator[tuple[str, str]]:
        """A personal address is not the company's; a key needs an address to go with."""
        if not self.work and self.personal is None:
            yield "work", "neither a work address nor a personal one is given"
        if self.personal is not None:
            company = (*self.work_domains, *(m.domain for m in self.work))
            if met := next((d for d in company if is_at_or_under(self.personal.domain, d)), None):
                yield "personal", f"{self.personal} lies in the company's domain {met}, so the company owns that mailbox too"
            if any(canonical(self.personal) == canonical(s) for s in self.sponsors):
                yield "personal", f"{self.personal} is a sponsor's address"
        elif self.key_file is not None:
            yield "key_file", "a key is of no use without the personal address"
        if self.key_file is None and self.key_verified:
            yield "key_verified", "there is no key_file that could have been compared"
        if self.key_file is not None and self.key_file.stat().st_size > _KEY_OCTETS:
            yield "key_file", f"{self.key_file} is larger than any key ({_KEY_OCTETS} octets)"


class ClientFile(Section):
    """The whole file."""

    client: tuple[ClientTable, ...] = Field(strict=False, min_length=1)


@dataclass(frozen=True, slots=True)
class Record:
    """A client as the file has her, with the octets of her key file."""

    table: ClientTable
    key: bytes | None

    def client(self, identity: str) -> Client:
        """For the directory; the fingerprint comes from the key, not from the file."""
        table = self.table
        owned = tuple((name, tuple(values)) for name in CompanyMeetings.model_fields if (values := getattr(table.meetings, name)))
        return Client(identity, table.name, table.work, table.work_domains, table.personal, None, table.key_verified, table.sponsors, owned, table.consents)


@dataclass(frozen=True, slots=True)
class Imported:
    """A record with its place in the directory."""

    client: Client
    new: bool
    old_fingerprint: str | None = None

    def with_fingerprint(self, fingerprint: str) -> Imported:
        """The same with the pinned key."""
        return replace(self, client=replace(self.client, fingerprint=fingerprint or None))

    @property
    def key_changed(self) -> bool:
        """Whether another key takes the place of a known one: what a thief of identities would want."""
        return self.old_fingerprint is not None and self.client.fingerprint not in (None, self.old_fingerprint)


def read_clients(file: Path, coach: tuple[Mailbox, ...]) -> tuple[Record, ...]:
    """The records of `file`. Raises `errors.ConfigurationError` with every problem of the file."""
    tables = read(file, ClientFile).client
    problems, own, seen = [], {canonical(m) for m in coach}, dict[Mailbox, int]()
    for n, table in enumerate(tables):
        for key, mailbox in (*(("work", m) for m in table.work), *((("personal", table.personal),) if table.personal else ())):
            other = seen.setdefault(canonical(mailbox), n)
            if other != n:
                problems.append(f"{file.name}: client[{n}].{key}: {mailbox} is client[{other}]'s too")
            if canonical(mailbox) in own:
                problems.append(f"{file.name}: client[{n}].{key}: {mailbox} is the coach's own address")
    if problems:
        raise ConfigurationError(tuple(problems))
    return tuple(Record(t, t.key_file.read_bytes() if t.key_file else None) for t in tables)


def merged(records: tuple[Record, ...], known: tuple[Client, ...], next_number: int, name: str) -> list[Imported]:
    """Each record with the id of the client who has one of its addresses, or a new id. Raises `errors.ConfigurationError` where two clients have them."""
    owners = {canonical(m): c for c in known for m in (*c.work, *((c.personal,) if c.personal else ()))}
    result, problems, taken = [], [], dict[str, int]()
    for n, record in enumerate(records):
        mailboxes = (*record.table.work, *((record.table.personal,) if record.table.personal else ()))
        found = {c.id: c for m in mailboxes if (c := owners.get(canonical(m)))}
        if len(found) > 1:
            problems.append(f"{name}: client[{n}]: its addresses belong to {' and '.join(sorted(found))}, who are two clients")
            continue
        if not found:
            result.append(Imported(record.client(f"c-{next_number:04d}"), True))
            next_number += 1
            continue
        (old,) = found.values()
        if old.id in taken:
            problems.append(f"{name}: client[{n}]: is {old.id}, and so is client[{taken[old.id]}]")
        taken[old.id] = n
        result.append(Imported(record.client(old.id), False, old.fingerprint))
    if problems:
        raise ConfigurationError(tuple(problems))
    return result
