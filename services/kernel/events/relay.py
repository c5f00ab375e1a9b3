"""The relay: moves events from the outbox of a service to the event log."""

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
from services.kernel.status import describe_error

BATCH_MAX = 500
# Bytes of JSON. Protobuf may need six times as many, and gRPC messages are limited to 4 MiB.
BATCH_BYTES_MAX = 512 * 1024
POLL_SECONDS = 1.0
SETTLE_SECONDS = 0.02
SETTLE_SECONDS_MAX = 0.32
RETRY_SECONDS = 0.1
RETRY_SECONDS_MAX = 3.0
APPEND_SECONDS = 10.0
TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext('libral.relay.' || :service))"

SETTLED = "transaction_id < pg_snapshot_xmin(pg_current_snapshot())"
# The consumer name of dead letters of rejected outbox rows.
OUTBOX_CONSUMER = "outbox"
# Part of the error message of a gRPC server for a message above its size limit.
TOO_LARGE = "larger than max"

log = structlog.get_logger()


class Backoff:
    """Exponential backoff with jitter: delays double from `first` to `longest` seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def next_delay(self) -> float:
        """Return the next delay in seconds: 50 to 100 % of its nominal value."""
        seconds, self._next = self._next, min(self._next * 2, self._longest)
        return seconds * random.uniform(0.5, 1)  # noqa: S311 - jitter needs no secure random numbers

    def reset(self) -> None:
        """Start again with the first delay."""
        self._next = self._first


class Relay:
    """Appends the rows of the outbox to the event log in their order.

    One process of the service relays at a time: the holder of an advisory lock. A row is relayed
    after the rows before it, once all transactions that began before its own have ended. This
    preserves the order of rows of concurrent transactions, and skips no row that commits late.
    """

    def __init__(
        self,
        service: str,
        database: Database,
        tables: KernelTables,
        outbox: Outbox,
        log_channel: grpc.aio.Channel,
        clock: Clock,
    ) -> None:
        self._service = service
        self._database = database
        self._table = tables.outbox
        self._dead_letters = tables.dead_letters
        self._outbox = outbox
        self._log = events_pb2_grpc.EventServiceStub(log_channel)
        self._clock = clock
        self._retry = Backoff(RETRY_SECONDS, RETRY_SECONDS_MAX)
        self._settle = Backoff(SETTLE_SECONDS, SETTLE_SECONDS_MAX)
        self._limit = BATCH_MAX
        self._wake = asyncio.Event()
        database.after_commit(self._wake.set)

    async def count_pending(self) -> float:
        """Return the number of events in the outbox."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(self._table)) or 0

    async def measure_lag(self) -> float:
        """Return the age in seconds of the oldest event in the outbox, or 0 if it is empty."""
        query = select(self._table.c.time).order_by(self._table.c.sequence).limit(1)
        async with self._database.reading() as connection:
            oldest = await connection.scalar(query)
        age = self._clock.now() - oldest if oldest is not None else timedelta()
        return max(age.total_seconds(), 0.0)

    async def run(self) -> None:
        """Relay events until cancelled. Retry with backoff if the database or log fails."""
        while True:
            try:
                await self._relay_as_leader()
            except (LibralError, DBAPIError, OSError, grpc.aio.AioRpcError) as error:
                log.warning("relay.retry", error=type(error).__name__)
            await asyncio.sleep(self._retry.next_delay())

    async def _relay_as_leader(self) -> None:
        """Wait for the lock of the service, then relay until an error."""
        async with self._database.reading() as connection:
            try:
                while not await self._try_lock(connection):  # noqa: ASYNC110 - a lock has no event
                    await asyncio.sleep(POLL_SECONDS)
                while True:
                    self._wake.clear()
                    seconds = await self._drain(connection)
                    self._retry.reset()
                    await self._wait_for_commit(seconds)
            finally:
                # The lock is held by the connection, which must not return to the pool.
                await connection.invalidate()

    async def _try_lock(self, connection: AsyncConnection) -> bool:
        return bool(await connection.scalar(text(TRY_LOCK), {"service": self._service}))

    async def _wait_for_commit(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _drain(self, connection: AsyncConnection) -> float:
        """Relay all settled rows. Return the seconds to wait before the next look."""
        while True:
            rows = (await connection.execute(self._oldest_rows())).all()
            if not rows:
                return POLL_SECONDS
            ready = list(takewhile(lambda row: row.settled, rows))
            if ready:
                await self._deliver(connection, ready)
                self._retry.reset()
                self._settle.reset()
            if len(ready) < len(rows):
                return self._settle.next_delay()
            # Read fewer rows if they are large: PostgreSQL decompresses each row that it reads.
            self._limit = 2 * len(rows) if len(rows) < rows[0].found else BATCH_MAX

    def _oldest_rows(self) -> Any:
        """Return the query of the oldest rows: at most 500 rows or 512 KiB, at least one row."""
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
        """Append rows to the log and delete them. If they are rejected, append them in halves."""
        try:
            events = [self._event(row, row.data) for row in rows]
            request = events_pb2.AppendEventsRequest(events=events)
            await self._log.AppendEvents(request, timeout=APPEND_SECONDS)
        except (ValueError, OverflowError, grpc.aio.AioRpcError) as error:
            if not is_rejection(error):
                raise
            await self._deliver_halves(connection, rows, error)
            return
        done = bindparam("done", [row.sequence for row in rows], type_=ARRAY(BIGINT))
        await connection.execute(
            delete(self._table).where(self._table.c.sequence == func.any(done))
        )

    async def _deliver_halves(
        self, connection: AsyncConnection, rows: Sequence[Row[Any]], error: Exception
    ) -> None:
        """Deliver each half of the rejected rows. A single row is dead-lettered."""
        if len(rows) > 1:
            middle = len(rows) // 2
            await self._deliver(connection, rows[:middle])
            await self._deliver(connection, rows[middle:])
        else:
            await self._dead_letter(rows[0], describe_error(error))

    async def _dead_letter(self, row: Row[Any], problem: str) -> None:
        """Move a rejected row to the dead letters, and publish `outbox.refused`."""
        dead_letter = upsert(self._dead_letters).values(
            consumer=OUTBOX_CONSUMER,
            position=row.sequence,
            event=self._storable_event(row).SerializeToString(),
            error=problem,
            tries=1,
            time=self._clock.now(),
        )
        refused = NewEvent(
            "outbox.refused",
            Category.SYSTEM,
            level=Level.ERROR,
            actor=f"services/{self._service}",
            data={"id": str(row.id), "sequence": str(row.sequence), "problem": problem},
        )
        async with self._database.transaction() as connection:
            await connection.execute(dead_letter.on_conflict_do_nothing())
            await connection.execute(
                delete(self._table).where(self._table.c.sequence == row.sequence)
            )
            # A rejected `outbox.refused` must not publish another one.
            if row.type != refused.type:
                await self._outbox.publish(connection, refused)
        log.error("relay.refused", id=str(row.id), type=row.type, problem=problem)

    def _storable_event(self, row: Row[Any]) -> events_pb2.Event:
        """Return the event of a row. Data that Struct cannot hold is stored as JSON text."""
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
            source=self._service,
            subject=row.subject,
            category=row.category,
            level=row.level,
            actor=row.actor,
            request_id=row.request_id,
            data=data,
        )
        event.time.FromDatetime(row.time)
        return event


def is_rejection(error: Exception) -> bool:
    """True if appending the same events again would fail again."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return True
    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return TOO_LARGE in (error.details() or "")
    return error.code() == grpc.StatusCode.INVALID_ARGUMENT
