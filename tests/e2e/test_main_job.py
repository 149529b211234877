"""The main job over real SMTP with real OpenPGP: what each recipient gets."""

from __future__ import annotations

import email.policy
import json
import re
from email import message_from_bytes
from email.message import EmailMessage

import pytest

from tests.e2e.stage import (
    ASSISTANT,
    COACH,
    COLLEAGUE,
    FRIEND,
    HOME,
    KEYLESS,
    KEYLESS_HOME,
    SPONSOR,
    STRANGER,
    WORK,
    Stage,
    mail,
    running,
)

NOTES = "Dana, you said you freeze whenever Viktor raises his voice.\nTry the two-breath pause.\n"
SLOT = "Hi Dana,\n\nThursday 14:00 to 15:00 works.\n\nRobin\n"


@pytest.fixture(scope="module")
def stage():
    with running() as built:
        yield built


@pytest.fixture(autouse=True)
def _clean(stage: Stage):
    stage.drained()
    stage.sink.mail.clear()


def test_scheduling_reaches_the_company_as_a_new_mail(stage: Stage):
    """The time arrives, under our own Message-ID, and nothing of the original's header."""
    stage.send(mail(SLOT, X_Notes="resignation letter"), WORK)
    (copy,) = stage.sink.wait_for(WORK)
    assert b"Thursday 14:00 to 15:00" in copy
    assert b"resignation" not in copy
    assert b"X-Notes" not in copy


def test_notes_go_sealed_to_the_personal_address(stage: Stage):
    """Nothing for the company; the whole original inside, the real subject protected, the outer one neutral."""
    raw = mail(NOTES, subject="What we said about Viktor")
    stage.send(raw, WORK)
    (copy,) = stage.sink.wait_for(HOME)
    assert not stage.sink.to(WORK)
    assert b"Viktor" not in copy
    inside = stage.decrypt(copy)
    assert raw.strip() in inside
    assert b"Subject: What we said about Viktor" in inside.split(b"\r\n\r\n")[0]
    assert message_from_bytes(copy)["Autocrypt"].startswith(f"addr={COACH};")


def test_a_mixed_mail_is_parted(stage: Stage):
    """The company learns the time, the personal address the whole."""
    stage.send(
        mail("Hi Dana,\n\nLet's meet on Tuesday 9 June at 10:30 instead.\n\nThink about the promotion you were denied.\n\nRobin\n", subject="Re: Tuesday"), WORK
    )
    (company,), (private,) = stage.sink.wait_for(WORK), stage.sink.wait_for(HOME)
    assert b"10:30" in company
    assert b"promotion" not in company
    assert b"promotion you were denied" in stage.decrypt(private)


def test_both_sides_addressed_give_one_private_copy(stage: Stage):
    """A mail to both addresses of a client makes one sealed copy, not two."""
    stage.send(mail(NOTES), [WORK, HOME])
    stage.sink.wait_for(HOME)
    stage.drained()
    assert len(stage.sink.to(HOME)) == 1


@pytest.mark.parametrize(
    ("to", "reason"),
    [(SPONSOR, "sponsor-without-consent"), (COLLEAGUE, "colleague"), (ASSISTANT, "support"), (STRANGER, "unknown-recipient"), (KEYLESS, "key-missing")],
)
def test_notes_wait_where_they_have_nowhere_to_go(stage: Stage, to: str, reason: str):
    """Held, with a reason; the coach is told, without a word of the content."""
    before = {item["id"] for item in stage.held()}
    stage.send(mail(NOTES, to=to), to)
    stage.drained()
    (item,) = [i for i in stage.held() if i["id"] not in before]
    assert (item["recipient"], item["reason"]) == (to, reason)
    assert not stage.sink.to(to)
    notice = next(m for m in stage.sink.wait_for(COACH) if to.encode() in m)
    assert b"two-breath" not in notice
    assert b"Viktor" not in notice


