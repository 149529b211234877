"""The configuration: smallest, complete, and wrong in every way we could think of."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gateway.config import Config, Endpoint, is_loopback, load
from gateway.core.meeting import Meetings
from gateway.errors import ConfigurationError

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config.example.toml"
BAD = sorted(p for p in (ROOT / "tests/bad_configs").iterdir() if p.is_dir())
SMALLEST = """
state_dir = "/var/lib/coachgate"
[coach]
name = "Robin Vale"
addresses = ["coach@coach.example"]
time_zone = "Europe/Berlin"
[submission]
listen = ["127.0.0.1:2587"]
tls = "none"
[relay]
host = "smtp.example"
port = 587
tls = "starttls"
"""


def written(folder: Path, text: str, name: str = "config.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(written(folder, text))
    return caught.value.problems


# ---------------------------------------------------------------- what is right
def test_the_smallest_config_is_enough(tmp_path: Path) -> None:
    """The one shown in the documentation loads, and the rest are defaults."""
    config = load(written(tmp_path, SMALLEST))
    assert config.submission.listen == (Endpoint("127.0.0.1", 2587),)
    assert [str(m) for m in config.person.addresses] == ["coach@coach.example"]
    assert config.master_key_file == Path("/var/lib/coachgate/master.key")
    assert config.database_url == "sqlite:////var/lib/coachgate/coachgate.db"
    assert config.sealing.require_verified_keys is True


def test_the_coach_owns_the_platforms_that_are_named(tmp_path: Path) -> None:
    """All keys of [meetings], in lower case as they are compared."""
    meetings = '''
[meetings]
teams_tenants = ["7F3A1C52-0d64-4b8e-9a57-2c1be0d94f10"]
zoom_vanity = ["Vale"]
webex_sites = ["vale"]
rooms = ["Whereby.com/Vale"]
hosts = ["Cloud.coach.example"]
meeting_ids = ["Zoom:86451209377"]
'''
    assert load(written(tmp_path, SMALLEST)).person.meetings == Meetings()
    assert load(written(tmp_path, SMALLEST + meetings)).person.meetings == Meetings(
        ("7f3a1c52-0d64-4b8e-9a57-2c1be0d94f10",), ("vale",), ("vale",), ("whereby.com/vale",), ("cloud.coach.example",), ("zoom:86451209377",)
    )


def test_the_zone_of_the_machine_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coach who names no zone gets that of her machine."""
    monkeypatch.setenv("TZ", "America/Lima")
    assert load(written(tmp_path, SMALLEST.replace('time_zone = "Europe/Berlin"', ""))).coach.time_zone == "America/Lima"


def test_a_config_cannot_be_changed_after_loading(tmp_path: Path) -> None:
    """Frozen through and through: nobody turns a setting while mail flows."""
    config = load(written(tmp_path, SMALLEST))
    with pytest.raises(ValueError, match="frozen"):
        config.relay.tls = "none"  # type: ignore[misc]


def test_relative_paths_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the command is started from makes no difference."""
    written(tmp_path, "secret\n", "relay.password").chmod(0o600)
    monkeypatch.chdir("/")
    config = load(written(tmp_path, SMALLEST + 'auth = "password"\nusername = "robin"\npassword_file = "relay.password"\n'))
    assert config.relay.password_file == tmp_path / "relay.password"


def test_a_credential_of_systemd_is_found_and_its_mode_left_to_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LoadCredential= hands over files in a folder of its own."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    written(tmp_path, "secret\n", "relay").chmod(0o440)
    config = load(written(tmp_path, SMALLEST + 'auth = "password"\nusername = "robin"\npassword_file = "credential:relay"\n'))
    assert config.relay.password_file == tmp_path / "relay"


@pytest.mark.parametrize("name", ["../x", ".", "a/b", ""])
def test_a_credential_cannot_point_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The name of a credential is a name, no path."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert any("secrets.master_key_file" in p for p in problems(tmp_path, SMALLEST + f'[secrets]\nmaster_key_file = "credential:{name}"\n'))


def test_the_password_of_the_database_comes_from_its_file(tmp_path: Path) -> None:
    """It is in the URL for the driver, quoted, and in no other place."""
    written(tmp_path, "p@ss/word\n", "db.password").chmod(0o600)
    config = load(written(tmp_path, SMALLEST + '[store]\nurl = "postgresql://coachgate@db.example/coachgate"\npassword_file = "db.password"\n'))
    assert config.database_url == "postgresql://coachgate:p%40ss%2Fword@db.example/coachgate"
    assert "p@ss" not in repr(config)


@pytest.mark.parametrize(("host", "answer"), [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LocalHost", True), ("0.0.0.0", False), ("::", False),
                                              ("localhost.example", False), ("192.0.2.1", False),
                                              ("::ffff:192.0.2.1", False), ("2130706433", False)])  # fmt: skip
def test_loopback_is_what_no_name_server_can_move(host: str, answer: bool) -> None:
    """Only literals and "localhost" count."""
    assert is_loopback(host) is answer


# ---------------------------------------------------------------- the example is the manual
def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        below = next((a for a in (field.annotation, *get_args(field.annotation)) if isinstance(a, type) and issubclass(a, BaseModel)), None)
        if below:
            yield from leaves(below, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, (int, float)) else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def limits(field: FieldInfo) -> str:
    low, high = (next((getattr(m, a) for m in field.metadata if hasattr(m, a)), None) for a in ("ge", "le"))
    return f" {low} to {high}." if low is not None else ""


SPOKEN = {"state_dir", "coach.name", "coach.addresses", "submission.listen", "submission.tls", "relay.host"}  # not commented out


def example() -> str:
    """config.example.toml as the schema says it must be."""
    out = [
        "# coachgate: every setting there is. Lines that start with # show the default, or an example where there is none.",
        "# Relative paths count from the folder of this file. Secrets are files with mode 0600, or \"credential:NAME\" under systemd (LoadCredential=).",
        "",
    ]  # fmt: skip
    section = ""
    for key, field in leaves(Config):
        table, _, name = key.rpartition(".")
        if table != section:
            out += ["", f"# {(Config.model_fields[table].annotation.__doc__ or '').splitlines()[0].split('] ', 1)[-1]}", f"[{table}]"]  # type: ignore[union-attr]
            section = table
        default = field.default if field.default not in (PydanticUndefined, None, ()) else None
        value = field.examples[0] if field.examples and (default is None or key in SPOKEN) else default
        out += [f"# {field.description}{limits(field)}", f"{'' if key in SPOKEN else '# '}{name} = {toml(value)}"]
    return "\n".join(out) + "\n"


def test_the_example_is_the_schema() -> None:
    """Complete, with today's defaults, limits and words (UPDATE_GOLDEN=1 writes it anew)."""
    if os.environ.get("UPDATE_GOLDEN"):
        EXAMPLE.write_text(example())
    assert EXAMPLE.read_text() == example()


