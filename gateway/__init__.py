"""coachgate: a privacy gateway between a professional coach's mailbox and outbound mail."""

__version__ = "0.1.0"
