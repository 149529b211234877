"""Recurrence (RFC 5545 section 3.3.10): rules by their known parts, and series whose dates all have the form of their start.

A rule that programs count in different ways (a part outside its range, BYDAY numbers in a weekly rule) is not read: the two calendars would drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time

from gateway.core.calendar.lines import Property, Unreadable
from gateway.core.calendar.values import date_time, in_zone, instant
from gateway.core.calendar.zones import RULES, rule_of
from gateway.core.invitation import Event, Moment

MOST_COUNT = 200
MOST_MOMENTS = 400  # of EXDATE or RDATE
_DAY = "(?:SU|MO|TU|WE|TH|FR|SA)"
_ORDINAL = "(?:[+-]?(?:[1-9]|[1-4][0-9]|5[0-3]))"


def _list(one: str, most: int) -> str:
    return f"{one}(?:,{one}){{0,{most - 1}}}"


RULE_PARTS: Mapping[str, str] = {  # by hours and below is no appointment
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": "[1-9][0-9]{0,2}",
    "COUNT": "[1-9][0-9]{0,2}",
    "UNTIL": "[0-9]{8}(?:T[0-9]{6}Z?)?",
    "BYDAY": _list(f"{_ORDINAL}?{_DAY}", 14),
    "BYMONTHDAY": _list("-?(?:[1-9]|[12][0-9]|3[01])", 31),
    "BYMONTH": _list("(?:[1-9]|1[0-2])", 12),
    "BYSETPOS": _list("-?[1-9][0-9]{0,2}", 6),
    "WKST": _DAY,
}
_SELECTING = {"BYDAY", "BYMONTHDAY", "BYMONTH"}
_CLOCK = {"BYHOUR": "hour", "BYMINUTE": "minute", "BYSECOND": "second"}


def read_rule(p: Property, start: Moment, zone: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """The parts of an RRULE in their order, and whether it carried more than that. `zone` is the coach's. Raises `Unreadable`."""
    parts: list[tuple[str, str]] = []
    surplus = bool(p.parameters)
    for item in p.value.strip().rstrip(";").split(";"):
        name, _, value = (word.strip().upper() for word in item.partition("="))
        if name.startswith("X-"):  # the grammar of RFC 2445 had room for text
            surplus = True
        elif name in _CLOCK and not start.is_date and value.lstrip("0") == str(getattr(start.at, _CLOCK[name])).lstrip("0"):
            surplus = True  # some programs repeat the hour of the start
        elif name in RULE_PARTS and re.fullmatch(RULE_PARTS[name], value):
            parts.append((name, value.replace("+", "") if name == "BYDAY" else value))
        else:
            raise Unreadable("recurrence rule not understood")
    rule = dict(parts)
    if len(rule) < len(parts) or not _is_counted_alike(rule):
        raise Unreadable("recurrence rule not understood")
    return tuple((name, _until(value, start, zone) if name == "UNTIL" else value) for name, value in parts), surplus


def _is_counted_alike(rule: Mapping[str, str]) -> bool:
    """Whether every program counts the same days by it (the table in RFC 5545 section 3.3.10)."""
    if "FREQ" not in rule or ("COUNT" in rule and ("UNTIL" in rule or int(rule["COUNT"]) > MOST_COUNT)):
        return False
    numbered = any(character.isdigit() for character in rule.get("BYDAY", ""))
    if numbered and (rule["FREQ"] not in ("MONTHLY", "YEARLY") or "BYSETPOS" in rule):
        return False
    if rule["FREQ"] == "WEEKLY" and "BYMONTHDAY" in rule:
        return False
    return "BYSETPOS" not in rule or bool(_SELECTING & rule.keys())


def _until(value: str, start: Moment, zone: str) -> str:
    """UNTIL in the form that DTSTART asks for: a date beside a date, else UTC (RFC 5545 section 3.3.10). Raises `Unreadable`."""
    at, form = date_time(value)
    if start.is_date:
        # midnight of the coach, written in UTC, is the day before or after
        return f"{rule_of(zone).to_local(at) if form == 'UTC' and zone in RULES else at:%Y%m%d}"
    if form == "date":
        at = datetime.combine(at, time(23, 59, 59))
    return f"{at if form == 'UTC' else instant(Moment(at, start.zone)):%Y%m%dT%H%M%SZ}"


def in_one_form(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The series first, then its instances; a single appointment, and every moment of it, in UTC. Raises `Unreadable`.

    A series keeps its zone: its clock time is the fact. All its dates take that zone and the form of its start (RFC 5545 sections 3.8.4.4 and 3.8.5.1).
    """
    masters = [event for event in events if event.recurrence is None]
    instances = sorted((event for event in events if event.recurrence is not None), key=lambda event: event.recurrence.at)  # type: ignore[union-attr]
    if len(masters) > 1:
        raise Unreadable("several appointments")
    if masters and not (masters[0].rule or masters[0].added or instances):
        return (_single(masters[0]),)
    start = masters[0].start if masters else None
    zone = next((event.start.zone for event in (*masters, *instances) if event.start is not None), "")
    formed = tuple(_of_series(event, zone, start) for event in (*masters, *instances))
    if len({event.recurrence for event in formed}) < len(formed):
        raise Unreadable("several appointments")
    if any(event.rule or event.added or event.excluded for event in formed if event.recurrence is not None):
        raise Unreadable("rule of a single instance")
    return formed


def _single(event: Event) -> Event:
    """In UTC, which needs no VTIMEZONE; what only a series can have is left out."""
    start, end, old_start, old_end = (m and in_zone(m, "UTC") for m in (event.start, event.end, event.old_start, event.old_end))
    return replace(event, start=start, end=end, old_start=old_start, old_end=old_end, excluded=())


def _of_series(event: Event, zone: str, master: Moment | None) -> Event:
    """`event` with every moment in `zone` ("" of a series of days), and each that names an instance in the form of the start of its `master`."""
    own = zone or (event.start.zone if event.start else "") or "UTC"
    start, end, old_start, old_end = (m and in_zone(m, own) for m in (event.start, event.end, event.old_start, event.old_end))
    if master is not None and any(m.is_date and not master.is_date for m in event.added):
        raise Unreadable("a date and a time")
    added, excluded = (tuple(dict.fromkeys(_naming(m, own, master) for m in moments)) for moments in (event.added, event.excluded))
    if added and start is not None:  # beside a rule some programs would show the start twice; without one some would not show it
        added = tuple(dict.fromkeys((start, *added))) if not event.rule else tuple(m for m in added if m != start)
    if len(added) > MOST_MOMENTS:
        raise Unreadable("too many dates")
    recurrence = event.recurrence and _naming(event.recurrence, own, master)
    return replace(event, start=start, end=end, old_start=old_start, old_end=old_end, added=added, excluded=excluded, recurrence=recurrence)


def _naming(moment: Moment, zone: str, master: Moment | None) -> Moment:
    """The moment that names an instance: of a timed series a date names that day's, of a series of days a midnight names the day. Raises `Unreadable`."""
    if master is not None and moment.is_date and not master.is_date:
        return Moment(datetime.combine(moment.at, master.at.time()), zone)
    if master is not None and master.is_date and not moment.is_date:
        if moment.at.time() != time.min:
            raise Unreadable("a date and a time")
        return Moment(moment.at, "")
    return in_zone(moment, zone)
