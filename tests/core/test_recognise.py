"""What the recogniser says of whole mails: facts, owners, the gate, and the company text composed of them."""


import pytest

from gateway.core.model import Fact, FactKind, Reading, RecogniserContext, Sentence, Status, TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import is_composed, recognise
from tests.core.packs import PACKS

CONTEXT = RecogniserContext(
    client_names=("Dana Petrocelli",), coach_names=("Robin Vale",), places=("Orchard Rooms",), approved_links=("meet.coach.example/robin",)
)


def read(text: str, subject: str = "", context: RecogniserContext = CONTEXT) -> Reading:
    return recognise((TextBlock("subject", subject), TextBlock("1", text)), context, PACKS)


def own(reading: Reading) -> list[str]:
    return [fact.text for fact in reading.facts if fact.owner == "appointment"]


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Could we do Tuesday 14.30 instead of 3pm?", ["Tuesday 14.30 instead of 3pm"]),
        ("I can do Thursday 9.00-10.00 or 13.00-14.00.", ["Thursday 9.00-10.00 or 13.00-14.00"]),
        ("We meet on Fri Jun 5, 2:00 PM ET / 11:00 AM PT.", ["Fri Jun 5, 2:00 PM ET / 11:00 AM PT"]),
        ("Our session is on 4 September at 14h00.", ["4 September at 14h00"]),
        ("I'll see you every other Tuesday at 9 AM, starting April 14.", ["every other Tuesday at 9 AM, starting April 14"]),
        ("See you on the 22nd at half five.", ["the 22nd at half five"]),
        ("I'll call you at five past two.", ["I'll call you", "at five past two"]),
        ("Let's meet at 9 my time or 15:00 your time.", ["at 9 my time or 15:00 your time"]),
        ("We meet Wednesday at 10:00 in Room 4B, third floor.", ["Wednesday at 10:00", "Room 4B, third floor"]),
        ("We meet Wednesday at 10:00 in Room A+B.", ["Wednesday at 10:00", "Room A+B"]),
        ("We meet Wednesday at 10:00, 12 rue des Fictions, code 24B6.", ["Wednesday at 10:00", "12 rue des Fictions", "code 24B6"]),
        ("We meet Wednesday at 10:00, 44 Beacon, second floor.", ["Wednesday at 10:00", "44 Beacon, second floor"]),
        ("We meet (Wednesday 10:00).", ["Wednesday 10:00"]),
        ("We meet Wednesday at 10:00, 116 Pall Mall.", ["Wednesday at 10:00", "116 Pall Mall"]),
        ("We meet Wednesday at 10:00 at Orchard Rooms.", ["Wednesday at 10:00", "Orchard Rooms"]),
        ("See you Friday 8am at Harlow's.", ["Friday 8am", "Harlow's"]),
        ("See you Friday 8am at Philz.", ["Friday 8am", "Philz"]),
        ("Join on Monday at 10:00: https://zoom.us/j/97555501190.", ["Monday at 10:00", "https://zoom.us/j/97555501190"]),
        ("Join on Monday at 10:00: https://meet.coach.example/robin", ["Monday at 10:00", "https://meet.coach.example/robin"]),
        ("Call me on Monday at 10:00 on 020 7946 0455.", ["Call me", "Monday at 10:00", "020 7946 0455"]),
        ("Same time, same link.", ["Same time", "same link"]),
    ],
)
def test_facts_are_copied_as_they_were_written(text: str, facts: list[str]) -> None:
    assert own(read(text)) == facts


@pytest.mark.parametrize(
    "text",
    [
        "Your second interview is on Friday at 10:00.",
        "The panel meets on Friday at 10:00.",
        "He leaves on Friday at 10:00.",
        "Hand in the form on Friday at 10:00.",
        "Tell Mark on Friday at 10:00.",
        "You cried on Friday at 10:00.",
        "Your mother's scan is on Friday at 10:00.",
        "Friday 10:00 = the letter goes in.",
        "Before Friday 10:00: hand over the keys.",
        "Bring the Friday worksheet.",
        'She wrote "we are done with you by Friday at 10:00".',
        "Agenda: 10:00 your burnout, 10:30 your marriage",
        "I spoke to the recruiter, Friday at 10:00.",
    ],
)
def test_what_belongs_to_another_matter_is_no_fact_of_the_appointment(text: str) -> None:
    reading = read(text)
    assert own(reading) == []
    assert reading.company_text == ""
    assert not reading.appointment


def test_a_foreign_fact_is_listed_with_its_owner() -> None:
    (fact,) = read("Your second interview is on Friday at 10:00.").facts
    assert (fact.kind, fact.text, fact.owner) == (FactKind.TIME, "Friday at 10:00", "interview")


