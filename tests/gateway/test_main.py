"""The process: `python -m gateway`."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import PACKAGE

ROOT = Path(__file__).parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LIBRAL_")}
ENVIRONMENT = CLEAN | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_check_prints_the_routes():
    done = run("--check")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert ["GET", "/v1/{name=users/*}", "libral.users.v1.UserService.GetUser", "unary"] in rows
    assert [
        "GET",
        "/v1/events:stream",
        "libral.events.v1.EventService.StreamEvents",
        "server stream",
    ] in rows
    assert len({line.index(" libral.") for line in done.stdout.splitlines()}) == 1


def test_check_fails_in_one_line_without_a_set(tmp_path):
    done = run("--check", "--descriptor-set", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr == f"gateway: {tmp_path / 'none'}: No such file or directory.\n"


def test_help_and_a_wrong_command_line():
    done = run("--help")
    assert done.returncode == 0
    assert "--descriptor-set" in done.stdout
    assert run("--nope").returncode == 2


def test_a_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(LIBRAL_GATEWAY_PORT=str(port))
    assert done.returncode == 1
    assert done.stderr == f"gateway: Cannot listen on 127.0.0.1:{port}: Address already in use.\n"


def test_a_wrong_variable_is_one_line():
    done = run(LIBRAL_USERS_TARGET="nowhere")
    assert done.returncode == 1
    assert done.stderr == "gateway: LIBRAL_USERS_TARGET is 'nowhere': write it as host:port.\n"


@pytest.mark.asyncio(loop_scope="session")
async def test_serves_any_descriptor_set_and_drains_on_sigterm(descriptor_set, shared_echo):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--descriptor-set", str(descriptor_set)),
        *("--upstream", f"{PACKAGE}=127.0.0.1:{shared_echo.port}"),
        env=ENVIRONMENT | {"LIBRAL_GATEWAY_PORT": str(port), "LIBRAL_LOG_FORMAT": "json"},
        stderr=subprocess.PIPE,
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        line = await asyncio.wait_for(process.stderr.readline(), 10)
        assert b"gateway.ready" in line
        assert (await http.get("/v1/echo?text=a")).json()["text"] == "a"
        async with http.stream("GET", "/v1/public:stream?until=1&wait=true") as response:
            lines = response.aiter_lines()
            assert '"position":"1"' in await anext(lines)
            started = time.monotonic()
            process.terminate()
            assert "GATEWAY_DRAINING" in await anext(lines)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert time.monotonic() - started < 5