def test_text_in_disguise_waits_and_takes_the_appointment_with_it(stage: Stage):
    """Nothing is composed beside it, nor on the word "release"; the coach may still send the whole, sealed."""
    before = {item["id"] for item in stage.held()}
    mixed = EmailMessage()
    mixed.set_content(SLOT)
    mixed.add_attachment("не в четверг, а завтра вечером".encode("koi8-r"), maintype="text", subtype="plain", disposition="inline", cte="base64")
    raw = b"From: Robin Vale <" + COACH.encode() + b">\r\nTo: " + WORK.encode() + b"\r\nSubject: Thursday\r\n" + mixed.as_bytes(policy=email.policy.SMTP)
    stage.send(raw, WORK)
    stage.drained()
    (item,) = [i for i in stage.held() if i["id"] not in before]
    assert (item["recipient"], item["reason"]) == (WORK, "disguised")
    assert b"so that the gateway cannot read it" in next(m for m in stage.sink.wait_for(COACH) if WORK.encode() in m)
    assert "say the appointment in a text of your own" in stage.command("held", "release", item["id"], check=False)
    assert not stage.sink.to(WORK)
    assert not stage.sink.to(HOME)
    stage.command("held", "divert", item["id"])
    (copy,) = stage.sink.wait_for(HOME)
    assert b"Thursday 14:00 to 15:00" in stage.decrypt(copy)


def test_a_contact_who_is_no_client_gets_the_octets_untouched(stage: Stage):
    """Raw means raw."""
    raw = mail("Two hundred cards, please.\n", to=FRIEND)
    stage.send(raw, FRIEND)
    (copy,) = stage.sink.wait_for(FRIEND)
    assert copy == raw


def test_blind_recipients_stay_blind(stage: Stage):
    """Bcc is in no copy, and no copy shows another recipient."""
    raw = mail(SLOT, Bcc=f"{WORK}, {STRANGER}", to=COACH)
    stage.send(raw, [WORK, STRANGER])
    for address, other in ((WORK, STRANGER), (STRANGER, WORK)):
        (copy,) = stage.sink.wait_for(address)
        assert other.encode() not in copy
        assert b"Bcc" not in copy


def test_a_repeated_submission_is_taken_once(stage: Stage):
    """Same login, Message-ID and octets: the second 250 does nothing."""
    raw = mail(SLOT)
    stage.send(raw, WORK)
    stage.send(raw, WORK)
    stage.drained()
    assert len(stage.sink.to(WORK)) == 1


def test_a_held_item_leaves_by_itself_when_a_key_is_there(stage: Stage):
    """The coach imports the key, and what waited for it goes out sealed."""
    raw = mail("Milo, what you said about your brother stays with me.", to=KEYLESS)
    stage.send(raw, KEYLESS)
    stage.drained()
    key = stage.make_key(KEYLESS_HOME)
    (stage.folder / "milo.toml").write_text(
        f'[[client]]\nname = "Milo Brandt"\nwork = ["{KEYLESS}"]\nwork_domains = ["beta.example"]\npersonal = "{KEYLESS_HOME}"\n'
        f'key_file = "{key}"\nkey_verified = true\n'
    )
    waiting = sum(item["recipient"] == KEYLESS for item in stage.held())
    stage.command("client", "import", str(stage.folder / "milo.toml"))
    assert any(b"your brother stays with me" in stage.decrypt(m) for m in stage.sink.wait_for(KEYLESS_HOME, waiting))
    assert not stage.sink.to(KEYLESS)


