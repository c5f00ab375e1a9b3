"""The log: appended under the lock of its head, read by position."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Entry, Head
from services.events.storage.tables import FLOOR, HEAD, IDS, LOG

# One statement, one journey: the head, if it is where the events were chained on, rows and ids.
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
FIND = "SELECT id, position FROM events.ids WHERE id = ANY($1::uuid[])"


class MovedError(Exception):
    """Another process has appended."""


async def lock_head(connection: AsyncConnection) -> Head:
    """Reads the head and keeps other appends out until the transaction ends."""
    row = (await connection.execute(select(HEAD).with_for_update())).one()
    return Head(row.position, row.hash, row.append_time)


async def read_head(connection: AsyncConnection) -> Head:
    row = (await connection.execute(select(HEAD))).one()
    return Head(row.position, row.hash, row.append_time)


async def read_floor(connection: AsyncConnection) -> Head:
    """Reads what stands for the last event that is no longer kept."""
    row = (await connection.execute(select(FLOOR))).one()
    return Head(row.position, row.hash)


async def find_positions(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Tells which of the ids are in the log, and where."""
    rows = await (await driver(connection)).fetch(FIND, ids)
    return {row["id"]: row["position"] for row in rows}


async def append(
    connection: AsyncConnection, entries: Sequence[Entry], before: Head, after: Head
) -> None:
    """Appends events that were chained on from `before`.

    Raises:
        MovedError: The log does not end there any more.
        UniqueViolationError: It has the id of one of them.
    """
    columns = map(list, zip(*entries, strict=True))
    heads = (before.position, before.hash, after.position, after.hash, after.append_time)
    done = await (await driver(connection)).execute(APPEND, *columns, *heads)
    if done == NOTHING:
        raise MovedError


async def driver(connection: AsyncConnection) -> Any:
    """The connection of asyncpg below: arrays of a whole batch cost it a tenth."""
    return (await connection.get_raw_connection()).driver_connection


def month_after(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


def month_before(month: datetime) -> datetime:
    return month_of(month - timedelta(days=1))


def month_of(time: datetime) -> datetime:
    return datetime(time.year, time.month, 1, tzinfo=UTC)


async def make_period(connection: AsyncConnection, month: datetime) -> None:
    """Makes the part of the log that holds a month, unless it is there."""
    await connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS events.{period_name(month)} PARTITION OF events.log "
        f"FOR VALUES FROM ('{month.isoformat()}') TO ('{month_after(month).isoformat()}')"
    )


async def list_periods(connection: AsyncConnection) -> list[datetime]:
    """Lists the months that the log has a part for, in order."""
    query = (
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
        "WHERE inhparent = 'events.log'::regclass ORDER BY relname"
    )
    names = (await connection.exec_driver_sql(query)).scalars()
    return [datetime.strptime(name, "log_%Y_%m").replace(tzinfo=UTC) for name in names]


async def drop_period(connection: AsyncConnection, month: datetime) -> Head | None:
    """Drops a month, the oldest, and keeps what the next event is hashed onto.

    Tells the new floor, or None if the month had no event.
    """
    query = select(LOG.c.position, LOG.c.hash).where(
        LOG.c.append_time >= month, LOG.c.append_time < month_after(month)
    )
    last = (await connection.execute(query.order_by(LOG.c.position.desc()).limit(1))).one_or_none()
    await connection.exec_driver_sql(f"DROP TABLE events.{period_name(month)}")
    if last is None:
        return None
    await connection.execute(update(FLOOR).values(position=last.position, hash=last.hash))
    await connection.execute(IDS.delete().where(IDS.c.position <= last.position))
    return Head(last.position, last.hash)


def period_name(month: datetime) -> str:
    return f"log_{month:%Y_%m}"


async def find_by_id(connection: AsyncConnection, event_id: UUID) -> Entry | None:
    position = select(IDS.c.position).where(IDS.c.id == event_id).scalar_subquery()
    row = (await connection.execute(select(LOG).where(LOG.c.position == position))).one_or_none()
    return None if row is None else Entry(*row)


async def find_at(connection: AsyncConnection, positions: Sequence[int]) -> Mapping[int, Entry]:
    """Reads the events at some positions."""
    query = select(LOG).where(LOG.c.position.in_(positions))
    return {row.position: Entry(*row) for row in await connection.execute(query)}


async def list_between(
    connection: AsyncConnection, after: int, until: int, limit: int
) -> list[Entry]:
    """Reads events in order, above `after` and up to `until`."""
    query = select(LOG).where(LOG.c.position > after, LOG.c.position <= until)
    rows = await connection.execute(query.order_by(LOG.c.position).limit(limit))
    return [Entry(*row) for row in rows]


async def list_all(
    connection: AsyncConnection, after: tuple[int, datetime], limit: int
) -> list[Entry]:
    """Reads whatever is in the table, in order, above a position and append time."""
    place = tuple_(LOG.c.position, LOG.c.append_time)
    query = select(LOG).where(place > after).order_by(LOG.c.position, LOG.c.append_time)
    return [Entry(*row) for row in await connection.execute(query.limit(limit))]


async def list_newest(
    connection: AsyncConnection, span: tuple[int, int], limit: int
) -> list[Entry]:
    """Reads the events of a span of positions, both ends included, the newest first."""
    query = select(LOG).where(LOG.c.position.between(*span))
    rows = await connection.execute(query.order_by(LOG.c.position.desc()).limit(limit))
    return [Entry(*row) for row in rows]


async def list_spans(
    connection: AsyncConnection,
    spans: Sequence[tuple[int, int]],
    conditions: Sequence[ColumnElement[bool]],
    *,
    descending: bool,
    limit: int,
) -> list[Entry]:
    """Reads the events of some short spans of positions, both ends included, in order."""
    query = select(LOG).where(within(spans), *conditions)
    order = LOG.c.position.desc() if descending else LOG.c.position
    rows = await connection.execute(query.order_by(order).limit(limit))
    return [Entry(*row) for row in rows]


async def count_spans(
    connection: AsyncConnection,
    spans: Sequence[tuple[int, int]],
    conditions: Sequence[ColumnElement[bool]],
) -> int:
    """Counts the events of some short spans of positions, both ends included."""
    query = select(func.count()).select_from(LOG).where(within(spans), *conditions)
    return await connection.scalar(query) or 0


def within(spans: Sequence[tuple[int, int]]) -> ColumnElement[bool]:
    """Names each position of some spans.

    Of ranges that PostgreSQL does not know when it plans, it believes that they hold much of the
    log, and reads all of it.
    """
    named = [position for first, last in spans for position in range(first, last + 1)]
    return LOG.c.position == func.any(literal(named, ARRAY(BigInteger)))
