"""From octets to `Message`: structure, limits, and every place where two readers could read two mails."""

from __future__ import annotations

import base64
import codecs

import pytest

from gateway.core.model import Message, Part
from gateway.core.parse import DELIMITER_LINES, LEAF_OCTETS, MESSAGE_OCTETS, PARTS, TEXT_OCTETS, Defect, parse
from tests.hostile import forwarded, nested

HEAD = b"From: Robin Vale <coach@coach.example>\r\nSubject: Tuesday\r\n"
MIME = HEAD + b"MIME-Version: 1.0\r\n"
PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"


def only(message: Message) -> Part:
    (part,) = message.parts
    return part


def mixed(*parts: bytes, kind: bytes = b"mixed", head: bytes = b"", tail: bytes = b"") -> bytes:
    """A multipart of `parts`, each with its own header section."""
    body = b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts)
    return MIME + b"Content-Type: multipart/" + kind + b'; boundary="cut"\r\n\r\n' + head + body + b"--cut--\r\n" + tail


def test_a_plain_mail_without_mime() -> None:
    """RFC 5322 alone: us-ascii text, nothing to complain of."""
    message = parse(HEAD + b"\r\nTuesday at 10:00.\r\n")
    assert message.first("subject") == "Tuesday"
    assert message.first("cc") is None
    assert message.defects == ()
    assert only(message) == Part("1", "text/plain", "", False, 19, "Tuesday at 10:00.\n")


