"""Deletes measurements that are older than 7 days, a batch at a time."""

import asyncio

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.metrics import storage

INTERVAL_SECONDS = 600.0
PAUSE_SECONDS = 0.1
BATCH = 5000


class Retention:
    """Keeps the tables of measurements from growing without end."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        while True:
            await self.forget()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def forget(self) -> None:
        oldest = self._clock.now() - storage.KEPT
        for table in (storage.POINTS, storage.DISTRIBUTIONS):
            deleted = BATCH
            while deleted == BATCH:
                async with self._database.transaction() as connection:
                    deleted = await storage.delete_before(connection, table, oldest, BATCH)
                await asyncio.sleep(PAUSE_SECONDS)
