"""A calendar program as coach and company have one: it understands invitations (RFC 5546) and keeps them on a CalDAV server (RFC 4791), a real Radicale."""

from __future__ import annotations

import base64
import http.client
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email import message_from_bytes
from pathlib import Path

import recurring_ical_events
from icalendar import Calendar, Event

from tests.e2e.stage import PATIENCE, free_port

ALWAYS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
Date = tuple[str, str, str]  # start and end in UTC, link


@contextmanager
def caldav_server() -> Iterator[int]:
    """The port of a fresh Radicale on loopback; ended, by its own id, afterwards."""
    folder, port = Path(tempfile.mkdtemp(prefix="dav-")), free_port()
    settings = ("--server-hosts", f"127.0.0.1:{port}", "--storage-filesystem-folder", str(folder / "store"), "--auth-type", "none", "--logging-level", "error")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "radicale", "--config", "", *settings], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                _ask(port, "nobody", "OPTIONS", "/")
                break
            except OSError:  # another program: nothing tells us when its port opens
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "the CalDAV server did not listen"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder)


def _ask(port: int, user: str, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        login = base64.b64encode(f"{user}:x".encode()).decode()
        connection.request(method, path, body, {"Authorization": f"Basic {login}", "Content-Type": "text/calendar; charset=utf-8"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Diary:
    """One person's calendar. `proposals` are times that somebody proposed instead (COUNTER)."""

    def __init__(self, port: int, user: str) -> None:
        self.port, self.user = port, user
        self.proposals: list[tuple[datetime, datetime]] = []
        status, _ = _ask(port, user, "MKCALENDAR", f"/{user}/diary/")
        assert status == 201, status

    def stored(self, uid: str) -> Calendar:
        """The object as the server gives it back."""
        status, octets = _ask(self.port, self.user, "GET", self._path(uid))
        assert status in (200, 404), status
        if status == 200:
            return Calendar.from_ical(octets)
        calendar = Calendar()
        calendar.add("prodid", "-//diary//EN")
        calendar.add("version", "2.0")
        return calendar

    def store(self, uid: str, calendar: Calendar) -> None:
        calendar.pop("METHOD", None)
        status, answer = _ask(self.port, self.user, "PUT", self._path(uid), calendar.to_ical())
        assert status in (201, 204), (status, answer)

    def _path(self, uid: str) -> str:
        return f"/{self.user}/diary/{uid.replace('@', '_')}.ics"

    # -------------------------------------------------------------------------------------------- messages
    def take(self, mail: bytes) -> str:
        """Do what the calendar object of a mail asks for; the UID."""
        (part, *_) = (part for part in message_from_bytes(mail).walk() if part.get_content_type() == "text/calendar")
        message = Calendar.from_ical(part.get_payload(decode=True))
        assert part.get_param("method") == message["METHOD"], "RFC 6047 section 2.4"
        events = message.walk("VEVENT")
        uid = str(events[0]["UID"])
        calendar = self.stored(uid)
        names = {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")}
        for zone in message.walk("VTIMEZONE"):
            if str(zone["TZID"]) not in names:
                calendar.add_component(zone)
        for event in events:
            getattr(self, f"_{message['METHOD'].lower()}")(calendar, event)
        self.store(uid, calendar)
        return uid

    def _request(self, calendar: Calendar, event: Event) -> None:
        known = _find(calendar, event)
        if known is not None:
            assert int(event["SEQUENCE"]) >= int(known["SEQUENCE"]), "an update of an older number"
            calendar.subcomponents.remove(known)
        calendar.add_component(event)

    def _add(self, calendar: Calendar, event: Event) -> None:
        master = _master(calendar)
        master.add("rdate", event["DTSTART"].dt)
        master["SEQUENCE"] = event["SEQUENCE"]

    def _cancel(self, calendar: Calendar, event: Event) -> None:
        known, master = _find(calendar, event), _master(calendar)
        if "RECURRENCE-ID" not in event:
            for one in calendar.walk("VEVENT"):
                one["STATUS"] = "CANCELLED"
            return
        if known is not None:
            calendar.subcomponents.remove(known)
        assert event["RECURRENCE-ID"].dt.tzinfo == master["DTSTART"].dt.tzinfo, "RFC 5545 section 3.8.4.4: the date is named as the series names it"
        master.add("exdate", event["RECURRENCE-ID"].dt)

    def _reply(self, calendar: Calendar, event: Event) -> None:
        known = _find(calendar, event)
        if known is None:  # one date of a series: it becomes an instance of its own
            master = _master(calendar)
            at = event["RECURRENCE-ID"]
            assert at.params.get("TZID") == master["DTSTART"].params.get("TZID"), "RFC 5545 section 3.8.4.4: the date is named as the series names it"
            known = Event.from_ical(master.to_ical())
            for name in ("RRULE", "RDATE", "EXDATE", "DTSTART", "DTEND"):
                known.pop(name, None)
            length = master["DTEND"].dt - master["DTSTART"].dt
            known.add("dtstart", at.dt)
            known.add("dtend", at.dt + length)
            known["RECURRENCE-ID"] = at
            calendar.add_component(known)
        assert int(event["SEQUENCE"]) <= int(_master(calendar)["SEQUENCE"]), "RFC 5546 section 2.1.4: only the organiser counts"
        (answer,), people = _people(event), _people(known)
        mine = [person for person in people if str(person).lower() == str(answer).lower()]
        assert len(mine) == 1, "the answer is of somebody who was not asked"
        mine[0].params["PARTSTAT"] = answer.params["PARTSTAT"]

    def _counter(self, calendar: Calendar, event: Event) -> None:
        assert _find(calendar, event) is not None or "RECURRENCE-ID" in event
        self.proposals.append((event["DTSTART"].dt, event["DTEND"].dt))

    # -------------------------------------------------------------------------------------------- what a person sees
    def dates(self, uid: str) -> list[Date]:
        """Every date that takes place."""
        found = recurring_ical_events.of(self.stored(uid)).between(*ALWAYS)
        shown = [e for e in found if str(e.get("STATUS", "")) != "CANCELLED"]
        return sorted((_utc(e["DTSTART"].dt), _utc(e["DTEND"].dt), str(e.get("LOCATION", ""))) for e in shown)

    def partstats(self, uid: str) -> list[tuple[str, str]]:
        """What was answered for each date, by its start."""
        found = recurring_ical_events.of(self.stored(uid)).between(*ALWAYS)
        people = [(_utc(e["DTSTART"].dt), person) for e in found for person in _people(e)]
        return sorted((start, str(person.params.get("PARTSTAT", "NEEDS-ACTION"))) for start, person in people if "acme" in str(person).lower())

    def text(self, uid: str) -> str:
        return self.stored(uid).to_ical().decode()


def _utc(at: date) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if isinstance(at, datetime) else at.isoformat()


def _people(event: Event) -> list:
    people = event.get("ATTENDEE", [])
    return people if isinstance(people, list) else [people]


def _find(calendar: Calendar, event: Event) -> Event | None:
    at = event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else None
    return next((e for e in calendar.walk("VEVENT") if (e["RECURRENCE-ID"].dt if "RECURRENCE-ID" in e else None) == at), None)


def _master(calendar: Calendar) -> Event:
    (master,) = (e for e in calendar.walk("VEVENT") if "RECURRENCE-ID" not in e)
    return master
