"""The private copy: written so that any MIME reader finds the original in it, and proved so that no clear octet of it can pass."""

from __future__ import annotations

import base64
import email
import email.policy
import mailbox
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model import Key
from gateway.core.openpgp import crc24
from gateway.core.pgpmime import OUTER_SUBJECT, NotSealed, frame, protect, prove_sealed, without_bcc

KEY = Key("F" * 40, "0123456789ABCDEF0123456789ABCDEF01234567")
KEYDATA = base64.b64encode(bytes(range(256)) * 2).decode()
VALUES = {
    "sender_name": "Robin Vale",
    "sender": "coach@coach.example",
    "to": "kim@home.example",
    "date": "Wed, 25 Nov 2026 10:00:00 +0000",
    "message_id": "<0a1b2c@coach.example>",
    "autocrypt": f"addr=coach@coach.example; keydata={KEYDATA}",
}
RAW = b"From: coach@coach.example\r\nSubject: Notes\r\n\r\nDear Kim\r\n"


def armour(*, subkey: str = KEY.encryption_subkey, data: bytes = b"\x01" + b"e" * 100, after: bytes = b"") -> bytes:
    session_key = b"\x03" + bytes.fromhex(subkey[-16:]) + b"\x12" + b"k" * 40
    octets = bytes((0xC1, len(session_key))) + session_key + bytes((0xD2, len(data))) + data + after
    checksum = base64.b64encode(crc24(octets).to_bytes(3, "big"))
    lines = base64.encodebytes(octets).rstrip().replace(b"\n", b"\r\n")
    return b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + lines + b"\r\n=" + checksum + b"\r\n-----END PGP MESSAGE-----\r\n"


def framed(armored: bytes | None = None, **changed: str) -> bytes:
    return frame(armour() if armored is None else armored, **{**VALUES, "boundary": "outer-0123", **changed})


def protected(raw: bytes = RAW, subject: str = "Your notes", **changed: str) -> bytes:
    return protect(raw, **{**VALUES, "subject": subject, "boundary": "inner-0123", **changed})


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def as_written(octets: bytes) -> Message:
    """Fields undecoded."""
    return email.message_from_bytes(octets, policy=email.policy.compat32)


# ------------------------------------------------------------------------------------------------ Bcc
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"To: a@b.example\r\nBcc: c@d.example\r\nSubject: x\r\n\r\nBcc: body\r\n", b"To: a@b.example\r\nSubject: x\r\n\r\nBcc: body\r\n"),
        (b"bCC: c@d.example\r\n\r\n", b"\r\n"),
        (b"To: a@b.example\r\nBcc: c@d.example,\r\n e@f.example,\r\n\tg@h.example\r\n\r\n", b"To: a@b.example\r\n\r\n"),
        (b"Bcc : c@d.example\r\nResent-Bcc: e@f.example\r\nBCC:\r\nTo: a@b.example\r\n\r\n", b"To: a@b.example\r\n\r\n"),
        (b"Bcc: c@d.example\nTo: a@b.example\n\nBcc: body\n", b"To: a@b.example\n\nBcc: body\n"),
        (b"X-Bcc: kept\r\nSubject: Bcc: kept\r\n Bcc: kept\r\nNot-Bcc: kept\r\n\r\n", None),
        (b"To: a@b.example\r\nBcc: c@d.example", b"To: a@b.example\r\n"),
        (b"\r\nBcc: body\r\n", None),
        (b"", None),
        (b"X: y\rBcc: c@d.example\r\nTo: a@b.example\r\n\r\n", b"X: y\rTo: a@b.example\r\n\r\n"),
    ],
)
def test_blind_recipients_are_taken_out_of_the_header_section_alone(before: bytes, after: bytes | None) -> None:
    assert without_bcc(before) == (before if after is None else after)


@given(st.binary(max_size=300))
def test_message_without_bcc_stays_as_it_is(raw: bytes) -> None:
    if b"bcc" not in raw.lower():
        assert without_bcc(raw) == raw


