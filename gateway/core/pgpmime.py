"""Writes and proves the private copy: the whole original inside PGP/MIME, its header section protected (RFC 3156, RFC 9788, RFC 9580, Autocrypt Level 1).

Two layers. `protect` writes the cryptographic payload that is signed and encrypted in one step (RFC 3156 section 6.2), `frame` the outer message around the
armour. The original travels byte for byte as message/rfc822; nothing of it is read here. The outer message is written from typed values alone and
`prove_sealed` accepts no octet in it that `frame` could not have written.
"""

from __future__ import annotations

import binascii
import re

from gateway.core import openpgp
from gateway.core.header import address_words, field, text_words
from gateway.core.model import Key

OUTER_SUBJECT = "[...]"  # what RFC 9788 section 3.2.1 (hcp_baseline) puts outside for every encrypted message


class NotSealed(ValueError):
    """A finished private copy does not prove to be sealed. `reason` is a closed phrase and never quotes the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# ------------------------------------------------------------------------------------------------ the original
_BLIND = re.compile(
    rb"(?:\A|(?<=[\r\n]))(?:resent-)?bcc[ \t]*:[^\r\n]*"  # the name may be followed by white space (RFC 5322 section 4.5)
    rb"(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*(?:\r\n|\r|\n|\Z)",  # and its body be folded
    re.I,
)
_BLANK_LINE = re.compile(rb"(?:\A|(?<=\n))(?=\r?\n)")


def without_bcc(raw: bytes) -> bytes:
    """The octets of `raw` without the Bcc and Resent-Bcc fields of its header section; every other octet stays as it is.

    A blind recipient stays blind in every copy (RFC 5322 section 3.6.3). Where a message has no blank line all of it counts as header section.
    """
    blank = _BLANK_LINE.search(raw)
    end = blank.start() if blank else len(raw)
    seen = _BLIND.sub(b"", raw[:end])
    return raw if len(seen) == end else seen + raw[end:]  # mostly there is none, and a large message need not be copied


# ------------------------------------------------------------------------------------------------ inside
def protect(raw: bytes, *, subject: str, sender: str, to: str, date: str, message_id: str, boundary: str, sender_name: str = "", autocrypt: str = "") -> bytes:
    """The cryptographic payload of a private copy: CRLF line ends around the octets of `raw`, which are kept.

    `subject` is the real one, decoded; the other values are those given to `frame`. `boundary` must be one that nobody outside could guess.
    Both header protection schemes are announced: `hp="cipher"` (RFC 9788 section 2.1.1) and, for readers older than it, `protected-headers="v1"`.
    Every outer field is repeated as HP-Outer (section 2.2), so that a reader sees what the transport could see. Readers without either scheme
    find the subject in the first lines of the text (section 5.2.2); `hp-legacy-display` lets newer readers hide them.
    Raises ValueError where `boundary` stands in `raw`, or where a value would not be a header field.
    """
    if boundary.encode("ascii") in raw:
        raise ValueError("boundary occurs in the original")
    inner = _fields(subject, sender_name, sender, to, date, message_id, autocrypt)
    outer = _fields(OUTER_SUBJECT, sender_name, sender, to, date, message_id, autocrypt)
    delimiter = b"--" + boundary.encode("ascii")
    return b"".join(
        (
            *(field(name, *words) for name, words in inner),
            *(field("HP-Outer", f"{name}:", *words) for name, words in outer),
            field("MIME-Version", "1.0"),
            field("Content-Type", "multipart/mixed;", f'boundary="{boundary}";', 'protected-headers="v1";', 'hp="cipher"'),
            b"\r\n",
            delimiter + b"\r\n" + _cover(subject, sender_name or sender),
            b"\r\n" + delimiter + b"\r\n",
            b"Content-Type: message/rfc822\r\n",
            b'Content-Disposition: inline; filename="original.eml"\r\n',
            b"Content-Transfer-Encoding: " + _encoding(raw) + b"\r\n\r\n",
            raw,
            b"\r\n" + delimiter + b"--\r\n",
        )
    )


def _cover(subject: str, author: str) -> bytes:
    """The text part: the legacy display of the subject, a blank line, and what this mail is."""
    text = (
        f"Subject: {_printable(subject)}\r\n\r\n"
        f"A message from {_printable(author)}, encrypted for you alone.\r\n"
        "It follows complete and unchanged, with everything attached to it.\r\n"
    )
    return (
        b'Content-Type: text/plain; charset="utf-8"; hp-legacy-display="1"\r\n'
        b"Content-Disposition: inline\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + binascii.b2a_qp(text.encode(), istext=True)
    )


def _printable(text: str) -> str:
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def _encoding(raw: bytes) -> bytes:
    """The Content-Transfer-Encoding that is true of `raw`; a message/rfc822 is never re-encoded (RFC 2046 section 5.2.1)."""
    bare = not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    if bare or b"\0" in raw or _has_long_line(raw):
        return b"binary"
    return b"7bit" if raw.isascii() else b"8bit"


def _has_long_line(raw: bytes) -> bool:
    """Whether a line is longer than 998 octets (RFC 5322 section 2.1.1). Looks from each line end for the last one within reach, so it copies nothing."""
    at = 0
    while len(raw) - at > 998:
        end = raw.rfind(b"\n", at, at + 1000)
        if end < 0:
            return True
        at = end + 1
    return False


# ------------------------------------------------------------------------------------------------ outside
def frame(armored: bytes, *, sender_name: str, sender: str, to: str, date: str, message_id: str, boundary: str, autocrypt: str) -> bytes:
    """The outer message (RFC 3156 section 4): eight header fields, the version part and `armored` (CRLF line ends); printable ASCII and CRLF only.

    `sender` and `to` are mailboxes, `date` an RFC 5322 date-time, `message_id` with its angle brackets, `autocrypt` the field's value or "".
    Raises ValueError where a value would not be a header field.
    """
    outer = _fields(OUTER_SUBJECT, sender_name, sender, to, date, message_id, autocrypt)
    content_type = field("Content-Type", "multipart/encrypted;", 'protocol="application/pgp-encrypted";', f'boundary="{boundary}"')
    before, after = _body(boundary.encode("ascii"))
    return b"".join((*(field(name, *words) for name, words in outer), field("MIME-Version", "1.0"), content_type, b"\r\n", before, armored, after))


def _fields(subject: str, sender_name: str, sender: str, to: str, date: str, message_id: str, autocrypt: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields that stand both outside and inside, with their words."""
    fields = (
        ("From", address_words(sender_name, sender)),
        # an address beyond ASCII would make the whole message one of RFC 6532, which few can sign, forward or search; the envelope alone names it
        ("To", address_words("", to) if to.isascii() else ("undisclosed-recipients:;",)),
        ("Date", tuple(date.split(" "))),
        ("Message-ID", (message_id,)),
        ("Subject", text_words(subject)),
    )
    return (*fields, ("Autocrypt", _autocrypt_words(autocrypt))) if autocrypt else fields


