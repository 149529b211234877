"""The arguments of MAIL and RCPT, read from the octets received (RFC 5321 section 4.1.2).

Parameters: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET, ENVID, NOTIFY, ORCPT (RFC 3461, values keep their case), AUTH
(RFC 4954 section 5, read and ignored). Everything else is refused, so nothing is promised that is not carried on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATH = re.compile(rb" *<([^<>\x00-\x20\x7f]*)>(?: +(.*))?", re.DOTALL)
_KEYWORD = re.compile(r"[A-Z0-9][A-Z0-9-]*")
_VALUE = re.compile(r"[!-<>-~]+")  # esmtp-value
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")  # RFC 3461 section 4
# a domain or an address literal; with "_", which Windows machines have in their names
_EHLO_NAME = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?|\[[0-9A-Za-z.:-]{2,60}\]")
_MAX_ENVID = 100


class Unacceptable(Exception):
    """The command is refused; `reply` is what the peer sees, in words of our own."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What MAIL said besides the reverse-path."""

    smtputf8: bool
    body_8bit: bool
    ret: str | None
    envid: str | None
    size: int  # octets, as declared; 0 where nothing was


def check_ehlo_name(argument: bytes) -> None:
    """The peer's name for itself. Raises `Unacceptable`. It is used nowhere, and this says that it could not do harm either."""
    if not _EHLO_NAME.fullmatch(argument):
        raise Unacceptable("501 5.5.4 a host name or an address literal, please")


def path_and_parameters(keyword: bytes, argument: bytes) -> tuple[bytes, dict[str, str]]:
    """`argument` of MAIL (`keyword` b"FROM:") or RCPT (b"TO:") split into the octets between the brackets and the parameters.

    Raises `Unacceptable`. The octets of the path are as received; `core.address.parse_path` judges them.
    """
    match = _PATH.fullmatch(argument[len(keyword) :]) if argument[: len(keyword)].upper() == keyword else None
    if match is None:
        raise Unacceptable(f"501 5.5.4 syntax: {keyword.decode('ascii')}<address>")
    try:
        words = (match[2] or b"").decode("ascii").split()
    except UnicodeDecodeError:
        raise Unacceptable("501 5.5.4 parameter is not ASCII") from None
    parameters: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.upper()
        if not _KEYWORD.fullmatch(name) or name in parameters or (equals and not _VALUE.fullmatch(value)):
            raise Unacceptable("501 5.5.4 malformed parameter")
        parameters[name] = value
    return match[1], parameters


def mail_parameters(parameters: dict[str, str], size_limit: int) -> MailParameters:
    """Raises `Unacceptable` for a parameter unknown, malformed, or a SIZE beyond `size_limit` octets."""
    rest = dict(parameters)
    size = rest.pop("SIZE", "0")
    body = rest.pop("BODY", "7BIT").upper()
    smtputf8 = rest.pop("SMTPUTF8", None)
    ret = rest.pop("RET", None)
    envid = rest.pop("ENVID", None)
    rest.pop("AUTH", None)
    _refuse_others(rest)
    if not size.isdigit() or len(size) > 20 or body not in ("7BIT", "8BITMIME") or smtputf8 or (ret is not None and ret.upper() not in ("FULL", "HDRS")):
        raise Unacceptable("501 5.5.4 malformed parameter")
    if envid is not None and (len(envid) > _MAX_ENVID or not _XTEXT.fullmatch(envid)):
        raise Unacceptable("501 5.5.4 malformed ENVID")
    if int(size) > size_limit:
        raise Unacceptable("552 5.3.4 message too large")
    return MailParameters(smtputf8 is not None, body == "8BITMIME", ret and ret.upper(), envid, int(size))


def rcpt_parameters(parameters: dict[str, str]) -> tuple[str | None, str | None]:
    """(NOTIFY, ORCPT) as sent. Raises `Unacceptable`."""
    rest = dict(parameters)
    notify = rest.pop("NOTIFY", None)
    orcpt = rest.pop("ORCPT", None)
    _refuse_others(rest)
    if notify is not None:
        wanted = notify.upper().split(",")
        if wanted != ["NEVER"] and not (len(set(wanted)) == len(wanted) and set(wanted) <= {"SUCCESS", "FAILURE", "DELAY"}):
            raise Unacceptable("501 5.5.4 malformed NOTIFY")
    if orcpt is not None:
        kind, semicolon, address = orcpt.partition(";")
        if not semicolon or not _KEYWORD.fullmatch(kind.upper()) or not _XTEXT.fullmatch(address):
            raise Unacceptable("501 5.5.4 malformed ORCPT")
    return notify, orcpt


def _refuse_others(rest: dict[str, str]) -> None:
    if rest:
        raise Unacceptable("555 5.5.4 parameter not recognised")
