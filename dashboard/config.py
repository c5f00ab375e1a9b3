"""The settings of the dashboard, read from the environment and checked."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from services.common.settings import Environment


@dataclass(frozen=True)
class Settings:
    """The listen address, the gateway's URL, and the time zone of displayed times.

    With `sessions` None, a restart signs out all operators. With `fonts` None, the fonts are subset
    again at each start.
    """

    host: str
    port: int
    gateway_url: str
    zone: ZoneInfo
    sessions: Path | None
    fonts: Path | None

    @classmethod
    def read(cls, environment: Environment) -> "Settings":
        """Return the settings of an environment.

        Raises:
            SettingsError: A variable has an invalid value.
        """
        url = environment.url("LIBRAL_GATEWAY_URL", ("http", "https"), "http://127.0.0.1:8080")
        return cls(
            host=environment.text("LIBRAL_HOST", "127.0.0.1"),
            port=environment.port("LIBRAL_DASHBOARD_PORT", 8081),
            gateway_url=url.rstrip("/"),
            zone=environment.zone("LIBRAL_TIME_ZONE", "Asia/Tokyo"),
            sessions=environment.optional_path("LIBRAL_DASHBOARD_SESSIONS"),
            fonts=environment.optional_path("LIBRAL_DASHBOARD_FONTS"),
        )
