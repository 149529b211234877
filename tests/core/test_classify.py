"""From a `Message` to text for the recogniser and findings for all the rest."""

from __future__ import annotations

import pytest

from gateway.core.classify import BLOCK_CHARACTERS, Evidence, classify
from gateway.core.model import Finding, HeaderField, Kind, Message, Part, TextBlock
from gateway.core.parse import Defect, parse
from tests.hostile import hostile


def message(*parts: Part, **fields: str) -> Message:
    """A message of `parts` with header fields (underscores stand for hyphens)."""
    return Message(tuple(HeaderField(name.replace("_", "-"), body) for name, body in fields.items()), parts)


def text(body: str, path: str = "1", alternative: str | None = None, **more: object) -> Part:
    return Part(path, "text/plain", "", False, len(body), body, alternative_to=alternative, **more)  # type: ignore[arg-type]


def html(visible: str, hidden: str = "", path: str = "2", alternative: str | None = "0") -> Part:
    return Part(path, "text/html", "", False, len(visible), visible, hidden, alternative)


def said(*parts: Part, **fields: str) -> list[tuple[str, str, str]]:
    """The findings, as part, kind and evidence."""
    return [(finding.part, finding.kind.value, str(finding.evidence)) for finding in classify(message(*parts, **fields))[1]]


def read(*parts: Part, **fields: str) -> list[tuple[str, str]]:
    """The blocks, as source and text."""
    return [(block.source, block.text) for block in classify(message(*parts, **fields))[0]]


def test_subject_and_text_are_judged_and_nothing_else_is_found() -> None:
    """The ordinary mail."""
    ordinary = message(text("See you."), subject="Tuesday", date="Tue, 3 Mar 2026 17:40:19 +0100")
    assert classify(ordinary) == ((TextBlock("subject", "Tuesday"), TextBlock("1", "See you.")), ())


def test_two_texts_side_by_side_are_both_judged() -> None:
    """In multipart/mixed every text is shown, HTML too."""
    assert read(text("one"), text("two", "2"), html("three", path="3", alternative=None)) == [("1", "one"), ("2", "two"), ("3", "three")]


def test_of_alternatives_the_plain_text_is_judged() -> None:
    """HTML that says the same, letter for letter, adds nothing."""
    parts = (text("See you *Tuesday*\n<https://meet.example/r>", alternative="0"), html("See you Tuesday <https://www.meet.example/r/>"))
    assert read(*parts) == [("1", "See you *Tuesday*\n<https://meet.example/r>")]
    assert said(*parts) == []


@pytest.mark.parametrize(
    ("plain", "rich"),
    [
        ("See you Tuesday", "See you Wednesday"),
        ("See you Tuesday", "See you Tuesday. Leave him."),
        ("See you Tuesday. Leave him.", "See you Tuesday"),
        ("See you Tuesday", ""),
        ("Join", "Join <https://meet.example/r>"),
        ("Join <https://meet.example/r>", "Join <https://meet.example/other>"),
    ],
)
def test_alternatives_that_differ_in_either_direction_are_notes(plain: str, rich: str) -> None:
    """The facts still come from the plain text, but the whole original must reach the client's own mailbox."""
    parts = (text(plain, alternative="0"), html(rich))
    assert read(*parts) == [("1", plain)]
    assert said(*parts) == [("2", "notes", Evidence.ALTERNATIVES_DIFFER)]


def test_html_is_judged_where_the_plain_text_says_nothing() -> None:
    """Some programs leave the plain part empty."""
    parts = (text(" \n", alternative="0"), html("See you Tuesday"))
    assert read(*parts) == [("2", "See you Tuesday")]
    assert said(*parts) == []


def test_hidden_text_is_notes_unless_it_is_said_openly_too() -> None:
    """A logo's alternative text that stands in the signature is trivia; anything else is not."""
    assert said(html("See you Tuesday.\nVale Coaching", "Vale coaching\n-")) == []
    assert said(html("See you Tuesday", "leave him")) == [("2", "notes", Evidence.HIDDEN_TEXT)]
    assert said(text("See you Tuesday", alternative="0"), html("See you Tuesday", "tuesday\nleave him")) == [("2", "notes", Evidence.HIDDEN_TEXT)]
    assert said(html("", "TUESDAY"), subject="Tuesday") == []


