"""Environment in, frozen settings out, or one line that says what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

PORT_MAX = 65535

Engine = Literal["native", "grpcio"]


class SettingsError(Exception):
    """A variable that is missing or cannot be used. The message names it."""


class Environment:
    """Reads variables and checks them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str | None = None) -> str:
        value = self._variables.get(name) or default
        if value is None:
            raise SettingsError(f"{name} is not set.")
        return value

    def optional_text(self, name: str) -> str:
        return self._variables.get(name) or ""

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingsError(f"{name} is {value!r}: use one of {', '.join(choices)}.")
        return value

    def address(self, name: str, default: str | None = None) -> str:
        """Reads `host:port`."""
        value = self.text(name, default)
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > PORT_MAX:
            raise SettingsError(f"{name} is {value!r}: write it as host:port.")
        return value

    def optional_address(self, name: str) -> str | None:
        return self.address(name) if self._variables.get(name) else None

    def url(self, name: str, schemes: tuple[str, ...]) -> str:
        """Reads a URL. An error never shows the value: it may hold a password."""
        value = self.text(name)
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise SettingsError(f"{name} is no URL of the form {schemes[0]}://host:port/….")
        return value

    def optional_url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        return self.url(name, schemes) if self._variables.get(name) else None

    def file(self, name: str) -> bytes:
        """Reads the content of the file that the variable names."""
        path = Path(self.text(name))
        try:
            return path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{name} names {path}: {error.strerror}.") from None


@dataclass(frozen=True)
class KernelSettings:
    """What every room is configured with."""

    room: str
    listen: str
    database_url: str
    mesh_key: bytes
    users_target: str
    events_target: str
    otlp_target: str | None
    engine: Engine

    @classmethod
    def read(cls, room: str, environment: Environment) -> "KernelSettings":
        endpoint = environment.optional_url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http",))
        engine = environment.choice("LIBRAL_GRPC_ENGINE", ("native", "grpcio"), "native")
        return cls(
            room=room,
            listen=environment.address(f"LIBRAL_{room.upper()}_LISTEN"),
            database_url=environment.url("DATABASE_URL", ("postgresql", "postgres")),
            mesh_key=environment.file("LIBRAL_MESH_KEY"),
            users_target=environment.address("LIBRAL_USERS_TARGET"),
            events_target=environment.address("LIBRAL_EVENTS_TARGET"),
            otlp_target=urlsplit(endpoint).netloc if endpoint else None,
            engine="native" if engine == "native" else "grpcio",
        )
