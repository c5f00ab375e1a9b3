"""A CPU profile of a gateway with the environment of the mesh's gateway, during reads.

The profiler slows down the program, Python functions more than C functions, so only the shares are
meaningful. Its clock is CPU time, so waiting is not counted. Work of the event loop inside a call,
such as writing to a socket, counts for the caller; the rest of it is a separate row.
"""

import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import uvloop

from deploy.local.home import free_port
from tests.benchmarks.figures import BenchmarkSize
from tests.benchmarks.gateway.mesh import BenchmarkMesh
from tests.benchmarks.load import ask
from tests.benchmarks.processes import PROGRAMS, ROOT, python_command, running_process
from tests.benchmarks.rivals import WARM_UP

ROWS = 15
SIGNAL_SECONDS = 1.0


def print_profile(mesh: BenchmarkMesh, size: BenchmarkSize) -> None:
    """Print the functions with the most own time during GETs of one user each."""
    port, result = free_port(set()), mesh.folder / "profile.json"
    environment = mesh.gateway.environ() | {"LIBRAL_GATEWAY_PORT": str(port)}
    command = python_command(f"{PROGRAMS}.profiled_gateway", str(result))
    with running_process(command, environment, mesh.folder, port) as process:
        uvloop.run(ask(port, mesh.reads(), WARM_UP))
        send_signal(process, signal.SIGUSR1)
        uvloop.run(ask(port, mesh.reads(), size.requests))
        send_signal(process, signal.SIGUSR2)
    found = json.loads(result.read_text())
    total, rows = found["seconds"], found["functions"]
    print(f"\nprofile of the gateway, GET of one user (N = {size.requests:,}; own time)")
    parts: Counter[str] = Counter({"event loop": total - sum(own for *_, own in rows)})
    for file, *_, own in rows:
        parts[part_of(file)] += own
    for part, own in parts.most_common(ROWS):
        print(f"  {own / total:6.1%}  {part}")
    print("  of which, by function")
    for file, line, function, calls, own in sorted(rows, key=lambda row: -row[-1])[:ROWS]:
        name = f"{part_of(file)}:{line} {function}" if line else function
        print(f"  {own / total:6.1%} {calls:>9,} calls  {name}")


def send_signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    process.send_signal(number)
    time.sleep(SIGNAL_SECONDS)


def part_of(file: str) -> str:
    """Return the file of this repository, or the package, of a function."""
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if path.is_relative_to(ROOT):
        return str(path.relative_to(ROOT))
    return "standard library" if path.is_absolute() else "functions in C, or generated"
