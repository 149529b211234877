"""The house a mail is handled in: its edges (`Ports`) and its rules and names (`House`). Built by `gateway.app`, read by the stories."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.core.compose import Stamp
from gateway.core.loop import stamp
from gateway.core.model import Coach, ForwardPath, Mailbox, Outgoing, Purpose, Submission
from gateway.core.pack import Packs
from gateway.core.policy import Ruleset
from gateway.ports import Clock, Hash, Ids, Keyring, Reader, Sealer, Store


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside that a story needs."""

    clock: Clock
    ids: Ids
    reader: Reader
    keyring: Keyring
    sealer: Sealer
    store: Store


@dataclass(frozen=True, slots=True)
class House:
    """What the operator and the coach have laid down; fixed while the daemon runs."""

    ruleset: Ruleset
    packs: Packs
    places: tuple[str, ...]
    approved_links: tuple[str, ...]
    loop_key: bytes
    digest_key: bytes
    uid_key: bytes  # of the UIDs that a company sees; another key would make strangers of all running series

    def submission_key(self, submission: Submission) -> Hash:
        """Same login, recipients and octets (its Message-ID among them) give the same key: a program that lost our 250 and tries again is recognised."""
        envelope = submission.envelope
        paths = "\0".join(sorted(p.path for p in envelope.forward_paths))
        mark = hmac.new(self.digest_key, f"{envelope.login}\0{paths}\0".encode(), hashlib.sha256)
        mark.update(submission.raw)
        return Hash(envelope.login, mark.digest())

    def message_id(self, copy_id: str, author: Mailbox) -> str:
        """The Message-ID of a copy: ours, stable, recognisable when it comes back."""
        return stamp(copy_id, author.domain, self.loop_key)

    def notice(self, copy_id: str, coach: Coach, at: datetime, write: Callable[[Stamp], bytes]) -> Outgoing:
        """A mail of the gateway's own to the coach; `write` composes its octets."""
        to = coach.addresses[0]
        message_id = self.message_id(copy_id, to)
        path = ForwardPath(str(to), to)
        # the null reverse-path would be right for an automatic mail (RFC 3834 section 3.3), but many providers refuse it from a submitting user
        return Outgoing(copy_id, Purpose.NOTICE, str(to), path, write(Stamp(message_id, at)), message_id, None)
