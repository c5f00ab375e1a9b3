"""Structured logs on standard error: JSON in containers, readable on a terminal."""

import asyncio
import atexit
import logging
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson
import structlog

from services.common.settings import Environment

FLUSH_SECONDS, LINES_MAX = 0.05, 1000
LEVELS = ("debug", "info", "warning", "error")
LAYOUTS = ("json", "console")


@dataclass(frozen=True)
class LogSettings:
    """How a process logs: a layout of `LAYOUTS` and a level of `LEVELS`."""

    layout: str
    level: str

    @classmethod
    def read(cls, environment: Environment, *, terminal: bool) -> "LogSettings":
        """Return the settings of LIBRAL_LOG_FORMAT and LIBRAL_LOG_LEVEL.

        The default layout is `console` on a terminal and `json` elsewhere.

        Raises:
            SettingsError: A variable has an unknown value.
        """
        default = "console" if terminal else "json"
        return cls(
            layout=environment.choice("LIBRAL_LOG_FORMAT", LAYOUTS, default),
            level=environment.choice("LIBRAL_LOG_LEVEL", LEVELS, "info"),
        )


class LineBuffer:
    """A structlog logger that writes lines in batches.

    A batch is written 50 ms after its first line, or at 1000 lines. A warning or an error is
    written immediately, with the lines before it. Each write wakes up the process that reads the
    log, so batches save CPU time.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []
        atexit.register(self.flush)

    def __call__(self, *_: Any) -> "LineBuffer":
        """Return this logger. structlog calls it as a logger factory."""
        return self

    def debug(self, line: bytes) -> None:
        """Add a line, without its newline. Outside of an event loop, write it immediately."""
        self._lines.append(line)
        if len(self._lines) >= LINES_MAX:
            self.flush()
        elif len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
            except RuntimeError:
                self.flush()

    info = debug

    def warning(self, line: bytes) -> None:
        """Add a line and write the batch."""
        self._lines.append(line)
        self.flush()

    error = exception = critical = warning

    def flush(self) -> None:
        """Write the batch."""
        lines, self._lines = self._lines, []
        if lines:
            self._file.write(b"\n".join(lines) + b"\n")
            self._file.flush()


def configure_logs(settings: LogSettings, *context: structlog.typing.Processor) -> None:
    """Send the logs of this process to standard error.

    `context` are processors that add fields to every line, such as the name of the service.
    """
    shared: list[Any] = [
        *context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    line: Any = structlog.processors.JSONRenderer(serializer=orjson.dumps)
    factory: Any = LineBuffer(sys.stderr.buffer)
    if settings.layout == "json":
        shared.append(structlog.processors.format_exc_info)
    else:
        # The default traceback shows the values of variables, and some are secrets.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        line, factory = renderer, structlog.WriteLoggerFactory(sys.stderr)
    structlog.configure(
        processors=[*shared, line],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
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
