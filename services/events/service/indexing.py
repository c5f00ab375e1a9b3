"""Indexing of the log, one block at a time."""

from typing import Any

from services.events.domain.blocks import BLOCK_SIZE, summarize_block
from services.events.service.tail import LogTail
from services.events.storage import blocks, log
from services.kernel.database.database import Database


class Indexer:
    """Adds blocks to the index. Events in the cache of the tail are not read again."""

    def __init__(self, database: Database, tail: LogTail[Any]) -> None:
        self._database = database
        self._tail = tail

    async def read_next_block_start(self) -> int:
        """Return the position after which the next block to index begins, a multiple of 100."""
        async with self._database.reading() as connection:
            until = await blocks.read_indexed_position(connection)
            floor = (await log.read_floor(connection)).position
        return max(until, floor - floor % BLOCK_SIZE)

    async def add_block(self, after: int) -> None:
        """Index the complete block that begins after a position."""
        recent = self._tail.recent.list_after(after, BLOCK_SIZE) or ()
        entries = [entry for entry, _ in recent]
        async with self._database.reading() as connection:
            if len(entries) < BLOCK_SIZE:
                entries = await log.list_entries(connection, after, after + BLOCK_SIZE, BLOCK_SIZE)
            if entries:
                await blocks.add_block(connection, summarize_block(entries))
