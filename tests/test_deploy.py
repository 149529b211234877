"""What an operator installs: the unit is valid and tight, commands run with the credentials of the service, the trial's parts are there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.config import load

DEPLOY = Path(__file__).parents[1] / "deploy"
UNIT = DEPLOY / "coachgate.service"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which(words[0]):
        pytest.skip(f"{words[0]} is not on this machine")
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture
def unit(tmp_path: Path) -> str:
    """The unit with a program that exists here in place of the installed one."""
    path = tmp_path / "coachgate.service"
    path.write_text(UNIT.read_text().replace("/opt/coachgate/venv/bin/coachgate", "/bin/true"))
    return str(path)


def test_systemd_takes_the_unit_without_a_word(unit: str) -> None:
    """An unknown key would be ignored at run time, and its protection with it."""
    done = run("systemd-analyze", "verify", unit)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_sandbox_is_tight(unit: str) -> None:
    """systemd's own score, where 10 is no protection at all; the network is what remains."""
    done = run("systemd-analyze", "security", "--offline=true", unit)
    score = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert score
    assert float(score[1]) < 2.0


def test_commands_get_the_credentials_of_the_service() -> None:
    """A credential the service has and the command lacks would make every command fail on a bad configuration."""
    own = set(re.findall(r"(?m)^LoadCredential=(\S+)", UNIT.read_text()))
    assert own
    assert own == set(re.findall(r"--property=LoadCredential=(\S+)", (DEPLOY / "coachgate-admin").read_text()))


def test_unit_and_command_read_the_same_configuration() -> None:
    """One file for both."""
    named = [set(re.findall(r'--config[", ]+([\w./]+)', (DEPLOY / f).read_text())) for f in ("coachgate.service", "coachgate-admin", "Containerfile")]
    assert named == [{"/etc/coachgate/coachgate.toml"}] * 3


@pytest.mark.parametrize("script", ["coachgate-admin", "trial/setup.sh"])
def test_scripts_are_sound_shell(script: str) -> None:
    """The shell reads them to the end."""
    done = run("sh", "-n", str(DEPLOY / script))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_trial_configuration_is_valid(tmp_path: Path) -> None:
    """Nothing is wrong with it but the two files that its setup makes."""
    (tmp_path / "tls").mkdir()
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / "tls" / name).write_text("made by the setup")
        (tmp_path / "tls" / name).chmod(0o600)
    shutil.copy(DEPLOY / "trial/config.toml", tmp_path / "config.toml")
    assert load(tmp_path / "config.toml").relay.port == 2525


def test_files_of_the_trial_exist() -> None:
    """Every file that the container descriptions name."""
    for container in DEPLOY.glob("trial/*.Containerfile"):
        for source in re.findall(r"(?m)^COPY (\S+) ", container.read_text()):
            assert (container.parent / source).exists(), (container.name, source)
    for name in re.findall(r"dockerfile: (\S+?)[},]", (DEPLOY / "compose.yaml").read_text()):
        assert (DEPLOY.parent / name).exists() or (DEPLOY / "trial" / name).exists(), name


def test_dovecot_takes_the_trial_configuration() -> None:
    """Its own reader finds no fault."""
    done = run("doveconf", "-n", "-c", str(DEPLOY / "trial/dovecot.conf"))
    assert done.returncode == 0, done.stderr
