"""The way back: which appointment an answer speaks of, whose it is, and what the coach's calendar and the coach herself get of it."""

from __future__ import annotations

import re
from base64 import b64encode, encodebytes
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from icalendar import Calendar

from gateway.core.appointment import Appointment, Original, Party
from gateway.core.calendar.back import Back, Outcome, Warning, answer, inbound
from gateway.core.calendar.home import TEXTS, NotHome, home_message, home_object, prove_home, when
from gateway.core.calendar.life import joined, remembered
from gateway.core.calendar.lines import Component, Unreadable, read_components
from gateway.core.calendar.original import LONGEST_TITLE, address_of, content_line, original, original_of
from gateway.core.compose import Stamp
from gateway.core.invitation import Event, Invitation, Method, Moment
from gateway.core.model import Coach, Mailbox, Part

KEY, BERLIN = b"k" * 32, "Europe/Berlin"
COACH, DANA, ERIK, HELP = "coach@coach.example", "dana@acme.example", "erik@acme.example", "assistant.acme@acme.example"
PERSON, ALIAS = Coach("Petra Lindqvist", (Mailbox("coach", "coach.example"),), BERLIN), Mailbox("dana", "clients.coach.example")
STAMP = Stamp("<1.2@coach.example>", datetime(2027, 1, 5, tzinfo=UTC))
SENT = datetime(2027, 1, 4, 12)
ORGANIZER = f'ORGANIZER;CN="Vale; Robin";EMAIL={COACH}:mailto:2_TOKEN@imip.example'
ATTENDEE = "ATTENDEE;CN=Dana;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:MAILTO:Dana@Acme.example"
FORM = Original("Orig, 1@coach.example", "Coaching: fear, of Viktor; 4", ORGANIZER, (ATTENDEE,))


def at(day: int, hour: int, zone: str = BERLIN) -> Moment:
    return Moment(datetime(2027, 1, day, hour), zone)


SINGLE = Event(FORM.uid, 1, SENT, at(19, 15, "UTC"), at(19, 16, "UTC"))
SERIES = Event(FORM.uid, 1, SENT, at(11, 16), at(11, 17), rule=(("FREQ", "WEEKLY"), ("COUNT", "5")))
MOVED = replace(SERIES, rule=(), sequence=2, recurrence=at(18, 16), start=at(19, 10), end=at(19, 11))


def sent(*events: Event, to: tuple[str, ...] = (DANA,), method: Method = Method.REQUEST) -> Appointment:
    row = None
    for address in to:
        row = joined(row, remembered(FORM, KEY, "en", address, "c-0001", Invitation(method, COACH, events)))
    assert row is not None
    return row


def letter(
    row: Appointment, *lines: str, method: str = "REPLY", uid: str = "", subject: str = "Re: it", extra: str = "", parameter: str | None = None
) -> bytes:
    """A mail of a company's program; `lines` stand in the event."""
    event = [f"UID:{uid or row.company_uid}", "DTSTAMP:20270104T150000Z", *lines]
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT", *event, "END:VEVENT", *extra.split("|"), "END:VCALENDAR", ""])
    named = f"; method={method if parameter is None else parameter}"
    head = f"From: {DANA}\r\nTo: {COACH}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; charset=utf-8{named}\r\n\r\n"
    return (head + re.sub("(\r\n)+", "\r\n", text)).encode()


def heard(octets: bytes, row: Appointment | None, sender: str = DANA) -> Back:
    mail = inbound(octets)
    rows: Mapping[str, Appointment] = {row.company_uid: row} if row else {}
    return answer(mail, sender, {uid: rows[uid] for uid in mail.uids if uid in rows}, BERLIN)


def at_home(back: Back) -> tuple[str, Component, str]:
    """Subject, calendar object and text of what the coach gets, proved."""
    octets = home_message(back, PERSON, ALIAS, STAMP)
    prove_home(octets, back)
    message = message_from_bytes(octets)
    text, shown = (part.get_payload(decode=True) for part in message.walk() if not part.is_multipart())
    calendar = read_components(shown)  # type: ignore[arg-type]
    (event,) = [c for c in calendar.components if c.name == "VEVENT"]
    return str(message["Subject"]), event, text.decode()  # type: ignore[union-attr]


