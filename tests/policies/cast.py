"""The people that the tests of the decision write to, and the shipped policies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.core.model import Client, Coach, Contact, Directory, Envelope, ForwardPath, Mailbox, Recipient, Role
from gateway.core.policy import Ruleset, parse_policies

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"


def box(address: str) -> Mailbox:
    local_part, _, domain = address.rpartition("@")
    return Mailbox(local_part, domain)


def path(address: str) -> ForwardPath:
    return ForwardPath(address, box(address))


def envelope(*addresses: str) -> Envelope:
    return Envelope("robin", 1, box("coach@coach.example"), tuple(path(a) for a in addresses))


JANE = Client(
    id="c-0001",
    name="Jane Moss",
    work=(box("jane@corp.example"),),
    work_domains=("corp.example",),
    personal=box("jane.moss@mail.example"),
    sponsors=(box("boss@corp.example"),),
    meetings=(("zoom_vanity", ("corp",)),),
)
COACH = Coach("Robin Vale", (box("coach@coach.example"),), "Europe/Berlin")
DIRECTORY = Directory(COACH, (JANE,), (Contact("desk@help.example", Role.SUPPORT), Contact("tax@office.example", Role.NOT_A_CLIENT)))

ADDRESS = {
    Role.CLIENT_WORK: "jane@corp.example",
    Role.CLIENT_PERSONAL: "jane.moss@mail.example",
    Role.SPONSOR: "boss@corp.example",
    Role.COLLEAGUE: "tom@corp.example",
    Role.SUPPORT: "desk@help.example",
    Role.UNKNOWN: "somebody@new.example",
    Role.NOT_A_CLIENT: "tax@office.example",
    Role.COACH: "coach@coach.example",
}
_HAS_CLIENT = {Role.CLIENT_WORK, Role.CLIENT_PERSONAL, Role.SPONSOR, Role.COLLEAGUE}


def recipient(role: Role, consents: tuple[str, ...] = (), address: str = "") -> Recipient:
    return Recipient(path(address or ADDRESS[role]), role, replace(JANE, consents=consents) if role in _HAS_CLIENT else None)


def shipped_files() -> dict[str, str]:
    return {str(p.relative_to(POLICIES)): p.read_text("utf-8") for p in sorted(POLICIES.glob("*.toml"))}


def shipped() -> Ruleset:
    return parse_policies(shipped_files())
