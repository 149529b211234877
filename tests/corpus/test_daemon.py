"""Real-world mails through the daemon: each once as notes to a company address and once to a contact who is no client.

The short form takes every 40th file; the slow one all of them.
"""

from __future__ import annotations

import re
import smtplib
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.e2e.stage import FRIEND, HOME, WORK, Stage, running

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "mail"
NAMED = {550: "bare CR, LF or NUL in message|mail loop", 552: "too large"}


def files(step: int) -> list[Path]:
    found = sorted(f for f in CORPUS.rglob("*") if f.is_file() and f.name not in ("MANIFEST.md", "LICENCE-OF-SOURCE.txt"))
    return found[::step]


def as_a_program_sends_it(octets: bytes) -> bytes:
    """CRLF line ends, as every mail program makes them; NUL stays what it is."""
    octets = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("step", [40, pytest.param(1, marks=pytest.mark.slow)])
def test_every_mail_ends_somewhere(step: int, capsys):
    """No crash, no 5xx but for named reasons; at the company only composed copies; raw octets unchanged for the contact."""
    if not CORPUS.exists():
        pytest.skip(f"the corpus of real mails is not beside this checkout: {CORPUS}")
    with running(extra="") as stage:
        refused: Counter[str] = Counter()
        taken = [octets for octets in map(as_a_program_sends_it, (f.read_bytes() for f in files(step))) if _both(stage, octets, refused)]
        stage.drained()
        process = stage.process
        assert process is not None
        assert process.poll() is None, "the daemon crashed"
        raws = Counter(octets for paths, octets in stage.sink.mail if FRIEND in paths)
        with capsys.disabled():
            status = stage.status()
            print(
                f"\nreal mail: {len(taken)} taken twice, refused {dict(refused)}, "
                f"company copies {len(stage.sink.to(WORK))}, private {len(stage.sink.to(HOME))}, {status}"
            )
        assert taken
        assert raws == Counter(set(taken)), "a contact's octets were changed, lost or doubled"
        assert all(re.search("|".join(NAMED.values()), reason) for reason in refused)
        for copy in stage.sink.to(WORK):
            message = message_from_bytes(copy)
            assert message.get_content_type() == "text/plain"
            assert re.fullmatch(r"<[0-9a-z]+\.[0-9a-f]{24}@coach\.example>", message["Message-ID"])
        assert len(stage.sink.to(HOME)) + status["held"] >= len(set(taken)) - len(stage.sink.to(WORK))
        assert '"audit": "fault"' not in stage.log.read_text()


def _both(stage: Stage, octets: bytes, refused: Counter[str]) -> bool:
    good = True
    for to in (WORK, FRIEND):
        try:
            stage.send(octets, to, login="machine")
        except smtplib.SMTPResponseException as refusal:
            refused[f"{refusal.smtp_code} {refusal.smtp_error.decode()}"] += 1
            good = False
    return good
