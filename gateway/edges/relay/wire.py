"""What is said and what a reply means, as pure functions: paths, parameters, the octets as they travel, verdicts.

RFC 5321 with SIZE (1870), 8BITMIME (6152), DSN (3461), SMTPUTF8 (6531), ENHANCEDSTATUSCODES (2034). Never an octet changed, never the peer's prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from aiosmtplib import SMTPResponse

from gateway.core.model import Outgoing, Purpose
from gateway.ports import Delivery, Result

BLOCK = 1 << 16  # octets written before the transport is asked to have sent them
RCPT_ACCEPTED = (250, 251, 252)
AUTH_WANTED = (530, 534, 535, 538)  # RFC 4954 section 6: said to MAIL by a server that wants a login
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_XTEXT = re.compile(r"[!-*,-<>-~]+")  # RFC 3461 section 4, with "+" and "=" only where encoded
_ORCPT = re.compile(r"[A-Za-z0-9-]+;(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.I)
_QUOTED_LOCAL_PART = re.compile(r'\A"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"(?=@)')
_BREAKS_OUT = re.compile(r'[\x00-\x20<>"\x7f]')


class Word(StrEnum):
    """What stands in `Delivery.reply` where no reply of the peer decided."""

    CONNECT = "connect"  # no connection: refused, unknown host, unreachable
    TIMEOUT = "timeout"  # the peer fell silent
    CLOSED = "closed"  # the peer closed or reset the connection
    PROTOCOL = "protocol"  # the peer said something that is no SMTP
    TLS = "tls"  # the certificate or the handshake failed
    NO_STARTTLS = "no-starttls"  # TLS is demanded and was not offered
    AUTH = "auth"  # no login: not offered, or the token could not be had; "auth:535/5.7.8" where the peer refused it
    SIZE = "size"  # larger than the peer says it takes
    NO_8BITMIME = "no-8bitmime"  # the octets are 8-bit, may not be changed, and the peer takes 7 bits only
    NO_SMTPUTF8 = "no-smtputf8"  # the address or the header section is not ASCII and the peer takes nothing else
    ADDRESS = "address"  # the path cannot be written on a command line without meaning something else
    LINE_ENDS = "line-ends"  # a CR or LF alone: sending it byte for byte would be SMTP smuggling
    STOPPED = "stopped"  # hung up by ourselves: the process ends


class Ended(Exception):
    """A conversation that came to its end; carries what to record. `keep`: the connection is still in step and may be used again."""

    def __init__(self, result: Result, reply: str, *, keep: bool = False, lost: bool = False) -> None:
        super().__init__(reply)
        self.delivery, self.keep, self.lost = Delivery(result, reply), keep, lost


def check(outgoing: Outgoing) -> None:
    """Raises `Ended` for a copy that must not be spoken on a wire at all; the planner never makes one."""
    octets = outgoing.octets
    if not octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n"):
        raise Ended(Result.FAILED, Word.LINE_ENDS)
    if not outgoing.forward_path.path or not all(map(_speakable, (outgoing.reverse_path, outgoing.forward_path.path))):
        raise Ended(Result.FAILED, Word.ADDRESS)


def _speakable(path: str) -> bool:
    """Whether `path` between angle brackets is one path and nothing more (RFC 5321 section 4.1.2)."""
    return not _BREAKS_OUT.search(_QUOTED_LOCAL_PART.sub("", path)) and path.isprintable()


def parameters(outgoing: Outgoing, offers: Mapping[str, str]) -> tuple[list[bytes], list[bytes]]:
    """Of MAIL and RCPT, from what the peer offers. Raises `Ended` where it does not offer what this copy cannot do without."""
    mail, rcpt, size = [], [], len(outgoing.octets)
    if "size" in offers:
        limit = offers["size"].strip()
        if limit.isascii() and limit.isdigit() and 0 < int(limit) < size:
            raise Ended(Result.FAILED, Word.SIZE, keep=True)
        mail.append(b"SIZE=%d" % size)
    if not outgoing.octets.isascii():
        if "8bitmime" not in offers:
            raise Ended(Result.FAILED, Word.NO_8BITMIME, keep=True)  # RFC 6152 section 3: convert (never) or fail
        mail.append(b"BODY=8BITMIME")
    if "smtputf8" in offers:
        if outgoing.smtputf8 or not _ascii_paths(outgoing):
            mail.append(b"SMTPUTF8")
    elif _needs_smtputf8(outgoing):
        raise Ended(Result.FAILED, Word.NO_SMTPUTF8, keep=True)
    if "dsn" in offers:
        if outgoing.purpose is not Purpose.RAW:
            mail.append(b"RET=HDRS")  # a bounce shall not carry the copy through more hands; the header section says nothing
        if _XTEXT.fullmatch(outgoing.id):
            mail.append(b"ENVID=" + outgoing.id.encode())
        rcpt = _dsn(outgoing)
    return mail, rcpt


def _ascii_paths(outgoing: Outgoing) -> bool:
    return outgoing.reverse_path.isascii() and outgoing.forward_path.path.isascii()


def _needs_smtputf8(outgoing: Outgoing) -> bool:
    """RFC 6531 section 3: an address beyond ASCII, or a header section declared to be. Undeclared 8-bit header fields go on as they came."""
    return not _ascii_paths(outgoing) or (outgoing.smtputf8 and not outgoing.octets.partition(b"\r\n\r\n")[0].isascii())


def _dsn(outgoing: Outgoing) -> list[bytes]:
    """RFC 3461 section 4.1 and 4.2, as the mail program asked. A sealed copy or a notice names no original recipient: that may be another mailbox."""
    path, parameters = outgoing.forward_path, []
    if path.notify is not None and _NOTIFY.fullmatch(path.notify):
        parameters.append(b"NOTIFY=" + path.notify.encode())
    if path.orcpt is not None and outgoing.purpose in (Purpose.RAW, Purpose.COMPANY) and _ORCPT.fullmatch(path.orcpt):
        parameters.append(b"ORCPT=" + path.orcpt.encode())
    return parameters


def blocks(octets: bytes) -> Iterator[bytes]:
    """The octets as they travel (RFC 5321 section 4.5.2), without the final dot, in pieces."""
    stuffed = octets.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    for start in range(0, len(stuffed), BLOCK):
        yield stuffed[start : start + BLOCK]


def verdict(response: SMTPResponse, dotted: bool) -> Delivery:
    """What a reply within or after the octets means. Within, the connection is out of step; so it is after nonsense."""
    kind, reply = response.code // 100, reply_of(response.code, response.message)
    if kind in (4, 5):
        raise Ended(Result.DEFERRED if kind == 4 else Result.FAILED, reply, keep=dotted and response.code != 421)
    if not dotted:
        raise Ended(Result.DEFERRED, Word.PROTOCOL)
    if kind != 2:
        raise Ended(Result.UNCLEAR, Word.PROTOCOL)
    return Delivery(Result.DELIVERED, reply)


def reply_of(code: int, text: str) -> str:
    """Code and enhanced code (RFC 2034), never the peer's prose."""
    enhanced = _ENHANCED.match(text)
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def auth_refused(code: int, text: str) -> str:
    """The same as one word that begins with "auth", so that the coach can be told to look at her password."""
    return f"{Word.AUTH}:{reply_of(code, text).replace(' ', '/')}"
