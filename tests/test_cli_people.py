"""The command line for logins, clients, contacts, and the doctor: real store, real GnuPG, real client files."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import Result
from typer.testing import CliRunner

from gateway import app as application
from gateway.cli.context import TENANT, complain
from gateway.cli.main import cli
from gateway.config import load
from gateway.edges.store import User
from gateway.errors import ConfigurationError

PASSWORD = "a long enough password"
CONFIG = """
state_dir = "{folder}/s"
[coach]
name = "Robin Vale"
addresses = ["coach@coach.example", "robin@coach.example"]
time_zone = "Europe/Berlin"
[submission]
listen = ["127.0.0.1:2587"]
tls = "none"
[relay]
host = "127.0.0.1"
port = {port}
tls = "none"
"""
DANA = """
[[client]]
name = "Dana Whitfield"
work = ["dana@acme.example"]
work_domains = ["acme.example"]
personal = "dana@home.example"
key_file = "good.asc"
key_verified = true
sponsors = ["ruth@acme.example"]
meetings = { teams_tenants = ["c0ffee11-aca1-4e3e-8b1f-0acade000001"], zoom_vanity = ["acme"] }
consents = ["share-with-sponsor"]
"""


# ---------------------------------------------------------------- keys and a house
@pytest.fixture(scope="module")
def keys() -> Iterator[dict[str, bytes]]:
    """Public keys of dana@home.example in every state that matters here, and one of somebody else."""
    home = Path(tempfile.mkdtemp(prefix="cg-k"))
    base = ["gpg", "--homedir", str(home), "--batch", "--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]

    def gpg(*words: str) -> bytes:
        return subprocess.run([*base, *words], capture_output=True, check=True).stdout

    def fingerprints() -> set[str]:
        rows = [line.split(":") for line in gpg("--with-colons", "--list-keys").decode().splitlines()]
        return {rows[n + 1][9] for n, row in enumerate(rows) if row[0] == "pub"}

    made = {}
    in_2024 = ("--faked-system-time", "20240101T000000")
    for name, who, life, when, encrypts in (
        ("good", "<dana@home.example>", "never", (), True),
        ("other", "<eve@home.example>", "never", (), True),
        ("soon", "<dana@home.example>", "10d", (), True),
        ("expired", "<dana@home.example>", "30d", in_2024, True),
        ("signs", "<dana@home.example>", "never", (), False),
    ):
        before = fingerprints()
        gpg(*when, "--quick-gen-key", who, "ed25519", "sign,cert", life)
        (fingerprint,) = fingerprints() - before
        if encrypts:
            gpg(*when, "--quick-add-key", fingerprint, "cv25519", "encr", life)
        made[name] = gpg("--armor", "--export", fingerprint)
    yield made
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
    shutil.rmtree(home, ignore_errors=True)


@dataclass
class Installation:
    """A folder after `coachgate init`, with the key files beside the configuration."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def run(self, *words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.config), *words], input=stdin)

    def said(self, *words: str, stdin: str = "") -> str:
        result = self.run(*words, stdin=stdin)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def parsed(self, *words: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.said(*words, "--json"))
        return found

    def problems(self, *words: str, stdin: str = "") -> tuple[str, ...]:
        result = self.run(*words, stdin=stdin)
        assert isinstance(result.exception, ConfigurationError), (result.output, result.exception)
        return result.exception.problems

    def clients(self, text: str, *more: str) -> str:
        (self.folder / "clients.toml").write_text(text)
        return self.said("client", "import", str(self.folder / "clients.toml"), *more)

    def bad_clients(self, text: str) -> tuple[str, ...]:
        (self.folder / "clients.toml").write_text(text)
        return self.problems("client", "import", str(self.folder / "clients.toml"))

    def users(self) -> list[User]:
        async def ask() -> list[User]:
            async with application.open_store(load(self.config)) as store:
                return list(await store.users(TENANT))

        return asyncio.run(ask())

    def events(self) -> list[str]:
        async def ask() -> list[str]:
            async with application.open_store(load(self.config)) as store:
                return [entry.row.event for entry in await store.events(TENANT)]

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def template(keys: dict[str, bytes]) -> Iterator[Path]:
    """Made once; each test works on a copy. The path is short, because the agent's socket must fit."""
    folder = Path(tempfile.mkdtemp(prefix="cg-t"))
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, port=9))
    asyncio.run(application.initialise(load(folder / "config.toml")))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def house(template: Path, keys: dict[str, bytes]) -> Iterator[Installation]:
    """A fresh installation."""
    folder = Path(tempfile.mkdtemp(prefix="cg-h"))
    shutil.copytree(template / "s", folder / "s", ignore=shutil.ignore_patterns("S.*"))
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, port=9))
    for name, key in keys.items():
        (folder / f"{name}.asc").write_bytes(key)
    yield Installation(folder)
    shutil.rmtree(folder)