@pytest.mark.parametrize(
    ("part", "kind", "evidence"),
    [
        (Part("2", "text/plain", "attachment", True, 1, None), "attachment", Evidence.ATTACHMENT),
        (Part("2", "text/csv", "", False, 1, None), "attachment", Evidence.ATTACHMENT),
        (Part("2", "application/pdf", "", True, 1, None), "attachment", Evidence.ATTACHMENT),
        (Part("2", "application/octet-stream", "inline", False, 1, None), "attachment", Evidence.ATTACHMENT),
        (Part("2", "image/png", "inline", False, 1, None), "attachment", Evidence.IMAGE),
        (Part("2", "message/rfc822", "", False, 1, None), "attachment", Evidence.MESSAGE),
        (Part("2", "message/partial", "", False, 1, None), "opaque", Evidence.PARTIAL),
        (Part("2", "message/external-body", "", False, 1, None), "opaque", Evidence.EXTERNAL),
        (Part("2", "message/disposition-notification", "", False, 1, None), "opaque", Evidence.REPORT),
        (Part("2", "application/ms-tnef", "attachment", True, 1, None), "opaque", Evidence.TNEF),
        (Part("2", "application/pkcs7-mime", "", True, 1, None), "opaque", Evidence.SIGNED_BLOB),
        (Part("2", "application/pgp-encrypted", "", False, 1, None), "opaque", Evidence.ENCRYPTED),
        (Part("2", "text/calendar", "", False, 1, None), "opaque", Evidence.CALENDAR),
        (Part("2", "application/ics", "attachment", True, 1, None), "opaque", Evidence.CALENDAR),
        (Part("2", "text/plain", "", False, 1, None, defects=(Defect.UNREADABLE_CHARSET,)), "opaque", Defect.UNREADABLE_CHARSET),
        (Part("2", "text/plain", "", False, 1, None, defects=(Defect.PART_FIELD, Defect.WRONG_CHARSET)), "disguised", Defect.WRONG_CHARSET),
        (Part("2", "text/plain", "", False, 1, "read", defects=(Defect.PART_FIELD,)), "opaque", Defect.PART_FIELD),
        (Part("2", "multipart/mixed", "", False, 1, None), "opaque", Evidence.ATTACHMENT),
        (Part("2", "multipart/mixed", "", False, 1, None, defects=(Defect.BROKEN_HEADER,)), "opaque", Defect.BROKEN_HEADER),
    ],
)
def test_what_is_no_readable_text_is_attached_or_opaque(part: Part, kind: str, evidence: str) -> None:
    """None of these ever goes to a company, and none of their text is judged."""
    assert said(text("See you Tuesday"), part) == [("2", kind, evidence)]
    assert read(text("See you Tuesday"), part) == [("1", "See you Tuesday")]


@pytest.mark.parametrize(
    ("body", "kind", "evidence"),
    [
        ("See you.\nbegin 644 notes.txt\n#86%T\n", Kind.DISGUISED, Evidence.CODED_FILE),
        ("See you.\n> =ybegin line=128 size=9 name=a\n", Kind.DISGUISED, Evidence.CODED_FILE),
        ("See you.\n" + 2 * (60 * "A" + "\n"), Kind.ATTACHMENT, Evidence.EMBEDDED_FILE),
        ("-----BEGIN PGP MESSAGE-----\n\nabc\n", Kind.OPAQUE, Evidence.EMBEDDED_OPENPGP),
        ("x" * (BLOCK_CHARACTERS + 1), Kind.NOTES, Evidence.LONG_TEXT),
    ],
)
def test_files_inside_text_are_found(body: str, kind: Kind, evidence: str) -> None:
    """Text may carry what no part announces."""
    assert Finding("1", kind, evidence) in classify(message(text(body)))[1]


