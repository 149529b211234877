"""HTML: what a reader sees, what a reader does not see, and doubt counted as hidden."""

from __future__ import annotations

import pytest

from gateway.core.css import RULES, read_sheet
from gateway.core.html import ATTRIBUTES, MATCHES, TAGS, Page, read


def seen(source: str) -> str:
    page = read(source)
    assert page is not None
    assert page.hidden == ""
    return page.visible


@pytest.mark.parametrize(
    ("source", "visible"),
    [
        ("<p>See you <b>Tuesday</b>\n at&nbsp;10.</p><p>Robin</p>", "See you Tuesday at 10.\nRobin"),
        ("one<br>two<div>three</div>four", "one\ntwo\nthree\nfour"),
        ("<table><tr><td>When</td><td>Tuesday</td></tr><tr><th>Where</th></tr></table>", "When\nTuesday\nWhere"),
        ("<ol><li>ten<li>eleven</ol><ul><li>noon</ul>", "1. ten\n2. eleven\nnoon"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ('<div style="white-space:pre-wrap">a\nb</div>', "a\nb"),
        ("&#84;ue&#x73;day", "Tuesday"),
        ('<body dir="auto"><div class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid rgb(204,204,204)">x</div>', "x"),
        ('<html xmlns:o="urn:x"><meta http-equiv="content-type" content="text/html; charset=utf-8"><meta name="Generator" content="Editor 15"><body>x', "x"),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><p>x', "x"),
        ('<!DOCTYPE html><p>x<!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]-->', "x"),
        ("<style><!-- /* Font Definitions */ @font-face {font-family:Calibri; panose-1:2 15 5;} p.MsoNormal {margin:0cm; font-size:11.0pt;"
         'font-family:"Calibri",sans-serif; mso-style-name:"Plain"} a:link {color:blue} --></style><p class=MsoNormal>x', "x"),
        ('<span style="background:yellow">10:30</span>', "10:30"),
        ('<table><td bgcolor="#1a4d6d"><font color="#fff">Join</font></td></table>', "Join"),
        ('<p style="color:rgba(10, 20, 30, 1); font:12px/1.2 Arial; opacity:1; display:block; position:relative; text-indent:-18pt">x', "x"),
        ('<p style="color:windowtext">a</p><p style="background:none">b</p><p style="color:inherit">c', "a\nb\nc"),
        ('<p style="/* a */">x', "x"),
    ],
)
def test_what_a_reader_sees(source: str, visible: str) -> None:
    """Blocks, rows and cells become lines; white space collapses; machinery of mail programs is no text."""
    assert seen(source) == visible


@pytest.mark.parametrize(
    "source",
    [
        "<!-- leave him -->",
        "<script>leave him</script>",
        "<title>leave him</title>",
        "<template><p>leave him</p></template>",
        "<svg><text>leave him</text></svg>",
        "<body><noscript>leave him</noscript>",
        "<select><option>leave him</option></select>",
        "<details>leave him</details>",
        "<textarea>leave him</textarea>",
        '<p title="leave him"></p>',
        '<img alt="leave him">',
        '<p aria-label="leave him"></p>',
        '<p data-x="leave him"></p>',
        '<input value="leave him">',
        '<meta name="description" content="leave him">',
        "<!doctype leave him>",
        "<p></p leave him>",
        "<p hidden>leave him</p>",
        '<p aria-hidden="TRUE">leave him</p>',
        '<p style="display:none">leave him</p>',
        '<p style="display: NONE !important">leave <b>him</b></p>',
        '<p style="visibility:hidden">leave him</p>',
        '<p style="opacity:0">leave him</p>',
        '<p style="opacity:.1">leave him</p>',
        '<p style="opacity:1%">leave him</p>',
        '<p style="opacity:var(--a)">leave him</p>',
        '<p style="font-size:0">leave him</p>',
        '<p style="font-size:1px">leave him</p>',
        '<p style="font-size:calc(1px)">leave him</p>',
        '<p style="font:0/0 a">leave him</p>',
        '<p style="font:var(--x)">leave him</p>',
        '<p style="text-indent:-9999px">leave him</p>',
        '<p style="letter-spacing:-1em">leave him</p>',
        '<p style="max-height:0;overflow:hidden">leave him</p>',
        '<p style="line-height:0">leave him</p>',
        '<p style="position:absolute;left:-999em">leave him</p>',
        '<p style="mso-hide:all">leave him</p>',
        '<p style="clip-path:inset(100%)">leave him</p>',
        '<p style="unicode-bidi:bidi-override">leave him</p>',
        '<p style="color:#fff">leave him</p>',
        '<p style="color:#fffffe">leave him</p>',
        '<p style="color:fffffe">leave him</p>',
        '<p style="color:white">leave him</p>',
        '<p style="color:rgb(250,250,250)">leave him</p>',
        '<p style="color:rgba(0,0,0,0)">leave him</p>',
        '<p style="color:transparent;background:black">leave him</p>',
        '<p style="color:hsl(0,0%,100%)">leave him</p>',
        '<p style="color:papayawhip">leave him</p>',
        '<p style="background:black">leave him</p>',
        '<p style="background:linear-gradient(white,black)">leave him</p>',
        '<p style="color:white;background:red;display:' + "x" * 300 + '">leave him</p>',
        '<p style="color:' + "x" * 300 + '">leave him</p>',
        '<font color="white">leave him</font>',
        '<body text="#ffffff">leave him',
        '<table bgcolor="black"><tr><td>leave him</table>',
        '<div style="background:#000"><p style="color:#111">leave him</p></div>',
        "<style>.q{color:#fffffe}</style><p class=q>leave him</p>",
        "<style>.q:hover,.r::before{display:none}</style><p class=q>leave him</p>",
        "<style>@media print{.q{display:none}}</style><p class=q>leave him</p>",
        "<style>table.x tr > td b{display:none}</style><table><tr><td><b>leave him</b></table>",
        "<style>p + b{display:none}</style><b>leave him</b>",
        "<style>:root{visibility:hidden}</style><b>leave him</b>",
        "<style>p{color:white}p{color:black}</style><p>leave him</p>",
        "<style>/* leave him */</style>",
        '<style>p::after{content:"leave him"}</style>',
        "<style>:root{--memo: leave him}</style>",
        '<style>p{background:url("leave him")}</style>',
        '<style>@import "leave him";</style>',
        '<p style="--a: leave him"></p>',
        '<p style="leave him"></p>',
        '<a href="mailto:leave him">x</a>',
        '<a href="https://x.example/leave him">x</a>',
        '<a href="https://x.example/leave him"><img></a>',
        '<p hidden><a href="https://x.example/leave">him</a></p>',
        "<!--[if mso]>leave him<![endif]-->",
    ],
)
def test_what_a_reader_does_not_see(source: str) -> None:
    """Everything that is, or may be, out of sight is hidden text; nothing of it is visible, nothing of it is lost."""
    page = read(source)
    assert page is not None
    assert "leave" in page.hidden
    assert "him" in page.hidden
    assert "leave" not in page.visible


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ('<a href="https://meet.example/r">https://meet.example/r</a>', Page("https://meet.example/r", "")),
        ('<a href="https://www.meet.example/r/">meet.example/r</a>', Page("meet.example/r", "")),
        ('<a href="https://meet.example/r">Join</a>', Page("Join <https://meet.example/r>", "")),
        ('<a href="https://meet.example/r">https://zoom.example/1</a>', Page("https://zoom.example/1 <https://meet.example/r>", "")),
        ('<a href="mailto:r@c.example">r@c.example</a>', Page("r@c.example", "")),
        ('<a href="tel:+49 30 123">+49 30 123</a>', Page("+49 30 123", "")),
        ('<a href="mailto:r@c.example?subject=x">write</a>', Page("write", "mailto:r@c.example?subject=x")),
        ("<a>plain</a>", Page("plain", "")),
        ('<a href="https://meet.example/' + "x" * 2000 + '">a</a>', Page("a", "https://meet.example/" + "x" * 2000)),
    ],
)
def test_the_target_of_a_link_is_said(source: str, page: Page) -> None:
    """A reader who clicks goes to the target, so the recogniser must judge it; what is no web address is hidden text."""
    assert read(source) == page


@pytest.mark.parametrize(
    "source",
    [
        "<b>" * (TAGS + 1),
        "<b" + " a" * (ATTRIBUTES + 1) + ">",
        "<style>" + "p{color:red}" * (RULES + 1) + "</style>",
        "<style>" + "p{color:red}" * 10 + "</style>" + "<p>" * (MATCHES // 10 + 1),
        "<style>p:not(b){color:red}</style>x",
        "<style>" + "p" * 500 + "{color:red}</style>x",
        "<style>p[{color:red}</style>x",
    ],
)
def test_too_complex_is_said(source: str) -> None:
    """No answer is better than half an answer."""
    assert read(source) is None


def test_rules_that_tell_nothing_of_sight_are_not_searched_for() -> None:
    """A sheet of decoration costs nothing."""
    sheet = read_sheet("p{text-decoration:none;border:0}@page x{margin:1cm}" + "b{border:0}" * 1000)
    assert sheet is not None
    assert sheet.rules == ()
    assert sheet.texts == ()


def test_an_empty_document() -> None:
    """Nothing is visible, nothing hidden."""
    assert read("") == Page("", "")
