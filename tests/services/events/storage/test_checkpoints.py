from datetime import timedelta
from uuid import UUID

from services.events.domain.checkpoints import Publication, PublishedHead
from services.events.domain.entries import Head, chain_entries
from services.events.domain.partitions import month_start
from services.events.storage import checkpoints, log
from services.events.storage.partitions import create_partition
from tests.services.events.helpers import MORNING, SAMPLE

USER, SELF = "users/1", "services/events"

PUBLISHED = PublishedHead(
    Head(7, bytes(range(32))),
    MORNING,
    {"FILE": Publication(7, MORNING), "TELEGRAM": Publication(0, None, "It is unavailable.")},
)


async def test_the_newest_is_kept(database):
    later = PublishedHead(Head(9, bytes(32)), MORNING + timedelta(minutes=1), {})
    async with database.transaction() as connection:
        assert await checkpoints.find_last_published(connection) is None
        for published in (PUBLISHED, later, PUBLISHED):
            await checkpoints.save_published(connection, published)
            assert await checkpoints.find_last_published(connection) == published


async def test_one_transaction_at_a_time_has_the_lock(database):
    async with database.transaction() as connection:
        assert await checkpoints.try_lock_checkpoints(connection)
        async with database.transaction() as other:
            assert not await checkpoints.try_lock_checkpoints(other)
    async with database.transaction() as connection:
        assert await checkpoints.try_lock_checkpoints(connection)


async def test_events_of_others(database):
    entries = [SAMPLE._replace(id=UUID(int=n), actor=actor) for n, actor in enumerate((USER, SELF))]
    async with database.transaction() as connection:
        await create_partition(connection, month_start(MORNING))
        await log.append_entries(connection, *appended(entries))
        assert await checkpoints.has_events_by_others(connection, 0, SELF)
        assert not await checkpoints.has_events_by_others(connection, 1, SELF)
        assert await checkpoints.has_events_by_others(connection, 1, USER)


def appended(entries) -> tuple:
    placed, after = chain_entries(Head(), entries, MORNING)
    return placed, Head(), after