def test_a_mixed_mail_yields_the_appointment_and_nothing_else() -> None:
    reading = read(
        "Hi Dana,\n\nThursday by 10am at Ikoyi Club, I will sign you in.\n\nOn the other thing: your MD will go. Keep your CV ready by Monday.\n\nRobin",
        "Thursday and the MD",
    )
    assert reading.company_text == "Hello Dana,\n\nTime: Thursday by 10am.\nPlace: Ikoyi Club.\n\nRobin Vale\n"
    assert reading.company_subject == "Appointment: Thursday by 10am"
    assert not reading.complete


def test_a_mail_that_frames_explain_whole_is_complete() -> None:
    reading = read("Hi Dana,\n\nThursday at 3 works for me. See you then.\n\nBest wishes,\nRobin", "Thursday")
    assert reading.complete
    assert reading.status is Status.CONFIRMED
    assert reading.company_text == "Hello Dana,\n\nThursday at 3 works for me.\nSee you then.\n\nRobin Vale\n"


def test_a_mail_of_approved_sentences_alone_is_carried_though_it_names_no_appointment() -> None:
    reading = read("Hi Dana,\n\nHave a good weekend.\n\nRobin", "Thank you")
    assert reading.complete
    assert reading.company_text == "Hello Dana,\n\nHave a good weekend.\n\nRobin Vale\n"
    assert reading.company_subject == "Thank you"


def test_one_withheld_sentence_withholds_a_mail_without_an_appointment() -> None:
    reading = read("Hi Dana,\n\nHave a good weekend. Tell him.\n\nRobin", "Hello")
    assert not reading.appointment
    assert reading.company_text == ""
    assert reading.company_subject == ""


def test_the_subject_alone_opens_nothing() -> None:
    assert read("Say no first. Then the number.", "Thursday 10:00").company_text == ""


def test_a_fact_only_in_the_subject_is_carried_once_the_body_speaks_of_an_appointment() -> None:
    assert "Thursday" in read("Ok, 3 works.", "Re: Thursday").company_text


def test_quoted_history_passes_nothing() -> None:
    """The first person in it is not the coach, and its times are old."""
    for opener in (
        "On Mon, 20 Apr 2026, Dana <dana@acme.example> wrote:\n> ",
        "-----Original Message-----\nFrom: Dana\n\n",
        "Begin forwarded message:\n",
        "From: Dana\nSent: Monday\n\n",
        "> ",
    ):
        reading = read(f"Tuesday 28 April at 18:30 works.\n\n{opener}Can we do Friday at 7:45?\n")
        assert own(reading) == ["Tuesday 28 April at 18:30"]
        assert reading.sentences[-1].rule == "quoted-history"
        assert not reading.complete


def test_a_line_that_only_sounds_like_history_is_read() -> None:
    assert own(read("On Thursday we can do one of these:\n\n- 9:00\n- 11:30\n\nSince 1 June 2026 we start earlier.")) == [
        "Thursday",
        "9:00",
        "11:30",
        "1 June 2026",
    ]


def test_an_answer_below_quoted_lines_is_read() -> None:
    assert own(read("> Can we do Friday at 7:45?\n\nTuesday 18:30 works.")) == ["Tuesday 18:30"]


def test_a_list_is_one_thing() -> None:
    """One unexplained row takes the facts of all rows with it; a list of bare slots passes."""
    bad = read("Our timetable:\n\n10:30 quit\n11:00 lawyer\n14:00 empty the desk\n16:40 see you here\n\nSee you Friday at 9:00.")
    assert own(bad) == ["Friday at 9:00"]
    good = read("Could you do one of these?\n\na) 3 June, 11:00 to 12:00\nb) 5 June, 16:00 to 17:00\n")
    assert own(good) == ["3 June, 11:00 to 12:00", "5 June, 16:00 to 17:00"]


def test_labelled_lines_give_their_facts_and_unknown_labels_none() -> None:
    reading = read("\u23f0 Monday 8 June, 16:00 BST\nPlace: Suite 200\nDial-in: 020 7946 0455\nPasscode: swallow\nMaterials: your letter, by Friday 9:00")
    assert own(reading) == ["Monday 8 June, 16:00 BST", "Suite 200", "020 7946 0455", "Passcode: swallow"]


@pytest.mark.parametrize(
    ("text", "status", "line"),
    [
        ("I have to cancel our call on Friday because of a burst pipe.", Status.CANCELLED, "Cancelled: Friday."),
        ("We moved to Friday 9:00, what a muddle.", Status.MOVED, "New time: Friday 9:00."),
        ("Friday 9:00 is confirmed, hooray and hurrah.", Status.CONFIRMED, "Confirmed: Friday 9:00."),
        ("Would Friday 9:00 tickle anybody's fancy?", Status.PROPOSED, "Proposed: Friday 9:00."),
        ("I'm ten minutes late, blame the goose.", Status.LATE, "Running late: ten minutes late."),
        ("I can't do Friday at 9:00, the goose again.", Status.STATED, "Not possible: Friday at 9:00."),
        ("Let me know by Friday 9:00, the goose waits.", Status.STATED, "Please reply: by Friday 9:00."),
    ],
)
def test_the_status_says_what_happens_and_the_template_says_it(text: str, status: Status, line: str) -> None:
    reading = read(text)
    assert reading.status is status
    assert line in reading.company_text.splitlines()


