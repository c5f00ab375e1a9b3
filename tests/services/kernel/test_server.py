"""A service that cannot start exits with one line and status 1."""

import os
import socket
import subprocess
import sys

import pytest

from deploy.local.home import Home


@pytest.fixture
def environment(tmp_path, database_url) -> dict[str, str]:
    """Return the variables that the payments service needs."""
    home = Home(tmp_path / "home")
    home.prepare()
    services = ("USERS", "EVENTS", "TELEGRAM")
    return (
        {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        | {f"LIBRAL_{service}_TARGET": "127.0.0.1:9" for service in services}
        | {
            "DATABASE_URL": database_url,
            "LIBRAL_MESH_KEY": str(home.secrets / "mesh.pem"),
            "LIBRAL_PAYMENTS_LISTEN": "127.0.0.1:0",
        }
    )


def startup_error(environment: dict[str, str]) -> str:
    """Run the payments service and return the one line that it exits with."""
    done = subprocess.run(
        [sys.executable, "-m", "services.payments"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("engine", ["native", "grpcio"])
def test_a_port_in_use(environment, engine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        changes = {"LIBRAL_PAYMENTS_LISTEN": address, "LIBRAL_GRPC_ENGINE": engine}
        line = startup_error(environment | changes)
    assert address in line


@pytest.mark.parametrize("url", ["nonsense", "mysql://127.0.0.1/x", "postgresql:///x"])
def test_a_broken_database_url(environment, url):
    assert "DATABASE_URL" in startup_error(environment | {"DATABASE_URL": url})


@pytest.mark.parametrize("variable", ["DATABASE_URL", "LIBRAL_MESH_KEY", "LIBRAL_PAYMENTS_LISTEN"])
def test_a_variable_that_is_missing(environment, variable):
    del environment[variable]
    assert variable in startup_error(environment)


def test_a_key_that_cannot_be_read(environment):
    assert "LIBRAL_MESH_KEY" in startup_error(environment | {"LIBRAL_MESH_KEY": "/nowhere.pem"})
