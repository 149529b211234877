"""A calendar object to an invitation: typed values by allow-list, and the reason where there can be none (RFC 5545, RFC 5546, RFC 6047).

Nothing is deleted from the original: what has no place in `Invitation` is not seen again. A value of a wrong form, a property given twice or a zone
that is not sure makes the object unreadable; then it waits. It never looks at a clock: how far away a time may be counts from DTSTAMP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.core.address import EVERYBODYS
from gateway.core.calendar.lines import Component, Property, Unreadable, plain_text, read_components
from gateway.core.calendar.zones import RULES, rule_of, zone_of
from gateway.core.invitation import ANSWERS, Attendee, Event, Invitation, Method, Moment, Withheld
from gateway.core.links import rebuilt_link
from gateway.core.model import RecogniserContext

MOST_EVENTS = 60
MOST_MOMENTS = 400
MOST_COUNT = 200
LONGEST_PLACE = 120  # characters
LONGEST = timedelta(hours=24)  # of an appointment with a time
PAST, FUTURE = timedelta(days=366), timedelta(days=5 * 366)
TOKENS = {
    "STATUS": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
    "TRANSP": {"OPAQUE", "TRANSPARENT"},
    "PARTSTAT": {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"},
    "ROLE": {"CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"},
    "CUTYPE": {"INDIVIDUAL", "GROUP", "RESOURCE", "ROOM"},
}
RULE_PARTS = {  # RFC 5545 section 3.3.10; by hours and below is no appointment
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"\d{1,3}",
    "COUNT": r"\d{1,3}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "BYDAY": r"(?:[+-]?\d{0,2}(?:SU|MO|TU|WE|TH|FR|SA))(?:,[+-]?\d{0,2}(?:SU|MO|TU|WE|TH|FR|SA)){0,13}",
    "BYMONTHDAY": r"-?\d{1,2}(?:,-?\d{1,2}){0,30}",
    "BYMONTH": r"\d{1,2}(?:,\d{1,2}){0,11}",
    "BYSETPOS": r"-?\d{1,3}(?:,-?\d{1,3}){0,5}",
    "WKST": r"SU|MO|TU|WE|TH|FR|SA",
}
TEXTS = frozenset({"DESCRIPTION", "COMMENT", "X-ALT-DESC", "CONTACT", "RESOURCES", "CATEGORIES", "STYLED-DESCRIPTION"})
LINKS = ("CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "LOCATION", "URL", "DESCRIPTION")
SEEN = frozenset(
    "UID SEQUENCE DTSTAMP DTSTART DTEND DURATION RRULE RDATE EXDATE RECURRENCE-ID STATUS TRANSP ORGANIZER ATTENDEE CLASS CREATED LAST-MODIFIED PRIORITY".split()
)


class Diverted(Exception):
    """The object is no invitation of the coach's: it goes to the personal address alone. `reason` is a closed word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_invitation(
    octets: bytes, method_parameter: str, context: RecogniserContext, is_place: Callable[[str], bool] = lambda text: False
) -> Invitation:
    """What a company may get of a calendar object, under one context.

    `is_place` says whether a text is a place and nothing else, by its shape ("Room 4, third floor"); configured places need it not.
    `method_parameter` is that of the Content-Type (RFC 6047 section 2.4), '' where it has none. Raises `Unreadable` where it must wait, `Diverted` where
    it is no appointment of the coach's.
    """
    calendar = read_components(octets)
    method = _method(calendar, method_parameter)
    scale = calendar.one("CALSCALE")
    if scale is not None and scale.value.strip().upper() != "GREGORIAN":
        raise Unreadable("calendar scale")
    kinds = {c.name for c in calendar.components}
    if "VFREEBUSY" in kinds:
        raise Unreadable("free or busy times")
    events = [c for c in calendar.components if c.name == "VEVENT"]
    if not events:
        raise Diverted("no event")
    if len(events) > MOST_EVENTS:
        raise Unreadable("too many events")
    reader = _Reader(calendar, method, context, is_place)
    read = tuple(reader.event(c) for c in events)
    if len({e.uid for e in read}) > 1:
        raise Unreadable("several appointments")
    if kinds - {"VEVENT", "VTIMEZONE"}:
        reader.withheld.add(Withheld.OTHER_COMPONENT)
    organizer = reader.organizer(events)
    return Invitation(method, organizer, _split(read), tuple(w for w in Withheld if w in reader.withheld), reader.assumed)