# ------------------------------------------------------------------------------------------------ inside
def test_both_header_protection_schemes_are_announced() -> None:
    content_type = parsed(protected())["Content-Type"]
    assert content_type.content_type == "multipart/mixed"
    assert dict(content_type.params) == {"boundary": "inner-0123", "hp": "cipher", "protected-headers": "v1"}


def test_outer_fields_are_recorded_as_they_stand_outside() -> None:
    """RFC 9788 section 2.2: one HP-Outer a field, in the form "name: value"."""
    inner, outer = as_written(protected()), as_written(framed())
    fields = ("From", "To", "Date", "Message-ID", "Subject", "Autocrypt")
    assert [" ".join(value.split()) for value in inner.get_all("HP-Outer", [])] == [" ".join(f"{name}: {outer[name]}".split()) for name in fields]
    assert [inner[name] for name in fields if name != "Subject"] == [outer[name] for name in fields if name != "Subject"]
    assert (inner["Subject"], outer["Subject"]) == ("Your notes", OUTER_SUBJECT)


@pytest.mark.parametrize(
    "subject",
    ["Your notes", "Ihre Notizen über Führung", "学习 " * 60, "x" * 900, "", "=?utf-8?q?odd?=", "a\r\nBcc: boss@corp.example", "tab\tand\u202enul\0"],
)
def test_real_subject_stands_inside_and_leads_the_text(subject: str) -> None:
    octets = protected(subject=subject)
    message = parsed(octets)
    text, _ = message.iter_parts()
    shown = "".join(c for c in " ".join(subject.split()) if c.isprintable())
    assert message["Subject"] == shown.rstrip() or subject.startswith("学习")
    assert message["Bcc"] is None
    assert text["Content-Type"].params["hp-legacy-display"] == "1"
    assert text.get_content().replace("\r\n", "\n").startswith(f"Subject: {shown}\n\nA message from Robin Vale")
    assert max(len(line) for line in octets.split(b"\r\n")) <= 998
    assert octets.split(b"message/rfc822")[0].isascii()


def test_original_stands_inside_octet_for_octet() -> None:
    for raw in (RAW, b"", b"no header\r\n", b"8bit: \xff\xfe\r\n\r\n\x80\r\n", b"lines\n\rbare\r\n", b"x" * 3000, b"--inner\r\n--outer-0123--\r\n"):
        octets = protected(raw)
        assert octets.endswith(b"\r\n\r\n" + raw + b"\r\n--inner-0123--\r\n")


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (RAW, "7bit"),
        (b"", "7bit"),
        (b"x" * 998 + b"\r\n", "7bit"),
        (b"x" * 999 + b"\r\n", "binary"),
        ((b"x" * 998 + b"\r\n") * 3 + b"x" * 998, "7bit"),
        (b"short\r\n" * 300 + b"x" * 999 + b"\r\n" + b"short\r\n" * 300, "binary"),
        (b"short\r\n" * 301 + b"x" * 999, "binary"),
        ("Grüße\r\n".encode(), "8bit"),
        (b"a\nb\r\n", "binary"),
        (b"a\rb\r\n", "binary"),
        (b"a\0b\r\n", "binary"),
    ],
)
def test_encoding_named_is_true_of_the_original(raw: bytes, encoding: str) -> None:
    assert f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + raw in protected(raw)


def test_boundary_in_the_original_is_refused() -> None:
    with pytest.raises(ValueError, match="boundary"):
        protected(b"--inner-0123--\r\n")


def test_message_is_readable_as_mime() -> None:
    text, original = parsed(protected()).iter_parts()
    assert text.get_content_type() == "text/plain"
    assert original.get_content_type() == "message/rfc822"
    assert original.get_content()["Subject"] == "Notes"


# ------------------------------------------------------------------------------------------------ outside
def test_frame_is_the_message_of_rfc_3156() -> None:
    octets = framed()
    message = parsed(octets)
    version, data = message.iter_parts()
    assert message["Content-Type"].params["protocol"] == "application/pgp-encrypted"
    assert (version.get_content_type(), version.get_payload().strip()) == ("application/pgp-encrypted", "Version: 1")
    assert (data.get_content_type(), data.get_payload(decode=True)) == ("application/octet-stream", armour())
    assert set(octets) <= {10, 13, *range(32, 127)}
    assert octets.count(b"\n") == octets.count(b"\r") == octets.count(b"\r\n")
    assert max(len(line) for line in octets.split(b"\r\n")) <= 78
    assert "".join(message["Autocrypt"].split()) == "".join(VALUES["autocrypt"].split())


