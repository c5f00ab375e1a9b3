from datetime import timedelta

import pytest

from services.events.domain.blocks import summarize_block
from services.events.domain.filters import EventFilter
from services.events.storage import blocks
from tests.services.events.helpers import MORNING, make_chain

SUBJECTS = ("users/rare", "users/1", "users/1", "users/1")


@pytest.fixture
async def connection(database):
    """A connection whose transaction is rolled back, with an index of four blocks."""
    entries = make_chain(400)
    async with database.session() as connection:
        for number, subject in enumerate(SUBJECTS):
            part = entries[number * 100 : number * 100 + 100]
            later = MORNING + timedelta(hours=number)
            part = [each._replace(subject=subject, append_time=later, level=4) for each in part]
            await blocks.add_block(connection, summarize_block(part))
        yield connection
        await connection.rollback()


async def listed(connection, wanted, *, span=(1, 400), descending=False, limit=10) -> list[int]:
    return await blocks.list_blocks(connection, wanted, span, descending=descending, limit=limit)


async def test_a_block_is_added_once(connection):
    await blocks.add_block(connection, summarize_block(make_chain(100)))
    assert await blocks.read_indexed_position(connection) == 400
    assert await listed(connection, EventFilter(subject="users/rare")) == [0]


async def test_nothing_is_indexed_at_first(database):
    async with database.reading() as connection:
        assert await blocks.read_indexed_position(connection) == 0


@pytest.mark.parametrize("near", [1, 200])
async def test_blocks_are_listed_from_either_end(connection, monkeypatch, near):
    """Blocks beyond the next `NEAR` are looked up in the index of words."""
    monkeypatch.setattr(blocks, "NEAR", near)
    common, rare = EventFilter(subject="users/1"), EventFilter(subject="users/rare")
    assert await listed(connection, common) == [1, 2, 3]
    assert await listed(connection, common, descending=True, limit=2) == [3, 2]
    assert await listed(connection, rare, descending=True) == [0]
    assert await listed(connection, common, span=(150, 250)) == [1, 2]
    assert await listed(connection, EventFilter(subject="users/none")) == []


async def test_blocks_are_dropped_when_their_last_event_is(connection):
    await blocks.delete_blocks(connection, 299)
    assert await listed(connection, EventFilter()) == [2, 3]


async def test_whole_blocks_are_counted(connection):
    counts = await blocks.count_events_since(connection, MORNING + timedelta(hours=2))
    assert (counts.total, counts.errors, counts.categories) == (200, 200, {2: 200})