def _method(calendar: Component, parameter: str) -> Method:
    stated = calendar.one("METHOD")
    name = stated.value.strip().upper() if stated else ""
    if parameter and name and parameter.strip().upper() != name:
        raise Unreadable("two methods")
    try:
        return Method(name or parameter.strip().upper() or "PUBLISH")
    except ValueError:
        raise Unreadable("unknown method") from None


@dataclass(slots=True)
class _Reader:
    """One object in the making: its zones, what is withheld, which zone was assumed."""

    calendar: Component
    method: Method
    context: RecogniserContext
    is_place: Callable[[str], bool]
    withheld: set[Withheld] = field(default_factory=set)
    assumed: str = ""

    # -------------------------------------------------------------------------------------------- people
    def organizer(self, events: Sequence[Component]) -> str:
        """The organiser: the coach, or, of an answer, somebody of the company."""
        found = {self._address(p) for c in events for p in c.all("ORGANIZER")}
        own = set(self.context.coach_addresses)
        if self.method in ANSWERS:
            company = {a for a in found if self._of_company(a)}
            if len(found) > 1 or found and not company:
                raise Diverted("organiser outside the company")
            return next(iter(company), "")
        if any(address not in own and not self._of_the_house(address) for address in found):
            raise Diverted("somebody else's invitation")
        return next(iter(found), self.context.coach_addresses[0] if self.context.coach_addresses else "")

    def _of_the_house(self, address: str) -> bool:
        """Whether an organiser is of the coach's own practice: a calendar or a colleague at her domain, where that is nobody else's."""
        domain = address.rpartition("@")[2]
        return domain not in EVERYBODYS and any(domain == own.rpartition("@")[2] for own in self.context.coach_addresses)

    def _address(self, p: Property) -> str:
        address = re.sub(r"(?i)^mailto:", "", p.value.strip()).lower()
        stated = p.parameters.get("EMAIL", "").lower()
        # a routing token of the calendar service stands for the coach where the address beside it says so
        return stated if stated and stated in self.context.coach_addresses else address

    def _of_company(self, address: str) -> bool:
        return address in self.context.company or "@" + address.rpartition("@")[2] in self.context.company

    def _attendees(self, component: Component) -> tuple[Attendee, ...]:
        kept = []
        for p in component.all("ATTENDEE"):
            address = self._address(p)
            if address in self.context.coach_addresses or self._of_company(address):
                tokens = {name.lower(): _token(name, p.parameters.get(name, "")) for name in ("PARTSTAT", "ROLE", "CUTYPE")}
                kept.append(Attendee(address, **tokens))
            else:
                self.withheld.add(Withheld.PEOPLE)
        return tuple({a.address: a for a in kept}.values())

    # -------------------------------------------------------------------------------------------- one event
    def event(self, c: Component) -> Event:
        """The facts of one VEVENT."""
        uid, stamp = c.one("UID"), c.one("DTSTAMP")
        if uid is None or not 1 <= len(uid.value) <= 255 or stamp is None:
            raise Unreadable("no UID or DTSTAMP")
        stamped = _utc(stamp.value)
        start, end = self._times(c, stamped)
        recurrence = self._moment(c.one("RECURRENCE-ID"))
        if (range_ := c.one("RECURRENCE-ID")) is not None and range_.parameters.get("RANGE"):
            raise Unreadable("change of a series from one day on")
        if self.method in ANSWERS and not _is_drawn(uid.value):
            raise Unreadable("UID that could be read")
        rule = self._rule(c.one("RRULE"), start)
        event = Event(
            uid=uid.value,
            sequence=_number(c.one("SEQUENCE")),
            stamp=stamped,
            start=start,
            end=end,
            rule=rule,
            added=self._moments(c.all("RDATE")),
            excluded=self._moments(c.all("EXDATE")),
            recurrence=recurrence,
            old_start=self._moment(c.one("X-MS-OLK-ORIGINALSTART")) if self.method is Method.COUNTER else None,
            old_end=self._moment(c.one("X-MS-OLK-ORIGINALEND")) if self.method is Method.COUNTER else None,
            status=_token("STATUS", p.value) if (p := c.one("STATUS")) else "",
            transparency=_token("TRANSP", p.value) if (p := c.one("TRANSP")) else "",
            place=self._place(c),
            link=self._link(c),
            attendees=self._attendees(c),
        )
        self._note(c)
        return event

    def _note(self, c: Component) -> None:
        """What of the component has no field here."""
        names = {p.name for p in c.properties if p.value.strip()}
        known = SEEN | TEXTS | {"SUMMARY", "LOCATION"}
        found = {
            Withheld.TITLE: "SUMMARY" in names,
            Withheld.TEXT: bool(names & TEXTS),
            Withheld.ALARM: any(child.name == "VALARM" for child in c.components),
            Withheld.OTHER_COMPONENT: any(child.name != "VALARM" for child in c.components),
            Withheld.EXTENSION: bool(names - known),
        }
        self.withheld.update(what for what, is_so in found.items() if is_so)

    # -------------------------------------------------------------------------------------------- times
    def _times(self, c: Component, stamped: datetime) -> tuple[Moment | None, Moment | None]:
        start, end, duration = self._moment(c.one("DTSTART")), self._moment(c.one("DTEND")), c.one("DURATION")
        if start is None:
            if self.method in ANSWERS:
                return None, None
            raise Unreadable("no start")
        if end is None and duration is not None:
            end = replace(start, at=start.at + _duration(duration.value))
        if end is None:
            end = replace(start, at=start.at + timedelta(days=1)) if start.is_date else start
        if (flag := c.one("X-MICROSOFT-CDO-ALLDAYEVENT")) and flag.value.upper() == "TRUE" and start.at.time() == end.at.time() == datetime.min.time():
            start, end = Moment(start.at, ""), Moment(end.at, "")
        if start.is_date != end.is_date:
            raise Unreadable("a date and a time")
        length = _instant(end) - _instant(start)
        if length < timedelta(0) or not start.is_date and length > LONGEST:
            raise Unreadable("length of the appointment")
        if not stamped - PAST <= start.at <= stamped + FUTURE:
            raise Unreadable("time far away")
        return start, end

    def _moment(self, p: Property | None) -> Moment | None:
        return self._value(p.value.strip(), p) if p is not None else None

    def _moments(self, properties: Sequence[Property]) -> tuple[Moment, ...]:
        values = [(value.strip(), p) for p in properties for value in p.value.split(",")]
        if len(values) > MOST_MOMENTS:
            raise Unreadable("too many dates")
        return tuple(self._value(value, p) for value, p in values)

    def _value(self, value: str, p: Property) -> Moment:
        found = re.fullmatch(r"(\d{8})(?:T(\d{6})(Z?))?", value)
        if found is None:
            raise Unreadable("date or time not understood")
        try:
            at = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")
        except ValueError:
            raise Unreadable("date or time not understood") from None
        if not found[2]:
            return Moment(at, "")
        if found[3]:
            return Moment(at, "UTC")
        tzid = p.parameters.get("TZID", "")
        if not tzid:  # RFC 5545 section 3.3.5 form 1: the time of whoever looks at it, so that of the coach who wrote it
            if self.context.time_zone not in RULES:
                raise Unreadable("no zone")
            self.assumed = self.context.time_zone
            return Moment(at, self.context.time_zone)
        definitions = [c for c in self.calendar.components if c.name == "VTIMEZONE" and (name := c.one("TZID")) and name.value == tzid]
        zone = zone_of(tzid, definitions[0] if definitions else None, at.year, (self.context.time_zone,))
        if not zone:
            raise Unreadable("zone not sure")
        return Moment(at, zone)

    def _rule(self, p: Property | None, start: Moment | None) -> tuple[tuple[str, str], ...]:
        if p is None:
            return ()
        if start is None:
            raise Unreadable("rule without a start")
        parts = []
        for item in p.value.strip().upper().split(";"):
            name, _, value = item.partition("=")
            if name in RULE_PARTS and re.fullmatch(RULE_PARTS[name], value):
                parts.append((name, value))
            elif name.startswith("X-"):
                self.withheld.add(Withheld.RULE_PART)
            else:
                raise Unreadable("recurrence rule not understood")
        names = [name for name, _ in parts]
        rule = dict(parts)
        if len(names) != len(set(names)) or "FREQ" not in rule or ("COUNT" in rule and ("UNTIL" in rule or not 1 <= int(rule["COUNT"]) <= MOST_COUNT)):
            raise Unreadable("recurrence rule not understood")
        if p.parameters:
            self.withheld.add(Withheld.RULE_PART)
        return tuple((name, _until(value, start) if name == "UNTIL" else value) for name, value in parts)

    # -------------------------------------------------------------------------------------------- place and link
    def _place(self, c: Component) -> str:
        p = c.one("LOCATION")
        text = " ".join(plain_text(p.value).split()) if p else ""
        if not text:
            return ""
        for place in self.context.places:
            form = re.escape(" ".join(place.split())).replace("<number>", r"\d{1,4}(?:\.\d{1,3})?[a-zA-Z]?")
            if re.fullmatch(form, text, re.IGNORECASE):
                return text if "<number>" in place else place
        if len(text) <= LONGEST_PLACE and self.is_place(text):
            return text
        if not rebuilt_link(text, self.context.approved_links, self._names()):
            self.withheld.add(Withheld.LOCATION)
        return ""

    def _link(self, c: Component) -> str:
        """The meeting link, rebuilt: of the fields that may hold one, the first that does."""
        for name in LINKS:
            for p in c.all(name):
                for found in re.finditer(r"https?://[^\s<>\"\\,;]+", plain_text(p.value)):
                    link = rebuilt_link(found[0].rstrip(".)]>'"), self.context.approved_links, self._names())
                    if link:
                        return link
        if c.all("URL") or c.all("CONFERENCE"):
            self.withheld.add(Withheld.LINK)
        return ""

    def _names(self) -> tuple[str, ...]:
        return (*self.context.coach_names, *self.context.client_names)


