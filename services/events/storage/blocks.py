"""An index of the log: for each block of 100 events, which words and columns it holds.

It is made after the events, from them, and can be made again. What is not
indexed yet is read as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events.domain import Entry, words_of
from services.events.storage.tables import BLOCKS, LOG
from services.kernel.events.event import Category, Level

BLOCK_SIZE = 100
NEAR = 200


@dataclass(frozen=True)
class Counts:
    """How many events were appended lately, and of which categories."""

    total: int
    errors: int
    categories: dict[int, int]


def block_of(position: int) -> int:
    return (position - 1) // BLOCK_SIZE


def span_of(block: int) -> tuple[int, int]:
    """The first and the last position of a block."""
    return block * BLOCK_SIZE + 1, (block + 1) * BLOCK_SIZE


async def indexed_until(connection: AsyncConnection) -> int:
    """Tells the last position that is indexed."""
    newest = await connection.scalar(select(func.max(BLOCKS.c.block)))
    return 0 if newest is None else span_of(newest)[1]


async def add_block(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Indexes the events of a block."""
    row = insert(BLOCKS).values(**summary(entries))
    await connection.execute(row.on_conflict_do_nothing())


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    times = [entry.time for entry in entries]
    counts = [0] * len(Category)
    for entry in entries:
        if entry.category <= len(counts):
            counts[entry.category - 1] += 1
    return {
        "block": block_of(entries[0].position),
        "first_time": min(times),
        "last_time": max(times),
        "first_append_time": entries[0].append_time,
        "last_append_time": entries[-1].append_time,
        "counts": counts,
        "error_count": sum(entry.level >= Level.ERROR for entry in entries),
        "words": sorted(words_of(entries)),
    }


async def list_blocks(
    connection: AsyncConnection,
    conditions: Sequence[ColumnElement[bool]],
    span: tuple[int, int],
    *,
    descending: bool,
    limit: int,
) -> list[int]:
    """Lists blocks that can hold what is looked for, between two positions.

    What is frequent is found among the next 200 blocks, one by one. What is not is looked up: a
    walk would open the words of every block on its way.
    """
    first, last = block_of(span[0]), block_of(span[1])
    near = (max(first, last - NEAR + 1), last) if descending else (first, first + NEAR - 1)
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


async def drop_until(connection: AsyncConnection, position: int) -> None:
    """Forgets the blocks whose last event is no longer kept."""
    await connection.execute(
        BLOCKS.delete().where(BLOCKS.c.block * BLOCK_SIZE + BLOCK_SIZE <= position)
    )


async def count_since(connection: AsyncConnection, since: datetime) -> Counts:
    """Counts the events appended since a time: by whole blocks, and at both ends one by one."""
    categories = [
        func.sum(BLOCKS.c.counts[int(number)]).label(f"of_{number}") for number in Category
    ]
    query = select(func.sum(BLOCKS.c.error_count).label("errors"), *categories)
    whole = (await connection.execute(query.where(BLOCKS.c.first_append_time >= since))).one()
    first = await connection.scalar(
        select(func.min(BLOCKS.c.block)).where(BLOCKS.c.first_append_time >= since)
    )
    until = await indexed_until(connection)
    counts = {number: int(getattr(whole, f"of_{number}") or 0) for number in Category}
    errors = int(whole.errors or 0)
    loose = LOG.c.position > until
    if first is not None:
        before = span_of(first - 1)
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
    return Counts(sum(counts.values()), errors, {key: n for key, n in counts.items() if n})
