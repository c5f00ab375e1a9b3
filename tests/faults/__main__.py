"""The mesh under faults.

    python -m tests.faults [--seed N] [--events N] [--faults N] [--minutes N]

Starts a whole mesh in a temporary folder, works with it while faults are dealt to it by the seed,
heals it, and checks every promise. The last line is one JSON object. Exit status 1: a promise was
broken. docs/faults.md tells more.
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
from tests.faults.report import conclude, show, show_counts, show_violations
from tests.faults.run import Extent, run
from tests.faults.schedule import KINDS, read_kind


def main() -> None:
    arguments = make_parser().parse_args()
    extent = Extent(
        seed=arguments.seed,
        events=arguments.events,
        faults=arguments.faults,
        minutes=arguments.minutes,
        only=tuple(arguments.only or ()),
        mutation=arguments.mutate or "",
    )
    keep = Path(tempfile.mkdtemp(prefix="libral-faults-logs-"))
    print(f"Seed {extent.seed}: at least {extent.events:,} events and {extent.faults} faults.")
    outcome = asyncio.run(interruptible(extent, keep))
    show_counts("Faults", Counter(blow.kind for blow in outcome.history.blows))
    show_counts("Streams opened again", outcome.cuts)
    show_counts("Warnings in the logs", outcome.lines)
    if outcome.green:
        shutil.rmtree(keep)
    else:
        show_violations(outcome.findings, outcome.history, extent.seed)
        outcome.history.dump(keep / "history.jsonl")
        print(f"\nThe logs and the last of the history are in {keep}")
    show(outcome.findings, extent.seed)
    conclude(outcome.findings, extent.seed, outcome.events, outcome.faults)
    sys.exit(0 if outcome.green else 1)


async def interruptible(extent: Extent, keep: Path):
    """Runs so that SIGTERM, like Ctrl-C, stops everything that was started."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(extent, keep)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__.splitlines()[0]
    )
    number = {"type": positive, "metavar": "N"}
    parser.add_argument("--seed", type=int, default=1, help="of workload and faults (%(default)s)")
    parser.add_argument(
        "--events", **number, default=20_000, help="at least so many events (%(default)s)"
    )
    parser.add_argument(
        "--faults", **number, default=60, help="at least so many faults (%(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="at most so long, plus healing (%(default)s)"
    )
    parser.add_argument(
        "--only",
        action="append",
        type=known_kind,
        metavar="KIND[:TARGET]",
        help=f"deal this alone; may be repeated ({', '.join(KINDS)})",
    )
    parser.add_argument(
        "--mutate", choices=MUTATIONS, help="take a safeguard out, which has to be noticed"
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