def test_very_long_text_is_not_judged() -> None:
    """It is notes already."""
    assert read(text("x" * (BLOCK_CHARACTERS + 1))) == []


@pytest.mark.parametrize(
    ("body", "kept", "hides"),
    [
        ("See\u200b you", "See you", True),
        ("\u202a+49 170\u202c", "+49 170", True),
        ("Tuesday\U000e0041\U000e0042", "Tuesday", True),
        ("Tuesday\ufe01\U000e0101", "Tuesday", True),
        ("\u200dTuesday", "Tuesday", True),
        ("a\ufe0f", "a", True),
        ("\ufeffTues\u00adday \u200e10:00", "Tuesday 10:00", False),
        ("☕\ufe0f 1\ufe0f⃣ 👩\u200d🚀", "☕ 1⃣ 👩🚀", False),
        ("Grüße", "Grüße", False),
    ],
)
def test_invisible_characters_are_never_judged_and_never_lost(body: str, kept: str, hides: bool) -> None:
    """What nobody can see reaches no block; where it could carry something it makes a finding."""
    assert read(text(body)) == [("1", kept)]
    assert said(text(body)) == ([("1", "notes", Evidence.INVISIBLE_CHARACTERS)] if hides else [])


@pytest.mark.parametrize(
    ("words", "evidence"),
    [
        ("Yоu shоuld rеsign", Evidence.MIXED_ALPHABETS),
        ("\u202engiser\u202c", Evidence.TURNED_ROUND),
        ("r e s i g n  n o w", Evidence.SET_APART),
        ("ñêðûâàåøü áîëåçíü", Evidence.GARBLED),
        ("begin 644 notes.txt", Evidence.CODED_FILE),
    ],
)
def test_text_in_disguise_is_found_wherever_a_reader_may_see_it(words: str, evidence: str) -> None:
    """In the subject, in a text, in either of two alternatives; the rest of the text is judged all the same."""
    found = ("1", Kind.DISGUISED, evidence)
    assert found in said(text(f"See you.\n{words}"))
    assert found in said(text(words, alternative="0"), html("See you.", path="2"))
    assert ("2", Kind.DISGUISED, evidence) in said(text("See you.", alternative="0"), html(words, path="2"))
    assert ("subject", Kind.DISGUISED, evidence) in said(text("See you."), subject=words)
    assert read(text("See you.", path="1"), text(words, "2"))[0] == ("1", "See you.")


def test_each_subject_of_two_is_asked_whether_it_hides_something() -> None:
    """With two subjects none is judged as scheduling, and readers show one or the other."""
    twice = Message((HeaderField("subject", "Tuesday"), HeaderField("subject", "r e s i g n")), (text("x"),), (Defect.DUPLICATE_FIELD,))
    assert Finding("subject", Kind.DISGUISED, Evidence.SET_APART) in classify(twice)[1]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("date", "Tue, 3 Mar 2026 17:40:19 +0100 (CET)"),
        ("message-id", "<c5bbf2cc@coach.example>"),
        ("references", "<a@b.example> <c@d.example>"),
        ("mime-version", "1.0 (Mac OS X Mail 16.0 \\(3731.600.7\\))"),
        ("user-agent", "Mozilla Thunderbird"),
        ("received", "from anywhere by here; Tue, 3 Mar 2026"),
        ("autocrypt", "addr=r@c.example; prefer-encrypt=mutual; keydata=mDMEXlh1 3RYJ="),
        ("x-priority", "3 (Normal)"),
        ("thread-index", "AdjK+/=="),
        ("keywords", ""),
    ],
)
def test_technical_fields_are_no_finding(name: str, body: str) -> None:
    """What a mail program writes on its own, in the form it has."""
    assert said(text("x"), **{name.replace("-", "_"): body}) == []


