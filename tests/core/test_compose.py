"""The company copy is a function of an approved reading and of configuration, and its proof notices anything else."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.compose import NotComposed, Stamp, company_copy, prove_company_copy
from gateway.core.model import Mailbox, Reading, Status

STAMP = Stamp("<0123456789abcdef.aaaaaaaaaaaaaaaaaaaaaaaa@coach.example>", datetime(2026, 6, 9, 10, 30, 42, tzinfo=UTC))
AUTHOR = Mailbox("coach", "coach.example")


def reading(text: str, subject: str = "Our appointment") -> Reading:
    return Reading("en", True, Status.STATED, (), (), True, text, subject)


def copy_of(read: Reading, to: str = "dana@acme.example") -> bytes:
    return company_copy(read, "Robin Vale", AUTHOR, to, STAMP)


def test_a_copy_has_the_listed_fields_and_the_approved_text():
    """RFC 5322: eight fields, one text part; the date in UTC and whole minutes."""
    octets = copy_of(reading("Hi Dana,\n\nThursday 14:00 works.\n\nRobin"))
    message = message_from_bytes(octets, policy=policy.default)
    assert message["From"].addresses[0].display_name == "Robin Vale"
    assert message["Date"].datetime == datetime(2026, 6, 9, 10, 30, tzinfo=UTC)
    assert message.get_content().replace("\r\n", "\n") == "Hi Dana,\n\nThursday 14:00 works.\n\nRobin\n"
    assert b"\n" not in octets.replace(b"\r\n", b"")
    prove_company_copy(octets, reading("Hi Dana,\n\nThursday 14:00 works.\n\nRobin"))


def test_nothing_approved_means_no_copy():
    """An empty reading cannot become a mail."""
    with pytest.raises(ValueError, match="nothing was approved"):
        copy_of(reading(" \n"))


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200).filter(str.strip),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=120),
)
def test_any_approved_text_survives_and_is_proved(text, subject):
    """Whatever characters an approved text has, it arrives, in ASCII octets, and the proof holds."""
    read = reading(text, subject)
    octets = copy_of(read)
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    if subject.isprintable():
        prove_company_copy(octets, read)


def test_a_path_outside_ascii_is_not_written_into_the_header():
    """RFC 6531 addresses cannot stand in an ASCII header section."""
    assert b"undisclosed-recipients:;" in copy_of(reading("Thursday 14:00"), "jürgen@acme.example")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda o: o.replace(b"14:00", b"14:30"), "text differs"),
        (lambda o: o.replace(b"Our appointment", b"The layoff plan"), "text differs"),
        (lambda o: o + b"P.S. bring the letter\r\n", "text differs"),
        (lambda o: b"Keywords: custody\r\n" + o, "fields outside the list"),
        (lambda o: o.replace(b"text/plain", b"text/html"), "not one text part"),
        (lambda o: o.replace(b"text/plain;", b'multipart/mixed; boundary="x";'), "not one text part"),
        (lambda o: o + "é".encode(), "octets outside ASCII"),
        (lambda o: o + b"\0", "octets outside ASCII"),
    ],
)
def test_the_proof_notices_every_change(spoil, why):
    """A finished copy that says more, or other, than was approved does not pass (law 8)."""
    read = reading("Thursday 14:00 works.")
    with pytest.raises(NotComposed, match=why):
        prove_company_copy(spoil(copy_of(read)), read)


def test_the_copy_depends_on_the_reading_alone():
    """Non-interference: the composer takes no message, so two originals with the same facts give the same octets."""
    assert copy_of(reading("Thursday 14:00")) == copy_of(reading("Thursday 14:00"))
