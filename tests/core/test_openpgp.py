"""Packet framing and armour, against messages built here octet by octet: what is not exactly one sealed message does not pass."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import openpgp
from gateway.core.openpgp import Malformed, Packet, check_sealed, crc24, dearmor, key_versions, packets, pasted_keys

SUBKEY = "0123456789ABCDEF0123456789ABCDEF01234567"
KEY_ID = bytes.fromhex(SUBKEY[-16:])
PKESK = b"\x03" + KEY_ID + b"\x12" + b"k" * 40
SEIPD = b"\x01" + b"e" * 60


def new(tag: int, body: bytes) -> bytes:
    """New format, length in the shortest form."""
    n = len(body)
    if n < 192:
        return bytes((0xC0 | tag, n)) + body
    if n < 8384:
        return bytes((0xC0 | tag, (n - 192 >> 8) + 192, n - 192 & 255)) + body
    return bytes((0xC0 | tag, 255)) + n.to_bytes(4, "big") + body


def old(tag: int, body: bytes, size: int = 2) -> bytes:
    """Old format with a length of `size` octets."""
    return bytes((0x80 | tag << 2 | {1: 0, 2: 1, 4: 2}[size],)) + len(body).to_bytes(size, "big") + body


def partial(tag: int, body: bytes, power: int) -> bytes:
    """New format in pieces of 2^power octets."""
    pieces, size = b"", 1 << power
    while len(body) >= size:
        pieces, body = pieces + bytes((224 | power,)) + body[:size], body[size:]
    return bytes((0xC0 | tag,)) + pieces + new(0, body)[1:]


def armour(octets: bytes, line_end: bytes = b"\r\n", *, checksum: bool = True) -> bytes:
    lines = base64.encodebytes(octets).replace(b"\n", line_end)
    tail = b"=" + base64.b64encode(crc24(octets).to_bytes(3, "big")) + line_end if checksum else b""
    return b"-----BEGIN PGP MESSAGE-----" + line_end * 2 + lines + tail + b"-----END PGP MESSAGE-----" + line_end


# ------------------------------------------------------------------------------------------------ framing
@pytest.mark.parametrize("size", [0, 1, 191, 192, 8383, 8384, 70000])
def test_every_length_form_is_read(size: int) -> None:
    body = bytes(i & 255 for i in range(size))
    forms = [new(18, body), partial(18, body, 9), *(old(6, body, n) for n in (1, 2, 4) if size < 256**n)]
    for form in forms:
        (found,) = packets(form)
        assert (found.length, found.head) == (size, body[:32])


@given(st.lists(st.tuples(st.integers(0, 63), st.binary(max_size=300)), max_size=6))
def test_a_row_of_packets_is_read_in_order(row: list[tuple[int, bytes]]) -> None:
    assert list(packets(b"".join(new(tag, body) for tag, body in row))) == [Packet(tag, len(body), body[:32]) for tag, body in row]


@given(st.binary(max_size=200))
def test_any_octets_are_packets_or_malformed(octets: bytes) -> None:
    try:
        assert sum(p.length for p in packets(octets)) <= len(octets)
    except Malformed:
        pass


@pytest.mark.parametrize("whole", [new(18, SEIPD), new(18, b"e" * 300), new(18, b"e" * 9000), partial(18, b"e" * 1200, 9), old(6, SEIPD), old(6, SEIPD, 4)])
def test_packet_cut_off_anywhere_is_malformed(whole: bytes) -> None:
    for end in (*range(1, min(len(whole), 40)), len(whole) - 1):
        with pytest.raises(Malformed):
            list(packets(whole[:end]))


def test_indeterminate_length_and_foreign_octets_are_malformed() -> None:
    for octets in (b"\xa3" + SEIPD, b"Dear Kim", b"\x7f" + SEIPD):
        with pytest.raises(Malformed):
            list(packets(octets))


# ------------------------------------------------------------------------------------------------ a sealed message
@pytest.mark.parametrize("sealed", [new(1, PKESK) + new(18, SEIPD), old(1, PKESK) + partial(18, SEIPD * 20, 9)])
def test_sealed_message_passes(sealed: bytes) -> None:
    check_sealed(sealed, SUBKEY)
    check_sealed(sealed, SUBKEY.lower(), at_least=len(SEIPD) - 1)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "not one recipient"),
        (new(18, SEIPD), "not one recipient"),
        (new(1, PKESK), "not one recipient"),
        (new(18, SEIPD) + new(1, PKESK), "not one recipient"),
        (new(1, PKESK) * 2 + new(18, SEIPD), "not one recipient"),
        (new(1, PKESK) + new(3, b"\x04" * 13) + new(18, SEIPD), "not one recipient"),
        (new(1, PKESK) + new(20, SEIPD), "not one recipient"),
        (new(1, PKESK) + new(9, SEIPD), "not one recipient"),
        (new(1, PKESK) + new(18, SEIPD) + new(11, b"b\0clear text"), "not one recipient"),
        (new(1, PKESK) + new(18, SEIPD) + b"clear text", "no packet header"),
        (new(10, b"PGP") + new(1, PKESK) + new(18, SEIPD), "not one recipient"),
        (new(1, b"\x06" + PKESK[1:]) + new(18, SEIPD), "another version"),
        (new(1, b"\x03" + bytes(8) + PKESK[9:]) + new(18, SEIPD), "another key"),
        (new(1, b"\x03" + KEY_ID[::-1] + PKESK[9:]) + new(18, SEIPD), "another key"),
        (new(1, PKESK[:6]) + new(18, SEIPD), "another key"),
        (new(1, PKESK) + new(18, b"\x02" + SEIPD[1:]), "another version"),
        (new(1, PKESK) + new(18, b""), "another version"),
        (new(1, PKESK) + new(18, SEIPD)[:-1], "cut off"),
    ],
)
def test_anything_else_does_not(octets: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        check_sealed(octets, SUBKEY)


def test_message_shorter_than_what_was_sealed_does_not_pass() -> None:
    with pytest.raises(Malformed, match="shorter"):
        check_sealed(new(1, PKESK) + new(18, SEIPD), SUBKEY, at_least=len(SEIPD))


# ------------------------------------------------------------------------------------------------ armour
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("checksum", [True, False])
@given(octets=st.binary(min_size=1, max_size=400))
def test_armour_comes_off(octets: bytes, line_end: bytes, checksum: bool) -> None:
    assert dearmor(armour(octets, line_end, checksum=checksum)) == octets


OCTETS = new(1, PKESK) + new(18, SEIPD)
GOOD = armour(OCTETS)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        GOOD[:-2],
        GOOD[1:],
        GOOD + b"\r\n",
        b"Dear Kim,\r\n" + GOOD,
        GOOD + b"She cried.\r\n",
        GOOD.replace(b"MESSAGE-----\r\n\r\n", b"MESSAGE-----\r\nComment: she cried\r\n\r\n", 1),
        GOOD.replace(b"BEGIN PGP MESSAGE", b"BEGIN PGP SIGNATURE"),
        GOOD.replace(b"-----END PGP MESSAGE-----\r\n", b""),
        GOOD[:60] + b"!" + GOOD[61:],
        GOOD[:60] + b" she cried " + GOOD[60:],
        GOOD[:60] + b"\n" + GOOD[60:],
        GOOD.replace(b"\r\n=", b"\r\n=A", 1),
        armour(OCTETS).replace(base64.b64encode(crc24(OCTETS).to_bytes(3, "big")), b"AAAA"),
        b"-----BEGIN PGP MESSAGE-----\r\n\r\n-----END PGP MESSAGE-----\r\n",
    ],
)
def test_armour_that_is_not_exactly_ours_is_malformed(bad: bytes) -> None:
    with pytest.raises(Malformed):
        dearmor(bad)


def test_checksum_can_be_left_to_a_later_proof() -> None:
    wrong = GOOD.replace(base64.b64encode(crc24(OCTETS).to_bytes(3, "big")), b"AAAA")
    assert dearmor(wrong, checksum=False) == OCTETS


def test_every_changed_octet_of_the_text_is_noticed() -> None:
    for n, octet in enumerate(GOOD):
        other = bytes((octet ^ 1,))
        with pytest.raises(Malformed):
            check_sealed(dearmor(GOOD[:n] + other + GOOD[n + 1 :]), SUBKEY)


def textbook_crc24(octets: bytes) -> int:
    """RFC 9580 section 6.1.1, a bit at a time."""
    crc = 0xB704CE
    for octet in octets:
        crc ^= octet << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc


def test_crc24_of_the_usual_test_string() -> None:
    assert crc24(b"123456789") == 0x21CF02


@given(st.binary(max_size=700))
def test_crc24_is_that_of_the_standard(octets: bytes) -> None:
    assert crc24(octets) == textbook_crc24(octets)


# ------------------------------------------------------------------------------------------------ pasted keys
def public_block(octets: bytes, head: bytes = b"") -> bytes:
    lines = base64.encodebytes(octets).rstrip()
    return b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + head + lines + b"\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----"


KEY = old(6, b"\x04" + b"k" * 50) + old(13, b"Kim <kim@home.example>") + old(2, b"\x04\x13" + b"s" * 60)


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        public_block(KEY, b"\n"),
        public_block(KEY, b"Version: X\nComment: y\n\n"),
        b"Hi,\r\nmy key:\r\n" + public_block(KEY, b"\n").replace(b"\n", b"\r\n") + b"\r\nBest, Kim",
        public_block(KEY),
    ],
)
def test_one_key_is_found_however_it_is_pasted(pasted: bytes) -> None:
    assert pasted_keys(pasted) == KEY
    assert key_versions(pasted_keys(pasted)) == (4,)


def test_two_blocks_are_two_keys() -> None:
    assert key_versions(pasted_keys(public_block(KEY) + b"\n\n" + public_block(KEY))) == (4, 4)


def test_v6_key_says_so() -> None:
    assert key_versions(new(6, b"\x06" + b"k" * 50)) == (6,)


@pytest.mark.parametrize(
    "pasted",
    [
        b"",
        b"Dear Robin",
        public_block(KEY)[:-5],
        public_block(KEY).replace(b"PUBLIC KEY", b"PRIVATE KEY"),
        GOOD,
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!!\n-----END PGP PUBLIC KEY BLOCK-----",
    ],
)
def test_paste_without_a_public_key_is_malformed(pasted: bytes) -> None:
    with pytest.raises(Malformed):
        pasted_keys(pasted)


@pytest.mark.parametrize("tag", [1, 3, 5, 7, 11, 12, 18, 61])
def test_packet_that_has_no_place_in_a_public_key_is_malformed(tag: int) -> None:
    with pytest.raises(Malformed):
        key_versions(KEY + new(tag, b"\x04" + b"x" * 20))


def test_key_packet_without_a_body_is_no_key() -> None:
    assert key_versions(new(6, b"")) == ()


def test_faults_never_quote_what_they_read() -> None:
    for call, octets in ((packets, b"she cried"), (dearmor, b"she cried"), (pasted_keys, b"she cried")):
        with pytest.raises(Malformed) as caught:
            list(call(octets))
        assert "cried" not in str(caught.value)
        assert caught.value.__cause__ is None
    assert issubclass(openpgp.Malformed, ValueError)


# ------------------------------------------------------------------------------------------------ large armour is read in stretches
LARGE = bytes(range(256)) * 4096


@pytest.mark.parametrize("size", [3 * openpgp._STRETCH // 4, openpgp._STRETCH, len(LARGE), len(LARGE) - 1, len(LARGE) - 2])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_large_armour_is_read_whole(size, line_end):
    assert dearmor(armour(LARGE[:size], line_end)) == LARGE[:size]


def test_part_of_a_text_is_read_where_it_stands():
    text = b"before" + armour(LARGE, b"\r\n") + b"after"
    assert dearmor(text, len(b"before"), len(text) - len(b"after")) == LARGE
    with pytest.raises(Malformed, match="incomplete"):
        dearmor(text, len(b"before"))


@pytest.mark.parametrize("wrong", [b"=", b"==", b"!", b" ", b"\r"])
@pytest.mark.parametrize("at", [200, 300_000, 900_000])
def test_a_foreign_octet_anywhere_in_large_armour_is_found(wrong, at):
    good = armour(LARGE, b"\r\n")
    with pytest.raises(Malformed):
        dearmor(good[:at] + wrong + good[at + len(wrong) :], checksum=False)


@pytest.mark.parametrize("at", [200, 300_000, 900_000])
def test_an_octet_lost_from_large_armour_is_found(at):
    good = armour(LARGE, b"\r\n")
    with pytest.raises(Malformed):
        dearmor(good[:at] + good[at + 1 :], checksum=False)


def test_a_line_longer_than_any_stretch_is_refused():
    good = armour(LARGE, b"\r\n")
    head, body = good[:31], good[31:]
    with pytest.raises(Malformed):
        dearmor(head + body[: 2 * openpgp._STRETCH].replace(b"\r\n", b"") + body[2 * openpgp._STRETCH :])
