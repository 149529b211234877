"""Whom a message in the coach's mailbox is for, by its header fields: strictly for one that is to be sent, with suspicion for one that was.

A message handed in over SMTP brings an envelope, and then no header field decides anything. One that lies in a folder has its fields alone, so
they are read by the strict grammar, and what could be read two ways is refused, never repaired (RFC 5322 sections 3.4, 3.6 and 3.6.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.core.address import MalformedPath, may_write_as, parse_mailbox
from gateway.core.header_section import Address, addresses, over_limit
from gateway.core.model import Coach, Envelope, ForwardPath, Mailbox
from gateway.core.pgpmime import without_bcc

RECIPIENTS = ("to", "cc", "bcc")
_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)  # the name may be followed by white space (RFC 5322 section 4.5)
_EMPTY_GROUP = re.compile(r'[^,;:<>@"()]*:\s*;')  # "undisclosed-recipients:;"
_GROUP = re.compile(r"(?:\A|[,;])[^,;:<>@]*:")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)', re.DOTALL)
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0")
_BLANK_FOLD = re.compile(rb"\r\n[ \t]+(?:\r\n|\Z)")  # some readers end the header section there (RFC 5322 section 4.2)
_LOOKS_LIKE_ONE = re.compile(r"[^\s<>(),;:\"@]*@([^\s<>(),;:\"@]+)")


class NotSendable(ValueError):
    """`reason` is one of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = ("line-end", "header", "author", "resent", "address", "no-recipient", "too-many")


def to_send(raw: bytes, coach: Coach, login: str, tenant: int, most: int) -> tuple[Envelope, bytes]:
    """The envelope of a message that the coach put into her outbox, and its octets without Bcc: what a mail program would have handed in.

    `most` is the number of recipients admitted. Raises `NotSendable`.
    """
    if _BARE.search(raw):
        raise NotSendable("line-end")
    section, blank, _ = raw.partition(b"\r\n\r\n")
    if not blank or over_limit(section) or _BLANK_FOLD.search(section):
        raise NotSendable("header")
    fields = _strict_fields(section)
    names = [name for name, _ in fields]
    if any(name.startswith("resent-") for name in names):  # it would have two sets of recipients
        raise NotSendable("resent")
    if any(names.count(name) > 1 for name in ("from", *RECIPIENTS)):
        raise NotSendable("header")
    writes_as = tuple(map(str, coach.addresses))
    authors = [a.addr_spec for name, body in fields if name == "from" for a in addresses(body)]
    if not authors or not all(may_write_as(author, writes_as) for author in authors):
        raise NotSendable("author")
    paths = {path.path: path for name, body in fields if name in RECIPIENTS for path in _paths(body)}
    if not paths:
        raise NotSendable("no-recipient")
    if len(paths) > most:
        raise NotSendable("too-many")
    octets = without_bcc(raw)
    return Envelope(
        login=login,
        tenant=tenant,
        reverse_path=parse_mailbox(authors[0]),
        forward_paths=tuple(paths.values()),
        smtputf8=not section.isascii() or not all(path.isascii() for path in paths),
        body_8bit=not octets.isascii(),
        authors=writes_as,
    ), octets


def was_sent_to(section: bytes) -> tuple[ForwardPath, ...]:
    """Every mailbox that a message from a Sent folder may have gone to. Where an address cannot be read, the domains in it are taken for one of its own:
    better one word too many to the coach than a company overlooked."""
    found: dict[str, ForwardPath] = {}
    for name, body in _fields(section):
        if name in (*RECIPIENTS, *(f"resent-{r}" for r in RECIPIENTS)):
            for address in addresses(body):
                found |= {str(mailbox): ForwardPath(str(mailbox), mailbox) for mailbox in _suspected(address)}
    return tuple(found.values())


def message_id(section: bytes) -> str:
    """The Message-ID of a header section; "" where it has none, or more than one."""
    ids = [body.strip() for name, body in _fields(section) if name == "message-id"]
    return ids[0] if len(ids) == 1 else ""


def _suspected(address: Address) -> Iterator[Mailbox]:
    try:
        yield parse_mailbox(address.addr_spec)
    except MalformedPath:
        for seen in _LOOKS_LIKE_ONE.finditer(f"{address.addr_spec} {address.name}"):
            try:
                yield parse_mailbox(f"unreadable@{seen[1].strip('.[]')}")
            except MalformedPath:
                continue  # nothing of it is a domain


def _paths(body: str) -> Iterator[ForwardPath]:
    """Raises `NotSendable` for an address that the grammar does not admit."""
    if not body.strip() or _EMPTY_GROUP.fullmatch(body.strip()):
        return
    plain = _QUOTED.sub("", body)
    if not len(_GROUP.findall(plain)) == plain.count(":") == plain.count(";"):
        raise NotSendable("address")  # "@a.example:b@c.example" is a source route to some and a group to others
    if not all(map(_is_one, re.split("[,;]", _GROUP.sub(",", plain)))):
        raise NotSendable("address")
    for address in addresses(body):
        try:
            mailbox = parse_mailbox(address.addr_spec)
        except MalformedPath:
            raise NotSendable("address") from None
        yield ForwardPath(address.addr_spec, mailbox)


def _is_one(text: str) -> bool:
    """Whether what stands between two commas, quoted names aside, is one mailbox or nothing: "a@b", "Name <a@b>", and "a@b <a@b>" as some programs write."""
    if bracket := re.fullmatch(r"([^<>]*)<([^<>\s]*)>\s*", text):
        return "@" not in bracket[1] or bracket[1].strip() == bracket[2]
    return len(text.split()) <= 1


def _strict_fields(section: bytes) -> list[tuple[str, str]]:
    """Raises `NotSendable` for a line that belongs to no field, and for octets that are no UTF-8."""
    fields = list(_fields(section))
    lines = section.count(b"\r\n") + 1 - len(re.findall(rb"\r\n[ \t]", section))
    if len(fields) != lines or any("\ufffd" in body for _, body in fields):
        raise NotSendable("header")
    return fields


def _fields(section: bytes) -> Iterator[tuple[str, str]]:
    """Names in lower case and unfolded bodies, octets above 127 as UTF-8 (RFC 6532); what is no field is left out."""
    for line in re.split(rb"\r?\n(?![ \t])", section.rstrip(b"\r\n")):
        if match := _FIELD.fullmatch(line.decode("utf-8", "replace")):
            yield match[1].lower(), re.sub(r"\r?\n(?=[ \t])", "", match[2])
