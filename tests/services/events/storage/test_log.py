from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.events.domain.entries import EPOCH, Head, HeadMovedError, KnownIdError, chain_entries
from services.events.domain.filters import EventFilter
from services.events.storage import log as storage
from services.events.storage.partitions import create_partition
from tests.services.events.helpers import SAMPLE

MONTH = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def connection(database):
    """A connection whose transaction is rolled back, with a log of 5 events."""
    async with database.session() as connection:
        await create_partition(connection, MONTH)
        await storage.append_entries(connection, ENTRIES, Head(), HEAD)
        yield connection
        await connection.rollback()


ENTRIES, HEAD = chain_entries(
    Head(),
    [SAMPLE._replace(id=UUID(int=n), type=kind) for n, kind in enumerate("ababa")],
    MONTH,
)


async def test_what_was_appended_is_read_as_it_was(connection):
    assert await storage.read_head(connection) == HEAD
    assert await storage.list_entries(connection, 0, 5, 10) == ENTRIES
    assert await storage.list_rows(connection, (0, EPOCH), 10) == ENTRIES


async def test_an_append_behind_a_head_that_moved(connection):
    placed, after = chain_entries(Head(), [SAMPLE._replace(id=uuid4())], MONTH)
    with pytest.raises(HeadMovedError):
        await storage.append_entries(connection, placed, Head(), after)
    assert await storage.read_head(connection) == HEAD


async def test_an_append_of_a_known_id(connection):
    placed, after = chain_entries(HEAD, [SAMPLE._replace(id=uuid4()), ENTRIES[1]], MONTH)
    with pytest.raises(KnownIdError):
        await storage.append_entries(connection, placed, HEAD, after)


async def test_ids_and_positions_are_found(connection):
    unknown = uuid4()
    ids = [ENTRIES[3].id, unknown, ENTRIES[0].id]
    assert await storage.find_positions(connection, ids) == {ids[0]: 4, ids[2]: 1}
    assert await storage.find_entry(connection, ids[0]) == ENTRIES[3]
    assert await storage.find_entry(connection, unknown) is None
    assert await storage.find_entries(connection, [2, 9]) == {2: ENTRIES[1]}
    assert await storage.find_entries(connection, []) == {}


async def test_parts_are_read_in_order(connection):
    assert await storage.list_entries(connection, 1, 4, 2) == ENTRIES[1:3]
    assert await storage.list_newest_entries(connection, (2, 4), 2) == [ENTRIES[3], ENTRIES[2]]
    after = (2, ENTRIES[1].append_time)
    assert await storage.list_rows(connection, after, 2) == ENTRIES[2:4]


async def test_spans_are_filtered(connection):
    wanted, spans = EventFilter(types=("a",)), [(1, 2), (4, 5)]
    for descending in (False, True):
        read = await storage.list_span_entries(
            connection, spans, wanted, descending=descending, limit=10
        )
        expected = [ENTRIES[0], ENTRIES[4]]
        assert read == (expected[::-1] if descending else expected)
    assert await storage.count_span_entries(connection, spans, wanted) == 2
    assert await storage.count_span_entries(connection, spans, EventFilter()) == 4


async def test_waits_are_limited_for_the_session(database):
    async with database.session() as connection:
        await storage.limit_lock_waits(connection)
        for name, value in (("lock_timeout", "4s"), ("idle_in_transaction_session_timeout", "3s")):
            assert await connection.scalar(text(f"SHOW {name}")) == value
        await connection.invalidate()
