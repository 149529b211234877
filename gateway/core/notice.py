"""The gateway's own words to the coach: notices (RFC 5322, RFC 3834), and the commands that answer them.

A notice goes to the coach's own mailbox and quotes nothing of a mail: no subject, no file name, no sentence; it names the recipient, the time,
the reason and the number of parts. Every text stands in one table a language. Every notice is `Auto-Submitted: auto-generated`, so that
no programme answers it. A held mail is answered by replying with one word to an address that holds a one-time token.
"""

from __future__ import annotations

import quopri
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

from gateway.core.address import MAX_LOCAL_PART
from gateway.core.compose import Stamp
from gateway.core.header import address_words, date_words, field, text_words
from gateway.core.meeting import MeetingLink
from gateway.core.model import Coach, HeldItem, Mailbox, Purpose
from gateway.core.platforms import NO_PLATFORMS, Platforms
from gateway.core.policy import EXCEPTION_CODES

SENDER_NAME = "coachgate"
_TAG = "+coachgate-"
_MOST_SHOWN = 20  # ids in one notice
_TOKEN = re.compile(r"[a-z0-9]{20,64}")


class Verb(StrEnum):
    """What the coach may say of a held mail. Closed: anything else is no command."""

    DIVERT = "divert"
    RELEASE = "release"
    DISCARD = "discard"
    SEND = "send"
    NOT_A_CLIENT = "not-a-client"


@dataclass(frozen=True, slots=True)
class Command:
    """A verb; `code` is one of `policy.EXCEPTION_CODES` with SEND, else empty."""

    verb: Verb
    code: str = ""


DELIVERY_KINDS = ("delayed", "failed", "gave-up", "unclear")
ANSWERS = ("diverted", "released", "sent-as-is", "discarded", "resolved", "not-done", "not-understood", "token-refused")

