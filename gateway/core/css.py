"""What a style says about being seen (CSS 2.2, as far as mail uses it): enough to call text hidden when in doubt, no cascade.

It never decides that text is harmless; it only moves text from "seen" to "not seen".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

RULES = 300  # of all style sheets of a document; each is one search of the tree

Declarations: TypeAlias = "list[tuple[str, str]]"  # property and value, lower-case property

_COLOURS = {
    "black": 0x000000, "windowtext": 0x000000, "navy": 0x000080, "blue": 0x0000FF, "green": 0x008000, "teal": 0x008080, "lime": 0x00FF00, "aqua": 0x00FFFF,
    "cyan": 0x00FFFF, "maroon": 0x800000, "purple": 0x800080, "olive": 0x808000, "gray": 0x808080, "grey": 0x808080, "silver": 0xC0C0C0, "red": 0xFF0000,
    "fuchsia": 0xFF00FF, "magenta": 0xFF00FF, "yellow": 0xFFFF00, "white": 0xFFFFFF, "orange": 0xFFA500, "darkgray": 0xA9A9A9, "darkblue": 0x00008B,
    "darkred": 0x8B0000, "darkgreen": 0x006400, "lightgray": 0xD3D3D3, "lightgrey": 0xD3D3D3, "dimgray": 0x696969,
}
_INHERITED = frozenset("inherit initial unset currentcolor auto none transparent".split())
_SELECTOR = 400  # characters of a selector
_VALUE = 200  # characters of a value that are looked at; a longer one is in doubt
_CONTRAST = 96  # least sum of the differences of red, green and blue between text and ground
_SMALLEST = 5.0  # least readable font size, px
_FAR = -100.0  # an indent or margin beyond this moves text out of sight, px
_PX = {"": 1.0, "px": 1.0, "pt": 1.33, "pc": 16.0, "em": 16.0, "rem": 16.0, "%": 0.16, "ex": 8.0, "ch": 8.0, "in": 96.0, "cm": 38.0, "mm": 3.8}
_LENGTH = re.compile(r"(?<![\w.#-])([+-]?(?:\d+\.?\d*|\.\d+))([a-z%]*)")
_NEUTRAL = frozenset("none normal auto inherit initial unset static relative visible 1 100% 0 baseline".split())
_SIZES = frozenset("xx-small x-small small smaller medium large larger x-large xx-large inherit initial unset".split())
# properties that can take text out of sight or change what it says, unless they say nothing
_SUSPECT = frozenset(
    "position clip clip-path mask mask-image transform filter animation content-visibility mix-blend-mode unicode-bidi zoom scale z-index mso-hide visibility "
    "-webkit-text-fill-color -webkit-text-security text-fill-color".split()
)
_MOVES = frozenset("text-indent margin margin-left margin-right margin-top margin-bottom left top right bottom letter-spacing word-spacing".split())
_BOXES = frozenset("height max-height width max-width line-height".split())
_GROUNDS = frozenset("background background-color".split())
_FONTS = re.compile(r"(?:mso-)?(?:[\w-]*font-family|font|src|panose-1)|mso-[\w-]+")
_DULL_COMMENT = re.compile(r"\s*(?:font|style|list|page) definitions\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that could hide something, and where."""

    selector: str
    declarations: Declarations


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet: its rules, and the words of people that stand in it."""

    rules: tuple[Rule, ...]
    texts: tuple[str, ...]


def read_sheet(source: str) -> Sheet | None:
    """The rules of a sheet, those in @media too, for they may apply; None where they are too many or too complex."""
    source = re.sub(r"<!--|-->", " ", source)
    texts = [comment for comment in re.findall(r"/\*(.*?)(?:\*/|\Z)", source, re.DOTALL) if not _DULL_COMMENT.fullmatch(comment)]
    source = re.sub(r"/\*.*?(?:\*/|\Z)", " ", source, flags=re.DOTALL)
    rules = []
    rest = []
    for block in source.split("}"):
        head, brace, body = block.rpartition("{")
        if not brace:
            rest.append(block)
            continue
        *outer, selector = re.split(r"[{;]", head)
        rest += outer
        declarations = read_declarations(body)
        texts += texts_of(declarations)
        if not selector.strip().startswith("@") and any(_tells(name) for name, _ in declarations):
            if len(selector) > _SELECTOR or "(" in selector:
                return None
            rules.append(Rule(",".join(_widened(one) for one in selector.split(",")), declarations))
    texts += [piece for piece in rest if re.search(r"[\"']|url\(", piece, re.IGNORECASE)]
    return Sheet(tuple(rules), tuple(texts)) if len(rules) <= RULES else None


def _widened(selector: str) -> str:
    """A selector that matches at least as much at bounded cost: a pseudo-class may apply at any time, and of the ancestors only the nearest is asked for."""
    steps = re.sub(r"::?[\w-]+", "", selector).replace(">", " ").split()
    if not steps or "+" in selector or "~" in selector:
        return steps[-1].strip("+~") or "*" if steps else "*"
    return " ".join(steps[-2:])


def read_declarations(source: str) -> Declarations:
    """Declarations of a block or a style attribute, in order."""
    pieces = (piece.partition(":") for piece in re.sub(r"/\*.*?(?:\*/|\Z)", " ", source, flags=re.DOTALL).split(";") if piece.strip())
    return [(name.strip().lower(), value.strip()) for name, _, value in pieces]


def texts_of(declarations: Declarations) -> list[str]:
    """Values that hold words: generated content, custom properties, strings and addresses; names of fonts do not count."""
    return [
        f"{name} {value}"
        for name, value in declarations
        if name.startswith("--") or name == "content" or not re.fullmatch(r"[\w-]+", name)
        or (re.search(r"[\"']|url\((?!#default#vml\))", value, re.IGNORECASE) and not (_FONTS.fullmatch(name) and len(value) <= 200))
    ]


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks at one place of a document: out of sight, colour and ground as 0xRRGGBB (None where it cannot be known), white space kept."""

    hidden: bool = False
    colour: int | None = 0x000000
    ground: int | None = 0xFFFFFF
    pre: bool = False

    def inside(self, rules: list[Declarations], inline: Declarations, *, gone: bool, pre: bool) -> Look:
        """The look inside an element that `rules` and its own `inline` style apply to; any doubt hides."""
        every = [declaration for block in rules for declaration in block] + inline
        hidden = self.hidden or gone or any(_hides(name, value) for name, value in every)
        colours = _choices(every, inline, frozenset(("color",)), self.colour)
        grounds = _choices(every, inline, _GROUNDS, self.ground)
        if (colours, grounds) != ([self.colour], [self.ground]):
            hidden = hidden or any(not _contrasts(colour, ground) for colour in colours for ground in grounds)
        pre = pre or any(name == "white-space" and "pre" in value.lower() for name, value in inline)
        return replace(self, hidden=hidden, colour=colours[-1], ground=grounds[-1], pre=pre)


