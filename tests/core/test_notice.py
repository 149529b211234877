"""What the coach is told and how she answers: closed words, nothing quoted, nothing that could be read two ways."""

from __future__ import annotations

import email
import email.policy
import re
import string
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import notice, plan
from gateway.core.address import MAX_LOCAL_PART, parse_path
from gateway.core.checkpoint import checkpoints_in, key_in, parse_checkpoints
from gateway.core.compose import Stamp
from gateway.core.meeting import Meetings, Owner
from gateway.core.model import Coach, HeldItem, Kind, Mailbox, Purpose, Role
from gateway.core.notice import ANSWERS, DELIVERY_KINDS, HOLD_REASONS, TEXTS, Command, Verb, is_reply_shaped, parse_command, reply_mailbox, token_of
from gateway.core.policy import EXCEPTION_CODES
from tests.policies.cast import box, path, shipped

COACH = Coach("Robin Vale", (box("coach@coach.example"), box("robin@vale.example")))
STAMP = Stamp("<0123456789abcdef@coach.example>", datetime(2026, 3, 2, 9, 30, 45, tzinfo=UTC))
SINCE = datetime(2026, 3, 1, 8, 15, 30, tzinfo=UTC)
TOKEN = "k3" * 16
NOTE = "coachgate/0123456789abcdef\n7\n" + "A" * 43 + "=\n\n\u2014 coachgate/0123456789abcdef " + "B" * 92 + "\n"
KEY = "coachgate/0123456789abcdef+01234567+" + "C" * 44


def held(reason: str = "colleague", client_id: str | None = "c-0001", recipient: str = "tom@corp.example") -> HeldItem:
    return HeldItem("9f" * 16, 1, path(recipient), Role.COLLEAGUE, client_id, reason, SINCE, 3)


def read(octets: bytes) -> EmailMessage:
    """The notice as a mail program reads it, after the checks that every notice must pass."""
    assert octets.isascii()
    assert b"\r\n" in octets
    assert not re.search(rb"[^\r]\n|\r[^\n]|\0", octets)
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert not message.defects
    assert isinstance(message, EmailMessage)
    return message


def body(octets: bytes) -> str:
    return read(octets).get_content().replace("\r\n", "\n")


def held_body(item: HeldItem, **more: object) -> str:
    return body(notice.held_notice(item, TOKEN, COACH, STAMP, **more))


EVERY_NOTICE = [
    notice.held_notice(held(), TOKEN, COACH, STAMP),
    notice.digest_notice((("company", "jane@corp.example"),), COACH, STAMP),
    notice.delivery_notice("failed", "jane@corp.example", Purpose.COMPANY, SINCE, "550 5.1.1", COACH, STAMP, copy_id="c0ffee01"),
    notice.answer_notice("diverted", "jane@corp.example", COACH, STAMP),
    notice.digest_notice((), COACH, STAMP, checkpoint=(NOTE, KEY)),
    notice.damaged_notice(("c0ffee01",), COACH, STAMP),
    notice.rolled_back_notice(3, 2, COACH, STAMP),
]


@pytest.mark.parametrize("octets", EVERY_NOTICE, ids=["held", "digest", "delivery", "answer", "signed", "damaged", "rolled-back"])
def test_every_notice_is_from_the_coach_to_the_coach_and_answered_by_no_programme(octets):
    message = read(octets)
    assert message["From"] == "coachgate <coach@coach.example>"
    assert message["To"] == "Robin Vale <coach@coach.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert message["Message-ID"] == STAMP.message_id
    assert message.get_content_type() == "text/plain"
    assert str(message["Subject"]).startswith("coachgate: ")
    assert set(message.keys()) <= set("From To Reply-To Subject Date Message-ID Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding".split())


def test_only_a_held_notice_can_be_answered():
    with_reply = [bool(read(octets)["Reply-To"]) for octets in EVERY_NOTICE]
    assert with_reply == [True] + [False] * (len(EVERY_NOTICE) - 1)
    assert read(EVERY_NOTICE[0])["Reply-To"] == f"coach+coachgate-{TOKEN}@coach.example"


