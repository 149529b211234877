"""Whose mailbox an address is: a table of spellings, and readers of other make that must never see a company where we saw somebody else."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.address import (
    MalformedPath,
    a_labels,
    canonical,
    is_at_or_under,
    looks_like,
    may_write_as,
    parse_mailbox,
    parse_path,
    same_mailbox,
)
from gateway.core.audience import role_of
from gateway.core.model import Client, Coach, Directory, Mailbox, Role

TABLE = tomllib.loads((Path(__file__).parent / "addresses.toml").read_text("utf-8"))
COMPANY = ("corp.example", "xn--bcher-kva.example")
DIRECTORY = Directory(
    Coach("Robin Vale", (Mailbox("coach", "coach.example"),)),
    (Client("c-1", "Dana Petrocelli", (Mailbox("dana", "corp.example"),), COMPANY, Mailbox("dana", "home.example")),),
)
ROLES = {Role.CLIENT_WORK: "company", Role.COLLEAGUE: "company", Role.SPONSOR: "company", Role.CLIENT_PERSONAL: "personal", Role.UNKNOWN: "unknown"}


@dataclass(frozen=True)
class Case:
    octets: bytes
    verdict: str
    smtputf8: bool
    maybe_refused: bool


def cases() -> Iterator[Case]:
    """Every row of the table, its placeholders filled in."""
    for group in TABLE["group"]:
        rows = [bytes.fromhex(h) for h in group.get("hex", ())]
        for text in group.get("cases", ()):
            for work in TABLE["work"] if "{work}" in text else ("",):
                for home in TABLE["home"] if "{home}" in text else ("",):
                    rows.append(text.replace("{work}", work).replace("{home}", home).encode("utf-8"))
        for octets in rows:
            yield Case(octets, group["verdict"], group.get("smtputf8", True), group.get("maybe_refused", False))


CASES = list(dict.fromkeys(cases()))


def judged(case: Case) -> tuple[str, Mailbox | None]:
    """What the gateway makes of a path."""
    try:
        mailbox = parse_path(case.octets, smtputf8=case.smtputf8)
    except MalformedPath:
        return "refused", None
    return ROLES[role_of(mailbox, DIRECTORY)[0]], mailbox


@pytest.mark.parametrize("case", CASES, ids=lambda c: repr(c.octets))
def test_every_address_of_the_table_is_whose_it_is(case: Case) -> None:
    verdict, mailbox = judged(case)
    assert verdict == case.verdict or (case.maybe_refused and verdict == "refused")
    if mailbox is not None:
        assert mailbox.domain == domain_in(case.octets), "the domain judged is the domain sent"
        assert mailbox.local_part.encode() == case.octets.partition(b"@")[0], "and the local part is sent as it was"


def domain_in(octets: bytes) -> str:
    """The domain in a path that has but one @, by code that shares nothing with ours: Python's punycode and NFC."""
    text = unicodedata.normalize("NFC", octets.decode("utf-8").split("@")[1].lower())
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in text.split("."))


