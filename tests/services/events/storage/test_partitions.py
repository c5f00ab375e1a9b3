from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from services.events.domain.entries import Head, chain_entries
from services.events.storage import log
from services.events.storage.partitions import (
    create_partition,
    drop_partition,
    list_partitions,
    partition_name,
)
from tests.services.events.helpers import SAMPLE

MONTHS = [datetime(2001, month, 1, tzinfo=UTC) for month in (11, 12)]


async def test_partitions_are_created_once_and_listed_in_order(database):
    async with database.transaction() as connection:
        for month in (*reversed(MONTHS), *MONTHS):
            await create_partition(connection, month)
        assert (await list_partitions(connection))[:2] == MONTHS


async def test_a_dropped_month_leaves_the_floor(database):
    async with database.transaction() as connection:
        head = Head()
        for month in MONTHS:
            await create_partition(connection, month)
            entries = [SAMPLE._replace(id=UUID(int=head.position))]
            placed, after = chain_entries(head, entries, month)
            await log.append_entries(connection, placed, head, after)
            if month == MONTHS[0]:
                first = placed[0]
            head = after
        floor = await drop_partition(connection, MONTHS[0])
        assert floor == Head(1, first.hash) == await log.read_floor(connection)
        assert MONTHS[0] not in await list_partitions(connection)
        assert await log.find_positions(connection, [first.id]) == {}
        assert [entry.position for entry in await log.list_entries(connection, 0, 9, 9)] == [2]


async def test_a_month_without_events_leaves_the_floor_as_it_is(database):
    async with database.transaction() as connection:
        await create_partition(connection, MONTHS[0])
        assert await drop_partition(connection, MONTHS[0]) is None
        assert (await log.read_floor(connection)).position == 0


async def test_a_partition_is_named_by_its_month(database):
    assert partition_name(MONTHS[0]) == "log_2001_11"
    async with database.transaction() as connection:
        await create_partition(connection, MONTHS[0])
        names = await connection.execute(text("SELECT 'events.log_2001_11'::regclass::text"))
        assert names.scalar_one() == "events.log_2001_11"
