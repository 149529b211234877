"""Who a recipient is to the coach: RFC 5321 forward paths against the client directory, and nothing else.

The envelope decides. A header field, a display name or the text of the mail never makes a stranger a client, nor a
company mailbox a private one. Where two answers fit, the stricter one is given:

    sponsor > client at work > colleague > client at home > coach > support > not a client > unknown

so that what a company owns stays the company's however it is registered beside that, and what is ambiguous is nobody's.
Addresses compare as `gateway.core.address` says (case, IDNA, `+tag`, sub-domains). Asks nothing of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from gateway.core.address import canonical as _canonical
from gateway.core.address import is_at_or_under
from gateway.core.model import Client, Coach, Directory, Envelope, ForwardPath, Mailbox, Recipient, RecogniserContext, Role

canonical = lru_cache(maxsize=4096)(_canonical)  # a directory is compared for every recipient; canonicalising is pure, so remembering it is safe

RAW_ROLES = frozenset({Role.NOT_A_CLIENT, Role.COACH})  # whoever gets the octets as submitted: nothing needs to be recognised for them


def identify(envelope: Envelope, directory: Directory) -> tuple[Recipient, ...]:
    """The recipients of `envelope` in its order, each with its role and, where exactly one client is meant, that client."""
    return tuple(_recipient(path, directory) for path in envelope.forward_paths)


def role_of(mailbox: Mailbox, directory: Directory) -> tuple[Role, Client | None]:
    """The role of `mailbox`, and the one client it belongs to (None where there is none, or more than one)."""
    return _company_side(mailbox, directory.clients) or _personal_side(mailbox, directory.clients) or (_other(mailbox, directory), None)


def private_mailbox(client: Client, directory: Directory) -> Mailbox | None:
    """The personal mailbox of `client` if notes may go there: hers alone, and at no company that the directory knows."""
    if client.personal is None:
        return None
    role, owner = role_of(client.personal, directory)
    return client.personal if role is Role.CLIENT_PERSONAL and owner is not None and owner.id == client.id else None


def context_for(recipient: Recipient, coach: Coach, places: Sequence[str] = (), approved_links: Sequence[str] = ()) -> RecogniserContext:
    """What the recogniser may know when it reads for `recipient`: of all clients' names only that of her own client.

    `places` are the configured places and rooms, `approved_links` the host[/path] prefixes of the coach's own meeting platforms.
    """
    return RecogniserContext(
        client_names=(recipient.client.name,) if recipient.client else (),
        coach_names=(coach.name,),
        places=tuple(places),
        approved_links=tuple(approved_links),
        time_zone=coach.time_zone,
    )


def contexts(recipients: Iterable[Recipient], coach: Coach, places: Sequence[str] = (), approved_links: Sequence[str] = ()) -> tuple[RecogniserContext, ...]:
    """Every context a submission must be read under, each once, in order; none for those who get the octets as submitted."""
    read_for = (r for r in recipients if r.role not in RAW_ROLES)
    return tuple(dict.fromkeys(context_for(r, coach, places, approved_links) for r in read_for))


def _recipient(path: ForwardPath, directory: Directory) -> Recipient:
    role, client = role_of(path.mailbox, directory)
    return Recipient(path, role, client)


def _company_side(mailbox: Mailbox, clients: Sequence[Client]) -> tuple[Role, Client | None] | None:
    """Sponsor, client at work, or colleague. One mailbox with two parts gets the stricter: a sponsor who is coached herself
    may be sent notes about the person she pays for, and those must wait."""
    workers = [c for c in clients if _is_any(mailbox, c.work)]
    # whoever pays for herself is no second person
    payers = [c for c in clients if _is_any(mailbox, c.sponsors) and c not in workers and not _is_any(mailbox, (c.personal,))]
    if payers:
        return Role.SPONSOR, _only(payers)
    if len(workers) == 1:
        return Role.CLIENT_WORK, workers[0]
    employers = workers or [c for c in clients if any(is_at_or_under(mailbox.domain, d) for d in c.work_domains)]
    return (Role.COLLEAGUE, _only(employers)) if employers else None


def _personal_side(mailbox: Mailbox, clients: Sequence[Client]) -> tuple[Role, Client | None] | None:
    owners = [c for c in clients if _is_any(mailbox, (c.personal,))]
    if not owners:
        return None
    owner = _only(owners)
    return (Role.CLIENT_PERSONAL, owner) if owner else (Role.UNKNOWN, None)  # a mailbox of two clients is no private one


def _other(mailbox: Mailbox, directory: Directory) -> Role:
    if _is_any(mailbox, directory.coach.addresses):
        return Role.COACH
    roles = {c.role for c in directory.contacts if _fits(mailbox, c.pattern)}
    return next((r for r in (Role.SUPPORT, Role.NOT_A_CLIENT) if r in roles), Role.UNKNOWN)


def _fits(mailbox: Mailbox, pattern: str) -> bool:
    """Whether a contact's pattern means `mailbox`. "@domain" means that domain and no sub-domain: a permission is read narrowly."""
    local_part, at, domain = pattern.rpartition("@")
    meant = Mailbox(local_part or mailbox.local_part, domain)
    return bool(at) and canonical(meant) == canonical(mailbox)


def _is_any(mailbox: Mailbox, others: Iterable[Mailbox | None]) -> bool:
    return any(o is not None and canonical(o) == canonical(mailbox) for o in others)


def _only(clients: Sequence[Client]) -> Client | None:
    return clients[0] if len(clients) == 1 else None
