"""The event log compared with its database alone: appends, lists, and events on screens.

    python -m tests.benchmarks.events [--only SCENARIO …] [--rows N] [--rounds N] [--screens N]

The last line is one JSON object. docs/benchmarks.md explains each figure.
"""

import argparse
import contextlib
import signal
import sys
from dataclasses import dataclass
from types import FrameType

from tests.benchmarks.events import appends, lists, screens
from tests.benchmarks.figures import print_summary
from tests.benchmarks.gateway.mesh import running_mesh
from tests.benchmarks.interpreter import check_interpreter
from tests.benchmarks.processes import raise_file_limit

SCENARIOS = {"appends": appends.measure, "screens": screens.measure, "lists": lists.measure}


@dataclass(frozen=True)
class EventsBenchmarkSize:
    """The size of a run.

    Rows of the log, rounds, screens, screens in a real browser, and seconds of events.
    """

    rows: int
    rounds: int
    screens: int
    browsers: int
    seconds: int


def main() -> None:
    arguments = make_parser().parse_args()
    signal.signal(signal.SIGTERM, exit_on_sigterm)
    raise_file_limit()
    print(f"measured on {check_interpreter().describe()}", flush=True)
    size = EventsBenchmarkSize(
        **{name: getattr(arguments, name) for name in EventsBenchmarkSize.__annotations__}
    )
    figures = []
    with running_mesh() as mesh:
        for name in arguments.only or SCENARIOS:
            figures += SCENARIOS[name](mesh, size)
    print_summary("events", figures)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.events", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=SCENARIOS,
        help="measure this scenario; may be repeated (default: all)",
    )
    for name, default, meaning in (
        ("rows", 5_000_000, "rows of the log for lists"),
        ("rounds", 5, "rounds of appends"),
        ("screens", 20, "open dashboards"),
        ("browsers", 1, "dashboards in a real browser"),
        ("seconds", 30, "seconds of events on screens"),
    ):
        parser.add_argument(
            f"--{name}", type=at_least_one, default=default, help=f"{meaning} (%(default)s)"
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
