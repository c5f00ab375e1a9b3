"""The gateway beside its peers: CPU, throughput and latency, in one run.

    python -m tests.benchmarks.gateway [--only SCENARIO …] [--requests N] [--rounds N] [--profile]

Every scenario starts what it measures, sends all sides the same load, in turns, and takes the
median of the rounds. The last line is one JSON object with the ratios. docs/benchmarks.md tells
what each of them compares.
"""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterable
from types import FrameType

from tests.benchmarks.figures import Extent, Figure, conclude
from tests.benchmarks.gateway import coalescing, fanout, path, profile, reads, room, routes, stalled
from tests.benchmarks.gateway.mesh import running_mesh
from tests.benchmarks.interpreter import check_interpreter
from tests.benchmarks.processes import raise_file_limit

IN_MESH = {
    "reads": reads.measure,
    "coalescing": coalescing.measure,
    "room": room.measure,
    "path": path.measure,
}
ALONE = {"routes": routes.measure, "fanout": fanout.measure, "stalled": stalled.measure}


def main() -> None:
    arguments = make_parser().parse_args()
    signal.signal(signal.SIGTERM, leave)
    raise_file_limit()
    print(f"measured on {check_interpreter().describe()}", flush=True)
    extent = Extent(arguments.requests, arguments.rounds, arguments.sockets)
    wanted = arguments.only or [*IN_MESH, *ALONE]
    figures = [*measure_in_mesh(wanted, extent, with_profile=arguments.profile)]
    for name, measure in ALONE.items():
        if name in wanted:
            figures += measure(extent)
    conclude("gateway", figures)


def measure_in_mesh(wanted: list[str], extent: Extent, *, with_profile: bool) -> Iterable[Figure]:
    """Measures the scenarios that share one mesh, if any is wanted."""
    names = [name for name in IN_MESH if name in wanted]
    if not names and not with_profile:
        return
    with running_mesh() as mesh:
        for name in names:
            yield from IN_MESH[name](mesh, extent)
        if with_profile:
            profile.show(mesh, extent)


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


def leave(_number: int, _frame: FrameType | None) -> None:
    """Ends by an exception, so that everything that was started is stopped."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
