"""A calendar object to an invitation: typed values by allow-list, and the reason where there can be none (RFC 5545, RFC 5546, RFC 6047).

Nothing is deleted from the original: what has no place in `Invitation` is not seen again. A value of a wrong form, a property given twice or a zone
that is not sure makes the object unreadable; then it waits. It never looks at a clock: how far away a time may be counts from DTSTAMP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.core.address import EVERYBODYS, MalformedPath, canonical, is_at_or_under, parse_mailbox
from gateway.core.calendar import values
from gateway.core.calendar.lines import Component, Property, Unreadable, plain_text, read_components
from gateway.core.calendar.recurrence import MOST_MOMENTS, in_one_form, read_rule
from gateway.core.calendar.values import in_zone, instant, token
from gateway.core.calendar.way_in import account_of, ways_in
from gateway.core.calendar.zones import RULES, zone_of
from gateway.core.invitation import ANSWERS, Attendee, Event, Invitation, Method, Moment, Withheld
from gateway.core.links import judge_link
from gateway.core.meeting import MeetingLink, Owner
from gateway.core.model import RecogniserContext
from gateway.core.platforms import NO_PLATFORMS, Platforms

MOST_EVENTS = 60
MOST_PEOPLE = 300  # of all events together
MOST_WORDS = 3  # of the local part of an address that nobody configured
LONGEST_PLACE = 120  # characters
LONGEST = timedelta(hours=24)  # of an appointment with a time
PAST, FUTURE = timedelta(days=366), timedelta(days=5 * 366)
BEGUN = timedelta(days=10 * 366)  # how long ago a series may have started
TEXTS = frozenset({"DESCRIPTION", "COMMENT", "X-ALT-DESC", "CONTACT", "RESOURCES", "CATEGORIES", "STYLED-DESCRIPTION"})
MAY_LACK_START = ANSWERS | {Method.CANCEL, Method.DECLINECOUNTER}  # RFC 5546 sections 3.2.3 to 3.2.8
SEEN = frozenset(
    "UID SEQUENCE DTSTAMP DTSTART DTEND DURATION RRULE RDATE EXDATE RECURRENCE-ID STATUS TRANSP ORGANIZER ATTENDEE CLASS CREATED LAST-MODIFIED PRIORITY".split()
)


class Diverted(Exception):
    """The object is no invitation of the coach's: it goes to the personal address alone. `reason` is a closed word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_invitation(
    octets: bytes,
    method_parameter: str,
    context: RecogniserContext,
    is_place: Callable[[str], bool] = lambda text: False,
    lent: str = "",
    platforms: Platforms = NO_PLATFORMS,
) -> Invitation:
    """What a company may get of a calendar object, under one context.

    `is_place` says whether a text is a place and nothing else, by its shape ("Room 4, third floor"); configured places need it not.
    `method_parameter` is that of the Content-Type (RFC 6047 section 2.4), '' where it has none; `lent` that of another part of the mail, which counts where
    nothing else says it. Raises `Unreadable` where it must wait, `Diverted` where it is no appointment of the coach's.
    """
    calendar = read_components(octets)
    method = _method(calendar, method_parameter, lent)
    for name, known, reason in (("CALSCALE", "GREGORIAN", "calendar scale"), ("VERSION", "2.0", "version of the calendar")):
        stated = calendar.one(name)
        if stated is not None and stated.value.strip().upper() != known:
            raise Unreadable(reason)
    kinds = {c.name for c in calendar.components}
    if "VFREEBUSY" in kinds:
        raise Unreadable("free or busy times")
    events = [c for c in calendar.components if c.name == "VEVENT"]
    if not events:
        raise Diverted("no event")
    if len(events) > MOST_EVENTS:
        raise Unreadable("too many events")
    reader = _Reader(calendar, method, context, is_place, platforms)
    read = tuple(reader.event(c) for c in events)
    if len({e.uid for e in read}) > 1:
        raise Unreadable("several appointments")
    if kinds - {"VEVENT", "VTIMEZONE"}:
        reader.withheld.add(Withheld.OTHER_COMPONENT)
    organizer = reader.organizer(events)
    return Invitation(method, organizer, in_one_form(read), tuple(w for w in Withheld if w in reader.withheld), reader.assumed, tuple(reader.links))


def _method(calendar: Component, parameter: str, lent: str) -> Method:
    stated = calendar.one("METHOD")
    name = stated.value.strip().upper() if stated else ""
    if parameter and name and parameter.strip().upper() != name:
        raise Unreadable("two methods")
    try:
        return Method(name or parameter.strip().upper() or lent.strip().upper() or "PUBLISH")
    except ValueError:
        raise Unreadable("unknown method") from None