@pytest.mark.parametrize(
    ("name", "body", "evidence"),
    [
        ("keywords", "burnout", Evidence.FIELD_OUTSIDE_LIST),
        ("comments", "burnout", Evidence.FIELD_OUTSIDE_LIST),
        ("x-crm-note", "burnout", Evidence.FIELD_OUTSIDE_LIST),
        ("list-id", "burnout <b.c.example>", Evidence.FIELD_OUTSIDE_LIST),
        ("content-description", "burnout", Evidence.FIELD_OUTSIDE_LIST),
        ("resent-to", "a@b.example", Evidence.FIELD_OUTSIDE_LIST),
        ("in-reply-to", "Your message of burnout", Evidence.FIELD_NOT_TECHNICAL),
        ("date", "when the burnout began", Evidence.FIELD_NOT_TECHNICAL),
        ("thread-topic", "burnout", Evidence.FIELD_NOT_TECHNICAL),
        ("sensitivity", "burnout", Evidence.FIELD_NOT_TECHNICAL),
    ],
)
def test_fields_that_may_say_something_are_notes(name: str, body: str, evidence: str) -> None:
    """An allow-list of fields and of what may stand in them; everything else goes with the whole original."""
    assert said(text("x"), **{name.replace("-", "_"): body}) == [("header", "notes", evidence)]


def test_the_topic_of_a_thread_is_judged_with_the_subject() -> None:
    """Outlook writes the subject twice."""
    assert said(text("x"), subject="Re: AW: Tuesday", thread_topic="Tuesday") == []


@pytest.mark.parametrize(
    "body",
    [
        "r@c.example",
        "Robin Vale <r@c.example>",
        '"Vale, Robin" <r@c.example>',
        "'Robin Vale' <r@c.example>",
        "Dr. Robin van der Vale <r@c.example>",
        "robin <robin.vale@c.example>",
        '"r@c.example" <r@c.example>',
        "=?utf-8?q?J=C3=B6rg?= <j@c.example>",
        "Robin Vale | Coaching <r@c.example>",
        "undisclosed-recipients:;",
        "山田太郎 <y@c.example>",
        "r@c.example (Robin)",
    ],
)
def test_names_beside_an_address_are_no_finding(body: str) -> None:
    """They are never copied anyway."""
    assert said(text("x"), **{"from": body}) == []


@pytest.mark.parametrize(
    "body",
    [
        '"Robin (re: your drinking)" <r@c.example>',
        '"Ask me about the custody hearing" <r@c.example>',
        "Fired soon <r@c.example>",
        "Notes on Ann: r@c.example;",
        "r@c.example (see the lawyer)",
        "Week 5 Motto <r@c.example>",
        "One Two Three Four Five Six <r@c.example>",
        "r@c.example <see@d.example>",
        "nobody",
        "=?utf-8?q?leave_him?= <r@c.example>",
    ],
)
def test_more_than_a_name_beside_an_address_is_notes(body: str) -> None:
    """A display name, a comment or the name of a group can carry a sentence."""
    assert said(text("x"), reply_to=body) == [("header", "notes", Evidence.WORDS_IN_ADDRESS)]


def test_each_evidence_of_the_header_section_is_said_once() -> None:
    """Three odd fields are no three findings."""
    assert said(text("x"), x_a="a", x_b="b", x_c="c") == [("header", "notes", Evidence.FIELD_OUTSIDE_LIST)]


def test_defects_of_the_message_are_opaque() -> None:
    """Whatever two readers could read differently goes to no company by default."""
    broken = Message((HeaderField("subject", "a"), HeaderField("subject", "b")), (text("x"),), (Defect.DUPLICATE_FIELD,))
    assert classify(broken) == ((TextBlock("1", "x"),), (Finding("message", Kind.OPAQUE, Defect.DUPLICATE_FIELD),))


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in hostile() if len(raw) < 1_000_000])
def test_hostile_messages_are_never_taken_for_clean(raw: bytes) -> None:
    """Each makes a finding, or leaves nothing to judge."""
    blocks, findings = classify(parse(raw))
    assert findings or not blocks
