"""The process: `python -m gateway`."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import PACKAGE

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "images" / "gateway.Dockerfile"
COPY = re.compile(r"^COPY ([^-].*) /app(/.*)$", re.MULTILINE)
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


@pytest.fixture
def image(tmp_path) -> Path:
    """A folder with the contents of the gateway's image."""
    for source, target in COPY.findall(DOCKERFILE.read_text()):
        place = tmp_path / target.strip("/")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, place)
    return tmp_path


def test_the_image_holds_the_gateway_and_what_it_shares(image):
    assert {path.name for path in image.iterdir()} == {
        *("gateway", "libral", "services", "pyproject.toml"),
    }
    assert {path.name for path in (image / "services").iterdir()} == {"__init__.py", "common"}
    assert {path.name for path in (image / "libral").iterdir()} == {"gateway", "descriptors.binpb"}


@pytest.mark.asyncio(loop_scope="session")
async def test_serves_from_what_the_image_holds(image):
    environment = CLEAN | {"PYTHONPATH": str(image), "LIBRAL_LOG_FORMAT": "json"}
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--no-auth"),
        env=environment | {"LIBRAL_GATEWAY_PORT": str(port)},
        cwd=image,
        stderr=subprocess.PIPE,
    )
    try:
        line = await asyncio.wait_for(process.stderr.readline(), 20)
        assert b"gateway.ready" in line
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert (await http.get("/healthz")).json()["status"] == "SERVING"
            assert (await http.get("/v1/users")).status_code == 503
            assert "/v1/users" in (await http.get("/openapi.json")).json()["paths"]
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)
