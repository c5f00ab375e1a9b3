"""The metrics service, running, and what its parts are built with."""

import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from libral.metrics.v1 import metrics_pb2_grpc as contract

from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import Supervisor, start_supervisor, write_configuration
from services.kernel.clock import FixedClock
from services.metrics.__main__ import build
from tests.services.metrics.helpers import build_nothing, serve_page

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def environment(redis_url) -> dict[str, str]:
    return {"REDIS_URL": redis_url}


@pytest.fixture
async def room(mesh, environment):
    return await mesh.start("metrics", build, environment)


@pytest.fixture
def channel(mesh, room):
    return mesh.channel(room)


@pytest.fixture
def metrics(channel):
    return contract.MetricServiceStub(channel)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def kernel(mesh, clock):
    """The kernel of a service on an empty database, at a fixed time."""
    return (await mesh.start("metrics", build_nothing, clock=clock)).kernel


@pytest.fixture
async def page():
    async with serve_page() as page:
        yield page


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A supervisord that runs one program which sleeps."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv("PYTHONPATH", "")
    home.prepare()
    sleeper = [sys.executable, "-c", "import time; time.sleep(1000)"]
    script = tmp_path / "sleeper.py"
    script.write_text("import time\ntime.sleep(1000)\n")
    write_configuration(home, [Program("sleeper", [sleeper[0], str(script)], 10)])
    process: subprocess.Popen = start_supervisor(home)
    supervisor = Supervisor(home)
    deadline = time.monotonic() + 10
    while not supervisor.answers():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    supervisor.start("sleeper")
    yield home
    supervisor.shutdown()
    process.wait(15)
