"""libical (Evolution, KDE, Cyrus) as a reader: JSON lines {ics, from, to} in, for each the instances of the first event [[start, end], ..] out.

Run as a program of its own, so that a fault in the library ends no test run. The library does not join instances that were moved to their series; neither
does this. Seconds since 1970, of a date its midnight in UTC.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys

NAME = ctypes.util.find_library("ical") or "libical.so.3"


class Time(ctypes.Structure):
    """struct icaltimetype of libical 3."""

    _fields_ = [(name, ctypes.c_int) for name in "year month day hour minute second is_date is_daylight".split()] + [("zone", ctypes.c_void_p)]


class Span(ctypes.Structure):
    """struct icaltime_span."""

    _fields_ = [("start", ctypes.c_long), ("end", ctypes.c_long), ("is_busy", ctypes.c_int)]


FOUND = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Span), ctypes.c_void_p)


def library() -> ctypes.CDLL:
    """The library with the types of what is called."""
    lib = ctypes.CDLL(NAME)
    for name, result, arguments in (
        ("icalparser_parse_string", ctypes.c_void_p, [ctypes.c_char_p]),
        ("icalcomponent_string_to_kind", ctypes.c_int, [ctypes.c_char_p]),
        ("icalcomponent_get_first_component", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
        ("icalcomponent_count_errors", ctypes.c_int, [ctypes.c_void_p]),
        ("icalcomponent_free", None, [ctypes.c_void_p]),
        ("icaltime_from_string", Time, [ctypes.c_char_p]),
        ("icalcomponent_foreach_recurrence", None, [ctypes.c_void_p, Time, Time, FOUND, ctypes.c_void_p]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def instances(lib: ctypes.CDLL, ics: str, start: str, end: str) -> list[tuple[int, int]]:
    """The instances of the first event. Raises ValueError where the library finds an error in the object."""
    root = lib.icalparser_parse_string(ics.encode())
    if not root or lib.icalcomponent_count_errors(root):
        raise ValueError("errors in the object")
    event = lib.icalcomponent_get_first_component(root, lib.icalcomponent_string_to_kind(b"VEVENT"))
    found: list[tuple[int, int]] = []
    keep = FOUND(lambda _component, span, _data: found.append((span.contents.start, span.contents.end)))
    lib.icalcomponent_foreach_recurrence(event, lib.icaltime_from_string(start.encode()), lib.icaltime_from_string(end.encode()), keep, None)
    lib.icalcomponent_free(root)
    return found


def main() -> None:
    """Answer line by line."""
    lib = library()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            print(json.dumps(instances(lib, asked["ics"], asked["from"], asked["to"])), flush=True)
        except ValueError as error:
            print(json.dumps({"error": str(error)}), flush=True)


if __name__ == "__main__":
    main()
