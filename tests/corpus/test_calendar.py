"""Real and realistic calendar objects: what a company gets means the same as what the coach wrote, and says nothing of it."""

from __future__ import annotations

import ctypes.util
import json
import re
import shutil
import tomllib
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from gateway.core.calendar.zones import holds_at
from gateway.core.invitation import Invitation, Moment
from gateway.core.meeting import Meetings
from gateway.core.model import Kind, RecogniserContext
from tests.calendars import COACH, CONTEXT, READERS, ask_reader, mail, objects, proved, read

CORPUS = Path(__file__).parents[2] / "../shared/corpus"
IMIP, CALENDARS = CORPUS / "imip", CORPUS / "calendar"
WINDOW = timedelta(days=2 * 365)
STRAY = {"vcalendar-event-recurring.ics"}  # one of its instances is of no series, as it says itself: each reader has its own mind on that
NOT_A_SAMPLE = re.compile("LICENSE|COPYING|MANIFEST|README")


# ------------------------------------------------------------------------------------------------ labelled invitations
LABELLED = sorted(IMIP.glob("*.json")) if IMIP.exists() else []
LABELLED = [path for path in LABELLED if path.with_suffix(".eml").exists()]


@cache
def setup() -> RecogniserContext:
    """The configuration that the corpus names."""
    told = json.loads((IMIP / "setup.json").read_text())
    configured, client = tomllib.loads(told["config"]), tomllib.loads(told["client"])
    own, theirs = ({name: tuple(values) for name, values in meetings.items()} for meetings in (configured["meetings"], client["meetings"]))
    places = (*configured["places"]["known"], *configured["places"]["rooms"])
    return replace(CONTEXT, places=places, own=Meetings(**own), theirs=Meetings(**theirs))


