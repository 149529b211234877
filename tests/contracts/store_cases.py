"""Mail, people and a vault to try stores with."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from gateway.core.model import AuditEvent, Client, Coach, ForwardPath, HeldItem, Mailbox, Outgoing, Purpose, Role
from gateway.ports import Custody, Hash, HeldDeposit

TENANT = 1
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
COACH = Coach("Robin Vale", (Mailbox("coach", "coach.example"),), "Europe/Berlin")
ANNA = Client("c-0001", "Anna Petrova", (Mailbox("anna.petrova", "acme.example"),), ("acme.example",), Mailbox("anna", "home.example"), "A" * 40, True)


def path(address: str) -> ForwardPath:
    local, _, domain = address.rpartition("@")
    return ForwardPath(address, Mailbox(local, domain))


def outgoing(name: str, to: str = "anna@home.example", octets: bytes = b"Subject: a\r\n\r\nbody\r\n", **fields: object) -> Outgoing:
    values: dict[str, object] = {"client_id": "c-0001", "purpose": Purpose.PRIVATE}
    values |= fields
    return Outgoing(id=name, reverse_path="coach@coach.example", forward_path=path(to), octets=octets, message_id=f"<{name}@coach.example>", **values)  # type: ignore[arg-type]


def held(name: str, token: str = "", raw: bytes = b"Subject: h\r\n\r\nwaits\r\n", reason: str = "key-missing", client_id: str | None = "c-0001") -> HeldDeposit:
    item = HeldItem(name, TENANT, path("anna.petrova@acme.example"), Role.CLIENT_WORK, client_id, reason, NOON, 2, "robin", "coach@coach.example", raw)
    return HeldDeposit(item, hashlib.sha256((token or name).encode()).digest())


def custody(name: str, *copies: Outgoing, waits: tuple[HeldDeposit, ...] = (), at: datetime = NOON, digest: bytes | None = None, **fields: object) -> Custody:
    events = (
        AuditEvent("accepted", name, None, (("parts", "2"), ("octets", "4211"))),
        *(AuditEvent("private-copy", name, c.client_id, (("role", "client-personal"), ("recipient", c.forward_path.path))) for c in copies),
        *(AuditEvent("held", name, d.item.client_id, (("reason", d.item.reason),)) for d in waits),
    )
    key = Hash("robin", digest or hashlib.sha256(name.encode()).digest())
    return Custody(name, TENANT, key, at, tuple(copies), waits, events, **fields)  # type: ignore[arg-type]