def test_no_company_mail_is_judged_personal(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a careless reader could make of the octets: if one of them sees the company, we see the company, nobody, or refuse."""
    seen_company = [c for c in CASES if any(is_company(reading) for reading in careless_readings(c.octets))]
    assert [c.octets for c in seen_company if judged(c)[0] == "personal"] == []
    counts = Counter(judged(c)[0] for c in CASES)
    with capsys.disabled():
        print(f"\naddress table: {len(CASES)} cases, {dict(counts)}; a careless reader sees the company in {len(seen_company)}, judged personal: 0")
    assert len(CASES) >= 250
    assert len(seen_company) >= 100, "the readers are careless enough"
    assert min(counts[v] for v in ("company", "personal", "unknown", "refused")) >= 5


def is_company(domain: str) -> bool:
    return any(domain == c or domain.endswith("." + c) for c in COMPANY)


def careless_readings(octets: bytes) -> set[str]:
    """Domains that mail systems of all sorts could send to: they decode, strip, route, normalise and repair."""
    text = octets.decode("utf-8", "replace")
    texts = {text, unicodedata.normalize("NFKC", text), "".join(c for c in text if unicodedata.category(c) != "Cf"), re.sub(r"\s", "", text)}
    texts |= {re.sub(r"\([^()]*\)?", "", t) for t in texts}
    for t in tuple(texts):
        try:
            texts.add(str(make_header(decode_header(t))))
        except (ValueError, LookupError, UnicodeError):
            pass
        texts.add(parseaddr(t)[1])
        texts |= set(re.findall(r"[^\s<>,;:\"\\()\[\]\0]+@[^\s<>,;:\"\\()\[\]\0]+", t))
    found = set()
    for t in texts:
        found |= {t.rpartition("@")[2], *t.split("@")[1:2], *t.split("%")[1:], *t.split("!")[:1], t.rpartition(":")[2].rpartition("@")[2]}
    return {folded(domain.rpartition("%")[2].partition("@")[0]) for domain in found}


def folded(domain: str) -> str:
    """Lower case, IDNA2003 where it can, outer rubbish away."""
    name = re.sub(r"[\s\0\"'<>()\\,;:]+", "", unicodedata.normalize("NFKC", domain)).lower().strip(".")
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


# ---------------------------------------------------------------- the grammar
@given(st.binary(max_size=80))
def test_octets_are_a_mailbox_or_malformed_and_nothing_else(octets: bytes) -> None:
    """No other exception, and what is taken is printable, has one @ and a clean domain."""
    for smtputf8 in (False, True):
        try:
            mailbox = parse_path(octets, smtputf8=smtputf8)
        except MalformedPath:
            continue
        assert octets.count(b"@") == 1
        assert str(mailbox).isprintable()
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", mailbox.domain)


local_parts = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9+]{1,8}){0,2}", fullmatch=True)
domains = st.from_regex(r"([a-zA-Zäöüéñ]{1,8}\.){1,3}example", fullmatch=True)


@given(local_parts, domains)
def test_what_is_taken_is_taken_again_and_unchanged(local_part: str, domain: str) -> None:
    mailbox = parse_mailbox(f"{local_part}@{domain}")
    assert parse_mailbox(str(mailbox)) == mailbox
    assert canonical(canonical(mailbox)) == canonical(mailbox)
    assert same_mailbox(mailbox, parse_mailbox(f"{local_part.upper()}@{unicodedata.normalize('NFD', domain).upper()}"))


def test_lengths_are_counted_in_octets() -> None:
    """RFC 5321 section 4.5.3.1; a domain name is 253 octets without its root."""
    assert parse_mailbox("x" * 64 + "@corp.example")
    assert parse_mailbox("ä" * 32 + "@corp.example")
    for local_part in ("x" * 65, "ä" * 33):
        with pytest.raises(MalformedPath):
            parse_mailbox(local_part + "@corp.example")
    labels = ".".join(["a" * 49] * 4)
    assert len(a_labels(f"{labels}.{'b' * 53}")) == 253
    for domain in (f"{labels}.{'b' * 54}", "a" * 64 + ".example", "ü" * 60 + ".example", "x." * 2000 + "example"):
        with pytest.raises(MalformedPath):
            a_labels(domain)


def test_surrogates_are_malformed_and_no_unicode_error() -> None:
    with pytest.raises(MalformedPath, match="not UTF-8"):
        parse_mailbox("dana\udcff@corp.example")


def test_reasons_quote_nothing_of_the_address() -> None:
    """They may stand in a log."""
    reasons = set()
    for case in CASES:
        try:
            parse_path(case.octets, smtputf8=case.smtputf8)
        except MalformedPath as malformed:
            reasons.add(malformed.reason)
    assert len(reasons) > 8
    assert not any(word in reason for reason in reasons for word in ("dana", "corp", "home", "example", "boss"))


# ---------------------------------------------------------------- comparison
@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("dana@corp.example", "DANA+x@CORP.example", True),
        ("dana@bücher.example", "dana@xn--bcher-kva.example", True),
        ("strauß@corp.example", "STRAUSS@corp.example", True),
        ("dänä@corp.example", "da\u0308na\u0308@corp.example", True),
        ("+dana@corp.example", "+robin@corp.example", False),
        ("dana@corp.example", "dana@mail.corp.example", False),
        ("dana@corp.example", "d.ana@corp.example", False),
        ("dana@corp.example", "dana@cоrp.example", False),
    ],
)
def test_same_mailbox(a: str, b: str, same: bool) -> None:
    assert same_mailbox(parse_mailbox(a), parse_mailbox(b)) is same


def test_canonical_strips_what_shows_nothing_from_mailboxes_of_any_origin() -> None:
    """Also from those that did not come through our grammar."""
    odd = Mailbox("\u200bＤ\u00adana\ufe0f+x", "CORP.example.")
    assert canonical(odd) == Mailbox("dana", "corp.example")
    assert canonical(Mailbox("dana", "not a domain")) == Mailbox("dana", "not a domain")


@pytest.mark.parametrize(
    ("domain", "registered", "under"),
    [
        ("corp.example", "corp.example", True), ("MAIL.corp.example", "Corp.Example.", True), ("a.b.bücher.example", "xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "BÜCHER.example", True), ("notcorp.example", "corp.example", False), ("corp.example", "mail.corp.example", False),
        ("corp.example.evil.example", "corp.example", False), ("corp.example", "", False), ("corp.example", ".", False), ("", "", False),
        ("example", "corp.example", False),
    ],
)  # fmt: skip
def test_is_at_or_under(domain: str, registered: str, under: bool) -> None:
    assert is_at_or_under(domain, registered) is under


@pytest.mark.parametrize(
    ("domain", "registered", "alike"),
    [
        ("cоrp.example", "corp.example", True), ("xn--crp-sed.example", "corp.example", True), ("c0rp.example", "corp.example", True),
        ("acrne.example", "acme.example", True), ("paypa1.example", "paypal.example", True), ("vvidget.example", "widget.example", True),
        ("mail.cоrp.example", "corp.example", True), ("bucher.example", "bücher.example", True), ("acme-corp.example", "acmecorp.example", True),
        ("acmecrop.example", "acmecorp.example", True), ("acmecor.example", "acmecorp.example", True), ("acmecorpp.example", "acmecorp.example", True),
        ("acmecurp.example", "acmecorp.example", True), ("corp.exarnple", "corp.example", True), ("corps.example", "acme.example", False),
        ("corp.example", "corp.example", False), ("mail.corp.example", "corp.example", False), ("care.example", "core.example", False),
        ("corp.other", "corp.example", False), ("example", "corp.example", False), ("acmecurps.example", "acmecorp.example", False),
        ("xn--zzzzzz-.example", "corp.example", False), ("amce.example", "acme.example", False),
    ],
)  # fmt: skip
def test_looks_like(domain: str, registered: str, alike: bool) -> None:
    """Only a reason to warn: homoglyphs, digits for letters, one slip of the finger in a label of five letters or more."""
    assert looks_like(domain, registered) is alike


@pytest.mark.parametrize(
    ("author", "patterns", "may"),
    [
        ("Coach+x@Coach.example", ("coach@coach.example",), True), ("other@coach.example", ("coach@coach.example",), False),
        ("any@machines.example", ("@machines.example",), True), ("any@sub.machines.example", ("@machines.example",), False),
        ("any@MACHINES.example", ("@Machines.Example",), True), ("not an address", ("@machines.example", "coach@coach.example"), False),
        ("not an address", ("*",), True), ("coach@coach.example", (), False), ("coach@coach.example", ("broken", "coach@coach.example"), True),
        ("büro@bücher.example", ("büro@xn--bcher-kva.example",), True), ("x@b.example", ("@",), False),
    ],
)  # fmt: skip
def test_may_write_as(author: str, patterns: tuple[str, ...], may: bool) -> None:
    assert may_write_as(author, patterns) is may