# ---------------------------------------------------------------- logins
def test_a_login_is_kept_as_a_hash_and_writes_as_the_coach(house: Installation) -> None:
    """The password verifies, lies nowhere readable, and the default addresses are the coach's."""
    house.said("user", "add", "robin", "--role", "coach", "--password-stdin", stdin=PASSWORD + "\n")
    (user,) = house.users()
    assert (user.login, user.role, [str(m) for m in user.mailboxes]) == ("robin", "coach", ["coach@coach.example", "robin@coach.example"])
    assert user.password_hash.startswith("$argon2id$")
    assert PasswordHasher().verify(user.password_hash, PASSWORD)
    for file in (house.folder / "s").rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


def test_a_password_is_taken_as_it_is(house: Installation) -> None:
    """Spaces, colons and letters outside ASCII belong to it; only the line end does not."""
    strange = "  Ünïcode: pass word  "
    house.said("user", "add", "robin", "--role", "coach", "--password-stdin", stdin=strange + "\r\n")
    assert PasswordHasher().verify(house.users()[0].password_hash, strange)


def test_adding_a_login_again_changes_its_password(house: Installation) -> None:
    """No second row, no way back to the old password."""
    for password in (PASSWORD, "another long password"):
        house.said("user", "add", "robin", "--role", "coach", "--password-stdin", stdin=password + "\n")
    (user,) = house.users()
    assert PasswordHasher().verify(user.password_hash, "another long password")


