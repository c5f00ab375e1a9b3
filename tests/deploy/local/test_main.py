"""What `libral up` says when it cannot start: one line, and a status that is not 0."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import embedded
from deploy.local.home import Home, free_port


def run_up(
    home: Path | str, *, unprivileged: bool = False, **changes: str
) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([os.getcwd(), f"{os.getcwd()}/protos/gen"])  # noqa: PTH109
    ports = {f"LIBRAL_{name}_PORT": str(free_port(set())) for name in ("GATEWAY", "DASHBOARD")}
    environment = os.environ | {"LIBRAL_HOME": str(home), "PYTHONPATH": paths} | ports | changes
    command = [sys.executable, "-m", "deploy.local", "up"]
    return subprocess.run(
        embedded.unprivileged(command) if unprivileged else command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Gives the one line that was told, of a run that failed."""
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = told(run_up(tmp_path, LIBRAL_GATEWAY_PORT=port))
    assert port in line
    assert "LIBRAL_GATEWAY_PORT" in line


@pytest.mark.parametrize("port", ["many", "0", "65536", "-1"])
def test_a_port_that_is_none(tmp_path, port):
    assert "LIBRAL_DASHBOARD_PORT" in told(run_up(tmp_path, LIBRAL_DASHBOARD_PORT=port))


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x", "postgresql://127.0.0.1:9/x"])
def test_a_broken_database_url(tmp_path, url):
    assert "DATABASE_URL" in told(run_up(tmp_path, DATABASE_URL=url))


def test_a_home_that_cannot_be_written():
    assert "/dev/null/home" in told(run_up("/dev/null/home"))


@pytest.mark.parametrize("closed", [".", "home", "home/run", "home/secrets"])
def test_a_home_without_write_access(tmp_path, closed):
    Home(tmp_path / "home").prepare()
    home = tmp_path / ("new" if closed == "." else "home")
    (tmp_path / closed).chmod(0o500)
    line = told(run_up(home, unprivileged=True))
    assert str(home) in line
    assert "Permission denied" in line
