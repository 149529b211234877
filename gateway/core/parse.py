"""Octets to `Message`: limits first, then the MIME tree (RFC 5322, RFC 2045, RFC 2046) by the standard library, then what it hides.

Content never raises: trouble is a `Defect`. The standard parser is quadratic or recursive on hostile input, so nothing reaches it before `over_limits` has
counted; and it silently settles what two readers may settle differently, so every such place is a defect of its own. Only text is decoded, and always before
defects are read, because broken base64 shows no sooner. An attached message is a leaf: it is never opened. Nothing read here is a source of octets for a copy.
"""

from __future__ import annotations

import binascii
import re
from email.message import Message as Entity
from email.parser import BytesParser
from email.policy import compat32
from enum import StrEnum
from itertools import pairwise
from typing import cast

from gateway.core import disguise, header_section, html
from gateway.core.invitation import MEDIA_TYPES
from gateway.core.model import Message, Part

MESSAGE_OCTETS = 36 * 1024 * 1024
DELIMITER_LINES = 1000  # lines that begin with "--", real delimiters or not
MULTIPARTS = 50
PARTS = 200
DEPTH = 10
PARAMETERS = 20  # of one Content-Type or Content-Disposition
PARAMETER_OCTETS = 4096  # all of them together
OBJECT_OCTETS = 400 * 1024  # of a calendar object, as encoded; its reader takes less
TEXT_OCTETS = 192 * 1024  # of one text part, as encoded; longer text is nobody's appointment
LEAF_OCTETS = 256 * 1024  # the standard parser sees no more than this of a body without delimiters


class Defect(StrEnum):
    """Why a message or a part cannot be relied on. Closed: these words may stand in logs."""

    # over a limit: nothing was read
    TOO_LARGE = "message too large"
    SECTION_TOO_LARGE = "header section too large"
    TOO_MANY_FIELDS = "too many header fields"
    FIELD_TOO_LARGE = "header field too large"
    TOO_MANY_WORDS = "too many encoded words"
    TOO_MANY_ADDRESSES = "too many addresses"
    TOO_MANY_DELIMITERS = "too many delimiter lines"
    TOO_MANY_PARTS = "too many parts"
    TOO_DEEP = "parts nested too deeply"
    TOO_MANY_PARAMETERS = "too many parameters"
    # two readers may see two messages
    BARE_LINE_END = "bare CR or LF"
    NUL = "NUL octet"
    BROKEN_HEADER = "broken header section"
    UNREADABLE_FIELD = "unreadable header field"
    AMBIGUOUS_FOLD = "header field folded ambiguously"
    DUPLICATE_FIELD = "header field given twice"
    NO_MIME_VERSION = "MIME fields without MIME-Version"
    AMBIGUOUS_BOUNDARY = "ambiguous boundary"
    BROKEN_MULTIPART = "broken multipart"
    PREAMBLE = "text before the first part"
    EPILOGUE = "text after the last part"
    # a part
    AMBIGUOUS_PARAMETER = "unknown or repeated parameter"
    PART_FIELD = "part field outside the list"
    UNKNOWN_ENCODING = "unknown transfer encoding"
    BROKEN_ENCODING = "broken transfer encoding"
    UNREADABLE_CHARSET = "unreadable charset"
    WRONG_CHARSET = "octets that are no text in their charset"
    CONTROL_CHARACTERS = "control characters"
    TEXT_TOO_LARGE = "text too large"
    HTML_TOO_COMPLEX = "html too complex"


