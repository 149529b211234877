"""Who a recipient is to the coach: RFC 5321 forward paths against the client directory, and nothing else.

The envelope decides. A header field, a display name or the text of the mail never makes a stranger a client, nor a
company mailbox a private one. Where two answers fit, the stricter one is given:

    sponsor > client at work > colleague > client at home > coach > support > not a client > unknown

so that what a company owns stays the company's however it is registered beside that, and what is ambiguous is nobody's.
Addresses compare as `gateway.core.address` says (case, IDNA, `+tag`, sub-domains). Asks nothing of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import TypeVar

from gateway.core.address import canonical as _canonical
from gateway.core.meeting import Meetings
from gateway.core.model import Client, Coach, Directory, Envelope, ForwardPath, Lesson, Mailbox, Recipient, RecogniserContext, Role, Taught

canonical = lru_cache(maxsize=4096)(_canonical)  # canonicalising is pure, so remembering it is safe

K = TypeVar("K")
V = TypeVar("V")

RAW_ROLES = frozenset({Role.NOT_A_CLIENT, Role.COACH})  # whoever gets the octets as submitted: nothing needs to be recognised for them


def identify(envelope: Envelope, directory: Directory) -> tuple[Recipient, ...]:
    """The recipients of `envelope` in its order, each with its role and, where exactly one client is meant, that client."""
    return tuple(_recipient(path, directory) for path in envelope.forward_paths)


def role_of(mailbox: Mailbox, directory: Directory) -> tuple[Role, Client | None]:
    """The role of `mailbox`, and the one client it belongs to (None where there is none, or more than one)."""
    index = _index(_This(directory))
    return _company_side(mailbox, index) or _personal_side(mailbox, index) or (_other(mailbox, index), None)


def private_mailbox(client: Client, directory: Directory) -> Mailbox | None:
    """The personal mailbox of `client` if notes may go there: hers alone, and at no company that the directory knows."""
    if client.personal is None:
        return None
    role, owner = role_of(client.personal, directory)
    return client.personal if role is Role.CLIENT_PERSONAL and owner is not None and owner.id == client.id else None


def context_for(recipient: Recipient, coach: Coach, places: Sequence[str] = (), approved_links: Sequence[str] = ()) -> RecogniserContext:
    """What the recogniser may know when it reads for `recipient`: of all clients' names only that of her own client.

    `places` are the configured places and rooms, `approved_links` the host[/path] prefixes of the coach's own meeting platforms.
    What the coach taught comes with her and so reaches no other coach's mail.
    """
    return RecogniserContext(
        client_names=(recipient.client.name,) if recipient.client else (),
        coach_names=(coach.name,),
        places=(*places, *coach.places),
        approved_links=tuple(approved_links),
        time_zone=coach.time_zone,
        taught=coach.phrases,
        coach_addresses=tuple(str(mailbox).lower() for mailbox in coach.addresses),
        company=_company_of(recipient),
        own=coach.meetings,
        theirs=_meetings_of(recipient),
    )


def _company_of(recipient: Recipient) -> tuple[str, ...]:
    """The addresses and "@domains" of the company that would read it, whose people may stand in a calendar object; at home nobody's."""
    client = recipient.client if recipient.role is not Role.CLIENT_PERSONAL else None
    if client is None:
        return ()
    return (*(str(mailbox).lower() for mailbox in client.work), *("@" + domain for domain in client.work_domains))


def _meetings_of(recipient: Recipient) -> Meetings:
    """The meeting platforms of the company that would read it; those count at home too, where the same meeting is meant."""
    known = {f.name for f in fields(Meetings)}
    return Meetings(**{name: values for name, values in recipient.client.meetings if name in known}) if recipient.client else Meetings()


def with_lessons(coach: Coach, lessons: Iterable[Lesson]) -> Coach:
    """The coach with these lessons, and no others, as what she taught."""
    known = tuple(lessons)
    phrases = tuple(Taught(lesson.language, lesson.text) for lesson in known if lesson.kind == "phrase")
    return replace(coach, places=tuple(lesson.text for lesson in known if lesson.kind == "place"), phrases=phrases)


def contexts(recipients: Iterable[Recipient], coach: Coach, places: Sequence[str] = (), approved_links: Sequence[str] = ()) -> tuple[RecogniserContext, ...]:
    """Every context a submission must be read under, each once, in order; none for those who get the octets as submitted."""
    read_for = (r for r in recipients if r.role not in RAW_ROLES)
    return tuple(dict.fromkeys(context_for(r, coach, places, approved_links) for r in read_for))


