"""Partitions of the log, one per month."""

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.entries import Head
from services.events.domain.partitions import next_month
from services.events.storage.tables import FLOOR, IDS, LOG


async def create_partition(connection: AsyncConnection, month: datetime) -> None:
    """Create the partition of a month unless it exists."""
    await connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS events.{partition_name(month)} PARTITION OF events.log "
        f"FOR VALUES FROM ('{month.isoformat()}') TO ('{next_month(month).isoformat()}')"
    )


async def list_partitions(connection: AsyncConnection) -> list[datetime]:
    """Return the months that have a partition, in order."""
    query = (
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
        "WHERE inhparent = 'events.log'::regclass ORDER BY relname"
    )
    names = (await connection.exec_driver_sql(query)).scalars()
    return [datetime.strptime(name, "log_%Y_%m").replace(tzinfo=UTC) for name in names]


async def drop_partition(connection: AsyncConnection, month: datetime) -> Head | None:
    """Drop the partition of the oldest month and move the floor to its last event.

    The floor keeps the hash that the next event covers. Return it, or None if the month had no
    events.
    """
    query = select(LOG.c.position, LOG.c.hash).where(
        LOG.c.append_time >= month, LOG.c.append_time < next_month(month)
    )
    last = (await connection.execute(query.order_by(LOG.c.position.desc()).limit(1))).one_or_none()
    await connection.exec_driver_sql(f"DROP TABLE events.{partition_name(month)}")
    if last is None:
        return None
    await connection.execute(update(FLOOR).values(position=last.position, hash=last.hash))
    await connection.execute(IDS.delete().where(IDS.c.position <= last.position))
    return Head(last.position, last.hash)


def partition_name(month: datetime) -> str:
    return f"log_{month:%Y_%m}"
