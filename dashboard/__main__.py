"""Run the dashboard, configured by its environment: `python -m dashboard`."""

import os
import sys

from dashboard.config import Settings
from services.common.logs import LogSettings, configure_logs
from services.common.settings import Environment, SettingsError


def main() -> None:
    environment = Environment(os.environ)
    try:
        settings = Settings.read(environment)
        configure_logs(LogSettings.read(environment, terminal=sys.stderr.isatty()))
        from dashboard import server  # noqa: PLC0415 - report a wrong setting first

        server.run_server(settings)
    except SettingsError as error:
        sys.exit(f"dashboard: {error}")


if __name__ in {"__main__", "__mp_main__"}:
    main()
