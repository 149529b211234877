"""Reads header sections (RFC 5322 section 2.2): limits first, then fields, encoded words (RFC 2047) and address lists (RFC 5322 section 3.4).

Nothing read here is ever copied into a message. Address fields stay as written: decoding them before they are split would let an encoded
word become an address. Every loop is linear in the octets, and nothing recurses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

from gateway.core.model import HeaderField

SECTION_OCTETS = 64 * 1024
FIELDS = 200
FIELD_OCTETS = 16 * 1024
ENCODED_WORDS = 20  # a field; an address field may have one for each mailbox
ADDRESSES = 100
COMMENTS = 50  # opening brackets in an address field

ADDRESS_FIELDS = frozenset(
    "from sender reply-to to cc bcc resent-from resent-sender resent-to resent-cc resent-bcc disposition-notification-to return-receipt-to".split()
)
ONCE = frozenset("from sender reply-to to cc bcc message-id in-reply-to references subject date mime-version".split())  # RFC 5322 section 3.6

# IANA name (RFC 2978, lower case) to the codec that reads it. Python knows more codecs than there are charsets ("unicode_escape", "rot13"); and charsets whose
# octets two readers may take for different text (UTF-7, UTF-16, HZ) are left out: what stands in them is unreadable. Supersets as browsers take them.
CHARSETS = {
    "us-ascii": "ascii", "ascii": "ascii", "utf-8": "utf-8", "utf8": "utf-8",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "iso-8859-9": "cp1254",
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{n}": f"cp{n}" for n in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)},
    "koi8-r": "koi8-r", "koi8-u": "koi8-u", "tis-620": "tis-620", "windows-874": "cp874", "macintosh": "mac-roman",
    "shift_jis": "cp932", "iso-2022-jp": "iso2022-jp", "euc-jp": "euc-jp", "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5",
}

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
# one token of an address list; a comment may not nest, so that no reader needs a stack; a quoted string cannot fail once begun, so it is linear
_TOKEN = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.?)*(?:"|\Z))|(?P<comment>\((?:[^()\\]|\\.)*\))|<(?P<angle>[^<>]*)>|(?P<mark>[,;:])|(?P<atom>[^\s,;:<>()"]+)|(?P<space>\s+)|(?P<stray>.)',
    re.DOTALL,
)
_ADDR_SPEC = re.compile(r'[^\s<>()\[\]"@,;:\\]+@[^\s<>()\[\]"@,;:\\]+')


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address list. `name` is decoded: display name, comments and the name of its group, for judging only."""

    addr_spec: str  # as written; "" where none could be read
    name: str


def over_limit(section: bytes) -> str | None:
    """Which limit the octets of a header section break ("section", "fields", "field", "encoded-words", "addresses"), or None. Looks before any parser does."""
    if len(section) > SECTION_OCTETS:
        return "section"
    fields = re.split(rb"\r?\n(?![ \t])", section)
    if len(fields) > FIELDS:
        return "fields"
    for field in fields:
        if len(field) > FIELD_OCTETS:
            return "field"
        name, _, body = field.partition(b":")
        is_address = name.strip().lower().decode("ascii", "replace") in ADDRESS_FIELDS
        if body.count(b"=?") > (2 * ADDRESSES if is_address else ENCODED_WORDS):
            return "encoded-words"
        if is_address and (body.count(b",") >= ADDRESSES or body.count(b"@") > 2 * ADDRESSES or body.count(b"(") > COMMENTS):
            return "addresses"
    return None


def read_fields(items: Iterable[tuple[str, str]]) -> tuple[tuple[HeaderField, ...], bool, bool]:
    """The fields of `items` (name and raw body with surrogates for octets above 127), whether all were readable, and whether none may be read two ways."""
    fields, readable, plain = [], True, True
    for name, raw in items:
        lines = _FOLD.split(raw)
        # RFC 5322 section 4.2: a folded line of white space alone; some readers end the header section there
        plain = plain and all(line.strip() for line in lines[1:])
        body = "".join(lines).strip()
        name = name.lower()
        if name in ADDRESS_FIELDS:
            text, good = _octets_to_text(body)
            good = good and not _NOT_TEXT.search(text)
        else:
            text, good = decode_words(body)
        fields.append(HeaderField(name, text))
        readable = readable and good
    return tuple(fields), readable, plain


def _octets_to_text(body: str) -> tuple[str, bool]:
    """RFC 6532: octets above 127 are UTF-8 or unreadable."""
    try:
        return body.encode("utf-8", "surrogateescape").decode("utf-8"), True
    except UnicodeError:
        return body.encode("ascii", "replace").decode("ascii"), False


def decode_words(body: str) -> tuple[str, bool]:
    """The text a reader would see, and whether all of it could be read. Octets of neighbouring words are joined before they are decoded."""
    text, good = _octets_to_text(body)
    if "=?" not in text:
        return text, good and not _NOT_TEXT.search(text)
    if not text.isascii():  # RFC 6532 and RFC 2047 in one field: no program writes that
        return text, False
    try:
        pieces = decode_header(text)
    except HeaderParseError:
        return text, False
    words = [piece if isinstance(piece, str) else decoded(piece, charset or "us-ascii") for piece, charset in pieces]
    if None in words:
        return text, False
    joined = "".join(word for word in words if word)
    # what still looks like an encoded word is a broken one, which another reader may decode
    return joined, good and "=?" not in joined and not _NOT_TEXT.search(joined)


def decoded(octets: bytes, charset: str) -> str | None:
    """`octets` read in `charset` (RFC 2231 language suffix allowed), or None where charset or octets are no text that every reader takes alike."""
    codec = CHARSETS.get(charset.lower().partition("*")[0])
    if codec is None:
        return None
    try:
        return octets.decode(codec)
    except UnicodeError:
        return None


def addresses(body: str) -> tuple[Address, ...]:
    """The mailboxes of an address field as written. A mailbox that cannot be read has an empty `addr_spec`; its words count as its name."""
    found: list[Address] = []
    words: list[str] = []
    group, angle, whole = "", None, True

    def close() -> None:
        nonlocal words, angle, whole
        if words or angle is not None or not whole:
            addr_spec = angle if angle is not None else (words.pop(0) if len(words) == 1 or (words and "@" in words[0]) else "")
            if not whole or not _ADDR_SPEC.fullmatch(addr_spec):
                words, addr_spec = [*words, addr_spec], ""
            name = " ".join(decode_words(word)[0] for word in [group, *words] if word)
            found.append(Address(addr_spec, name))
        words, angle, whole = [], None, True

    for token in _TOKEN.finditer(body):
        kind, text = token.lastgroup, token[0]
        if kind == "mark" and text == ":":
            group, words = " ".join([group, *words]).strip(), []
        elif kind == "mark":
            close()
            if text == ";":
                if group and not found:
                    found.append(Address("", group))
                group = ""
        elif kind == "angle":
            whole = whole and angle is None
            angle = token["angle"].strip()
        elif kind == "stray":
            whole = False
            words.append(text)
        elif kind in ("quoted", "comment"):
            words.append(re.sub(r"\\(.)", r"\1", text[1:].removesuffix('"' if kind == "quoted" else ")")))
        elif kind == "atom":
            words.append(text)
    close()
    return tuple(found)