_ENGLISH: Mapping[str, str] = {
    "held-subject": "A mail of yours is waiting",
    "held-opening": "A mail of yours waits in the gateway and has not gone to this address:",
    "held-told": "The appointment in it has gone out already, in newly written words. The rest waits:",
    "held-reply": "Reply to this mail with one of these as its first line (the reply goes to the gateway alone, and works once):",
    "held-command": "Or on the gateway's machine:",
    "do-divert": "send all of it, sealed, to the client's personal address",
    "do-release": "send the appointment in it, if all of it is understood as one",
    "do-discard": "erase it; it is then gone",
    "do-send": "send it as you wrote it, readable; CODE says why you may",
    "do-not-a-client": "this address has nothing to do with any client: send it as you wrote it, and remember",
    "label-to": "To",
    "label-since": "Since",
    "label-parts": "Parts",
    "label-why": "Why",
    "label-answer": "Answer",
    "why-key-missing": "There is no key for your client's personal address yet. It leaves by itself once there is one.",
    "why-key-expired": "Your client's key has expired. It leaves by itself once there is a new one.",
    "why-key-revoked": "Your client has revoked the key. It leaves by itself once there is a new one.",
    "why-key-not-for-encryption": "Your client's key can sign but not encrypt. It leaves by itself once there is one that can.",
    "why-key-too-weak": "Your client's key is too weak to rely on. It leaves by itself once there is a stronger one.",
    "why-key-other-address": "Your client's key belongs to another address. It leaves by itself once there is a key for this one.",
    "why-key-ambiguous": "More than one key could be meant. It leaves by itself once one of them is chosen.",
    "why-key-v6": "Your client's key is of a newer kind than this gateway's encryption can use. It leaves by itself once there is another.",
    "why-key-unverified": "You have not compared the key's fingerprint with your client yet. It leaves by itself once you have.",
    "why-no-personal-address": "No personal address of this client is on record. It leaves by itself once there is one, with a key.",
    "why-personal-address-unfit": "The personal address on record is at a company or is shared by two clients, so it is not private.",
    "why-sponsor-without-consent": "This is a sponsor, and there is no consent of your client for sharing this.",
    "why-consent-on-record": "This is a sponsor. Your client's consent to share is on record; whether it covers this mail is for you to say.",
    "why-colleague": "This address is at a client's company and is not your client's own.",
    "why-support": "This is an assistant of yours, who may know the diary and nothing else.",
    "why-unknown-recipient": "Nobody has said yet who this is: a client, a sponsor, or no client at all.",
    "why-policy": "A rule of yours keeps this from going out by itself.",
    "why-disguised": "Part of it is written so that the gateway cannot read it (mixed alphabets, letters set apart or turned round, a wrong charset).",
    "why-calendar": "The calendar entry in it cannot be rebuilt without guessing (damaged, an unclear time zone, or a change of a series from one day on).",
    "why-company-platform": "The only way into this meeting is on your client's company's own platform. Whoever pays for a platform can read there and record.",
    "why-unreadable": "A part of it could not be read, so nobody can say what it holds.",
    "why-restored": "The gateway's memory was put back to an older state, so you may have dealt with this already. It waits until you say.",
    "why-loop": "It looks like a mail that has been through the gateway before.",
    "why-engine": "The gateway could not finish its work on it.",
    "told-subject": "What went where",
    "told-opening": "Your mail has gone out like this:",
    "told-company": "The appointment alone, in newly written words, to",
    "told-private": "All of it, sealed, to",
    "told-raw": "As you wrote it, to",
    "told-waiting": "Waiting for you",
    "link-opening": "Meeting links, and who else can read there:",
    "link-passed": "went out",
    "link-barred": "left out, the rest went out",
    "link-own": "Of your own you have",
    "link-none": "You have listed no platform or room of your own; see [meetings] in the configuration.",
    "signed-subject": "The record of today, signed",
    "signed-opening": "The audit record as it is now, signed. Keep this mail: whoever changes the record later cannot change this.",
    "signed-key": "The record's public key:",
    "signed-check": "To check the record, save this mail as a file and run on the gateway's machine:",
    "damaged-subject": "Stored mail does not open any more",
    "damaged-opening": "These copies lie in the gateway and cannot be opened: the master key is another one, or the disk is damaged. They have not gone out.",
    "damaged-again": "Once the right master key or a backup is back in place, have each sent again, or erased:",
    "rolled-back-subject": "The gateway's memory is older than it should be",
    "rolled-back-opening": "The gateway started with a database that lacks what it has signed since: a backup was put back, by the operator or another.",
    "rolled-back-copies": "Copies that may have gone out already; none is sent unless you say so:",
    "rolled-back-held": "Held mails that you may have dealt with already; none leaves unless you say so:",
    "rolled-back-see": "On the gateway's machine:",
    "rolled-back-people": "Logins, clients and contacts are as they were then. Please look through them:",
    "rolled-back-lost": "Mail accepted after that state is not in the gateway any more. It lies in the Sent folder of your mail program.",
    "delayed-subject": "A mail of yours is late",
    "delayed-opening": "The next mail server has not taken this mail yet. The gateway goes on trying; there is nothing to do.",
    "failed-subject": "A mail of yours was refused",
    "failed-opening": "The next mail server refused this mail for good. It did not arrive.",
    "gave-up-subject": "A mail of yours was not delivered",
    "gave-up-opening": "The gateway has tried for too long and has stopped. The mail did not arrive.",
    "unclear-subject": "A mail of yours may have arrived",
    "unclear-opening": "The next mail server fell silent after taking this mail. It may have arrived or not, so it is not repeated: please ask the reader.",
    "unclear-again": "If it did not arrive, have it sent again, under the same Message-ID, on the gateway's machine:",
    "unclear-drop": "If it did arrive, or does not matter any more, have it erased (after 30 days that happens by itself):",
    "copy-company": "the appointment alone",
    "copy-private": "the sealed copy",
    "copy-raw": "the mail as you wrote it",
    "label-copy": "Copy",
    "answer-subject": "Your answer",
    "answer-diverted": "Done: all of it goes, sealed, to the client's personal address.",
    "answer-released": "Done: the appointment goes out in newly written words.",
    "answer-sent-as-is": "Done: it goes out as you wrote it. The reason you gave is in the audit log.",
    "answer-discarded": "Done: it is erased.",
    "answer-resolved": "Done: who this is will be remembered, and the mail goes out accordingly.",
    "answer-not-done": 'Not done; the mail still waits. On the gateway\'s machine, the same command of "coachgate held" says what is missing.',
    "answer-not-understood": "Not done: the first line of your reply was none of the words offered. The mail still waits.",
    "answer-token-refused": "Not done: that answer was given before, or the notice it belongs to is not known.",
    "bypass-subject": "A mail of yours went round the gateway",
    "bypass-opening": "A mail in your Sent folder went to a company without passing the gateway, and it held more than an appointment:",
    "bypass-now": "It cannot be called back. What you can do now:",
    "bypass-tell": "Tell your client, by telephone or in your next talk. The company owns that mailbox, and may keep the mail when she erases it.",
    "bypass-again": "Send what she needs once more, through the gateway: it goes to her personal address, sealed.",
    "bypass-program": "Set up the program it came from: its outgoing server must be the gateway. Where that cannot be done, put mail into this folder instead:",
    "bypass-record": "The audit log has it, without its content.",
    "label-kinds": "Held",
    "kind-notes": "notes",
    "kind-attachment": "attachment",
    "kind-opaque": "something that cannot be read",
    "kind-disguised": "text in disguise",
    "kind-calendar": "a calendar entry that cannot be rebuilt",
    "kind-platform": "an invitation to the company's own meeting platform",
    "kind-scheduling": "scheduling",
    "not-sent-subject": "A mail in your outbox was not sent",
    "not-sent-opening": "The mail beside this one was not sent to anybody. It lies here, in the folder for mail that was not sent.",
    "not-sent-then": "Mend it and move it into the outbox again, or erase it.",
    "not-sent-line-end": "Its lines end in a way that other servers could misread. Have your mail program write it anew.",
    "not-sent-header": "Its header can be read in two ways (a field twice, or a broken line). Have your mail program write it anew.",
    "not-sent-author": "Its From is not an address of yours that the gateway knows.",
    "not-sent-resent": "It was redirected (Resent fields), so it has two sets of recipients. Forward it instead.",
    "not-sent-address": "A recipient's address is written in a form that could mean two mailboxes.",
    "not-sent-no-recipient": "It names no recipient.",
    "not-sent-too-many": "It names more recipients than the gateway takes for one mail.",
    "not-sent-answer": "It answers a notice. Send such an answer with the mail program whose outgoing server is the gateway, or use the command in the notice.",
    "not-sent-size": "It is larger than the gateway accepts.",
    "not-sent-loop": "It has been through the gateway before.",
    "not-sent-other": "The gateway does not take it.",
    "mailbox-subject": "The gateway cannot read your mailbox",
    "mailbox-opening": "Until it can, mail in the outbox folder waits there, and nobody watches your Sent folder. The gateway goes on trying.",
    "mailbox-login": "The login was refused: another password, or a token that has expired. Put the new one into the file that the configuration names.",
    "mailbox-secret": "The file with the password or token cannot be read.",
    "mailbox-connect": "The server cannot be reached.",
    "mailbox-tls": "The server's certificate does not check out.",
    "mailbox-timeout": "The server does not answer.",
    "mailbox-closed": "The server ends the conversation again and again.",
    "mailbox-capability": "The server cannot do what is needed (for instance STARTTLS).",
    "mailbox-protocol": "The server answers in a way that is no IMAP.",
    "mailbox-quota": "The mailbox is full.",
    "mailbox-refused": "The server refuses a folder or a message.",
    "mailbox-renumbered": "The server numbers the messages anew again and again.",
}
TEXTS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH}

