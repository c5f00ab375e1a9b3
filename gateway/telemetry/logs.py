"""Structured logs on standard error: JSON in containers, readable on a terminal."""

import asyncio
import atexit
import logging
import os
import sys
from typing import Any, BinaryIO

import orjson
import structlog

TOGETHER_SECONDS, LINES_MAX = 0.05, 1000

# gRPC reads it when it is imported, which is after this. It would write lines
# of its own form, such as for each server that stops.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


class Lines:
    """A logger that writes its lines together, 50 ms after the first, and warnings at once.

    Each write wakes who reads the log, which costs more than the line.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []
        atexit.register(self.flush)

    def __call__(self, *_: Any) -> "Lines":
        """Is its own factory."""
        return self

    def debug(self, line: bytes) -> None:
        self._lines.append(line)
        if len(self._lines) >= LINES_MAX:
            self.flush()
        elif len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_later(TOGETHER_SECONDS, self.flush)
            except RuntimeError:
                self.flush()

    info = debug

    def warning(self, line: bytes) -> None:
        self._lines.append(line)
        self.flush()

    error = exception = critical = warning

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._file.write(b"\n".join(lines) + b"\n")
            self._file.flush()


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
        factory = Lines(sys.stderr.buffer)
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