YES = f"ATTENDEE;PARTSTAT=ACCEPTED;CN=Dana Whitfield:mailto:{DANA}"


# ------------------------------------------------------------------------------------------------ which appointment
def wrapped(uid: str) -> str:
    """A foreign UID as Exchange writes it: GlobalObjectId with "vCal-Uid"."""
    data = b"vCal-Uid\x01\x00\x00\x00" + uid.encode() + b"\x00"
    head = bytes.fromhex("040000008200E00074C5B7101A82E008") + bytes(20)
    return (head + len(data).to_bytes(4, "little") + data).hex().upper()


@pytest.mark.parametrize("form", [str, str.upper, wrapped, lambda uid: wrapped(uid.upper())], ids=["plain", "upper case", "wrapped", "wrapped upper case"])
def test_the_uid_is_known_in_every_form_that_programs_give_it(form):
    """Exchange keeps a foreign UID in hexadecimal inside its own; others change its case."""
    row = sent(SINGLE)
    back = heard(letter(row, YES, uid=form(row.company_uid)), row)
    assert back.outcome is Outcome.ANSWERED
    assert back.events[0].uid == FORM.uid


def test_what_is_no_calendar_mail_brings_nothing():
    """Nor does one over the limits, nor a report without a returned mail."""
    assert heard(b"Subject: hello\r\n\r\nYes!\r\n", None) == Back(Outcome.NONE)
    assert heard(b"Content-Type: multipart/report; boundary=b\r\nMIME-Version: 1.0\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n", None) == Back(Outcome.NONE)
    assert inbound(b"A: b\r\n" * 3000 + b"\r\n").uids == ()


def test_an_object_that_cannot_be_read_is_left_where_it_lies():
    """Nothing is guessed: neither an object that is cut off nor one with another method outside than inside."""
    row = sent(SINGLE)
    assert heard(letter(row, YES).replace(b"END:VEVENT", b""), row).outcome is Outcome.UNREADABLE
    assert heard(letter(row, YES, parameter="CANCEL"), row).outcome is Outcome.UNREADABLE
    assert heard(letter(row, YES).replace(b"METHOD:REPLY", b"METHOD:REPLY\r\nMETHOD:COUNTER"), row).outcome is Outcome.UNREADABLE
    assert heard(letter(row, f"ATTENDEE:mailto:{DANA}"), row).outcome is Outcome.UNREADABLE, "an answer that does not say which"


def test_what_is_about_nothing_of_ours_passes():
    """An answer about an unknown UID, the gateway's own invitation come back, an answer to a company's own appointment, a reply to nobody."""
    row = sent(SINGLE)
    assert heard(letter(row, YES), None).outcome is Outcome.NONE
    assert heard(letter(row, YES, "DTSTART:20270119T150000Z", f"ORGANIZER:mailto:{DANA}", method="CANCEL"), row).outcome is Outcome.NONE
    assert heard(letter(row, YES), replace(row, by_company=True)).outcome is Outcome.NONE
    two = f"BEGIN:VEVENT|UID:{row.company_uid}|DTSTAMP:20270104T150000Z|RECURRENCE-ID:20270118T150000Z|ORGANIZER:mailto:{ERIK}|END:VEVENT"
    assert heard(letter(row, YES, f"ORGANIZER:mailto:{COACH}", extra=two), row).outcome is Outcome.NONE


# ------------------------------------------------------------------------------------------------ whose answer
@pytest.mark.parametrize("sender", [DANA, "DANA@acme.example"])
def test_an_answer_comes_home_as_the_coachs_program_knows_it(sender: str):
    """UID, organiser, attendee and title as it wrote them; time, number and answer as they came."""
    row = sent(SINGLE)
    subject, event, text = at_home(heard(letter(row, YES, "SEQUENCE:1", "SUMMARY:Meeting with Petra", "DTSTART:20270119T150000Z"), row, sender))
    assert subject == "Accepted: Coaching: fear, of Viktor; 4"
    lines = {p.name: content_line(p) for p in event.properties}
    assert lines["UID"] == r"UID:Orig\, 1@coach.example"
    assert lines["ORGANIZER"] == FORM.organizer
    assert lines["ATTENDEE"] == "ATTENDEE;CN=Dana;PARTSTAT=ACCEPTED:MAILTO:Dana@Acme.example"
    assert lines["SUMMARY"] == r"SUMMARY:Coaching: fear\, of Viktor\; 4"
    assert (lines["DTSTART"], lines["DTEND"]) == ("DTSTART:20270119T150000Z", "DTEND:20270119T160000Z")
    assert (lines["DTSTAMP"], lines["SEQUENCE"]) == ("DTSTAMP:20270104T150000Z", "SEQUENCE:1")
    assert "2027-01-19 16:00-17:00 (Europe/Berlin)" in text
    assert "Meeting with Petra" not in text


