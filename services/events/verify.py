"""Checks the log without the room: `python -m services.events.verify`.

It reads the database that DATABASE_URL names, recomputes the chain from the
first event that is kept to the head, and compares it with the checkpoints that
were told outside of the database. Exit status: 0 sound, 1 not, 2 it could not
be checked.
"""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.adapters.channels import ChannelError, read_checkpoints
from services.events.domain import Checkpoint, Defect, Entry, Head, find_defect
from services.events.domain.entries import EPOCH
from services.events.storage import log
from services.kernel.database.database import open_engine
from services.kernel.database.schema import reason

BATCH = 5_000
START = 0
BROKEN, UNCHECKED = 1, 2


@dataclass(frozen=True)
class Verdict:
    """What was found. `defect` is the first place that is wrong, or None."""

    checked: int
    head: int
    checkpoints: int
    defect: Defect | None


class Chain:
    """Follows the log from its floor and holds it against the checkpoints."""

    def __init__(self, floor: Head, checkpoints: Sequence[Checkpoint]) -> None:
        self.at = floor
        self.checked = 0
        self._told = {point.head.position: point.head.hash for point in checkpoints}
        self._newest = checkpoints[-1] if checkpoints else None

    def start_defect(self) -> Defect | None:
        """Whether the log starts where the newest checkpoint says, or later."""
        if self._newest and self.at.position < self._newest.floor.position:
            return Defect(self.at.position + 1, "It was no longer kept, and is there again.")
        return self._untrue(self.at.position, self.at.hash)

    def follow(self, entries: Sequence[Entry]) -> Defect | None:
        defect = find_defect(self.at, entries)
        sound = entries
        if defect is not None:
            sound = [entry for entry in entries if entry.position < defect.position]
        for entry in sound:
            if found := self._untrue(entry.position, entry.hash):
                return found
            self.at = Head(entry.position, entry.hash)
            self.checked += 1
        return defect

    def end_defect(self, head: Head) -> Defect | None:
        """Whether the log ends where its head says, and not before the newest checkpoint."""
        if self.at.position < head.position:
            return Defect(self.at.position + 1, "It is missing.")
        if self.at.position > head.position:
            return Defect(head.position + 1, "It was added.")
        if self.at.hash != head.hash:
            return Defect(head.position, "It is not what the head of the log says.")
        if self._newest and head.position < self._newest.head.position:
            return Defect(head.position + 1, "It is missing, and a checkpoint tells of it.")
        return None

    def _untrue(self, position: int, digest: bytes) -> Defect | None:
        if self._told.get(position, digest) == digest:
            return None
        return Defect(position, "It is not what a checkpoint says.")


async def verify(
    connection: AsyncConnection, checkpoints: Sequence[Checkpoint], *, progress: bool = False
) -> Verdict:
    """Checks the whole log, in one snapshot of it."""
    head = await log.read_head(connection)
    chain = Chain(await log.read_floor(connection), checkpoints)
    defect = chain.start_defect()
    after = (START, EPOCH)
    while defect is None:
        entries = await log.list_all(connection, after, BATCH)
        if not entries:
            defect = chain.end_defect(head)
            break
        defect = chain.follow(entries)
        after = (entries[-1].position, entries[-1].append_time)
        if progress:
            sys.stderr.write(f"\r{chain.checked:,} of {head.position:,} events checked")
    if progress:
        sys.stderr.write("\n")
    return Verdict(chain.checked, head.position, len(checkpoints), defect)


async def run(url: str, checkpoints: Sequence[Checkpoint], *, progress: bool) -> Verdict:
    engine = open_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            return await verify(connection, checkpoints, progress=progress)
    finally:
        await engine.dispose()


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
        told = read_checkpoints(arguments.checkpoints) if arguments.checkpoints else []
        url = os.environ.get("DATABASE_URL") or parser.error("DATABASE_URL is not set.")
        verdict = asyncio.run(run(url, told, progress=sys.stderr.isatty()))
    except ChannelError as error:
        sys.stderr.write(f"The checkpoints cannot be read: {error}\n")
        return UNCHECKED
    except (OSError, TimeoutError, DBAPIError) as error:
        sys.stderr.write(f"DATABASE_URL cannot be used: {reason(error)}\n")
        return UNCHECKED
    answer = json.dumps(asdict(verdict)) if arguments.json else describe(verdict)
    sys.stdout.write(f"{answer}\n")
    return BROKEN if verdict.defect else 0


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
