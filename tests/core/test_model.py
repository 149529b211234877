"""What the nouns know about themselves."""

from gateway.core.model import Account, Mailbox


def test_an_account_writes_as_its_mailboxes_and_patterns():
    """In the form that the pipeline compares a From with."""
    account = Account("robin", 1, (Mailbox("coach", "coach.example"),), "coach", ("@coach.example",))
    assert account.authors == ("coach@coach.example", "@coach.example")
