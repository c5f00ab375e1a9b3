"""Dead letters: list them, and ask their consumers to retry or to discard them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.dead_letters import DeadLetter, DeadLetterState, dead_letter_name
from services.events.domain.entries import Entry
from services.events.storage import dead_letters, log
from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import FailedPreconditionError, NotFoundError
from services.kernel.events.consumer import DISCARD_REQUESTED, RETRY_REQUESTED
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox

# A dead letter and its event, or None if the log no longer keeps that.
LetterWithEvent = tuple[DeadLetter, Entry | None]


class DeadLetterQueue:
    """The dead letters of all consumers."""

    def __init__(self, database: Database, clock: Clock, outbox: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox

    async def list_dead_letters(
        self, consumer: str, before: tuple[int, str] | None, limit: int
    ) -> tuple[list[LetterWithEvent], bool]:
        """Return dead letters, the newest first, and whether there are more.

        An empty `consumer` stands for all, `before` for those below a position and consumer.
        """
        async with self._database.reading() as connection:
            found = await dead_letters.list_dead_letters(connection, consumer, before, limit + 1)
            return await with_events(connection, found[:limit]), len(found) > limit

    async def get_dead_letter(self, consumer: str, position: int) -> LetterWithEvent:
        """Return a dead letter.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.reading() as connection:
            letter = await find_letter(connection, consumer, position)
            return (await with_events(connection, [letter]))[0]

    async def retry(self, consumer: str, position: int) -> LetterWithEvent:
        """Ask the consumer to handle the event once more.

        Raises:
            NotFoundError: There is no such dead letter.
            FailedPreconditionError: The consumer has been asked already.
        """
        return await self._request(consumer, position, DeadLetterState.RETRYING, RETRY_REQUESTED)

    async def discard(self, consumer: str, position: int) -> LetterWithEvent:
        """Ask the consumer to forget the event.

        Raises:
            NotFoundError: There is no such dead letter.
            FailedPreconditionError: The consumer has been asked already.
        """
        return await self._request(
            consumer, position, DeadLetterState.DISCARDING, DISCARD_REQUESTED
        )

    async def _request(
        self, consumer: str, position: int, state: DeadLetterState, event_type: str
    ) -> LetterWithEvent:
        """Publish an event that the consumer handles once, even if it is down now."""
        async with self._database.transaction() as connection:
            letter = await find_letter(connection, consumer, position, lock=True)
            check_pending(letter)
            await dead_letters.change_state(connection, letter, state, self._clock.now())
            event = NewEvent(
                event_type,
                Category.SYSTEM,
                subject=letter.name,
                data={
                    "consumer": letter.consumer,
                    "position": str(letter.position),
                    "type": letter.type,
                },
            )
            await self._outbox.publish(connection, event)
        return await self.get_dead_letter(consumer, position)


def check_pending(letter: DeadLetter) -> None:
    if letter.state != DeadLetterState.PENDING:
        raise FailedPreconditionError(
            "DEAD_LETTER_NOT_PENDING",
            f"{letter.name} is {letter.state.name} already.",
            localized="すでに操作を受け付けています。",
            metadata={"state": letter.state.name},
        )


async def find_letter(
    connection: AsyncConnection, consumer: str, position: int, *, lock: bool = False
) -> DeadLetter:
    letter = await dead_letters.find_dead_letter(connection, consumer, position, lock=lock)
    if letter is None:
        raise NotFoundError("dead letter", dead_letter_name(consumer, position))
    return letter


async def with_events(
    connection: AsyncConnection, letters: Sequence[DeadLetter]
) -> list[LetterWithEvent]:
    entries = await log.find_at(connection, [letter.position for letter in letters])
    return [(letter, entries.get(letter.position)) for letter in letters]