# ------------------------------------------------------------------------------------------------ a held mail
def test_a_held_notice_reads_like_this():
    assert held_body(held()).splitlines() == [
        "A mail of yours waits in the gateway and has not gone to this address:",
        "",
        "  To:      tom@corp.example",
        "  Since:   Sun, 01 Mar 2026 08:15:30 +0000",
        "  Parts:   3",
        "  Why:     This address is at a client's company and is not your client's own.",
        "",
        "Reply to this mail with one of these as its first line (the reply goes to the gateway alone, and works once):",
        "",
        "  divert        send all of it, sealed, to the client's personal address",
        "  release       send the appointment in it, if all of it is understood as one",
        "  send CODE     send it as you wrote it, readable; CODE says why you may",
        "  discard       erase it; it is then gone",
        "                CODE: consent-on-record",
        "                CODE: threat-of-harm",
        "                CODE: unreported-crime",
        "                CODE: legal-order",
        "",
        "Or on the gateway's machine:",
        "",
        f"  coachgate held show {'9f' * 16}",
        f"  coachgate held divert {'9f' * 16}",
        f"  coachgate held release {'9f' * 16}",
        f"  coachgate held send {'9f' * 16} --reason CODE",
        f"  coachgate held discard {'9f' * 16}",
    ]


def test_a_held_notice_says_when_the_appointment_went_out():
    assert held_body(held(), told=True).startswith("The appointment in it has gone out already, in newly written words. The rest waits:\n")


def offered(item: HeldItem) -> list[str]:
    return re.findall(rf"^  ({'|'.join(Verb)})\b", held_body(item), re.MULTILINE)


@pytest.mark.parametrize(
    ("reason", "client_id", "expected"),
    [
        ("colleague", "c-0001", "divert release send discard"),
        ("colleague", None, "release send discard"),
        ("support", None, "release send discard"),
        ("sponsor-without-consent", "c-0001", "divert release send discard"),
        ("consent-on-record", "c-0001", "send divert release discard"),
        ("unknown-recipient", None, "not-a-client release send discard"),
        ("key-expired", "c-0001", "release send discard"),
        ("no-personal-address", "c-0001", "release send discard"),
        ("personal-address-unfit", "c-0001", "release send discard"),
        ("policy", "c-0001", "divert release send discard"),
        ("loop", "c-0001", "discard"),
    ],
)
def test_what_the_coach_may_answer(reason, client_id, expected):
    """Diverting is offered only where there is somewhere to divert to."""
    assert " ".join(offered(held(reason, client_id))) == expected


def test_codes_are_named_only_where_one_can_be_given():
    assert "CODE" not in held_body(held("loop"))


def test_a_disguise_is_not_offered_for_release():
    """Nobody can say that all of it is understood as an appointment."""
    said = held_body(held("disguised"))
    assert "held release" not in said
    assert "held divert" in said


def test_remembering_a_contact_is_no_command_of_one_item():
    assert f"held not-a-client {'9f' * 16}" not in held_body(held("unknown-recipient", None))


@pytest.mark.parametrize("reason", sorted(HOLD_REASONS))
def test_every_reason_has_its_sentence(reason):
    assert f"Why:     {HOLD_REASONS[reason]}\n" in held_body(held(reason))
    assert HOLD_REASONS[reason].endswith(".")


def test_a_reason_outside_the_vocabulary_still_gives_a_notice():
    assert HOLD_REASONS["engine"] in held_body(held("made-up"))


def test_every_reason_a_plan_or_a_keyring_can_give_has_a_sentence():
    source = Path(plan.__file__).read_text("utf-8")
    given_by_plan = set(re.findall(r'"((?:[a-z0-9]+-)+[a-z0-9]+|policy)"', source)) - set(Role)
    assert {"policy", "unknown-recipient", "key-missing", "consent-on-record"} <= given_by_plan <= set(HOLD_REASONS)


def test_without_room_for_a_token_in_the_address_the_command_line_remains():
    long = Coach("Robin Vale", (Mailbox("r" * 30, "vale.example"),))
    message = read(notice.held_notice(held(), TOKEN, long, STAMP))
    assert message["Reply-To"] is None
    assert "Reply to this mail" not in message.get_content()
    assert "coachgate held show" in message.get_content()