def test_a_cancelled_appointment_says_so_in_the_subject() -> None:
    assert read("I have to cancel our call on Friday because of a burst pipe.").company_subject == "Appointment cancelled: Friday"


def test_names_come_from_the_configuration_only() -> None:
    """A name in the mail never reaches the company text, whoever it is."""
    reading = read("Dear Ms. Castellano,\n\nFriday at 9:00 works.\n\nYours,\nAngus", context=RecogniserContext())
    assert reading.company_text == "Hello,\n\nFriday at 9:00 works.\n"


@pytest.mark.parametrize(
    ("text", "rule"),
    [("Friday at 9:00 wоrks.", "mixed-script"), ("Friday at 9:00 \u202eworks\u202c.", "mixed-script"), ("works " * 500, "too-long")],
)
def test_disguised_or_endless_sentences_are_never_approved_and_give_no_fact(text: str, rule: str) -> None:
    reading = read(text)
    assert [s.rule for s in reading.sentences] == [rule]
    assert reading.facts == ()
    assert not reading.complete


def test_disguises_that_change_nothing_for_a_reader_are_undone_first() -> None:
    """Full-width letters, invisible characters and native digits are read as what they look like; the digits are copied as they stand."""
    assert own(read("Our call is on Fri\u200bday at \u0669:\u0663\u0660, \uff32oom 4.")) == ["Friday at \u0669:\u0663\u0660", "Room 4"]


def test_text_beyond_the_cap_is_withheld_whole() -> None:
    reading = read("Friday at 9:00 works. " * 3000)
    assert not reading.complete
    assert reading.facts == ()
    assert reading.company_text == ""
    assert [s.rule for s in reading.sentences] == ["too-long", "too-long"]


def test_an_unknown_language_is_withheld_whole() -> None:
    reading = read("Quoniam quattuor horas expectavimus, nihil amplius dicendum putavimus ante Kalendas 12:30.")
    assert reading.language == ""
    assert not reading.complete
    assert [s.rule for s in reading.sentences] == ["unknown-language"]


def test_no_text_is_complete_and_says_nothing() -> None:
    reading = read("", "")
    assert reading.complete
    assert reading.sentences == ()
    assert reading.company_text == ""


def test_a_sentence_in_another_language_gives_no_fact() -> None:
    assert own(read("See you on Friday at 9:00.\n\nPerkele huomenna kello 15:45 irtisanoudutaan yhdessä Markun kanssa.")) == ["Friday at 9:00"]


def test_the_proof_finds_a_word_that_nothing_accounts_for() -> None:
    """Law 8: a company text is believed only where facts, approved sentences, names and template words explain all of it."""
    reading = read("Hi Dana,\n\nThursday by 10am at Ikoyi Club, I will sign you in.", "Thursday and the MD")
    assert is_composed(reading, CONTEXT, PACKS)
    parts = {name: getattr(reading, name) for name in Reading.__slots__}
    for change in (
        {"company_text": reading.company_text + "resign"},
        {"company_subject": "the MD"},
        {"company_text": reading.company_text.replace("Dana", "Erik")},
        {"company_text": reading.company_text + "\nDanaship"},  # a name inside another word accounts for nothing
        {"language": "xx"},
        {"appointment": False},
        {"company_text": "", "company_subject": "Appointment"},
        {"facts": tuple(Fact(f.kind, f.text, f.source, "panel") for f in reading.facts)},
    ):
        assert not is_composed(Reading(**{**parts, **change}), CONTEXT, PACKS), change
    said = Sentence("1", "Petrocelli Vale", True, "signature")
    assert not is_composed(Reading(**{**parts, "sentences": (said,), "company_text": "Petrocelli Vale"}), CONTEXT, PACKS)


def test_a_reading_whose_proof_fails_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.core.recognise.is_composed", lambda *_: False)
    reading = read("Thursday at 3 works for me.")
    assert reading.company_text == ""
    assert reading.company_subject == ""
    assert not reading.complete


def test_without_packs_nothing_is_understood() -> None:
    assert not recognise((TextBlock("1", "Thursday at 3 works."),), CONTEXT, Packs(())).complete


def test_a_salutation_of_several_words_is_one() -> None:
    """However many greetings stand before the name, the appointment below is read."""
    reading = read("Good morning hello Dana,\n\nThursday 14:00 works.\n")
    assert "Thursday 14:00" in reading.company_text
