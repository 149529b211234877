"""Reads just enough OpenPGP to prove a sealed message and to judge a pasted key (RFC 9580 sections 4, 5.1, 5.13 and 6; RFC 4880 framing).

It walks armour and packet framing. It never decrypts, verifies or computes with key material, and it never accepts more than it was told to expect:
whatever it does not know is `Malformed`, and octets before, between or after the packets are too.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache


class Malformed(ValueError):
    """The octets are not what they should be. The text is a closed phrase and never quotes them."""


class Tag(IntEnum):
    """Packet types by their registered numbers (RFC 9580 section 5)."""

    PKESK = 1
    SIGNATURE = 2
    PUBLIC_KEY = 6
    USER_ID = 13
    PUBLIC_SUBKEY = 14
    USER_ATTRIBUTE = 17
    SEIPD = 18
    PADDING = 21


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its type, the length of its body in octets and the first octets of that body (at most 32)."""

    tag: int
    length: int
    head: bytes


# ------------------------------------------------------------------------------------------------ packet framing
def packets(octets: bytes | bytearray) -> Iterator[Packet]:
    """Every packet of `octets`, old and new format, partial lengths joined (RFC 9580 section 4.2). Raises Malformed where a length runs past the end."""
    view, at = memoryview(octets), 0
    while at < len(view):
        tag, at, old = _tag(view, at)
        length, head, last = 0, b"", False
        while not last:
            size, at, last = _old_length(view, at, old) if old is not None else _new_length(view, at)
            if at + size > len(view):
                raise Malformed("packet cut off")
            if len(head) < 32:
                head += bytes(view[at : at + min(size, 32 - len(head))])
            length, at = length + size, at + size
        yield Packet(tag, length, head)


def _tag(view: memoryview, at: int) -> tuple[int, int, int | None]:
    """Packet type, the offset behind it, and the length type of an old format header (None: new format)."""
    octet = view[at]
    if not octet & 0x80:
        raise Malformed("no packet header")
    return (octet & 0x3F, at + 1, None) if octet & 0x40 else (octet >> 2 & 0x0F, at + 1, octet & 3)


def _new_length(view: memoryview, at: int) -> tuple[int, int, bool]:
    """Size of the next piece, offset of its first octet, whether it is the last one (RFC 9580 section 4.2.1)."""
    first = _number(view, at, 1)
    if first < 192:
        return first, at + 1, True
    if first < 224:
        return ((first - 192) << 8) + _number(view, at + 1, 1) + 192, at + 2, True
    if first == 255:
        return _number(view, at + 1, 4), at + 5, True
    return 1 << (first & 0x1F), at + 1, False


def _old_length(view: memoryview, at: int, kind: int) -> tuple[int, int, bool]:
    """The same for the old format (RFC 9580 section 4.2.2); a packet of indeterminate length cannot be shown to be whole."""
    if kind == 3:
        raise Malformed("packet of indeterminate length")
    size = 1 << kind
    return _number(view, at, size), at + size, True


def _number(view: memoryview, at: int, size: int) -> int:
    if at + size > len(view):
        raise Malformed("packet cut off")
    return int.from_bytes(view[at : at + size], "big")


# ------------------------------------------------------------------------------------------------ proof of a sealed message
def check_sealed(octets: bytes | bytearray, subkey: str, at_least: int = 0) -> None:
    """Raises Malformed unless `octets` are one PKESK v3 for `subkey` (hex fingerprint) and one SEIPD v1 of `at_least` octets, and nothing else.

    A hidden recipient (key id zero), a second recipient, a symmetric session key (SKESK), an AEAD packet of another dialect, clear signed or literal data,
    trailing octets: all fail. `at_least` is the size of what was sealed: without compression the result can only be longer.
    """
    found = list(packets(octets))
    if [p.tag for p in found] != [Tag.PKESK, Tag.SEIPD]:
        raise Malformed("not one recipient and one encrypted packet")
    session_key, data = found
    if session_key.head[:1] != b"\x03":
        raise Malformed("session key packet of another version")
    if session_key.head[1:9].hex().upper() != subkey.upper()[-16:]:
        raise Malformed("sealed to another key")
    if data.head[:1] != b"\x01":
        raise Malformed("encrypted packet of another version")
    if data.length <= at_least:
        raise Malformed("shorter than what was sealed")


# ------------------------------------------------------------------------------------------------ judging a pasted key
_KEY_TAGS = frozenset((Tag.SIGNATURE, Tag.PUBLIC_KEY, Tag.USER_ID, Tag.PUBLIC_SUBKEY, Tag.USER_ATTRIBUTE, Tag.PADDING))
_BLOCK = re.compile(rb"-----BEGIN PGP ([A-Z ]{1,30})-----[ \t]*\r?\n(.*?)\r?\n-----END PGP \1-----", re.S)