_OVER = {
    "section": Defect.SECTION_TOO_LARGE,
    "fields": Defect.TOO_MANY_FIELDS,
    "field": Defect.FIELD_TOO_LARGE,
    "encoded-words": Defect.TOO_MANY_WORDS,
    "addresses": Defect.TOO_MANY_ADDRESSES,
}
# RFC 2046 section 5.1.1: the preamble is for readers without MIME; these are the sentences that programs put there, letters only
_PREAMBLES = frozenset(
    re.sub(r"\W", "", sentence).lower()
    for sentence in (
        "",
        "This is a multi-part message in MIME format.",
        "This is a MIME-formatted message.",
        "This is a MIME encoded message.",
        "This is a MIME-encapsulated message.",
        "This is a multi-part message in MIME format. Your mail reader does not understand MIME message format.",
        "This is a MIME-formatted message. If you see this text it means that your E-mail software does not support MIME-formatted messages.",
        "This is a MIME-formatted message. Portions of this message may be unreadable without a MIME-capable mail program.",
        "This message is in MIME format. The first part should be readable text, while the remaining parts are likely unreadable without MIME-aware tools.",
        "This message is in MIME format. Since your mail reader does not understand this format, some or all of this message may not be legible.",
        "This is a cryptographically signed message in MIME format.",
        "This is an S/MIME signed message",
        "This is an OpenPGP/MIME signed message (RFC 4880 and 3156)",
        "This is an OpenPGP/MIME signed message (RFC 2440 and 3156)",
        "This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)",
    )
)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_PARAMETERS = {
    "content-type": frozenset(
        "charset format delsp boundary type start start-info report-type protocol micalg reply-type name method component smime-type hp "
        "protected-headers".split()
    ),
    "content-disposition": frozenset("filename size creation-date modification-date read-date handling".split()),
}
_PART_FIELDS = frozenset("content-type content-transfer-encoding content-disposition content-id content-language content-length mime-version".split())
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0d-\x1f\x7f\ud800-\udfff]")
_SECTION_END = re.compile(rb"(?:^|\r?\n)\r?\n|\r\r")
_BOUNDARY = re.compile(rb"boundary[ \t]*[=*]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)')  # cannot fail once begun, so it is linear
_BAD_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")
_LINE = re.compile(rb"[^\r\n]*")


class _Entity(Entity):
    """What the standard parser builds. It would open message/rfc822 and follow any boundary: here it may not."""

    _payload: object  # text with surrogates for octets above 127, or the parts

    def get_content_maintype(self) -> str:
        maintype = super().get_content_maintype()
        return "application" if maintype == "message" else maintype  # an attached message stays a leaf

    def get_content_type(self) -> str:
        written = super().get_content_type()
        return "application/octet-stream" if written.startswith("message/") else written

    def get_boundary(self, failobj: object = None) -> str | None:  # type: ignore[override]
        # asked by the parser itself, before anybody could count, and quadratic in the number of parameters
        body = self.body_of("content-type")
        if len(body) > PARAMETER_OCTETS or body.count(";") > PARAMETERS:
            return None
        boundary = super().get_boundary(failobj)
        return str(boundary) if boundary is not None else None

    def body_of(self, name: str) -> str:
        """Body of the first field called `name` as written, unfolded; "" where there is none."""
        return next((re.sub(r"[\r\n]", "", str(body)) for key, body in self.raw_items() if key.lower() == name), "")

    # `get_payload` is never asked: it would read the body with any codec that the message names, and replace what does not fit
    def children(self) -> list[_Entity]:
        """The parts of a multipart; none where it has none, or is none."""
        return self._payload if isinstance(self._payload, list) else []

    def octets(self) -> bytes:
        """The body of a leaf as it stands."""
        return self._payload.encode("ascii", "surrogateescape") if isinstance(self._payload, str) else b""

    def media_type(self, default: str) -> str:
        """Type and subtype as written, lower case; what cannot be read is octets."""
        body = self.body_of("content-type")
        written = body.partition(";")[0].strip().lower()
        return (written if _TYPE.fullmatch(written) else "application/octet-stream") if body.strip() else default

    def parameter_names(self, field: str) -> list[str]:
        """Names of the parameters of a field, in order, lower case, as written (RFC 2231 pieces apart). Raises `_OverLimit`."""
        body = self.body_of(field)
        if len(body) > PARAMETER_OCTETS or body.count(";") > PARAMETERS:
            raise _OverLimit(Defect.TOO_MANY_PARAMETERS)
        return [piece.partition("=")[0].strip().lower() for piece in _QUOTED.sub('""', body).split(";")[1:] if piece.strip()]

    def count(self, name: str) -> int:
        """How many fields are called `name`."""
        return sum(key.lower() == name for key, _ in self.raw_items())


def parse(raw: bytes) -> Message:
    """Everything that can be read of `raw`; never raises for content. Over a limit, the answer is one part of which nothing is known."""
    try:
        return _read(raw)
    except _OverLimit as error:
        unread = Part("1", "application/octet-stream", "", False, len(raw), None, defects=(error.defect,))
        return Message((), (unread,), (error.defect,))


class _OverLimit(Exception):
    def __init__(self, defect: Defect) -> None:
        super().__init__(defect)
        self.defect = defect


def _read(raw: bytes) -> Message:
    """Count, shorten, count again, and only then parse."""
    if len(raw) > MESSAGE_OCTETS:
        raise _OverLimit(Defect.TOO_LARGE)
    end = _SECTION_END.search(raw, 0, header_section.SECTION_OCTETS + 4)
    section = raw[: end.start()] if end else raw[: header_section.SECTION_OCTETS + 1]
    if (over := header_section.over_limit(section)) is not None:
        raise _OverLimit(_OVER[over])
    if raw.count(b"\n--") + raw.count(b"\r--") > DELIMITER_LINES:
        raise _OverLimit(Defect.TOO_MANY_DELIMITERS)
    short = _shortened(raw)
    if len(_BOUNDARY.findall(short.lower())) > MULTIPARTS:
        raise _OverLimit(Defect.TOO_MANY_PARTS)
    tree = _Tree(cast(_Entity, BytesParser(_Entity, policy=compat32).parsebytes(short)))
    fields, readable, plain = header_section.read_fields((name, str(body)) for name, body in tree.root.raw_items())
    names = [field.name for field in fields]
    whole = raw.count(b"\r\n")
    tree.note(Defect.BARE_LINE_END, whole != raw.count(b"\r") or (whole > 0 and whole != raw.count(b"\n")))
    tree.note(Defect.NUL, b"\0" in raw)
    tree.note(Defect.UNREADABLE_FIELD, not readable)
    tree.note(Defect.AMBIGUOUS_FOLD, not plain)
    tree.note(Defect.DUPLICATE_FIELD, any(names.count(name) > 1 for name in header_section.ONCE))
    tree.note(Defect.NO_MIME_VERSION, "mime-version" not in names and any(name.startswith("content-") for name in names))
    tree.walk(tree.root, "", None, 0)
    tree.check_delimiters(short)
    return Message(fields, tuple(tree.parts), tuple(tree.defects))


def _shortened(raw: bytes) -> bytes:
    """`raw` with every long stretch cut short that holds no line beginning with "--", so no delimiter of any boundary: the inside of an attachment."""
    if len(raw) <= LEAF_OCTETS:
        return raw
    starts = [0, *_delimiter_lines(raw), len(raw)]
    return b"".join(raw[start : min(end, start + LEAF_OCTETS)] for start, end in pairwise(starts))


def _delimiter_lines(raw: bytes) -> list[int]:
    """Offsets of the line ends before lines that begin with "--". `find` goes through an attachment many times faster than an expression."""
    found = []
    for mark in (b"\n--", b"\r--"):
        at = raw.find(mark)
        while at >= 0:
            found.append(at)
            at = raw.find(mark, at + 1)
    return sorted(found)


class _Tree:
    """The MIME tree being read: leaves in order, what is wrong with the message as a whole, and the boundaries in use."""

    def __init__(self, root: _Entity) -> None:
        self.root = root
        self.parts: list[Part] = []
        self.defects: list[Defect] = []
        self.boundaries: list[str] = []

    def note(self, defect: Defect, applies: bool = True) -> None:
        """Remember a defect of the message, once."""
        if applies and defect not in self.defects:
            self.defects.append(defect)

    def walk(self, entity: _Entity, path: str, alternative: str | None, depth: int, default: str = "text/plain") -> None:
        """Read `entity` and all below it. Paths are numbered as in IMAP (RFC 9051 section 6.4.5); the root itself is called "0"."""
        if depth > DEPTH:
            raise _OverLimit(Defect.TOO_DEEP)
        media_type = entity.media_type(default)
        children = entity.children()
        if not media_type.startswith("multipart/") or not children:
            self.note(Defect.BROKEN_MULTIPART, media_type.startswith("multipart/") or bool(children))
            self.note(Defect.BROKEN_HEADER, entity is self.root and bool(entity.defects))
            if len(self.parts) == PARTS:
                raise _OverLimit(Defect.TOO_MANY_PARTS)
            self.parts.append(_leaf(entity, path or "1", media_type, alternative, is_root=entity is self.root))
            return
        for defect in _field_defects(entity, is_root=entity is self.root):
            self.note(defect)
        self.note(Defect.BROKEN_MULTIPART, bool(entity.defects))
        self.note(Defect.PREAMBLE, re.sub(r"\W", "", entity.preamble or "").lower() not in _PREAMBLES)
        self.note(Defect.EPILOGUE, bool((entity.epilogue or "").strip()))
        self.boundaries.append(entity.get_boundary() or "")
        if media_type == "multipart/alternative":
            alternative = path or "0"
        for number, child in enumerate(children, 1):
            child_default = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
            self.walk(child, f"{path}.{number}" if path else str(number), alternative, depth + 1, child_default)

    def check_delimiters(self, raw: bytes) -> None:
        """RFC 2046 section 5.1.1: each boundary is used by one multipart, opens its parts, closes once, and is no prefix of another line."""
        starts = [0] * raw.startswith(b"--") + [at + 1 for at in _delimiter_lines(raw)]
        lines = [found[0].rstrip() for at in starts if (found := _LINE.match(raw, at))]
        for boundary in self.boundaries:
            mark = b"--" + boundary.encode("ascii", "surrogateescape")
            mine = [line[len(mark) :] for line in lines if line.startswith(mark)]
            self.note(Defect.AMBIGUOUS_BOUNDARY, self.boundaries.count(boundary) > 1 or len(boundary) > 70 or "\\" in boundary or not {*mine} <= {b"", b"--"})
            self.note(Defect.BROKEN_MULTIPART, mine.count(b"--") != 1 or mine[-1] != b"--")


def _leaf(entity: _Entity, path: str, media_type: str, alternative: str | None, *, is_root: bool) -> Part:
    """One leaf. Only text that a reader would be shown in the mail itself is decoded."""
    octets = entity.octets()
    disposition = entity.body_of("content-disposition").partition(";")[0].strip().lower()
    has_filename = any(name.partition("*")[0] in ("name", "filename") for field in _PARAMETERS for name in entity.parameter_names(field))
    defects = _field_defects(entity, is_root=is_root) if media_type in ("text/plain", "text/html") else []
    if entity.defects:
        defects.append(Defect.BROKEN_HEADER)
    text, hidden = None, ""
    if media_type in ("text/plain", "text/html") and disposition in ("", "inline") and not has_filename:
        text, hidden, trouble = _text(entity, octets, media_type)
        defects += trouble
    is_object = media_type in MEDIA_TYPES
    kind = disposition if disposition in ("", "inline") else "attachment"  # RFC 2183 section 2.8: an unknown type is an attachment
    return Part(
        path, media_type, kind, has_filename, len(octets), text, hidden, alternative, tuple(dict.fromkeys(defects)),
        _object(entity, octets) if is_object else b"", str(entity.get_param("method") or "") if is_object else "",
    )


def _field_defects(entity: _Entity, *, is_root: bool) -> list[Defect]:
    """What the fields of one entity leave open."""
    defects = []
    if any(entity.count(name) > 1 for name in _PART_FIELDS):
        defects.append(Defect.DUPLICATE_FIELD)
    for field, known in _PARAMETERS.items():
        names = entity.parameter_names(field)
        # RFC 2231 continuations ("filename*0*") are pieces of one parameter; a boundary, charset or format in pieces is nothing an honest program writes
        if len({*names}) < len(names) or not {name.partition("*")[0] if name.startswith("filename*") else name for name in names} <= known:
            boundaries = [name for name in names if name.partition("*")[0] == "boundary"]
            defects.append(Defect.AMBIGUOUS_PARAMETER if boundaries in ([], ["boundary"]) else Defect.AMBIGUOUS_BOUNDARY)
    # the fields of the root are judged with the header section
    if not is_root and any(name.lower() not in _PART_FIELDS and str(body).strip() for name, body in entity.raw_items()):
        defects.append(Defect.PART_FIELD)
    return defects


def _object(entity: _Entity, octets: bytes) -> bytes:
    """A calendar object without its transfer encoding; what cannot be decoded stays as it is, which no reader of calendars understands."""
    content = _transfer_decoded(octets[:OBJECT_OCTETS], entity.body_of("content-transfer-encoding").strip().lower())
    return octets if isinstance(content, Defect) or entity.defects else content


def _text(entity: _Entity, octets: bytes, media_type: str) -> tuple[str | None, str, list[Defect]]:
    """Decoded text (of HTML what a reader sees), hidden text, defects. With a defect the text is None: half-read text is not read."""
    if len(octets) > TEXT_OCTETS:
        return None, "", [Defect.TEXT_TOO_LARGE]
    content = _transfer_decoded(octets, entity.body_of("content-transfer-encoding").strip().lower())
    if isinstance(content, Defect):
        return None, "", [content]
    charset = entity.get_param("charset", "us-ascii")
    text = header_section.decoded(content, charset) if isinstance(charset, str) else None
    if text is None:
        guessed = header_section.decoded(content, "utf-8")  # as every reader would, whatever the name of the charset
        return None, "", [_no_text(content.decode("latin-1") if guessed is None else guessed, Defect.UNREADABLE_CHARSET)]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if _CONTROL.search(text):
        return None, "", [_no_text(text, Defect.CONTROL_CHARACTERS)]
    if media_type == "text/html":
        page = html.read(text)
        return (None, "", [Defect.HTML_TOO_COMPLEX]) if page is None else (page.visible, page.hidden, [])
    if str(entity.get_param("format", "")).lower() == "flowed":
        text = _unflowed(text, delete_space=str(entity.get_param("delsp", "")).lower() == "yes")
    return text, "", []


def _no_text(guessed: str, trouble: Defect) -> Defect:
    """`trouble`, unless its text is disguised as well: read as UTF-8 or Western, most text shows every reader enough; else each guesses for himself."""
    return Defect.WRONG_CHARSET if disguise.is_garbled(guessed) or disguise.is_coded_file(guessed) else trouble


def _transfer_decoded(octets: bytes, encoding: str) -> bytes | Defect:
    """RFC 2045 section 6, strictly: where a lenient reader would skip or guess, nothing is read."""
    if encoding in _IDENTITY:
        return octets
    if encoding == "base64":
        try:
            return binascii.a2b_base64(re.sub(rb"[\r\n]", b"", octets), strict_mode=True)
        except binascii.Error:
            return Defect.BROKEN_ENCODING
    if encoding == "quoted-printable":
        return Defect.BROKEN_ENCODING if _BAD_QP.search(octets) else binascii.a2b_qp(octets)
    return Defect.UNKNOWN_ENCODING


def _unflowed(text: str, *, delete_space: bool) -> str:
    """RFC 3676 section 4: soft line breaks of one quote depth are joined."""
    lines: list[str] = []
    flowing, depth = False, 0
    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        body = line[quotes:].removeprefix(" ")
        if flowing and quotes == depth and body != "-- ":
            lines[-1] = (lines[-1][:-1] if delete_space else lines[-1]) + body
        else:
            lines.append(">" * quotes + (" " if quotes else "") + body)
        flowing, depth = body.endswith(" ") and body != "-- ", quotes
    return "\n".join(lines)
