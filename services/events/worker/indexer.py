"""Indexes the log by blocks, behind the appends."""

import asyncio
import time

import structlog

from services.events.storage import blocks, log
from services.events.worker.tail import Tail
from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError

RETRY_SECONDS = 1.0
REST = 2

logger = structlog.get_logger()


class Indexer:
    """Takes at most a third of the time of the process: appends and streams come first."""

    def __init__(self, database: Database, tail: Tail) -> None:
        self._database = database
        self._tail = tail

    async def run(self) -> None:
        while True:
            try:
                await self._index()
            except UnavailableError:
                logger.info("indexer.blind")
                await asyncio.sleep(RETRY_SECONDS)

    async def _index(self) -> None:
        async with self._database.reading() as connection:
            until = await blocks.indexed_until(connection)
            floor = (await log.read_floor(connection)).position
        until = max(until, floor - floor % blocks.BLOCK_SIZE)
        while True:
            last = until + blocks.BLOCK_SIZE
            await self._tail.wait_beyond(last - 1)
            began = time.perf_counter()
            await self.index_block(until, last)
            until = last
            await asyncio.sleep(REST * (time.perf_counter() - began))

    async def index_block(self, after: int, last: int) -> None:
        recent = self._tail.recent.after(after, blocks.BLOCK_SIZE) or ()
        entries = [entry for entry, _ in recent]
        async with self._database.reading() as connection:
            if len(entries) < blocks.BLOCK_SIZE:
                entries = await log.list_between(connection, after, last, blocks.BLOCK_SIZE)
            if entries:
                await blocks.add_block(connection, entries)