HOLD_REASONS: Mapping[str, str] = {key.removeprefix("why-"): text for key, text in _ENGLISH.items() if key.startswith("why-")}
"""Why something waits: a closed vocabulary, each with the coach's sentence."""

MAILBOX_TROUBLE: Mapping[str, str] = {
    key.removeprefix("mailbox-"): text for key, text in _ENGLISH.items() if key.startswith("mailbox-") and key not in ("mailbox-subject", "mailbox-opening")
}
"""Why the mailbox cannot be read: a closed vocabulary, each with the coach's sentence."""

_ANSWERED_BY = {
    "consent-on-record": (Verb.SEND, Verb.DIVERT, Verb.RELEASE, Verb.DISCARD),
    "unknown-recipient": (Verb.NOT_A_CLIENT, Verb.RELEASE, Verb.SEND, Verb.DISCARD),
    "disguised": (Verb.DIVERT, Verb.SEND, Verb.DISCARD),
    "loop": (Verb.DISCARD,),
}
_OTHERWISE = (Verb.DIVERT, Verb.RELEASE, Verb.SEND, Verb.DISCARD)


# ------------------------------------------------------------------------------------------------ the notices
def held_notice(item: HeldItem, token: str, coach: Coach, stamp: Stamp, *, told: bool = False, language: str = "en") -> bytes:
    """Something waits. `token` is one-time and unguessable; `told` says that a company copy of the same mail went to the same address.

    RFC 5322 octets, CRLF, ASCII. Raises ValueError for a coach's address outside ASCII.
    """
    say = _texts(language)
    verbs = [v for v in _ANSWERED_BY.get(item.reason, _OTHERWISE) if v is not Verb.DIVERT or _has_private_side(item)]
    lines = [
        say["held-told" if told else "held-opening"],
        "",
        *_facts(
            (say["label-to"], item.recipient.path),
            (say["label-since"], _moment(item.since)),
            (say["label-parts"], str(item.part_count)),
            (say["label-why"], say.get(f"why-{item.reason}", say["why-engine"])),
        ),
        "",
    ]
    if item.reason == "company-platform":
        lines += [_own_rooms(coach, say), ""]
    address = reply_mailbox(coach.addresses[0], token)
    if address:
        lines += [say["held-reply"], "", *(f"  {_usage(v):<14}{say[f'do-{v}']}" for v in verbs)]
        lines += [f"  {'':<14}CODE: {code}" for code in EXCEPTION_CODES if Verb.SEND in verbs]
        lines += [""]
    lines += [say["held-command"], "", f"  coachgate held show {item.id}"]
    lines += [f"  coachgate held {v} {item.id}{' --reason CODE' if v is Verb.SEND else ''}" for v in verbs if v is not Verb.NOT_A_CLIENT]
    return _octets(coach, stamp, say["held-subject"], lines, reply_to=address)


