"""The event log beside its database alone, in one run: appends, lists, and events on screens.

    python -m tests.benchmarks.events [--only SCENARIO …] [--rows N] [--rounds N] [--screens N]

The last line is one JSON object. docs/benchmarks.md tells what each figure compares.
"""

import argparse
import contextlib
import signal
import sys
from dataclasses import dataclass
from types import FrameType

from tests.benchmarks.events import appends, lists, screens
from tests.benchmarks.figures import conclude
from tests.benchmarks.gateway.mesh import running_mesh
from tests.benchmarks.interpreter import check_interpreter
from tests.benchmarks.processes import raise_file_limit

SCENARIOS = {"appends": appends.measure, "screens": screens.measure, "lists": lists.measure}


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Rows of the log, rounds, screens, how many of them in a browser here, and seconds of events on
    them.
    """

    rows: int
    rounds: int
    screens: int
    browsers: int
    seconds: int


def main() -> None:
    arguments = make_parser().parse_args()
    signal.signal(signal.SIGTERM, leave)
    raise_file_limit()
    print(f"measured on {check_interpreter().describe()}", flush=True)
    extent = Extent(**{name: getattr(arguments, name) for name in Extent.__annotations__})
    figures = []
    with running_mesh() as mesh:
        for name in arguments.only or SCENARIOS:
            figures += SCENARIOS[name](mesh, extent)
    conclude("events", figures)


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
        ("browsers", 1, "of them drawn by a browser here"),
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


def leave(_number: int, _frame: FrameType | None) -> None:
    """Ends by an exception, so that everything that was started is stopped."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
