"""The daemon while gpg is hung, fails, lies, or is gone: 451 and nothing anywhere; what needs no sealing goes; mended, the same mail passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stage import FRIEND, HOME, KEYLESS, KEYLESS_HOME, WORK, mail
from tests.faults.load import CANARY
from tests.faults.trouble import TroubledStage, troubled

WELL = ("well", "well")
FAULTS = {
    "hung": ("hung", "well"),
    "failing": ("failing", "well"),
    "answering with the plaintext": ("echoing", "well"),
    "cut off in its answer": ("cut", "well"),
    "hung in everything": ("hung", "hung"),
    "failing in everything": ("failing", "failing"),
}


@pytest.fixture(scope="module")
def stage() -> Iterator[TroubledStage]:
    with troubled() as built:
        yield built


@pytest.fixture(autouse=True)
def _mended(stage: TroubledStage) -> Iterator[None]:
    stage.drained()
    stage.sink.mail.clear()
    yield
    stage.gpg_is(*WELL)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mail_to_seal_stays_with_the_mail_program(stage: TroubledStage, fault: str):
    """451, no copy to anybody (the other recipient's needs no gpg), nothing in clear; mended, the same mail gets its 250 and both copies arrive."""
    raw = mail(f"Dana, {CANARY}. {fault}\n", subject="What we said")
    stage.gpg_is(*FAULTS[fault])
    before = stage.mail_copies(), stage.held(), stage.events(500).count("deferred-sealer")
    code, seconds = stage.answer(raw, [WORK, FRIEND])
    print(f"MEASURED gpg {fault}: {code} after {seconds:.1f} s")
    assert code == 451
    assert seconds < 30
    assert (stage.mail_copies(), stage.held(), stage.events(500).count("deferred-sealer") - 1) == before
    assert stage.sink.to(FRIEND) == stage.sink.to(HOME) == stage.sink.to(WORK) == []
    assert stage.in_clear(CANARY, []) == []

    stage.gpg_is(*WELL)
    stage.send(raw, [WORK, FRIEND])
    (private,) = stage.sink.wait_for(HOME)
    (friends,) = stage.sink.wait_for(FRIEND)
    assert raw.strip() in stage.decrypt(private)
    assert friends == raw
    assert stage.sink.to(WORK) == []
    assert stage.in_clear(CANARY, [octets for paths, octets in stage.sink.mail if FRIEND not in paths]) == []


def test_an_appointment_does_not_wait_for_gpg(stage: TroubledStage):
    """What needs no sealing goes while gpg hangs: a client must not miss a session for it."""
    stage.gpg_is("hung")
    code, seconds = stage.answer(mail("Hi Dana,\n\nThursday 14:00 to 15:00 works.\n\nRobin\n", subject="Thursday 14:00 to 15:00"), WORK)
    print(f"MEASURED appointment while gpg hangs: {code} after {seconds:.1f} s")
    assert code == 250
    assert b"Thursday 14:00 to 15:00" in stage.sink.wait_for(WORK)[0]
    assert stage.sink.to(HOME) == []


def test_a_key_that_gpg_does_not_get_to_examine(stage: TroubledStage):
    """A key just imported, and gpg hangs when the daemon wants to look at it: 451, neither a hold for a key that is there nor a mail unsealed."""
    key = stage.make_key(KEYLESS_HOME)
    file = stage.folder / "milo.toml"
    file.write_text(
        f'[[client]]\nname = "Milo Brandt"\nwork = ["{KEYLESS}"]\nwork_domains = ["beta.example"]\npersonal = "{KEYLESS_HOME}"\n'
        f'key_file = "{key}"\nkey_verified = true\n'
    )
    stage.command("client", "import", str(file))
    raw, before = mail(f"Milo, {CANARY}.\n", to=KEYLESS), stage.mail_copies()
    stage.gpg_is("well", otherwise="hung")
    code, seconds = stage.answer(raw, KEYLESS)
    print(f"MEASURED gpg hung over a new key: {code} after {seconds:.1f} s")
    assert code == 451
    assert (stage.mail_copies(), stage.held()) == (before, [])
    stage.gpg_is(*WELL)
    stage.send(raw, KEYLESS)
    assert raw.strip() in stage.decrypt(stage.sink.wait_for(KEYLESS_HOME)[0])


def test_gpg_that_is_gone(stage: TroubledStage):
    """The program was uninstalled under the running daemon: 451; back again, the mail goes."""
    raw, wrapper = mail(f"Dana, {CANARY}. Gone.\n"), stage.folder / "gpg"
    wrapper.rename(stage.folder / "gpg.away")
    try:
        code, seconds = stage.answer(raw, WORK)
    finally:
        (stage.folder / "gpg.away").rename(wrapper)
    print(f"MEASURED gpg gone: {code} after {seconds:.1f} s")
    assert code == 451
    stage.send(raw, WORK)
    assert raw.strip() in stage.decrypt(stage.sink.wait_for(HOME)[0])