def test_the_password_can_be_typed_twice_instead(house: Installation) -> None:
    """Without --password-stdin it is asked for, and asked again."""
    house.said("user", "add", "robin", "--role", "coach", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert PasswordHasher().verify(house.users()[0].password_hash, PASSWORD)


def test_an_assistant_may_write_as_named_addresses_only(house: Installation) -> None:
    """--from repeats; what it names is all she may write as."""
    own = ("--from", "vera@coach.example", "--from", "office@coach.example")
    house.said("user", "add", "vera", "--role", "assistant", "--password-stdin", *own, stdin=PASSWORD + "\n")
    assert house.parsed("user", "list") == [{"login": "vera", "role": "assistant", "from": ["vera@coach.example", "office@coach.example"]}]


def test_an_auditor_sends_nothing(house: Installation) -> None:
    """She has no address, and none can be given to her."""
    house.said("user", "add", "ada", "--role", "auditor", "--password-stdin", stdin=PASSWORD + "\n")
    assert house.parsed("user", "list") == [{"login": "ada", "role": "auditor", "from": []}]
    assert house.problems("user", "add", "ada", "--role", "auditor", "--password-stdin", "--from", "a@b.example", stdin=PASSWORD + "\n")


def test_an_empty_password_a_bad_address_and_a_strange_login_are_refused(house: Installation) -> None:
    """Nothing is stored in any of these cases."""
    add = ("user", "add", "robin", "--role", "coach", "--password-stdin")
    assert house.problems(*add, stdin="\n") == ("the password is empty",)
    assert len(house.problems(*add, "--from", "nobody", "--from", "a b@c", stdin=PASSWORD + "\n")) == 2
    assert house.problems("user", "add", "ro\nbin", "--role", "coach", "--password-stdin", stdin=PASSWORD + "\n")
    assert house.run("user", "add", "robin", "--role", "boss", "--password-stdin", stdin=PASSWORD + "\n").exit_code == 2
    assert house.users() == []


def test_a_removed_login_is_gone(house: Installation) -> None:
    """Removing twice says that there is none."""
    house.said("user", "add", "robin", "--role", "coach", "--password-stdin", stdin=PASSWORD + "\n")
    assert "robin" in house.said("user", "list")
    house.said("user", "remove", "robin")
    assert house.users() == []
    assert house.problems("user", "remove", "robin") == ("there is no login 'robin'",)
    assert house.events()[-2:] == ["user-changed", "user-removed"]


# ---------------------------------------------------------------- clients
def test_a_client_is_imported_with_her_key_and_shown(house: Installation) -> None:
    """Every field of the file arrives; the key is usable."""
    assert "1 client: 1 new, 0 renewed, 1 with a usable key." in house.clients(DANA)
    shown = json.loads(house.said("client", "show", "dana@ACME.example", "--json"))
    assert shown["id"] == "c-0001"
    assert len(shown["fingerprint"]) == 40
    assert shown | {"fingerprint": ""} == {
        "id": "c-0001", "name": "Dana Whitfield", "work": ["dana@acme.example"], "work_domains": ["acme.example"], "personal": "dana@home.example",
        "fingerprint": "", "key_verified": True, "sponsors": ["ruth@acme.example"], "consents": ["share-with-sponsor"], "key": "usable", "expires": None,
        "meetings": {"teams_tenants": ["c0ffee11-aca1-4e3e-8b1f-0acade000001"], "zoom_vanity": ["acme"]},
    }  # fmt: skip
    assert house.parsed("client", "list")[0]["id"] == "c-0001"
    assert "Dana Whitfield" in house.said("client", "list")


def test_a_client_file_says_what_her_company_owns_with_the_keys_of_the_configuration(house: Installation) -> None:
    """All six; what is wrong with one is said."""
    owned = 'meetings = { webex_sites = ["Acme"], rooms = ["whereby.com/acme"], hosts = ["meet.acme.example"], meeting_ids = ["zoom:97733204118"] }'
    old = next(line for line in DANA.splitlines() if line.startswith("meetings"))
    house.clients(DANA.replace(old, owned))
    assert json.loads(house.said("client", "show", "c-0001", "--json"))["meetings"] == {
        "webex_sites": ["acme"], "rooms": ["whereby.com/acme"], "hosts": ["meet.acme.example"], "meeting_ids": ["zoom:97733204118"],
    }  # fmt: skip
    assert any("client[0].meetings.rooms[0]" in said for said in house.bad_clients(DANA.replace(old, 'meetings = { rooms = ["https://whereby.com"] }')))


def test_importing_again_renews_the_same_client(house: Installation) -> None:
    """The work address says who she is, in whatever case it is written; her id stays."""
    house.clients(DANA)
    assert "0 new, 1 renewed" in house.clients(DANA.replace("dana@acme", "Dana@Acme").replace("Dana Whitfield", "Dana W. Hale"))
    assert [(c["id"], c["name"]) for c in house.parsed("client", "list")] == [("c-0001", "Dana W. Hale")]


def test_another_key_for_a_known_client_is_said_aloud(house: Installation) -> None:
    """Taking over somebody's identity starts with a new key, so a change is never silent."""
    house.clients(DANA)
    assert "ANOTHER ONE" in house.clients(DANA.replace("good.asc", "soon.asc"))
    assert "ANOTHER ONE" not in house.clients(DANA.replace("good.asc", "soon.asc"))


@pytest.mark.parametrize(
    ("file", "reason"),
    [("expired", "key-expired"), ("signs", "key-not-for-encryption"), ("other", "key-other-address"), ("nonsense", "key-missing"), ("two", "key-ambiguous")],
)
def test_a_client_with_an_unusable_key_is_stored_and_the_reason_said(house: Installation, keys: dict[str, bytes], file: str, reason: str) -> None:
    """Her appointments must pass from the first day; only her notes wait."""
    (house.folder / "nonsense.asc").write_text("this is no key")
    (house.folder / "two.asc").write_bytes(keys["good"] + keys["other"])
    (house.folder / "clients.toml").write_text(DANA.replace("good.asc", f"{file}.asc"))
    (row,) = house.parsed("client", "import", str(house.folder / "clients.toml"))
    assert row["key"] == reason
    assert json.loads(house.said("client", "show", "c-0001", "--json"))["key"] in (reason, "key-missing")
    assert "notes will wait" in house.clients(DANA.replace("good.asc", f"{file}.asc"))


def test_a_key_that_was_not_compared_is_said_to_wait(house: Installation) -> None:
    """With the default settings an uncompared fingerprint seals nothing; the line shows it in full."""
    said = house.clients(DANA.replace("key_verified = true\n", ""))
    fingerprint = str(house.parsed("client", "list")[0]["fingerprint"])
    assert "notes will wait" in said
    assert fingerprint in said


def test_a_client_file_with_faults_stores_nothing_and_names_them_all(house: Installation) -> None:
    """One round for the coach, not one per fault."""
    second = '''
[[client]]
name = ""
work = ["ed@acme.example", "nobody"]
work_domain = ["acme.example"]
personal = "ed@eu.acme.example"
key_file = "nowhere.asc"
consents = ["everything"]
meetings = { zoom_vanity = ["acme.zoom.us"] }
'''
    found = house.bad_clients(DANA + second)
    for key in ("name", "work[1]", "work_domain:", "key_file", "consents[0]", "meetings.zoom_vanity[0]"):
        assert any(p.startswith(f"clients.toml: client[1].{key}") for p in found), (key, found)
    assert house.parsed("client", "list") == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('"dana@home.example"', '"dana@eu.acme.example"'), "client[0].personal: dana@eu.acme.example lies in the company's domain acme.example"),
        (('personal = "dana@home.example"', 'personal = "ruth@acme.example"'), "client[0].personal: ruth@acme.example"),
        (('personal = "dana@home.example"\n', ""), "client[0].key_file: a key is of no use"),
        (('key_file = "good.asc"\n', ""), "client[0].key_verified: there is no key_file"),
        (('"dana@acme.example"', '"coach@coach.example"'), "client[0].work: coach@coach.example is the coach's own address"),
        (('work = ["dana@acme.example"]', "work = []"), None),
        (("[[client]]", "[client]"), "client: must be a list"),
    ],
)
def test_what_contradicts_itself_is_refused(house: Installation, change: tuple[str, str], fault: str | None) -> None:
    """A personal address at the company is no personal address, and so on; a client without a work address is fine."""
    text = DANA.replace(*change)
    if fault is None:
        house.clients(text)
        return
    assert any(p.startswith(f"clients.toml: {fault}") for p in house.bad_clients(text)), house.bad_clients(text)