def test_every_field_explains_itself() -> None:
    """A setting without a sentence of help does not exist, and one without a default has an example."""
    silent = [key for key, field in leaves(Config) if len(field.description or "") < 5]
    bare = [key for key, field in leaves(Config) if field.default in (PydanticUndefined, None, ()) and not field.examples]
    assert (silent, bare) == ([], [])


def test_the_example_loads_as_it_stands(tmp_path: Path) -> None:
    """Copied without a change it is a valid configuration."""
    load(written(tmp_path, EXAMPLE.read_text()))


def test_the_example_with_every_line_spoken_is_valid_and_says_the_defaults(tmp_path: Path) -> None:
    """Taking all comment signs away changes nothing that has a default."""
    spoken = re.sub(r"(?m)^# (\w+ = )", r"\1", EXAMPLE.read_text())
    table = tomllib.loads(spoken)
    for key, field in leaves(Config):
        node: Any = table
        for step in key.split("."):
            assert step in node, f"{key} is not in the example"
            node = node[step]
        if field.annotation in (str, int, float, bool) and field.default not in (PydanticUndefined, None):
            assert node == field.default, key
    (tmp_path / "tls").mkdir()
    (tmp_path / "policies").mkdir()
    secrets = ("relay.password", "relay.token", "database.password", "mailbox.password", "mailbox.token")
    for name in ("tls/fullchain.pem", "tls/privkey.pem", "tls/smarthost-ca.pem", "tls/imap-ca.pem", *secrets):
        written(tmp_path, "x", name).chmod(0o600)
    whole, plain = (load(written(tmp_path, t)) for t in (spoken.replace('\nauth = "none"', '\nauth = "password"'), EXAMPLE.read_text()))
    assert (whole.master_key_file, whole.database_url) == (plain.master_key_file, "sqlite:////var/lib/coachgate/coachgate.db")
    for section in ("sealing", "reading", "notices", "log"):
        assert getattr(whole, section) == getattr(plain, section)


# ---------------------------------------------------------------- what is wrong
@pytest.mark.parametrize("folder", BAD, ids=lambda p: p.name)
def test_a_bad_config_says_everything_that_is_wrong(folder: Path, tmp_path: Path) -> None:
    """tests/bad_configs/NN-name/expected-error is the whole message; {folder} stands for the folder of the file."""
    for file in folder.iterdir():
        target = written(tmp_path, file.read_text(), file.name)
        target.chmod(0o644 if file.name.endswith(".open") else 0o600)
    got = "\n".join(problems(tmp_path, (folder / "config.toml").read_text())).replace(str(tmp_path), "{folder}") + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (folder / "expected-error").write_text(got)
    assert got == (folder / "expected-error").read_text()


def test_there_are_enough_bad_configs() -> None:
    """The folder was found at all."""
    assert len(BAD) >= 15


def test_a_missing_file_and_a_folder_are_problems_not_tracebacks(tmp_path: Path) -> None:
    """The path that was tried is named."""
    for path in (tmp_path / "nothing.toml", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            load(path)


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    """Latin-1 and binary files are named as such."""
    path = tmp_path / "config.toml"
    path.write_bytes(b'state_dir = "\xe9"')
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        load(path)


def test_a_value_that_may_be_a_password_is_never_repeated(tmp_path: Path) -> None:
    """Unknown keys and database URLs are named without their values."""
    said = "\n".join(problems(tmp_path, SMALLEST + 'password = "hunter2hunter2"\n[store]\nurl = "postgresql://u:hunter2hunter2@h/d"\n'))
    assert "relay.password" in said
    assert "store.url" in said
    assert "hunter2" not in said


def test_problems_hidden_behind_others_are_told_in_the_same_breath(tmp_path: Path) -> None:
    """A section with a bad field is still checked for what its good fields get wrong together."""
    said = problems(tmp_path, SMALLEST.replace("port = 587", "port = 70000").replace('tls = "starttls"', 'tls = "none"'))
    assert said == ("config.toml: relay.port: 70000 is above 65535", 'config.toml: relay.tls: "none" is allowed only on loopback, and smtp.example is not')
