"""A gateway that stands alone, as it is started before a server that is not of the mesh."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deploy.local.home import free_port
from tests.benchmarks.processes import ENVIRONMENT, python, running


@contextlib.contextmanager
def gateway(folder: Path, descriptors: Path, upstream: int) -> Iterator[tuple[int, int]]:
    """Runs a gateway of those descriptors before a port of this machine. Yields port and pid."""
    port = free_port(set())
    command = python("gateway", "--descriptor-set", str(descriptors), "--no-auth")
    command += ["--upstream", f"127.0.0.1:{upstream}"]
    environment = ENVIRONMENT | {"LIBRAL_GATEWAY_PORT": str(port)}
    with running(command, environment, folder, port) as process:
        yield port, process.pid