# ------------------------------------------------------------------------------------------------ digest, delivery, answers
def test_a_digest_reads_like_this():
    summary = [("raw", "tax@office.example"), ("company", "tom@corp.example"), ("private", "jane@mail.example")]
    summary += [("company", "jane@corp.example"), ("company", "jane@corp.example"), ("notice", "coach@coach.example")]
    assert body(notice.digest_notice(summary, COACH, STAMP, waiting=2)).splitlines() == [
        "Your mail has gone out like this:",
        "",
        "The appointment alone, in newly written words, to:",
        "  jane@corp.example (2 x)",
        "  tom@corp.example",
        "",
        "All of it, sealed, to:",
        "  jane@mail.example",
        "",
        "As you wrote it, to:",
        "  tax@office.example",
        "",
        "Waiting for you: 2",
    ]
    assert body(notice.digest_notice([("company", "a@b.example")], COACH, STAMP)).splitlines()[-1] == "  a@b.example"


@pytest.mark.parametrize("kind", DELIVERY_KINDS)
@pytest.mark.parametrize("purpose", [Purpose.COMPANY, Purpose.PRIVATE, Purpose.RAW])
def test_a_delivery_notice_says_what_became_of_which_copy(kind, purpose):
    octets = notice.delivery_notice(kind, "jane@corp.example", purpose, SINCE, "451 4.3.0", COACH, STAMP, copy_id="c0ffee01")
    assert read(octets)["Subject"] == f"coachgate: {TEXTS['en'][f'{kind}-subject']}"
    assert body(octets).splitlines()[:6] == [
        TEXTS["en"][f"{kind}-opening"],
        "",
        "  To:      jane@corp.example",
        f"  Copy:    {TEXTS['en'][f'copy-{purpose}']}",
        "  Since:   Sun, 01 Mar 2026 08:15:30 +0000",
        "  Answer:  451 4.3.0",
    ]


# ------------------------------------------------------------------------------------------------ the mailbox
def test_a_bypass_notice_reads_like_this():
    """To whom, since when, what kind of thing, and what to do; nothing of the mail."""
    said = body(notice.bypass_notice(["jane@corp.example", "tom@corp.example"], ["attachment", "notes"], SINCE, "Gateway/Outbox", COACH, STAMP)).splitlines()
    assert said == [
        TEXTS["en"]["bypass-opening"],
        "",
        "  To:      jane@corp.example",
        "  To:      tom@corp.example",
        "  Since:   Sun, 01 Mar 2026 08:15:30 +0000",
        "  Held:    attachment, notes",
        "",
        "It cannot be called back. What you can do now:",
        "",
        f"  1. {TEXTS['en']['bypass-tell']}",
        f"  2. {TEXTS['en']['bypass-again']}",
        f"  3. {TEXTS['en']['bypass-program']} Gateway/Outbox",
        "",
        TEXTS["en"]["bypass-record"],
    ]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_name_in_a_bypass_notice(kind):
    assert f"Held:    {TEXTS['en'][f'kind-{kind}']}" in body(notice.bypass_notice(["a@b.example"], [kind], SINCE, "Out", COACH, STAMP))


REFUSALS = {key.removeprefix("not-sent-") for key in TEXTS["en"] if key.startswith("not-sent-")} - {"subject", "opening", "then"}


@pytest.mark.parametrize("reason", sorted(REFUSALS))
def test_a_refusal_of_the_outbox_says_why(reason):
    assert TEXTS["en"][f"not-sent-{reason}"] in body(notice.not_sent_notice(reason, COACH, STAMP))


@pytest.mark.parametrize("trouble", sorted(notice.MAILBOX_TROUBLE))
def test_a_mailbox_that_cannot_be_read_is_told_with_the_cause(trouble):
    said = body(notice.mailbox_notice(trouble, SINCE, COACH, STAMP))
    assert said.startswith(notice.MAILBOX_TROUBLE[trouble] + "\n")
    assert "Since:   Sun, 01 Mar 2026 08:15:30 +0000" in said


@pytest.mark.parametrize("kind", DELIVERY_KINDS)
def test_only_a_copy_whose_fate_is_unclear_is_the_coachs_to_decide(kind):
    """Its notice names the commands with its id; of the others nothing is kept that could be sent again."""
    text = body(notice.delivery_notice(kind, "jane@corp.example", Purpose.PRIVATE, SINCE, "", COACH, STAMP, copy_id="c0ffee01"))
    commands = [line.strip() for line in text.splitlines() if "coachgate queue" in line]
    assert commands == (["coachgate queue again c0ffee01", "coachgate queue drop c0ffee01"] if kind == "unclear" else [])