def _recipient(path: ForwardPath, directory: Directory) -> Recipient:
    role, client = role_of(path.mailbox, directory)
    return Recipient(path, role, client)


def _company_side(mailbox: Mailbox, index: _Index) -> tuple[Role, Client | None] | None:
    """Sponsor, client at work, or colleague. One mailbox with two parts gets the stricter: a sponsor who is coached herself
    may be sent notes about the person she pays for, and those must wait."""
    wanted = canonical(mailbox)
    workers = index.work.get(wanted, set())
    # whoever pays for herself is no second person
    payers = index.sponsors.get(wanted, set()) - workers - index.personal.get(wanted, set())
    if payers:
        return Role.SPONSOR, index.only(payers)
    if len(workers) == 1:
        return Role.CLIENT_WORK, index.only(workers)
    employers = workers or {number for domain in _upwards(wanted.domain) for number in index.work_domains.get(domain, ())}
    return (Role.COLLEAGUE, index.only(employers)) if employers else None


def _personal_side(mailbox: Mailbox, index: _Index) -> tuple[Role, Client | None] | None:
    owners = index.personal.get(canonical(mailbox))
    if not owners:
        return None
    owner = index.only(owners)
    return (Role.CLIENT_PERSONAL, owner) if owner else (Role.UNKNOWN, None)  # a mailbox of two clients is no private one


def _other(mailbox: Mailbox, index: _Index) -> Role:
    wanted = canonical(mailbox)
    if wanted in index.coach:
        return Role.COACH
    roles = index.contacts.get(wanted, set()) | index.contact_domains.get(wanted.domain, set())
    return next((r for r in (Role.SUPPORT, Role.NOT_A_CLIENT) if r in roles), Role.UNKNOWN)


# ------------------------------------------------------------------------------------------------ the directory, turned round
_Numbers = set[int]  # of clients, by their place in the directory


@dataclass(frozen=True, slots=True)
class _Index:
    """A directory by canonical mailbox and domain, so that looking somebody up costs the same among ten clients and ten thousand."""

    clients: Sequence[Client]
    coach: frozenset[Mailbox]
    work: dict[Mailbox, _Numbers] = field(default_factory=dict)
    sponsors: dict[Mailbox, _Numbers] = field(default_factory=dict)
    personal: dict[Mailbox, _Numbers] = field(default_factory=dict)
    work_domains: dict[str, _Numbers] = field(default_factory=dict)
    contacts: dict[Mailbox, set[Role]] = field(default_factory=dict)
    contact_domains: dict[str, set[Role]] = field(default_factory=dict)

    def only(self, numbers: _Numbers) -> Client | None:
        """The client meant, where it is one."""
        return self.clients[next(iter(numbers))] if len(numbers) == 1 else None


class _This:
    """A directory as a key that is compared by identity: its value is as long as the directory itself."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.directory is other.directory

    def __hash__(self) -> int:
        return id(self.directory)


@lru_cache(maxsize=4)  # the store hands out one object for each version of a tenant's directory
def _index(this: _This) -> _Index:
    directory = this.directory
    index = _Index(directory.clients, frozenset(map(_canonical, directory.coach.addresses)))
    for number, client in enumerate(directory.clients):
        for mailboxes, place in ((client.work, index.work), (client.sponsors, index.sponsors), ((client.personal,), index.personal)):
            for mailbox in mailboxes:
                if mailbox is not None:
                    _add(place, _canonical(mailbox), number)
        for domain in client.work_domains:
            _add(index.work_domains, _domain(domain), number)
    for contact in directory.contacts:
        local_part, at, domain = contact.pattern.rpartition("@")
        if at and local_part:
            _add(index.contacts, _canonical(Mailbox(local_part, domain)), contact.role)
        elif at:  # "@domain" means that domain and no sub-domain: a permission is read narrowly
            _add(index.contact_domains, _domain(domain), contact.role)
    return index


def _add(place: dict[K, set[V]], key: K, value: V) -> None:
    place.setdefault(key, set()).add(value)


def _domain(domain: str) -> str:
    """A domain as it is compared."""
    return _canonical(Mailbox("any", domain)).domain


def _upwards(domain: str) -> list[str]:
    """A domain and those it is under; never the empty one."""
    labels = domain.split(".")
    return [parent for n in range(len(labels)) if (parent := ".".join(labels[n:]))]
