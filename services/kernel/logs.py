"""Structured logs: JSON in containers, readable on a terminal."""

import asyncio
import atexit
import logging
import sys
from typing import Any, BinaryIO

import orjson
import structlog

from services.kernel.calls import current_call
from services.kernel.settings import Environment

TOGETHER_SECONDS, LINES_MAX = 0.05, 1000
LEVELS = ("debug", "info", "warning", "error")


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


def configure_logs(room: str, environment: Environment) -> None:
    """Sends the logs of this process to standard error.

    Lines carry the room, and those written while a call is served its request id.
    """
    level = environment.choice("LIBRAL_LOG_LEVEL", LEVELS, "info")
    terminal = "console" if sys.stderr.isatty() else "json"
    layout = environment.choice("LIBRAL_LOG_FORMAT", ("json", "console"), terminal)
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    line: Any = structlog.processors.JSONRenderer(serializer=orjson.dumps)
    factory: Any = Lines(sys.stderr.buffer)
    if layout == "console":
        # Plain: the usual traceback shows the values of variables, and some are secrets.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        line, factory = renderer, structlog.WriteLoggerFactory(sys.stderr)
    shared: list[Any] = [
        placed_in(room),
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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def placed_in(room: str) -> structlog.typing.Processor:
    """Makes what tells of each line where it was written."""

    def place(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line["room"] = room
        request_id = current_call().request_id
        if request_id and "request_id" not in line:
            line["request_id"] = request_id
        return line

    return place
