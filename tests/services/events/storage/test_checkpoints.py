from datetime import timedelta

from services.events.domain.checkpoints import Publication, PublishedHead
from services.events.domain.entries import Head
from services.events.storage import checkpoints
from tests.services.events.helpers import MORNING, append, make_event

PUBLISHED = PublishedHead(
    Head(7, bytes(range(32))),
    MORNING,
    {"FILE": Publication(7, MORNING), "TELEGRAM": Publication(0, None, "It is away.")},
)


async def test_the_newest_is_kept(room):
    later = PublishedHead(Head(9, bytes(32)), MORNING + timedelta(minutes=1), {})
    async with room.kernel.database.transaction() as connection:
        assert await checkpoints.find_published(connection) is None
        for published in (PUBLISHED, later, PUBLISHED):
            await checkpoints.save_published(connection, published)
            assert await checkpoints.find_published(connection) == published


async def test_one_transaction_at_a_time_has_the_lock(room):
    database = room.kernel.database
    async with database.transaction() as connection:
        assert await checkpoints.try_lock(connection)
        async with database.transaction() as other:
            assert not await checkpoints.try_lock(other)
    async with database.transaction() as connection:
        assert await checkpoints.try_lock(connection)


async def test_events_of_others(room, log):
    await append(log, make_event(actor="users/1"), make_event(actor="services/events"))
    async with room.kernel.database.reading() as connection:
        assert await checkpoints.has_events_of_others(connection, 0, "services/events")
        assert not await checkpoints.has_events_of_others(connection, 1, "services/events")
        assert await checkpoints.has_events_of_others(connection, 1, "users/1")
