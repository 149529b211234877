"""The operator's log: JSON lines on standard error with ids, counts and codes. Never a subject, a body, a file name or an address."""

from __future__ import annotations

import logging
import sys

import structlog

# libraries that would write addresses (INFO) or message lines (DEBUG) of their own accord
_TALKATIVE = ("mail.log", "aiosmtplib", "gnupg", "apscheduler", "sqlalchemy", "alembic", "asyncio")


def start_log(level: str) -> None:
    """Send both structlog and the standard library's loggers through one renderer at `level` ("info", "warning", "error")."""
    shared: list[structlog.typing.Processor] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    rendering: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _without_trace,
        structlog.processors.JSONRenderer(),
    ]
    renderer = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendering)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(renderer)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _without_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A traceback quotes values, and values quote mail: only the class of an exception is kept."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
    event.pop("stack_info", None)
    return event