def utc(moment: Moment | None) -> str | None:
    """As the side-cars write it."""
    if moment is None:
        return None
    zone = ZoneInfo("Europe/Berlin" if moment.is_date else moment.zone)
    return moment.at.replace(tzinfo=zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.skipif(not LABELLED, reason="shared/corpus/imip is not beside this repository")
@pytest.mark.parametrize("path", LABELLED, ids=lambda p: p.stem)
def test_a_labelled_invitation_keeps_its_facts_and_tells_no_secret(path: Path) -> None:
    """Method, times, sequence, rule, exceptions and people as the side-car says; held or sent home where it says that; no secret in any decoded part."""
    label = json.loads(path.read_text())
    reading = read(path.with_suffix(".eml").read_bytes(), setup())
    wanted = label["expect"].partition(":")[0]
    kinds = {finding.kind for finding in reading.findings}
    if reading.invitation is None:
        assert "hold" in wanted or "divert" in wanted, (wanted, reading.findings)
        assert "divert" not in wanted or Kind.CALENDAR not in kinds
        return
    octets = proved(reading.invitation)
    unfolded = octets.decode().replace("\r\n ", "")
    shown = "\n".join((unfolded, reading.company_text, reading.company_subject)).lower()
    assert [secret for secret in label["secrets"] if secret.lower() in shown] == []
    assert [words for words in label.get("drop_by_default", ()) if words.lower() in unfolded.lower()] == []  # dial-in data
    first, keep = reading.invitation.events[0], label["keep"]
    assert reading.invitation.method == label["method"]
    assert first.uid == keep["uid"]
    assert keep["uid"] not in octets.decode() or reading.invitation.method in ("REPLY", "COUNTER", "REFRESH")
    found = {"dtstart_utc": utc(first.start), "dtend_utc": utc(first.end), "sequence": first.sequence, "original_start_utc": utc(first.old_start)}
    found["recurrence_id_utc"] = utc(first.recurrence)
    assert {name: value for name, value in found.items() if name in keep and keep[name] is not None} == {n: keep[n] for n in found if keep.get(n) is not None}
    assert sorted(first.rule) == sorted(tuple(part.split("=")) for part in (keep.get("rrule") or "").split(";") if part)
    assert [utc(m) for m in first.excluded] == (keep.get("exdates_utc") or [])
    exceptions = [{"recurrence_id_utc": utc(e.recurrence), "dtstart_utc": utc(e.start), "dtend_utc": utc(e.end)} for e in reading.invitation.events[1:]]
    assert exceptions == (keep.get("exceptions") or [])
    assert bool(reading.invitation.assumed_zone) == bool(keep.get("floating"))
    if keep.get("link") and label.get("platform_owner", "coach") == "coach":
        assert keep["link"].lower() == first.link.lower()


# ------------------------------------------------------------------------------------------------ public samples
SAMPLES = sorted(p for p in CALENDARS.rglob("*") if p.is_file() and not NOT_A_SAMPLE.match(p.name)) if CALENDARS.exists() else []
LINE = rb"(?im)^%s[;:][^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n"


def as_hers(octets: bytes) -> bytes:
    """The object as if the coach had made it: she organises, and what an invitation must have is there."""
    octets = re.sub(LINE % b"ORGANIZER", b"", octets)
    octets = re.sub(LINE % b"METHOD", b"", octets)
    octets = re.sub(rb"(?i)BEGIN:VCALENDAR[ \t]*(\r?\n)", rb"BEGIN:VCALENDAR\1METHOD:REQUEST\1", octets)

    def hers(found: re.Match[bytes]) -> bytes:
        text = found[0]
        start = re.search(rb"(?im)^DTSTART[;:][^\r\n]*?:?(\d{8})", text)
        stamp = b"DTSTAMP:" + (start[1] if start else b"20200101") + b"T000000Z\r\n"
        text = re.sub(LINE % b"DTSTAMP", b"", text)
        uid = b"" if re.search(rb"(?im)^UID[:;]", text) else b"UID:one\r\n"
        return text.replace(found[1], found[1] + stamp + uid + b"ORGANIZER:mailto:" + COACH.encode() + b"\r\n", 1)

    return re.sub(rb"(?is)(BEGIN:VEVENT[ \t]*\r?\n).*?END:VEVENT", hers, octets)


def samples(path: Path) -> list[bytes]:
    """The objects of a file: those of a whole mail, or the file itself."""
    raw = path.read_bytes()
    return ([o for o in objects(raw) if o.strip()] or [raw]) if path.suffix in (".eml", ".mime") or raw[:5] in (b"From:", b"Retur", b"Deliv") else [raw]


@dataclass
class Outcome:
    """One object and what became of it."""

    path: Path
    original: bytes
    what: str  # "rewritten", "diverted", or why it waits
    invitation: Invitation | None = None
    octets: bytes = b""


@cache
def outcomes(hers: bool) -> list[Outcome]:
    """Every sample in a mail of the coach, as it is or as if she had made it."""
    found = []
    for path in SAMPLES:
        for octets in samples(path):
            original = as_hers(octets) if hers else octets
            reading = read(mail(original))
            waits = [f.evidence for f in reading.findings if f.kind is Kind.CALENDAR]
            home = any(f.kind is Kind.OPAQUE for f in reading.findings)
            if reading.invitation is not None:
                found.append(Outcome(path, original, "rewritten", reading.invitation, proved(reading.invitation)))
            elif not original.strip():
                found.append(Outcome(path, original, "empty"))
            else:
                assert waits or home, f"{path} was neither rewritten nor held nor sent home: {reading.findings}"
                found.append(Outcome(path, original, f"held: {waits[0]}" if waits else "diverted"))
    return found


needs_samples = pytest.mark.skipif(not SAMPLES, reason="shared/corpus/calendar is not beside this repository")


@needs_samples
@pytest.mark.timeout(600)
@pytest.mark.parametrize("hers", [False, True], ids=["as they are", "as hers"])
def test_every_public_sample_is_rewritten_sent_home_or_held(hers: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """No sample breaks the reader, and there are some of each kind; the count is printed."""
    counted = Counter(outcome.what for outcome in outcomes(hers))
    with capsys.disabled():
        print(f"\n{len(SAMPLES)} files, {sum(counted.values())} objects, {'as hers' if hers else 'as they are'}: {dict(counted.most_common())}")
    assert counted["rewritten"]
    assert counted["diverted"]


# ------------------------------------------------------------------------------------------------ the same instances
Instances = list[tuple[str, str]]


def plain(value: date | datetime, zone: str = "Europe/Berlin") -> str:
    """A date, or a time in UTC; a floating time is the coach's."""
    if not isinstance(value, datetime):
        return value.isoformat()
    return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instances(octets: bytes, start: datetime) -> Instances:
    """Every instance that starts in the two years from `start`, as recurring-ical-events counts them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about what they find in samples
        found = recurring_ical_events.of(icalendar.Calendar.from_ical(octets)).between(start - timedelta(days=2), start + WINDOW + timedelta(days=2))
        pairs = [(plain(e.start), plain(e.end)) for e in found]
    return sorted(pair for pair in pairs if f"{start:%Y-%m-%d}" <= pair[0] < f"{start + WINDOW:%Y-%m-%d}")


def rewritten(hers: bool) -> list[Outcome]:
    """Those with a time; without those of the distant past, which are written with the law of today (no appointment to come is)."""
    timed = [o for o in outcomes(hers) if o.invitation is not None and o.invitation.events[0].start is not None]
    return [o for o in timed if all(holds_at(e.start.zone, e.start.at) for e in o.invitation.events if e.start)]  # type: ignore[union-attr]


def start_of(outcome: Outcome) -> datetime:
    """A day before all that is asked for."""
    assert outcome.invitation is not None
    start = min(e.start.at for e in outcome.invitation.events if e.start)
    return datetime(start.year, start.month, start.day) - timedelta(days=1)


@needs_samples
@pytest.mark.timeout(600)
@pytest.mark.parametrize("hers", [False, True], ids=["as they are", "as hers"])
def test_the_instances_of_the_original_are_those_of_the_company(hers: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Two years of each sample, expanded by a library that had no part in the rewriting."""
    unread, differ, compared = [], [], 0
    for outcome in rewritten(hers):
        try:
            before = instances(outcome.original, start_of(outcome))
        except (ValueError, KeyError, AttributeError, TypeError) as trouble:  # what we read and the library does not
            unread.append(f"{outcome.path.name}: {type(trouble).__name__}")
            continue
        compared += 1
        after = instances(outcome.octets, start_of(outcome))
        if before != after:
            differ.append((str(outcome.path), before[:3], after[:3], len(before), len(after)))
    with capsys.disabled():
        print(f"\n{compared} compared; the library does not read: {unread}")
    assert compared
    assert differ == []


@needs_samples
@pytest.mark.skipif(not (READERS / "node_modules/ical.js").exists() or not shutil.which("node"), reason="ical.js is not installed: `make system test`")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("hers", [False, True], ids=["as they are", "as hers"])
def test_ical_js_counts_the_same_instances(hers: bool) -> None:
    """What Thunderbird and Nextcloud read in the company's object, moved instances included."""
    asked = [o for o in rewritten(hers) if o.path.name not in STRAY]
    days = [(f"{start_of(o):%Y-%m-%d}", f"{start_of(o) + WINDOW:%Y-%m-%d}") for o in asked]
    answers = ask_reader("icaljs.mjs", [{"ics": o.octets.decode(), "from": start, "to": end} for o, (start, end) in zip(asked, days, strict=True)])
    differ = []
    for outcome, answer in zip(asked, answers, strict=True):
        wanted = instances(outcome.octets, start_of(outcome))
        if answer != [list(pair) for pair in wanted] and sorted(map(tuple, answer)) != wanted:
            differ.append((str(outcome.path), wanted[:3], answer if isinstance(answer, dict) else answer[:3], len(wanted), len(answer)))
    assert asked
    assert differ == []


@needs_samples
@pytest.mark.skipif(not ctypes.util.find_library("ical"), reason="libical is not installed: `make system`")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("hers", [False, True], ids=["as they are", "as hers"])
def test_libical_counts_the_same_instances(hers: bool) -> None:
    """What Evolution, KDE and Cyrus read in it. Not of series with instances that were moved, which libical leaves to its callers, nor with RDATE, of which
    its loop forgets the zone; the end of a day is its last second there."""
    asked, questions, wanted = [], [], []
    for outcome in rewritten(hers):
        assert outcome.invitation is not None
        calendar, start = icalendar.Calendar.from_ical(outcome.octets), start_of(outcome)
        events = [c for c in calendar.subcomponents if c.name == "VEVENT"]
        calendar.subcomponents = [c for c in calendar.subcomponents if c.name != "VEVENT"] + events[:1]
        if outcome.invitation.events[0].added:
            continue
        octets = calendar.to_ical()
        asked.append(outcome)
        wanted.append([tuple(map(seconds, pair)) for pair in instances(octets, start)])
        questions.append({"ics": octets.decode(), "from": f"{start:%Y%m%dT%H%M%SZ}", "to": f"{start + WINDOW:%Y%m%dT%H%M%SZ}"})
    answers = ask_reader("libical.py", questions)
    assert asked
    differ = []
    for outcome, want, answer in zip(asked, wanted, answers, strict=True):
        days = outcome.invitation.events[0].start.is_date  # type: ignore[union-attr]
        got = answer if isinstance(answer, dict) else sorted((start, end - (24 * 3600 - 1) * days) for start, end in answer)
        if got != want:
            differ.append((str(outcome.path), want[:3], got if isinstance(got, dict) else got[:3], len(want), len(got)))
    assert differ == []


def seconds(text: str) -> int:
    """Since 1970; of a date its midnight in UTC."""
    return int(datetime.fromisoformat(text if "T" in text else text + "T00:00:00+00:00").timestamp())
