"""HTML to what a reader sees and what a reader does not see.

It errs to one side: whatever could be invisible counts as hidden, and hidden text makes a finding, never a fact. Style sheets are read for
what hides (see css.py), not cascaded; scripts are never run; nothing is fetched. No URL is followed or judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from gateway.core import css

TAGS = 10_000  # the tree builder is quadratic in the depth of some elements
ATTRIBUTES = 500  # of one element; the tree builder compares each with each
MATCHES = 20_000  # pairs of a style rule and an element
URL_OCTETS = 2000

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_UNSEEN = frozenset(
    "applet area audio button canvas datalist details dialog embed frame frameset iframe input map marquee math meter noembed noframes noscript object "
    "optgroup option param progress rp rt script select source style svg textarea title track video xml".split()
)
# attributes whose values are measures, names of styles or machinery; any other value is text that a reader does not see
_TECHNICAL = frozenset(
    "align bgcolor border cellpadding cellspacing charset class clear color cols colspan compact contenteditable dir face frame height hidden hspace "
    "http-equiv id lang leftmargin link alink vlink marginheight marginwidth media noshade nowrap rel role rows rowspan rules scope size spellcheck start "
    "style target text topmargin translate type valign vspace width xmlns xml:lang".split()
)
_META = frozenset("generator viewport format-detection color-scheme supported-color-schemes progid originator x-apple-disable-message-reformatting".split())
_STYLING = (("color", "color"), ("text", "color"), ("bgcolor", "background-color"))
_DULL = re.compile(r"[\W_]*|true|false|auto|ltr|rtl|gmail_signature|cid:[\w.@$+-]*", re.IGNORECASE)
# what Office writes at the head of every mail, without a word of anybody's
_OFFICE = re.compile(
    r"\[if [\w !()&|]{1,40}\]>\s*(?:<style>\s*v\\:\*[^<]{0,400}</style>|"
    r"<xml>(?:\s|</?[ovw]:\w+(?:\s+[\w:]+=\"[\w,]{0,8}\")*\s*/?>|(?:\d{1,4}|true|false)(?=</))*</xml>)?"
    r"\s*<!\[endif\]",
    re.IGNORECASE,
)
# both cannot fail once begun, so they are linear
_DOCTYPE = re.compile(r"<!doctype([^>]*)", re.IGNORECASE)
_END_TAG = re.compile(r"</[a-z][^\s>]*\s([^>]*)", re.IGNORECASE)  # the parser drops what stands there
_PLAIN_DOCTYPE = re.compile(
    r"\s{1,4}html\s{0,4}(?:public \"-//w3c//dtd [x]?html [\d.]{1,4}(?: \w{1,20})?//en\"\s{0,4}(?:\"https?://www\.w3\.org/[\w/.-]{1,80}\"\s{0,4})?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Page:
    """`visible` has a line for each block, row or cell, with the target of a link in angle brackets after it; `hidden` a line for each thing out of sight."""

    visible: str
    hidden: str


@dataclass(slots=True)
class _Text:
    """Both texts while they are put together."""

    visible: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def page(self) -> Page:
        shown = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(self.visible).split("\n"))
        unseen = (" ".join(text.split()) for text in self.hidden)
        return Page("\n".join(line for line in shown if line), "\n".join(line for line in unseen if not _DULL.fullmatch(line)))


@dataclass(frozen=True, slots=True)
class _Close:
    """What to do when an element ends."""

    block: bool
    link: str | None  # target of an anchor
    start: int  # where its visible text began
    hidden: bool


def read(source: str) -> Page | None:
    """What a reader sees of an HTML document and what not; None where it is too complex to say."""
    if source.count("<") > TAGS or any(len(tag.partition(">")[0].split()) > ATTRIBUTES for tag in source.split("<")):
        return None
    document = LexborHTMLParser(source)
    text = _Text(hidden=[said for said in _DOCTYPE.findall(source) if not _PLAIN_DOCTYPE.fullmatch(said)] + _END_TAG.findall(source))
    sheet = css.read_sheet("\n".join(node.text() for node in document.css("style")))
    if sheet is None or document.root is None or document.root.parent is None:
        return None
    text.hidden += sheet.texts
    styles: dict[int, list[css.Declarations]] = {}
    matches = 0
    for rule in sheet.rules:
        try:
            nodes = document.css(rule.selector)
        except SelectolaxError:
            return None
        matches += len(nodes)
        if matches > MATCHES:
            return None
        for node in nodes:
            styles.setdefault(node.mem_id, []).append(rule.declarations)
    _walk(document.root.parent, styles, text)
    return text.page()


def _walk(document: LexborNode, styles: Mapping[int, list[css.Declarations]], text: _Text) -> None:
    """In document order, without recursion: hostile depth costs no stack."""
    pending: list[tuple[LexborNode, css.Look] | str | _Close] = [(document, css.Look())]
    while pending:
        step = pending.pop()
        if isinstance(step, _Close):
            _close(step, text)
            continue
        if isinstance(step, str):
            text.visible.append(step)
            continue
        node, look = step
        if node.is_text_node:
            _show(node.text_content or "", look, text)
        elif node.is_comment_node:
            comment = node.comment_content or ""
            if not _OFFICE.fullmatch(comment.strip()):
                text.hidden.append(comment)
        else:
            pending.append(_open(node, look := _seen(node, look, styles), text))
            if node.tag != "style":  # read before, as a sheet
                pending += reversed(_children(node, look))


def _children(node: LexborNode, look: css.Look) -> list[tuple[LexborNode, css.Look] | str]:
    """The children in order; those of an ordered list with the number that a reader sees before them."""
    children: list[tuple[LexborNode, css.Look] | str] = []
    child, number = node.first_child, 1
    while child is not None:
        if node.tag == "ol" and child.tag == "li" and not look.hidden:
            children.append(f"\n{number}. ")
            number += 1
        children.append((child, look))
        child = child.next
    return children


def _seen(node: LexborNode, look: css.Look, styles: Mapping[int, list[css.Declarations]]) -> css.Look:
    """How the inside of `node` looks."""
    attributes = node.attributes
    # what HTML 3 says by attributes, as the style it stands for
    inline = [(name, attributes.get(key) or "") for key, name in _STYLING if key in attributes]
    inline += css.read_declarations(attributes.get("style") or "")
    gone = (node.tag or "") in _UNSEEN or "hidden" in attributes or (attributes.get("aria-hidden") or "").lower() == "true"
    pre = look.pre or node.tag == "pre"
    return look.inside(styles.get(node.mem_id, []), inline, gone=gone, pre=pre)


def _show(piece: str, look: css.Look, text: _Text) -> None:
    if look.hidden:
        text.hidden.append(piece)
    else:
        text.visible.append(piece if look.pre else re.sub(r"[ \t\r\n\f]+", " ", piece))


def _open(node: LexborNode, look: css.Look, text: _Text) -> _Close:
    """Start of an element: its line break, its attributes; returns what its end will need."""
    tag = node.tag or ""
    block = tag in _BLOCKS
    if (block and tag != "li") or tag == "br":
        text.visible.append("\n")
    if tag == "template":  # its inside is no part of the tree
        text.hidden.append(node.html or "")
    link = None
    for name, value in node.attributes.items():
        value = value or ""
        if tag == "a" and name == "href":
            link = value.strip()
        elif name == "style":
            text.hidden += css.texts_of(css.read_declarations(value))
        elif tag == "meta" and name in ("name", "content"):
            if (node.attributes.get("name") or "").lower() not in _META and "http-equiv" not in node.attributes:
                text.hidden.append(value)
        elif name not in _TECHNICAL and not name.startswith("xmlns:"):
            text.hidden.append(value)
    return _Close(block, link, len(text.visible), look.hidden)


def _close(end: _Close, text: _Text) -> None:
    if end.link is not None:
        shown = "".join(text.visible[end.start :])
        if end.hidden or not shown.strip() or not re.fullmatch(rf"https?://[^\s<>\"]{{1,{URL_OCTETS}}}", end.link, re.IGNORECASE):
            if _bare(shown) != _bare(end.link):
                text.hidden.append(end.link)
        elif _bare(shown) != _bare(end.link):
            text.visible.append(f" <{end.link}>")
    if end.block:
        text.visible.append("\n")


def _bare(address: str) -> str:
    """An address without what people leave out when they write it."""
    return re.sub(r"^(?:https?://|mailto:|tel:)?(?:www\.)?", "", re.sub(r"\s", "", address).casefold()).rstrip("/")
