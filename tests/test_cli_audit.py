"""The command line of the audit log, over a real store in a real state folder."""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway.cli import audit
from gateway.core.model import AuditEvent
from gateway.edges.store import Notary, Store, migrate, sqlite_url
from gateway.edges.vault import Vault
from gateway.errors import ConfigurationError
from gateway.ports import Delivery
from gateway.ports import Result as Answer
from tests.contracts.store_cases import ANNA, COACH, NOON, TENANT, custody, held, outgoing
from tests.fakes.clock import FixedClock


@dataclass
class House:
    """A state folder with a log in it; stands for the object that the program's callback makes."""

    state_dir: Path

    @property
    def config(self) -> House:
        return self

    @asynccontextmanager
    async def open_store(self) -> Any:
        store = Store(sqlite_url(self.state_dir / "coachgate.db"), Vault.load(self.state_dir / "master.key"), FixedClock(NOON))
        try:
            yield store
        finally:
            store.close()

    def run(self, *words: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(audit.app, list(words), obj=self)
        assert (result.exit_code != 0) is fails, (result.output, result.exception)
        return result

    def tamper(self, statement: str) -> None:
        connection = sqlite3.connect(self.state_dir / "coachgate.db")
        with connection:
            connection.execute(statement)
        connection.close()


@pytest.fixture
def house(tmp_path: Path) -> House:
    Vault.create(tmp_path / "master.key")
    Notary.create(tmp_path / "audit.key")
    migrate(sqlite_url(tmp_path / "coachgate.db"))
    house = House(tmp_path)

    async def fill() -> None:
        async with house.open_store() as store:
            await store.put_coach(TENANT, COACH)
            await store.put_client(TENANT, ANNA)
            await store.commit(custody("s1", outgoing("a"), waits=(held("h"),)))

    asyncio.run(fill())
    return house


def test_list_and_show_say_what_happened_without_an_address(house: House) -> None:
    table, rows = house.run("list").output, json.loads(house.run("list", "--json").output)
    assert [row["event"] for row in rows] == ["coach-changed", "client-changed", "accepted", "private-copy", "held"]
    assert "private-copy" in table
    assert rows[3]["detail"]["role"] == "client-personal"
    assert "@" not in table + json.dumps(rows)
    assert json.loads(house.run("show", "4", "--json").output) == rows[3]
    assert "a sealed copy for a personal mailbox was queued" in house.run("show", "4").output
    assert [r["seq"] for r in json.loads(house.run("list", "--client", "c-0001", "--last", "2", "--json").output)] == [4, 5]
    assert [r["seq"] for r in json.loads(house.run("list", "--submission", "s1", "--json").output)] == [3, 4, 5]
    assert isinstance(house.run("show", "99", fails=True).exception, ConfigurationError)


def test_verify_proves_only_with_a_checkpoint_from_outside_and_names_the_first_bad_row(house: House, tmp_path: Path) -> None:
    assert house.run("verify").output == "5 rows: internally consistent only\n"
    kept, public = tmp_path / "kept.txt", tmp_path / "kept.pub"
    house.run("checkpoint", "--out", str(kept))
    public.write_text(house.run("key").output)
    found = json.loads(house.run("verify", "--checkpoint", str(kept), "--public-key", str(public), "--json").output)
    assert (found["ok"], found["rows"], found["proven"]) == (True, 6, 6)
    house.tamper("UPDATE audit SET event = 'discarded' WHERE seq = 4")
    result = house.run("verify", "--checkpoint", str(kept), fails=True)
    assert (result.exit_code, "first bad row: 4\n" in result.output) == (1, True)


def test_a_log_that_was_cut_is_found_by_what_was_kept_outside(house: House, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    house.run("checkpoint", "--out", str(kept))
    house.tamper("DELETE FROM audit WHERE seq > 3")
    house.tamper("DELETE FROM checkpoints")
    assert house.run("verify").output == "3 rows: internally consistent only\n"
    found = json.loads(house.run("verify", "--checkpoint", str(kept), "--json", fails=True).output)
    assert (found["first_bad"], found["rows"]) == (4, 3)


def test_a_new_signing_key_is_found(house: House, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    house.run("checkpoint", "--out", str(kept))
    (tmp_path / "audit.key").unlink()
    Notary.create(tmp_path / "audit.key")
    assert "key was exchanged" in house.run("verify", "--checkpoint", str(kept), fails=True).output


def test_an_export_verifies_elsewhere_and_a_changed_one_does_not(house: House, tmp_path: Path) -> None:
    out, public, kept = tmp_path / "log.jsonl", tmp_path / "kept.pub", tmp_path / "kept.txt"
    public.write_text(house.run("key").output)
    house.run("checkpoint", "--out", str(kept))
    house.run("export", "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    elsewhere = House(tmp_path / "nothing here")
    check = ("verify", "--export", str(out), "--public-key", str(public), "--checkpoint", str(kept))
    assert "all 6 rows are as they were" in elsewhere.run(*check).output
    out.write_text(out.read_text().replace("client-personal", "client-work"))
    assert "first bad row: 4" in elsewhere.run(*check, fails=True).output
    assert isinstance(elsewhere.run("verify", "--export", str(out), fails=True).exception, ConfigurationError)
    assert json.loads(house.run("list", "--last", "1", "--json").output)[0]["event"] == "exported"


def test_a_proof_shows_one_row_elsewhere(house: House, tmp_path: Path) -> None:
    out, public, kept = tmp_path / "row.json", tmp_path / "kept.pub", tmp_path / "kept.txt"
    public.write_text(house.run("key").output)
    house.run("prove", "4", "--out", str(out))
    house.run("checkpoint", "--out", str(kept))
    elsewhere = House(tmp_path / "nothing here")
    check = ("verify", "--proof", str(out), "--public-key", str(public), "--checkpoint", str(kept))
    assert "row 4 of 6 stands in the log of the checkpoint from outside" in elsewhere.run(*check).output
    out.write_text(out.read_text().replace("client-personal", "client-work"))
    assert "first bad row: 4" in elsewhere.run(*check, fails=True).output
    assert isinstance(house.run("prove", "99", fails=True).exception, ConfigurationError)


def test_an_export_never_overwrites_and_can_leave_the_details_sealed(house: House, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    house.run("export", "--format", "csv", "--out", str(out))
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["event"] for row in rows] == ["coach-changed", "client-changed", "accepted", "private-copy", "held"]
    assert (rows[3]["role"], rows[2]["other"], rows[2]["octets"]) == ("client-personal", "parts=2", "4211")
    assert isinstance(house.run("export", "--out", str(out), fails=True).exception, ConfigurationError)
    for form in ("csv", "jsonl"):
        assert "client-personal" not in house.run("export", "--format", form, "--content-free").output
    assert '"clear"' not in house.run("export", "--content-free").output
    only_hers = [json.loads(line)["client"] for line in house.run("export", "--client", "c-0001").output.splitlines()]
    assert set(only_hers) == {"c-0001"}


def test_shredding_wants_a_yes_and_no_mail_on_its_way_and_leaves_a_log_that_verifies(house: House, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    house.run("checkpoint", "--out", str(kept))
    assert "--yes" in str(house.run("shred", "c-0001", fails=True).exception)
    assert "still waits" in str(house.run("shred", "c-0001", "--yes", fails=True).exception)

    async def finish() -> None:
        async with house.open_store() as store:
            await store.settle("a", Delivery(Answer.DELIVERED), None, ())
            await store.resolve_held("h", "discarded", (), (AuditEvent("discarded", "s1", "c-0001"),))

    asyncio.run(finish())
    house.run("shred", "c-0001", "--yes")
    assert "(shredded)" in house.run("list", "--client", "c-0001").output
    assert "The detail was shredded." in house.run("show", "4").output
    assert house.run("verify", "--checkpoint", str(kept)).exit_code == 0
    lines = [json.loads(line) for line in house.run("export").output.splitlines()]
    assert {line["client"] for line in lines if "clear" not in line} == {"c-0001"}


def test_a_file_that_is_no_checkpoint_is_named(house: House, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.txt"
    for content in ("", "hello"):
        wrong.write_text(content)
        assert "wrong.txt" in str(house.run("verify", "--checkpoint", str(wrong), fails=True).exception)
    assert "missing.txt" in str(house.run("verify", "--checkpoint", str(tmp_path / "missing.txt"), fails=True).exception)


def test_checkpoint_to_standard_output_is_the_note_alone(house: House) -> None:
    note = house.run("checkpoint").output
    assert note.splitlines()[1] == "6"
    assert house.run("checkpoint").output == note
