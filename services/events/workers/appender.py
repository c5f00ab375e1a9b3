"""The loop that writes pending appends on a dedicated database connection."""

import asyncio
from typing import Any

import structlog
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from services.events.domain.entries import AppendConflictError
from services.events.service.appender import LogAppender
from services.events.storage import log as storage
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError

RETRY_SECONDS = 0.2
FAILURES = (UnavailableError, AppendConflictError, DBAPIError, PostgresError)

log = structlog.get_logger()


class AppendWorker:
    """Writes groups of pending appends. After a failure it reconnects."""

    def __init__(self, database: Database, appender: LogAppender[Any]) -> None:
        self._database = database
        self._appender = appender

    async def run(self) -> None:
        while True:
            await self._appender.wait_for_events()
            try:
                await self._write_groups()
            except FAILURES as error:
                log.warning("appender.retry", error=type(error).__name__)
                self._appender.fail_pending()
                await asyncio.sleep(RETRY_SECONDS)

    async def _write_groups(self) -> None:
        async with self._database.session() as connection:
            await storage.limit_lock_waits(connection)
            while True:
                await self._appender.wait_for_events()
                await self._appender.write_group(connection)
