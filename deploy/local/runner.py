"""Start and stop a local mesh."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType

from deploy.local import embedded
from deploy.local.embedded import EmbeddedError
from deploy.local.home import Home, HomeError, is_free
from deploy.local.programs import EDGE, SERVICES, Plan, make_programs
from deploy.local.supervision import (
    CALL_ERRORS,
    SupervisordClient,
    start_supervisor,
    write_configuration,
)

READY_SECONDS = 90.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.1
BROKEN_SECONDS = 10.0


class RunError(Exception):
    """The mesh cannot run. The message is one line."""


def run_mesh(home: Home, *, detach: bool) -> None:
    """Start the mesh and, unless `detach` is true, run it until SIGINT or SIGTERM."""
    home.prepare()
    with home.lock():
        supervisor = SupervisordClient(home)
        if supervisor.is_running():
            raise HomeError(f"The mesh in {home.path} runs already. `libral down` stops it.")
        stopped = StopSignal()
        plan = Plan.create(home)
        check_ports(plan)
        prepare_servers(home, plan)
        write_configuration(home, make_programs(home, plan))
        process = start_supervisor(home)
        try:
            start_mesh(home, plan, supervisor, stopped)
            if not detach:
                while not stopped.received and process.poll() is None:
                    time.sleep(POLL_SECONDS)
        except BaseException:
            stop_mesh(home)
            raise
        if not detach:
            print_progress("Stopping…")
            stop_mesh(home)


class StopSignal:
    """Records that SIGINT or SIGTERM was received."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True


def check_ports(plan: Plan) -> None:
    for variable, port in (
        ("LIBRAL_GATEWAY_PORT", plan.gateway_port),
        ("LIBRAL_DASHBOARD_PORT", plan.dashboard_port),
    ):
        if not is_free(plan.host, port):
            raise RunError(f"Port {port} of {plan.host} is in use: set {variable} to another.")


def prepare_servers(home: Home, plan: Plan) -> None:
    if plan.embedded_database:
        if not home.postgres.exists():
            print_progress("Preparing the database…")
        embedded.create_cluster(home.postgres, home.secret("database_password"))
    else:
        try:
            embedded.run_statement(plan.database_url, "SELECT 1")
        except EmbeddedError as error:
            raise RunError(f"DATABASE_URL cannot be used: {error}") from None
    if plan.embedded_cache:
        embedded.write_valkey_configuration(
            home.run / "valkey.conf",
            home.run,
            plan.ports["valkey"],
            home.secret("cache_password"),
        )


def start_mesh(home: Home, plan: Plan, supervisor: SupervisordClient, stopped: StopSignal) -> None:
    start = time.monotonic()
    wait_until_ready("supervisor", supervisor.is_running, stopped)
    for name in plan.needs:
        supervisor.start(name)
    if plan.embedded_database:
        wait_until_ready("postgres", lambda: database_is_ready(home, plan), stopped)
        embedded.create_database(plan.ports["postgres"], home.secret("database_password"))
    if plan.embedded_cache:
        wait_until_ready("valkey", lambda: not is_free("127.0.0.1", plan.ports["valkey"]), stopped)
    for name in (*SERVICES, *EDGE):
        supervisor.start(name)
    monitor = StartupMonitor(home, supervisor)
    wait_until_ready(
        "the services", lambda: monitor.check() and is_ready(f"{plan.gateway_url}/readyz"), stopped
    )
    wait_until_ready(
        "dashboard", lambda: monitor.check() and is_ready(f"{plan.dashboard_url}/healthz"), stopped
    )
    print_progress(f"Ready after {time.monotonic() - start:.1f} s.")
    print_progress(
        f"Dashboard: {plan.dashboard_url} (user admin; `libral password` prints the password)."
    )


class StartupMonitor:
    """Detects programs that keep failing during startup."""

    def __init__(self, home: Home, supervisor: SupervisordClient) -> None:
        self._home = home
        self._supervisor = supervisor
        self._failing: dict[str, float] = {}

    def check(self) -> bool:
        """Return True. Raise RunError if a program has failed for too long."""
        now = time.monotonic()
        for process in self._supervisor.processes():
            name = str(process["name"])
            if process["statename"] in {"BACKOFF", "FATAL"}:
                since = self._failing.setdefault(name, now)
                if process["statename"] == "FATAL" or now - since > BROKEN_SECONDS:
                    line = last_line(self._home.logs / f"{name}.log")
                    raise RunError(f"{name} does not start: {line}")
        return True


def last_line(path: Path) -> str:
    with contextlib.suppress(OSError):
        lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return f"see {path}"


def wait_until_ready(what: str, ready: Callable[[], bool], stopped: StopSignal) -> None:
    print_progress(f"Waiting for {what}…")
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if stopped.received:
            raise RunError("Stopped before it was ready.")
        if time.monotonic() > deadline:
            raise RunError(f"{what} did not come up within {READY_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)


def database_is_ready(home: Home, plan: Plan) -> bool:
    url = embedded.postgres_url(
        plan.ports["postgres"], home.secret("database_password"), "postgres"
    )
    try:
        embedded.run_statement(url, "SELECT 1")
    except EmbeddedError:
        return False
    return True


@contextlib.contextmanager
def running_database(home: Home, plan: Plan) -> Generator[None, None, None]:
    """Keep the database running inside the context. Stop it at the end if it was not running."""
    if not plan.embedded_database or database_is_ready(home, plan):
        yield
        return
    command = embedded.postgres_command(home.postgres, plan.ports["postgres"])
    with (home.logs / "postgres.log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not database_is_ready(home, plan):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RunError(f"postgres does not start: {last_line(home.logs / 'postgres.log')}")
            time.sleep(POLL_SECONDS)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(STOP_SECONDS)


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own http:// URL
            return bool(response.status == 200)  # noqa: PLR2004 - HTTP 200
    except (OSError, urllib.error.URLError):
        return False


def stop_mesh(home: Home) -> None:
    """Stop everything: the edge first, the data stores last."""
    supervisor = SupervisordClient(home)
    with contextlib.suppress(*CALL_ERRORS):
        pid = supervisor.pid()
        for group in (EDGE, SERVICES):
            for name in group:
                supervisor.stop(name)
            wait_stopped(supervisor, group)
        supervisor.shutdown()
        wait_gone(pid)
    home.socket.unlink(missing_ok=True)


def wait_stopped(supervisor: SupervisordClient, names: tuple[str, ...]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        running = [one for one in supervisor.processes() if one["name"] in names and one["pid"]]
        if not running:
            return
        time.sleep(POLL_SECONDS)


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(POLL_SECONDS)
    raise RunError(f"supervisord (pid {pid}) does not stop.")


def print_progress(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
