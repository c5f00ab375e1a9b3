"""The processes that are measured: started, waited for, asked for their CPU time, stopped."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from deploy.local.home import free_port
from tests.benchmarks.interpreter import find_executable

ROOT = Path(__file__).parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LIBRAL_")}
ENVIRONMENT = CLEAN | {
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")]),
    "LIBRAL_LOG_FORMAT": "json",
}
PROGRAMS = "tests.benchmarks.gateway.programs"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
LOG_CHARACTERS_MAX = 4000
FILES = 8192


def raise_file_limit() -> None:
    """Lets this process, and those that it starts, hold thousands of sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        sys.exit(f"The limit of open files is {hard}: these benchmarks need {FILES}.")
    if soft != resource.RLIM_INFINITY and soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


def cpu_seconds(pid: int) -> float:
    """The processor time that a process used so far, in seconds, with that of all its threads.

    It reads the process's CPU-time clock, which counts nanoseconds where `/proc` counts ticks
    of 10 ms. Linux forms the clock's id of the pid (`clock_getcpuclockid(3)`).
    """
    return time.clock_gettime(~pid << 3 | 2)


@contextlib.contextmanager
def running(
    command: list[str], environment: Mapping[str, str], folder: Path, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program that listens on a port, from when it does until the end of this context.

    What it writes goes to a file, as it does under a supervisor.
    """
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_listening(process, port, folder / f"{port}.log")
        yield process
    finally:
        stop(process)


@contextlib.contextmanager
def program(
    folder: Path, name: str, *arguments: str, **environment: str
) -> Iterator[tuple[int, int]]:
    """Runs a program of these benchmarks. Yields the port that it listens on, and its pid."""
    port = free_port(set())
    command = python(f"{PROGRAMS}.{name}", str(port), *arguments)
    with running(command, ENVIRONMENT | environment, folder, port) as process:
        yield port, process.pid


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module on the interpreter that is measured."""
    return [find_executable(), "-m", module, *arguments]


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            told = log.read_text(errors="replace")[-LOG_CHARACTERS_MAX:]
            sys.exit(f"{process.args} does not listen on port {port}: {told}")
        time.sleep(POLL_SECONDS)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def listener(port: int) -> psutil.Process:
    """The process that listens on a port of this machine."""
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
            return psutil.Process(found.pid)
    sys.exit(f"Nobody listens on port {port}.")