def test_a_stranger_answers_for_nobody():
    """Neither From nor ATTENDEE was sent the appointment (RFC 5546 section 6.1.2)."""
    row = sent(SINGLE)
    for back in (heard(letter(row, f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ERIK}"), row, ERIK), heard(letter(row), row, ERIK)):
        assert (back.outcome, back.news, back.events) == (Outcome.STRANGER, None, ())


def test_one_recipient_does_not_answer_for_another():
    """Of several, it is the one who is named; that another one sent it is said."""
    row = sent(SINGLE, to=(DANA, ERIK))
    own = heard(letter(row, YES), row, DANA)
    other = heard(letter(row, YES), row, ERIK)
    assert (own.party, own.warnings) == (row.party(DANA), ())
    assert (other.party, other.warnings) == (row.party(DANA), (Warning.OTHER_SENDER,))


def test_somebody_elses_hand_is_shown():
    """Sent by an assistant, or on behalf: translated, and the coach learns that somebody else reads this calendar."""
    row = sent(SINGLE)
    back = heard(letter(row, f'ATTENDEE;PARTSTAT=DECLINED;SENT-BY="mailto:{HELP}":mailto:{DANA}'), row, HELP)
    assert back.warnings == (Warning.OTHER_SENDER, Warning.SENT_BY)
    subject, event, text = at_home(back)
    assert subject.startswith("Declined")
    assert "SENT-BY" not in content_line(event.all("ATTENDEE")[0])
    assert HELP in text
    assert TEXTS[Warning.SENT_BY] in text


def test_a_delegation_is_told_and_adds_nobody():
    """She who hands it on, then the one it was handed to: both are answers of the one who was invited."""
    row = sent(SINGLE)
    handed = heard(letter(row, f'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:{ERIK}":mailto:{DANA}'), row)
    assert (handed.warnings, handed.delegates) == ((Warning.DELEGATED,), (ERIK,))
    assert f'DELEGATED-TO="mailto:{ERIK}"' in content_line(at_home(handed)[1].all("ATTENDEE")[0])
    taken = heard(letter(row, f'ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM="mailto:{DANA}":mailto:{ERIK}'), row, ERIK)
    assert taken.warnings == (Warning.OTHER_SENDER, Warning.DELEGATED)
    assert [p.address for p in taken.news.parties] == [DANA]  # type: ignore[union-attr]
    assert "PARTSTAT=ACCEPTED:MAILTO:Dana@Acme.example" in content_line(at_home(taken)[1].all("ATTENDEE")[0])


@pytest.mark.parametrize(
    ("subject", "partstat"),
    [("Accepted: Meeting", "ACCEPTED"), ("Abgelehnt: Termin", "DECLINED"), ("Accepté : Rendez-vous", "ACCEPTED"), ("Mit Vorbehalt: Termin", "TENTATIVE")],
)
def test_an_answer_without_an_attendee_says_it_in_its_subject(subject: str, partstat: str):
    """Some room mailboxes do so; whoever sent it must have been asked."""
    row = sent(SINGLE)
    back = heard(letter(row, subject=subject), row)
    assert back.warnings == (Warning.FROM_SUBJECT,)
    assert [e.attendees[0].partstat for e in back.events] == [partstat]
    assert heard(letter(row, subject="Accepted"), row).outcome is Outcome.UNREADABLE
    assert heard(letter(row, subject="I have accepted: that"), row).outcome is Outcome.UNREADABLE


# ------------------------------------------------------------------------------------------------ what it says
def test_only_the_organiser_counts():
    """RFC 5546 section 2.1.4: a number raised by an attendee is set back; a lower one stays."""
    row = sent(SINGLE)
    raised, lower = heard(letter(row, YES, "SEQUENCE:5"), row), heard(letter(row, YES), row)
    assert (raised.events[0].sequence, raised.warnings) == (1, (Warning.COUNTED_UP,))
    assert (lower.events[0].sequence, lower.warnings) == (0, ())


def test_what_was_said_before_is_not_said_again():
    """Nor what is older than the last answer (RFC 5546 section 2.1.5)."""
    row = sent(SINGLE)
    first = heard(letter(row, YES), row)
    assert first.news is not None
    row = joined(row, first.news)
    assert heard(letter(row, YES), row).outcome is Outcome.OLD
    assert heard(letter(row, YES).replace(b"20270104T15", b"20270104T14").replace(b"ACCEPTED", b"DECLINED"), row).outcome is Outcome.OLD
    assert heard(letter(row, YES).replace(b"ACCEPTED", b"DECLINED"), row).outcome is Outcome.ANSWERED


def test_words_from_the_company_mailbox_come_with_a_warning():
    """In whichever property they stand, each once, on lines of their own; nothing else of the object's text comes along."""
    row = sent(SINGLE)
    said = f"ATTENDEE;PARTSTAT=ACCEPTED;X-RESPONSE-COMMENT=I am afraid:mailto:{DANA}"
    back = heard(letter(row, said, r"COMMENT:I am afraid", r"COMMENT:of him\, too\nFrom: x", "DESCRIPTION:boilerplate"), row)
    assert sorted(back.comment.split("\n")) == ["From: x", "I am afraid", "of him, too"]
    _, event, text = at_home(back)
    assert "> of him, too" in text
    assert TEXTS[Warning.COMMENT] in text
    assert "boilerplate" not in text + "".join(p.value for p in event.properties)


def test_an_answer_about_one_date_names_it_as_the_series_does():
    """In UTC or in the company's own zone it comes, by the clock of the series it goes (RFC 5545 section 3.8.4.4)."""
    row = sent(SERIES, MOVED)
    for line in ("RECURRENCE-ID:20270118T150000Z", "RECURRENCE-ID;TZID=Europe/Paris:20270118T160000"):
        back = heard(letter(row, YES, line, "SEQUENCE:2"), row)
        subject, event, text = at_home(back)
        assert content_line(event.all("RECURRENCE-ID")[0]) == "RECURRENCE-ID;TZID=Europe/Berlin:20270118T160000"
        assert content_line(event.all("DTSTART")[0]) == "DTSTART;TZID=Europe/Berlin:20270119T100000", "the date was moved"
        assert "2027-01-19 10:00-11:00" in text
        assert Calendar.from_ical(home_object(back)).walk("VTIMEZONE")
    unknown = sent(MOVED)  # the series itself was never seen
    bare = heard(letter(unknown, YES, "DTSTART:20270111T150000Z"), unknown)
    assert {p.name for p in at_home(bare)[1].properties}.isdisjoint({"DTSTART", "DTEND", "RECURRENCE-ID"})
    other = heard(letter(row, YES, "RECURRENCE-ID:20270125T150000Z", "SEQUENCE:7"), row)
    assert (other.events[0].start, other.events[0].sequence) == (None, 1)
    assert "2027-01-25 16:00 (Europe/Berlin)" in at_home(other)[2]


def test_a_counter_proposal_keeps_its_times_and_is_said_in_words():
    """Most web calendars show none; the coach reads both times."""
    row = sent(SINGLE)
    lines = (YES.replace("ACCEPTED", "TENTATIVE"), "DTSTART:20270120T080000Z", "DTEND:20270120T090000Z", "SEQUENCE:1")
    back = heard(letter(row, *lines, method="COUNTER"), row)
    subject, event, text = at_home(back)
    assert subject.startswith("New time proposed: ")
    assert content_line(event.all("DTSTART")[0]) == "DTSTART:20270120T080000Z"
    assert text.index("2027-01-19 16:00-17:00") < text.index("2027-01-20 09:00-10:00")
    assert back.news is not None
    assert heard(letter(row, *lines, method="COUNTER"), joined(row, back.news)).outcome is Outcome.OLD
    bare = heard(letter(row, f"ATTENDEE:mailto:{DANA}", *lines[1:], method="COUNTER"), row)
    assert "PARTSTAT" not in content_line(at_home(bare)[1].all("ATTENDEE")[0])


def test_times_are_said_by_the_coachs_clock():
    """Whole days as days; over midnight with both days."""
    assert when(Moment(datetime(2027, 1, 19), ""), Moment(datetime(2027, 1, 20), ""), BERLIN) == "2027-01-19"
    assert when(at(19, 22, "UTC"), at(20, 1, "UTC"), BERLIN) == "2027-01-19 23:00 - 2027-01-20 02:00 (Europe/Berlin)"


def test_who_asks_again_gets_what_was_sent_last_and_never_the_original():
    """All of it, without cancelled dates; after the end, that it is called off; nothing where nothing was sent."""
    row = sent(SERIES, MOVED)
    ask = letter(row, f"ATTENDEE:mailto:{DANA}", method="REFRESH")
    back = heard(ask, row)
    assert (back.outcome, back.method, back.events, back.news) == (Outcome.REFRESH, Method.REQUEST, (SERIES, MOVED), None)
    assert heard(ask, sent(SERIES, to=(ERIK,)), DANA).outcome is Outcome.STRANGER
    gone = joined(row, sent(replace(SERIES, sequence=3), method=Method.CANCEL))
    called_off = heard(ask, gone)
    assert (called_off.method, [e.status for e in called_off.events]) == (Method.CANCEL, ["CANCELLED"])
    assert heard(ask, replace(row, parties=(Party(DANA),))).outcome is Outcome.STRANGER
    unfit = sent(SERIES, replace(MOVED, recurrence=Moment(datetime(2027, 1, 18), "")), MOVED)
    assert heard(ask, unfit).outcome is Outcome.UNREADABLE, "what was sent contradicts itself"
    with pytest.raises(ValueError, match="nothing to tell"):
        home_message(back, PERSON, ALIAS, STAMP)


def test_an_invitation_of_the_company_passes_and_its_uid_is_kept():
    """So that the coach's answer may carry it; only where the organiser sent it."""
    row = sent(SINGLE)
    octets = letter(row, f"ORGANIZER:mailto:{DANA}", "SUMMARY:Review", "DTSTART:20270119T150000Z", method="REQUEST", uid="Foreign-1")
    back = heard(octets, None)
    assert back.outcome is Outcome.INVITED
    assert back.news == Appointment("Foreign-1", "Foreign-1", "Review", organizer=f"ORGANIZER:mailto:{DANA}", parties=(Party(DANA),), by_company=True)
    assert heard(octets, None, ERIK).outcome is Outcome.NONE
    assert heard(octets.replace(b"METHOD:REQUEST", b"X-WR-CALNAME:a"), None).outcome is Outcome.INVITED, "the method may stand outside alone"


# ------------------------------------------------------------------------------------------------ bounces
def bounce(row: Appointment, action: str = "failed", who: str = f"rfc822; {DANA}", kind: str = "text/calendar") -> bytes:
    returned = b64encode(letter(row, YES).partition(b"\r\n\r\n")[2]).decode()
    lines = (
        "From: MAILER-DAEMON@mx.example", "Subject: failed", "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "",
        "--b", "", "Sorry.",
        "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example", "", f"Final-Recipient: {who}", f"Action: {action}", "",
        "--b", "Content-Type: message/rfc822", "", "MIME-Version: 1.0", f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", "", returned,
        "--b--", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def test_an_invitation_that_did_not_arrive_is_told():
    """By the UID in the returned part; the coach learns which appointment, when, and at which address."""
    row = sent(SINGLE)
    back = heard(bounce(row), row, "mailer-daemon@mx.example")
    assert (back.outcome, back.party) == (Outcome.BOUNCED, row.party(DANA))
    octets = home_message(back, PERSON, ALIAS, STAMP)
    prove_home(octets, back)
    message = message_from_bytes(octets)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "Not delivered: Coaching: fear, of Viktor; 4"
    text = message.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "2027-01-19 16:00-17:00 (Europe/Berlin)" in text
    assert DANA in text


def test_a_bounce_names_whom_it_knows():
    """Without an address it is the only recipient there is; another's address, or one of several, is nobody's."""
    row, two = sent(SINGLE), sent(SINGLE, to=(DANA, ERIK))
    assert heard(bounce(row, who="unknown"), row).outcome is Outcome.BOUNCED
    assert heard(bounce(two, who="unknown"), two).outcome is Outcome.STRANGER
    assert heard(bounce(row, who=f"rfc822; {ERIK}"), row).outcome is Outcome.STRANGER
    assert heard(bounce(row), None).outcome is Outcome.NONE
    assert heard(bounce(row, action="delayed"), row).outcome is Outcome.NONE
    assert heard(bounce(row, kind="text/plain"), row).outcome is Outcome.NONE


def test_a_bounce_that_nests_without_end_is_not_opened():
    """A mail in a mail in a mail costs nothing."""
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 3000
    assert inbound(bounce(sent(SINGLE)).replace(b"Sorry.", nested)).failed is None


# ------------------------------------------------------------------------------------------------ the proof
def test_the_proof_sees_what_the_answer_does_not_say():
    """Another value, property, component, zone, part or field than the typed answer has."""
    row = sent(SERIES, MOVED)
    back = heard(letter(row, YES, "RECURRENCE-ID:20270118T150000Z", "COMMENT:hello"), row)
    octets = home_message(back, PERSON, ALIAS, STAMP)
    good = home_object(back)
    prove_home(octets, back)
    swaps = [
        (b"SEQUENCE:0", b"SEQUENCE:1"),
        (b"COMMENT:hello", b"COMMENT:other"),
        (b"COMMENT:hello", b"DESCRIPTION:hello"),
        (b"T100000", b"T110000"),
        (b"PARTSTAT=ACCEPTED:MAILTO:Dana", b"PARTSTAT=ACCEPTED:MAILTO:Erik"),
        (b"2_TOKEN", b"3_TOKEN"),
        (b"END:VEVENT", b"BEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT"),
        (b"END:VCALENDAR", b"BEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR"),
        (b"METHOD:REPLY", b"METHOD:COUNTER"),
        (b"TZID:Europe/Berlin", b"TZID:Berlin, Viktor"),
        (b"END:VCALENDAR\r\n", b""),
    ]
    for old, new in swaps:
        assert old in good
        bad = octets.replace(_encoded(good), _encoded(good.replace(old, new)))
        assert bad != octets
        with pytest.raises(NotHome):
            prove_home(bad, back)
    for old, new in ((b"To: ", b"Bcc: x@y.example\r\nTo: "), (b"text/plain", b"text/html")):
        with pytest.raises(NotHome):
            prove_home(octets.replace(old, new, 1), back)
    with pytest.raises(NotHome):
        prove_home(octets, replace(back, outcome=Outcome.BOUNCED))


def _encoded(octets: bytes) -> bytes:
    return encodebytes(octets).replace(b"\n", b"\r\n")


# ------------------------------------------------------------------------------------------------ how it was written
def test_the_form_of_an_original_is_that_of_its_whole():
    """Title and people of the series, not of one date; long ones are cut, lines that are too long left out."""
    text = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20270101\r\nSUMMARY:one date\r\nEND:VEVENT\r\n"
        f"BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:{'a b  ' * 300}\r\nORGANIZER:{'x' * 3000}\r\n"
        'ATTENDEE;CN="A, ^^ ^\'b^\'^nc":mailto:d@e.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    )
    form = original(read_components(text.encode()))
    assert form.title.startswith("a b a b")
    assert (len(form.title), form.organizer) == (LONGEST_TITLE, "")
    assert form.attendees == ('ATTENDEE;CN="A, ^^ ^\'b^\'^nc":mailto:d@e.example',)
    assert original_of([Part("1", "text/calendar", "", False, 1, None, octets=octets) for octets in (b"BEGIN:", text.encode())]) == form
    assert original_of([]) is None
    with pytest.raises(Unreadable):
        original(read_components(text.replace("UID:1", "UID:2", 1).encode()))


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("ATTENDEE;CN=a:MAILTO:Dana@Acme.example", DANA),
        ("mailto:Dana@acme.example", DANA),
        ("ORGANIZER;EMAIL=Coach@coach.example:mailto:2_T@imip.example", COACH),
        ('ORGANIZER;EMAIL="coach@coach.example";CN=x:invalid:nomail', COACH),
        ("", ""),
    ],
)
def test_a_persons_address_is_read_from_its_line(line: str, address: str):
    """Beside a service's token stands who she is."""
    assert address_of(line) == address
