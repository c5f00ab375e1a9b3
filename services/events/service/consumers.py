"""Consumers: the position that each reports, and how far it is behind the log."""

from collections.abc import Sequence

from services.events.domain.consumers import Consumer, ConsumerStatus
from services.events.service.search import count_events_after
from services.events.storage import consumers, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database

LAG_MAX = 1_000


class ConsumerRegistry:
    """Keeps what consumers report."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list_consumers(self, after: str, limit: int) -> tuple[list[ConsumerStatus], bool]:
        """Return consumers by name, and whether there are more. Lags are counted up to 1,000."""
        async with self._database.reading() as connection:
            found = await consumers.list_consumers(connection, after, limit + 1)
            statuses: list[ConsumerStatus] = []
            for consumer, dead_letters in found[:limit]:
                lag = await count_events_after(
                    connection, consumer.types, consumer.position, LAG_MAX
                )
                statuses.append(ConsumerStatus(consumer, lag, dead_letters))
        return statuses, len(found) > limit

    async def report(self, name: str, position: int, types: Sequence[str]) -> int:
        """Save the position of a consumer.

        Return the position up to which no event waits for it, or 0 if one waits.
        """
        consumer = Consumer(name, position, types, self._clock.now())
        async with self._database.transaction() as connection:
            await consumers.save_consumer(connection, consumer)
            # Read before the count: events that are appended meanwhile are beyond it.
            head = await log.read_head(connection)
            waits = await count_events_after(connection, types, position, 1)
        return 0 if waits else head.position
