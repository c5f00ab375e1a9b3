"""Verify the log without the service: `python -m services.events.verify`.

The command reads the database of DATABASE_URL in one snapshot, recomputes the hash chain from
the oldest event to the head, and compares it with the published checkpoints.
Exit status: 0 valid, 1 invalid, 2 not verified because of an error.
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

INVALID, UNVERIFIED = 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m services.events.verify",
        description="Verify the event log in DATABASE_URL without the events service.",
        epilog="Exit status: 0 valid, 1 invalid, 2 not verified because of an error.",
    )
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=os.environ.get("LIBRAL_CHECKPOINTS"),
        help="folder of checkpoint files (default: LIBRAL_CHECKPOINTS)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args()
    try:
        published = read_checkpoints(arguments.checkpoints) if arguments.checkpoints else []
        url = os.environ.get("DATABASE_URL") or parser.error("DATABASE_URL is not set.")
        verdict = asyncio.run(verify_database(url, published, progress=sys.stderr.isatty()))
    except ChannelError as error:
        sys.stderr.write(f"The checkpoints cannot be read: {error}\n")
        return UNVERIFIED
    except (OSError, TimeoutError, DBAPIError) as error:
        sys.stderr.write(f"DATABASE_URL cannot be used: {error_line(error)}\n")
        return UNVERIFIED
    result = verdict_json(verdict) if arguments.json else describe_verdict(verdict)
    sys.stdout.write(f"{result}\n")
    return INVALID if verdict.defect else 0


async def verify_database(
    url: str, checkpoints: Sequence[Checkpoint], *, progress: bool
) -> Verdict:
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            verdict = await verify_log(connection, checkpoints, show_progress if progress else None)
    finally:
        await engine.dispose()
    if progress:
        sys.stderr.write("\n")
    return verdict


def show_progress(checked: int, head: int) -> None:
    sys.stderr.write(f"\r{checked:,} of {head:,} events checked")


def verdict_json(verdict: Verdict) -> str:
    defect = verdict.defect
    content = {
        "checked": verdict.checked,
        "head": verdict.head,
        "checkpoints": verdict.checkpoints,
        "defect": defect and {"position": defect.position, "problem": defect.problem},
    }
    return json.dumps(content)


def describe_verdict(verdict: Verdict) -> str:
    if verdict.defect:
        position = verdict.defect.position
        return f"Invalid at position {position}: {verdict.defect.problem}"
    return (
        f"Valid: {verdict.checked:,} events up to position {verdict.head:,}, "
        f"compared with {verdict.checkpoints:,} checkpoints."
    )


if __name__ == "__main__":
    sys.exit(main())
