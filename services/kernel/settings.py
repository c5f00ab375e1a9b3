"""The settings that every service has."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from services.common.settings import Environment

Engine = Literal["native", "grpcio"]


@dataclass(frozen=True)
class KernelSettings:
    """The settings that the kernel reads for a service.

    `listen` and the targets are of the form `host:port`. `mesh_key` is the content of a PEM file.
    Without `otlp_target`, no measurements are reported.
    """

    service: str
    listen: str
    database_url: str
    mesh_key: bytes
    users_target: str
    events_target: str
    otlp_target: str | None
    engine: Engine

    @classmethod
    def read(cls, service: str, environment: Environment) -> "KernelSettings":
        """Return the settings of `service`, such as `users`.

        Raises:
            SettingsError: A variable is missing or cannot be used.
        """
        endpoint = environment.optional_url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http",))
        engine = environment.choice("LIBRAL_GRPC_ENGINE", ("native", "grpcio"), "native")
        return cls(
            service=service,
            listen=environment.address(f"LIBRAL_{service.upper()}_LISTEN"),
            database_url=environment.url("DATABASE_URL", ("postgresql", "postgres")),
            mesh_key=environment.file_content("LIBRAL_MESH_KEY"),
            users_target=environment.address("LIBRAL_USERS_TARGET"),
            events_target=environment.address("LIBRAL_EVENTS_TARGET"),
            otlp_target=urlsplit(endpoint).netloc if endpoint else None,
            engine="native" if engine == "native" else "grpcio",
        )
