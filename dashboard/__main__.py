"""The program: `python -m dashboard` serves the dashboard with settings of its environment."""

import logging
import os
import sys
from typing import Any

import structlog

from dashboard.config import Settings, SettingsError


def main() -> None:
    try:
        settings = Settings.read(os.environ, terminal=sys.stderr.isatty())
        configure_logs(json_logs=settings.json_logs)
        from dashboard import server  # noqa: PLC0415 - it is slow, and settings are checked before

        server.run(settings)
    except SettingsError as error:
        sys.exit(f"dashboard: {error}")


def configure_logs(*, json_logs: bool) -> None:
    """Send logs to standard error, as JSON or as readable lines."""
    render = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_logs
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([structlog.processors.format_exc_info] if json_logs else []),
    ]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


if __name__ in {"__main__", "__mp_main__"}:
    main()
