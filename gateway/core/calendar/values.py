"""Typed values of a calendar object (RFC 5545 section 3.3): what has another form than its type is not read.

Digits are those of ASCII alone, and a time lies in years in which every calendar program and every step of ours can count.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from gateway.core.calendar.lines import Property, Unreadable
from gateway.core.calendar.zones import holds_at, rule_of
from gateway.core.invitation import Moment

FIRST_YEAR, LAST_YEAR = 2000, 2199
TOKENS = {
    "STATUS": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
    "TRANSP": {"OPAQUE", "TRANSPARENT"},
    "PARTSTAT": {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"},
    "ROLE": {"CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"},
    "CUTYPE": {"INDIVIDUAL", "GROUP", "RESOURCE", "ROOM"},
}
_DATE_TIME = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")
_DURATION = re.compile(r"\+?P(?:([0-9]{1,3})W|(?:([0-9]{1,3})D)?(?:T(?:([0-9]{1,3})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})S)?)?)")


def date_time(value: str) -> tuple[datetime, str]:
    """A DATE or DATE-TIME as it is written, and which of the forms of RFC 5545 section 3.3.5 it has: "date", "local" or "UTC". Raises `Unreadable`."""
    found = _DATE_TIME.fullmatch(value)
    if found is None:
        raise Unreadable("date or time not understood")
    try:
        at = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")
    except ValueError:
        raise Unreadable("date or time not understood") from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise Unreadable("time far away")
    return at, "date" if not found[2] else "UTC" if found[3] else "local"


def stamp(value: str) -> datetime:
    """DTSTAMP: UTC, also where the Z is missing. Raises `Unreadable`."""
    return date_time(value.strip().upper())[0]


def duration(value: str) -> tuple[timedelta, timedelta]:
    """RFC 5545 section 3.3.6: the days, which are those of the clock on the wall, and the time, which runs. Raises `Unreadable`."""
    found = _DURATION.fullmatch(value.strip().upper())
    if found is None:
        raise Unreadable("length of the appointment")
    weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
    return timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds)


def number(p: Property | None) -> int:
    """SEQUENCE; 0 where there is none. Raises `Unreadable`."""
    if p is None:
        return 0
    if not re.fullmatch("[0-9]{1,9}", p.value.strip()):
        raise Unreadable("sequence number")
    return int(p.value)


def token(name: str, value: str) -> str:
    """A word of a closed list, '' where it is another."""
    return value.strip().upper() if value.strip().upper() in TOKENS[name] else ""


def instant(moment: Moment) -> datetime:
    """The naive UTC time of a moment, of a date its midnight. Raises `Unreadable` for a time before the rule that is known of its zone."""
    if moment.zone in ("", "UTC"):
        return moment.at
    if not holds_at(moment.zone, moment.at):
        raise Unreadable("zone not sure")
    return rule_of(moment.zone).to_utc(moment.at)


def in_zone(moment: Moment, zone: str) -> Moment:
    """The same instant as `zone` ("UTC" or of the table) counts it; a date stays one. Raises `Unreadable` as `instant` does."""
    if moment.is_date or moment.zone == zone:
        return moment
    utc = instant(moment)
    return Moment(utc if zone == "UTC" else rule_of(zone).to_local(utc), zone)
