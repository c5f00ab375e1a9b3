"""The programs of a local mesh: their commands and environments."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import embedded
from deploy.local.home import Home

ROOT = Path(__file__).parents[2]
SERVICES = ("users", "payments", "events", "metrics", "telegram")
SERVERS = ("postgres", "valkey")
EDGE = ("gateway", "dashboard")
PORTS = (*SERVERS, *SERVICES)
EVENTS_SETTINGS = ("LIBRAL_EVENTS_RETENTION_MONTHS", "TELEGRAM_CHECKPOINT_CHAT_ID")
PASSED = ("LIBRAL_LOG_LEVEL", "LIBRAL_TIME_ZONE", "LIBRAL_GRPC_ENGINE", "PATH", "HOME", "LANG")


@dataclass(frozen=True)
class Program:
    """A supervised program. Programs with a lower priority start first and stop last."""

    name: str
    command: list[str]
    priority: int
    environment: dict[str, str] = field(default_factory=dict[str, str])
    stop_signal: str = "TERM"


@dataclass(frozen=True)
class Plan:
    """The addresses of all parts of a local mesh."""

    host: str
    gateway_port: int
    dashboard_port: int
    ports: dict[str, int]
    database_url: str
    redis_url: str
    embedded_database: bool
    embedded_cache: bool

    @classmethod
    def create(cls, home: Home) -> "Plan":
        """Return the plan of a mesh that is about to start. Choose its ports."""
        return cls._with(home, home.ports(PORTS))

    @classmethod
    def load(cls, home: Home) -> "Plan":
        """Return the plan of the mesh that was started last."""
        return cls._with(home, home.known_ports())

    @classmethod
    def _with(cls, home: Home, ports: dict[str, int]) -> "Plan":
        database_url = os.environ.get("DATABASE_URL")
        redis_url = os.environ.get("REDIS_URL")
        return cls(
            host=os.environ.get("LIBRAL_HOST") or "127.0.0.1",
            gateway_port=read_port("LIBRAL_GATEWAY_PORT", 8080),
            dashboard_port=read_port("LIBRAL_DASHBOARD_PORT", 8081),
            ports=ports,
            database_url=database_url
            or embedded.postgres_url(ports["postgres"], home.secret("database_password")),
            redis_url=redis_url
            or embedded.valkey_url(ports["valkey"], home.secret("cache_password")),
            embedded_database=not database_url,
            embedded_cache=not redis_url,
        )

    @property
    def gateway_url(self) -> str:
        return f"http://{reachable_host(self.host)}:{self.gateway_port}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{reachable_host(self.host)}:{self.dashboard_port}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The embedded servers, which have to be ready before the services start."""
        wanted = {"postgres": self.embedded_database, "valkey": self.embedded_cache}
        return tuple(name for name in SERVERS if wanted[name])


class PortError(Exception):
    """A variable does not hold a valid port. The message is one line."""


def read_port(variable: str, default: int) -> int:
    value = os.environ.get(variable) or str(default)
    if not value.isdigit() or not 0 < int(value) < 1 << 16:
        raise PortError(f"{variable} is {value!r}: it must be a port, 1 to 65535.")
    return int(value)


def reachable_host(host: str) -> str:
    """Return an address at which a server that listens on all addresses can be reached."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


def make_programs(home: Home, plan: Plan) -> list[Program]:
    """Return the programs of a mesh in the order in which they start."""
    programs: list[Program] = []
    if plan.embedded_database:
        command = embedded.postgres_command(home.postgres, plan.ports["postgres"])
        programs.append(Program("postgres", command, 10, base_environment(), "INT"))
    if plan.embedded_cache:
        command = embedded.valkey_command(home.run / "valkey.conf")
        programs.append(Program("valkey", command, 10, base_environment()))
    shared = mesh_environment(plan)
    for service in SERVICES:
        environment = shared | service_environment(service, home, plan)
        programs.append(Program(service, module_command(f"services.{service}"), 20, environment))
    programs.append(Program("gateway", module_command("gateway"), 30, shared))
    dashboard = {
        "LIBRAL_DASHBOARD_SESSIONS": str(home.secrets / "dashboard_sessions.json"),
        "LIBRAL_DASHBOARD_FONTS": str(home.path / "fonts"),
    }
    programs.append(Program("dashboard", module_command("dashboard"), 40, shared | dashboard))
    return programs


def module_command(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def base_environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    return passed | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}"}


def mesh_environment(plan: Plan) -> dict[str, str]:
    """Return the environment variables of all processes of the mesh."""
    targets = {
        f"LIBRAL_{service.upper()}_TARGET": f"127.0.0.1:{plan.ports[service]}"
        for service in SERVICES
    }
    return (
        base_environment()
        | targets
        | {
            "LIBRAL_HOST": plan.host,
            "LIBRAL_GATEWAY_PORT": str(plan.gateway_port),
            "LIBRAL_DASHBOARD_PORT": str(plan.dashboard_port),
            "LIBRAL_GATEWAY_URL": plan.gateway_url,
            "LIBRAL_LOG_FORMAT": "json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{plan.ports['metrics']}",
            "MALLOC_ARENA_MAX": "2",
        }
    )


def service_environment(service: str, home: Home, plan: Plan) -> dict[str, str]:
    """Return the additional environment variables of one service."""
    own = {
        "DATABASE_URL": plan.database_url,
        "LIBRAL_MESH_KEY": str(home.secrets / "mesh.pem"),
        f"LIBRAL_{service.upper()}_LISTEN": f"127.0.0.1:{plan.ports[service]}",
    }
    if service in {"events", "metrics"}:
        own["REDIS_URL"] = plan.redis_url
    if service == "events":
        own["LIBRAL_CHECKPOINTS"] = str(home.checkpoints)
        own |= {name: os.environ[name] for name in EVENTS_SETTINGS if os.environ.get(name)}
    if service == "users":
        own["LIBRAL_TOKEN_KEY"] = str(home.secrets / "token.pem")
        own["LIBRAL_ADMIN_PASSWORD"] = admin_password(home)
    if service == "metrics":
        own["LIBRAL_SUPERVISOR_SOCKET"] = str(home.socket)
        own["LIBRAL_DASHBOARD_URL"] = plan.dashboard_url
        own["LIBRAL_DATA_PATH"] = str(home.path)
    if service in {"telegram", "users"}:
        own |= telegram_environment(home)
    return own


def admin_password(home: Home) -> str:
    return os.environ.get("LIBRAL_ADMIN_PASSWORD") or home.secret("admin_password")


def telegram_environment(home: Home) -> dict[str, str]:
    names = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_API_BASE")
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    if "TELEGRAM_BOT_TOKEN" in given and "TELEGRAM_WEBHOOK_SECRET" not in given:
        given["TELEGRAM_WEBHOOK_SECRET"] = home.webhook_secret()
    return given
