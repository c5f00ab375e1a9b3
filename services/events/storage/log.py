"""The log: appends that lock the head, and reads by position."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import ARRAY, BigInteger, ColumnElement, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.entries import Head, HeadMovedError, KnownIdError, LogEntry
from services.events.domain.filters import EventFilter
from services.events.storage.filters import event_conditions
from services.events.storage.tables import FLOOR, HEAD, IDS, LOG

# One statement and round trip. It writes nothing if the head is not the one chained to.
APPEND = """
    WITH moved AS (
        UPDATE events.head SET position = $16, hash = $17, append_time = $18
        WHERE position = $14 AND hash = $15 RETURNING position
    ), entries AS (
        INSERT INTO events.log (id, type, source, subject, category, level, actor, request_id,
                                time, data, append_time, position, hash)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[],
                             $6::smallint[], $7::text[], $8::text[], $9::timestamptz[],
                             $10::text[], $11::timestamptz[], $12::bigint[], $13::bytea[])
        WHERE EXISTS (SELECT FROM moved)
    )
    INSERT INTO events.ids (id, position)
    SELECT * FROM unnest($1::uuid[], $12::bigint[]) WHERE EXISTS (SELECT FROM moved)
"""
NOTHING = "INSERT 0 0"
# A process that hangs in a transaction must not block the appends of the others.
TIMEOUTS = ("SET idle_in_transaction_session_timeout = '3s'", "SET lock_timeout = '4s'")
FIND = "SELECT id, position FROM events.ids WHERE id = ANY($1::uuid[])"


async def lock_head(connection: AsyncConnection) -> Head:
    """Return the head, locked against other appends until the transaction ends."""
    row = (await connection.execute(select(HEAD).with_for_update())).one()
    return Head(row.position, row.hash, row.append_time)


async def read_head(connection: AsyncConnection) -> Head:
    row = (await connection.execute(select(HEAD))).one()
    return Head(row.position, row.hash, row.append_time)


async def read_floor(connection: AsyncConnection) -> Head:
    """Return the position and hash of the last event that retention removed."""
    row = (await connection.execute(select(FLOOR))).one()
    return Head(row.position, row.hash)


async def find_positions(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the positions of those ids that are in the log."""
    rows = await (await driver_connection(connection)).fetch(FIND, ids)
    return {row["id"]: row["position"] for row in rows}


async def append_entries(
    connection: AsyncConnection, entries: Sequence[LogEntry], before: Head, after: Head
) -> None:
    """Append events that were chained to the head `before`, in one round trip.

    Raises:
        HeadMovedError: `before` is no longer the head.
        KnownIdError: The log already has one of the ids.
    """
    columns = map(list, zip(*entries, strict=True))
    heads = (before.position, before.hash, after.position, after.hash, after.append_time)
    try:
        done = await (await driver_connection(connection)).execute(APPEND, *columns, *heads)
    except UniqueViolationError as error:
        raise KnownIdError from error
    if done == NOTHING:
        raise HeadMovedError


async def limit_lock_waits(connection: AsyncConnection) -> None:
    """Limit how long an appending session holds the lock of the head, and waits for it."""
    for setting in TIMEOUTS:
        await connection.exec_driver_sql(setting)
    await connection.commit()


async def driver_connection(connection: AsyncConnection) -> Any:
    """Return the asyncpg connection, which binds the arrays of a batch ten times as fast."""
    return (await connection.get_raw_connection()).driver_connection


async def find_entry(connection: AsyncConnection, event_id: UUID) -> LogEntry | None:
    position = select(IDS.c.position).where(IDS.c.id == event_id).scalar_subquery()
    row = (await connection.execute(select(LOG).where(LOG.c.position == position))).one_or_none()
    return None if row is None else LogEntry(*row)


async def find_entries(
    connection: AsyncConnection, positions: Sequence[int]
) -> Mapping[int, LogEntry]:
    """Return the events at the positions, by position."""
    query = select(LOG).where(LOG.c.position.in_(positions))
    return {row.position: LogEntry(*row) for row in await connection.execute(query)}


async def list_entries(
    connection: AsyncConnection, after: int, until: int, limit: int
) -> list[LogEntry]:
    """Return events in log order, above `after` and up to `until`."""
    query = select(LOG).where(LOG.c.position > after, LOG.c.position <= until)
    rows = await connection.execute(query.order_by(LOG.c.position).limit(limit))
    return [LogEntry(*row) for row in rows]


async def list_rows(
    connection: AsyncConnection, after: tuple[int, datetime], limit: int
) -> list[LogEntry]:
    """Return rows of the table in order, above a position and append time.

    Unlike `list_entries` it returns rows that share a position, which only tampering causes.
    """
    place = tuple_(LOG.c.position, LOG.c.append_time)
    query = select(LOG).where(place > after).order_by(LOG.c.position, LOG.c.append_time)
    return [LogEntry(*row) for row in await connection.execute(query.limit(limit))]


async def list_newest_entries(
    connection: AsyncConnection, span: tuple[int, int], limit: int
) -> list[LogEntry]:
    """Return the events of an inclusive span of positions, newest first."""
    query = select(LOG).where(LOG.c.position.between(*span))
    rows = await connection.execute(query.order_by(LOG.c.position.desc()).limit(limit))
    return [LogEntry(*row) for row in rows]


async def list_span_entries(
    connection: AsyncConnection,
    spans: Sequence[tuple[int, int]],
    wanted: EventFilter,
    *,
    descending: bool,
    limit: int,
) -> list[LogEntry]:
    """Return the events of short spans that a filter accepts, ignoring its text query.

    A span is an inclusive pair of first and last position.
    """
    query = select(LOG).where(position_in(spans), *event_conditions(wanted))
    order = LOG.c.position.desc() if descending else LOG.c.position
    rows = await connection.execute(query.order_by(order).limit(limit))
    return [LogEntry(*row) for row in rows]


async def count_span_entries(
    connection: AsyncConnection,
    spans: Sequence[tuple[int, int]],
    wanted: EventFilter,
) -> int:
    """Count the events of short spans that a filter accepts, ignoring its text query."""
    query = (
        select(func.count()).select_from(LOG).where(position_in(spans), *event_conditions(wanted))
    )
    return await connection.scalar(query) or 0


def position_in(spans: Sequence[tuple[int, int]]) -> ColumnElement[bool]:
    """Return the condition that a position is in one of the spans.

    It lists each position, because PostgreSQL plans a scan of the whole log for ranges whose
    bounds are parameters.
    """
    named = [position for first, last in spans for position in range(first, last + 1)]
    return LOG.c.position == func.any(literal(named, ARRAY(BigInteger)))
