"""The project's own labelled mails keep the promises of mails/README.md and unseen/README.md: a wrong label sheet would measure nothing."""

import json
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

Mail = dict[str, Any]

DEVELOPED = Path(__file__).parent / "mails"
UNSEEN = Path(__file__).parent / "unseen"  # nobody develops against it: every half is "check"
LABELLED = {folder: sorted(path for path in folder.glob("*.jsonl") if path.name != "sentences.jsonl") for folder in (DEVELOPED, UNSEEN)}
LABELS = {"scheduling", "notes", "mixed"}
FIELDS = {"id", "lang", "label", "subject", "text", "html", "attachments", "ics", "secrets", "keep", "persona", "why", "hard", "kind", "half"}
# first three letters of a month, English and German
MONTHS = {name: number for number, names in enumerate(
    ("jan jän", "feb", "mar mär", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"), start=1) for name in names.split()}
WEEKDAYS = {name: number for number, names in enumerate(
    ("mon mo", "tue di", "wed mi", "thu do", "fri fr", "sat sa", "sun so"), start=0) for name in names.split()}
ENGLISH_DAY = r"\b(Mon|Tues?|Wed|Wednes|Thu|Thurs|Fri|Sat|Satur|Sun)(?:day)?\b,?\s+(?:the\s+)?"
GERMAN_DAY = r"\b(Mo|Di|Mi|Do|Fr|Sa|So|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag)\b\.?,?\s+(?:de[nmr]\s+)?"
YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
WRITTEN_OUT = {
    "en": [re.compile(ENGLISH_DAY + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>[A-Z][a-z]{2,8})\b" + YEAR),
           re.compile(ENGLISH_DAY + r"(?P<month>[A-Z][a-z]{2,8})\s+(?P<day>\d{1,2})\b" + YEAR),
           re.compile(ENGLISH_DAY + r"(?P<month>\d{1,2})/(?P<day>\d{1,2})\b")],  # figures with a slash: month first, only the American hands write them
    "de": [re.compile(GERMAN_DAY + r"(?P<day>\d{1,2})\.\s*(?P<month>[A-ZÄ][a-zä]{2,8})\b" + YEAR),
           re.compile(GERMAN_DAY + r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>20\d\d)?")],
}


def load(folder: Path) -> list[Mail]:
    """Every mail of every file of the folder, in file order."""
    return [json.loads(line) for path in LABELLED[folder] for line in path.read_text(encoding="utf-8").split("\n") if line]


DEVELOPED_MAILS, UNSEEN_MAILS = load(DEVELOPED), load(UNSEEN)
MAILS = DEVELOPED_MAILS + UNSEEN_MAILS


def whole(mail: Mail) -> str:
    """All that a reader of the mail could see, hidden parts included."""
    pieces = [mail["subject"], mail["text"], mail["html"] or "", mail["ics"] or ""]
    return "\n".join(pieces + [piece for part in mail["attachments"] for piece in (part["filename"], part["text"])])


def per_mail(check: Any) -> Any:
    """Run the check once for each mail, named by its id."""
    return pytest.mark.parametrize("mail", MAILS, ids=[mail["id"] for mail in MAILS])(check)


def named_dates(mail: Mail) -> list[tuple[str, int, int, int, int | None]]:
    """(words, weekday 0-6, month, day, year or None) for each place where weekday and date are both written out."""
    found = []
    for pattern in WRITTEN_OUT.get(mail["lang"], []):
        for match in pattern.finditer(whole(mail)):
            month, word = match["month"], match[1].lower()
            number = int(month) if month.isdigit() else MONTHS.get(month[:3].lower())
            weekday = WEEKDAYS.get(word[:3], WEEKDAYS[word[:2]] if mail["lang"] == "de" else None)
            if number is None or weekday is None:
                continue
            year = match.groupdict().get("year")
            found.append((match[0], weekday, number, int(match["day"]), int(year) if year else None))
    return found


def test_files_are_there_and_ids_unique() -> None:
    """Each id stands for one mail in all files together, and no text is used twice."""
    assert DEVELOPED_MAILS
    assert UNSEEN_MAILS
    assert not [name for name, count in Counter(mail["id"] for mail in MAILS).items() if count > 1]
    assert not [words for words, count in Counter((mail["text"], mail["html"]) for mail in MAILS).items() if count > 1]


@per_mail
def test_fields_and_label_rules(mail: Mail) -> None:
    """The fields are complete; secrets and keep are empty or filled as the label says; a scheduling mail has no attachment."""
    assert set(mail) == FIELDS
    assert mail["label"] in LABELS
    assert mail["half"] in {"dev", "check"}
    assert bool(mail["secrets"]) == (mail["label"] != "scheduling")
    assert not (mail["label"] == "notes" and mail["keep"])
    assert mail["keep"] or mail["label"] != "mixed"
    assert not (mail["label"] == "scheduling" and mail["attachments"])
    assert mail["why"]
    assert mail["persona"]


@per_mail
def test_secrets_and_keep_occur_literally(mail: Mail) -> None:
    """Every phrase is a copy out of its own mail, and no fact to keep overlaps a secret."""
    words = whole(mail)
    assert not [phrase for phrase in mail["secrets"] + mail["keep"] if phrase not in words]
    assert not [(secret, fact) for secret in mail["secrets"] for fact in mail["keep"] if secret in fact or fact in secret]


def test_no_secret_occurs_in_a_scheduling_mail() -> None:
    """A secret found in a harmless mail would be counted as a leak that is none."""
    harmless = [(mail["id"], whole(mail).casefold()) for mail in MAILS if mail["label"] == "scheduling"]
    assert not [(mail["id"], secret, other) for mail in MAILS for secret in mail["secrets"] for other, words in harmless if secret.casefold() in words]


def test_halves_are_even_within_language_and_label() -> None:
    """Neither half is easier by having more of one label."""
    balance: dict[tuple[str, str], int] = defaultdict(int)
    for mail in DEVELOPED_MAILS:
        group = "mix" if mail["lang"].startswith("mix:") else mail["lang"]
        balance[group, mail["label"]] += 1 if mail["half"] == "dev" else -1
    assert not {group: difference for group, difference in balance.items() if abs(difference) > 1}


def test_every_unseen_mail_only_checks() -> None:
    """A mail marked for development would invite somebody to read the set that measures a first sight."""
    assert {mail["half"] for mail in UNSEEN_MAILS} == {"check"}


@pytest.mark.parametrize(("mails", "autumn"), [(DEVELOPED_MAILS, 2026), (UNSEEN_MAILS, 2027)], ids=["mails", "unseen"])
@pytest.mark.parametrize("lang", sorted(WRITTEN_OUT))
def test_weekdays_agree_with_dates(lang: str, mails: list[Mail], autumn: int) -> None:
    """Where weekday and date are both written out they agree in the year named, else in the year the mails are set in."""
    dates = [(mail["id"], *found) for mail in mails if mail["lang"] == lang for found in named_dates(mail)]
    assert dates
    wrong = [(name, words) for name, words, weekday, month, day, year in dates
             if weekday != date(year or (autumn if month >= 8 else 2027), month, day).weekday()]
    assert not wrong


@pytest.mark.parametrize(("folder", "halves"), [(DEVELOPED, ("dev", "check")), (UNSEEN, ("check",))], ids=["mails", "unseen"])
def test_sentences_are_labelled_and_unique(folder: Path, halves: tuple[str, ...]) -> None:
    """The single sentences are each used once and labelled, and harmful and harmless ones stand in each half there is."""
    lines = [json.loads(line) for line in (folder / "sentences.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert len({line["text"] for line in lines}) == len(lines)
    assert {(line["harmful"], line["half"]) for line in lines} == {(harmful, half) for harmful in (True, False) for half in halves}
