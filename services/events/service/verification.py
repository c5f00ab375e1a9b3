"""Verification of a range of positions, and of the whole log offline."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.checkpoints import Checkpoint
from services.events.domain.entries import EPOCH, ExpiredError, Head
from services.events.domain.verification import (
    ChainVerifier,
    Defect,
    DefectCode,
    RangeVerdict,
    Verdict,
    find_defect,
)
from services.events.storage import log
from services.kernel.database.database import Database
from services.kernel.errors import invalid

COUNT_MAX = 100_000
RANGE_BATCH = 1000
LOG_BATCH = 5_000


class LogVerifier:
    """Verifies ranges of positions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def verify_range(self, start: int | None, count: int) -> RangeVerdict:
        """Recompute the hash chain over `count` positions from `start`, by default the oldest one.

        Raises:
            InvalidArgumentError: `start` or `count` is out of range.
            ExpiredError: Retention has removed `start`.
        """
        async with self._database.reading() as connection:
            floor = await log.read_floor(connection)
            head = await log.read_head(connection)
            if start is None:
                start = floor.position + 1
            require_valid_range(start, count, floor.position)
            until = min(start + count - 1, head.position)
            before, defect = await read_before(connection, start, floor), None
            while before.position < until and defect is None:
                entries = await log.list_entries(connection, before.position, until, RANGE_BATCH)
                if not entries:
                    defect = Defect(before.position + 1, DefectCode.MISSING)
                    break
                defect = find_defect(before, entries)
                before = Head(entries[-1].position, entries[-1].hash)
        if defect is None and until == head.position and before.hash != head.hash:
            defect = Defect(head.position, DefectCode.HEAD_MISMATCH)
        checked = (defect.position if defect else until + 1) - start
        goes_on = defect is None and until < head.position
        return RangeVerdict(max(checked, 0), defect, until + 1 if goes_on else None)


async def read_before(connection: AsyncConnection, start: int, floor: Head) -> Head:
    """Return the position and hash of the event before `start`."""
    if start == floor.position + 1:
        return floor
    found = await log.list_entries(connection, start - 2, start - 1, 1)
    return Head(start - 1, found[0].hash if found else b"")


def require_valid_range(start: int, count: int, floor: int) -> None:
    """Raise an error if the range is invalid, or if retention has removed its start."""
    if start < 1:
        raise invalid("start", "It must be 1 or more.")
    if start <= floor:
        raise ExpiredError(floor)
    if not 1 <= count <= COUNT_MAX:
        raise invalid("count", f"It must be 1 to {COUNT_MAX}.")


async def verify_log(
    connection: AsyncConnection,
    checkpoints: Sequence[Checkpoint],
    report: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Verify the whole log against its head and checkpoints.

    `report(checked, head)` is called after each batch of events.
    """
    head = await log.read_head(connection)
    check = ChainVerifier(await log.read_floor(connection), checkpoints)
    defect = check.verify_floor()
    after = (0, EPOCH)
    while defect is None:
        entries = await log.list_rows(connection, after, LOG_BATCH)
        if not entries:
            defect = check.verify_head(head)
            break
        defect = check.verify_entries(entries)
        after = (entries[-1].position, entries[-1].append_time)
        if report is not None:
            report(check.checked, head.position)
    return Verdict(check.checked, head.position, len(checkpoints), defect)