def _autocrypt_words(value: str) -> tuple[str, ...]:
    """Attributes of an Autocrypt field; white space inside the base64 of keydata means nothing (Autocrypt Level 1 section 2.1)."""
    attributes, _, keydata = value.partition("keydata=")
    keydata = "keydata=" + "".join(keydata.split())
    return (*attributes.split(), *(keydata[i : i + 72] for i in range(0, len(keydata), 72)))


def _body(boundary: bytes) -> tuple[bytes, bytes]:
    """The octets of the outer body before and behind the armour."""
    before = (
        b"--" + boundary + b"\r\n"
        b"Content-Type: application/pgp-encrypted\r\n"
        b"Content-Description: PGP/MIME version identification\r\n\r\n"
        b"Version: 1\r\n\r\n"
        b"--" + boundary + b"\r\n"
        b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n'
        b"Content-Description: OpenPGP encrypted message\r\n"
        b'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n'
    )
    return before, b"\r\n--" + boundary + b"--\r\n"


# ------------------------------------------------------------------------------------------------ proof
_FIELD = re.compile(rb"([A-Za-z-]+): ([\x20-\x7e]*(?:\r\n [\x20-\x7e]+)*)\r\n")
_ALLOWED = {
    b"From": re.compile(rb"(?:[\x20-\x7e]+ )?<[^<>]+@[^<>@ ]+>"),
    b"To": re.compile(rb"<[^<>]+@[^<>@ ]+>|undisclosed-recipients:;"),
    b"Date": re.compile(rb"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}"),
    b"Message-ID": re.compile(rb"<[^<>@ ]+@[^<>@ ]+>"),
    b"Subject": re.compile(re.escape(OUTER_SUBJECT.encode())),
    b"Autocrypt": re.compile(rb"addr=[^; ]+; (?:prefer-encrypt=mutual; )?keydata=[A-Za-z0-9+/ ]+={0,2}"),
    b"MIME-Version": re.compile(rb"1\.0"),
    b"Content-Type": re.compile(rb'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="([A-Za-z0-9=_+-]{1,70})"'),
}


def prove_sealed(octets: bytes, key: Key) -> None:
    """Raises NotSealed unless `octets`, read anew, are a sealed message to `key` and nothing else (law 8).

    Read anew means: exactly the outer fields, each once, with the neutral subject; exactly the two parts of RFC 3156 section 4 without preamble, epilogue or
    further part; whole armour without clear comment; exactly one PKESK for `key.encryption_subkey` and one whole SEIPD (`openpgp.check_sealed`).
    """
    start = octets.find(b"\r\n\r\n") + 2  # of the blank line
    header_section = octets[:start]
    fields = _FIELD.findall(header_section)
    if start < 2 or sum(len(name) + len(value) + 4 for name, value in fields) != len(header_section):
        raise NotSealed("outer header section is not as written")
    values = {name: value.replace(b"\r\n ", b" ") for name, value in fields}
    if len(values) != len(fields) or _ALLOWED.keys() - values.keys() - {b"Autocrypt"}:
        raise NotSealed("outer header fields are not those allowed")
    if not all(name in _ALLOWED and _ALLOWED[name].fullmatch(value) for name, value in values.items()):
        raise NotSealed("outer header fields are not those allowed")
    boundary = values[b"Content-Type"].rpartition(b"boundary=")[2].strip(b'"')
    before, after = _body(boundary)
    before = b"\r\n" + before
    if not octets.startswith(before, start) or not octets.endswith(after) or len(octets) - start < len(before) + len(after):
        raise NotSealed("not exactly the two parts of an encrypted message")
    try:
        openpgp.check_sealed(openpgp.dearmor(octets, start + len(before), len(octets) - len(after)), key.encryption_subkey)
    except openpgp.Malformed as fault:
        raise NotSealed(str(fault)) from None
