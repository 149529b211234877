"""What every command shares: where the configuration is, and the ways into the house. Nothing is read before a command asks for it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import cached_property
from pathlib import Path

import typer
from rich.console import Console

from gateway import app as application
from gateway.config import Config, load
from gateway.edges.store import Store
from gateway.errors import ConfigurationError

TENANT = application.TENANT
OPERATOR = "operator"  # whoever may run a command may read the master key: the audit log says which road was taken, not who sat there


class Context:
    """`ctx.obj` of every command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def has_config(self) -> bool:
        """Whether there is a configuration file at all."""
        return self.path.exists()

    @cached_property
    def config(self) -> Config:
        """The configuration. Raises `errors.ConfigurationError`."""
        return load(self.path)

    def open_store(self) -> AbstractAsyncContextManager[Store]:
        """The store, closed again at the end of the block."""
        return application.open_store(self.config)


def complain(failure: Exception) -> None:
    """Say on standard error what went wrong: each problem of a configuration on its own line, any other failure in its one sentence."""
    problems = failure.problems if isinstance(failure, ConfigurationError) else (str(failure) or type(failure).__name__,)
    for problem in problems:
        typer.echo(f"coachgate: {problem}", err=True)


def wide_console() -> Console:
    """For tables: as wide as the terminal; in a pipe wide enough that no row is broken."""
    console = Console()
    return console if console.is_terminal else Console(width=200)
