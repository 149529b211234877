"""The command line opens and closes the store while the daemon works: neither harms the other."""

from tests.e2e.stage import WORK, mail, running


def test_the_daemon_goes_on_after_the_command_line_closed_the_database():
    """The last one to close a SQLite database removes its log; a daemon that lost its locks would not count as still there."""
    with running() as stage:
        for number in range(3):
            stage.status()
            stage.send(mail(f"Thursday 14:0{number} works.\n"), WORK)
            stage.held()
            stage.sink.wait_for(WORK, number + 1)
        assert "StoreUnavailable" not in stage.log.read_text()
