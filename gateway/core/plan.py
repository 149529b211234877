"""From verdicts to the plan: which copies are made, for whom, and what waits.

The plan of a submission is whole before anything is sealed or stored, and it loses nothing: each recipient gets a copy, a
private copy elsewhere, or a hold with a reason of `notice.HOLD_REASONS`. Notes never stand in a company copy: whatever a
rule says, only a reading's own words do. Pure, total, raises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.core.audience import RAW_ROLES, canonical, private_mailbox
from gateway.core.decide import unjudged
from gateway.core.model import (
    Action,
    Analysis,
    Client,
    Copy,
    Directory,
    ForwardPath,
    Hold,
    KeyState,
    Kind,
    Mailbox,
    Plan,
    Purpose,
    Reading,
    Recipient,
    Role,
    Verdict,
)

Verdicts = tuple[Verdict, ...]

# Past this the whole mail waits. At a company only "refuse" silences the composed copy too; the others get the whole or nothing.
_MOST = {Role.COACH: Action.DELIVER, Role.NOT_A_CLIENT: Action.DELIVER, Role.CLIENT_PERSONAL: Action.DIVERT}
_WHY_HELD = {Role.SPONSOR: "sponsor-without-consent", Role.COLLEAGUE: "colleague", Role.SUPPORT: "support", Role.UNKNOWN: "unknown-recipient"}


def make_plan(
    analysis: Analysis, readings: Mapping[Recipient, Reading | None], verdicts: Sequence[Verdict], keys: Mapping[str, KeyState], directory: Directory
) -> Plan:
    """All copies and holds for one submission.

    `readings` has every recipient of the envelope, `verdicts` what `decide` said of each (a recipient without any is held),
    `keys` the state of the key by client id (a client that is absent has none). A client gets one private copy, or one wait
    for a key, however many of her addresses were meant.
    """
    draft = _Draft(keys, directory)
    # the personal mailbox as the coach typed it comes first: a divert to the same mailbox then adds nothing
    for recipient in sorted(readings, key=lambda r: r.role is not Role.CLIENT_PERSONAL):
        own = tuple(v for v in verdicts if v.recipient == recipient)
        draft.place(recipient, readings[recipient], own or unjudged(recipient))
    findings = (*analysis.findings, *(f for reading in readings.values() if reading for f in reading.findings))
    withheld = {f.part for f in findings if f.kind is not Kind.SCHEDULING}
    return Plan(tuple(draft.copies.values()), tuple(draft.holds.values()), len(withheld))


@dataclass(slots=True)
class _Draft:
    """A plan in the making. The keys of both tables say what must not happen twice."""

    keys: Mapping[str, KeyState]
    directory: Directory
    copies: dict[tuple[Purpose, Mailbox | str], Copy] = field(default_factory=dict)
    holds: dict[tuple[str, str], Hold] = field(default_factory=dict)

    def place(self, recipient: Recipient, reading: Reading | None, verdicts: Verdicts) -> None:
        """Give one recipient what is hers; `verdicts` has at least one."""
        role, client = recipient.role, recipient.client
        if max(v.action for v in verdicts) > _MOST.get(role, Action.HOLD):
            return self._hold(recipient, "policy", verdicts)
        if role in RAW_ROLES:
            return self._copy(Copy(Purpose.RAW, recipient.forward_path, client, role), verdicts)
        state = self._key_state(client)
        sealed_home = role is Role.CLIENT_PERSONAL and state.key is not None
        rest = verdicts  # the sealed copy at home has the whole, whatever else is told there
        if not sealed_home:  # without a key the appointment still travels to a personal address, in the words that any company might read
            rest = self._tell(recipient, reading, verdicts)
        elif reading and reading.invitation:  # in the clear as well, so that her calendar works
            self._tell(recipient, reading, verdicts)
        if not rest:
            return None
        if role is not Role.CLIENT_PERSONAL and (role is not Role.CLIENT_WORK or any(v.action is not Action.DIVERT for v in rest)):
            return self._hold(recipient, _why_held(role, rest), rest)
        if state.key is None or client is None or client.personal is None:
            return self._hold(recipient, state.reason, rest, waiter=client)
        path = recipient.forward_path if role is Role.CLIENT_PERSONAL else ForwardPath(str(client.personal), client.personal)
        return self._copy(Copy(Purpose.PRIVATE, path, client, Role.CLIENT_PERSONAL, key=state.key), rest)

    def _tell(self, recipient: Recipient, reading: Reading | None, verdicts: Verdicts) -> Verdicts:
        """Make the composed copy if it may be made; returns the verdicts on all that does not stand in it."""
        may = tuple(v for v in verdicts if v.kind is Kind.SCHEDULING and v.action is Action.DELIVER)
        if not may or reading is None or not reading.company_text:
            return verdicts
        self._copy(Copy(Purpose.COMPANY, recipient.forward_path, recipient.client, recipient.role, reading), may)
        return tuple(v for v in verdicts if v not in may)

    def _key_state(self, client: Client | None) -> KeyState:
        """The key that a private copy for `client` would be sealed to, or the reason why there cannot be one."""
        if client is None or client.personal is None:
            return KeyState(None, "no-personal-address")
        if private_mailbox(client, self.directory) is None:
            return KeyState(None, "personal-address-unfit")
        state = self.keys.get(client.id, KeyState(None))
        return KeyState(None, state.reason or "key-missing") if state.key is None or state.reason else state

    def _copy(self, copy: Copy, verdicts: Verdicts) -> None:
        # one private copy a mailbox; anything else once a forward path, so that every RCPT of the coach is answered for
        name = canonical(copy.recipient.mailbox) if copy.purpose is Purpose.PRIVATE else copy.recipient.path
        earlier = self.copies.setdefault((copy.purpose, name), copy)
        self.copies[copy.purpose, name] = replace(earlier, rule_ids=_rules(earlier.rule_ids, verdicts))

    def _hold(self, recipient: Recipient, reason: str, verdicts: Verdicts, waiter: Client | None = None) -> None:
        # one wait for a key a client: when it comes, one private copy leaves by itself
        name = ("client", waiter.id) if waiter else ("path", recipient.forward_path.path)
        earlier = self.holds.setdefault(name, Hold(recipient.forward_path, recipient.client, recipient.role, reason, ()))
        kinds = {*earlier.kinds, *(v.kind for v in verdicts)}
        self.holds[name] = replace(earlier, kinds=tuple(k for k in Kind if k in kinds), rule_ids=_rules(earlier.rule_ids, verdicts))


def _why_held(role: Role, rest: Verdicts) -> str:
    if role is not Role.UNKNOWN and any(v.kind is Kind.DISGUISED and v.action is Action.HOLD for v in rest):  # who it is comes first
        return "disguised"
    if role is not Role.UNKNOWN and any(v.kind is Kind.CALENDAR and v.action is Action.HOLD for v in rest):
        return "calendar"
    if role is not Role.UNKNOWN and any(v.kind is Kind.PLATFORM and v.action is Action.HOLD for v in rest):
        return "company-platform"
    return "consent-on-record" if all(v.consent for v in rest) else _WHY_HELD.get(role, "policy")


def _rules(ids: tuple[str, ...], verdicts: Verdicts) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*ids, *(i for v in verdicts for i in v.rule_ids))))