def test_the_tree_is_numbered_as_in_imap_and_knows_its_alternatives() -> None:
    """HTML with its pictures inside an alternative still counts as that alternative."""
    related = (
        b'Content-Type: multipart/related; boundary="in"\r\n\r\n--in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Tuesday</p>\r\n'
        b"--in\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: inline; filename=a.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\naaaa\r\n--in--\r\n"
    )
    message = parse(mixed(PLAIN + b"Tuesday", related, kind=b"alternative"))
    assert [(part.path, part.media_type, part.alternative_to, part.text, part.has_filename) for part in message.parts] == [
        ("1", "text/plain", "0", "Tuesday", False),
        ("2.1", "text/html", "0", "Tuesday", False),
        ("2.2", "image/png", "0", None, True),
    ]
    assert message.defects == ()
    inner = mixed(PLAIN + b"a", kind=b"alternative").partition(b"\r\n\r\n")
    outer = MIME + b'Content-Type: multipart/mixed; boundary="out"\r\n\r\n--out\r\nContent-Type: multipart/alternative; boundary="cut"\r\n\r\n'
    message = parse(outer + inner[2] + b"--out--\r\n")
    assert [(part.path, part.alternative_to) for part in message.parts] == [("1.1", "1")]


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        (b"base64", base64.encodebytes("Grüße, 10:00".encode()), "Grüße, 10:00"),
        (b"quoted-printable", b"Gr=C3=BC=C3=9Fe, =\r\n10:00", "Grüße, 10:00"),
        (b"8bit", "Grüße".encode(), "Grüße"),
        (b"BINARY", b"\xef\xbb\xbfa", "a"),
    ],
)
def test_text_is_decoded(encoding: bytes, body: bytes, text: str) -> None:
    """RFC 2045 section 6."""
    part = only(parse(MIME + b"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body))
    assert (part.text, part.defects) == (text, ())


def test_text_in_another_charset_is_read_in_that_charset() -> None:
    """Octets above 127 are taken as they stand, in the charset the part names."""
    part = only(parse(MIME + b"Content-Type: text/plain; charset=koi8-r\r\n\r\n" + "Вторник".encode("koi8-r")))
    assert (part.text, part.size_octets) == ("Вторник", 7)


def test_no_codec_that_only_a_message_names_is_ever_looked_up() -> None:
    """Python would load any module of its encodings for a charset; the list is ours."""
    asked: list[str] = []
    trap = asked.append  # a search function: it finds nothing and remembers what it was asked for
    codecs.register(trap)
    octets = b"Content-Type: text/plain; charset=x-trap\r\n\r\n\xff"
    try:
        parse(MIME + octets)
        parse(mixed(octets, b"Content-Disposition: attachment; filename*=x-trap''a%ff\r\n" + octets))
        parse(MIME + b"Content-Type: text/plain; charset*=x-trap''x-trap\r\n\r\n\xff")
        parse(b"Subject: =?x-trap?q?=FF?=\r\nFrom: =?x-trap?q?=FF?= <a@b.example>\r\n\r\n\xff")
    finally:
        codecs.unregister(trap)
    assert asked == []


@pytest.mark.parametrize(
    ("fields", "body", "defect"),
    [
        (b"Content-Transfer-Encoding: base64\r\n", b"dHVl!*c2RheQ==", Defect.BROKEN_ENCODING),
        (b"Content-Transfer-Encoding: base64\r\n", b"dHVlc2RheQ", Defect.BROKEN_ENCODING),
        (b"Content-Transfer-Encoding: base64\r\n", b"dHVl\r\nYQ==\r\ndHVl", Defect.BROKEN_ENCODING),
        (b"Content-Transfer-Encoding: quoted-printable\r\n", b"a =XY b", Defect.BROKEN_ENCODING),
        (b"Content-Transfer-Encoding: x-uuencode\r\n", b"a", Defect.UNKNOWN_ENCODING),
        (b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n", b"dHVl", Defect.DUPLICATE_FIELD),
        (b"Content-Type: text/plain\r\nContent-Type: text/html\r\n", b"a", Defect.DUPLICATE_FIELD),
        (b"Content-Type: text/plain; charset=utf-7\r\n", b"+AGE-", Defect.UNREADABLE_CHARSET),
        (b"Content-Type: text/plain; charset=unicode_escape\r\n", b"\\u0061", Defect.UNREADABLE_CHARSET),
        (b"Content-Type: text/plain; charset*=utf-8''utf-8\r\n", b"a", Defect.UNREADABLE_CHARSET),
        (b"Content-Type: text/plain; charset=utf-8; charset=koi8-r\r\n", b"a", Defect.AMBIGUOUS_PARAMETER),
        (b"Content-Type: text/plain; x-note=leave\r\n", b"a", Defect.AMBIGUOUS_PARAMETER),
        (b"Content-Disposition: inline; x-note=leave\r\n", b"a", Defect.AMBIGUOUS_PARAMETER),
        (b"", b"\xff", Defect.UNREADABLE_CHARSET),
        (b"", "Grüße und schöne Feiertage".encode("latin-1"), Defect.UNREADABLE_CHARSET),
        (b"", "скрываешь болезнь".encode(), Defect.UNREADABLE_CHARSET),  # every reader guesses UTF-8
        (b"", "скрываешь болезнь".encode("cp1251"), Defect.WRONG_CHARSET),
        (b"Content-Type: text/html; charset=x-own\r\n", "скрываешь болезнь".encode("koi8-r"), Defect.WRONG_CHARSET),
        (b"Content-Type: text/plain; charset=utf-8\r\n", b"\xff", Defect.UNREADABLE_CHARSET),
        (b"", b"a\x08b", Defect.CONTROL_CHARACTERS),
        (b"Content-Type: text/plain; charset=koi8-r\r\n", "a\x08скрываешь болезнь".encode("koi8-r"), Defect.CONTROL_CHARACTERS),
        (b"", b"=ybegin line=64 size=3 name=a\r\n\x81\x8d\x01\r\n", Defect.WRONG_CHARSET),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"=ybegin line=64 size=3 name=a\r\n\xe1\x01\r\n", Defect.WRONG_CHARSET),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"\x9e\x8b\x9a\x8f\x8d J \x9e\x8b\x9a\x8f\x98\x90\x91", Defect.WRONG_CHARSET),
        (b"Content-Transfer-Encoding: base64\r\n", base64.b64encode(b"a\rb"), Defect.CONTROL_CHARACTERS),
        (b"", b"a" * (TEXT_OCTETS + 1), Defect.TEXT_TOO_LARGE),
        (b"Content-Type: text/html\r\n", b"<p>" * 10_001, Defect.HTML_TOO_COMPLEX),
    ],
)
def test_text_that_two_readers_could_read_differently_is_a_defect_of_its_part(fields: bytes, body: bytes, defect: Defect) -> None:
    """The defect shows even where the standard library finds none, and after decoding, not before."""
    part = only(parse(MIME + fields + b"\r\n" + body))
    assert defect in part.defects
    assert part.text is None or defect in (Defect.DUPLICATE_FIELD, Defect.AMBIGUOUS_PARAMETER)


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (HEAD + b"Subject: other\r\n\r\nx", Defect.DUPLICATE_FIELD),
        (HEAD + b"From: other@coach.example\r\n\r\nx", Defect.DUPLICATE_FIELD),
        (HEAD + b"Content-Type: text/plain\r\n\r\nx", Defect.NO_MIME_VERSION),
        (HEAD + b"\r\na\rb", Defect.BARE_LINE_END),
        (HEAD + b"\r\na\nb", Defect.BARE_LINE_END),
        (HEAD + b"\r\na\0b", Defect.NUL),
        (b"Subject: a\r\n \r\n b\r\n\r\nx", Defect.AMBIGUOUS_FOLD),
        (b"Subject: =?utf-8?q?open\r\n\r\nx", Defect.UNREADABLE_FIELD),
        (b"no field at all\r\n\r\nx", Defect.BROKEN_HEADER),
        (HEAD + b"Broken : name\r\n\r\nx", Defect.BROKEN_HEADER),
        (b" begins folded\r\n\r\nx", Defect.BROKEN_HEADER),
        (mixed(PLAIN + b"a", head=b"Before.\r\n"), Defect.PREAMBLE),
        (mixed(PLAIN + b"a", tail=b"After.\r\n"), Defect.EPILOGUE),
        (mixed(PLAIN + b"a", tail=b"--cut\r\n\r\nAfter.\r\n"), Defect.BROKEN_MULTIPART),
        (mixed(PLAIN + b"a").replace(b"--cut--", b""), Defect.BROKEN_MULTIPART),
        (mixed(), Defect.BROKEN_MULTIPART),
        (mixed(PLAIN + b"--cutter\r\na"), Defect.AMBIGUOUS_BOUNDARY),
        (mixed(PLAIN + b"a").replace(b'"cut"', b'"cut"; boundary="other"'), Defect.AMBIGUOUS_BOUNDARY),
        (mixed(PLAIN + b"a").replace(b'boundary="cut"', b"boundary*0=c; boundary*1=ut"), Defect.AMBIGUOUS_BOUNDARY),
        (mixed(PLAIN + b"a").replace(b"cut", b"c\\ut"), Defect.AMBIGUOUS_BOUNDARY),
        (mixed(PLAIN + b"a").replace(b"cut", b"c" * 71), Defect.AMBIGUOUS_BOUNDARY),
        (mixed(b'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n--cut\r\n\r\na\r\n--cut--'), Defect.BROKEN_MULTIPART),
        (mixed(*[b'Content-Type: multipart/mixed; boundary="in"\r\n\r\n--in\r\n\r\na\r\n--in--'] * 2), Defect.AMBIGUOUS_BOUNDARY),
        (mixed(PLAIN + b"a", kind=b"mixed; x-note=leave"), Defect.AMBIGUOUS_PARAMETER),
        (MIME + b"Content-Type: multipart/mixed x; boundary=cut\r\n\r\n--cut\r\n\r\na\r\n--cut--\r\n", Defect.BROKEN_MULTIPART),
        (MIME + b"Content-Type: multipart/mixed\r\n\r\na", Defect.BROKEN_MULTIPART),
        (mixed(PLAIN + b"a").replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1), Defect.BROKEN_MULTIPART),
    ],
)
def test_a_message_that_two_readers_could_read_differently_has_a_defect(raw: bytes, defect: Defect) -> None:
    """Most of these pass the standard parser without a word."""
    assert defect in parse(raw).defects


