"""The monthly partitions of the log: creation in advance, and removal past retention."""

import structlog

from services.events.domain.partitions import month_start, next_month, oldest_retained_month
from services.events.storage import blocks, log
from services.events.storage.partitions import (
    create_partition,
    drop_partition,
    list_partitions,
)
from services.kernel.clock import Clock
from services.kernel.database.database import Database

logger = structlog.get_logger()


class PartitionKeeper:
    """Creates and drops partitions of the log.

    `months` is the number of whole months to keep, None to keep all.
    """

    def __init__(self, database: Database, clock: Clock, months: int | None) -> None:
        self._database = database
        self._clock = clock
        self._months = months

    async def update_partitions(self) -> None:
        """Create the partitions of this month and the next, and drop those past retention."""
        async with self._database.transaction() as connection:
            head = await log.lock_head(connection)
            month = month_start(max(self._clock.now(), head.append_time))
            await create_partition(connection, month)
            await create_partition(connection, next_month(month))
            if self._months is None:
                return
            oldest = oldest_retained_month(month, self._months)
            for past in await list_partitions(connection):
                if past < oldest:
                    floor = await drop_partition(connection, past)
                    if floor is not None:
                        await blocks.delete_blocks(connection, floor.position)
                    logger.info("log.partition_dropped", month=f"{past:%Y-%m}", floor=floor)
