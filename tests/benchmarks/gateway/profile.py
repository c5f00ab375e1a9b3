"""Where the CPU time of the gateway goes: one like the mesh's, under a profiler, while it reads.

The profiler slows what it watches, and functions of Python more than those of C: the shares are to
be read, and not the sum. Its clock is CPU time, so waiting counts for nothing. What the event loop
does when it is called, writing to a socket above all, counts for the function that called it; what
it does by itself is a row of its own.
"""

import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import uvloop

from deploy.local.home import free_port
from tests.benchmarks.figures import Extent
from tests.benchmarks.gateway.mesh import Mesh
from tests.benchmarks.load import ask
from tests.benchmarks.processes import PROGRAMS, ROOT, python, running
from tests.benchmarks.rivals import WARM_UP

ROWS = 15
SIGNAL_SECONDS = 1.0


def show(mesh: Mesh, extent: Extent) -> None:
    """Prints the functions that took most time of their own during GETs of one user each."""
    port, result = free_port(set()), mesh.folder / "profile.json"
    environment = mesh.gateway.environ() | {"LIBRAL_GATEWAY_PORT": str(port)}
    command = python(f"{PROGRAMS}.profiled_gateway", str(result))
    with running(command, environment, mesh.folder, port) as process:
        uvloop.run(ask(port, mesh.reads(), WARM_UP))
        tell(process, signal.SIGUSR1)
        uvloop.run(ask(port, mesh.reads(), extent.requests))
        tell(process, signal.SIGUSR2)
    found = json.loads(result.read_text())
    total, rows = found["seconds"], found["functions"]
    print(f"\nprofile of the gateway, GET of one user (N = {extent.requests:,}; own time)")
    parts: Counter[str] = Counter({"event loop": total - sum(own for *_, own in rows)})
    for file, *_, own in rows:
        parts[part_of(file)] += own
    for part, own in parts.most_common(ROWS):
        print(f"  {own / total:6.1%}  {part}")
    print("  of which, by function")
    for file, line, function, calls, own in sorted(rows, key=lambda row: -row[-1])[:ROWS]:
        name = f"{part_of(file)}:{line} {function}" if line else function
        print(f"  {own / total:6.1%} {calls:>9,} calls  {name}")


def tell(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    process.send_signal(number)
    time.sleep(SIGNAL_SECONDS)


def part_of(file: str) -> str:
    """The file of ours, or the package, that a function is of."""
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if path.is_relative_to(ROOT):
        return str(path.relative_to(ROOT))
    return "standard library" if path.is_absolute() else "functions in C, or generated"
