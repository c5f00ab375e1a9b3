"""A partial mesh for all tests of this folder, and small homes with their own supervisord."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deploy.local import runner
from deploy.local.home import Home, free_port
from deploy.local.programs import SERVERS, SERVICES, Plan, Program, make_programs
from deploy.local.runner import StopSignal
from deploy.local.supervision import SupervisordClient, start_supervisor, write_configuration
from tests.conftest import wait_until

OWN = ("LIBRAL_", "TELEGRAM_", "DATABASE_URL", "REDIS_URL", "PYTEST_CURRENT_TEST")
REAL = (*SERVERS, "users", "events", "gateway")
"""The programs of the partial mesh that are real. The others sleep, or serve one file."""
SLEEP = "import time\nprint('ready', flush=True)\ntime.sleep(1000)\n"
STOP_SECONDS = 20
START_SECONDS = 20


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset the variables that a mesh reads."""
    for name in os.environ:
        if name.startswith(OWN):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_environment(monkeypatch)


@contextlib.contextmanager
def kept_signals() -> Iterator[None]:
    """Restore the handlers that `StopSignal` replaces."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


@pytest.fixture
def stopped() -> Iterator[StopSignal]:
    with kept_signals():
        yield StopSignal()


@dataclass(frozen=True)
class PartialMesh:
    """PostgreSQL, Valkey, users, events and the gateway, started like `libral up` does."""

    home: Home
    plan: Plan
    process: subprocess.Popen
    printed: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the mesh."""
        return {
            "LIBRAL_GATEWAY_PORT": str(self.plan.gateway_port),
            "LIBRAL_DASHBOARD_PORT": str(self.plan.dashboard_port),
        }


def partial_programs(home: Home, plan: Plan) -> list[Program]:
    """Return the programs of a mesh. Most services are replaced by a sleeping process."""
    sleeper = script(home.path / "sleeper.py", SLEEP)
    (home.path / "healthz").touch()
    file_server = [sys.executable, "-m", "http.server", str(plan.dashboard_port)]
    file_server += ["--bind", "127.0.0.1", "--directory", str(home.path)]
    replaced = {"dashboard": file_server} | dict.fromkeys(SERVICES, sleeper)
    away = [f"LIBRAL_{service.upper()}_TARGET" for service in SERVICES if service not in REAL]
    programs = []
    for program in make_programs(home, plan):
        environment = program.environment
        if program.name == "gateway":
            environment = {k: v for k, v in environment.items() if k not in away}
        command = program.command if program.name in REAL else replaced[program.name]
        programs.append(replace(program, command=command, environment=environment))
    return programs


@pytest.fixture(scope="package")
def mesh(copy_home: Callable[[Path], Home], scratch: Path) -> Iterator[PartialMesh]:
    with pytest.MonkeyPatch.context() as monkeypatch, kept_signals():
        clear_environment(monkeypatch)
        taken: set[int] = set()
        for name in ("GATEWAY", "DASHBOARD"):
            port = free_port(taken)
            taken.add(port)
            monkeypatch.setenv(f"LIBRAL_{name}_PORT", str(port))
        home = copy_home(scratch / "deploy")
        plan, printed = Plan.create(home), io.StringIO()
        runner.prepare_servers(home, plan)
        write_configuration(home, partial_programs(home, plan))
        process = start_supervisor(home)
        try:
            with contextlib.redirect_stdout(printed):
                runner.start_mesh(home, plan, SupervisordClient(home), StopSignal())
            yield PartialMesh(home, plan, process, printed.getvalue())
        finally:
            kill(home, process)


def kill(home: Home, process: subprocess.Popen) -> None:
    """Kill a supervisord and its programs: a shutdown takes seconds."""
    supervisor = SupervisordClient(home)
    running = supervisor.processes() if supervisor.is_running() else []
    process.kill()
    process.wait(STOP_SECONDS)
    for one in running:
        # PostgreSQL is stopped by a signal, to free its shared memory.
        number = signal.SIGQUIT if one["name"] == "postgres" else signal.SIGKILL
        if one["pid"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one["pid"], number)
    home.socket.unlink(missing_ok=True)


def script(path: Path, text: str) -> list[str]:
    """Write a Python program and return the command that runs it."""
    path.write_text(text)
    return [sys.executable, str(path)]


@dataclass
class Supervised:
    """A home with a supervisord and a few small programs."""

    home: Home
    process: subprocess.Popen
    supervisor: SupervisordClient

    def start(self, *names: str) -> None:
        """Start programs and wait until each has printed `ready`.

        A signal sent before a program is executed would be lost.
        """
        for name in names:
            self.supervisor.start(name)
        for name in names:
            log = self.home.logs / f"{name}.log"
            wait_until(lambda log=log: log.read_text().index("ready"), (OSError, ValueError))

    def state(self, name: str) -> str:
        return next(p["statename"] for p in self.supervisor.processes() if p["name"] == name)

    def wait_for(self, name: str, state: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.state(name) != state:
            assert time.monotonic() < deadline, (name, self.state(name))
            time.sleep(0.02)


@pytest.fixture
def supervise(monkeypatch) -> Iterator[Callable[[Home, Iterable[Program]], Supervised]]:
    """Return a function that starts a supervisord. All of them stop after the test."""
    running: list[Supervised] = []

    def start(home: Home, programs: Iterable[Program]) -> Supervised:
        home.prepare()
        write_configuration(home, programs)
        one = Supervised(home, start_supervisor(home), SupervisordClient(home))
        running.append(one)
        deadline = time.monotonic() + START_SECONDS
        while not one.supervisor.is_running():
            assert time.monotonic() < deadline, (home.logs / "supervisord.err").read_text()
            time.sleep(0.02)
        return one

    yield start
    for one in running:
        kill(one.home, one.process)
