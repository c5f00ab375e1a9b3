"""Deletion of old measurements."""

import asyncio

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.metrics.domain.series import RETENTION
from services.metrics.storage import series as storage
from services.metrics.storage.tables import MEASUREMENTS

PAUSE_SECONDS = 0.1
BATCH = 5000


class MeasurementRetention:
    """Deletes measurements that are older than 7 days."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def delete_old(self) -> None:
        """Delete old measurements in batches, one transaction each, which keeps locks short.

        Raises:
            UnavailableError: The database is unavailable.
        """
        oldest = self._clock.now() - RETENTION
        for table in MEASUREMENTS:
            deleted = BATCH
            while deleted == BATCH:
                async with self._database.transaction() as connection:
                    deleted = await storage.delete_old_rows(connection, table, oldest, BATCH)
                await asyncio.sleep(PAUSE_SECONDS)
