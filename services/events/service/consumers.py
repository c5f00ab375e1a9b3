"""The positions that consumers report, and their lag behind the log."""

from collections.abc import Sequence

from services.events.domain.consumers import Consumer, ConsumerStatus
from services.events.service.search import count_events_after
from services.events.storage import consumers, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database

LAG_MAX = 1_000


class ConsumerRegistry:
    """Stores the reports of consumers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list_consumers(self, after: str, limit: int) -> tuple[list[ConsumerStatus], bool]:
        """Return consumers by name, and True if there are more. Lags are capped at 1,000."""
        async with self._database.reading() as connection:
            found = await consumers.list_consumers(connection, after, limit + 1)
            statuses: list[ConsumerStatus] = []
            for consumer, dead_letters in found[:limit]:
                lag = await count_events_after(
                    connection, consumer.types, consumer.position, LAG_MAX
                )
                statuses.append(ConsumerStatus(consumer, lag, dead_letters))
        return statuses, len(found) > limit

    async def report_position(self, name: str, position: int, types: Sequence[str]) -> int:
        """Store the position that a consumer reports.

        Return the position that it may advance to without handling anything: the head if no event
        of its types is above `position`, else 0.
        """
        consumer = Consumer(name, position, types, self._clock.now())
        async with self._database.transaction() as connection:
            await consumers.save_consumer(connection, consumer)
            # Read before the count: events appended in between are beyond this head.
            head = await log.read_head(connection)
            pending = await count_events_after(connection, types, position, 1)
        return 0 if pending else head.position
