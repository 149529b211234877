"""Failures, and the one table that says what each means to the peer, the audit log and the coach.

    GatewayError
      Refused                   permanent, before custody: the mail program keeps the mail
        SenderNotCoach  RecipientMalformed  BareLineEnd  TooLarge  Looping
      Deferred                  temporary, before custody: the mail program keeps the mail and tries again
        StoreUnavailable  SealerUnavailable  ReaderUnavailable  Busy  ProofFailed
      StoreDamaged              a blob or a row was changed behind our back
      MailboxUnavailable        the coach's mailbox cannot be read now: nothing in it is touched
      ConfigurationError        every problem of a configuration at once

Peer text and log text are two things: `reply` is all a peer ever sees; an exception's own text never leaves the process.
A missing or unusable key is no error: it is a hold.
"""

from __future__ import annotations

from dataclasses import dataclass


class GatewayError(Exception):
    """Root of everything coachgate raises on purpose."""


class Refused(GatewayError):
    """Permanent, before custody."""


class SenderNotCoach(Refused):
    """The login may not send as this reverse-path or From."""


class RecipientMalformed(Refused):
    """A path that our grammar of RFC 5321 section 4.1.2 does not admit."""


class BareLineEnd(Refused):
    """CR or LF alone, or NUL, in the message (SMTP smuggling)."""


class TooLarge(Refused):
    """Over the advertised SIZE."""


class Looping(Refused):
    """The gateway's own copy came back, or more than 50 hops."""


class Deferred(GatewayError):
    """Temporary, before custody."""


class StoreUnavailable(Deferred):
    """The transaction did not commit: disk full, database locked or gone."""


class SealerUnavailable(Deferred):
    """The OpenPGP engine hung, failed, or its output does not prove what it must."""


class ReaderUnavailable(Deferred):
    """No process could be started to read the message."""


class ProofFailed(Deferred):
    """A finished copy, parsed again, holds something the plan did not approve."""


class Busy(Deferred):
    """Too much at once."""


class StoreDamaged(GatewayError):
    """A sealed blob does not open: changed, swapped, or another master key."""


class MailboxUnavailable(GatewayError):
    """The coach's mailbox cannot be read now. `reason` is one of our own words (`core.notice.MAILBOX_TROUBLE`), never the server's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigurationError(GatewayError):
    """`problems` lists every fault found, one sentence each, with its key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Failure:
    """One row of the table: RFC 5321 reply code and RFC 3463 enhanced code, audit word, sentence for the coach."""

    code: int
    enhanced: str
    text: str
    audit: str
    coach: str

    @property
    def reply(self) -> str:
        """The reply line as the peer sees it."""
        return f"{self.code} {self.enhanced} {self.text}"


_NOTHING_SENT = "Nothing was sent; your mail program still has the mail"

FAILURES: dict[type[GatewayError], Failure] = {
    SenderNotCoach: Failure(550, "5.7.1", "this account may not send as that address", "refused-sender", f"{_NOTHING_SENT}. This login may not send as that address."),
    RecipientMalformed: Failure(553, "5.1.3", "recipient address not allowed", "refused-address", f"{_NOTHING_SENT}. A recipient's address is written in a form that could mean two mailboxes."),
    BareLineEnd: Failure(550, "5.6.0", "bare CR, LF or NUL in message", "refused-line-end", f"{_NOTHING_SENT}. The mail holds line ends that other servers could misread."),
    TooLarge: Failure(552, "5.3.4", "message too large", "refused-size", f"{_NOTHING_SENT}. It is larger than this gateway accepts."),
    Looping: Failure(550, "5.4.6", "mail loop", "refused-loop", f"{_NOTHING_SENT}. This mail has already passed the gateway."),
    StoreUnavailable: Failure(451, "4.3.0", "cannot store the message now, try again", "deferred-store", f"{_NOTHING_SENT} and will try again. The gateway could not write to its disk."),
    SealerUnavailable: Failure(451, "4.3.0", "cannot seal the message now, try again", "deferred-sealer", f"{_NOTHING_SENT} and will try again. Encryption did not work."),
    ReaderUnavailable: Failure(451, "4.3.0", "cannot read the message now, try again", "deferred-reader", f"{_NOTHING_SENT} and will try again."),
    ProofFailed: Failure(451, "4.3.0", "a copy did not pass its check, nothing was sent", "deferred-proof", f"{_NOTHING_SENT} and will try again. A finished copy did not pass its check; please report this."),
    Busy: Failure(451, "4.3.2", "busy, try again", "deferred-busy", f"{_NOTHING_SENT} and will try again."),
}
FAULT = Failure(451, "4.3.0", "internal fault, nothing was sent, try again", "fault", f"{_NOTHING_SENT} and will try again. This is a fault of the gateway; please report it.")


def failure(error: BaseException) -> Failure:
    """The row for `error`; anything that is no `GatewayError` of the table is a fault and defers (law 2)."""
    return next((FAILURES[c] for c in type(error).__mro__ if c in FAILURES), FAULT)
