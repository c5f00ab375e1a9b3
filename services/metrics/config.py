"""Settings of the metrics service."""

from dataclasses import dataclass
from pathlib import Path

from services.common.settings import Environment

SERVICES = ("users", "payments", "events", "metrics", "telegram")
HTTP = ("http",)


@dataclass(frozen=True)
class MetricsSettings:
    """Addresses of the monitored modules and servers.

    Without a supervisor socket modules cannot be started or stopped.
    """

    redis_url: str
    data_path: Path
    services: dict[str, str]
    pages: dict[str, str]
    supervisor_socket: str

    @classmethod
    def read(cls, environment: Environment) -> "MetricsSettings":
        targets = {
            name: environment.optional_address(f"LIBRAL_{name.upper()}_TARGET") for name in SERVICES
        }
        pages = {
            "gateway": environment.optional_url("LIBRAL_GATEWAY_URL", HTTP),
            "dashboard": environment.optional_url("LIBRAL_DASHBOARD_URL", HTTP),
        }
        return cls(
            redis_url=environment.url("REDIS_URL", ("redis", "rediss", "unix")),
            data_path=Path(environment.text("LIBRAL_DATA_PATH", "/")),
            services={name: target for name, target in targets.items() if target},
            pages={name: f"{url}/healthz" for name, url in pages.items() if url},
            supervisor_socket=environment.optional_text("LIBRAL_SUPERVISOR_SOCKET"),
        )