def digest_notice(
    summary: Sequence[tuple[str, str]], coach: Coach, stamp: Stamp, *,
    waiting: int = 0, checkpoint: tuple[str, str] | None = None, platforms: Platforms = NO_PLATFORMS, language: str = "en",
) -> bytes:
    """What went where since the last one. `summary`: pairs of "company" | "private" | "raw" | "link CODE" (of a `MeetingLink`) and the recipient's path;
    `waiting`: number of held items; `platforms`: what is to be said of links.

    `checkpoint`: a signed note of the audit log and the public key it verifies with; then the whole mail is what `audit verify` reads.
    """
    say = _texts(language)
    lines = [say["told-opening"], ""] if summary else []
    for purpose in (Purpose.COMPANY, Purpose.PRIVATE, Purpose.RAW):
        paths = Counter(path for word, path in summary if word == purpose)
        if paths:
            lines += [f"{say[f'told-{purpose}']}:", *(f"  {_printable(p)}{f' ({n} x)' if n > 1 else ''}" for p, n in sorted(paths.items())), ""]
    lines += _links(summary, platforms, coach, say)
    if waiting:
        lines += [f"{say['told-waiting']}: {waiting}", ""]
    if checkpoint:
        note, key = checkpoint
        lines += [say["signed-opening"], "", *note.splitlines(), "", say["signed-key"], "", key, "", say["signed-check"], ""]
        lines += ["  coachgate audit verify --checkpoint FILE --public-key FILE"]
    return _octets(coach, stamp, say["told-subject" if summary else "signed-subject"], lines)


def damaged_notice(copy_ids: Sequence[str], coach: Coach, stamp: Stamp, *, language: str = "en") -> bytes:
    """Copies that do not open any more, by their opaque ids: what they are, and for whom, cannot be read either."""
    say = _texts(language)
    shown = [f"  {copy_id}" for copy_id in copy_ids[:_MOST_SHOWN]] + ["  ..."] * (len(copy_ids) > _MOST_SHOWN)
    commands = ["  coachgate queue list", "  coachgate queue again ID", "  coachgate queue drop ID"]
    return _octets(coach, stamp, say["damaged-subject"], [say["damaged-opening"], "", *shown, "", say["damaged-again"], "", *commands])


def rolled_back_notice(copies: int, held: int, coach: Coach, stamp: Stamp, *, language: str = "en") -> bytes:
    """The database is older than it should be. `copies` and `held`: how many were set aside, so that nothing goes out twice by itself."""
    say = _texts(language)
    lines = [say["rolled-back-opening"], "", f"{say['rolled-back-copies']} {copies}", f"{say['rolled-back-held']} {held}", ""]
    lines += [say["rolled-back-see"], "", "  coachgate queue list", "  coachgate queue again ID", "  coachgate queue drop ID", "  coachgate held list", ""]
    lines += [say["rolled-back-people"], "", *(f"  coachgate {noun} list" for noun in ("user", "client", "contact")), "", say["rolled-back-lost"]]
    return _octets(coach, stamp, say["rolled-back-subject"], lines)


