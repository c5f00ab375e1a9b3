"""The gateway beside Envoy and a plain FastAPI gateway, in front of the same users room.

    python -m tests.benchmarks.gateway [--requests N] [--rounds N]

It starts a mesh of its own, makes 50 users, and takes the CPU time of each gateway process for the
same requests, in turns, over 32 connections that are kept alive. Ratios below 1 are ours.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import uvloop

from deploy.envoy.configuration import Address, make_configuration
from deploy.envoy.program import Envoy
from deploy.local.home import free_port
from gateway.descriptors import load_bundled
from gateway.settings import read_targets

ROOT = Path(__file__).parents[2]
PYTHONPATH = os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")])
PACKAGE = "libral.users.v1"
CONNECTIONS = 32
USERS = 50
READY_SECONDS = 120.0


@dataclass(frozen=True)
class Rival:
    """A gateway that is measured, and the process that it is."""

    name: str
    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """The processor time used so far, in seconds, with that of its threads."""
        times = self.process.cpu_times()
        return times.user + times.system


@contextmanager
def mesh(password: str) -> Iterator[tuple[int, Path]]:
    """Runs a mesh, and tells its gateway's port and its home."""
    with tempfile.TemporaryDirectory(prefix="libral-bench-") as folder:
        home, taken = Path(folder) / "home", set()
        port = free_port(taken)
        environment = os.environ | {
            "LIBRAL_HOME": str(home),
            "LIBRAL_GATEWAY_PORT": str(port),
            "LIBRAL_DASHBOARD_PORT": str(free_port(taken)),
            "LIBRAL_ADMIN_PASSWORD": password,
            "PYTHONPATH": PYTHONPATH,
        }
        with (Path(folder) / "up.log").open("wb") as log:
            runner = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", "up"],
                env=environment,
                stdout=log,
                stderr=log,
            )
            try:
                wait_ready(f"http://127.0.0.1:{port}/readyz")
                yield port, home
            finally:
                runner.send_signal(signal.SIGINT)
                runner.wait(60)


def wait_ready(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    sys.exit(f"{url} did not answer within {READY_SECONDS:.0f} seconds.")


def listening(port: int) -> psutil.Process:
    """The process that listens on a port of this machine."""
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
            return psutil.Process(found.pid)
    sys.exit(f"Nobody listens on port {port}.")


def targets(gateway: psutil.Process) -> dict[str, str]:
    """Whom the gateway calls, by package."""
    return dict(read_targets(gateway.environ()))


@contextmanager
def plain(target: str) -> Iterator[int]:
    port = free_port(set())
    script = Path(__file__).with_name("plain_gateway.py")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")])
    }
    process = subprocess.Popen([sys.executable, script, str(port), target], env=environment)
    try:
        wait_ready(f"http://127.0.0.1:{port}/openapi.json")
        yield port
    finally:
        process.terminate()
        process.wait(10)


async def send(port: int, path: str, token: str, count: int) -> None:
    """Sends requests over connections that are kept alive; every answer must be 200."""
    head = (
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n"
        "accept: application/json\r\n\r\n"
    ).encode()

    async def work(share: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(share):
            writer.write(head)
            top = await reader.readuntil(b"\r\n\r\n")
            if not top.startswith(b"HTTP/1.1 200"):
                sys.exit(f"{path} on {port}: {top.decode()}")
            length = int(top.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(work(count // CONNECTIONS) for _ in range(CONNECTIONS)))


def measure(
    rivals: list[Rival], path: str, token: str, count: int, rounds: int
) -> dict[str, float]:
    """The CPU time of each rival for one request, in microseconds: the median of the rounds."""
    found: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    for rival in rivals:
        uvloop.run(send(rival.port, path, token, CONNECTIONS * 10))
    for _ in range(rounds):
        for rival in rivals:
            before = rival.cpu()
            uvloop.run(send(rival.port, path, token, count))
            found[rival.name].append((rival.cpu() - before) / count * 1e6)
    return {name: statistics.median(times) for name, times in found.items()}


def show(title: str, times: dict[str, float], count: int, rounds: int) -> None:
    print(f"\n{title} (N = {rounds} x {count})")
    for name, each in times.items():
        print(f"  {name:8} {each:7.1f} µs CPU a request   x {times['ours'] / each:.2f}")


def make_users(client: httpx.Client) -> str:
    for number in range(USERS - 1):
        body = {"displayName": f"利用者 {number}", "roles": ["USER"]}
        client.post("/v1/users", json=body).raise_for_status()
    return client.get("/v1/users").raise_for_status().json()["users"][0]["name"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=3200, help="requests a round (3200)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    arguments = parser.parse_args()
    count, rounds = arguments.requests, arguments.rounds
    password = secrets.token_urlsafe(16)
    with mesh(password) as (port, _):
        base = f"http://127.0.0.1:{port}"
        login = {"login": "admin", "password": password}
        answer = httpx.post(f"{base}/v1/auth:login", json=login, trust_env=False)
        token = answer.raise_for_status().json()["accessToken"]
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
            name = make_users(client)
        gateway = listening(port)
        upstreams = targets(gateway)
        listen = Address("127.0.0.1", free_port(set()))
        configuration = make_configuration(load_bundled(), listen, upstreams)
        with Envoy(configuration, listen, 1), plain(upstreams[PACKAGE]) as plain_port:
            rivals = [
                Rival("ours", port, gateway),
                Rival("envoy", listen.port, listening(listen.port)),
                Rival("fastapi", plain_port, listening(plain_port)),
            ]
            one = measure(rivals, f"/v1/{name}", token, count, rounds)
            many = measure(rivals, "/v1/users?pageSize=50", token, count // 4, rounds)
    show("GET of one user", one, count, rounds)
    show(f"list of {USERS} users", many, count // 4, rounds)
    keys = {
        "get_vs_envoy": one["ours"] / one["envoy"],
        "get_vs_fastapi": one["ours"] / one["fastapi"],
        "list_vs_envoy": many["ours"] / many["envoy"],
    }
    print(json.dumps({key: round(value, 3) for key, value in keys.items()}))


if __name__ == "__main__":
    main()