def test_a_defect_is_named_once() -> None:
    """Two preambles make one defect."""
    inner = b'Content-Type: multipart/mixed; boundary="in"\r\n\r\nBefore.\r\n--in\r\n\r\na\r\n--in--\r\n'
    assert parse(mixed(inner, head=b"Before.\r\n")).defects == (Defect.PREAMBLE,)


def test_sentences_that_programs_write_before_the_first_part_are_no_text() -> None:
    """RFC 2046 section 5.1.1."""
    assert parse(mixed(PLAIN + b"a", head=b"This is a multi-part message in MIME format.\r\n")).defects == ()


def test_unix_line_ends_throughout_are_no_defect() -> None:
    """A file as Unix keeps it, for `explain`; the wire is checked elsewhere."""
    assert parse(mixed(PLAIN + b"a").replace(b"\r\n", b"\n")).defects == ()


def test_an_attached_message_is_a_leaf() -> None:
    """Neither message/rfc822 nor a digest nor a delivery report is opened."""
    inner = b"Content-Type: message/rfc822\r\n\r\n" + mixed(PLAIN + b"a").replace(b"cut", b"in")
    message = parse(mixed(PLAIN + b"see below", inner))
    assert [(part.path, part.media_type, part.text) for part in message.parts] == [("1", "text/plain", "see below"), ("2", "message/rfc822", None)]
    assert message.defects == ()
    assert only(parse(mixed(b"\r\nSubject: a\r\n\r\nb", kind=b"digest"))).media_type == "message/rfc822"
    assert only(parse(mixed(b"Content-Type: message/delivery-status\r\n\r\nStatus: 5.1.1"))).media_type == "message/delivery-status"
    assert only(parse(forwarded(100))).media_type == "message/rfc822"


@pytest.mark.parametrize(
    ("fields", "disposition", "named"),
    [
        (b"Content-Disposition: attachment\r\n", "attachment", False),
        (b"Content-Disposition: x-odd\r\n", "attachment", False),
        (b"Content-Disposition: inline; filename=a.txt\r\n", "inline", True),
        (b"Content-Disposition: inline; filename*0*=utf-8''a; filename*1=b\r\n", "inline", True),
        (b'Content-Type: text/plain; name="a;b.txt"\r\n', "", True),
    ],
)
def test_an_attached_text_is_not_read(fields: bytes, disposition: str, named: bool) -> None:
    """A file name or a disposition makes text an attachment (RFC 2183); an unknown disposition is one too."""
    part = only(parse(MIME + fields + b"\r\na"))
    assert (part.disposition, part.has_filename, part.text) == (disposition, named, None)


