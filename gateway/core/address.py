"""Mail addresses: one strict grammar of the RFC 5321 Mailbox, and the comparisons that decide whose mailbox it is.

A path is read from the octets the peer sent and is never repaired: what could mean two mailboxes is refused, so the domain that
is judged is the domain that is sent on, byte for byte. Not admitted, though RFC 5321 section 4.1.2 has them: source routes,
quoted local parts, address literals. Not admitted, though others read them: comments, encoded words (RFC 2047), `%` and `!` routing,
blanks, control and invisible characters, a trailing dot, domains of one label. Domains end as lower-case A-labels (RFC 5890, 5891);
UTF-8 only under SMTPUTF8 (RFC 6531). `canonical` is for comparing alone and never finds its way into an envelope.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

from gateway.core.model import Mailbox

MAX_LOCAL_PART = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_DOMAIN = 253  # octets of a domain name without its root dot; RFC 5321 section 4.5.3.1.2 counts 255 with length octets
_SHORTEST_LABEL_WITH_TYPO = 5  # one letter apart in "acme" is another word, in "acmecorp" it is a typing error or a trap

_ATOM = r"[A-Za-z0-9#$&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+"  # RFC 5322 atext with UTF8-non-ascii, without "%" and "!"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LDH_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# UTS 46 deviation characters: IDNA2003 and IDNA2008 resolvers go to different domains, so as U-labels they mean two mailboxes
_DEVIATIONS = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")
# letters and marks that show nothing (Default_Ignorable_Code_Point outside category Cf)
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")

EVERYBODYS = frozenset(  # domains of providers where anybody has a mailbox: to share one is to share nothing
    """
    gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr live.com msn.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es
    ymail.com icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de t-online.de freenet.de mail.de posteo.de mailbox.org
    proton.me protonmail.com pm.me tutanota.com tuta.com fastmail.com mail.com zoho.com yandex.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr
    libero.it bluewin.ch telefonica.net hey.com qq.com 163.com 126.com naver.com rediffmail.com uol.com.br bol.com.br wp.pl o2.pl onet.pl seznam.cz mail.ru
    """.split()
)


class MalformedPath(ValueError):
    """Octets that the grammar does not admit. `reason` is one of our own phrases and quotes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_path(octets: bytes, *, smtputf8: bool) -> Mailbox:
    """The mailbox named by what stands between the angle brackets of MAIL or RCPT (RFC 5321 section 4.1.2).

    `smtputf8` says whether the transaction was opened with SMTPUTF8 (RFC 6531 section 3.3). Raises `MalformedPath`.
    """
    if not smtputf8 and not octets.isascii():
        raise MalformedPath("non-ASCII address without SMTPUTF8")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedPath("not UTF-8") from None
    local_part, at, domain = text.partition("@")
    if not at or "@" in domain:
        raise MalformedPath("not exactly one @")
    return Mailbox(_local_part(local_part), a_labels(domain))


def parse_mailbox(text: str) -> Mailbox:
    """The same grammar for addresses in configuration and client records; UTF-8 allowed. Raises `MalformedPath`."""
    try:
        return parse_path(text.encode("utf-8"), smtputf8=True)
    except UnicodeEncodeError:
        raise MalformedPath("not UTF-8") from None


def _local_part(text: str) -> str:
    """`text` unchanged, if it is a dot-string that every mail system reads as the same mailbox name."""
    if len(text.encode("utf-8")) > MAX_LOCAL_PART:
        raise MalformedPath("local part longer than 64 octets")
    if not _DOT_STRING.fullmatch(text):
        raise MalformedPath("local part is no dot-string")
    if "=?" in text or "?=" in text:
        raise MalformedPath("encoded word in local part")
    if not text.isascii():
        if unicodedata.normalize("NFKC", text) != unicodedata.normalize("NFC", text):
            raise MalformedPath("local part changes under normalisation")
        _refuse_strange_characters(text)
    return text


@lru_cache(maxsize=4096)  # pure, and asked for a dozen times in the course of one mail
def a_labels(domain: str) -> str:
    """`domain` as lower-case A-labels (RFC 5891 section 4), at least two of them. Raises `MalformedPath`.

    Only case and canonical composition are mapped. Where UTS 46 would map further (full-width letters, other dots, soft hyphen),
    another resolver may not, so such a domain is refused rather than read kindly.
    """
    if not domain.isascii():
        _refuse_strange_characters(domain)
        if not _DEVIATIONS.isdisjoint(domain):
            raise MalformedPath("domain that IDNA2003 and IDNA2008 read differently")
    name = unicodedata.normalize("NFC", domain.lower())
    labels = name.split(".")
    if len(labels) < 2 or not all(labels):
        raise MalformedPath("domain is not fully qualified or has an empty label")
    encoded = ".".join(_a_label(label) for label in labels)
    if len(encoded) > MAX_DOMAIN:
        raise MalformedPath("domain too long")
    if encoded.rpartition(".")[2].isdigit():
        raise MalformedPath("domain reads as an IP address")
    return encoded


def _a_label(label: str) -> str:
    """One label; the library proves that an A-label is the only spelling of its U-label (RFC 5891 section 5.3)."""
    if label.isascii() and not label.startswith("xn--"):
        encoded = label
    else:
        try:
            encoded = idna.alabel(label).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise MalformedPath("label is not valid under IDNA") from None
    if not _LDH_LABEL.fullmatch(encoded):
        raise MalformedPath("domain label is not letters, digits and hyphens")
    return encoded


