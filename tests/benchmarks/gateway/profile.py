"""Where the CPU time of the gateway goes: a gateway of the mesh's under a profiler, while it reads.

The profiler slows what it watches, functions of Python more than those of C, so the shares are to
be read and not the sum. Its clock is CPU time: waiting counts for nothing.
"""

import pstats
from pathlib import Path

import uvloop

from deploy.local.home import free_port
from tests.benchmarks.figures import Extent
from tests.benchmarks.gateway.mesh import Mesh
from tests.benchmarks.load import ask
from tests.benchmarks.processes import PROGRAMS, ROOT, python, running

ROWS = 15
WIDTH = 70


def show(mesh: Mesh, extent: Extent) -> None:
    """Prints the functions that took most time of their own during GETs of one user each."""
    port, result = free_port(set()), mesh.folder / "gateway.pstats"
    environment = mesh.gateway.environ() | {"LIBRAL_GATEWAY_PORT": str(port)}
    command = python(f"{PROGRAMS}.profiled_gateway", str(result))
    with running(command, environment, mesh.folder, port):
        uvloop.run(ask(port, mesh.reads(), extent.requests))
    rows = pstats.Stats(str(result)).stats
    total = sum(own for _, _, own, _, _ in rows.values())
    costly = sorted(rows.items(), key=lambda row: -row[1][2])[:ROWS]
    print(f"\nprofile of the gateway, GET of one user (N = {extent.requests:,}; own time)")
    for place, (_, calls, own, _, _) in costly:
        print(f"  {own / total:6.1%} {calls:>9,} calls  {name_of(place):.{WIDTH}}")


def name_of(place: tuple[str, int, str]) -> str:
    file, line, function = place
    if not line:
        return function
    path = Path(file)
    short = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(*path.parts[-2:])
    return f"{short}:{line} {function}"
