"""Calendar octets to a tree of components (RFC 5545 section 3.1). Strict: what cannot be read to the last line is not read at all.

Unfolds octets, so that a fold inside a character is undone; leaves every value as it stands in the line. Reads no value and resolves no zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from icalendar.parser import Contentline

LARGEST = 256 * 1024  # octets
MOST_LINES = 5_000
MOST_COMPONENTS = 400
DEEPEST = 4
_FOLD = re.compile(rb"\r?\n[ \t]")
_NAMES = re.compile(r';\s*([^=;:"\s]+)\s*=')  # of the parameters
_QUOTED = re.compile('"[^"]*"')
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


class Unreadable(Exception):
    """The object is not read; `reason` is a word of a closed vocabulary, never a quotation."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: upper-case name and parameter names, values as written."""

    name: str
    parameters: Mapping[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """BEGIN to END."""

    name: str
    properties: list[Property] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """Every property called `name`."""
        return [p for p in self.properties if p.name == name]

    def one(self, name: str) -> Property | None:
        """The property called `name`, None where there is none. Raises `Unreadable` where there are several that differ: programs differ in which they take."""
        found = self.all(name)
        if any(p != found[0] for p in found):
            raise Unreadable("property given twice")
        return found[0] if found else None


def read_components(octets: bytes) -> Component:
    """The one VCALENDAR of an object. Raises `Unreadable`."""
    if len(octets) > LARGEST:
        raise Unreadable("too large")
    try:
        text = _FOLD.sub(b"", octets.removeprefix(b"\xef\xbb\xbf")).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    lines = [line for line in re.split(r"\r?\n", text) if line.strip()]
    if len(lines) > MOST_LINES:
        raise Unreadable("too many lines")
    root = Component("")
    stack = [root]
    count = 0
    for line in lines:
        name, parameters, value = _parts(line)
        if name == "BEGIN":
            count += 1
            if count > MOST_COMPONENTS or len(stack) > DEEPEST:
                raise Unreadable("too many components")
            stack.append(Component(value.strip().upper()))
            stack[-2].components.append(stack[-1])
        elif name == "END":
            if len(stack) < 2 or stack.pop().name != value.strip().upper():
                raise Unreadable("components not closed")
        elif len(stack) < 2:
            raise Unreadable("text outside the object")
        else:
            stack[-1].properties.append(Property(name, parameters, value))
    if len(stack) > 1 or [c.name for c in root.components] != ["VCALENDAR"]:
        raise Unreadable("components not closed" if len(stack) > 1 else "not one object")
    return root.components[0]


def _parts(line: str) -> tuple[str, dict[str, str], str]:
    if _CONTROL.search(line):
        raise Unreadable("control character")
    try:
        name, parameters, value = Contentline(line).raw_parts()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped
    except (ValueError, KeyError, IndexError):
        raise Unreadable("line not understood") from None
    names = _NAMES.findall(_QUOTED.sub('""', line.removesuffix(value)).upper())
    if len(set(names)) < len(names):
        raise Unreadable("parameter given twice")
    flat = {str(key).upper(): item if isinstance(item, str) else ",".join(map(str, item)) for key, item in parameters.items()}
    return str(name).upper(), flat, str(value)


def plain_text(value: str) -> str:
    """A TEXT value without its escapes (RFC 5545 section 3.3.11)."""
    return re.sub(r"\\([nN;,\\])", lambda m: "\n" if m[1] in "nN" else m[1], value)
