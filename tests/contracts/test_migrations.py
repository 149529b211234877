"""The schema's revision as the program knows it."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from gateway.migrations import REVISION


def test_the_program_needs_the_newest_revision():
    """The constant saves every command the import of Alembic; it must name the head of the scripts."""
    config = Config()
    config.set_main_option("script_location", "gateway:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
