"""The settings that every service has."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from services.common.settings import Environment

Engine = Literal["native", "grpcio"]


@dataclass(frozen=True)
class KernelSettings:
    """Settings of a service that the kernel uses. `otlp_target` None: nothing is reported."""

    service: str
    listen: str
    database_url: str
    mesh_key: bytes
    users_target: str
    events_target: str
    otlp_target: str | None
    engine: Engine

    @classmethod
    def read(cls, room: str, environment: Environment) -> "KernelSettings":
        """Return the settings of the service `room`.

        Raises:
            SettingsError: A variable is missing or cannot be used.
        """
        endpoint = environment.optional_url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http",))
        engine = environment.choice("LIBRAL_GRPC_ENGINE", ("native", "grpcio"), "native")
        return cls(
            service=room,
            listen=environment.address(f"LIBRAL_{room.upper()}_LISTEN"),
            database_url=environment.url("DATABASE_URL", ("postgresql", "postgres")),
            mesh_key=environment.file("LIBRAL_MESH_KEY"),
            users_target=environment.address("LIBRAL_USERS_TARGET"),
            events_target=environment.address("LIBRAL_EVENTS_TARGET"),
            otlp_target=urlsplit(endpoint).netloc if endpoint else None,
            engine="native" if engine == "native" else "grpcio",
        )
