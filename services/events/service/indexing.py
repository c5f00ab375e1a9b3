"""Indexing of the log, a block at a time."""

from typing import Any

from services.events.domain.blocks import BLOCK_SIZE, summarize
from services.events.service.tail import Tail
from services.events.storage import blocks, log
from services.kernel.database.database import Database


class Indexer:
    """Adds blocks to the index. Events that are still in memory are not read again."""

    def __init__(self, database: Database, tail: Tail[Any]) -> None:
        self._database = database
        self._tail = tail

    async def read_end(self) -> int:
        """Return the position after which the next block begins."""
        async with self._database.reading() as connection:
            until = await blocks.indexed_until(connection)
            floor = (await log.read_floor(connection)).position
        return max(until, floor - floor % BLOCK_SIZE)

    async def add_block(self, after: int) -> None:
        """Add the block that begins after a position. All its events are in the log."""
        recent = self._tail.recent.after(after, BLOCK_SIZE) or ()
        entries = [entry for entry, _ in recent]
        async with self._database.reading() as connection:
            if len(entries) < BLOCK_SIZE:
                entries = await log.list_between(connection, after, after + BLOCK_SIZE, BLOCK_SIZE)
            if entries:
                await blocks.add_block(connection, summarize(entries))
