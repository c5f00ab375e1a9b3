import pytest
from sqlalchemy import text

from services.events.service.indexing import Indexer
from services.events.service.tail import LogTail
from services.events.storage import blocks
from tests.services.events.helpers import append, make_event


@pytest.fixture
async def tail(service, log) -> LogTail:
    """The tail of a log of 250 events without indexed blocks."""
    await append(log, *(make_event(subject=f"users/{n // 100}") for n in range(250)))
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("LOCK TABLE events.blocks"))
        await connection.execute(text("DELETE FROM events.blocks"))
    return LogTail(service.kernel.database, lambda entry: entry.position)


async def indexed(service) -> list:
    query = text("SELECT block, words FROM events.blocks ORDER BY block")
    async with service.kernel.database.reading() as connection:
        return list((await connection.execute(query)).all())


async def clear(service) -> None:
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.blocks"))


async def test_a_block_is_the_same_from_memory_and_from_the_database(service, tail):
    found = []
    for read in (False, True):
        await clear(service)
        if read:
            await tail.catch_up()
        assert (tail.recent.list_after(0, 100) is not None) is read
        await Indexer(service.kernel.database, tail).add_block(100)
        found.append([row for row in await indexed(service) if row.block == 1])
    assert found[0] == found[1]
    assert len(found[0]) == 1


async def test_the_index_goes_on_where_it_ends(service, tail):
    indexer = Indexer(service.kernel.database, tail)
    await clear(service)
    await indexer.add_block(0)
    async with service.kernel.database.reading() as connection:
        end = await blocks.read_indexed_position(connection)
    assert await indexer.read_next_block_start() == end
    assert end % 100 == 0


async def test_the_index_begins_with_the_block_of_the_floor(service, tail):
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.blocks"))
        await connection.execute(text("UPDATE events.floor SET position = 130"))
    assert await Indexer(service.kernel.database, tail).read_next_block_start() >= 100