def _split(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The series first, then its instances; a single appointment, and every moment of it, in UTC. A series keeps its zone: its clock time is the fact."""
    series = any(e.rule or e.added for e in events) or any(e.recurrence for e in events)
    if series:
        return tuple(sorted(events, key=lambda e: e.recurrence is not None))
    if len(events) > 1:
        raise Unreadable("several appointments")
    (event,) = events
    return (replace(event, start=_utc_of(event.start), end=_utc_of(event.end), old_start=_utc_of(event.old_start), old_end=_utc_of(event.old_end)),)


def _utc_of(moment: Moment | None) -> Moment | None:
    return moment if moment is None or moment.is_date else Moment(_instant(moment), "UTC")


def _instant(moment: Moment) -> datetime:
    return moment.at if moment.zone in ("", "UTC") else rule_of(moment.zone).to_utc(moment.at)


def _until(value: str, start: Moment) -> str:
    """UNTIL in the form that DTSTART asks for: a date beside a date, else UTC (RFC 5545 section 3.3.10)."""
    if start.is_date:
        return value[:8]
    if value.endswith("Z"):
        return value
    local = datetime.strptime(value if "T" in value else value + "T235959", "%Y%m%dT%H%M%S")
    return _instant(Moment(local, start.zone)).strftime("%Y%m%dT%H%M%SZ")


def _utc(value: str) -> datetime:
    found = re.fullmatch(r"(\d{8})T?(\d{6})?Z?", value.strip())
    if found is None:
        raise Unreadable("no UID or DTSTAMP")
    try:
        return datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")
    except ValueError:
        raise Unreadable("no UID or DTSTAMP") from None


def _duration(value: str) -> timedelta:
    """RFC 5545 section 3.3.6."""
    found = re.fullmatch(r"\+?P(?:(\d{1,3})W|(?:(\d{1,3})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?)?)", value.strip().upper())
    if found is None:
        raise Unreadable("length of the appointment")
    weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _number(p: Property | None) -> int:
    if p is None:
        return 0
    if not re.fullmatch(r"\d{1,9}", p.value.strip()):
        raise Unreadable("sequence number")
    return int(p.value)


def _token(name: str, value: str) -> str:
    return value.strip().upper() if value.strip().upper() in TOKENS[name] else ""


def _is_drawn(uid: str) -> bool:
    """Whether a UID of the company's, which an answer must carry as it is, looks drawn and not written: nobody should be able to read a sentence in it."""
    local = uid.partition("@")[0]
    word = re.search("(?=[a-z]{9})[a-f]{0,8}[g-z]|(?=[A-Z]{9})[A-F]{0,8}[G-Z]", local)  # hexadecimal digits spell nothing
    return re.fullmatch(r"[A-Za-z0-9@._{}/=+-]{8,255}", uid) is not None and word is None and any(map(str.isdigit, local))
