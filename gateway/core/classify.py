"""What each piece of a message is: text for the recogniser, or a finding.

Text that a reader is shown becomes a block, and the recogniser judges it. Everything else a message can carry (hidden text, a second
version, header fields, files, sealed or damaged parts, text in disguise) makes a finding, so that the whole original goes to the client's own
mailbox or waits. A finding never quotes: `Evidence` and `parse.Defect` are all it can say. It never decides where anything goes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum

from gateway.core import disguise, header_section
from gateway.core.invitation import MEDIA_TYPES, UNREAD_TYPES
from gateway.core.model import Finding, HeaderField, Kind, Message, Part, TextBlock
from gateway.core.parse import Defect

BLOCK_CHARACTERS = 32 * 1024  # of one block; no appointment needs more


class Evidence(StrEnum):
    """Why a piece is what it is. Closed: these words may stand in logs and notices."""

    ALTERNATIVES_DIFFER = "alternatives differ"
    HIDDEN_TEXT = "text a reader would not see"
    INVISIBLE_CHARACTERS = "invisible characters"
    LONG_TEXT = "very long text"
    FIELD_OUTSIDE_LIST = "header field outside the list"
    FIELD_NOT_TECHNICAL = "header field with free text"
    WORDS_IN_ADDRESS = "words beside an address"
    ATTACHMENT = "attached file"
    MESSAGE = "attached message"
    IMAGE = "picture"
    REPORT = "delivery or reading report"
    EMBEDDED_FILE = "file inside the text"
    EMBEDDED_OPENPGP = "OpenPGP block inside the text"
    ENCRYPTED = "encrypted part"
    SIGNED_BLOB = "signed blob"
    TNEF = "TNEF container"
    PARTIAL = "fragment of a message"
    EXTERNAL = "content kept elsewhere"
    FILE_NAME = "name of a file"
    CALENDAR = "calendar object in a form that is not read"
    MIXED_ALPHABETS = "letters of one alphabet in words of another"
    TURNED_ROUND = "text shown in another order than written"
    SET_APART = "words with something between their letters"
    GARBLED = "text read in another charset than written"
    CODED_FILE = "file coded as text"


_BY_TYPE: dict[str, tuple[Kind, Evidence]] = {
    "message/rfc822": (Kind.ATTACHMENT, Evidence.MESSAGE),
    "message/global": (Kind.ATTACHMENT, Evidence.MESSAGE),
    "message/partial": (Kind.OPAQUE, Evidence.PARTIAL),
    "message/external-body": (Kind.OPAQUE, Evidence.EXTERNAL),
    "message/delivery-status": (Kind.OPAQUE, Evidence.REPORT),
    "message/disposition-notification": (Kind.OPAQUE, Evidence.REPORT),
    **dict.fromkeys((*sorted(UNREAD_TYPES), *sorted(MEDIA_TYPES)), (Kind.OPAQUE, Evidence.CALENDAR)),
    "application/ms-tnef": (Kind.OPAQUE, Evidence.TNEF),
    "application/vnd.ms-tnef": (Kind.OPAQUE, Evidence.TNEF),
    "application/pgp-encrypted": (Kind.OPAQUE, Evidence.ENCRYPTED),
    "application/pkcs7-mime": (Kind.OPAQUE, Evidence.SIGNED_BLOB),
    "application/x-pkcs7-mime": (Kind.OPAQUE, Evidence.SIGNED_BLOB),
}

_DISGUISES: tuple[tuple[Callable[[str], bool], Evidence], ...] = (
    (disguise.mixes_alphabets, Evidence.MIXED_ALPHABETS),
    (disguise.is_turned_round, Evidence.TURNED_ROUND),
    (disguise.is_set_apart, Evidence.SET_APART),
    (disguise.is_garbled, Evidence.GARBLED),
    (disguise.is_coded_file, Evidence.CODED_FILE),
)

# Fields that machines read, each with the form it has; with any other body it may say something, and so may any other field.
_ID = r"<[^<>\s]{1,250}>"
_PRINTABLE = r"[\x20-\x7e]"
_TECHNICAL = {
    name: re.compile(form, re.IGNORECASE)
    for names, form in (
        ("date", r"(?:\w{2,4}, *)?\d{1,2} +\w{3} +\d{2,4} +\d\d:\d\d(?::\d\d)? +(?:[+-]\d{4}|[A-Z]{1,5})(?: +\([\w+:-]{1,12}\))?"),
        ("message-id in-reply-to references", rf"(?:{_ID}\s*)*"),
        ("mime-version", r"1\.0(?: +\([\w .\\()-]{0,60}\))?"),
        ("content-type content-transfer-encoding content-disposition", r".*"),  # judged with the parts
        ("content-language accept-language", r"[\w, ;=.-]{0,60}"),
        ("content-length lines", r"\d*"),
        ("content-id", _ID),
        ("user-agent x-mailer x-mimeole", rf"{_PRINTABLE}{{0,100}}"),
        ("received x-received return-path dkim-signature x-google-dkim-signature authentication-results received-spf", r".*"),
        ("arc-seal arc-message-signature arc-authentication-results", r".*"),
        ("autocrypt", r"addr=\S{1,254};(?: *prefer-encrypt=\w{1,12};)? *keydata=[A-Za-z0-9+/= ]*"),
        ("x-priority", r"[1-5](?: +\(\w{1,12}\))?"),
        ("priority importance x-msmail-priority precedence", r"[\w-]{1,12}"),
        ("sensitivity", r"normal|personal|private|company-confidential"),
        ("auto-submitted", r"(?:no|auto-generated|auto-replied)(?: \([a-z-]{1,30}\))?"),
        ("thread-index", r"[A-Za-z0-9+/= ]{0,600}"),
        ("x-originating-ip", r"\[?[0-9a-f.:]{2,45}\]?"),
        ("x-ms-has-attach x-ms-tnef-correlator", rf"yes|(?:{_ID})?"),
        ("x-universally-unique-identifier", r"[0-9a-f-]{0,40}"),
        ("x-auto-response-suppress", r"[\w, ]{0,60}"),
    )
    for name in names.split()
}
_NAME_WORDS = 5
_PARTICLES = frozenset("von van der den de del della da di do dos das du la le ten ter zu zum zur y e af av bin ben al el st und and".split())
_NAME_WORD = re.compile(r"[^\W\d_][\w.'’-]{0,30},?|[&|–/-]")
_EMBEDDED_FILE = re.compile(r"(?:^[ >]*[A-Za-z0-9+/]{60,}={0,2}[ \t]*\n){2}", re.MULTILINE)
_EMBEDDED_OPENPGP = re.compile(r"^[ >-]*-----BEGIN [A-Z0-9 ]{3,40}-----", re.MULTILINE)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_REPLY_MARK = re.compile(r"^(?:(?:re|aw|fw|fwd|wg|tr|rv|sv|antw)(?:\[\d+\])? *: *)*", re.IGNORECASE)


def classify(message: Message) -> tuple[tuple[TextBlock, ...], tuple[Finding, ...]]:
    """The text to be judged, subject first, and a finding for everything else."""
    findings = [Finding("message", Kind.OPAQUE, defect) for defect in message.defects]
    findings += _header_findings(message)
    blocks: list[TextBlock] = []
    subjects = [field.body for field in message.header_section if field.name == "subject"]
    findings += [finding for subject in subjects for finding in _disguises("subject", subject)]
    if len(subjects) == 1:
        _offer("subject", subjects[0], blocks, findings)
    for part in message.parts:
        if (finding := _part_finding(part)) is not None:
            findings.append(finding)
    texts = [part for part in message.parts if part.text is not None and not part.defects]
    plain = {part.alternative_to: True for part in texts if part.media_type == "text/plain" and part.alternative_to and _letters(part.text or "")}
    for part in texts:
        if part.media_type == "text/plain" or part.alternative_to not in plain:
            _offer(part.path, part.text or "", blocks, findings)
    findings += [finding for part in texts for finding in _disguises(part.path, part.text or "")]
    findings += [finding for part in texts if part.media_type == "text/html" for finding in _html_findings(part, texts, blocks)]
    return tuple(blocks), tuple(findings)


def _offer(source: str, text: str, blocks: list[TextBlock], findings: list[Finding]) -> None:
    """Give a text to the recogniser, without what nobody can see; what cannot be judged becomes a finding."""
    seen, hides = _without_invisible(text)
    if hides:
        findings.append(Finding(source, Kind.NOTES, Evidence.INVISIBLE_CHARACTERS))
    if _EMBEDDED_FILE.search(seen):
        findings.append(Finding(source, Kind.ATTACHMENT, Evidence.EMBEDDED_FILE))
    if _EMBEDDED_OPENPGP.search(seen):
        findings.append(Finding(source, Kind.OPAQUE, Evidence.EMBEDDED_OPENPGP))
    if len(seen) > BLOCK_CHARACTERS:
        findings.append(Finding(source, Kind.NOTES, Evidence.LONG_TEXT))
    elif seen.strip():
        blocks.append(TextBlock(source, seen))


def _disguises(source: str, text: str) -> list[Finding]:
    """How a text hides what it says, be it one that is offered or its twin."""
    return [Finding(source, Kind.DISGUISED, evidence) for is_so, evidence in _DISGUISES if is_so(text)]


def _part_finding(part: Part) -> Finding | None:
    """What a part is unless it is text that a reader is shown."""
    main = part.media_type.partition("/")[0]
    if part.octets:
        # a calendar object: it is read under each context; a name of its file could say something, and no copy carries it
        return Finding(part.path, Kind.NOTES, Evidence.FILE_NAME) if part.has_filename else None
    if part.media_type in _BY_TYPE:
        return Finding(part.path, *_BY_TYPE[part.media_type])
    if main == "multipart":
        return Finding(part.path, Kind.OPAQUE, part.defects[0] if part.defects else Evidence.ATTACHMENT)
    if Defect.WRONG_CHARSET in part.defects:
        return Finding(part.path, Kind.DISGUISED, Defect.WRONG_CHARSET)
    if part.defects:
        return Finding(part.path, Kind.OPAQUE, part.defects[0])
    if part.text is not None:
        return None
    return Finding(part.path, Kind.ATTACHMENT, Evidence.IMAGE if main == "image" else Evidence.ATTACHMENT)


def _html_findings(part: Part, texts: list[Part], blocks: list[TextBlock]) -> list[Finding]:
    """What HTML says beyond the text that is judged: another version, or what a reader would not see. Letters and digits count, nothing else."""
    findings = []
    twins = [other for other in texts if other.media_type == "text/plain" and part.alternative_to and other.alternative_to == part.alternative_to]
    twin = "\n".join(other.text or "" for other in twins)
    visible = part.text or ""
    if _letters(twin) and (_letters(_URL.sub(" ", twin)) != _letters(_URL.sub(" ", visible)) or _urls(twin) != _urls(visible)):
        findings.append(Finding(part.path, Kind.NOTES, Evidence.ALTERNATIVES_DIFFER))
    shown = _letters("\n".join(block.text for block in blocks)) + " " + _letters(visible)
    if any(_letters(line) not in shown for line in part.hidden_text.split("\n")):
        findings.append(Finding(part.path, Kind.NOTES, Evidence.HIDDEN_TEXT))
    return findings


def _header_findings(message: Message) -> list[Finding]:
    """One finding for each way in which the header section says more than machines need."""
    subject = _letters(_REPLY_MARK.sub("", message.first("subject") or ""))
    evidence = {word for field in message.header_section if (word := _field_evidence(field, subject)) is not None}
    return [Finding("header", Kind.NOTES, word) for word in Evidence if word in evidence]


def _field_evidence(field: HeaderField, subject: str) -> Evidence | None:
    if not field.body or field.name == "subject":
        return None
    if field.name in header_section.ADDRESS_FIELDS and not field.name.startswith("resent-"):
        good = all(_is_name(address.name, address.addr_spec) for address in header_section.addresses(field.body))
        return None if good else Evidence.WORDS_IN_ADDRESS
    if field.name == "thread-topic":  # Outlook: the subject once more
        return None if _letters(_REPLY_MARK.sub("", field.body)) == subject else Evidence.FIELD_NOT_TECHNICAL
    form = _TECHNICAL.get(field.name)
    if form is None:
        return Evidence.FIELD_OUTSIDE_LIST
    return None if form.fullmatch(field.body) else Evidence.FIELD_NOT_TECHNICAL


def _is_name(name: str, addr_spec: str) -> bool:
    """Whether the words beside an address are a name: few, each with a capital (or of a script without), a particle, or part of the address itself."""
    words = name.strip("'").split()  # Outlook quotes twice
    if not words or name == addr_spec or (name.lower() == "undisclosed-recipients" and not addr_spec):
        return True
    known = _PARTICLES.union(re.split(r"\W+", addr_spec.lower()))
    return bool(addr_spec) and len(words) <= _NAME_WORDS and all(_NAME_WORD.fullmatch(word) and (not word[0].islower() or word in known) for word in words)


def _letters(text: str) -> str:
    """Letters and digits alone, compatibility forms and case folded: what two versions of a text must share to say the same."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def _urls(text: str) -> frozenset[str]:
    return frozenset(_letters(re.sub(r"^(?:https?://)?(?:www\.)?", "", url, flags=re.IGNORECASE).rstrip("/.,;:!?)")) for url in _URL.findall(text))


def _without_invisible(text: str) -> tuple[str, bool]:
    """`text` without format characters and variation selectors, and whether those could carry something: more than emoji or a direction mark need."""
    if text.isascii():
        return text, False
    kept: list[str] = []
    hides = False
    for character in text:
        selects = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
        if selects or unicodedata.category(character) == "Cf":
            before = kept[-1] if kept else " "
            emoji = character in "\u200d\ufe0e\ufe0f" and (unicodedata.category(before) in ("So", "Sk", "Sm", "Po") or before in "0123456789#*")
            hides = hides or not (emoji or character in "\u200e\u200f\u00ad\ufeff\u200c")
        else:
            kept.append(character)
    return "".join(kept), hides
