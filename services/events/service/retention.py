"""Retention: partitions for the months to come, none for those that are no longer kept."""

import structlog

from services.events.domain.months import month_after, month_of, oldest_kept
from services.events.storage import blocks, log
from services.events.storage.partitions import (
    create_partition,
    drop_partition,
    list_partitions,
)
from services.kernel.clock import Clock
from services.kernel.database.database import Database

logger = structlog.get_logger()


class Retention:
    """Creates and drops partitions of the log. `months`: whole months to keep, None: all."""

    def __init__(self, database: Database, clock: Clock, months: int | None) -> None:
        self._database = database
        self._clock = clock
        self._months = months

    async def apply(self) -> None:
        """Create the partitions of this month and the next, and drop those past retention."""
        async with self._database.transaction() as connection:
            head = await log.lock_head(connection)
            month = month_of(max(self._clock.now(), head.append_time))
            await create_partition(connection, month)
            await create_partition(connection, month_after(month))
            if self._months is None:
                return
            oldest = oldest_kept(month, self._months)
            for past in await list_partitions(connection):
                if past < oldest:
                    floor = await drop_partition(connection, past)
                    if floor is not None:
                        await blocks.drop_until(connection, floor.position)
                    logger.info("log.month_dropped", month=f"{past:%Y-%m}", floor=floor)
