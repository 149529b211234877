"""Mail that people and programs really wrote, good and broken: none may stop the reading, and the process reads as the function does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gateway.core.analyse import analyse
from gateway.core.classify import Evidence
from gateway.core.model import Kind, RecogniserContext
from gateway.core.pack import Packs
from gateway.core.parse import Defect
from gateway.edges.reader import WorkerReader

MAIL = Path(__file__).parents[2] / "../shared/corpus/mail"
pytestmark = pytest.mark.skipif(not MAIL.is_dir(), reason="the corpus of real mail lies beside the repository, and is absent")
CONTEXTS = (RecogniserContext(),)


def mails() -> list[Path]:
    return sorted(file for file in MAIL.rglob("*") if file.is_file())


def test_every_mail_is_analysed_and_nothing_but_closed_words_is_said() -> None:
    """No exception, no quotation in a finding, and the kinds of trouble the corpus is known for are seen."""
    closed = {*map(str, Evidence), *map(str, Defect)}
    said: Counter[str] = Counter()
    for file in mails():
        for raw in (file.read_bytes(), file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
            analysis = analyse(raw, CONTEXTS, Packs(()))
            assert analysis.part_count or Defect.BROKEN_MULTIPART in analysis.defects, file
            said.update(str(finding.evidence) for finding in analysis.findings)
    assert said.keys() <= closed
    known = (Evidence.ATTACHMENT, Evidence.HIDDEN_TEXT, Evidence.ALTERNATIVES_DIFFER, Evidence.TNEF, Defect.BROKEN_MULTIPART)
    assert {str(word) for word in known} <= said.keys()


@pytest.mark.slow
async def test_the_reading_process_reads_every_mail_as_the_function_does() -> None:
    """Without a descriptor left, the process must not miss a codec or a module that the function would load."""
    reader = WorkerReader({})
    await reader.start()
    try:
        for file in mails():
            raw = file.read_bytes()
            assert await reader.read(raw, CONTEXTS) == analyse(raw, CONTEXTS, Packs(())), file
    finally:
        await reader.stop()


def test_a_mail_with_a_file_is_never_all_scheduling() -> None:
    """Every mail of the corpus that names a file in a disposition has a finding that keeps it from a company."""
    for file in mails():
        raw = file.read_bytes()
        if b"\nContent-Disposition: attachment" in raw:
            kinds = {finding.kind for finding in analyse(raw, CONTEXTS, Packs(())).findings}
            assert kinds & {Kind.ATTACHMENT, Kind.OPAQUE, Kind.NOTES}, file  # a named calendar file is judged as an object, its name as notes
