"""A whole mesh, started by the command line like an operator does, and a browser."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.home import free_port
from tests.fakes import botapi
from tests.mesh import Mesh

READY_SECONDS = 120
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class LocalMesh(Mesh):
    """A mesh started by `libral`."""

    home: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        """Run `libral` with arguments and return its output."""
        command = [sys.executable, "-m", "deploy.local", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout


@contextmanager
def fake_bot_api() -> Iterator[botapi.FakeBotApi]:
    """Serve the fake Bot API in a separate thread."""
    started, found = threading.Event(), []

    async def serve() -> None:
        stop = asyncio.Event()
        async with botapi.serve_bot_api() as api:
            found.extend((api, asyncio.get_running_loop(), stop))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    api, loop, stop = found
    try:
        yield api
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@pytest.fixture(scope="session")
def mesh(scratch: Path) -> Iterator[LocalMesh]:
    home, taken = scratch / "home", set()
    gateway, dashboard = free_port(taken), free_port(taken)
    with fake_bot_api() as api:
        # NiceGUI behaves differently if this variable is set.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        environment = inherited | {
            "LIBRAL_HOME": str(home),
            "LIBRAL_GATEWAY_PORT": str(gateway),
            "LIBRAL_DASHBOARD_PORT": str(dashboard),
            "LIBRAL_ADMIN_PASSWORD": PASSWORD,
            "TELEGRAM_BOT_TOKEN": botapi.TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": botapi.SECRET,
            "TELEGRAM_API_BASE": api.url,
            "PYTHONPATH": os.pathsep.join([os.getcwd(), f"{os.getcwd()}/protos/gen"]),  # noqa: PTH109
        }
        log = scratch / "up.log"
        with log.open("wb") as output:
            runner = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", "up"],
                env=environment,
                stdout=output,
                stderr=output,
            )
        try:
            wait_for_ready(runner, log)
            yield LocalMesh(
                gateway=f"http://127.0.0.1:{gateway}",
                dashboard=f"http://127.0.0.1:{dashboard}",
                password=PASSWORD,
                home=home,
                environment=environment,
            )
        finally:
            runner.send_signal(signal.SIGINT)
            runner.wait(60)


def wait_for_ready(runner: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while "Dashboard:" not in log.read_text():
        assert runner.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
