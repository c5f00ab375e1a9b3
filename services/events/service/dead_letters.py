"""Dead letters: listing, and requests to consumers to retry or discard them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.dead_letters import DeadLetter, DeadLetterState, dead_letter_name
from services.events.domain.entries import LogEntry
from services.events.storage import dead_letters, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import FailedPreconditionError, NotFoundError
from services.kernel.events.consumer import DISCARD_REQUESTED, RETRY_REQUESTED
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox

# A dead letter and its event, None if retention has removed the event.
DeadLetterWithEvent = tuple[DeadLetter, LogEntry | None]


class DeadLetterQueue:
    """The dead letters of all consumers."""

    def __init__(self, database: Database, clock: Clock, outbox: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox

    async def list_dead_letters(
        self, consumer: str, before: tuple[int, str] | None, limit: int
    ) -> tuple[list[DeadLetterWithEvent], bool]:
        """Return dead letters, newest first, and True if there are more.

        An empty `consumer` selects all consumers. `before` is the position and consumer of the
        last dead letter of the previous page.
        """
        async with self._database.reading() as connection:
            found = await dead_letters.list_dead_letters(connection, consumer, before, limit + 1)
            return await with_events(connection, found[:limit]), len(found) > limit

    async def get_dead_letter(self, consumer: str, position: int) -> DeadLetterWithEvent:
        """Return a dead letter.

        Raises:
            NotFoundError: There is no such dead letter.
        """
        async with self._database.reading() as connection:
            dead_letter = await require_dead_letter(connection, consumer, position)
            return (await with_events(connection, [dead_letter]))[0]

    async def request_retry(self, consumer: str, position: int) -> DeadLetterWithEvent:
        """Request that the consumer handles the event again.

        Raises:
            NotFoundError: There is no such dead letter.
            FailedPreconditionError: A retry or discard is already requested.
        """
        return await self._request(consumer, position, DeadLetterState.RETRYING, RETRY_REQUESTED)

    async def request_discard(self, consumer: str, position: int) -> DeadLetterWithEvent:
        """Request that the consumer discards the event.

        Raises:
            NotFoundError: There is no such dead letter.
            FailedPreconditionError: A retry or discard is already requested.
        """
        return await self._request(
            consumer, position, DeadLetterState.DISCARDING, DISCARD_REQUESTED
        )

    async def _request(
        self, consumer: str, position: int, state: DeadLetterState, event_type: str
    ) -> DeadLetterWithEvent:
        """Publish the request as an event, which also reaches a consumer that is down now."""
        async with self._database.transaction() as connection:
            dead_letter = await require_dead_letter(connection, consumer, position, lock=True)
            check_pending(dead_letter)
            await dead_letters.update_dead_letter_state(
                connection, dead_letter, state, self._clock.now()
            )
            event = NewEvent(
                event_type,
                Category.SYSTEM,
                subject=dead_letter.name,
                data={
                    "consumer": dead_letter.consumer,
                    "position": str(dead_letter.position),
                    "type": dead_letter.type,
                },
            )
            await self._outbox.publish(connection, event)
        return await self.get_dead_letter(consumer, position)


def check_pending(dead_letter: DeadLetter) -> None:
    if dead_letter.state != DeadLetterState.PENDING:
        raise FailedPreconditionError(
            "DEAD_LETTER_NOT_PENDING",
            f"{dead_letter.name} is already {dead_letter.state.name}.",
            localized="すでに操作を受け付けています。",
            metadata={"state": dead_letter.state.name},
        )


async def require_dead_letter(
    connection: AsyncConnection, consumer: str, position: int, *, lock: bool = False
) -> DeadLetter:
    dead_letter = await dead_letters.find_dead_letter(connection, consumer, position, lock=lock)
    if dead_letter is None:
        raise NotFoundError("dead letter", dead_letter_name(consumer, position))
    return dead_letter


async def with_events(
    connection: AsyncConnection, found: Sequence[DeadLetter]
) -> list[DeadLetterWithEvent]:
    entries = await log.find_entries(connection, [dead_letter.position for dead_letter in found])
    return [(dead_letter, entries.get(dead_letter.position)) for dead_letter in found]
