"""The log: append under the lock of its head, read by position."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import ARRAY, BigInteger, ColumnElement, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.entries import Entry, Head, HeadMovedError, KnownIdError
from services.events.domain.filters import EventFilter
from services.events.storage.filters import event_conditions
from services.events.storage.tables import FLOOR, HEAD, IDS, LOG

# One statement, one round trip: the head, if it is where the events were chained on, rows and ids.
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
# A process that is stopped in the middle must not keep the head from the others.
TIMEOUTS = ("SET idle_in_transaction_session_timeout = '3s'", "SET lock_timeout = '4s'")
FIND = "SELECT id, position FROM events.ids WHERE id = ANY($1::uuid[])"


async def lock_head(connection: AsyncConnection) -> Head:
    """Read the head and lock it against other appends until the transaction ends."""
    row = (await connection.execute(select(HEAD).with_for_update())).one()
    return Head(row.position, row.hash, row.append_time)


async def read_head(connection: AsyncConnection) -> Head:
    row = (await connection.execute(select(HEAD))).one()
    return Head(row.position, row.hash, row.append_time)


async def read_floor(connection: AsyncConnection) -> Head:
    """Return position and hash of the last event that is no longer kept."""
    row = (await connection.execute(select(FLOOR))).one()
    return Head(row.position, row.hash)


async def find_positions(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the position of each of the ids that is in the log."""
    rows = await (await driver(connection)).fetch(FIND, ids)
    return {row["id"]: row["position"] for row in rows}


async def append(
    connection: AsyncConnection, entries: Sequence[Entry], before: Head, after: Head
) -> None:
    """Append events that were chained on from `before`, in one round trip.

    Raises:
        HeadMovedError: The log does not end there any more.
        KnownIdError: The log has the id of one of them.
    """
    columns = map(list, zip(*entries, strict=True))
    heads = (before.position, before.hash, after.position, after.hash, after.append_time)
    try:
        done = await (await driver(connection)).execute(APPEND, *columns, *heads)
    except UniqueViolationError as error:
        raise KnownIdError from error
    if done == NOTHING:
        raise HeadMovedError


async def limit_waits(connection: AsyncConnection) -> None:
    """Limit how long a session that appends holds the head of the log, and waits for it."""
    for setting in TIMEOUTS:
        await connection.exec_driver_sql(setting)
    await connection.commit()


async def driver(connection: AsyncConnection) -> Any:
    """Return the asyncpg connection: it takes the arrays of a batch in a tenth of the time."""
    return (await connection.get_raw_connection()).driver_connection


async def find_by_id(connection: AsyncConnection, event_id: UUID) -> Entry | None:
    position = select(IDS.c.position).where(IDS.c.id == event_id).scalar_subquery()
    row = (await connection.execute(select(LOG).where(LOG.c.position == position))).one_or_none()
    return None if row is None else Entry(*row)


async def find_at(connection: AsyncConnection, positions: Sequence[int]) -> Mapping[int, Entry]:
    """Read the events at some positions."""
    query = select(LOG).where(LOG.c.position.in_(positions))
    return {row.position: Entry(*row) for row in await connection.execute(query)}


async def list_between(
    connection: AsyncConnection, after: int, until: int, limit: int
) -> list[Entry]:
    """Read events in order, above `after` and up to `until`."""
    query = select(LOG).where(LOG.c.position > after, LOG.c.position <= until)
    rows = await connection.execute(query.order_by(LOG.c.position).limit(limit))
    return [Entry(*row) for row in rows]


async def list_all(
    connection: AsyncConnection, after: tuple[int, datetime], limit: int
) -> list[Entry]:
    """Read all rows of the table in order, above a position and append time."""
    place = tuple_(LOG.c.position, LOG.c.append_time)
    query = select(LOG).where(place > after).order_by(LOG.c.position, LOG.c.append_time)
    return [Entry(*row) for row in await connection.execute(query.limit(limit))]


async def list_newest(
    connection: AsyncConnection, span: tuple[int, int], limit: int
) -> list[Entry]:
    """Read the events of a span of positions, both ends included, the newest first."""
    query = select(LOG).where(LOG.c.position.between(*span))
    rows = await connection.execute(query.order_by(LOG.c.position.desc()).limit(limit))
    return [Entry(*row) for row in rows]


async def list_spans(
    connection: AsyncConnection,
    spans: Sequence[tuple[int, int]],
    wanted: EventFilter,
    *,
    descending: bool,
    limit: int,
) -> list[Entry]:
    """Read the events of some short spans that a filter accepts, its query left out, in order.

    A span is its first and its last position.
    """
    query = select(LOG).where(within(spans), *event_conditions(wanted))
    order = LOG.c.position.desc() if descending else LOG.c.position
    rows = await connection.execute(query.order_by(order).limit(limit))
    return [Entry(*row) for row in rows]


async def count_spans(
    connection: AsyncConnection,
    spans: Sequence[tuple[int, int]],
    wanted: EventFilter,
) -> int:
    """Count the events of some short spans that a filter accepts, its query left out."""
    query = select(func.count()).select_from(LOG).where(within(spans), *event_conditions(wanted))
    return await connection.scalar(query) or 0


def within(spans: Sequence[tuple[int, int]]) -> ColumnElement[bool]:
    """Return the condition that a position is in one of the spans, which lists each position.

    For ranges whose bounds are parameters PostgreSQL plans a scan of the whole log.
    """
    named = [position for first, last in spans for position in range(first, last + 1)]
    return LOG.c.position == func.any(literal(named, ARRAY(BigInteger)))
