"""Event streams: the history after a position, then new events as they are appended."""

from collections.abc import Callable, Iterable
from typing import Generic

from services.events.domain.entries import ExpiredError, LogEntry
from services.events.domain.filters import EventFilter
from services.events.domain.recent import MessageT
from services.events.service.search import find_events
from services.events.service.tail import LogTail
from services.events.storage import log
from services.kernel.database.database import Database
from services.kernel.errors import invalid

BATCH_MAX = 500
FROM_NOW_ON = -1


class EventStreams(Generic[MessageT]):
    """Opens streams. Live events share the messages that the tail caches."""

    def __init__(
        self,
        database: Database,
        tail: LogTail[MessageT],
        make_message: Callable[[LogEntry], MessageT],
    ) -> None:
        self._database = database
        self._tail = tail
        self._make_message = make_message

    async def open_stream(self, wanted: EventFilter, after: int) -> "EventStream[MessageT]":
        """Open a stream after a position: 0 is before the first event, -1 is the current head.

        Raises:
            InvalidArgumentError: The position is beyond the head.
            ExpiredError: Retention has removed the next event.
        """
        async with self._database.reading() as connection:
            head = await log.read_head(connection)
            floor = await log.read_floor(connection)
        self._tail.note_position(head.position)
        if after == FROM_NOW_ON:
            return self._stream(wanted, head.position)
        if not 0 <= after <= head.position:
            raise invalid("after", f"It must be -1, 0 or a position up to {head.position}.")
        if 0 < after < floor.position:
            raise ExpiredError(floor.position)
        return self._stream(wanted, max(after, floor.position))

    def _stream(self, wanted: EventFilter, position: int) -> "EventStream[MessageT]":
        return EventStream(self._database, self._tail, self._make_message, wanted, position)


class EventStream(Generic[MessageT]):
    """The events after a position that a filter accepts, batch by batch."""

    def __init__(
        self,
        database: Database,
        tail: LogTail[MessageT],
        make_message: Callable[[LogEntry], MessageT],
        wanted: EventFilter,
        position: int,
    ) -> None:
        self._database = database
        self._tail = tail
        self._make_message = make_message
        self._wanted = wanted
        self._position = position

    async def next_batch(self) -> Iterable[MessageT]:
        """Wait for events and return the messages of those that the filter accepts.

        The batch is empty if the filter accepts none of them.
        """
        while True:
            if recent := self._tail.recent.list_after(self._position, BATCH_MAX):
                self._position = recent[-1][0].position
                return [message for entry, message in recent if self._wanted.accepts(entry)]
            if self._position < self._tail.position:
                return map(self._make_message, await self._read_history())
            await self._tail.wait_beyond(self._position)

    async def _read_history(self) -> list[LogEntry]:
        span = (self._position + 1, self._tail.position)
        async with self._database.reading() as connection:
            found = await find_events(connection, self._wanted, span, BATCH_MAX, descending=False)
        self._position = found.until
        return found.entries
