"""Header fields are written from typed values, and nothing written can start another field."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.header import address_words, field, text_words


@pytest.mark.parametrize("word", ["a\r\nBcc: x@y.example", "a\nb", "\0", "é", "a\tb", "\x7f"])
def test_a_word_that_is_not_printable_ascii_is_refused(word):
    """A value can never carry a line end, a control character or an octet above 126."""
    with pytest.raises(ValueError, match="Subject: not printable ASCII"):
        field("Subject", word)


def test_long_fields_are_folded_between_words():
    """RFC 5322 section 2.1.1: lines of at most 78 characters where the words allow it."""
    octets = field("Subject", *(["word"] * 60))
    lines = octets.decode().split("\r\n")
    assert len(lines) > 3
    assert all(len(line) <= 78 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:-1])


@given(st.text(max_size=300))
def test_any_text_comes_back_as_it_reads(text):
    """Whatever the subject, a reader decodes the printable text, and no second field appears."""
    octets = field("Subject", *text_words(text)) + b"\r\n"
    message = message_from_bytes(octets, policy=policy.compat32)
    assert list(message.keys()) == ["Subject"]
    assert octets.isascii()
    expected = "".join(c for c in " ".join(text.split()) if c.isprintable()).encode("utf-8", "replace").decode()
    assert "".join(str(make_header(decode_header(message["Subject"]))).split()) == "".join(expected.split())


@given(st.text(max_size=80))
def test_any_name_leaves_one_address(name):
    """A display name, however written, never adds an address or a field (a decoded name is our own client record, but records are typed by people)."""
    octets = field("To", *address_words(name, "dana@acme.example")) + b"\r\n"
    message = message_from_bytes(octets, policy=policy.compat32)
    assert list(message.keys()) == ["To"]
    assert octets.rstrip().endswith(b"<dana@acme.example>")
    assert octets.count(b"<") == 1 or b'"' in octets


def test_a_name_in_quotes_is_escaped():
    """RFC 5322 section 3.2.4: quotes and backslashes inside a quoted string are escaped."""
    assert address_words('Robin "R" \\ Vale', "r@c.example") == ('"Robin \\"R\\" \\\\ Vale"', "<r@c.example>")
    assert address_words("", "r@c.example") == ("<r@c.example>",)


def test_the_encoded_word_marker_is_never_taken_from_a_name():
    """A plain name that looks like an encoded word is encoded itself, so that nobody decodes it."""
    (word, _) = address_words("=?utf-8?q?boss=40corp.example?=", "r@c.example")
    assert word.startswith("=?utf-8?b?")
    assert text_words("=?utf-8?q?x?=")[0].startswith("=?utf-8?b?")
    assert text_words("") == ("",)
