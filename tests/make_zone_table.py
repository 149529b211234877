"""Writes gateway/core/calendar/zone_table.py from the tzdata package: the rule of each IANA zone that holds for the years to come.

    python tests/make_zone_table.py

The rule is the POSIX string at the foot of a TZif file (RFC 8536 section 3.3). A zone is left out where the rule alone does not give the offsets of the
next five years (Morocco, Gaza): a time in such a zone is not guessed.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import tzdata

from gateway.core.calendar.zones import parse_rule

FOLDER = Path(tzdata.__file__).parent
YEARS = 5


reset_tzpath(())  # this package alone: a system may have older rules


def rule(name: str) -> str:
    """The footer of the zone's file, "" where it has none."""
    lines = (FOLDER / "zoneinfo" / name).read_bytes().rstrip(b"\n").split(b"\n")
    return lines[-1].decode("ascii")


def holds(name: str, text: str, first: int) -> bool:
    """Whether the rule gives the offset of every sixth hour from December of the release on: a law of this year has come into force by then."""
    zone, parsed, at = ZoneInfo(name), parse_rule(text), datetime(first, 12, 1, tzinfo=UTC)
    while at.year <= first + YEARS:
        if at.astimezone(zone).utcoffset() != parsed.offset_at(at.replace(tzinfo=None)):
            return False
        at += timedelta(hours=6)
    return True


def main() -> None:
    """Write the table."""
    first = int(tzdata.IANA_VERSION[:4])
    zones: dict[str, list[str]] = {}
    left_out = []
    for name in (FOLDER / "zones").read_text("ascii").split():
        text = rule(name)
        if name in ("Factory", "localtime") or not holds(name, text, first):
            left_out.append(name)
        else:
            zones.setdefault(text, []).append(name)
    target = Path(__file__).parents[1] / "gateway/core/calendar/zone_table.py"
    with target.open("w", encoding="ascii") as out:
        out.write('"""IANA time zones by their rule (POSIX TZ, RFC 8536 section 3.3). Written by tests/make_zone_table.py, not by hand."""\n\n')
        out.write("# left out, because their rule alone does not give the next years: " + " ".join(left_out) + "\n")
        out.write(f'VERSION = "{tzdata.IANA_VERSION}"\nZONES = {{\n')
        for text, names in sorted(zones.items()):
            out.write(f'    "{text}": (\n')
            for start in range(0, len(names), 4):
                out.write(f'        "{" ".join(names[start : start + 4])}{" " if start + 4 < len(names) else ""}"\n')
            out.write("    ),\n")
        out.write("}\n")
    print(f"{sum(map(len, zones.values()))} zones, {len(zones)} rules, left out: {' '.join(left_out)}")


if __name__ == "__main__":
    main()