def test_what_is_not_known_takes_no_line():
    assert "Answer" not in body(notice.delivery_notice("unclear", "a@b.example", Purpose.RAW, SINCE, "", COACH, STAMP, copy_id="c0ffee01"))
    assert "Copy" not in body(notice.delivery_notice("unclear", "a@b.example", Purpose.NOTICE, SINCE, "", COACH, STAMP, copy_id="c0ffee01"))
    assert "To:" not in body(notice.answer_notice("token-refused", "", COACH, STAMP))


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_has_its_sentence(answer):
    octets = notice.answer_notice(answer, "jane@corp.example", COACH, STAMP)
    assert body(octets).splitlines() == [TEXTS["en"][f"answer-{answer}"], "", "  To:      jane@corp.example"]
    assert read(octets)["Subject"] == "coachgate: Your answer"


def test_a_language_that_is_missing_is_english_and_none_has_holes():
    assert held_body(held(), language="tlh") == held_body(held())
    assert all(set(texts) == set(TEXTS["en"]) for texts in TEXTS.values())
    assert all(text.strip() == text and text.isprintable() and text for texts in TEXTS.values() for text in texts.values())


def test_another_language_takes_the_place_of_english_everywhere(monkeypatch):
    """No notice has a word outside the table but the commands and the programme's name."""
    monkeypatch.setattr(notice, "TEXTS", {"xx": {key: "ß" for key in TEXTS["en"]}})
    for octets in (
        notice.held_notice(held(), TOKEN, COACH, STAMP, language="xx"),
        notice.digest_notice([("company", "a@b.example")], COACH, STAMP, waiting=1, language="xx"),
        notice.delivery_notice("unclear", "a@b.example", Purpose.RAW, SINCE, "", COACH, STAMP, copy_id="c0ffee01", language="xx"),
        notice.answer_notice("diverted", "a@b.example", COACH, STAMP, language="xx"),
    ):
        ours = r"\w{3}, \d+ \w{3} [\d: +]+|a@b\.example|tom@corp\.example|coachgate (held [\w ]+|queue \w+ c0ffee01)(--reason CODE)?|send CODE|CODE: [\w-]+"
        text = re.sub(ours, "", body(octets))
        assert set(re.findall(r"[^\W\d]+", text)) <= {"ß", "divert", "release", "discard"}
        assert str(read(octets)["Subject"]) == "coachgate: ß"


# ------------------------------------------------------------------------------------------------ nothing slips in
def test_an_address_outside_ascii_is_written_so_that_any_server_takes_it():
    octets = notice.held_notice(held(recipient="jürgen@corp.example"), TOKEN, COACH, STAMP)
    assert read(octets)["Content-Transfer-Encoding"] == "quoted-printable"
    assert "  To:      jürgen@corp.example\n" in body(octets)
    assert all(len(line) <= 78 for line in octets.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
    assert read(EVERY_NOTICE[0])["Content-Transfer-Encoding"] == "7bit"


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=20))
def test_no_value_starts_a_line_or_a_field_of_its_own(recipient, name):
    """Whatever a path or a name holds, the notice has the same lines and fields."""
    coach = Coach(name, COACH.addresses)
    octets = notice.held_notice(held(recipient=f"{recipient}@corp.example"), TOKEN, coach, STAMP)
    assert read(octets).keys() == read(EVERY_NOTICE[0]).keys()
    assert len(body(octets).split("\n")) == len(body(EVERY_NOTICE[0]).split("\n"))


def test_a_coach_whose_address_cannot_stand_in_a_header_section_is_an_error():
    with pytest.raises(ValueError, match="not printable ASCII"):
        notice.held_notice(held(), TOKEN, Coach("Robin", (Mailbox("röbin", "vale.example"),)), STAMP)


