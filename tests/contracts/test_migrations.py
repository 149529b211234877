"""The schema's revision as the program knows it."""

from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pydantic import TypeAdapter
from sqlalchemy import create_engine, text

from gateway.core.model import Coach, Contact, Role
from gateway.edges.store import Store, migrate, sqlite_url
from gateway.edges.vault import Vault
from gateway.migrations import REVISION
from tests.contracts.store_cases import COACH
from tests.fakes.clock import FixedClock


def test_the_program_needs_the_newest_revision():
    """The constant saves every command the import of Alembic; it must name the head of the scripts."""
    config = Config()
    config.set_main_option("script_location", "gateway:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


async def test_a_database_of_the_first_version_is_taken_over(tmp_path: Path):
    """What it holds stays, counts as told to nobody and as the coach's own word, and can be worked with."""
    url = sqlite_url(tmp_path / "coachgate.db")
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", "gateway:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    vault = Vault.create(tmp_path / "master.key")
    pattern = Contact("@printer.example", Role.NOT_A_CLIENT)
    name = vault.keyed_hash("digest", pattern.pattern.encode())
    record = vault.seal(TypeAdapter(Contact).dump_json(pattern), f"contacts/1/{name.hex()}".encode())
    coach = vault.seal(TypeAdapter(Coach).dump_json(COACH), b"tenants.coach/1")
    key = vault.seal(bytes(32), b"tenants.audit_key/1")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO tenants VALUES (1, :coach, 'coachgate/0011223344556677', 1, :key)"), {"coach": coach, "key": key})
        connection.execute(text("INSERT INTO contacts VALUES (1, :name, :record)"), {"name": name, "record": record})
    engine.dispose()
    migrate(url)
    store = Store(url, vault, FixedClock())
    await store.configure_contacts(1, ())
    assert (await store.directory(1)).contacts == (pattern,)
    assert await store.damage_untold(1) == []
    assert not await store.checkpoint_due(1, timedelta(days=1)), "its log is empty"
    store.close()
