"""Comparison of two checkouts by the gateway's benchmark, in interleaved pairs of runs.

    python -m tests.benchmarks.gateway.compare OTHER_CHECKOUT [--pairs N] [OPTION …]

The other checkout is the base. Other options, such as `--only` and `--requests`, are passed to the
benchmarks of both. Each checkout runs its own code, on the interpreter of `BENCH_PYTHON` if set.
The exit status is 1 if a key is worse by more than both 5 % and the spread of the base. The last
line is one JSON object.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.comparison import Run, compare_runs, make_summary, make_table
from tests.benchmarks.gateway.__main__ import at_least_one, exit_on_sigterm
from tests.benchmarks.interpreter import MODULES, VARIABLE, check_interpreter, find_executable
from tests.benchmarks.processes import ROOT

PROGRAM = "tests.benchmarks.gateway"
ENTRY = Path("tests/benchmarks/gateway/__main__.py")
STOP_SECONDS = 120.0
# The benchmark itself runs on this interpreter, so the packages of its peers are needed too.
BENCHMARK_MODULES = (*MODULES, "envoy", "httpx", "psutil")
OUTPUT_CHARACTERS_MAX = 4000


def main() -> None:
    arguments, options = make_parser().parse_known_args()
    signal.signal(signal.SIGTERM, exit_on_sigterm)
    base = arguments.checkout.absolute()
    if not (base / ENTRY).exists():
        sys.exit(f"{base} is no checkout with {ENTRY}.")
    print(f"both run on {check_interpreter(BENCHMARK_MODULES).describe()}", flush=True)
    sys.exit(print_comparison(run_pairs(base, arguments.pairs, options)))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {PROGRAM}.compare",
        description=__doc__.splitlines()[0],
        epilog=f"Other options go to both runs of {PROGRAM}. Environment: {VARIABLE}.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "checkout", type=Path, metavar="OTHER_CHECKOUT", help="the checkout to compare with"
    )
    parser.add_argument(
        "--pairs", type=at_least_one, default=5, help="runs of each checkout (%(default)s)"
    )
    return parser


def print_comparison(pairs: list[tuple[Run, Run]]) -> int:
    """Print the table, and JSON in the last line. Return 1 if a key is worse, else 0."""
    rows = compare_runs(pairs)
    summary = make_summary(rows, len(pairs))
    print(make_table(rows, len(pairs)))
    print(json.dumps(summary), flush=True)
    return 1 if summary["worse"] else 0


def run_pairs(base: Path, count: int, options: list[str]) -> list[tuple[Run, Run]]:
    """Run both checkouts `count` times in turns. Return pairs of results (base, this).

    Every other pair begins with this checkout.
    """
    pairs = []
    for turn in range(count):
        sides = order_of(turn, {"base": base, "this": ROOT})
        found = {}
        for name, checkout in sides.items():
            print(f"pair {turn + 1} of {count}: {name} …", file=sys.stderr, flush=True)
            started = time.monotonic()
            found[name] = run_benchmark(checkout, options)
            print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        pairs.append((found["base"], found["this"]))
    return pairs


def order_of(turn: int, sides: Mapping[str, Path]) -> dict[str, Path]:
    """Return the sides in the order of a turn, which is reversed in every second turn."""
    items = list(sides.items())
    return dict(reversed(items) if turn % 2 else items)


def run_benchmark(checkout: Path, options: list[str]) -> Run:
    """Run the benchmark of a checkout. Return the JSON object of its last line.

    The run has a separate process session: Ctrl-C reaches only this process, which then stops the
    run in order. Exit with an error if the run fails.
    """
    process = subprocess.Popen(
        [find_executable(), "-m", PROGRAM, *options],
        cwd=checkout,
        env=make_environment(checkout, os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        stop(process)
        raise
    try:
        return read_result(output, process.returncode)
    except ValueError as error:
        sys.exit(f"The benchmark of {checkout} failed: {error}")


def read_result(output: str, status: int) -> Run:
    """Return the JSON object in the last line of a run's output.

    Raises:
        ValueError: The run failed, or its last line is not a JSON object.
    """
    lines = output.strip().splitlines()
    if status == 0 and lines:
        with contextlib.suppress(json.JSONDecodeError):
            found = json.loads(lines[-1])
            if isinstance(found, dict):
                return found
    raise ValueError(f"status {status}, output: {output[-OUTPUT_CHARACTERS_MAX:]}")


def make_environment(checkout: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run.

    `BENCH_PYTHON` is removed: the run already uses that interpreter, and older checkouts do not
    know the variable.
    """
    path = os.pathsep.join([str(checkout), str(checkout / "protos/gen")])
    kept = {name: value for name, value in environment.items() if name != VARIABLE}
    return kept | {"PYTHONPATH": path}


def stop(process: "subprocess.Popen[str]") -> None:
    """Stop a run, which stops its child processes."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