# ------------------------------------------------------------------------------------------------ commands
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("divert", Command(Verb.DIVERT)),
        ("Divert.", Command(Verb.DIVERT)),
        ("  RELEASE  ", Command(Verb.RELEASE)),
        ("\r\n\r\ndiscard\r\n\r\nOn Monday, coachgate wrote:\r\n> divert", Command(Verb.DISCARD)),
        ("not-a-client\nthanks", Command(Verb.NOT_A_CLIENT)),
        *((f"send {code}", Command(Verb.SEND, code)) for code in EXCEPTION_CODES),
        ("Send  Threat-of-Harm.", Command(Verb.SEND, "threat-of-harm")),
        ("send", None),
        ("send it", None),
        ("send legal-order now", None),
        ("legal-order", None),
        ("divert please", None),
        ("do not discard", None),
        ("discard legal-order", None),
        ("discard..", None),
        ("> discard", None),
        ("hello\ndivert", None),
        ("", None),
        (".", None),
        (" \n\t\n", None),
    ],
)
def test_commands(text, expected):
    assert parse_command(text) == expected


@settings(deadline=None)
@given(st.text(string.ascii_letters + " .\n>-", max_size=30))
def test_nothing_but_the_offered_words_is_a_command(text):
    command = parse_command(text)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    words = first.lower().removesuffix(".").split()
    known = [[verb] for verb in Verb if verb is not Verb.SEND] + [["send", code] for code in EXCEPTION_CODES]
    assert (command is not None) == (words in known)


# ------------------------------------------------------------------------------------------------ tokens
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"coach+coachgate-{TOKEN}@coach.example", TOKEN),
        (f"robin+coachgate-{TOKEN}@vale.example", TOKEN),
        (f"Coach+CoachGate-{TOKEN.upper()}@Coach.Example", TOKEN),
        (f"coach+coachgate-{TOKEN}@vale.example", None),
        (f"robin+coachgate-{TOKEN}@coach.example", None),
        (f"jane+coachgate-{TOKEN}@corp.example", None),
        (f"coach+coachgate-{TOKEN}@sub.coach.example", None),
        (f"coach+x+coachgate-{TOKEN}@coach.example", None),
        (f"coach+coachgate-{TOKEN}.x@coach.example", None),
        ("coach+coachgate-short@coach.example", None),
        ("coach+coachgate-@coach.example", None),
        (f"{TOKEN}@coach.example", None),
        ("coach@coach.example", None),
    ],
)
def test_the_token_in_a_reply_address(address, expected):
    assert token_of(box(address), COACH.addresses) == expected
    assert expected is None or is_reply_shaped(box(address))


@pytest.mark.parametrize("address", ["jane@corp.example", "jane+coachgate-@corp.example", "coachgate-" + TOKEN + "@coach.example", TOKEN + "@coach.example"])
def test_an_address_of_another_shape_is_no_reply_address(address):
    assert not is_reply_shaped(box(address))


@pytest.mark.parametrize(("length", "fits"), [(19, False), (20, True), (48, True), (49, False)])
def test_a_token_is_long_enough_to_be_unguessable_and_fits_the_local_part(length, fits):
    """RFC 5321 section 4.5.3.1.1 allows 64 octets; "coach+coachgate-" takes 16 of them."""
    found = reply_mailbox(box("coach@coach.example"), "a" * length)
    assert (found is not None) == fits
    if found:
        assert len(found.local_part) <= MAX_LOCAL_PART
        assert parse_path(str(found).encode(), smtputf8=False) == found
        assert token_of(found, COACH.addresses) == "a" * length


@pytest.mark.parametrize("token", ["A" * 32, "a" * 31 + ".", "a b" * 10, "a" * 31 + "\n", "é" * 24])
def test_a_token_of_another_alphabet_is_none(token):
    assert reply_mailbox(box("c@coach.example"), token) is None


@pytest.mark.parametrize(("length", "valid"), [(64, True), (65, False)])
def test_a_token_has_an_upper_limit(length, valid):
    assert (token_of(Mailbox(f"coach+coachgate-{'a' * length}", "coach.example"), COACH.addresses) is not None) == valid


