"""Events out: written with the state they tell of, then relayed to the log."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import structlog
from google.protobuf.struct_pb2 import Struct
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy import ColumnElement, Row, delete, func, insert, literal_column, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.calls import current_call
from services.kernel.clock import Clock, new_id
from services.kernel.database import Database
from services.kernel.errors import LibralError
from services.kernel.events import NewEvent
from services.kernel.tables import KernelTables

BATCH_MAX = 500
POLL_SECONDS = 1.0
SETTLE_SECONDS = 0.02
RETRY_SECONDS = 0.5
APPEND_SECONDS = 10.0
TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext('libral.relay.' || :room))"

SETTLED = "transaction_id < pg_snapshot_xmin(pg_current_snapshot())"

log = structlog.get_logger()


class Outbox:
    """Takes the events of a room inside the transaction that they tell of."""

    def __init__(self, tables: KernelTables, clock: Clock) -> None:
        self._table = tables.outbox
        self._clock = clock

    async def publish(self, connection: AsyncConnection, event: NewEvent) -> None:
        """Writes an event that reaches the log once the transaction commits."""
        call = current_call()
        await connection.execute(
            insert(self._table).values(
                id=new_id(self._clock),
                type=event.type,
                category=event.category,
                level=event.level,
                subject=event.subject,
                actor=call.caller.subject if event.actor is None else event.actor,
                request_id=call.request_id,
                time=self._clock.now(),
                data=dict(event.data),
            )
        )


class Relay:
    """Moves the outbox to the log, in order, by one process of the room at a time.

    A row is taken only when every transaction that began before its own has
    ended, so that no late commit is passed over.
    """

    def __init__(
        self, room: str, database: Database, tables: KernelTables, log_channel: grpc.aio.Channel
    ) -> None:
        self._room = room
        self._database = database
        self._table = tables.outbox
        self._log = events_pb2_grpc.EventServiceStub(log_channel)
        self._wake = asyncio.Event()
        database.after_commit(self._wake.set)

    async def pending(self) -> float:
        """Counts the events that are not in the log yet."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(self._table)) or 0

    async def run(self) -> None:
        while True:
            try:
                await self._lead()
            except (LibralError, DBAPIError, OSError, grpc.aio.AioRpcError) as error:
                log.warning("relay.retry", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _lead(self) -> None:
        """Relays for as long as this process holds the lock of the room."""
        async with self._database.reading() as connection:
            try:
                while not await connection.scalar(text(TRY_LOCK), {"room": self._room}):
                    await self._wait(POLL_SECONDS)
                while True:
                    self._wake.clear()
                    pause = await self._drain(connection)
                    await self._wait(pause)
            finally:
                # The lock lasts as long as the connection, which must not go back to the pool.
                await connection.invalidate()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _drain(self, connection: AsyncConnection) -> float:
        """Relays all that is settled. Tells how long to wait for more."""
        settled: ColumnElement[bool] = literal_column(SETTLED)
        query = select(self._table, settled.label("settled"))
        query = query.order_by(self._table.c.sequence).limit(BATCH_MAX)
        while True:
            rows = (await connection.execute(query)).all()
            ready = [row for row in rows if row.settled]
            if ready:
                await self._append(ready)
                done = [row.sequence for row in ready]
                await connection.execute(
                    delete(self._table).where(self._table.c.sequence.in_(done))
                )
            if len(ready) < BATCH_MAX:
                return SETTLE_SECONDS if len(ready) < len(rows) else POLL_SECONDS

    async def _append(self, rows: Sequence[Row[Any]]) -> None:
        request = events_pb2.AppendEventsRequest(events=[self._event(row) for row in rows])
        await self._log.AppendEvents(request, timeout=APPEND_SECONDS)

    def _event(self, row: Row[Any]) -> events_pb2.Event:
        data = Struct()
        data.update(row.data)
        event = events_pb2.Event(
            id=str(row.id),
            type=row.type,
            source=self._room,
            subject=row.subject,
            category=row.category,
            level=row.level,
            actor=row.actor,
            request_id=row.request_id,
            data=data,
        )
        event.time.FromDatetime(row.time)
        return event
