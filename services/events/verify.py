"""Verify the log without the service: `python -m services.events.verify`.

It reads the database of DATABASE_URL in one snapshot, recomputes the chain
from the first event that is kept to the head, and compares it with the
checkpoints that were published outside the database.
Exit status: 0 sound, 1 not, 2 it could not be checked.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from services.events.adapters.checkpoint_files import read_checkpoints
from services.events.domain.checkpoints import ChannelError, Checkpoint
from services.events.domain.verification import Verdict
from services.events.service.verification import verify_log
from services.kernel.database.database import open_engine
from services.kernel.database.schema import error_line

BROKEN, UNCHECKED = 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m services.events.verify",
        description="Checks the event log in DATABASE_URL, without the events room.",
        epilog="Exit status: 0 sound, 1 not, 2 it could not be checked.",
    )
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=os.environ.get("LIBRAL_CHECKPOINTS"),
        help="folder with what was told of the log (LIBRAL_CHECKPOINTS)",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args()
    try:
        published = read_checkpoints(arguments.checkpoints) if arguments.checkpoints else []
        url = os.environ.get("DATABASE_URL") or parser.error("DATABASE_URL is not set.")
        verdict = asyncio.run(run(url, published, progress=sys.stderr.isatty()))
    except ChannelError as error:
        sys.stderr.write(f"The checkpoints cannot be read: {error}\n")
        return UNCHECKED
    except (OSError, TimeoutError, DBAPIError) as error:
        sys.stderr.write(f"DATABASE_URL cannot be used: {error_line(error)}\n")
        return UNCHECKED
    answer = as_json(verdict) if arguments.json else describe(verdict)
    sys.stdout.write(f"{answer}\n")
    return BROKEN if verdict.defect else 0


async def run(url: str, checkpoints: Sequence[Checkpoint], *, progress: bool) -> Verdict:
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            verdict = await verify_log(connection, checkpoints, show if progress else None)
    finally:
        await engine.dispose()
    if progress:
        sys.stderr.write("\n")
    return verdict


def show(checked: int, head: int) -> None:
    sys.stderr.write(f"\r{checked:,} of {head:,} events checked")


def as_json(verdict: Verdict) -> str:
    defect = verdict.defect
    content = {
        "checked": verdict.checked,
        "head": verdict.head,
        "checkpoints": verdict.checkpoints,
        "defect": defect and {"position": defect.position, "problem": defect.problem},
    }
    return json.dumps(content)


def describe(verdict: Verdict) -> str:
    if verdict.defect:
        position = verdict.defect.position
        return f"Broken at position {position}: {verdict.defect.problem}"
    return (
        f"Sound: {verdict.checked:,} events up to position {verdict.head:,}, "
        f"held against {verdict.checkpoints:,} checkpoints."
    )


if __name__ == "__main__":
    sys.exit(main())
