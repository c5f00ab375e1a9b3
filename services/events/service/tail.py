"""The tail of the log: the newest position and events, shared by all streams."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic

from services.events.domain.entries import LogEntry
from services.events.domain.recent import EVENTS_MAX, MessageT, RecentEvents
from services.events.storage import log
from services.kernel.database.database import Database

READ_MAX = 500


class LogTail(Generic[MessageT]):
    """The newest position of the log and its newest events, as known to this process.

    Streams send only events that this process appended or read from the database. A position
    that another process published only triggers a read.
    """

    def __init__(self, database: Database, make_message: Callable[[LogEntry], MessageT]) -> None:
        self._database = database
        self._make_message = make_message
        self._grown = asyncio.Event()
        self._behind = asyncio.Event()
        self.position = 0
        self.recent: RecentEvents[MessageT] = RecentEvents()

    def add_appended(self, events: Sequence[tuple[LogEntry, MessageT]]) -> None:
        """Add events that this process appended. If they leave a gap, schedule a read instead."""
        if self.recent.append_next(events):
            self._grow(events[-1][0].position)
        else:
            self._behind.set()

    def note_position(self, position: int) -> None:
        """Schedule a read if another process has reached a higher position."""
        if position > self.position:
            self._behind.set()

    def _grow(self, position: int) -> None:
        if position > self.position:
            self.position = position
            self._grown.set()
            self._grown = asyncio.Event()

    async def wait_beyond(self, position: int) -> None:
        """Wait until the newest position is above `position`."""
        while self.position <= position:
            await self._grown.wait()

    async def wait_until_behind(self) -> None:
        """Wait until a read is scheduled."""
        await self._behind.wait()

    async def catch_up(self) -> None:
        """Read the events that other processes appended.

        Raises:
            UnavailableError: The database is unavailable.
        """
        self._behind.clear()
        async with self._database.reading() as connection:
            head = await log.read_head(connection)
            if head.position - self.recent.position > EVENTS_MAX:
                self.recent = RecentEvents()
            while self.recent.position < head.position:
                after = self.recent.position or max(head.position - EVENTS_MAX, 0)
                entries = await log.list_entries(connection, after, head.position, READ_MAX)
                if not self._add_read(entries):
                    break
        self._grow(head.position)

    def _add_read(self, entries: Sequence[LogEntry]) -> bool:
        """Add events from the database, except those that were added during the read."""
        fresh = [entry for entry in entries if entry.position > self.recent.position]
        if not fresh and entries:
            return True
        return bool(entries) and self.recent.append_next(
            [(entry, self._make_message(entry)) for entry in fresh]
        )
