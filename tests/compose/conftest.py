"""A whole mesh in containers, as deploy/compose.yaml describes it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.images import compose
from deploy.images.builder import ROOT, Engine, find_engine
from deploy.local.home import free_port
from tests.fakes import botapi
from tests.mesh import Mesh, wait_for

PROJECT = "libral-test"
READY_SECONDS = 120
OWN_SERVERS = {
    "POSTGRES_IMAGE": "libral/servers",
    "VALKEY_IMAGE": "libral/servers",
}


@dataclass(frozen=True)
class ComposedMesh(Mesh):
    """A mesh in containers."""

    engine: Engine

    def stop(self, service: str) -> None:
        assert self.engine.run("stop", "-t", "5", container(service), quiet=True) == 0

    def start(self, service: str) -> None:
        assert self.engine.run("start", container(service), quiet=True) == 0


def container(service: str) -> str:
    return f"{PROJECT}_{service}_1"


@pytest.fixture(scope="session")
def mesh(scratch: Path) -> Iterator[ComposedMesh]:
    engine, taken = find_engine(), set()
    secrets = scratch / "secrets"
    compose.create_secrets(secrets)
    passwords = dict(
        line.split("=", 1) for line in (secrets / "passwords.env").read_text().splitlines()
    )
    ports = {f"LIBRAL_{name}_PORT": free_port(taken) for name in ("GATEWAY", "DASHBOARD")}
    own = {"TESTS": str(ROOT / "tests")} | botapi_environment()
    own |= {name: str(port) for name, port in ports.items()}
    if engine.run("image", "inspect", "libral/servers", quiet=True) == 0:
        own |= OWN_SERVERS
    environment = engine.environment | passwords | own
    try:
        call(engine, environment, "up", "-d")
        mesh = ComposedMesh(
            gateway=f"http://127.0.0.1:{ports['LIBRAL_GATEWAY_PORT']}",
            dashboard=f"http://127.0.0.1:{ports['LIBRAL_DASHBOARD_PORT']}",
            password=passwords["LIBRAL_ADMIN_PASSWORD"],
            engine=engine,
        )
        wait_for(mesh.is_ready, READY_SECONDS, "the composed mesh does not get ready")
        yield mesh
    finally:
        call(engine, environment, "logs")
        call(engine, environment, "down", "-v")


def botapi_environment() -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": botapi.TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": botapi.SECRET,
        "TELEGRAM_API_BASE": f"http://botapi:{botapi.PORT}",
    }


def call(engine: Engine, environment: dict[str, str], *arguments: str) -> None:
    """Call compose. pytest shows its output if a test fails."""
    command = ["docker", "compose"]
    if engine.name == "podman":
        command = [sys.executable, "-m", "podman_compose", "--in-pod=false"]
    files = [ROOT / "deploy" / "compose.yaml", Path(__file__).with_name("botapi.yaml")]
    options = [word for file in files for word in ("-f", str(file))]
    subprocess.run(
        [*command, "-p", PROJECT, *options, *arguments], env=environment, check=True, timeout=180
    )