def test_one_address_belongs_to_one_client(house: Installation) -> None:
    """Within the file, and against those already known."""
    ed = DANA.replace("Dana Whitfield", "Ed Moss").replace("dana@home", "ed@home").replace("good.asc", "other.asc")
    assert house.bad_clients(DANA + ed) == ("clients.toml: client[1].work: dana@acme.example is client[0]'s too",)
    house.clients(DANA + ed.replace("dana@acme", "ed@acme"))
    both = DANA.replace('["dana@acme.example"]', '["dana@acme.example", "ed@acme.example"]')
    assert house.bad_clients(both) == ("clients.toml: client[0]: its addresses belong to c-0001 and c-0002, who are two clients",)


def test_a_removed_client_is_gone_after_a_question(house: Installation) -> None:
    """No is no; her id is not given to the next one."""
    house.clients(DANA)
    assert house.run("client", "remove", "c-0001", stdin="n\n").exit_code == 1
    assert len(house.parsed("client", "list")) == 1
    house.said("client", "remove", "dana@acme.example", "--yes")
    assert house.parsed("client", "list") == []
    assert house.problems("client", "show", "c-0001") == ("there is no client 'c-0001'",)


def test_a_work_domain_shared_by_two_clients_is_fine(house: Installation) -> None:
    """Two people of one company are coached at the same time."""
    ed = DANA.replace("Dana Whitfield", "Ed Moss").replace("dana@", "ed@").replace("good.asc", "other.asc")
    assert "2 clients: 2 new" in house.clients(DANA + ed)


