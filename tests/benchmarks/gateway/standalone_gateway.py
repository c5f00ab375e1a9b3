"""A standalone gateway in front of a server that is not part of a mesh."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deploy.local.home import free_port
from tests.benchmarks.processes import ENVIRONMENT, python_command, running_process


@contextlib.contextmanager
def gateway(folder: Path, descriptors: Path, upstream: int) -> Iterator[tuple[int, int]]:
    """Run a gateway with these descriptors in front of a local port. Yield its port and pid."""
    port = free_port(set())
    command = python_command("gateway", "--descriptor-set", str(descriptors), "--no-auth")
    command += ["--upstream", f"127.0.0.1:{upstream}"]
    environment = ENVIRONMENT | {"LIBRAL_GATEWAY_PORT": str(port)}
    with running_process(command, environment, folder, port) as process:
        yield port, process.pid
