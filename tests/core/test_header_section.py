"""Header sections: limits, decoding for reading, address lists."""

from __future__ import annotations

import pytest

from gateway.core.header_section import CHARSETS, Address, addresses, decode_words, decoded, over_limit, read_fields


@pytest.mark.parametrize(
    ("section", "limit"),
    [
        (b"Subject: short\r\nFrom: a@b.example", None),
        (b"X: " + b"y" * 65_536, "section"),
        (b"\r\n".join([b"X: y"] * 201), "fields"),
        (b"X: " + b"y" * 16_385, "field"),
        (b"Subject: " + b"=?utf-8?q?a?= " * 21, "encoded-words"),
        (b"To: " + b"=?utf-8?q?a?= <a@b.example>, " * 21, None),
        (b"To: " + b"a@b.example," * 100, "addresses"),
        (b"Cc: " + b"a@b.example " * 201, "addresses"),
        (b"To : " + b"(" * 51, "addresses"),
        (b"Subject: " + b"(," * 200, None),
        (b"T\xc3\xb6: x", None),
    ],
)
def test_each_limit_is_named(section: bytes, limit: str | None) -> None:
    """A header section breaks the limit it breaks, and an address field may hold more encoded words than any other."""
    assert over_limit(section) == limit


def test_folding_counts_as_one_field() -> None:
    """Continuation lines make no new field (RFC 5322 section 2.2.3)."""
    assert over_limit(b"\r\n ".join([b"X: y"] + [b"z"] * 300)) is None


@pytest.mark.parametrize(
    ("body", "text", "readable"),
    [
        ("Tuesday 10:00", "Tuesday 10:00", True),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße", True),
        ("=?utf-8?b?w4M=?= =?utf-8?q?_x?=", "Ã x", True),
        ("=?utf-8?b?w?=", "=?utf-8?b?w?=", False),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü", True),  # the character is cut between two words
        ("=?unicode_escape?q?=5Cu0041?=", "=?unicode_escape?q?=5Cu0041?=", False),
        ("=?utf-7?q?+AGE-?=", "=?utf-7?q?+AGE-?=", False),
        ("=?utf-8?q?no end", "=?utf-8?q?no end", False),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?=", False),
        ("=?utf-8?q?a=0D=0ABcc:_b?=", "a\r\nBcc: b", False),
        ("gr\udcc3\udcbcn", "grün", True),
        ("gr\udcfcn", "gr?n", False),
        ("gr\udcc3\udcbcn =?utf-8?q?a?=", "grün =?utf-8?q?a?=", False),
        ("plain =?utf-8*de?q?a?=", "plain a", True),
    ],
)
def test_encoded_words_are_read_or_said_to_be_unreadable(body: str, text: str, readable: bool) -> None:
    """RFC 2047: neighbouring words are joined before decoding; what a lenient reader would guess is unreadable."""
    assert decode_words(body) == (text, readable)


def test_only_charsets_that_every_reader_takes_alike_are_read() -> None:
    """Python's own codecs and stateful or ambiguous charsets are no charsets of mail."""
    assert decoded(b"a", "UTF-8") == "a"
    assert decoded(b"\x92", "iso-8859-1") == "\u2019"
    for charset in ("unicode_escape", "rot13", "utf-7", "utf-16", "hz", "idna", "punycode", "mbcs", "", "no-such"):
        assert decoded(b"a", charset) is None
    assert decoded(b"\xff", "utf-8") is None


def test_every_charset_of_the_list_has_a_codec() -> None:
    """A misspelt codec would be found by the first mail in that charset, and by nobody before."""
    for codec in CHARSETS.values():
        assert b"10:00".decode(codec) == "10:00"


def test_fields_are_unfolded_and_address_fields_stay_as_written() -> None:
    """An encoded word in an address field must not become an address by being decoded too early."""
    raw = "=?utf-8?q?boss=40corp.example=2C?= <a@b.example>"
    fields, readable, plain = read_fields([("Subject", "Tuesday\r\n at ten"), ("To", raw), ("X-Gap", "a\r\n \r\n b")])
    assert [(field.name, field.body) for field in fields] == [("subject", "Tuesday at ten"), ("to", raw), ("x-gap", "a  b")]
    assert (readable, plain) == (True, False)
    assert not read_fields([("To", "a\x00b@c.example")])[1]
    assert not read_fields([("To", "\udcff@c.example")])[1]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("a@b.example", [("a@b.example", "")]),
        ("Robin Vale <r@c.example>, b@d.example", [("r@c.example", "Robin Vale"), ("b@d.example", "")]),
        ('"Vale, Robin" <r@c.example>', [("r@c.example", "Vale, Robin")]),
        ('"a \\"b\\"" <r@c.example>', [("r@c.example", 'a "b"')]),
        ("r@c.example (Robin)", [("r@c.example", "Robin")]),
        ("=?utf-8?q?J=C3=B6rg?= <j@c.example>", [("j@c.example", "Jörg")]),
        ("Notes on Ann: a@b.example, c@d.example; e@f.example", [("a@b.example", "Notes on Ann"), ("c@d.example", "Notes on Ann"), ("e@f.example", "")]),
        ("undisclosed-recipients:;", [("", "undisclosed-recipients")]),
        ("<a@b.example> <c@d.example>", [("", "c@d.example")]),
        ("a@b.example)c@d.example", [("", ") c@d.example a@b.example")]),
        ("<@relay.example:a@b.example>", [("", "@relay.example:a@b.example")]),
        ("((((", [("", "( ( ( (")]),
        ("postmaster", [("", "postmaster")]),
        ("two words", [("", "two words")]),
        ("", []),
        (",,;", []),
        ("<>", [("", "")]),
        ('"open', [("", "open")]),
        ("<a@b", [("", "< a@b")]),
    ],
)
def test_address_lists(body: str, found: list[tuple[str, str]]) -> None:
    """RFC 5322 section 3.4, narrowly: what could be read as another address is read as none."""
    assert addresses(body) == tuple(Address(addr_spec, name) for addr_spec, name in found)
