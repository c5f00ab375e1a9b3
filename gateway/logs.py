"""Structured logs on standard error: JSON in containers, readable on a terminal."""

import logging
import os
import sys
from typing import Any

import orjson
import structlog

# gRPC reads it when it is imported, which is after this. It would write lines
# of its own form, such as for each server that stops.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def configure_logs(layout: str, level: str) -> None:
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if layout == "json":
        shared.append(structlog.processors.format_exc_info)
    renderer: Any = structlog.dev.ConsoleRenderer()
    line: Any = renderer
    factory: Any = structlog.WriteLoggerFactory(sys.stderr)
    if layout == "json":
        line = structlog.processors.JSONRenderer(serializer=orjson.dumps)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    structlog.configure(
        processors=[*shared, line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
