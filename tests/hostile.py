"""Messages made to exhaust a reader: each broke the standard parser, or a naive one, by time, memory or recursion."""

from __future__ import annotations

from collections.abc import Iterator

HEAD = b"From: Robin Vale <coach@coach.example>\r\nMIME-Version: 1.0\r\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def nested(depth: int) -> bytes:
    """Multiparts in multiparts."""
    opening = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))
    closing = b"".join(b"\r\n--b%d--\r\n" % n for n in reversed(range(depth)))
    return HEAD + opening + b"\r\ninnermost" + closing


def forwarded(depth: int) -> bytes:
    """Messages in messages, without a boundary anywhere."""
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"innermost"


def hostile() -> Iterator[tuple[str, bytes]]:
    """Name and octets of each message. All are too much for one reason or another: none may be taken for clean."""
    yield "subject of one-letter words", HEAD + b"Subject: " + b"a " * 500_000 + b"\r\n\r\nx"
    yield "100,000 short fields", HEAD + b"X: y\r\n" * 100_000 + b"\r\nx"
    yield "9 MB folded field", HEAD + b"X-Long: a\r\n" + b" aaaaaaa\r\n" * 900_000 + b"\r\nx"
    yield "40,000 addresses", HEAD + b"To: " + b"a@b.example,\r\n " * 40_000 + b"c@d.example\r\n\r\nx"
    yield "100,000 commas", HEAD + b"To: " + b"," * 100_000 + b"\r\n\r\nx"
    yield "subject of encoded words", HEAD + b"Subject: " + b"=?utf-8?q?a?=\r\n " * 7_000 + b"\r\n\r\nx"
    yield "brackets", HEAD + b"To: " + b"(" * 5_000 + b"\r\n\r\nx"
    yield "no end of the header section", HEAD + b"X-A: b\r\n" * 9_000
    yield "1,000 nested multiparts", nested(1000)
    yield "45 nested multiparts", nested(45)
    yield "1,000 nested messages", forwarded(1000)
    yield "100,000 parts", MIXED + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n"
    yield "900 parts", MIXED + b"--b\r\n\r\nx\r\n" * 900 + b"--b--\r\n"
    yield "20,000 parameters", HEAD + b"Content-Type: multipart/mixed" + b";\r\n a=b" * 20_000 + b"\r\n\r\nx"
    yield "900 parameters", HEAD + b"Content-Type: multipart/mixed" + b";a=b" * 900 + b"\r\n\r\nx"
    yield "20,000 parameters of a part", MIXED + b"--b\r\nContent-Type: multipart/mixed" + b";a=b" * 20_000 + b"\r\n\r\nx\r\n--b--\r\n"
    yield "100,000 fields of a part", MIXED + b"--b\r\n" + b"X: y\r\n" * 100_000 + b"\r\nx\r\n--b--\r\n"
    yield "escaped quotes", HEAD + b"To: " + b'"\\' * 4_000 + b"\r\n\r\nx"
    yield "escaped quotes of a part", MIXED + b"--b\r\nContent-Type: text/plain; name=" + b'"\\' * 100_000 + b"\r\n\r\nx\r\n--b--\r\n"
    yield "37 MiB", HEAD + b"\r\n" + b"x\r\n" * (37 * 1024 * 1024 // 3)
    yield "20 MB of text", HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"You said that you would tell him.\r\n" * 600_000
    yield "20 MB in one line", HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"a" * 20_000_000
    yield "10 MB of empty lines", HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"\r\n" * 5_000_000
    yield "deep html", HTML + b"<div>" * 30_000
    yield "less deep html", HTML + b"<div title=x>" * 9_000
    yield "selectors", HTML + b"<style>" + b"b b b b b{color:red}" * 400 + b"</style>" + b"<b>" * 9_000
    yield "one long selector", HTML + b"<style>" + b" b" * 50_000 + b"{color:red}</style>" + b"<b>" * 9_000
    yield "end tags without an end", HTML + b"</a" + b"\t" * 150_000
    yield "attributes", HTML + b"<a " + b" ".join(b"a%d=b" % n for n in range(20_000)) + b">"
    yield "style value", HTML + b'<p style="color:rgb(1' + b" " * 150_000 + b'">x'