def _refuse_strange_characters(text: str) -> None:
    """Letters, marks and digits only; none that shows nothing, and none that some normalisation turns into ASCII."""
    if _INVISIBLE.search(text):
        raise MalformedPath("invisible character")
    for char in text:
        if char.isascii():
            continue
        if unicodedata.category(char)[0] not in "LMN":
            raise MalformedPath("character that is no letter, mark or digit")
        if any(c.isascii() for form in (unicodedata.normalize("NFKC", char), char.lower()) for c in form):
            raise MalformedPath("character that is ASCII under normalisation")


# ------------------------------------------------------------------------------------------------ comparison
def canonical(mailbox: Mailbox) -> Mailbox:
    """The mailbox as compared: compatibility characters, case, `+tag` and invisible characters taken out. Never sent to."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", mailbox.local_part).casefold())
    visible = "".join(c for c in _INVISIBLE.sub("", folded) if unicodedata.category(c) not in ("Cf", "Cc"))
    name, _, _ = visible.partition("+")
    return Mailbox(name or visible, _compared_domain(mailbox.domain))


def same_mailbox(a: Mailbox, b: Mailbox) -> bool:
    """Whether mail to `a` must be taken to reach the owner of `b`."""
    return canonical(a) == canonical(b)


def may_write_as(author: str, patterns: tuple[str, ...]) -> bool:
    """Whether `author`, an address as written, is covered by one of `patterns`: "a@b.example", "@b.example" (that very domain) or "*" (all).

    An author that the grammar does not admit is covered by "*" alone.
    """
    if "*" in patterns:
        return True
    try:
        mailbox = parse_mailbox(author)
    except MalformedPath:
        return False
    return any(_compared_domain(p[1:]) == mailbox.domain if p.startswith("@") else _is_same(p, mailbox) for p in patterns)


def _is_same(pattern: str, mailbox: Mailbox) -> bool:
    """Whether `pattern` is an address of the mailbox's owner; one that does not parse is nobody's."""
    try:
        return same_mailbox(parse_mailbox(pattern), mailbox)
    except MalformedPath:
        return False


def is_at_or_under(domain: str, registered: str) -> bool:
    """Whether `domain` is `registered` or a sub-domain of it; both in any spelling, compared as A-labels."""
    name, root = _compared_domain(domain), _compared_domain(registered)
    return bool(root) and (name == root or name.endswith("." + root))


def _compared_domain(domain: str) -> str:
    """A-labels where the grammar admits it; otherwise lower case without outer dots, which then equals only its like."""
    name = domain.strip().strip(".")
    try:
        return a_labels(name)
    except MalformedPath:
        return name.lower()


# ------------------------------------------------------------------------------------------------ look-alikes
# A small part of the UTS 39 confusables, those seen in domain names: what the eye reads, and the characters it reads it from.
_READ_AS = {
    "a": "аαɑ4", "b": "ЬьƄ68ß", "c": "сϲ", "d": "ԁđ", "e": "еε3", "g": "ɡց9", "h": "һհħ", "i": "іιıɩ", "j": "јϳ", "k": "кκ", "l": "ӏǀ1ł", "m": "м",
    "n": "пռηո", "o": "оοօσø0", "p": "рρ", "q": "ԛ", "r": "гʀ", "s": "ѕ5", "t": "тτ7", "u": "υս", "v": "νѵ", "w": "ԝω", "x": "хχ", "y": "уγ", "z": "ʐ2",
}  # fmt: skip
_CONFUSABLE = str.maketrans({char: letter for letter, chars in _READ_AS.items() for char in chars})
_READ_TOGETHER = (("rn", "m"), ("nn", "m"), ("vv", "w"), ("cl", "d"), ("i", "l"), ("j", "l"), ("-", ""))


def looks_like(domain: str, registered: str) -> bool:
    """Whether `domain` is not at or under `registered` but could be taken for it by the eye or by a slip of the finger.

    Only a reason to warn more clearly: an unknown domain is unknown either way.
    """
    if is_at_or_under(domain, registered):
        return False
    wanted = _compared_domain(registered).split(".")
    found = _compared_domain(domain).split(".")[-len(wanted) :]
    if len(found) != len(wanted):
        return False
    apart = [(a, b) for a, b in zip(found, wanted, strict=True) if a != b]
    skeletons = [(_skeleton(a), _skeleton(b)) for a, b in apart]
    if all(a == b for a, b in skeletons):
        return True
    return len(apart) == 1 and len(apart[0][1]) >= _SHORTEST_LABEL_WITH_TYPO and _one_edit(*skeletons[0])


def _skeleton(label: str) -> str:
    """What the eye keeps of a label (UTS 39 section 4): without accents, confusables and digit swaps resolved."""
    if label.startswith("xn--"):
        try:
            label = idna.ulabel(label)
        except (idna.IDNAError, UnicodeError):
            return label
    plain = "".join(c for c in unicodedata.normalize("NFD", label) if not unicodedata.combining(c)).translate(_CONFUSABLE)
    for seen, taken_for in _READ_TOGETHER:
        plain = plain.replace(seen, taken_for)
    return plain


def _one_edit(a: str, b: str) -> bool:
    """Whether one letter inserted, left out, replaced or swapped with its neighbour makes `b` of `a`."""
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1 or a == b:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[start:] == b[start + 1 :]
    return a[start + 1 :] == b[start + 1 :] or (a[start : start + 2] == b[start : start + 2][::-1] and a[start + 2 :] == b[start + 2 :])
