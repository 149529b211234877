"""Time zones: the table against zoneinfo, whose zone a TZID means, and what is written for a series."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import tzdata

from gateway.core.calendar import zone_table
from gateway.core.calendar.lines import read_components
from gateway.core.calendar.write import zones_of
from gateway.core.calendar.zones import DAYS, LIKELY, RULES, Rule, holds_at, parse_rule, rule_of, zone_of
from gateway.core.invitation import Event, Moment
from tests import make_zone_table
from tests.calendars import BERLIN, calendar

FIRST = datetime(int(zone_table.VERSION[:4]), 12, 1)
AT = datetime(2027, 7, 1, 9)


def definition(text: str):
    """The VTIMEZONE of an object."""
    return read_components(calendar(text)).components[0]


BLOCK = definition(BERLIN)


# ------------------------------------------------------------------------------------------------ the table
def test_the_table_is_of_the_installed_tzdata() -> None:
    """Where this fails, run `make zones`: a law has changed, and appointments would be an hour off."""
    assert tzdata.IANA_VERSION == zone_table.VERSION, "run `make zones` and read what changed"


def test_the_table_has_the_rule_of_each_zone_as_installed() -> None:
    """The foot of each file is the rule of the table, and none is missing without being said."""
    assert {name: make_zone_table.rule(name) for name in RULES} == dict(RULES)
    names = set((make_zone_table.FOLDER / "zones").read_text("ascii").split())
    assert len(names - set(RULES)) <= 5


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_zone_counts_as_zoneinfo_for_five_years(name: str) -> None:
    """Every change of offset to the second, and every fourth day at an hour of its own; there and back."""
    zone, rule = ZoneInfo(name), rule_of(name)
    moments = [FIRST + timedelta(days=4 * step, hours=(7 * step) % 24) for step in range(5 * 91)]
    for year in range(FIRST.year + 1, FIRST.year + 6):
        for change, before in ((rule.begins, rule.standard), (rule.ends, rule.summer)):
            if change is not None and before is not None:
                moments += [change.of(year) - before + timedelta(seconds=step) for step in (-1, 0, 1)]
    for utc in moments:
        local = utc.replace(tzinfo=UTC).astimezone(zone)
        assert rule.offset_at(utc) == local.utcoffset()
        naive = local.replace(tzinfo=None, fold=0)
        assert rule.to_local(utc) == naive
        assert rule.to_utc(naive) == naive.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def test_an_hour_skipped_reads_by_the_clock_before_it_and_an_hour_given_back_is_the_first() -> None:
    """RFC 5545 section 3.3.5; Ireland too, where winter is the exception in law."""
    for name in ("Europe/Berlin", "Europe/Dublin", "America/New_York", "Australia/Sydney"):
        rule, zone = rule_of(name), ZoneInfo(name)
        for change in (rule.begins, rule.ends):
            assert change is not None
            for minutes in (-30, 30):
                naive = change.of(2028) + timedelta(minutes=minutes)
                assert rule.to_utc(naive) == naive.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(tzinfo=None), (name, naive)


def test_a_time_from_before_a_law_is_known_as_such() -> None:
    """The table says from which day each rule holds, and zoneinfo agrees on the day before."""
    assert holds_at("Asia/Tokyo", datetime(2000, 1, 1))
    for name, day in zone_table.SINCE.items():
        begun = datetime.fromisoformat(day)
        assert holds_at(name, begun)
        assert not holds_at(name, begun - timedelta(seconds=1))
        before = [begun - timedelta(days=1) + timedelta(hours=hours) for hours in range(-24, 24)]
        assert any(at.replace(tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset() != rule_of(name).offset_at(at) for at in before), name


def test_likely_zones_are_zones_of_the_table() -> None:
    """And no two with the same rule: the second would never be found."""
    assert [name for name in LIKELY if name not in RULES] == []
    assert len({parse_rule(RULES[name]) for name in LIKELY}) == len(LIKELY)


def test_what_is_no_posix_rule_is_refused() -> None:
    """The parser reads what the table has, and nothing else."""
    assert parse_rule("XXX-1:30").standard == timedelta(hours=1, minutes=30)
    with pytest.raises(ValueError, match="no POSIX rule"):
        parse_rule("Europe/Berlin")


def test_a_zone_without_summer_has_one_offset() -> None:
    """And no change to look for."""
    assert Rule(timedelta(hours=3)).offset_at(AT) == timedelta(hours=3)


# ------------------------------------------------------------------------------------------------ whose zone
@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("/mozilla.org/20070129_1/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("UTC", "UTC"),
        ("Customized Time Zone", ""),
        ("They know already", ""),
        ("", ""),
    ],
)
def test_a_name_means_a_zone_or_nothing(tzid: str, zone: str) -> None:
    """IANA, with or without a prefix, and Windows names."""
    assert zone_of(tzid, None, AT, ("Europe/Berlin",)) == zone


def test_a_windows_name_means_the_zone_of_the_coach_where_the_clocks_agree() -> None:
    """Warsaw, Budapest and Berlin change their clocks together."""
    assert zone_of("Central European Standard Time", None, AT, ("Europe/Berlin",)) == "Europe/Berlin"
    assert zone_of("Central European Standard Time", None, AT, ("Asia/Tokyo",)) == "Europe/Warsaw"


def test_a_name_that_means_nothing_is_known_by_its_rules() -> None:
    """The coach's zone first, then a likely one."""
    assert zone_of("Customized Time Zone", BLOCK, AT, ("Europe/Madrid",)) == "Europe/Madrid"
    assert zone_of("tzone://Microsoft/Custom", BLOCK, AT, ("Asia/Tokyo",)) == "Europe/Berlin"


