import pytest
from sqlalchemy import text

from services.events.service.indexing import Indexer
from services.events.service.tail import Tail
from services.events.storage import blocks
from tests.services.events.helpers import append, make_event


@pytest.fixture
async def tail(room, log) -> Tail:
    """The tail of a log of 250 events without an index."""
    await append(log, *(make_event(subject=f"users/{n // 100}") for n in range(250)))
    async with room.kernel.database.transaction() as connection:
        await connection.execute(text("LOCK TABLE events.blocks"))
        await connection.execute(text("DELETE FROM events.blocks"))
    return Tail(room.kernel.database, lambda entry: entry.position)


async def indexed(room) -> list:
    query = text("SELECT block, words FROM events.blocks ORDER BY block")
    async with room.kernel.database.reading() as connection:
        return list((await connection.execute(query)).all())


async def clear(room) -> None:
    async with room.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.blocks"))


async def test_a_block_is_the_same_from_memory_and_from_the_database(room, tail):
    found = []
    for read in (False, True):
        await clear(room)
        if read:
            await tail.catch_up()
        assert (tail.recent.after(0, 100) is not None) is read
        await Indexer(room.kernel.database, tail).add_block(100)
        found.append([row for row in await indexed(room) if row.block == 1])
    assert found[0] == found[1]
    assert len(found[0]) == 1


async def test_the_index_goes_on_where_it_ends(room, tail):
    indexer = Indexer(room.kernel.database, tail)
    await clear(room)
    await indexer.add_block(0)
    async with room.kernel.database.reading() as connection:
        end = await blocks.indexed_until(connection)
    assert await indexer.read_end() == end
    assert end % 100 == 0


async def test_the_index_begins_with_the_block_of_the_floor(room, tail):
    async with room.kernel.database.transaction() as connection:
        await connection.execute(text("DELETE FROM events.blocks"))
        await connection.execute(text("UPDATE events.floor SET position = 130"))
    assert await Indexer(room.kernel.database, tail).read_end() >= 100
