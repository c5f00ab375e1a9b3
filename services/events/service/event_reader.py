"""Reads of the log: single events, pages and counts."""

from datetime import timedelta
from uuid import UUID

from services.events.domain.blocks import LogStats
from services.events.domain.entries import LogEntry
from services.events.domain.filters import EventFilter, EventPage
from services.events.service.search import find_events
from services.events.storage import blocks, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class EventReader:
    """Reads the log for queries of clients."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find_event(self, event_id: UUID) -> LogEntry | None:
        async with self._database.reading() as connection:
            return await log.find_entry(connection, event_id)

    async def list_page(self, wanted: EventFilter, before: int | None, size: int) -> EventPage:
        """Return up to `size` events below the position `before`, newest first.

        A page that is not the last can hold fewer events, because the work of a search is
        bounded.
        """
        async with self._database.reading() as connection:
            floor = await log.read_floor(connection)
            high = (await log.read_head(connection)).position
            if before is not None:
                high = min(high, before - 1)
            low = floor.position + 1
            found = await find_events(connection, wanted, (low, high), size, descending=True)
        return EventPage(found.entries, found.until if found.until > low else None)

    async def read_stats(self) -> LogStats:
        """Return the head position and the event counts of the last hour and day."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            head = await log.read_head(connection)
            hour = await blocks.count_events_since(connection, now - HOUR)
            day = await blocks.count_events_since(connection, now - DAY)
        return LogStats(head.position, hour, day, now)