def _tells(name: str) -> bool:
    return name in _SUSPECT or name in _MOVES or name in _BOXES or name in _GROUNDS or name in ("color", "display", "opacity", "font", "font-size")


def _choices(every: Declarations, inline: Declarations, names: frozenset[str], inherited: int | None) -> list[int | None]:
    """The colours that may apply: the last of the element's own style, else any of the rules, else what is inherited."""
    own = [value for name, value in inline if name in names]
    values = own[-1:] or [value for name, value in every if name in names]
    colours = [_colour(value, inherited) for value in values]
    return colours or [inherited]


def _colour(value: str, inherited: int | None) -> int | None:
    """0xRRGGBB of a colour or background value; None where it cannot be known."""
    if len(value) > _VALUE:
        return None
    value = value.lower().replace("!important", "").strip()
    if "url(" in value or "gradient" in value:
        return None
    if found := re.search(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*([\d.%]+)\s*)?\)", value):
        red, green, blue = (min(int(part), 255) for part in found.groups()[:3])
        return red << 16 | green << 8 | blue if found[4] in (None, "1", "1.0", "100%") else None
    if found := re.search(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", value) or re.fullmatch(r"([0-9a-f]{6})", value):
        digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
        return int(digits, 16)
    words = re.findall(r"[a-z-]+", value)
    for word in words:
        if word in _COLOURS:
            return _COLOURS[word]
    return inherited if not words or words[0] in _INHERITED else None


def _contrasts(colour: int | None, ground: int | None) -> bool:
    if colour is None or ground is None:
        return False
    return sum(abs((colour >> shift & 255) - (ground >> shift & 255)) for shift in (16, 8, 0)) >= _CONTRAST


def _hides(name: str, value: str) -> bool:
    """Whether a declaration takes text out of sight, or may."""
    if len(value) > _VALUE:
        return _tells(name)
    value = value.lower().replace("!important", "").strip()
    lengths = [float(number) * _PX.get(unit, 0.0) for number, unit in _LENGTH.findall(value)]
    if name == "display":
        return "none" in value
    if name == "opacity":
        return value not in _INHERITED and (not lengths or lengths[0] < (5.0 if "%" in value else 0.3))
    if name == "font-size":
        return value not in _SIZES and (not lengths or lengths[0] < _SMALLEST)
    if name == "font":
        return any(length < _SMALLEST for length in lengths[:1]) or "var(" in value
    if name in _MOVES:
        return any(length < (-2.0 if "spacing" in name else _FAR) for length in lengths)
    if name in _BOXES:
        return any(length < (0.5 if name == "line-height" else 3.0) for length in lengths)
    return name in _SUSPECT and value not in _NEUTRAL
