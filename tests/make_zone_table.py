"""Writes gateway/core/calendar/zone_table.py from the tzdata package: the rule of each IANA zone that holds for the years to come.

    python tests/make_zone_table.py

The rule is the POSIX string at the foot of a TZif file (RFC 8536 section 3.3). A zone is left out where the rule alone does not give the offsets of the
next five years: a time in such a zone is not guessed. Nor is one from before the rule was in force.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import tzdata

from gateway.core.calendar.zones import parse_rule

FOLDER = Path(tzdata.__file__).parent
TARGET = Path(__file__).parents[1] / "gateway/core/calendar/zone_table.py"
YEARS = 5
STEP = timedelta(hours=6)


reset_tzpath(())  # this package alone: a system may have older rules


def rule(name: str) -> str:
    """The footer of the zone's file, "" where it has none."""
    lines = (FOLDER / "zoneinfo" / name).read_bytes().rstrip(b"\n").split(b"\n")
    return lines[-1].decode("ascii")


def offsets_differ(zone: ZoneInfo, text: str, at: datetime) -> bool:
    """Whether the rule gives another offset than the zone at a UTC time."""
    return at.astimezone(zone).utcoffset() != parse_rule(text).offset_at(at.replace(tzinfo=None))


def holds(name: str, text: str, first: int) -> bool:
    """Whether the rule gives the offset of every sixth hour from December of the release on: a law of this year has come into force by then."""
    zone, at = ZoneInfo(name), datetime(first, 12, 1, tzinfo=UTC)
    while at.year <= first + YEARS:
        if offsets_differ(zone, text, at):
            return False
        at += STEP
    return True


def since(name: str, text: str, first: int) -> str:
    """The day from which the rule has held without a break; "" where it has since 2000, before which no time is read."""
    zone, at = ZoneInfo(name), datetime(first, 12, 1, tzinfo=UTC)
    while at.year >= 2000:
        if offsets_differ(zone, text, at):
            return f"{at + timedelta(days=1):%Y-%m-%d}"
        at -= STEP
    return ""


def table() -> tuple[str, str]:
    """The text of the module, and a line that says what it holds."""
    first = int(tzdata.IANA_VERSION[:4])
    zones: dict[str, list[str]] = {}
    starts: dict[str, list[str]] = {}
    left_out = []
    for name in (FOLDER / "zones").read_text("ascii").split():
        text = rule(name)
        if name in ("Factory", "localtime") or not holds(name, text, first):
            left_out.append(name)
            continue
        zones.setdefault(text, []).append(name)
        if begun := since(name, text, first):
            starts.setdefault(begun, []).append(name)
    module = '"""IANA time zones by their rule (POSIX TZ, RFC 8536 section 3.3). Written by tests/make_zone_table.py, not by hand."""\n\n'
    module += "# left out, because their rule alone does not give the next years: " + " ".join(left_out) + "\n"
    module += f'VERSION = "{tzdata.IANA_VERSION}"\nZONES = {{\n'
    module += "".join(f'    "{text}": (\n{lines(names)}    ),\n' for text, names in sorted(zones.items()))
    module += "}\n# the local day from which each has held; the rest since 2000 at least\nSINCE = {\n    name: day\n    for day, names in (\n"
    module += "".join(f'        ("{day}", (\n{lines(names, 12)}        )),\n' for day, names in sorted(starts.items()))
    module += "    )\n    for name in names.split()\n}\n"
    return module, f"{sum(map(len, zones.values()))} zones, {len(zones)} rules, left out: {' '.join(left_out)}"


def lines(names: list[str], indent: int = 8) -> str:
    """Four names a line, as pieces of one string."""
    return "".join(f'{" " * indent}"{" ".join(names[at : at + 4])}{" " if at + 4 < len(names) else ""}"\n' for at in range(0, len(names), 4))


def main() -> None:
    """Write the table."""
    module, summary = table()
    TARGET.write_text(module, encoding="ascii")
    print(summary)


if __name__ == "__main__":
    main()