@dataclass(slots=True)
class _Reader:
    """One object in the making: its zones, what is withheld, which zone was assumed."""

    calendar: Component
    method: Method
    context: RecogniserContext
    is_place: Callable[[str], bool]
    platforms: Platforms
    withheld: set[Withheld] = field(default_factory=set)
    assumed: str = ""
    links: dict[MeetingLink, None] = field(default_factory=dict)  # in order, each once
    zones: dict[tuple[str, int, int], str] = field(default_factory=dict)
    people: int = 0

    # -------------------------------------------------------------------------------------------- people
    def organizer(self, events: Sequence[Component]) -> str:
        """The organiser: the coach, or, of an answer, somebody of the company."""
        found = {self._address(p) for c in events for p in c.all("ORGANIZER")}
        if self.method in ANSWERS:
            company = {a for a in found if self._of_company(a)}
            if len(found) > 1 or found and not company:
                raise Diverted("organiser outside the company")
            return next(iter(company), "")
        if any(not self._own(address) and not self._of_the_house(address) for address in found):
            raise Diverted("somebody else's invitation")
        return next((self._own(address) or address for address in sorted(found)), self.context.coach_addresses[0] if self.context.coach_addresses else "")

    def _of_the_house(self, address: str) -> bool:
        """Whether an organiser is of the coach's own practice: a calendar or a colleague at her domain, where that is nobody else's."""
        domain = address.rpartition("@")[2]
        return domain not in EVERYBODYS and any(domain == own.rpartition("@")[2] for own in self.context.coach_addresses)

    def _address(self, p: Property) -> str:
        """A canonical address; "" for what is none, or one that could be read as text."""
        address = _mailbox(re.sub(r"(?i)^mailto:", "", p.value.strip()))
        stated = _mailbox(p.parameters.get("EMAIL", ""))
        # a routing token of a calendar service stands for the coach where the address beside it says so; somebody of the company is who she is
        return stated if self._own(stated) and not self._of_company(address) else address

    def _own(self, address: str) -> str:
        """The coach's address as configured, "" where it is not hers; her program may have put a `+tag` to it."""
        return next((own for own in self.context.coach_addresses if address and _mailbox(own) == address), "")

    def _of_company(self, address: str) -> bool:
        if address and address in {_mailbox(known) for known in self.context.company}:
            return True
        local, _, domain = address.rpartition("@")
        # anybody may be asked along; but an address that is unknown could be a sentence
        words = re.split("[._-]+", local)
        at_work = any(known.startswith("@") and is_at_or_under(domain, known[1:]) for known in self.context.company)
        return at_work and len(words) <= MOST_WORDS and re.fullmatch("[a-z0-9._-]{1,40}", local) is not None

    def _attendees(self, component: Component) -> tuple[Attendee, ...]:
        """Those of the company; in an answer of the coach's, she who answers."""
        kept = {}
        for p in component.all("ATTENDEE"):
            address = self._address(p)
            own = self._own(address)
            if own if self.method in ANSWERS else self._of_company(address):
                tokens = {name.lower(): token(name, p.parameters.get(name, "")) for name in ("PARTSTAT", "ROLE", "CUTYPE")}
                kept[own or address] = Attendee(own or address, **tokens)
            elif not own and not self._of_company(address):
                self.withheld.add(Withheld.PEOPLE)
        self.people += len(kept)
        if self.people > MOST_PEOPLE:
            raise Unreadable("too many people")
        return tuple(kept.values())

    # -------------------------------------------------------------------------------------------- one event
    def event(self, c: Component) -> Event:
        """The facts of one VEVENT."""
        uid, stamp = c.one("UID"), c.one("DTSTAMP")
        if uid is None or not 1 <= len(uid.value) <= 255 or stamp is None:
            raise Unreadable("no UID or DTSTAMP")
        stamped = values.stamp(stamp.value)
        start, end = self._times(c, stamped)
        recurrence = self._moment(c.one("RECURRENCE-ID"))
        if (range_ := c.one("RECURRENCE-ID")) is not None and range_.parameters.get("RANGE"):
            raise Unreadable("change of a series from one day on")
        if self.method in ANSWERS and not _is_drawn(uid.value):
            raise Unreadable("UID that could be read")
        event = Event(
            uid=uid.value,
            sequence=values.number(c.one("SEQUENCE")),
            stamp=stamped,
            start=start,
            end=end,
            rule=self._rule(c, start),
            added=self._moments(c.all("RDATE")),
            excluded=self._moments(c.all("EXDATE")),
            recurrence=recurrence,
            old_start=self._moment(c.one("X-MS-OLK-ORIGINALSTART")) if self.method is Method.COUNTER else None,
            old_end=self._moment(c.one("X-MS-OLK-ORIGINALEND")) if self.method is Method.COUNTER else None,
            status=token("STATUS", p.value) if (p := c.one("STATUS")) else "",
            transparency=token("TRANSP", p.value) if (p := c.one("TRANSP")) else "",
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
            if self.method in MAY_LACK_START:
                return None, None
            raise Unreadable("no start")
        if duration is not None:
            after = _after(start, *values.duration(duration.value))
            if end not in (None, after):
                raise Unreadable("length of the appointment")
            end = after
        if end is None:
            end = replace(start, at=start.at + timedelta(days=1)) if start.is_date else start
        if (flag := c.one("X-MICROSOFT-CDO-ALLDAYEVENT")) and flag.value.upper() == "TRUE" and start.at.time() == end.at.time() == datetime.min.time():
            start, end = Moment(start.at, ""), Moment(end.at, "")
        if start.is_date != end.is_date:
            raise Unreadable("a date and a time")
        length = end.at - start.at if start.zone == end.zone else instant(end) - instant(start)
        if length < timedelta(0) or not start.is_date and length > LONGEST:
            raise Unreadable("length of the appointment")
        past = BEGUN if c.one("RRULE") else PAST
        if not stamped - past <= start.at <= stamped + FUTURE:
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
        at, form = values.date_time(value.upper())
        if form == "date":
            return Moment(at, "")
        if form == "UTC":
            return Moment(at, "UTC")
        tzid = p.parameters.get("TZID", "")
        if not tzid:  # RFC 5545 section 3.3.5 form 1: the time of whoever looks at it, so that of the coach who wrote it
            if self.context.time_zone not in RULES:
                raise Unreadable("no zone")
            self.assumed = self.context.time_zone
            return Moment(at, self.context.time_zone)
        return Moment(at, self._zone(tzid, at))

    def _zone(self, tzid: str, at: datetime) -> str:
        """The zone of a TZID, looked up once for each month: an object may have thousands of dates."""
        asked = tzid, at.year, at.month
        if asked not in self.zones:
            definitions = [c for c in self.calendar.components if c.name == "VTIMEZONE" and (name := c.one("TZID")) and name.value == tzid]
            if len(definitions) > 1:
                raise Unreadable("zone not sure")
            self.zones[asked] = zone_of(tzid, definitions[0] if definitions else None, at, (self.context.time_zone,))
        if not self.zones[asked]:
            raise Unreadable("zone not sure")
        return self.zones[asked]

    def _rule(self, c: Component, start: Moment | None) -> tuple[tuple[str, str], ...]:
        if c.all("EXRULE"):  # of RFC 2445; programs of today show the days it takes out
            raise Unreadable("recurrence rule not understood")
        p = c.one("RRULE")
        if p is None or start is None:  # what is called off without a day, is so with all its days
            return ()
        rule, surplus = read_rule(p, start, self.context.time_zone)
        if surplus:
            self.withheld.add(Withheld.RULE_PART)
        return rule

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
        if judge_link(text, self.platforms, self.context) is None:
            self.withheld.add(Withheld.LOCATION)
        return ""

    def _link(self, c: Component) -> str:
        """The meeting link, rebuilt: the one that passes best, of whatever field; "" where none does."""
        organizers = [self._address(p) for p in c.all("ORGANIZER")]
        account = account_of(organizers[0], bool(self._own(organizers[0])), self._of_company(organizers[0])) if len(organizers) == 1 else Owner.UNKNOWN
        found = ways_in(c, account, self.platforms, self.context)
        self.links |= dict.fromkeys(found)
        link = found[0].link if found and found[0].passage.passes else ""
        if not link and (found or c.all("URL") or c.all("CONFERENCE")):
            self.withheld.add(Withheld.LINK)
        return link


def _after(start: Moment, days: timedelta, time: timedelta) -> Moment:
    """The end of what starts then: days by the clock on the wall, hours as they pass (RFC 5545 section 3.3.6)."""
    end = replace(start, at=start.at + days)
    if time and start.is_date:
        raise Unreadable("length of the appointment")
    return in_zone(Moment(instant(end) + time, "UTC"), start.zone) if time else end


def _mailbox(text: str) -> str:
    """An address as compared (`address.canonical`), '' where the grammar does not admit it."""
    try:
        return str(canonical(parse_mailbox(text)))
    except MalformedPath:
        return ""


def _is_drawn(uid: str) -> bool:
    """Whether a UID of the company's, which an answer must carry as it is, looks drawn and not written: nobody should be able to read a sentence in it."""
    local = uid.partition("@")[0]
    word = re.search("(?=[a-z]{9})[a-f]{0,8}[g-z]|(?=[A-Z]{9})[A-F]{0,8}[G-Z]", local)  # hexadecimal digits spell nothing
    return re.fullmatch(r"[A-Za-z0-9@._{}/=+-]{8,255}", uid) is not None and word is None and any(map(str.isdigit, local))
