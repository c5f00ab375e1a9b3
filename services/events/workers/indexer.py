"""The loop that indexes the log after appends."""

import asyncio
import time
from typing import Any

import structlog

from services.events.domain.blocks import BLOCK_SIZE
from services.events.service.indexing import Indexer
from services.events.service.tail import LogTail
from services.kernel.errors import UnavailableError

RETRY_SECONDS = 1.0
SLEEP_PER_WORK = 2

log = structlog.get_logger()


class IndexWorker:
    """Indexes each complete block.

    It sleeps twice as long as it works, to leave the event loop to appends and streams.
    """

    def __init__(self, indexer: Indexer, tail: LogTail[Any]) -> None:
        self._indexer = indexer
        self._tail = tail

    async def run(self) -> None:
        while True:
            try:
                await self._index()
            except UnavailableError:
                log.info("indexer.database_unavailable")
                await asyncio.sleep(RETRY_SECONDS)

    async def _index(self) -> None:
        after = await self._indexer.read_next_block_start()
        while True:
            await self._tail.wait_beyond(after + BLOCK_SIZE - 1)
            began = time.perf_counter()
            await self._indexer.add_block(after)
            after += BLOCK_SIZE
            await asyncio.sleep(SLEEP_PER_WORK * (time.perf_counter() - began))
