"""The tail of the log: the newest position and the newest events, shared by all streams."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic

from services.events.domain.entries import Entry
from services.events.domain.recent import EVENTS_MAX, MessageT, RecentEvents
from services.events.storage import log
from services.kernel.database.database import Database

READ_MAX = 500


class Tail(Generic[MessageT]):
    """The newest position of the log and its newest events, as this process knows them.

    Streams send only events that this process appended or read from the database. A position
    that another process announced only makes this one read.
    """

    def __init__(self, database: Database, make_message: Callable[[Entry], MessageT]) -> None:
        self._database = database
        self._make_message = make_message
        self._grown = asyncio.Event()
        self._behind = asyncio.Event()
        self.position = 0
        self.recent: RecentEvents[MessageT] = RecentEvents()

    def add_appended(self, events: Sequence[tuple[Entry, MessageT]]) -> None:
        """Add events that this process appended. After a gap all are read instead."""
        if self.recent.offer(events):
            self._grow(events[-1][0].position)
        else:
            self._behind.set()

    def note_position(self, position: int) -> None:
        """Note a position that another process has reached."""
        if position > self.position:
            self._behind.set()

    def _grow(self, position: int) -> None:
        if position > self.position:
            self.position = position
            self._grown.set()
            self._grown = asyncio.Event()

    async def wait_beyond(self, position: int) -> None:
        """Wait until the log is longer than `position`."""
        while self.position <= position:
            await self._grown.wait()

    async def wait_until_behind(self) -> None:
        """Wait until there are events to read that another process appended."""
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
                entries = await log.list_between(connection, after, head.position, READ_MAX)
                if not self._add_read(entries):
                    break
        self._grow(head.position)

    def _add_read(self, entries: Sequence[Entry]) -> bool:
        """Add events that were read, without those that were appended here meanwhile."""
        fresh = [entry for entry in entries if entry.position > self.recent.position]
        if not fresh and entries:
            return True
        return bool(entries) and self.recent.offer(
            [(entry, self._make_message(entry)) for entry in fresh]
        )
