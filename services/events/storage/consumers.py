"""Consumers of the log."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.consumers import Consumer
from services.events.storage.tables import CONSUMERS, DEAD_LETTERS


async def save_consumer(connection: AsyncConnection, consumer: Consumer) -> None:
    values: dict[str, Any] = {
        "position": consumer.position,
        "types": list(consumer.types),
        "report_time": consumer.report_time,
    }
    row = insert(CONSUMERS).values(name=consumer.name, **values)
    await connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


async def list_consumers(
    connection: AsyncConnection, after: str, limit: int
) -> list[tuple[Consumer, int]]:
    """Return consumers ordered by name, each with the number of its dead letters."""
    dead_letter_count = (
        select(func.count())
        .where(DEAD_LETTERS.c.consumer == CONSUMERS.c.name)
        .scalar_subquery()
        .label("dead_letter_count")
    )
    query = select(CONSUMERS, dead_letter_count).where(CONSUMERS.c.name > after)
    rows = await connection.execute(query.order_by(CONSUMERS.c.name).limit(limit))
    return [
        (Consumer(row.name, row.position, row.types, row.report_time), row.dead_letter_count)
        for row in rows
    ]
