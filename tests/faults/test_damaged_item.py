"""One held item that does not open any more keeps no other from leaving."""

import sqlite3
from contextlib import closing

from tests.e2e.stage import KEYLESS, KEYLESS_HOME, mail, running


def test_what_is_whole_leaves_when_the_key_comes():
    """The older of two items is damaged in the database; the key turns up; the younger one goes, the older one goes on waiting."""
    with running() as stage:
        stage.send(mail("Milo, the first one stays.\n", to=KEYLESS), KEYLESS)
        with closing(sqlite3.connect(stage.folder / "s" / "coachgate.db")) as database, database:
            database.execute("UPDATE bodies SET octets = x'00' WHERE id = (SELECT body_id FROM held)")
        stage.send(mail("Milo, the second one leaves.\n", to=KEYLESS), KEYLESS)
        key = stage.make_key(KEYLESS_HOME)
        (stage.folder / "milo.toml").write_text(
            f'[[client]]\nname = "Milo Brandt"\nwork = ["{KEYLESS}"]\nwork_domains = ["beta.example"]\npersonal = "{KEYLESS_HOME}"\n'
            f'key_file = "{key}"\nkey_verified = true\n'
        )
        stage.command("client", "import", str(stage.folder / "milo.toml"))
        (copy,) = stage.sink.wait_for(KEYLESS_HOME)
        assert b"the second one leaves" in stage.decrypt(copy)
        assert len(stage.held()) == 1
        assert "held item not resolved" in stage.log.read_text()
