"""The front door: SMTP submission (RFC 6409, RFC 8314) from the coach's mail program, built on aiosmtpd.

    server        listening sockets, connection limits, orderly stop
    connection    one connection: the loop over commands, time limits, failures (RFC 5321)
    conversation  the commands, their order and their replies (RFC 5321, 3207, 4954, 6409)
    inbound       octets as they arrive, handed out as command lines and whole messages
    command       grammar of the arguments of MAIL and RCPT (RFC 5321, 1870, 3461, 6152, 6531)
    auth          SASL PLAIN and LOGIN (RFC 4954, RFC 4616)
    limits        the budget of failed logins
    settings      what can be set, and what must not be

It never decides about a recipient and never reads a message: it hands a `Submission` to `accept` and answers by the receipt or the failure.
"""

from gateway.core.model import Account
from gateway.edges.submission.auth import Accounts
from gateway.edges.submission.server import SubmissionServer
from gateway.edges.submission.settings import SubmissionSettings

__all__ = ["Account", "Accounts", "SubmissionServer", "SubmissionSettings"]
