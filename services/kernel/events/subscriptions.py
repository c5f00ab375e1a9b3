"""Events in: each handled once, in order, in the transaction that moves the position."""

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
from services.kernel.database.database import Database, is_away
from services.kernel.database.tables import KernelTables
from services.kernel.errors import UnavailableError
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.kernel.status import describe

TRIES_MAX = 5
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0)
RECONNECT_SECONDS = 1.0
REPORT_SECONDS = 5.0
CALL_SECONDS = 2.0

BURIED = "reaction.buried"
RETRY_REQUESTED = "reaction.retry_requested"
RETRY_FAILED = "reaction.retry_failed"
RECOVERED = "reaction.recovered"
DISCARD_REQUESTED = "reaction.discard_requested"
DISCARDED = "reaction.discarded"

Handler = Callable[[AsyncConnection, events_pb2.Event], Awaitable[None]]
Reactions = Mapping[str, Handler]

log = structlog.get_logger()


class Subscription:
    """Feeds a room's reactions from the log, from where it stopped.

    An event that fails 5 times becomes a dead letter of the room. What an
    operator wants done with it comes through the log as well, and is answered
    there: so it is done once, even if the room was down when it was asked.
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
            RETRY_REQUESTED: self._retry,
            DISCARD_REQUESTED: self._discard,
        }
        self._database = database
        self._tables = tables
        self._log = events_pb2_grpc.EventServiceStub(log_channel)
        self._reports = events_pb2_grpc.ReactionServiceStub(log_channel)
        self._clock = clock
        self._outbox = outbox

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
            except grpc.aio.AioRpcError as error:
                # Beyond what the log keeps: nobody but an operator can say what is to become of it.
                lost = error.code() == grpc.StatusCode.OUT_OF_RANGE
                log.log(ERROR if lost else INFO, "subscription.reconnect", error=describe(error))
            except UnavailableError as error:
                log.info("subscription.reconnect", error=describe(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def report(self) -> None:
        """Tells the log every few seconds how far the room is."""
        while True:
            try:
                consumer = events_pb2.Consumer(
                    name=f"consumers/{self._consumer}",
                    position=await self.position(),
                    types=sorted(self._handlers),
                )
                request = events_pb2.ReportConsumerRequest(consumer=consumer)
                answer = await self._reports.ReportConsumer(request, timeout=CALL_SECONDS)
                await self._pass_over(consumer.position, answer.clear_position)
            except (grpc.aio.AioRpcError, UnavailableError) as error:
                log.debug("subscription.unreported", error=type(error).__name__)
            await asyncio.sleep(REPORT_SECONDS)

    async def _pass_over(self, position: int, clear: int) -> None:
        """Moves on over events that are not for the room, which the log may drop one day."""
        if clear > position:
            async with self._database.transaction() as connection:
                await self._move(connection, clear)

    async def position(self) -> int:
        """Tells the position of the last event handled."""
        positions = self._tables.positions
        query = select(positions.c.position).where(positions.c.consumer == self._consumer)
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def _follow(self) -> None:
        request = events_pb2.StreamEventsRequest(
            after=await self.position(), types=sorted(self._handlers)
        )
        call = self._log.StreamEvents(request)
        try:
            async for event in call:
                await self._handle(event)
        finally:
            call.cancel()

    async def _handle(self, event: events_pb2.Event) -> None:
        """Handles an event, or puts it among the dead letters after 5 tries."""
        for attempt in range(1, TRIES_MAX + 1):
            try:
                async with self._database.transaction() as connection:
                    if await self._move(connection, event.position):
                        await self._handlers[event.type](connection, event)
            except UnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - a poison event fails in any way it likes
                log.warning("subscription.failed", position=event.position, attempt=attempt)
                if attempt == TRIES_MAX:
                    await self._bury(event, error)
                    return
                await asyncio.sleep(RETRY_SECONDS[attempt - 1])
            else:
                return

    async def _bury(self, event: events_pb2.Event, error: Exception) -> None:
        reason = describe(error)
        letter = insert(self._tables.dead_letters).values(
            consumer=self._consumer,
            position=event.position,
            event=event.SerializeToString(),
            error=reason,
            tries=TRIES_MAX,
            time=self._clock.now(),
        )
        async with self._database.transaction() as connection:
            if not await self._move(connection, event.position):
                return
            await connection.execute(letter)
            # A list of dead letters that fails to take one must not be told of that for ever.
            if event.type != BURIED:
                data = {"type": event.type, "error": reason, "tries": str(TRIES_MAX)}
                await self._tell(connection, BURIED, event.position, Level.ERROR, data)
        log.error("subscription.buried", position=event.position, type=event.type)

    async def _retry(self, connection: AsyncConnection, request: events_pb2.Event) -> None:
        """Handles a dead letter once more: all of it takes effect, or it stays."""
        letter = await self._find_letter(connection, request)
        if letter is None:
            return
        event = events_pb2.Event.FromString(letter.event)
        try:
            async with connection.begin_nested():
                await self._handlers[event.type](connection, event)
        except Exception as error:
            if isinstance(error, UnavailableError) or (
                isinstance(error, DBAPIError) and is_away(error)
            ):
                raise
            await self._keep(connection, letter, event.type, describe(error))
        else:
            await self._remove(connection, letter)
            data = {"type": event.type}
            await self._tell(connection, RECOVERED, letter.position, Level.INFO, data)

    async def _discard(self, connection: AsyncConnection, request: events_pb2.Event) -> None:
        letter = await self._find_letter(connection, request)
        if letter is not None:
            await self._remove(connection, letter)
            data = {"type": events_pb2.Event.FromString(letter.event).type}
            await self._tell(connection, DISCARDED, letter.position, Level.INFO, data)

    async def _find_letter(self, connection: AsyncConnection, request: events_pb2.Event) -> Any:
        """Finds the dead letter that a request names, if it is one of this room."""
        data = request.data.fields
        if data["consumer"].string_value != self._consumer:
            return None
        query = select(self._tables.dead_letters).filter_by(
            consumer=self._consumer, position=int(data["position"].string_value)
        )
        return (await connection.execute(query.with_for_update())).one_or_none()

    async def _keep(
        self, connection: AsyncConnection, letter: Any, event_type: str, reason: str
    ) -> None:
        tries = letter.tries + 1
        change = update(self._tables.dead_letters).filter_by(
            consumer=self._consumer, position=letter.position
        )
        await connection.execute(change.values(error=reason, tries=tries))
        data = {"type": event_type, "error": reason, "tries": str(tries)}
        await self._tell(connection, RETRY_FAILED, letter.position, Level.ERROR, data)

    async def _remove(self, connection: AsyncConnection, letter: Any) -> None:
        await connection.execute(
            delete(self._tables.dead_letters).filter_by(
                consumer=self._consumer, position=letter.position
            )
        )

    async def _tell(
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

    async def _move(self, connection: AsyncConnection, position: int) -> bool:
        """Moves the position on, and locks it. Tells whether it was behind.

        It was not, when another process of the room has handled the event, or
        one that was killed while PostgreSQL was about to commit.
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
