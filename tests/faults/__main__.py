"""Run the mesh under faults and check its promises.

    python -m tests.faults [--seed N] [--events N] [--faults N] [--minutes N]

Starts a whole mesh in a temporary folder, runs a workload while it injects faults drawn from the
seed, lets the mesh recover, and checks every promise. The last line is one JSON object. The exit
status is 1 if a promise was broken. docs/faults.md has the details.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.mutations import MUTATIONS
from tests.faults.report import print_findings, print_summary, show_counts, show_violations
from tests.faults.run import RunSize, run
from tests.faults.schedule import KINDS, read_kind


def main() -> None:
    arguments = make_parser().parse_args()
    size = RunSize(
        seed=arguments.seed,
        events=arguments.events,
        faults=arguments.faults,
        minutes=arguments.minutes,
        only=tuple(arguments.only or ()),
        mutation=arguments.mutate or "",
    )
    keep = Path(tempfile.mkdtemp(prefix="libral-faults-logs-"))
    print(f"Seed {size.seed}: at least {size.events:,} events and {size.faults} faults.")
    outcome = asyncio.run(interruptible(size, keep))
    show_counts("Faults", Counter(fault.kind for fault in outcome.history.faults))
    show_counts("Reopened streams", outcome.cuts)
    show_counts("Warnings in the logs", outcome.lines)
    if outcome.green:
        shutil.rmtree(keep)
    else:
        show_violations(outcome.findings, outcome.history, size.seed)
        outcome.history.dump(keep / "history.jsonl")
        print(f"\nLogs and recent history are in {keep}")
    print_findings(outcome.findings, size.seed)
    print_summary(outcome.findings, size.seed, outcome.events, outcome.faults)
    sys.exit(0 if outcome.green else 1)


async def interruptible(size: RunSize, keep: Path):
    """Run the harness. SIGTERM, like Ctrl-C, stops all child processes."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(size, keep)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__.splitlines()[0]
    )
    number = {"type": positive, "metavar": "N"}
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of workload and faults (%(default)s)"
    )
    parser.add_argument(
        "--events", **number, default=20_000, help="minimum number of events (%(default)s)"
    )
    parser.add_argument(
        "--faults", **number, default=60, help="minimum number of faults (%(default)s)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=10.0,
        help="maximum duration without recovery (%(default)s)",
    )
    parser.add_argument(
        "--only",
        action="append",
        type=known_kind,
        metavar="KIND[:TARGET]",
        help=f"use only this fault; may be repeated ({', '.join(KINDS)})",
    )
    parser.add_argument(
        "--mutate", choices=MUTATIONS, help="remove this safeguard; the run must fail"
    )
    return parser


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def known_kind(text: str) -> str:
    read_kind(text)
    return text


if __name__ == "__main__":
    main()
