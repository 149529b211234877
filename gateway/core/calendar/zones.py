"""Time zones without files: the rule of each IANA zone for the years to come, and whose zone a TZID of a calendar object means.

A rule is a POSIX TZ string (RFC 8536 section 3.3): one offset, or two and the two days a year on which they change. `zone_table.py` has them.
A TZID may be anything (a Windows name, a display name, "Customized Time Zone"); what names no zone is found by the rule its VTIMEZONE states.
Never guesses: no hit is no zone, and then the object waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from gateway.core.calendar.lines import Component, Property
from gateway.core.calendar.zone_table import SINCE, ZONES

DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # POSIX counts from Sunday
# asked in this order, after the coach's own, where only a rule is known: one zone of each rule that many people live under
LIKELY = (
    "Europe/Berlin Europe/London Europe/Athens Europe/Dublin America/New_York America/Chicago America/Denver America/Los_Angeles America/Phoenix "
    "America/Halifax America/Sao_Paulo Asia/Kolkata Asia/Dubai Asia/Singapore Asia/Tokyo Asia/Jerusalem Europe/Istanbul Africa/Johannesburg "
    "Africa/Lagos Australia/Sydney Australia/Brisbane Australia/Adelaide Pacific/Auckland UTC"
).split()


@dataclass(frozen=True, slots=True)
class Change:
    """The day and local second at which an offset begins: `week` 1 to 5 (5 is the last), `weekday` 0 is Sunday."""

    month: int
    week: int
    weekday: int
    second: int

    def of(self, year: int) -> datetime:
        """The local time of the change in `year`, by the clock that runs until then."""
        first = datetime(year, self.month, 1)
        day = 1 + (self.weekday - (first.weekday() + 1)) % 7 + 7 * (self.week - 1)
        following = datetime(year + self.month // 12, self.month % 12 + 1, 1)
        while day > (following - first).days:
            day -= 7
        return first + timedelta(days=day - 1, seconds=self.second)


@dataclass(frozen=True, slots=True)
class Rule:
    """Offsets east of UTC; `summer`, `begins` and `ends` are None where the clocks never change."""

    standard: timedelta
    summer: timedelta | None = None
    begins: Change | None = None  # by standard time
    ends: Change | None = None  # by summer time

    def offset_at(self, utc: datetime) -> timedelta:
        """The offset in force at a naive UTC time."""
        if self.summer is None or self.begins is None or self.ends is None:
            return self.standard
        year = (utc + self.standard).year
        begins, ends = self.begins.of(year) - self.standard, self.ends.of(year) - self.summer
        inside = begins <= utc < ends if begins < ends else not ends <= utc < begins
        return self.summer if inside else self.standard

    def to_utc(self, local: datetime) -> datetime:
        """The naive UTC time of a naive local one; of the two that an hour given back has, the first; an hour skipped reads by the clock before it
        (RFC 5545 section 3.3.5)."""
        offsets = sorted({self.standard, self.standard if self.summer is None else self.summer}, reverse=True)
        for offset in offsets:
            if self.offset_at(local - offset) == offset:
                return local - offset
        return local - offsets[-1]

    def to_local(self, utc: datetime) -> datetime:
        """The naive local time of a naive UTC one."""
        return utc + self.offset_at(utc)


@lru_cache(maxsize=512)
def parse_rule(text: str) -> Rule:
    """A POSIX TZ string as `zone_table` has them. Raises ValueError."""
    found = re.fullmatch(r"(?:<[^>]+>|[A-Za-z]+)(-?[\d:]+)(?:(?:<[^>]+>|[A-Za-z]+)(-?[\d:]+)?,([^,]+),([^,]+))?", text)
    if not found:
        raise ValueError("no POSIX rule")
    standard = -_clock(found[1])
    if not found[3]:
        return Rule(standard)
    summer = -_clock(found[2]) if found[2] else standard + timedelta(hours=1)
    return Rule(standard, summer, _change(found[3]), _change(found[4]))


def _clock(text: str) -> timedelta:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    hours, minutes, seconds = (*map(int, digits.split(":")), 0, 0)[:3]
    return sign * timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _change(text: str) -> Change:
    day, _, clock = text.partition("/")
    month, week, weekday = map(int, day.removeprefix("M").split("."))
    return Change(month, week, weekday, int(_clock(clock or "2").total_seconds()))


RULES: Mapping[str, str] = {name: rule for rule, names in ZONES.items() for name in names.split()}


def rule_of(zone: str) -> Rule:
    """The rule of an IANA zone of the table. Raises KeyError."""
    return parse_rule(RULES[zone])


def holds_at(zone: str, local: datetime) -> bool:
    """Whether the rule of a zone of the table was already in force at a naive local time: laws change, and the table knows only what comes."""
    since = SINCE.get(zone, "")
    return not since or local >= datetime.fromisoformat(since)


def zone_of(tzid: str, definition: Component | None, at: datetime, preferred: Sequence[str]) -> str:
    """The IANA zone that a TZID means in an object, '' where none is sure.

    `definition` is the VTIMEZONE of that name, `at` the local time of the appointment, `preferred` the zones of the people in it, likeliest first.
    A name that we know beside a definition that gives another time is not sure: some programs go by the one, some by the other.
    """
    stated = _stated(definition, at.year)
    zone = _named(tzid.strip(), stated, preferred)
    if zone and stated and definition is not None and holds_at(zone, at) and rule_of(zone).to_utc(at) != parse_rule(stated).to_utc(at):
        return ""
    return zone


def _named(tzid: str, stated: str, preferred: Sequence[str]) -> str:
    """The zone of an IANA name (whatever stands in front of it), of a Windows name, or with the stated rule."""
    parts = tzid.strip("/").split("/")
    for name in (tzid, *("/".join(parts[-size:]) for size in (3, 2))):
        if name in RULES:
            return name
    windows = WINDOWS_TO_OLSON.get(tzid, "")
    rule = RULES.get(windows, stated)
    likely = (*preferred, *([windows] if windows in RULES else ()), *LIKELY)
    return next((name for name in likely if rule and name in RULES and _alike(RULES[name], rule)), "")


def _alike(one: str, other: str) -> bool:
    """Whether two rules give the same offsets, whatever they call them."""
    first, second = parse_rule(one), parse_rule(other)
    return first == second


def _stated(definition: Component | None, year: int) -> str:
    """The rule a VTIMEZONE states for `year`, as a POSIX string; '' where it is none of two yearly changes or one offset (RFC 5545 section 3.6.5)."""
    if definition is None:
        return ""
    found: dict[str, tuple[str, str]] = {}
    for kind in ("STANDARD", "DAYLIGHT"):
        blocks = [c for c in definition.components if c.name == kind and _in_force(c, year)]
        if not blocks:
            continue
        last = max(blocks, key=lambda c: (p.value if (p := c.one("DTSTART")) else ""))
        offset, start, rule = last.one("TZOFFSETTO"), last.one("DTSTART"), last.one("RRULE")
        if offset is None or start is None or _ends_in(rule, year) or not re.fullmatch("[+-](?:0[0-9]|1[0-4])[0-5][0-9]", offset.value):
            return ""
        found[kind] = (offset.value, _yearly(rule.value if rule else "", start.value))
    if "STANDARD" not in found:
        return ""
    standard, ends = found["STANDARD"]
    if "DAYLIGHT" not in found:
        return f"XXX{_posix(standard)}"
    summer, begins = found["DAYLIGHT"]
    if not begins or not ends:
        return f"XXX{_posix(standard)}" if standard == summer else ""
    return f"XXX{_posix(standard)}YYY{_posix(summer)},{begins},{ends}"


def _in_force(block: Component, year: int) -> bool:
    """Whether a block still holds in `year`: it has begun, and its yearly rule has not ended."""
    start, rule = block.one("DTSTART"), block.one("RRULE")
    if start is None or not re.match("[0-9]{8}", start.value) or int(start.value[:4]) > year:
        return False
    until = re.search("UNTIL=([0-9]{4})", rule.value) if rule else None
    return until is None or int(until[1]) >= year


def _ends_in(rule: Property | None, year: int) -> bool:
    """Whether a block holds for a part of the year alone: which one is in force then is not asked."""
    return rule is not None and re.search(f"UNTIL={year}", rule.value.upper()) is not None


def _yearly(rule: str, start: str) -> str:
    """ "M3.5.0/2:00:00" of "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" and the clock of DTSTART; '' where it is of another form."""
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    day = re.fullmatch(r"(-1|\+?[1-4])(SU|MO|TU|WE|TH|FR|SA)", parts.get("BYDAY", ""))
    clock = re.fullmatch("[0-9]{8}T([0-9]{2})([0-9]{2})([0-9]{2})", start.strip())
    others = parts.keys() - {"FREQ", "BYDAY", "BYMONTH", "UNTIL", "WKST"}
    if not day or not clock or parts.get("FREQ") != "YEARLY" or not re.fullmatch("[1-9]|1[0-2]", parts.get("BYMONTH", "")):
        return ""
    if others and (others != {"INTERVAL"} or parts["INTERVAL"] != "1"):
        return ""
    return f"M{parts['BYMONTH']}.{5 if day[1] == '-1' else day[1].strip('+')}.{DAYS.index(day[2])}/{clock[1]}:{clock[2]}:{clock[3]}"


def _posix(offset: str) -> str:
    """ "+0130" (east) as POSIX writes it: "-01:30"."""
    return f"{'-' if offset[0] == '+' else ''}{offset[1:3]}:{offset[3:]}"
