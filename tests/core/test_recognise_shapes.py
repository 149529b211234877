"""How hours and places are written by hand: shapes that no list of words can hold."""

import pytest

from tests.core.packs import own, read


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Our session is at 0930 on Monday.", ["at 0930 on Monday"]),
        ("Our session is on Monday from 1700 to 1830.", ["Monday from 1700 to 1830"]),
        ("Our session is on Monday, 1430hrs - 1600hrs.", ["Monday, 1430hrs - 1600hrs"]),
        ("Our session is on Monday, 5ish.", ["Monday, 5ish"]),
        ("Our session is in the week of the 7th.", ["week of the 7th"]),
    ],
)
def test_an_hour_is_read_as_it_is_written(text: str, facts: list[str]) -> None:
    """Four digits are an hour where their neighbours say so; words right before a day may make it a week."""
    assert own(text) == facts


@pytest.mark.parametrize("text", ["We have 1500 euros for the call.", "The call was about 1930 Berlin.", "Our call cost 1400 euros."])
def test_four_digits_alone_are_no_hour(text: str) -> None:
    """A number of four digits counts something unless a small word or another hour stands before it."""
    assert own(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("We meet on Monday at 9:00 at the Athenaeum.", "Athenaeum"),
        ("See you Monday at 9:00 in the Nightingale suite.", "Nightingale suite"),
        ("See you Monday at 9:00 in the Nightingale suite on the ground floor.", "Nightingale suite on the ground floor"),
        ("See you Monday at 9:00 in Meeting Room Orchid.", "Meeting Room Orchid"),
        ("See you Monday at 9:00 in Conference Hall B.", "Conference Hall B"),
    ],
)
def test_a_place_may_have_an_article_a_small_head_or_a_name_behind(text: str, place: str) -> None:
    """The name of a place is copied whole."""
    assert place in own(text)


def test_the_room_of_a_person_is_no_name_of_a_place() -> None:
    """ "Gavin's office" says whom one sees, "the Ikoyi office" where."""
    assert "Ikoyi office" in own("Our call on Monday at 9:00 is in the Ikoyi office.")
    assert "Gavin's office" not in own("Our call on Monday at 9:00 is in Gavin's office.")


def test_a_harmless_phrase_excuses_the_telling_word_in_it() -> None:
    """A "call with you" is with nobody else; a "call with Gavin" is."""
    assert own("Looking for 30 minutes for a call with you on Monday at 9:00.") == ["30 minutes", "Monday at 9:00"]
    assert own("Looking for 30 minutes for a call with Gavin on Monday at 9:00.") == []


def test_a_link_stays_in_a_list_that_says_more() -> None:
    """A row that belongs to another matter takes the times of its list with it, not the link of the meeting."""
    assert own("1) Monday at 9:00\n2) zoom as always: https://zoom.us/j/5550001112\n3) tell Gavin about the tribunal on Friday\n") == [
        "https://zoom.us/j/5550001112"
    ]


def test_a_sentence_in_brackets_ends_with_them() -> None:
    """What stands in brackets of its own does not take the next sentence with it."""
    assert own("(He will fail.) Our call is on Friday at 10:00.") == ["Friday at 10:00"]


def test_an_agenda_leaves_the_time_of_its_call() -> None:
    """ "By Friday 6 pm:" belongs to what follows; the time of "our call" does not."""
    assert own("Agenda for our call on Wednesday at 9:00:\n- tell Gavin\n") == ["Wednesday at 9:00"]
    assert own("By Friday 6 pm:\n- tell Gavin\n") == []


def test_days_with_a_colon_in_one_line_are_one_list() -> None:
    """What is told of Monday takes the other days of the line with it."""
    assert own("Mon: hand the keys to Gavin. Thu: nothing after four. Our call is on Friday at 10:00.") == ["Friday at 10:00"]


def test_a_month_behind_your_belongs_to_nobody() -> None:
    """ "Your June dates" are dates of the appointment, "your divorce dates" are not."""
    assert own("Your June dates stay: the 10th and 24th.") == ["the 10th and 24th"]
    assert own("Your divorce dates stay: the 10th and 24th.") == []


def test_a_day_and_hour_beside_a_word_of_appointments_open_the_mail() -> None:
    """Unknown words in the clause do not hide a whole time, another matter in the mail does not outweigh it."""
    assert read("The consul will attend upon the delegate at 10:30 on Friday.\n\nTell Gavin that the tribunal is on Monday.").appointment
    assert not read("The consul will ponder upon the delegate at 10:30 on Friday.\n\nTell Gavin that the tribunal is on Monday.").appointment
