"""Events in: each handled once, in order, in the transaction that moves the position."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import grpc
import structlog
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.errors import UnavailableError
from services.kernel.tables import KernelTables

TRIES_MAX = 5
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0)
RECONNECT_SECONDS = 1.0
ERROR_LENGTH_MAX = 1000

Handler = Callable[[AsyncConnection, events_pb2.Event], Awaitable[None]]
Reactions = Mapping[str, Handler]

log = structlog.get_logger()


class Subscription:
    """Feeds a room's reactions from the log, from where it stopped."""

    def __init__(
        self,
        consumer: str,
        reactions: Reactions,
        database: Database,
        tables: KernelTables,
        log_channel: grpc.aio.Channel,
        clock: Clock,
    ) -> None:
        self._consumer = consumer
        self._reactions = reactions
        self._database = database
        self._tables = tables
        self._log = events_pb2_grpc.EventServiceStub(log_channel)
        self._clock = clock

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
            except (grpc.aio.AioRpcError, UnavailableError) as error:
                log.info("subscription.reconnect", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def position(self) -> int:
        """Tells the position of the last event handled."""
        positions = self._tables.positions
        query = select(positions.c.position).where(positions.c.consumer == self._consumer)
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def _follow(self) -> None:
        request = events_pb2.StreamEventsRequest(
            after=await self.position(), types=sorted(self._reactions)
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
                    await self._reactions[event.type](connection, event)
                    await self._move(connection, event.position)
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
        letter = insert(self._tables.dead_letters).values(
            consumer=self._consumer,
            position=event.position,
            event=event.SerializeToString(),
            error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX],
            tries=TRIES_MAX,
            time=self._clock.now(),
        )
        async with self._database.transaction() as connection:
            await connection.execute(letter.on_conflict_do_nothing())
            await self._move(connection, event.position)
        log.error("subscription.buried", position=event.position, type=event.type)

    async def _move(self, connection: AsyncConnection, position: int) -> None:
        row = insert(self._tables.positions).values(consumer=self._consumer, position=position)
        await connection.execute(
            row.on_conflict_do_update(index_elements=["consumer"], set_={"position": position})
        )