def delivery_notice(
    kind: str, recipient: str, purpose: Purpose, since: datetime, reply: str, coach: Coach, stamp: Stamp, *, copy_id: str, language: str = "en"
) -> bytes:
    """What became of one copy. `kind` is one of DELIVERY_KINDS; `reply` the next hop's code and enhanced code, never its prose.

    Of a copy whose fate is unclear it also says how to have it sent again, or erased.
    """
    say = _texts(language)
    facts = _facts(
        (say["label-to"], recipient),
        (say["label-copy"], say.get(f"copy-{purpose}", "")),
        (say["label-since"], _moment(since)),
        (say["label-answer"], reply),
    )
    lines = [say[f"{kind}-opening"], "", *facts]
    if kind == "unclear":
        for what in ("again", "drop"):
            lines += ["", say[f"unclear-{what}"], "", f"  coachgate queue {what} {copy_id}"]
    return _octets(coach, stamp, say[f"{kind}-subject"], lines)


def bypass_notice(
    recipients: Sequence[str], kinds: Sequence[str], seen: datetime, outbox: str, coach: Coach, stamp: Stamp, *, language: str = "en"
) -> bytes:
    """A mail to a company was sent without the gateway. `kinds` of content, never the content; `outbox` is the folder that sends through the gateway."""
    say = _texts(language)
    lines = [say["bypass-opening"], ""]
    lines += _facts(*((say["label-to"], path) for path in recipients[:_MOST_SHOWN]), (say["label-since"], _moment(seen)))
    lines += [*_facts((say["label-kinds"], ", ".join(say[f"kind-{kind}"] for kind in kinds))), "", say["bypass-now"], ""]
    steps = (say["bypass-tell"], say["bypass-again"], f"{say['bypass-program']} {_printable(outbox)}")
    lines += [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    return _octets(coach, stamp, say["bypass-subject"], [*lines, "", say["bypass-record"]])


def not_sent_notice(reason: str, coach: Coach, stamp: Stamp, *, language: str = "en") -> bytes:
    """Lies beside a message of the outbox that was refused. `reason` is one of `addressed.REASONS`, "answer", "size", "loop" or "other"."""
    say = _texts(language)
    return _octets(coach, stamp, say["not-sent-subject"], [say["not-sent-opening"], "", say[f"not-sent-{reason}"], "", say["not-sent-then"]])


def mailbox_notice(trouble: str, since: datetime, coach: Coach, stamp: Stamp, *, language: str = "en") -> bytes:
    """The mailbox has not been readable `since`; `trouble` is one of MAILBOX_TROUBLE."""
    say = _texts(language)
    lines = [say[f"mailbox-{trouble}"], "", *_facts((say["label-since"], _moment(since))), "", say["mailbox-opening"]]
    return _octets(coach, stamp, say["mailbox-subject"], lines)


def answer_notice(answer: str, recipient: str, coach: Coach, stamp: Stamp, *, language: str = "en") -> bytes:
    """What came of the coach's reply; `answer` is one of ANSWERS."""
    say = _texts(language)
    return _octets(coach, stamp, say["answer-subject"], [say[f"answer-{answer}"], "", *_facts((say["label-to"], recipient))])


# ------------------------------------------------------------------------------------------------ the answers
def parse_command(command_text: str) -> Command | None:
    """The command that `command_text`, the text of a reply, begins with; None where its first line is anything else, be it one word more.

    Case and one final full stop do not matter.
    """
    line = next((stripped for raw in command_text.splitlines() if (stripped := raw.strip())), "")
    verb, *rest = line.removesuffix(".").casefold().split() or [""]
    if verb == Verb.SEND:
        return Command(Verb.SEND, rest[0]) if len(rest) == 1 and rest[0] in EXCEPTION_CODES else None
    return Command(Verb(verb)) if verb in set(Verb) and not rest else None


def reply_mailbox(coach: Mailbox, token: str) -> Mailbox | None:
    """Where a reply with `token` goes; None where that is no valid mailbox (RFC 5321 section 4.5.3.1.1: a local part has 64 octets)."""
    local_part = f"{coach.local_part}{_TAG}{token}"
    return Mailbox(local_part, coach.domain) if len(local_part.encode()) <= MAX_LOCAL_PART and _TOKEN.fullmatch(token) else None


def is_reply_shaped(mailbox: Mailbox) -> bool:
    """Whether `mailbox` could be the reply address of some coach. Hardly any is, and then nobody need be asked whose it is."""
    _, tag, token = mailbox.local_part.casefold().rpartition(_TAG)
    return bool(tag and _TOKEN.fullmatch(token))


def token_of(mailbox: Mailbox, coach_addresses: Iterable[Mailbox]) -> str | None:
    """The token in `mailbox`, if that is the reply address of one of the coach's own; whether it is a valid one is the store's to say."""
    local_part = mailbox.local_part.casefold()
    for coach in coach_addresses:
        token = local_part.removeprefix(f"{coach.local_part.casefold()}{_TAG}")
        if mailbox.domain.lower() == coach.domain.lower() and token != local_part and _TOKEN.fullmatch(token):
            return token
    return None


# ------------------------------------------------------------------------------------------------ composing
def _has_private_side(item: HeldItem) -> bool:
    """Whether there is somewhere to divert to: a client, and nothing known that stands in the way."""
    return item.client_id is not None and not item.reason.startswith(("key-", "no-personal", "personal-"))


def _texts(language: str) -> Mapping[str, str]:
    return TEXTS.get(language, _ENGLISH)


def _links(summary: Sequence[tuple[str, str]], platforms: Platforms, coach: Coach, say: Mapping[str, str]) -> list[str]:
    """Whose platforms the links of the mails lead to, why that matters, and where she could meet instead. No link is quoted."""
    codes = dict.fromkeys((word.removeprefix("link "), path) for word, path in summary if word.startswith("link "))
    if not codes:
        return []
    lines = [say["link-opening"]]
    for code in dict.fromkeys(code for code, _ in codes):
        link, paths = MeetingLink.of_code(code), ", ".join(_printable(path) for other, path in codes if other == code)
        platform = platforms.named(link.platform)
        lines += [f"  {platform.name if platform else link.platform}, {paths}: {say['link-passed' if link.passage.passes else 'link-barred']}"]
        lines += [f"    {reason}" for reason in (platforms.reason(link.platform, link.owner),) if reason]
    return [*lines, f"  {_own_rooms(coach, say)}", ""]


def _own_rooms(coach: Coach, say: Mapping[str, str]) -> str:
    own = coach.meetings.addresses
    return f"{say['link-own']}: {', '.join(own[:_MOST_SHOWN])}" if own else say["link-none"]


def _usage(verb: Verb) -> str:
    return "send CODE" if verb is Verb.SEND else verb.value


def _moment(at: datetime) -> str:
    return format_datetime(at)


def _facts(*pairs: tuple[str, str]) -> list[str]:
    return [f"  {label + ':':<9}{_printable(value)}" for label, value in pairs if value]


def _printable(text: str) -> str:
    """One line, whatever came in: nothing may start a line of its own in a notice."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _octets(coach: Coach, stamp: Stamp, subject: str, lines: Sequence[str], reply_to: Mailbox | None = None) -> bytes:
    own = str(coach.addresses[0])
    text = ("\r\n".join(lines).rstrip() + "\r\n").encode()
    plain = text.isascii()
    body = text if plain else b"\r\n".join(quopri.encodestring(line) for line in text.split(b"\r\n")).replace(b"=\n", b"=\r\n")
    section = (
        field("From", *address_words(SENDER_NAME, own))
        + field("To", *address_words(coach.name, own))
        + (field("Reply-To", f"<{reply_to}>") if reply_to else b"")
        + field("Subject", *text_words(f"{SENDER_NAME}: {subject}"))
        + field("Date", *date_words(stamp.at))
        + field("Message-ID", stamp.message_id)
        + field("Auto-Submitted", "auto-generated")
        + field("MIME-Version", "1.0")
        + field("Content-Type", "text/plain;", "charset=utf-8")
        + field("Content-Transfer-Encoding", "7bit" if plain else "quoted-printable")
    )
    return section + b"\r\n" + body
