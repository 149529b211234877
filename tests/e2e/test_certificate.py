"""A renewed certificate on a running daemon: SIGHUP, over real TLS, with a conversation in progress."""

from __future__ import annotations

import signal
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.stage import COACH, FRIEND, PASSWORD, PATIENCE, Stage, mail, running


def issue(folder: Path) -> ssl.SSLContext:
    """A new authority and a certificate of it in `folder`; what trusts this authority alone."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    (folder / "chain.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "key.pem").chmod(0o600)
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Stage, ssl.SSLContext]]:
    first = issue(tmp_path)
    with running(tls=f'tls = "starttls"\ncertificate = "{tmp_path}/chain.pem"\nkey = "{tmp_path}/key.pem"') as stage:
        yield stage, first


def log_in(stage: Stage, context: ssl.SSLContext) -> smtplib.SMTP:
    smtp = smtplib.SMTP("localhost", stage.port, timeout=PATIENCE)
    try:
        smtp.starttls(context=context)
        smtp.login("robin", PASSWORD)
    except Exception:
        smtp.close()
        raise
    return smtp


def hang_up(stage: Stage, word: str) -> None:
    """SIGHUP, and wait until the daemon's log says `word` once more."""
    before = stage.log.read_text().count(word)
    assert stage.process is not None
    stage.process.send_signal(signal.SIGHUP)
    stage.logged(word, before + 1)


def test_sighup_reads_the_certificate_again_and_drops_nobody(tls: tuple[Stage, ssl.SSLContext], tmp_path: Path) -> None:
    """The one in progress sends its mail, the next one meets the new certificate; a broken pair changes nothing and is in the log."""
    stage, first = tls
    raw = mail("Cards, please.\n", to=FRIEND)
    with log_in(stage, first) as before:
        assert before.mail(COACH)[0] == 250
        second = issue(tmp_path)
        hang_up(stage, "certificate reloaded")
        with pytest.raises(ssl.SSLCertVerificationError):
            log_in(stage, first)
        with log_in(stage, second) as after:
            assert after.noop()[0] == 250
        (tmp_path / "key.pem").write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
        hang_up(stage, "certificate not reloaded")
        with log_in(stage, second) as after:
            after.sendmail(COACH, [FRIEND], raw)
        assert before.rcpt(FRIEND)[0] == 250
        assert before.data(raw.replace(b"Cards", b"Cards again"))[0] == 250
    assert len(stage.sink.wait_for(FRIEND, 2)) == 2
    assert stage.end() == 0
