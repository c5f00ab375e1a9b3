"""The gateway compared with its peers: CPU, throughput and latency, in one run.

    python -m tests.benchmarks.gateway [--only SCENARIO …] [--requests N] [--rounds N] [--profile]

Every scenario starts the processes that it measures, sends all sides the same load in turns, and
takes the median of the rounds. The last line is one JSON object with the ratios. docs/benchmarks.md
explains each of them.
"""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterable
from types import FrameType

from tests.benchmarks.figures import BenchmarkSize, Figure, print_summary
from tests.benchmarks.gateway import (
    coalescing,
    fanout,
    path,
    profile,
    reads,
    routes,
    service,
    stalled,
)
from tests.benchmarks.gateway.mesh import running_mesh
from tests.benchmarks.interpreter import check_interpreter
from tests.benchmarks.processes import raise_file_limit

IN_MESH = {
    "reads": reads.measure,
    "coalescing": coalescing.measure,
    "room": service.measure,
    "path": path.measure,
}
ALONE = {"routes": routes.measure, "fanout": fanout.measure, "stalled": stalled.measure}


def main() -> None:
    arguments = make_parser().parse_args()
    signal.signal(signal.SIGTERM, exit_on_sigterm)
    raise_file_limit()
    print(f"measured on {check_interpreter().describe()}", flush=True)
    size = BenchmarkSize(arguments.requests, arguments.rounds, arguments.sockets)
    wanted = arguments.only or [*IN_MESH, *ALONE]
    figures = [*measure_in_mesh(wanted, size, with_profile=arguments.profile)]
    for name, measure in ALONE.items():
        if name in wanted:
            figures += measure(size)
    print_summary("gateway", figures)


def measure_in_mesh(
    wanted: list[str], size: BenchmarkSize, *, with_profile: bool
) -> Iterable[Figure]:
    """Yield the figures of the wanted scenarios that share one mesh."""
    names = [name for name in IN_MESH if name in wanted]
    if not names and not with_profile:
        return
    with running_mesh() as mesh:
        for name in names:
            yield from IN_MESH[name](mesh, size)
        if with_profile:
            profile.print_profile(mesh, size)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.gateway", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[*IN_MESH, *ALONE],
        help="measure this scenario; may be repeated (default: all)",
    )
    parser.add_argument(
        "--requests", type=at_least_one, default=3200, help="requests a round (%(default)s)"
    )
    parser.add_argument("--rounds", type=at_least_one, default=5, help="rounds (%(default)s)")
    parser.add_argument(
        "--sockets", type=at_least_one, default=1000, help="WebSockets of fanout (%(default)s)"
    )
    parser.add_argument(
        "--profile", action="store_true", help="show where the gateway's time goes in a GET"
    )
    return parser


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def exit_on_sigterm(_number: int, _frame: FrameType | None) -> None:
    """Raise SystemExit, which stops all child processes."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
