"""Structured logs: JSON in containers, readable on a terminal."""

import logging
import sys
from typing import Any

import orjson
import structlog

from services.kernel.settings import Environment

LEVELS = ("debug", "info", "warning", "error")


def configure_logs(room: str, environment: Environment) -> None:
    """Sends the logs of this process to standard error.

    Lines carry the room and whatever `structlog.contextvars` holds, so each
    line written while a call is served has its request id.
    """
    level = environment.choice("LIBRAL_LOG_LEVEL", LEVELS, "info")
    terminal = "console" if sys.stderr.isatty() else "json"
    layout = environment.choice("LIBRAL_LOG_FORMAT", ("json", "console"), terminal)
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    line: Any = structlog.processors.JSONRenderer(serializer=orjson.dumps)
    factory: Any = structlog.BytesLoggerFactory(sys.stderr.buffer)
    if layout == "console":
        # Plain: the usual traceback shows the values of variables, and some are secrets.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        line, factory = renderer, structlog.WriteLoggerFactory(sys.stderr)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if layout == "json":
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(room=room)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
