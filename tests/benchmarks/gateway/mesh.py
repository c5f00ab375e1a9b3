"""A mesh with 50 users, shared by the scenarios that read them."""

import contextlib
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from dashboard.fonts import are_cut
from deploy.envoy.configuration import SocketAddress, Tree, make_configuration
from deploy.envoy.program import Envoy
from deploy.local.home import free_port
from gateway.contracts.descriptors import load_bundled
from gateway.settings import read_targets
from tests.benchmarks.figures import BenchmarkSize
from tests.benchmarks.load import make_request
from tests.benchmarks.processes import ENVIRONMENT, find_listener, python_command

USERS = 50
CONNECTIONS = 32
LIST_SHARE = 4
PACKAGE = "libral.users.v1"
READY_SECONDS = 120.0
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class BenchmarkMesh:
    """The addresses of a running mesh, an admin token, and the names of its users."""

    port: int
    gateway: psutil.Process
    users: psutil.Process
    targets: dict[str, str]
    token: str
    names: list[str]
    folder: Path

    def reads(self) -> list[bytes]:
        """Requests for one user each. They differ, so the gateway does not coalesce them."""
        return [make_request(f"/v1/{name}", self.token) for name in self.names[:CONNECTIONS]]

    def lists(self) -> list[bytes]:
        """Requests for all users. They differ in the page size, which is never reached."""
        sizes = range(USERS, USERS + CONNECTIONS)
        return [make_request(f"/v1/users?pageSize={size}", self.token) for size in sizes]

    @contextlib.contextmanager
    def envoy(self, users: str = "", **extensions: list[Tree]) -> Iterator[tuple[int, int]]:
        """Run Envoy with one worker in front of the services, or of another users service.

        `extensions` are the `filters` and `access_log` of `make_configuration`. Yield its port and
        pid.
        """
        listen = SocketAddress("127.0.0.1", free_port(set()))
        targets = self.targets | ({PACKAGE: users} if users else {})
        tree = make_configuration(load_bundled(), listen, targets, **extensions)
        with Envoy(tree, listen, 1):
            yield listen.port, find_listener(listen.port).pid


def list_count(size: BenchmarkSize) -> int:
    """Return the number of lists a round: a quarter of the requests, at least one a connection."""
    return max(CONNECTIONS, size.requests // LIST_SHARE)


@contextlib.contextmanager
def running_mesh() -> Iterator[BenchmarkMesh]:
    """Run a mesh in a temporary folder."""
    password, port = secrets.token_urlsafe(16), free_port(set())
    with tempfile.TemporaryDirectory(prefix="libral-bench-") as name:
        folder = Path(name)
        environment = ENVIRONMENT | {
            "LIBRAL_HOME": str(folder / "home"),
            "LIBRAL_GATEWAY_PORT": str(port),
            "LIBRAL_DASHBOARD_PORT": str(free_port({port})),
            "LIBRAL_ADMIN_PASSWORD": password,
        }
        with (folder / "up.log").open("wb") as log:
            runner = subprocess.Popen(
                python_command("deploy.local", "up"), env=environment, stdout=log, stderr=log
            )
        try:
            wait_ready(f"http://127.0.0.1:{port}/readyz")
            wait_fonts(folder / "home/fonts")
            yield look_around(port, password, folder)
        finally:
            runner.send_signal(signal.SIGINT)
            runner.wait(STOP_SECONDS)


def wait_ready(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.1)
    sys.exit(f"{url} did not respond within {READY_SECONDS:.0f} seconds.")


def wait_fonts(folder: Path) -> None:
    """Wait until the dashboard has written its font subsets, which uses one core for seconds."""
    deadline = time.monotonic() + READY_SECONDS
    while not are_cut(folder):
        if time.monotonic() > deadline:
            sys.exit(f"The dashboard did not write its fonts within {READY_SECONDS:.0f} seconds.")
        time.sleep(0.1)


def look_around(port: int, password: str, folder: Path) -> BenchmarkMesh:
    """Sign in, create users, and find the processes."""
    base = f"http://127.0.0.1:{port}"
    token = sign_in(port, password)
    gateway = find_listener(port)
    targets = dict(read_targets(gateway.environ()))
    return BenchmarkMesh(
        port=port,
        gateway=gateway,
        users=find_listener(int(targets[PACKAGE].rpartition(":")[2])),
        targets=targets,
        token=token,
        names=make_users(base, token),
        folder=folder,
    )


def sign_in(port: int, password: str) -> str:
    """Return an access token, which is valid for 15 minutes."""
    login = {"login": "admin", "password": password}
    url = f"http://127.0.0.1:{port}/v1/auth:login"
    token: str = (
        httpx.post(url, json=login, trust_env=False).raise_for_status().json()["accessToken"]
    )
    return token


def make_users(base: str, token: str) -> list[str]:
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
        for number in range(USERS - 1):
            body = {"displayName": f"利用者 {number}", "roles": ["USER"]}
            client.post("/v1/users", json=body).raise_for_status()
        users = client.get("/v1/users?pageSize=50").raise_for_status().json()["users"]
    return [user["name"] for user in users]