@pytest.mark.parametrize("name", ["", "Robin Vale", "Röbin Välé", 'R. "Bob" Vale, PCC', "羅賓" * 30, "=?utf-8?q?x?=", "a\r\nBcc: boss@corp.example"])
def test_any_name_of_the_coach_is_written_and_proved(name: str) -> None:
    octets = framed(sender_name=name)
    prove_sealed(octets, KEY)
    (sender,) = parsed(octets)["From"].addresses
    assert sender.addr_spec == VALUES["sender"]
    phrase = str(make_header(decode_header(as_written(octets)["From"].rpartition("<")[0].strip())))
    assert phrase.strip('"').replace("\\", "") == " ".join(name.split())


def test_frame_without_autocrypt_proves() -> None:
    octets = framed(autocrypt="")
    prove_sealed(octets, KEY)
    assert b"Autocrypt" not in octets


@pytest.mark.parametrize("field", ["sender", "to", "date", "message_id", "autocrypt"])
def test_value_with_a_line_break_or_another_alphabet_is_refused(field: str) -> None:
    for value in (VALUES[field] + "\r\nBcc:boss@corp.example", *((VALUES[field] + "é",) if field != "to" else ())):
        if field == "autocrypt":
            value = value.replace("\r\n", "\x01")  # white space in keydata means nothing and is taken out
        with pytest.raises(ValueError, match="ASCII"):
            framed(**{field: value})


def test_address_beyond_ascii_stands_in_the_envelope_alone() -> None:
    octets = framed(to="kím@home.example")
    prove_sealed(octets, KEY)
    assert octets.isascii()
    assert as_written(octets)["To"] == "undisclosed-recipients:;"


# ------------------------------------------------------------------------------------------------ proof
def test_frame_proves() -> None:
    prove_sealed(framed(), KEY)
    prove_sealed(framed(), replace(KEY, encryption_subkey=KEY.encryption_subkey.lower()))


