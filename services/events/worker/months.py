"""Keeps the months of the log: the next one ready, those past their time dropped."""

import asyncio

import structlog

from services.events.storage import blocks, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError

INTERVAL_SECONDS = 3600.0

logger = structlog.get_logger()


class Months:
    """Makes and drops the parts of the log, under the lock of its head."""

    def __init__(self, database: Database, clock: Clock, retention_months: int | None) -> None:
        self._database = database
        self._clock = clock
        self._retention = retention_months

    async def run(self) -> None:
        while True:
            try:
                await self.keep()
            except UnavailableError:
                logger.info("months.blind")
            await asyncio.sleep(INTERVAL_SECONDS)

    async def keep(self) -> None:
        """Makes this month and the next, and drops what is older than the retention."""
        async with self._database.transaction() as connection:
            head = await log.lock_head(connection)
            month = log.month_of(max(self._clock.now(), head.append_time))
            await log.make_period(connection, month)
            await log.make_period(connection, log.month_after(month))
            if self._retention is None:
                return
            oldest = month
            for _ in range(self._retention):
                oldest = log.month_before(oldest)
            for past in await log.list_periods(connection):
                if past < oldest:
                    floor = await log.drop_period(connection, past)
                    if floor is not None:
                        await blocks.drop_until(connection, floor.position)
                    logger.info("log.month_dropped", month=f"{past:%Y-%m}", floor=floor)
