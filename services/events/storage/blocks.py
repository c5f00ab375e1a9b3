"""The search index: for each block of 100 events, the words and column values in it.

Blocks are indexed after their events are appended. The index can be rebuilt from the log.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain.blocks import BLOCK_SIZE, Block, EventCounts, block_of, block_span
from services.events.domain.filters import EventFilter
from services.events.storage.filters import block_conditions
from services.events.storage.tables import BLOCKS, LOG
from services.kernel.events.event import Category, Level

NEAR = 200


async def read_indexed_position(connection: AsyncConnection) -> int:
    """Return the last indexed position, or 0."""
    newest = await connection.scalar(select(func.max(BLOCKS.c.block)))
    return 0 if newest is None else block_span(newest)[1]


async def add_block(connection: AsyncConnection, block: Block) -> None:
    """Add a block to the index. A block that is already indexed stays unchanged."""
    values = {column.name: getattr(block, column.name) for column in BLOCKS.c}
    await connection.execute(insert(BLOCKS).values(**values).on_conflict_do_nothing())


async def list_blocks(
    connection: AsyncConnection,
    wanted: EventFilter,
    span: tuple[int, int],
    *,
    descending: bool,
    limit: int,
) -> list[int]:
    """Return blocks of a span of positions that can contain events that a filter accepts.

    The next 200 blocks are scanned, which finds frequent events. Rare events are looked up in
    the GIN index of words, because a scan would read the words of every block.
    """
    conditions = block_conditions(wanted)
    first, last = block_of(span[0]), block_of(span[1])
    near = (
        (max(first, last - NEAR + 1), last) if descending else (first, min(first + NEAR - 1, last))
    )
    rest = (first, near[0] - 1) if descending else (near[1] + 1, last)
    order = BLOCKS.c.block.desc() if descending else BLOCKS.c.block
    walk = select(BLOCKS.c.block).where(BLOCKS.c.block.between(*near), *conditions)
    found = list((await connection.execute(walk.order_by(order).limit(limit))).scalars())
    if len(found) == limit or rest[0] > rest[1]:
        return found
    some = select(BLOCKS.c.block).where(*conditions)
    read = some.cte("read").prefix_with("MATERIALIZED", dialect="postgresql")
    left = select(read.c.block).where(read.c.block.between(*rest)).limit(limit - len(found))
    query = left.order_by(read.c.block.desc() if descending else read.c.block)
    return found + list((await connection.execute(query)).scalars())


async def delete_blocks(connection: AsyncConnection, position: int) -> None:
    """Delete the blocks that end at or below a position."""
    await connection.execute(
        BLOCKS.delete().where(BLOCKS.c.block * BLOCK_SIZE + BLOCK_SIZE <= position)
    )


async def count_events_since(connection: AsyncConnection, since: datetime) -> EventCounts:
    """Count the events appended since a time.

    Whole blocks are summed. The events of the partial block at either end are counted.
    """
    categories = [
        func.sum(BLOCKS.c.counts[int(number)]).label(f"of_{number}") for number in Category
    ]
    query = select(func.sum(BLOCKS.c.error_count).label("errors"), *categories)
    whole = (await connection.execute(query.where(BLOCKS.c.first_append_time >= since))).one()
    first = await connection.scalar(
        select(func.min(BLOCKS.c.block)).where(BLOCKS.c.first_append_time >= since)
    )
    until = await read_indexed_position(connection)
    counts = {number: int(getattr(whole, f"of_{number}") or 0) for number in Category}
    errors = int(whole.errors or 0)
    loose = LOG.c.position > until
    if first is not None:
        before = block_span(first - 1)
        loose |= LOG.c.position.between(*before)
    else:
        loose |= LOG.c.position.between(until - BLOCK_SIZE + 1, until)
    rows = await connection.execute(
        select(
            LOG.c.category,
            func.count().label("total"),
            func.count().filter(LOG.c.level >= int(Level.ERROR)).label("errors"),
        )
        .where(loose, LOG.c.append_time >= since)
        .group_by(LOG.c.category)
    )
    for row in rows:
        counts[row.category] = counts.get(row.category, 0) + row.total
        errors += row.errors
    return EventCounts(sum(counts.values()), errors, {key: n for key, n in counts.items() if n})