def test_a_known_name_with_rules_of_another_zone_is_not_sure() -> None:
    """Some programs go by the name, some by the rules."""
    assert zone_of("America/New_York", BLOCK, AT, ()) == ""
    assert zone_of("Europe/Paris", BLOCK, AT, ()) == "Europe/Paris"


STANDARD = "BEGIN:STANDARD\nDTSTART:{start}\nTZOFFSETFROM:+0100\nTZOFFSETTO:{offset}\nRRULE:{rule}\nEND:STANDARD\n"
WINTER = STANDARD.format(start="19701025T030000", offset="+0100", rule="FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU")
SUMMER = WINTER.replace("STANDARD", "DAYLIGHT").replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0200").replace("BYMONTH=10", "BYMONTH=3").replace("T03", "T02")


def stated(blocks: str) -> str:
    """The zone that these blocks give to a name without meaning."""
    return zone_of("x", definition(f"BEGIN:VTIMEZONE\nTZID:x\n{blocks}END:VTIMEZONE\n"), AT, ())


def test_rules_are_read_in_every_order_and_with_old_ones_before_them() -> None:
    """The block that began last is the one in force."""
    old = SUMMER.replace("19701025", "19400401").replace(
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=19450401T010000Z"
    )
    assert stated(SUMMER + WINTER + old) == stated(old + WINTER + SUMMER) == "Europe/Berlin"
    assert stated(WINTER.replace("FREQ=YEARLY", "FREQ=YEARLY;INTERVAL=1;WKST=MO") + SUMMER) == "Europe/Berlin"


def test_one_offset_is_a_zone_without_summer() -> None:
    """Also where both blocks say the same, or summer time was given up."""
    one = STANDARD.format(start="16010101T000000", offset="+0900", rule="").replace("RRULE:\n", "")
    assert stated(one) == "Asia/Tokyo"
    assert stated(one + one.replace("STANDARD", "DAYLIGHT")) == "Asia/Tokyo"
    gone = SUMMER.replace("-1SU", "-1SU;UNTIL=20160327T010000Z")
    assert stated(WINTER.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0300").replace("19701025", "20161030") + gone) == "Europe/Istanbul"


@pytest.mark.parametrize(
    "blocks",
    [
        "",
        SUMMER,  # no winter
        WINTER.replace("DTSTART:19701025T030000\n", "") + SUMMER,
        WINTER.replace("19701025", "2099bad5") + SUMMER,
        WINTER.replace("19701025", "20991025") + SUMMER,  # begins later
        WINTER.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+9999") + SUMMER,
        WINTER.replace("TZOFFSETTO:+0100\n", "") + SUMMER,
        WINTER.replace("T030000", "") + SUMMER,
        WINTER.replace("BYMONTH=10", "BYMONTH=13") + SUMMER,
        WINTER.replace("BYMONTH=10", "BYMONTH=١") + SUMMER,
        WINTER.replace("BYDAY=-1SU", "BYMONTHDAY=25") + SUMMER,
        WINTER.replace("YEARLY", "MONTHLY") + SUMMER,
        WINTER.replace("YEARLY", "YEARLY;INTERVAL=2") + SUMMER,
        WINTER.replace("YEARLY", "YEARLY;COUNT=2") + SUMMER,
        WINTER.replace("-1SU", "-1SU;UNTIL=20270601T000000Z") + SUMMER,  # ends in the year that is asked for
        WINTER.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0545") + SUMMER,  # nobody's
    ],
)
def test_rules_of_another_form_name_no_zone(blocks: str) -> None:
    """What the two yearly changes of a zone are must be plain, or the object waits."""
    assert stated(blocks) == ""


# ------------------------------------------------------------------------------------------------ what is written
@pytest.mark.parametrize("name", sorted({names.split()[0] for names in zone_table.ZONES.values()} - {"Etc/UTC"}))
def test_a_written_zone_counts_as_zoneinfo_for_the_life_of_a_series(name: str) -> None:
    """Every rule of the table, as the icalendar library reads it from the VTIMEZONE alone, from a year's start to five years on."""
    series = Event(
        "u", 0, FIRST, Moment(FIRST, name), Moment(FIRST + timedelta(hours=1), name), rule=(("FREQ", "WEEKLY"), ("UNTIL", f"{FIRST.year + 5}0101T000000Z"))
    )
    (written,) = zones_of((series,))
    renamed = icalendar.Timezone.from_ical(written.to_ical().replace(f"TZID:{name}".encode(), b"TZID:written"))
    zone, wanted = renamed.to_tz(lookup_tzid=False), ZoneInfo(name)
    for step in range(5 * 183):
        naive = FIRST + timedelta(days=2 * step, hours=12)
        assert naive.replace(tzinfo=zone).utcoffset() == naive.replace(tzinfo=wanted).utcoffset(), naive
    for block in written.subcomponents:  # the form that Outlook reads, or dates
        rule = block.get("RRULE")
        assert rule is None or (rule["FREQ"] == ["YEARLY"] and len(rule["BYDAY"]) == 1 and str(rule["BYDAY"][0]).lstrip("-12345") in DAYS)
        assert rule is None or "RDATE" not in block


def test_a_change_at_the_next_day_is_written_by_its_dates() -> None:
    """Israel changes its clocks on the Friday before the last Sunday, which no rule of one BYDAY says."""
    start = datetime(2027, 1, 3, 9)
    (written,) = zones_of((Event("u", 0, start, Moment(start, "Asia/Jerusalem"), None, rule=(("FREQ", "WEEKLY"),)),))
    summer = next(block for block in written.subcomponents if block.name == "DAYLIGHT")
    assert b"RDATE:20270326T020000," in summer.to_ical().replace(b"\r\n ", b"")
