"""The measured processes: start, wait, CPU time, stop."""

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
    """Allow this process and its children to open thousands of sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        sys.exit(f"The limit of open files is {hard}: these benchmarks need {FILES}.")
    if soft != resource.RLIM_INFINITY and soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process with all its threads, in seconds.

    It reads the process's CPU-time clock, which counts nanoseconds; `/proc` counts ticks of 10 ms.
    Linux derives the clock id from the pid (`clock_getcpuclockid(3)`).
    """
    return time.clock_gettime(~pid << 3 | 2)


@contextlib.contextmanager
def running_process(
    command: list[str], environment: Mapping[str, str], folder: Path, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that listens on a port. Yield when it listens; stop it at the end.

    Its output goes to a file, as under a supervisor.
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
def running_program(
    folder: Path, name: str, *arguments: str, **environment: str
) -> Iterator[tuple[int, int]]:
    """Run a program of these benchmarks. Yield its port and pid."""
    port = free_port(set())
    command = python_command(f"{PROGRAMS}.{name}", str(port), *arguments)
    with running_process(command, ENVIRONMENT | environment, folder, port) as process:
        yield port, process.pid


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module on the measured interpreter."""
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
    while not is_listening(port):
        if process.poll() is not None or time.monotonic() > deadline:
            output = log.read_text(errors="replace")[-LOG_CHARACTERS_MAX:]
            sys.exit(f"{process.args} does not listen on port {port}: {output}")
        time.sleep(POLL_SECONDS)


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def find_listener(port: int) -> psutil.Process:
    """Return the local process that listens on a port."""
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
            return psutil.Process(found.pid)
    sys.exit(f"No process listens on port {port}.")
