"""The whole reading of a message as one pure function."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

from gateway.core.analyse import COMMAND_CHARACTERS, analyse
from gateway.core.model import Analysis, Reading, RecogniserContext, Status, TextBlock
from gateway.core.pack import Packs

ADVERSARIAL = Path(__file__).parents[2] / "../shared/corpus/adversarial"
NO_PACKS = Packs(())
DANA, ROBIN = RecogniserContext(client_names=("Dana",)), RecogniserContext(client_names=("Robin",))


def listening(blocks: tuple[TextBlock, ...], context: RecogniserContext, packs: Packs) -> Reading:
    """Stands in for the recogniser: approves nothing, and repeats what it was given where a test can see it."""
    return Reading("", False, Status.STATED, (), (), False, company_text="\n".join(block.text for block in blocks))


def analysed(raw: bytes, *, command: bool = False) -> Analysis:
    return analyse(raw, (DANA,), NO_PACKS, command=command, recogniser=listening)


def test_every_context_gets_its_own_reading() -> None:
    """One mail to two clients is read once and judged twice."""
    analysis = analyse(b"Subject: Tuesday\r\n\r\nAt ten.\r\n", (DANA, ROBIN), NO_PACKS, recogniser=listening)
    assert [context for context, _ in analysis.readings] == [DANA, ROBIN]
    reading = analysis.reading(ROBIN)
    assert reading is not None
    assert reading.company_text == "Tuesday\nAt ten.\n"
    assert (analysis.findings, analysis.part_count, analysis.subject) == ((), 1, "Tuesday")


def test_the_recogniser_itself_is_asked_by_default() -> None:
    """Without any language nothing is understood."""
    reading = analyse(b"\r\nSee you Tuesday at ten.\r\n", (DANA,), NO_PACKS).reading(DANA)
    assert reading is not None
    assert not reading.appointment


def test_authors_are_given_as_written() -> None:
    """From and Sender, domain in lower case; one that cannot be read is nobody's address."""
    raw = b"From: Robin <Robin@Coach.Example>, b@c.example\r\nSender: b@c.example\r\nMessage-ID: <1@c.example>\r\n\r\n"
    assert analysed(raw).author_mailboxes == ("Robin@coach.example", "b@c.example")
    assert analysed(raw).message_id == "<1@c.example>"
    assert analysed(b"From: a@b.example)c@d.example\r\n\r\n").author_mailboxes == ("",)
    assert analysed(b"\r\n").author_mailboxes == ()
    assert analysed(b"\r\n").message_id is None


def test_hops_are_counted() -> None:
    """RFC 5321 section 6.3."""
    assert analysed(b"Received: a\r\nreceived: b\r\n\r\n").hops == 2


@pytest.mark.parametrize(
    ("field", "automatic"),
    [
        (b"Auto-Submitted: auto-replied (vacation)", True),
        (b"Auto-Submitted: No", False),
        (b"Precedence: Bulk", True),
        (b"Precedence: first-class", False),
        (b"List-Id: <a.b.example>", True),
        (b"Subject: a", False),
    ],
)
def test_automatic_mail_is_known(field: bytes, automatic: bool) -> None:
    """RFC 3834: nothing answers what a program wrote."""
    assert analysed(field + b"\r\n\r\nx").automatic is automatic


def test_the_command_is_the_first_line_of_the_author() -> None:
    """Of a reply to a notice, only where one is expected."""
    raw = b"Subject: Re: held\r\n\r\n\r\n> your choice?\r\n  release   it \r\nRobin\r\n"
    assert analysed(raw, command=True).command_text == "release it"
    assert analysed(raw).command_text == ""
    assert analysed(b"Subject: release\r\n\r\n> quoted\r\n", command=True).command_text == ""
    assert analysed(b"Subject: release\r\n\r\n", command=True).command_text == ""
    assert len(analysed(b"\r\n" + b"a" * 500, command=True).command_text) == COMMAND_CHARACTERS


def squeezed(text: str) -> str:
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text).casefold())


# what the text shows is judged by the recogniser: these are disguised there, not hidden
DISGUISED = {"homoglyphs", "spaced-out-letters"}


@pytest.mark.skipif(not ADVERSARIAL.is_dir(), reason="the adversarial corpus lies beside the repository, and is absent")
def test_every_secret_of_the_adversarial_corpus_is_judged_or_found() -> None:
    """No channel is overlooked: what stands in no block has made a finding."""
    overlooked, seen = [], 0
    for file in sorted(ADVERSARIAL.glob("*.eml")):
        sidecar = json.loads(file.with_suffix(".json").read_text("utf-8"))
        analysis = analysed(file.read_bytes())
        judged = squeezed(analysis.readings[0][1].company_text)
        missing = [secret for secret in sidecar["secrets"] if squeezed(secret) not in judged]
        seen += 1
        found = (*analysis.findings, *analysis.readings[0][1].findings)
        if missing and not found and sidecar["attack"] not in DISGUISED:
            overlooked.append(sidecar["attack"])
    assert seen
    assert overlooked == []