def test_three_hundred_clients_take_seconds(house: Installation) -> None:
    """A whole practice moves in at once; a generous bound, because a minute or more would mean a store transaction and gpg in turn for each."""
    many = "".join(DANA.replace("dana@acme", f"d{n}@acme").replace("dana@home", f"d{n}@home") for n in range(312))
    start = time.monotonic()
    assert "312 clients: 312 new" in house.clients(many)
    print(f"312 clients in {time.monotonic() - start:.1f} s")
    assert time.monotonic() - start < 60
    assert len({c["id"] for c in house.parsed("client", "list")}) == 312


# ---------------------------------------------------------------- contacts
def test_contacts_are_remembered_and_forgotten(house: Installation) -> None:
    """A whole domain may be no client; support is a person."""
    house.said("contact", "add", "@TAX.example", "--not-a-client")
    house.said("contact", "add", "vera@office.example", "--support")
    assert house.parsed("contact", "list") == [{"who": "@tax.example", "role": "not-a-client"}, {"who": "vera@office.example", "role": "support"}]
    house.said("contact", "remove", "@tax.example")
    assert house.problems("contact", "remove", "@tax.example") == ("@tax.example is not among the contacts",)
    assert "vera@office.example" in house.said("contact", "list")


@pytest.mark.parametrize(
    "who",
    ["dana@acme.example", "ruth@acme.example", "boss@eu.acme.example", "dana@home.example", "@acme.example", "@eu.acme.example", "@home.example", "@example"],
)
def test_nobody_near_a_client_can_be_marked(house: Installation, who: str) -> None:
    """The mark would send her notes to her company, or in clear to herself."""
    house.clients(DANA)
    (problem,) = house.problems("contact", "add", who, "--not-a-client")
    assert "c-0001" in problem or "neither an address" in problem


@pytest.mark.parametrize(
    "words",
    [
        ("x@y.example",),
        ("x@y.example", "--support", "--not-a-client"),
        ("@y.example", "--support"),
        ("@gmail.com", "--not-a-client"),
        ("no address", "--support"),
        ("@", "--not-a-client"),
    ],
)
def test_a_mark_that_is_unclear_or_too_wide_is_refused(house: Installation, words: tuple[str, ...]) -> None:
    """Anybody may have a mailbox at a free provider, a client too."""
    house.problems("contact", "add", *words)
    assert house.parsed("contact", "list") == []


