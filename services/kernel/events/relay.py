"""Events on their way out: from the outbox of a room to the log."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any

import grpc
import structlog
from google.protobuf.struct_pb2 import Struct
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.errors import LibralError
from services.kernel.events.event import Category, Level, NewEvent
from services.kernel.events.outbox import Outbox
from services.kernel.status import describe

BATCH_MAX = 500
# Of JSON text, which protobuf may make six times as long: gRPC takes 4 MiB.
BATCH_BYTES_MAX = 512 * 1024
POLL_SECONDS = 1.0
SETTLE_SECONDS = 0.02
SETTLE_SECONDS_MAX = 0.32
RETRY_SECONDS = 0.1
RETRY_SECONDS_MAX = 3.0
APPEND_SECONDS = 10.0
TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext('libral.relay.' || :room))"

SETTLED = "transaction_id < pg_snapshot_xmin(pg_current_snapshot())"
ASIDE = "outbox"
# What a server says of a message beyond its limit.
TOO_LARGE = "larger than max"

log = structlog.get_logger()


class Pause:
    """How long to wait before the next try: longer each time, and never the same."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def take(self) -> float:
        seconds, self._next = self._next, min(self._next * 2, self._longest)
        return seconds * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        self._next = self._first


class Relay:
    """Moves the outbox to the log, in order, by one process of the room at a time.

    A row is taken only when every transaction that began before its own has
    ended, and every row before it is taken: no late commit is passed over, and
    none overtakes another that it waited for.
    """

    def __init__(
        self,
        room: str,
        database: Database,
        tables: KernelTables,
        outbox: Outbox,
        log_channel: grpc.aio.Channel,
        clock: Clock,
    ) -> None:
        self._room = room
        self._database = database
        self._table = tables.outbox
        self._letters = tables.dead_letters
        self._outbox = outbox
        self._log = events_pb2_grpc.EventServiceStub(log_channel)
        self._clock = clock
        self._retry = Pause(RETRY_SECONDS, RETRY_SECONDS_MAX)
        self._settle = Pause(SETTLE_SECONDS, SETTLE_SECONDS_MAX)
        self._limit = BATCH_MAX
        self._wake = asyncio.Event()
        database.after_commit(self._wake.set)

    async def pending(self) -> float:
        """Counts the events that are not in the log yet."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(self._table)) or 0

    async def lag(self) -> float:
        """Tells for how many seconds the oldest event that is not in the log has waited."""
        query = select(self._table.c.time).order_by(self._table.c.sequence).limit(1)
        async with self._database.reading() as connection:
            oldest = await connection.scalar(query)
        age = self._clock.now() - oldest if oldest is not None else timedelta()
        return max(age.total_seconds(), 0.0)

    async def run(self) -> None:
        while True:
            try:
                await self._lead()
            except (LibralError, DBAPIError, OSError, grpc.aio.AioRpcError) as error:
                log.warning("relay.retry", error=type(error).__name__)
            await asyncio.sleep(self._retry.take())

    async def _lead(self) -> None:
        """Relays for as long as this process holds the lock of the room."""
        async with self._database.reading() as connection:
            try:
                while not await self._leads(connection):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(POLL_SECONDS)
                while True:
                    self._wake.clear()
                    pause = await self._drain(connection)
                    self._retry.reset()
                    await self._wait(pause)
            finally:
                # The lock lasts as long as the connection, which must not go back to the pool.
                await connection.invalidate()

    async def _leads(self, connection: AsyncConnection) -> bool:
        return bool(await connection.scalar(text(TRY_LOCK), {"room": self._room}))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _drain(self, connection: AsyncConnection) -> float:
        """Relays all that is settled. Tells how long to wait for more."""
        while True:
            rows = (await connection.execute(self._oldest())).all()
            if not rows:
                return POLL_SECONDS
            ready = list(takewhile(lambda row: row.settled, rows))
            if ready:
                await self._deliver(connection, ready)
                self._retry.reset()
                self._settle.reset()
            if len(ready) < len(rows):
                return self._settle.take()
            # Where few rows fill a batch, PostgreSQL is spared to unpack many.
            self._limit = 2 * len(rows) if len(rows) < rows[0].found else BATCH_MAX

    def _oldest(self) -> Any:
        """Selects the oldest rows, at most 500 and at most 512 KiB of them."""
        table = self._table
        settled: ColumnElement[bool] = literal_column(SETTLED)
        oldest = select(table, settled.label("settled")).order_by(table.c.sequence)
        found = oldest.limit(self._limit).subquery()
        size: ColumnElement[int] = func.octet_length(cast(found.c.data, Text))
        batch = select(
            found,
            size.label("bytes"),
            func.sum(size).over(order_by=found.c.sequence).label("total_bytes"),
            func.count().over().label("found"),
        ).subquery()
        fits = batch.c.total_bytes <= BATCH_BYTES_MAX
        first = batch.c.total_bytes == batch.c.bytes
        return select(batch).where(fits | first).order_by(batch.c.sequence)

    async def _deliver(self, connection: AsyncConnection, rows: Sequence[Row[Any]]) -> None:
        """Appends rows and forgets them. If they are refused, finds the one at fault."""
        try:
            events = [self._event(row, row.data) for row in rows]
            request = events_pb2.AppendEventsRequest(events=events)
            await self._log.AppendEvents(request, timeout=APPEND_SECONDS)
        except (ValueError, OverflowError, grpc.aio.AioRpcError) as error:
            if not is_refusal(error):
                raise
            await self._part(connection, rows, error)
            return
        done = bindparam("done", [row.sequence for row in rows], type_=ARRAY(BIGINT))
        await connection.execute(
            delete(self._table).where(self._table.c.sequence == func.any(done))
        )

    async def _part(
        self, connection: AsyncConnection, rows: Sequence[Row[Any]], error: Exception
    ) -> None:
        """Tries rows that were refused by halves. One that is alone is put aside."""
        if len(rows) > 1:
            middle = len(rows) // 2
            await self._deliver(connection, rows[:middle])
            await self._deliver(connection, rows[middle:])
        else:
            await self._put_aside(rows[0], describe(error))

    async def _put_aside(self, row: Row[Any], problem: str) -> None:
        """Puts a row that the log will never take among the dead letters, and tells the log so."""
        letter = upsert(self._letters).values(
            consumer=ASIDE,
            position=row.sequence,
            event=self._readable(row).SerializeToString(),
            error=problem,
            tries=1,
            time=self._clock.now(),
        )
        told = NewEvent(
            "outbox.refused",
            Category.SYSTEM,
            level=Level.ERROR,
            actor=f"services/{self._room}",
            data={"id": str(row.id), "sequence": str(row.sequence), "problem": problem},
        )
        async with self._database.transaction() as connection:
            await connection.execute(letter.on_conflict_do_nothing())
            await connection.execute(
                delete(self._table).where(self._table.c.sequence == row.sequence)
            )
            if row.type != told.type:
                await self._outbox.publish(connection, told)
        log.error("relay.refused", id=str(row.id), type=row.type, problem=problem)

    def _readable(self, row: Row[Any]) -> events_pb2.Event:
        """Makes an event even of data that no event can have: then it holds them as text."""
        try:
            return self._event(row, row.data)
        except (ValueError, OverflowError):
            return self._event(row, {"json": json.dumps(row.data)})

    def _event(self, row: Row[Any], content: Mapping[str, Any]) -> events_pb2.Event:
        data = Struct()
        data.update(content)
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


def is_refusal(error: Exception) -> bool:
    """Tells whether the log will never take these events together, however often it is asked."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return True
    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return TOO_LARGE in (error.details() or "")
    return error.code() == grpc.StatusCode.INVALID_ARGUMENT
