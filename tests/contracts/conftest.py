"""Real parts that contract tests share."""

from tests.contracts.postfix import postfix

__all__ = ["postfix"]