CLEAR = b"She cried."
HEAD, _, BODY = framed().partition(b"\r\n\r\n")
DELIMITER = b"--outer-0123"
FORGERIES = {
    "nothing": b"",
    "clear text": RAW,
    "headers only": HEAD + b"\r\n\r\n",
    "no blank line": HEAD,
    "preamble": HEAD + b"\r\n\r\n" + CLEAR + b"\r\n" + BODY,
    "epilogue": framed() + CLEAR,
    "epilogue of white space": framed() + b"\r\n",
    "third part": framed()[:-4] + b"\r\nContent-Type: text/plain\r\n\r\n" + CLEAR + b"\r\n" + DELIMITER + b"--\r\n",
    "clear part for the armour": framed(CLEAR),
    "clear text before the armour": framed(CLEAR + b"\r\n" + armour()),
    "clear text behind the armour": framed(armour() + CLEAR),
    "clear text in the version part": framed().replace(b"Version: 1\r\n", b"Version: 1\r\n" + CLEAR + b"\r\n"),
    "other version": framed().replace(b"Version: 1", b"Version: 2"),
    "other type of a part": framed().replace(b"application/octet-stream", b"text/plain"),
    "clear field of a part": framed().replace(b"OpenPGP encrypted message", CLEAR),
    "real subject": framed().replace(b"Subject: [...]", b"Subject: Your notes"),
    "subject with more": framed().replace(b"Subject: [...]", b"Subject: [...] Your notes"),
    "two subjects": framed().replace(b"Subject: [...]", b"Subject: [...]\r\nSubject: [...]"),
    "another field": framed().replace(b"Subject: [...]", b"Subject: [...]\r\nX-Note: cried"),
    "blind recipient": framed().replace(b"Subject: [...]", b"Subject: [...]\r\nBcc: boss@corp.example"),
    "comments field": framed().replace(b"MIME-Version", b"Comments: cried\r\nMIME-Version"),
    "field missing": framed().replace(b"Message-ID: <0a1b2c@coach.example>\r\n", b""),
    "two recipients": framed().replace(b"<kim@home.example>", b"<kim@home.example>, <boss@corp.example>"),
    "text in To": framed().replace(b"To: <kim", b"To: she cried <kim"),
    "text in Message-ID": framed().replace(b"<0a1b2c@", b"<she cried@"),
    "text in Date": framed().replace(b"+0000", b"+0000 (she cried)"),
    "text in Autocrypt": framed().replace(b"addr=coach@coach.example;", b"addr=coach@coach.example; _note=cried;"),
    "text in MIME-Version": framed().replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0 (she cried)"),
    "text in Content-Type": framed().replace(b'pgp-encrypted";', b'pgp-encrypted"; note="cried";', 1),
    "two Content-Types": framed().replace(b"MIME-Version", b"Content-Type: text/plain\r\nMIME-Version"),
    "field in lower case": framed().replace(b"Subject:", b"subject:"),
    "field without a colon": framed().replace(b"MIME-Version", b"she cried\r\nMIME-Version"),
    "bare line feeds": framed().replace(b"\r\n", b"\n"),
    "octet beyond ASCII": framed().replace(b"Robin", b"R\xf6bin"),
    "other boundary": framed().replace(b'boundary="outer-0123"', b'boundary="outer-0124"'),
    "no boundary": framed().replace(b'boundary="outer-0123"', b'boundary=""'),
    "to another key": framed(armour(subkey="A" * 40)),
    "hidden recipient": framed(armour(subkey="0" * 40)),
    "packet behind": framed(armour(after=b"\xcb\x0ab\0\0\0\0\0clear")),
    "octets behind": framed(armour(after=b"clear")),
    "other SEIPD": framed(armour(data=b"\x02" + b"e" * 100)),
    "armour header field": framed(armour().replace(b"MESSAGE-----\r\n\r\n", b"MESSAGE-----\r\nComment: cried\r\n\r\n", 1)),
    "no END line": framed(armour().replace(b"-----END PGP MESSAGE-----\r\n", b"")),
    "empty armour": framed(b""),
    "two messages": framed(armour() + armour()),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_anything_else_is_not_sealed(name: str) -> None:
    assert FORGERIES[name] != framed()
    with pytest.raises(NotSealed) as caught:
        prove_sealed(FORGERIES[name], KEY)
    assert "cried" not in str(caught.value) + caught.value.reason


@given(st.integers(0, len(framed())), st.binary(min_size=1, max_size=12))
def test_octets_put_in_anywhere_are_noticed_or_are_the_coachs_own_values(at: int, octets: bytes) -> None:
    """What can change without notice is only what `frame` takes as a value: the name, the addresses, the date, the keydata."""
    forged = framed()[:at] + octets + framed()[at:]
    try:
        prove_sealed(forged, KEY)
    except NotSealed:
        return
    before, forged_before = framed().partition(b"\r\n\r\n")[0], forged.partition(b"\r\n\r\n")[0]
    assert forged.endswith(framed().partition(b"MIME-Version")[2])
    assert forged_before.count(b": ") <= before.count(b": ") + octets.count(b": ")
    assert all(c in b"\r\n" or 32 <= c < 127 for c in forged)


# ------------------------------------------------------------------------------------------------ real mail
def test_every_mail_of_the_corpus_is_kept_octet_for_octet() -> None:
    folder = Path(__file__).parents[2] / "../shared/corpus/mail"
    if not folder.is_dir():
        pytest.skip(f"no corpus of mails at {folder}: only the mails made here were kept octet for octet")
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert files
    for path in files:
        raw = without_bcc(path.read_bytes())
        assert protected(raw).endswith(b"\r\n\r\n" + raw + b"\r\n--inner-0123--\r\n"), path.name
        assert as_written(raw)["Bcc"] is None, path.name


def test_mbox_is_not_needed_to_read_a_copy(tmp_path: Path) -> None:
    """A "From " line inside stays as it is: the armour has none that a mailbox file could trip over."""
    box = mailbox.mbox(tmp_path / "box")
    box.add(framed())
    box.flush()
    assert len(box) == 1
    box.close()