def test_the_command_line_acts_on_held_items(stage: Stage):
    """Release after an edit passes only scheduling; send as is needs a reason code; discard erases."""
    ids = []
    for _ in range(3):
        before = {i["id"] for i in stage.held()}
        stage.send(mail(NOTES, to=STRANGER, Bcc="friend@home.example"), STRANGER)
        ids += [i["id"] for i in stage.held() if i["id"] not in before]
    edited = stage.folder / "edited.txt"
    edited.write_text("Your resignation is safe with me. Thursday 14:00 works.\n")
    assert "not understood" in stage.command("held", "release", ids[0], "--text-file", str(edited), check=False)
    edited.write_text("Thursday 14:00 works.\n")
    stage.command("held", "release", ids[0], "--text-file", str(edited))
    assert b"Thursday 14:00" in stage.sink.wait_for(STRANGER)[0]
    assert "reason must be one of" in stage.command("held", "send", ids[1], "--reason", "because", check=False)
    stage.command("held", "send", ids[1], "--reason", "threat-of-harm")
    as_is = stage.sink.wait_for(STRANGER, 2)[1]
    assert b"two-breath" in as_is
    assert b"friend@home.example" not in as_is, "who was blind stays blind"
    stage.command("held", "discard", ids[2])
    assert not {i["id"] for i in stage.held()} & set(ids)


def test_a_reply_to_the_notice_acts_once(stage: Stage):
    """One word to the one-time address; a second use is refused, and a stranger's word would be no plain text of ours anyway."""
    stage.send(mail(NOTES, to=STRANGER), STRANGER)
    notice = next(m for m in stage.sink.wait_for(COACH) if b"Reply-To" in m)
    address = re.search(rb"Reply-To: <([^>]+)>", notice.replace(b"\r\n ", b" "))[1].decode()
    held = len(stage.held())
    stage.send(mail("perhaps later\n", to=address), address)
    assert len(stage.held()) == held
    stage.send(mail("discard\n", to=address), address)
    assert len(stage.held()) == held - 1
    stage.send(mail("discard\n\n--\nRobin\n", to=address), address)
    stage.drained()
    assert any(b"given before" in m for m in stage.sink.to(COACH))


def test_the_gateways_own_mail_does_not_go_round(stage: Stage):
    """A copy that comes back is refused as a loop."""
    stage.send(mail(SLOT), WORK)
    (copy,) = stage.sink.wait_for(WORK)
    with pytest.raises(Exception, match="mail loop"):
        stage.send(copy, WORK)


def test_another_authors_from_is_refused(stage: Stage):
    """RFC 6409 section 8.1: a login writes as itself."""
    with pytest.raises(Exception, match="may not send as"):
        stage.send(mail(SLOT).replace(COACH.encode(), b"boss@acme.example"), WORK)


def test_an_attachment_is_never_told_to_the_company(stage: Stage):
    """Content, file name and type stay inside the sealed copy."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = COACH, WORK, "Worksheet"
    message.set_content("Thursday 14:00 works.\n")
    message.add_attachment(b"%PDF values", maintype="application", subtype="pdf", filename="Dana_burnout_plan.pdf")
    stage.send(message.as_bytes(), WORK)
    (company,), (private,) = stage.sink.wait_for(WORK), stage.sink.wait_for(HOME)
    assert b"pdf" not in company.lower()
    assert b"Dana_burnout_plan.pdf" in stage.decrypt(private)


def test_explain_says_what_would_happen_without_sending(stage: Stage):
    """Every sentence, the verdict, and the copies that would be made."""
    file = stage.folder / "draft.eml"
    file.write_bytes(mail("Hi Dana,\n\nThursday 14:00 works.\n\nThe diagnosis frightens you.\n\nRobin\n"))
    answer = json.loads(stage.command("explain", str(file), "--to", WORK, "--json"))
    sentences = {s["text"]: s for s in answer[0]["reading"]["sentences"]}
    assert not sentences["The diagnosis frightens you."]["approved"]
    assert any(f"private to {HOME}" == c for c in answer[-1]["copies"])
    stage.drained()
    assert not stage.sink.to(WORK)


def test_the_log_and_the_audit_hold_no_content_and_no_address(stage: Stage):
    """Operator log and audit export: ids, counts, codes."""
    text = stage.log.read_text() + stage.command("audit", "export")
    for canary in ("Viktor", "two-breath", "brother", "Worksheet", WORK, HOME, STRANGER, "acme.example"):
        assert canary not in text
    assert "consistent" in stage.command("audit", "verify")
