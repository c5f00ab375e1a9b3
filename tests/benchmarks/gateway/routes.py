"""CPU per request of a gateway with 10,000 routes compared with 50 routes.

Each gateway receives requests for 32 routes spread evenly over all its routes. The server behind
them handles all methods alike.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import BenchmarkSize, Figure, print_figures
from tests.benchmarks.gateway.contracts import route, write_routes
from tests.benchmarks.gateway.standalone_gateway import gateway
from tests.benchmarks.load import make_request
from tests.benchmarks.processes import running_program
from tests.benchmarks.rivals import Rival, compare

MANY, FEW = 10_000, 50
CONNECTIONS = 32


def measure(size: BenchmarkSize) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="libral-bench-") as name:
        folder = Path(name)
        with (
            running_program(folder, "echo") as (echo, _),
            routed(folder, MANY, echo) as many,
            routed(folder, FEW, echo) as few,
        ):
            rivals = {f"{MANY:,} routes": many, f"{FEW} routes": few}
            found = compare(rivals, size.requests, size.rounds)
    n = size.rounds * size.requests
    print_figures("GET along one of so many routes", found, "µs CPU a request", n)
    ours, base = found.values()
    return [Figure("routes_10000_vs_50", ours / base, 1.05, n)]


@contextlib.contextmanager
def routed(folder: Path, count: int, upstream: int) -> Iterator[Rival]:
    """Run a gateway with `count` routes."""
    chosen = [number * count // CONNECTIONS for number in range(CONNECTIONS)]
    requests = [make_request(route(number, "one")) for number in chosen]
    descriptors = write_routes(folder / f"{count}.binpb", count)
    with gateway(folder, descriptors, upstream) as (port, pid):
        yield Rival(port, (pid,), requests)
