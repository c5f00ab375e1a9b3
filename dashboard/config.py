"""The settings of the dashboard, read from the environment and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PORT_MAX = 65535


class SettingsError(Exception):
    """A variable that cannot be used. The message names it in one line."""


@dataclass(frozen=True)
class Settings:
    """Where to listen, where the gateway is, and the time zone to show times in.

    Without the file `sessions`, a restart of the dashboard ends all sessions; without the folder
    `fonts`, it cuts the fonts again.
    """

    host: str
    port: int
    gateway_url: str
    zone: ZoneInfo
    sessions: Path | None
    fonts: Path | None
    json_logs: bool

    @classmethod
    def read(cls, environment: Mapping[str, str], *, terminal: bool) -> "Settings":
        """Read the environment.

        Raises:
            SettingsError: A variable cannot be used.
        """
        sessions = environment.get("LIBRAL_DASHBOARD_SESSIONS")
        fonts = environment.get("LIBRAL_DASHBOARD_FONTS")
        layout = environment.get("LIBRAL_LOG_FORMAT") or ("console" if terminal else "json")
        if layout not in {"json", "console"}:
            raise SettingsError(f"LIBRAL_LOG_FORMAT is {layout!r}: use one of json, console.")
        return cls(
            host=environment.get("LIBRAL_HOST") or "127.0.0.1",
            port=read_port(environment.get("LIBRAL_DASHBOARD_PORT") or "8081"),
            gateway_url=read_url(environment.get("LIBRAL_GATEWAY_URL") or "http://127.0.0.1:8080"),
            zone=read_zone(environment.get("LIBRAL_TIME_ZONE") or "Asia/Tokyo"),
            sessions=Path(sessions) if sessions else None,
            fonts=Path(fonts) if fonts else None,
            json_logs=layout == "json",
        )


def read_port(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or int(value) > PORT_MAX:
        raise SettingsError(f"LIBRAL_DASHBOARD_PORT is {value!r}: it must be a port, 0 to 65535.")
    return int(value)


def read_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("LIBRAL_GATEWAY_URL is no URL of the form http://host:port.")
    return value.rstrip("/")


def read_zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"LIBRAL_TIME_ZONE is {value!r}: no such time zone.") from None