# ---------------------------------------------------------------- doctor
@pytest.fixture
def smarthost() -> Iterator[int]:
    """A program that answers like a mail server, and knows four words."""
    program = (
        "import socketserver\n"
        "class H(socketserver.StreamRequestHandler):\n"
        "    def handle(self):\n"
        "        self.wfile.write(b'220 sink\\r\\n')\n"
        "        for line in self.rfile:\n"
        "            self.wfile.write(b'221 bye\\r\\n' if line.upper().startswith(b'QUIT') else b'250 ok\\r\\n')\n"
        "            if line.upper().startswith(b'QUIT'): return\n"
        "with socketserver.ThreadingTCPServer(('127.0.0.1', 0), H) as s:\n"
        "    print(s.server_address[1], flush=True); s.serve_forever()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.terminate()


def lines(house: Installation) -> tuple[int, dict[str, list[dict[str, str]]]]:
    result = house.run("doctor", "--json")
    found: dict[str, list[dict[str, str]]] = {}
    for line in json.loads(result.output):
        found.setdefault(line["what"], []).append(line)
    return result.exit_code, found


def test_a_healthy_installation_has_no_failing_line(house: Installation, smarthost: int) -> None:
    """Everything is looked at, and the exit code is 0."""
    house.config.write_text(CONFIG.format(folder=house.folder, port=smarthost))
    house.clients(DANA)
    code, found = lines(house)
    assert {"python", "configuration", "permissions", "clock", "disk", "gpg", "coach's key", "policies", "smarthost", "database"} <= found.keys()
    assert [ln for group in found.values() for ln in group if ln["level"] == "fail"] == []
    assert code == 0
    assert "smarthost" in house.said("doctor")


def test_a_smarthost_out_of_reach_fails_with_advice(house: Installation) -> None:
    """The line says what to look at, and the exit code is 1."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        house.config.write_text(CONFIG.format(folder=house.folder, port=nobody.getsockname()[1]))
        code, found = lines(house)
    assert (code, found["smarthost"][0]["level"]) == (1, "fail")
    assert "connect" in found["smarthost"][0]["found"]
    assert "port" in found["smarthost"][0]["todo"]


def test_a_smarthost_without_tls_is_named(house: Installation, smarthost: int) -> None:
    """STARTTLS that is not offered is a fault of the smarthost, not a reason to go on in clear."""
    house.config.write_text(CONFIG.format(folder=house.folder, port=smarthost).replace('tls = "none"', 'tls = "starttls"').replace('"starttls"', '"none"', 1))
    assert "no-starttls" in lines(house)[1]["smarthost"][0]["found"]


def test_open_files_are_found(house: Installation) -> None:
    """A key others may read fails; so does a folder."""
    (house.folder / "s" / "audit.key").chmod(0o644)
    (house.folder / "s").chmod(0o755)
    code, found = lines(house)
    assert code == 1
    assert {ln["todo"].split()[0] + ln["todo"].split()[1] for ln in found["permissions"]} == {"chmod600", "chmod700"}


def test_keys_that_end_soon_or_do_not_work_are_warned_of(house: Installation) -> None:
    """Thirty days ahead, while the client can still extend it."""
    ed = DANA.replace("Dana Whitfield", "Ed Moss").replace("dana@", "ed@")
    house.clients(DANA.replace("good.asc", "soon.asc") + ed)
    found = lines(house)[1]
    assert found["client c-0001"][0]["level"] == "warn"
    assert "expires on" in found["client c-0001"][0]["found"]
    assert "another address" in found["client c-0002"][0]["found"]


def test_a_clock_that_went_back_fails(house: Installation) -> None:
    """Files from the future mean that keys and retries would be judged wrongly."""
    future = time.time() + 86400
    (database,) = (house.folder / "s").glob("*.db")
    os.utime(database, (future, future))
    assert lines(house)[1]["clock"][0]["level"] == "fail"


def test_python_without_assertions_fails(house: Installation) -> None:
    """A library guards against header injection with an assertion."""
    words = [sys.executable, "-O", "-m", "gateway.cli.main", "--config", str(house.config), "doctor", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 1, done.stderr
    first = json.loads(done.stdout)[0]
    assert (first["level"], first["what"]) == ("fail", "python")
    assert "-O" in first["todo"]


def test_a_bad_configuration_is_all_the_doctor_says(house: Installation) -> None:
    """Each problem is a line of its own."""
    house.config.write_text(CONFIG.format(folder=house.folder, port=70000) + 'auth = "ssl"\n')
    code, found = lines(house)
    assert code == 1
    assert len(found["configuration"]) == 2


def test_an_installation_before_init_is_told_to_run_it(tmp_path: Path) -> None:
    """No traceback, and the state folder is not made by looking."""
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path, port=9))
    code, found = lines(Installation(tmp_path))
    assert code == 1
    assert found["state folder"][0]["todo"] == "coachgate init"
    assert not (tmp_path / "s").exists()


# ---------------------------------------------------------------- manners
def test_problems_go_to_standard_error_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs that read standard output never meet them."""
    complain(ConfigurationError(("config.toml: a: is missing", "config.toml: b: is missing")))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "coachgate: config.toml: a: is missing\ncoachgate: config.toml: b: is missing\n")
