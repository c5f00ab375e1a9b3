"""The event consumer: handles each event of the log once and in order, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from logging import ERROR, INFO
from typing import Any

import grpc
import structlog
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock
from services.kernel.database.database import Database, is_unavailable
from services.kernel.database.tables import KernelTables
from services.kernel.errors import UnavailableError
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.kernel.status import describe_error

TRIES_MAX = 5
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0)
RECONNECT_SECONDS = 1.0
REPORT_SECONDS = 5.0
CALL_SECONDS = 2.0

DEAD_LETTERED = "reaction.buried"
RETRY_REQUESTED = "reaction.retry_requested"
RETRY_FAILED = "reaction.retry_failed"
RECOVERED = "reaction.recovered"
DISCARD_REQUESTED = "reaction.discard_requested"
DISCARDED = "reaction.discarded"

Handler = Callable[[AsyncConnection, events_pb2.Event], Awaitable[None]]
Reactions = Mapping[str, Handler]

log = structlog.get_logger()


class EventConsumer:
    """Streams events from the log to the reactions of a service, from its stored position.

    An event that fails 5 times is dead-lettered. Operators retry or discard dead letters with
    events in the log, and the consumer publishes the result. A request is thus handled once, also
    if the service was down when it was made.
    """

    def __init__(
        self,
        consumer: str,
        reactions: Reactions,
        database: Database,
        tables: KernelTables,
        log_channel: grpc.aio.Channel,
        clock: Clock,
        outbox: Outbox,
    ) -> None:
        self._consumer = consumer
        self._reactions = reactions
        self._handlers = {
            **reactions,
            RETRY_REQUESTED: self._retry_dead_letter,
            DISCARD_REQUESTED: self._discard_dead_letter,
        }
        self._database = database
        self._tables = tables
        self._log = events_pb2_grpc.EventServiceStub(log_channel)
        self._reports = events_pb2_grpc.ReactionServiceStub(log_channel)
        self._clock = clock
        self._outbox = outbox

    async def run(self) -> None:
        """Consume events until cancelled. Reconnect after 1 second if the stream ends."""
        while True:
            try:
                await self._consume_stream()
            except grpc.aio.AioRpcError as error:
                # The position is older than the log's retention: an operator has to decide.
                lost = error.code() == grpc.StatusCode.OUT_OF_RANGE
                log.log(ERROR if lost else INFO, "consumer.reconnect", error=describe_error(error))
            except UnavailableError as error:
                log.info("consumer.reconnect", error=describe_error(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def report_position(self) -> None:
        """Report the position to the event log every 5 seconds until cancelled."""
        while True:
            try:
                consumer = events_pb2.Consumer(
                    name=f"consumers/{self._consumer}",
                    position=await self.read_position(),
                    types=sorted(self._handlers),
                )
                request = events_pb2.ReportConsumerRequest(consumer=consumer)
                response = await self._reports.ReportConsumer(request, timeout=CALL_SECONDS)
                await self._skip_to(consumer.position, response.clear_position)
            except (grpc.aio.AioRpcError, UnavailableError) as error:
                log.debug("consumer.unreported", error=type(error).__name__)
            await asyncio.sleep(REPORT_SECONDS)

    async def _skip_to(self, position: int, clear: int) -> None:
        """Advance over events of other types, which the log's retention may delete."""
        if clear > position:
            async with self._database.transaction() as connection:
                await self._advance(connection, clear)

    async def read_position(self) -> int:
        """Return the position of the last event that was handled, or 0."""
        positions = self._tables.positions
        query = select(positions.c.position).where(positions.c.consumer == self._consumer)
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def _consume_stream(self) -> None:
        request = events_pb2.StreamEventsRequest(
            after=await self.read_position(), types=sorted(self._handlers)
        )
        call = self._log.StreamEvents(request)
        try:
            async for event in call:
                await self._handle_event(event)
        finally:
            call.cancel()

    async def _handle_event(self, event: events_pb2.Event) -> None:
        """Handle an event in a transaction. Dead-letter it after 5 attempts."""
        for attempt in range(1, TRIES_MAX + 1):
            try:
                async with self._database.transaction() as connection:
                    if await self._advance(connection, event.position):
                        await self._handlers[event.type](connection, event)
            except UnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - a handler may raise any error
                log.warning("consumer.failed", position=event.position, attempt=attempt)
                if attempt == TRIES_MAX:
                    await self._dead_letter(event, error)
                    return
                await asyncio.sleep(RETRY_SECONDS[attempt - 1])
            else:
                return

    async def _dead_letter(self, event: events_pb2.Event, error: Exception) -> None:
        reason = describe_error(error)
        dead_letter = insert(self._tables.dead_letters).values(
            consumer=self._consumer,
            position=event.position,
            event=event.SerializeToString(),
            error=reason,
            tries=TRIES_MAX,
            time=self._clock.now(),
        )
        async with self._database.transaction() as connection:
            if not await self._advance(connection, event.position):
                return
            await connection.execute(dead_letter)
            # A dead-lettered `reaction.buried` must not publish another one.
            if event.type != DEAD_LETTERED:
                data = {"type": event.type, "error": reason, "tries": str(TRIES_MAX)}
                await self._publish(connection, DEAD_LETTERED, event.position, Level.ERROR, data)
        log.error("consumer.dead_lettered", position=event.position, type=event.type)

    async def _retry_dead_letter(
        self, connection: AsyncConnection, request: events_pb2.Event
    ) -> None:
        """Handle a dead letter again. A failure undoes its changes and keeps the dead letter."""
        dead_letter = await self._find_dead_letter(connection, request)
        if dead_letter is None:
            return
        event = events_pb2.Event.FromString(dead_letter.event)
        try:
            async with connection.begin_nested():
                await self._handlers[event.type](connection, event)
        except Exception as error:
            if isinstance(error, UnavailableError) or (
                isinstance(error, DBAPIError) and is_unavailable(error)
            ):
                raise
            await self._record_failed_retry(
                connection, dead_letter, event.type, describe_error(error)
            )
        else:
            await self._delete_dead_letter(connection, dead_letter)
            data = {"type": event.type}
            await self._publish(connection, RECOVERED, dead_letter.position, Level.INFO, data)

    async def _discard_dead_letter(
        self, connection: AsyncConnection, request: events_pb2.Event
    ) -> None:
        dead_letter = await self._find_dead_letter(connection, request)
        if dead_letter is not None:
            await self._delete_dead_letter(connection, dead_letter)
            data = {"type": events_pb2.Event.FromString(dead_letter.event).type}
            await self._publish(connection, DISCARDED, dead_letter.position, Level.INFO, data)

    async def _find_dead_letter(
        self, connection: AsyncConnection, request: events_pb2.Event
    ) -> Any:
        """Return the dead letter that a request names, or None if it is another consumer's."""
        data = request.data.fields
        if data["consumer"].string_value != self._consumer:
            return None
        query = select(self._tables.dead_letters).filter_by(
            consumer=self._consumer, position=int(data["position"].string_value)
        )
        return (await connection.execute(query.with_for_update())).one_or_none()

    async def _record_failed_retry(
        self, connection: AsyncConnection, dead_letter: Any, event_type: str, reason: str
    ) -> None:
        tries = dead_letter.tries + 1
        change = update(self._tables.dead_letters).filter_by(
            consumer=self._consumer, position=dead_letter.position
        )
        await connection.execute(change.values(error=reason, tries=tries))
        data = {"type": event_type, "error": reason, "tries": str(tries)}
        await self._publish(connection, RETRY_FAILED, dead_letter.position, Level.ERROR, data)

    async def _delete_dead_letter(self, connection: AsyncConnection, dead_letter: Any) -> None:
        await connection.execute(
            delete(self._tables.dead_letters).filter_by(
                consumer=self._consumer, position=dead_letter.position
            )
        )

    async def _publish(
        self,
        connection: AsyncConnection,
        event_type: str,
        position: int,
        level: Level,
        data: Mapping[str, str],
    ) -> None:
        event = NewEvent(
            event_type,
            Category.SYSTEM,
            subject=f"deadLetters/{self._consumer}-{position}",
            data={"consumer": self._consumer, "position": str(position), **data},
            level=level,
            actor=f"services/{self._consumer}",
        )
        await self._outbox.publish(connection, event)

    async def _advance(self, connection: AsyncConnection, position: int) -> bool:
        """Advance the position and lock it. Return False if it is not below `position`.

        Then the event was handled before: by another process of the service, or by one that was
        killed during its commit.
        """
        row = insert(self._tables.positions).values(consumer=self._consumer, position=position)
        moved = await connection.execute(
            row.on_conflict_do_update(
                index_elements=["consumer"],
                set_={"position": position},
                where=self._tables.positions.c.position < position,
            )
        )
        return moved.rowcount == 1