# ------------------------------------------------------------------------------------------------ what the daemon found by itself
def test_a_digest_carries_the_checkpoint_as_it_was_signed():
    """Found again in the mail as a mail program shows it, beside what went where; alone it has a subject of its own."""
    both = notice.digest_notice((("raw", "tom@corp.example"),), COACH, STAMP, waiting=2, checkpoint=(NOTE, KEY))
    for octets in (both, notice.digest_notice((), COACH, STAMP, checkpoint=(NOTE, KEY))):
        assert checkpoints_in(body(octets)) == parse_checkpoints(NOTE)
        assert key_in(body(octets)) == KEY
        assert "coachgate audit verify --checkpoint FILE --public-key FILE" in body(octets)
    assert read(both)["Subject"] == "coachgate: What went where"
    assert "tom@corp.example" in body(both)
    assert "Waiting for you: 2\n" in body(both)
    assert read(octets)["Subject"] == "coachgate: The record of today, signed"
    assert "gone out" not in body(octets)
    assert checkpoints_free(notice.digest_notice((("raw", "tom@corp.example"),), COACH, STAMP))


def checkpoints_free(octets: bytes) -> bool:
    return "coachgate/" not in body(octets)


def test_damage_is_told_by_opaque_ids_and_not_without_end():
    assert "  c0ffee01\n" in body(notice.damaged_notice(("c0ffee01",), COACH, STAMP))
    many = body(notice.damaged_notice(tuple(f"id{n:02}" for n in range(30)), COACH, STAMP))
    assert re.findall(r"(?m)^  (id\d\d|\.\.\.)$", many) == [*(f"id{n:02}" for n in range(20)), "..."]
    assert "coachgate queue again ID" in many


def test_an_older_database_is_told_with_what_waits_and_what_to_look_through():
    text = body(notice.rolled_back_notice(3, 2, COACH, STAMP))
    assert "none is sent unless you say so: 3\n" in text
    assert "none leaves unless you say so: 2\n" in text
    for command in ("queue list", "queue again ID", "queue drop ID", "held list", "user list", "client list", "contact list"):
        assert f"  coachgate {command}\n" in text


# ------------------------------------------------------------------------------------------------ meeting links
def test_a_digest_says_whose_platforms_the_links_lead_to():
    platforms = shipped().platforms
    summary = [("company", "jane@corp.example"), ("link zoom:unknown:warn", "jane@corp.example"), ("link zoom:unknown:warn", "tom@corp.example")]
    summary += [("link goto:coach:warn", "jane@corp.example"), ("link zoom:company:hold", "jane@corp.example"), ("link gone:free:warn", "jane@corp.example")]
    own = replace(COACH, meetings=Meetings(rooms=("whereby.com/vale",), zoom_vanity=("vale",)))
    said = body(notice.digest_notice(summary, own, STAMP, platforms=platforms)).splitlines()
    assert said[said.index(TEXTS["en"]["link-opening"]) :] == [
        "Meeting links, and who else can read there:",
        "  Zoom, jane@corp.example, tom@corp.example: went out",
        f"    {platforms.reason('zoom', Owner.UNKNOWN)}",
        "  GoTo Meeting, jane@corp.example: went out",
        f"    {platforms.reason('goto', Owner.COACH)}",
        "  Zoom, jane@corp.example: left out, the rest went out",
        f"    {platforms.reason('zoom', Owner.COMPANY)}",
        "  gone, jane@corp.example: went out",
        f"    {platforms.reason('gone', Owner.FREE)}",
        "  Of your own you have: whereby.com/vale, vale.zoom.us",
    ]
    bare = body(notice.digest_notice(summary[:2], COACH, STAMP)).splitlines()
    assert bare[-3:] == ["Meeting links, and who else can read there:", "  zoom, jane@corp.example: went out", f"  {TEXTS['en']['link-none']}"]


def test_a_digest_without_remarkable_links_does_not_speak_of_them():
    assert TEXTS["en"]["link-opening"] not in body(notice.digest_notice([("company", "jane@corp.example")], COACH, STAMP))


def test_a_notice_of_an_invitation_to_the_companys_platform_names_the_coachs_own():
    own = replace(COACH, meetings=Meetings(hosts=("cloud.coach.example",)))
    said = body(notice.held_notice(held(reason="company-platform"), TOKEN, own, STAMP))
    assert "Of your own you have: cloud.coach.example" in said
    assert TEXTS["en"]["why-company-platform"] in said
    assert TEXTS["en"]["link-none"] in held_body(held(reason="company-platform"))
    assert TEXTS["en"]["link-none"] not in held_body(held(reason="calendar"))
