"""Random and half-sensible messages: reading never raises, and a secret is judged, found, or in plain view of a finding."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import html
from gateway.core.analyse import analyse
from gateway.core.classify import classify
from gateway.core.header_section import addresses, decode_words
from gateway.core.model import RecogniserContext
from gateway.core.pack import Packs
from gateway.core.parse import parse

SECRET = "qzxjunicorn"

names = st.sampled_from("Subject From To Cc Reply-To Keywords X-Note Content-Type Content-Transfer-Encoding Content-Disposition MIME-Version Date".split())
bodies = st.one_of(
    st.sampled_from(
        [
            "text/plain; charset=utf-8",
            "text/html",
            'multipart/mixed; boundary="b"',
            "multipart/alternative; boundary=b",
            "message/rfc822",
            "base64",
            "quoted-printable",
            "8bit",
            "1.0",
            "attachment; filename*0*=utf-8''a; filename*1=b",
            "inline",
            "=?utf-8?q?=C3?= =?utf-8?b?vA==?=",
            "a@b.example, (c) <d@e.example>",
            "text/plain; format=flowed",
            "text/calendar",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
fields = st.lists(st.builds("{}: {}\r\n".format, names, bodies), max_size=6).map("".join)
lines = st.lists(
    st.one_of(
        st.sampled_from(["--b", "--b--", "", "<p>x", "<!-- y -->", "<style>p{color:#fff}</style>", "begin 644 a", "> q ", "dHVl", "=3D", "--b "]),
        st.text(max_size=30),
    ),
    max_size=14,
).map("\r\n".join)
shards = st.sampled_from("< > p \xa0style= \" ' color: #fff </p> <b> <a\xa0href= display:none ; <style> { } </style> x !-- --".split(" "))
messages = st.builds(lambda head, body: f"{head}\r\n{body}".encode("utf-8", "surrogatepass"), fields, lines)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=400), messages))
def test_reading_never_raises(raw: bytes) -> None:
    """Whatever the octets are, there is an analysis, the same each time."""
    first = analyse(raw, (RecogniserContext(),), Packs(()))
    assert first == analyse(raw, (RecogniserContext(),), Packs(()))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_address_lists_and_words_never_raise(body: str) -> None:
    """Nor do the pieces."""
    assert all(isinstance(address.name, str) for address in addresses(body))
    assert isinstance(decode_words(body)[0], str)


@settings(max_examples=200, deadline=None)
@given(st.lists(shards, max_size=40))
def test_html_never_raises(pieces: list[str]) -> None:
    """Nor does markup made of shards."""
    page = html.read("".join(pieces).replace("\xa0", " "))
    assert page is None or isinstance(page.visible + page.hidden, str)


@settings(max_examples=300, deadline=None)
@given(fields, lines, lines, st.sampled_from(["field", "text", "comment", "attribute", "base64", "quoted-printable", "preamble", "part", "epilogue"]))
def test_a_secret_is_judged_or_found(head: str, before: str, after: str, place: str) -> None:
    """Wherever it stands, it is in a block for the recogniser, or some finding sends the whole mail to the client's own mailbox."""
    multipart = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="s"\r\n\r\n'
    body = {
        "field": f"X-Secret: {SECRET}\r\n\r\n{before}",
        "text": f"\r\n{before}\r\n{SECRET}\r\n{after}",
        "comment": f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>x<!-- {SECRET} -->",
        "attribute": f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p title='{SECRET}'>x",
        "base64": f"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64.b64encode(SECRET.encode()).decode()}",
        "quoted-printable": "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + SECRET.replace("q", "=71"),
        "preamble": f"{multipart}{SECRET}\r\n--s\r\n\r\n{before}\r\n--s--\r\n",
        "part": f"{multipart}--s\r\n\r\n{before}\r\n--s\r\n\r\n{SECRET}\r\n--s--\r\n",
        "epilogue": f"{multipart}--s\r\n\r\n{before}\r\n--s--\r\n{SECRET}\r\n",
    }[place]
    blocks, findings = classify(parse((head + body).encode("utf-8", "surrogatepass")))
    assert findings or any(SECRET in block.text for block in blocks)
