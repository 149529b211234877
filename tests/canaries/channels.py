"""Every place of a mail where text can hide, each as a function from a canary to a whole message.

The appointment in the text is real, so that a company copy is made: the canary must not be in it, nor anywhere outside the sealed copy.
"""

from __future__ import annotations

import base64
import quopri
import zlib
from collections.abc import Callable
from email.header import Header

SLOT = "Hi Dana,\r\n\r\nThursday 14:00 to 15:00 works.\r\n\r\nRobin\r\n"
Build = Callable[[str], bytes]

_TOP = "From: Robin Vale <coach@coach.example>\r\nTo: dana@acme.example\r\nSubject: Thursday\r\nDate: Mon, 1 Jun 2026 09:00:00 +0200\r\nMIME-Version: 1.0\r\n"


def simple(text: str = SLOT, *, top: str = _TOP, content: str = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n") -> bytes:
    """A message of one part."""
    return (top + content + "\r\n" + text).encode()


def header(name: str) -> Build:
    """The canary in a header field of its own."""
    return lambda c: simple(top=_TOP + f"{name}: {c}\r\n")


def instead(old: str, new: str) -> Build:
    """The canary in a usual field."""
    return lambda c: simple(top=_TOP.replace(old, new.format(c=c)))


def multi(*parts: str, kind: str = "mixed", boundary: str = "b1", preamble: str = "", epilogue: str = "", parameters: str = "") -> bytes:
    """A multipart message; parts are given with their header section."""
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'{_TOP}Content-Type: multipart/{kind}; boundary="{boundary}"{parameters}\r\n\r\n{preamble}{body}--{boundary}--\r\n{epilogue}'.encode()


PLAIN = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{SLOT}"


def part(content: str, body: str) -> str:
    return f"{content}\r\n\r\n{body}"


def beside(content: str, body: str = "{c}") -> Build:
    """The canary in a part beside the appointment; `content` and `body` may hold {c} and {b64}."""
    return lambda c: multi(PLAIN, part(content.replace("{c}", c), body.replace("{c}", c).replace("{b64}", base64.b64encode(c.encode()).decode())))


def html(markup: str) -> Build:
    """The canary in the HTML alternative."""
    shown = "<p>Hi Dana,</p><p>Thursday 14:00 to 15:00 works.</p><p>Robin</p>"
    return lambda c: multi(PLAIN, part("Content-Type: text/html; charset=utf-8", shown + markup.replace("{c}", c)), kind="alternative")


def only_html(markup: str) -> Build:
    """HTML without a text alternative."""
    return lambda c: simple(
        f"<p>Hi Dana,</p><p>Thursday 14:00 to 15:00 works.</p>{markup.replace('{c}', c)}\r\n", content="Content-Type: text/html; charset=utf-8\r\n"
    )


def calendar(line: str, component: str = "VEVENT", beside_it: str = "") -> Build:
    """The canary in a calendar object; `line` stands in the component."""

    def build(c: str) -> bytes:
        event = f"BEGIN:{component}\r\nUID:u1\r\nDTSTAMP:20260601T090000Z\r\nDTSTART:20260604T120000Z\r\nDTEND:20260604T130000Z\r\n{line.replace('{c}', c)}\r\nEND:{component}\r\n"
        object_ = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nMETHOD:REQUEST\r\n{beside_it.replace('{c}', c)}{event}END:VCALENDAR\r\n"
        return multi(PLAIN, part("Content-Type: text/calendar; method=REQUEST; charset=utf-8", object_), kind="alternative")

    return build


CHANNELS: dict[str, Build] = {
    "subject": instead("Subject: Thursday", "Subject: Thursday {c}"),
    "subject reply": instead("Subject: Thursday", "Subject: Re: {c}"),
    "subject folded": instead("Subject: Thursday", "Subject: Thursday\r\n {c}"),
    "subject encoded": lambda c: simple(top=_TOP.replace("Subject: Thursday", "Subject: " + Header(f"Thursday {c}", "utf-8").encode(linesep="\r\n"))),
    "subject encoded q": lambda c: simple(top=_TOP.replace("Thursday", "=?utf-8?q?" + quopri.encodestring(c.encode(), header=True).decode().replace("=\n", "") + "?=")),
    "subject unknown charset": instead("Thursday", "=?x-unknown?q?{c}?="),
    "second subject": header("Subject"),
    **{f"field {name}": header(name) for name in "Comments Keywords Thread-Topic Thread-Index X-Notes Organization List-Id List-Post Face Autocrypt Sensitivity Reply-By X-Originating-IP User-Agent X-Mailer Content-MD5 DKIM-Signature Content-Location Content-Description Disposition-Notification-To Return-Receipt-To Importance Accept-Language Resent-Comments Received In-Reply-To References Message-ID Summary Archived-At Authentication-Results".split()},
    "from display name": instead("Robin Vale <", '"Robin {c}" <'),
    "from comment": instead("<coach@coach.example>", "<coach@coach.example> ({c})"),
    "to display name": instead("To: dana@acme.example", 'To: "{c}" <dana@acme.example>'),
    "to group name": instead("To: dana@acme.example", "To: {c}: dana@acme.example;"),
    "cc plus tag": header("Cc: dana+x@acme.example, friend"),
    "reply-to": lambda c: simple(top=_TOP + f'Reply-To: "{c}" <coach@coach.example>\r\n'),
    "date comment": instead("+0200", "+0200 ({c})"),
    "bcc field": lambda c: simple(top=_TOP + f"Bcc: {c}@acme.example\r\n"),
    "preamble": lambda c: multi(PLAIN, preamble=f"{c}\r\n"),
    "epilogue": lambda c: multi(PLAIN, epilogue=f"{c}\r\n"),
    "boundary": lambda c: multi(PLAIN, boundary=f"b-{c.encode('ascii', 'ignore').decode()}"),
    "multipart parameter": lambda c: multi(PLAIN, parameters=f'; x-note="{c}"'),
    "content-type parameter": lambda c: simple(content=f'Content-Type: text/plain; charset=utf-8; x-note="{c}"\r\n'),
    "content id": beside("Content-Type: image/png\r\nContent-ID: <{c}@x>\r\nContent-Transfer-Encoding: base64", "iVBORw0KGgo="),
    "content description": beside("Content-Type: text/plain\r\nContent-Description: {c}", "Thursday"),
    "file name": beside('Content-Type: application/pdf; name="{c}.pdf"\r\nContent-Disposition: attachment; filename="{c}.pdf"'),
    "file name 2231": beside("Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''{c}.pdf", "x"),
    "file name 2231 pieces": beside('Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename*0="a-";\r\n filename*1="{c}.pdf"', "x"),
    "attached text": beside("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt"),
    "attached base64": beside("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64", "{b64}"),
    "second text part": beside("Content-Type: text/plain; charset=utf-8"),
    "text enriched": beside("Content-Type: text/enriched"),
    "markdown": beside("Content-Type: text/markdown"),
    "image": beside("Content-Type: image/png\r\nContent-Transfer-Encoding: base64", "{b64}"),
    "svg": beside("Content-Type: image/svg+xml", "<svg><text>{c}</text></svg>"),
    "vcard": beside("Content-Type: text/vcard", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:D\r\nNOTE:{c}\r\nEND:VCARD"),
    "tnef": beside("Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64", "eJ8+{b64}"),
    "forwarded message": beside("Content-Type: message/rfc822", "Subject: {c}\r\n\r\n{c}"),
    "partial": beside('Content-Type: message/partial; id="{c}"; number=1; total=2'),
    "external body": beside('Content-Type: message/external-body; access-type=URL; URL="https://x.example/{c}"', "Content-Type: text/plain\r\n\r\n"),
    "delivery status": beside("Content-Type: message/delivery-status", "Diagnostic-Code: {c}"),
    "smime": beside('Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\nContent-Transfer-Encoding: base64', "{b64}"),
    "amp": lambda c: multi(PLAIN, part("Content-Type: text/x-amp-html", f"<html amp4email>{c}</html>"), kind="alternative"),
    "plain alternative twice": lambda c: multi(PLAIN, part("Content-Type: text/plain; charset=utf-8", c), kind="alternative"),
    "html text": html("<p>{c}</p>"),
    "html comment": html("<!-- {c} -->"),
    "html hidden": html('<span style="display:none">{c}</span>'),
    "html zero size": html('<span style="font-size:0">{c}</span>'),
    "html white on white": html('<span style="color:#fff;background:#fff">{c}</span>'),
    "html style": html("<style>p:after{content:'{c}'}</style>"),
    "html title": html('<a href="https://zoom.us/j/86451209377" title="{c}">link</a>'),
    "html alt": html('<img src="cid:x" alt="{c}">'),
    "html data attribute": html('<p data-note="{c}">.</p>'),
    "html href": html('<a href="https://x.example/{c}">here</a>'),
    "html conditional": html("<!--[if mso]>{c}<![endif]-->"),
    "html entity": lambda c: html("<p>" + "".join(f"&#{ord(x)};" for x in c) + "</p>")(c),
    "html only": only_html("<p>{c}</p>"),
    "html only hidden": only_html('<div hidden>{c}</div><div style="opacity:0">{c}</div>'),
    "html script": html("<script>var x='{c}'</script>"),
    "quoted history": lambda c: simple(SLOT + f"\r\nOn Mon, Dana wrote:\r\n> {c}\r\n"),
    "forwarded in text": lambda c: simple(SLOT + f"\r\n---------- Forwarded message ----------\r\nSubject: {c}\r\n\r\n{c}\r\n"),
    "signature": lambda c: simple(SLOT + f"\r\n-- \r\nRobin Vale, {c}\r\n"),
    "postscript": lambda c: simple(SLOT + f"\r\nP.S. {c}\r\n"),
    "before greeting": lambda c: simple(f"{c}\r\n\r\n{SLOT}"),
    "same sentence": lambda c: simple(f"Thursday 14:00 to 15:00 works, {c}.\r\n"),
    "in brackets": lambda c: simple(f"Thursday 14:00 ({c}) works.\r\n"),
    "as a place": lambda c: simple(f"Thursday 14:00 at {c}.\r\n"),
    "as a name": lambda c: simple(f"Hi {c},\r\n\r\nThursday 14:00 works.\r\n"),
    "as a list": lambda c: simple(f"Slots:\r\n- Thursday 14:00\r\n- Friday 15:00 {c}\r\n"),
    "link path": lambda c: simple(f"Thursday 14:00, https://zoom.us/j/86451209377/{c}\r\n"),
    "link query": lambda c: simple(f"Thursday 14:00, https://zoom.us/j/86451209377?uname={c}\r\n"),
    "link fragment": lambda c: simple(f"Thursday 14:00, https://zoom.us/j/86451209377#{c}\r\n"),
    "link user": lambda c: simple(f"Thursday 14:00, https://{c}@zoom.us/j/86451209377\r\n"),
    "link room": lambda c: simple(f"Thursday 14:00, https://whereby.com/{c}\r\n"),
    "link host": lambda c: simple(f"Thursday 14:00, https://{c}-is-leaving.zoom.us/j/86451209377\r\n"),
    "link token": lambda c: simple(f"Thursday 14:00, https://zoom.us/j/86451209377?pwd={c}\r\n"),
    "document link": lambda c: simple(f"Thursday 14:00. https://docs.example/d/{c}\r\n"),
    "mailto": lambda c: simple(f"Thursday 14:00. mailto:{c}@x.example\r\n"),
    "base64 in text": lambda c: simple(SLOT + base64.b64encode(c.encode() * 3).decode() + "\r\n"),
    "uuencode": lambda c: simple(SLOT + f"begin 644 {c}.txt\r\n#0V%T\r\nend\r\n"),
    "pgp inline": lambda c: simple(f"-----BEGIN PGP MESSAGE-----\r\n\r\n{c}\r\n-----END PGP MESSAGE-----\r\n" + SLOT),
    "clear signed": lambda c: simple(f"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\n{c}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nx\r\n-----END PGP SIGNATURE-----\r\n" + SLOT),
    "zero width": lambda c: simple(SLOT.replace("works", "wo\u200brks") + "\u200b".join(c) + "\r\n"),
    "tag characters": lambda c: simple(SLOT + "".join(chr(0xE0000 + ord(x)) for x in c if x.isascii()) + "\r\n"),
    "full width": lambda c: simple(SLOT + "".join(chr(ord(x) + 0xFEE0) if "!" <= x <= "~" else x for x in c) + "\r\n"),
    "wrong transfer encoding": lambda c: simple(SLOT + c, content="Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: x-odd\r\n"),
    "base64 with junk": lambda c: simple(base64.b64encode((SLOT + c).encode()).decode() + "!!!" + c, content="Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"),
    "utf-7": lambda c: simple(SLOT + c.encode("utf-7").decode(), content="Content-Type: text/plain; charset=utf-7\r\n"),
    "utf-16": lambda c: _TOP.encode() + b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode((SLOT + c).encode("utf-16")),
    "two content types": lambda c: simple(SLOT + f"<!-- {c} -->", content="Content-Type: text/plain\r\nContent-Type: text/html\r\n"),
    "missing final boundary": lambda c: multi(PLAIN, part("Content-Type: text/plain", c))[:-8],
    "compressed": lambda c: multi(PLAIN, part("Content-Type: application/gzip\r\nContent-Transfer-Encoding: base64", base64.b64encode(zlib.compress(c.encode())).decode())),
    "no mime version": lambda c: simple(SLOT + c).replace(b"MIME-Version: 1.0\r\n", b""),
    **{f"calendar {name}": calendar(f"{name}:{{c}}") for name in "SUMMARY DESCRIPTION COMMENT LOCATION CATEGORIES CONTACT RESOURCES RELATED-TO REQUEST-STATUS X-ALT-DESC STYLED-DESCRIPTION X-NOTE URL STATUS CLASS".split()},
    "calendar attendee name": calendar('ATTENDEE;CN="{c}":mailto:dana@acme.example'),
    "calendar attach": calendar("ATTACH;FMTTYPE=text/plain:data:,{c}"),
    "calendar alarm": calendar("BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:{c}\r\nEND:VALARM"),
    "calendar name": calendar("SUMMARY:x", beside_it="X-WR-CALNAME:{c}\r\nX-WR-CALDESC:{c}\r\n"),
    "calendar todo": calendar("SUMMARY:{c}", component="VTODO"),
    "calendar journal": calendar("DESCRIPTION:{c}", component="VJOURNAL"),
    "calendar time zone": calendar("DTSTART;TZID={c}:20260604T120000"),
    "calendar attached": beside('Content-Type: application/ics; name="invite.ics"\r\nContent-Disposition: attachment; filename="invite.ics"', "BEGIN:VCALENDAR\r\nSUMMARY:{c}\r\nEND:VCALENDAR"),
}
