"""Whom a message in a folder is for: strictly for one that is to be sent, with suspicion for one that was."""

from __future__ import annotations

import pytest

from gateway.core.addressed import REASONS, NotSendable, message_id, to_send, was_sent_to
from gateway.core.model import Coach, Mailbox
from gateway.core.notice import TEXTS

COACH = Coach("Robin Vale", (Mailbox("coach", "coach.example"), Mailbox("robin", "vale.example")), "Europe/Berlin")
FROM = "From: Robin Vale <coach@coach.example>"


def raw(*fields: str, body: bytes = b"Hello.\r\n") -> bytes:
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + body


def sent(*fields: str) -> list[str]:
    envelope, _ = to_send(raw(FROM, *fields), COACH, "mailbox", 1, 5)
    return [path.path for path in envelope.forward_paths]


def refused(octets: bytes) -> str:
    with pytest.raises(NotSendable) as caught:
        to_send(octets, COACH, "mailbox", 1, 5)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_the_recipients_are_those_of_to_cc_and_bcc_each_once() -> None:
    assert sent("To: Anna <a@x.example>, b@x.example", "Cc: c@x.example (cc),\r\n a@x.example", "Bcc: d@x.example") == [
        "a@x.example",
        "b@x.example",
        "c@x.example",
        "d@x.example",
    ]


def test_the_domain_is_judged_as_it_is_written() -> None:
    """What is sent on is the address byte for byte; what is compared is its A-label form."""
    envelope, _ = to_send(raw(FROM, "To: dana@Acmé.example"), COACH, "mailbox", 1, 5)
    (path,) = envelope.forward_paths
    assert path.path == "dana@Acmé.example"
    assert path.mailbox.domain == "xn--acm-dma.example"
    assert envelope.smtputf8


def test_the_author_is_the_return_path_and_who_may_write() -> None:
    envelope, octets = to_send(raw("From: robin@vale.example", "To: a@x.example"), COACH, "mailbox", 1, 5)
    assert str(envelope.reverse_path) == "robin@vale.example"
    assert envelope.authors == ("coach@coach.example", "robin@vale.example")
    assert envelope.login_role == "", "whoever can write into a folder gives no answers in the coach's name"
    assert not envelope.body_8bit
    assert octets == raw("From: robin@vale.example", "To: a@x.example")


def test_bcc_leaves_the_octets_and_stays_in_the_envelope() -> None:
    envelope, octets = to_send(raw(FROM, "Bcc: a@x.example,\r\n b@x.example", "Subject: s"), COACH, "mailbox", 1, 5)
    assert len(envelope.forward_paths) == 2
    assert octets == raw(FROM, "Subject: s")


GROUPS = ["Friends: a@x.example, b@x.example;", "undisclosed-recipients:;", '"Vale; Robin: x" <a@x.example>', "a@x.example (team: y;)"]


@pytest.mark.parametrize("to", [*GROUPS, "a@x.example <a@x.example>"])
def test_groups_are_read_and_their_marks_in_quotes_are_none(to: str) -> None:
    assert set(sent(f"To: {to}", "Cc: a@x.example")) <= {"a@x.example", "b@x.example"}


@pytest.mark.parametrize(
    "to",
    [
        "@a.example:b@c.example", "<@a.example:b@c.example>", "Team: a@x.example", "a@x.example; b@x.example", "Team; a@x.example", "a@x.example b@x.example",
        "a@x", "<a@x.example", "a@x.example>", '"a b"@x.example', "a@[192.0.2.1]", "a%b@x.example", "a@x.example <b@x.example> <c@x.example>",
        "=?utf-8?q?a=40x.example?=", "a@x.example.", "a@x.example <b@x.example>", "Anna a@x.example", "a@x.example Anna",
    ],
)  # fmt: skip
def test_an_address_that_could_be_read_in_two_ways_sends_nothing(to: str) -> None:
    assert refused(raw(FROM, f"To: {to}", "Cc: c@x.example")) == "address"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (raw(FROM, "To: a@x.example").replace(b"\r\n\r\n", b"\r\n\r\nx\ny"), "line-end"),
        (raw(FROM, "To: a@x.example", body=b"\0"), "line-end"),
        (b"From: coach@coach.example\r\nTo: a@x.example\r\n", "header"),
        (raw(FROM, "To: a@x.example", "To: b@x.example"), "header"),
        (raw(FROM, FROM, "To: a@x.example"), "header"),
        (raw(FROM, "To: a@x.example", "no field"), "header"),
        (raw(FROM, "To: a@x.example", "X: y\r\n \r\n z"), "header"),
        (raw(FROM, "To: " + ", ".join(f"a{n}@x.example" for n in range(200))), "header"),
        (raw(FROM).replace(b"Vale", b"V\xe4le").replace(b"\r\n\r\n", b"\r\nTo: a@x.example\r\n\r\n"), "header"),
        (raw("From: thief@elsewhere.example", "To: a@x.example"), "author"),
        (raw(FROM + ", thief@elsewhere.example", "To: a@x.example"), "author"),
        (raw("To: a@x.example"), "author"),
        (raw("From: ", "To: a@x.example"), "author"),
        (raw(FROM, "To: a@x.example", "Resent-To: b@x.example"), "resent"),
        (raw(FROM, "Subject: s"), "no-recipient"),
        (raw(FROM, "To: "), "no-recipient"),
        (raw(FROM, "To: " + ", ".join(f"a{n}@x.example" for n in range(6))), "too-many"),
    ],
)
def test_what_is_no_clear_order_is_refused_with_its_reason(octets: bytes, reason: str) -> None:
    assert refused(octets) == reason


def test_every_reason_has_its_sentence() -> None:
    assert [r for r in REASONS if f"not-sent-{r}" not in TEXTS["en"]] == []


# ------------------------------------------------------------------------------------------------ what was sent
def suspected(*fields: str) -> set[str]:
    return {path.path for path in was_sent_to(raw(*fields).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")}


def test_every_field_that_names_a_recipient_counts() -> None:
    assert suspected("To: a@x.example", "CC : b@x.example", "Bcc: c@x.example", "Resent-To: d@x.example", "To: e@x.example", "From: f@x.example") == {
        f"{name}@x.example" for name in "abcde"
    }


STRANGE = ['"dana w"@acme.example', "dana%x@acme.example", "<@hop.example:dana@acme.example>", "<dana@acme.example", "dana at desk @acme.example."]


@pytest.mark.parametrize("to", STRANGE)
def test_what_cannot_be_read_counts_for_its_domain(to: str) -> None:
    """A company must not be overlooked because a program wrote strangely."""
    assert "acme.example" in {path.rpartition("@")[2] for path in suspected(f"To: {to}")}


def test_a_name_that_looks_like_an_address_is_a_name() -> None:
    assert suspected('To: "dana@acme.example" <dana@home.example>') == {"dana@home.example"}


def test_no_words_are_no_recipient() -> None:
    assert suspected("To: friends and family", "Subject: a@x.example", "broken") == set()
    assert suspected("To: a b @-") == set()


def test_a_message_id_counts_where_there_is_one() -> None:
    """Of two, nobody can say which is meant."""
    assert message_id(b"Message-ID:\r\n <a@x.example>\r\n\r\n") == "<a@x.example>"
    assert message_id(b"Subject: s\r\n\r\n") == ""
    assert message_id(b"Message-ID: <a@x.example>\r\nMessage-Id: <b@x.example>\r\n\r\n") == ""