def test_part_fields_outside_the_list_are_a_defect_of_the_part() -> None:
    """Content-Description and the like are a place for words; those of the root are judged with the header section."""
    assert only(parse(mixed(b"Content-Description: why you envy him\r\n" + PLAIN + b"a"))).defects == (Defect.PART_FIELD,)
    assert only(parse(mixed(b"X-Empty:\r\n" + PLAIN + b"a"))).defects == ()
    assert only(parse(mixed(b"Broken : name\r\n" + PLAIN + b"a"))).defects == (Defect.BROKEN_HEADER,)
    assert only(parse(MIME + b"Content-Description: a\r\n" + PLAIN + b"a")).defects == ()


def test_a_media_type_that_cannot_be_read_is_octets() -> None:
    """No guess is made at what "Content-Type: text" means."""
    assert only(parse(MIME + b"Content-Type: text\r\n\r\na")).media_type == "application/octet-stream"
    assert only(parse(MIME + b"Content-Type:\r\n\r\na")).media_type == "text/plain"


def test_flowed_text_is_joined() -> None:
    """RFC 3676: soft breaks vanish within one quote depth, the signature mark stays."""
    body = b"See you on \r\nTuesday.\r\n> quoted \r\n> more\r\n>> deeper \r\n> less\r\n-- \r\nRobin"
    flowed = parse(MIME + b"Content-Type: text/plain; format=flowed\r\n\r\n" + body)
    assert only(flowed).text == "See you on Tuesday.\n> quoted more\n>> deeper \n> less\n-- \nRobin"
    deleted = parse(MIME + b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nTues \r\nday")
    assert only(deleted).text == "Tuesday"


def test_html_gives_visible_and_hidden_text() -> None:
    """Both sides of a page reach the part."""
    part = only(parse(MIME + b"Content-Type: text/html\r\n\r\n<p>Tuesday</p><!-- not for her manager -->"))
    assert (part.text, part.hidden_text) == ("Tuesday", "not for her manager")


def test_a_large_attachment_costs_no_parsing_and_hides_no_part() -> None:
    """Long stretches are cut before parsing, yet every part after them is found, and nothing is taken for broken."""
    blob = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * (LEAF_OCTETS // 2)
    message = parse(mixed(PLAIN + b"first", blob, PLAIN + b"last"))
    assert [part.text for part in message.parts] == ["first", None, "last"]
    assert message.parts[1].size_octets > TEXT_OCTETS
    assert message.defects == ()


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"X: " + b"y" * 70_000, Defect.SECTION_TOO_LARGE),
        (b"X: y\r\n" * 201 + b"\r\n", Defect.TOO_MANY_FIELDS),
        (b"X: " + b"y" * 17_000 + b"\r\n\r\n", Defect.FIELD_TOO_LARGE),
        (b"X: " + b"=?a?q?b?= " * 21 + b"\r\n\r\n", Defect.TOO_MANY_WORDS),
        (b"To: " + b"," * 100 + b"\r\n\r\n", Defect.TOO_MANY_ADDRESSES),
        (HEAD + b"\r\n" + b"--\r\n" * (DELIMITER_LINES + 2), Defect.TOO_MANY_DELIMITERS),
        (nested(51), Defect.TOO_MANY_PARTS),
        (nested(12), Defect.TOO_DEEP),
        (mixed(*[b"\r\nx"] * (PARTS + 1)), Defect.TOO_MANY_PARTS),
        (MIME + b"Content-Type: text/plain" + b";a=b" * 21 + b"\r\n\r\n", Defect.TOO_MANY_PARAMETERS),
        (mixed(b"Content-Disposition: attachment; filename=" + b"x" * 5_000 + b"\r\n\r\n"), Defect.TOO_MANY_PARAMETERS),
        (b"\r\n" + b"x" * MESSAGE_OCTETS, Defect.TOO_LARGE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_over_a_limit_nothing_is_read(raw: bytes, defect: Defect) -> None:
    """One opaque part, one word why, and not a field of the header section."""
    assert parse(raw) == Message((), (Part("1", "application/octet-stream", "", False, len(raw), None, defects=(defect,)),), (defect,))


def test_on_a_limit_everything_is_read() -> None:
    """The limits bound hostile mail, not mail."""
    assert len(parse(mixed(*[b"\r\nx"] * PARTS)).parts) == PARTS
    assert parse(nested(10)).defects == ()
    assert parse(b"\r\nx").parts[0].text == "x"
    assert parse(b"").parts[0].text == ""

