"""CPU a request with 10,000 routes in the gateway beside the same with 50.

Each gateway is asked along 32 routes that lie evenly over all that it has; the server behind them
answers every method alike.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Extent, Figure, show
from tests.benchmarks.gateway.alone import gateway
from tests.benchmarks.gateway.contracts import route, write_routes
from tests.benchmarks.load import make_request
from tests.benchmarks.processes import program
from tests.benchmarks.rivals import Rival, compare

MANY, FEW = 10_000, 50
CONNECTIONS = 32


def measure(extent: Extent) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="libral-bench-") as name:
        folder = Path(name)
        with (
            program(folder, "echo") as (echo, _),
            routed(folder, MANY, echo) as many,
            routed(folder, FEW, echo) as few,
        ):
            rivals = {f"{MANY:,} routes": many, f"{FEW} routes": few}
            found = compare(rivals, extent.requests, extent.rounds)
    n = extent.rounds * extent.requests
    show("GET along one of so many routes", found, "µs CPU a request", n)
    ours, base = found.values()
    return [Figure("routes_10000_vs_50", ours / base, 1.05, n)]


@contextlib.contextmanager
def routed(folder: Path, count: int, upstream: int) -> Iterator[Rival]:
    """Runs a gateway of so many routes."""
    chosen = [number * count // CONNECTIONS for number in range(CONNECTIONS)]
    requests = [make_request(route(number, "one")) for number in chosen]
    descriptors = write_routes(folder / f"{count}.binpb", count)
    with gateway(folder, descriptors, upstream) as (port, pid):
        yield Rival(port, (pid,), requests)