def pasted_keys(pasted: bytes) -> bytes:
    """The packets of all armoured blocks in `pasted` joined (text around them is skipped), or `pasted` itself where it is binary.

    Raises Malformed where there is no key, or where a block is something other than a public key (a private key above all).
    """
    if pasted[:1] >= b"\x80":
        return pasted
    keys = []
    for label, block in _BLOCK.findall(pasted):
        if label != b"PUBLIC KEY BLOCK":
            raise Malformed("not a public key")
        lines = [line.strip() for line in block.splitlines()]
        lines = lines[lines.index(b"") + 1 :] if b"" in lines else lines  # behind the armour header fields
        keys.append(_decode(b"".join(lines[:-1] if lines[-1][:1] == b"=" else lines)))
    if not keys:
        raise Malformed("no key")
    return b"".join(keys)


def key_versions(octets: bytes) -> tuple[int, ...]:
    """The version of every primary key in `octets`, in order.

    Raises Malformed for octets that are no packets and for packets that have no place in a transferable public key (RFC 9580 section 10.1): secret keys, and
    trust packets, with which gpg notes in its own keyrings that a signature was found good.
    """
    found = list(packets(octets))
    if any(p.tag not in _KEY_TAGS for p in found):
        raise Malformed("not a public key")
    return tuple(p.head[0] for p in found if p.tag == Tag.PUBLIC_KEY and p.head)


# ------------------------------------------------------------------------------------------------ armour
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_STRETCH = 1 << 18  # octets worked on at a time: a large message is never copied whole on the way, and a block stays in the processor's cache


def dearmor(armored: bytes, start: int = 0, end: int | None = None, *, checksum: bool = True) -> bytearray:
    """The octets inside one PGP MESSAGE armour that fills `armored[start:end]` exactly (RFC 9580 section 6.2).

    Stricter than a reader has to be, because this is our own output: no armour header fields (they are clear text), END line present,
    base64 without a foreign character, and the CRC24 right where there is one (`checksum` False leaves that to a later proof). Raises Malformed.
    """
    end = len(armored) if end is None else end
    line_end = b"\r\n" if b"\r\n" in armored[start : start + 64] else b"\n"
    head = b"-----BEGIN PGP MESSAGE-----" + line_end * 2
    tail = line_end + b"-----END PGP MESSAGE-----" + line_end
    if not armored.startswith(head, start, end) or not armored.endswith(tail, start, end) or end - start < len(head) + len(tail):
        raise Malformed("armour incomplete")
    start, end = start + len(head), end - len(tail)
    crc = armored[end - 5 - len(line_end) : end].removeprefix(line_end + b"=") if end - start > 7 else b""
    has_crc = len(crc) == 4
    octets = _decode_lines(armored, start, end - 5 - len(line_end) if has_crc else end, line_end)
    if has_crc and checksum and _decode(crc) != crc24(octets).to_bytes(3, "big"):
        raise Malformed("armour checksum wrong")
    return octets


def _decode_lines(armored: bytes, start: int, end: int, line_end: bytes) -> bytearray:
    """The base64 of `armored[start:end]` decoded. What is large goes by stretches of whole lines, which hold whole groups of four, as everybody writes them."""
    octets = bytearray()
    while end - start > _STRETCH:
        stop = armored.rfind(line_end, start, start + _STRETCH) + len(line_end)
        lines = armored[start : max(start, stop)]
        left = lines.translate(None, _BASE64)  # the line ends, and whatever else the decoder would pass over in silence; padding too, for more follows
        if not left or left != line_end * (len(left) // len(line_end)):
            raise Malformed("armour is not base64")
        octets += _decode(lines, strict=False)
        start = stop
    return octets + _decode(armored[start:end].replace(line_end, b""))


def _decode(base64: bytes, *, strict: bool = True) -> bytes:
    try:
        return binascii.a2b_base64(base64, strict_mode=strict)
    except binascii.Error:
        raise Malformed("armour is not base64") from None


# CRC24 (RFC 9580 section 6.1) is the remainder of a polynomial over GF(2). Its generator divides x^1257 + x^24 + x^16 + 1, so also the squares of that, which
# have four terms again. Adding multiples of these takes off the upper half of a number, and again, in a few shifts: a megabyte costs a few milliseconds,
# where the textbook loop would take longer than the encryption itself.
_GENERATOR, _INITIAL = 0x1864CFB, 0xB704CE


def crc24(octets: bytes | bytearray) -> int:
    """CRC24 of `octets`, 24 bits."""
    crc = _INITIAL
    for at in range(0, len(octets), _STRETCH):
        block = octets[at : at + _STRETCH]
        crc = _remainder(int.from_bytes(block, "big") << 24 ^ crc << 8 * len(block))
    return crc


def _remainder(rest: int) -> int:
    power = 1 << (rest.bit_length() // 1257).bit_length()
    while power:
        while top := rest >> 1257 * power:
            rest ^= top << 1257 * power ^ top << 24 * power ^ top << 16 * power ^ top
        power >>= 1
    crc, table = 0, _remainders()
    for octet in rest.to_bytes(158, "big"):
        crc = (crc << 8 & 0xFFFF00 | octet) ^ table[crc >> 16]
    return crc


@cache
def _remainders() -> tuple[int, ...]:
    """For each octet what it leaves when it is shifted out above bit 23."""
    found = []
    for value in range(256):
        value <<= 16
        for _ in range(8):
            value = value << 1 ^ (_GENERATOR if value >> 23 else 0)
        found.append(value)
    return tuple(found)
