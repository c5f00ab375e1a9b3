from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.events.domain.filters import EventFilter
from services.events.service.event_reader import EventReader
from services.kernel.clock import SystemClock
from tests.services.events.helpers import append, make_event

ALL = EventFilter()


@pytest.fixture
def reader(service) -> EventReader:
    return EventReader(service.kernel.database, SystemClock())


async def test_an_event_is_found_by_its_id(reader, log):
    event = make_event(subject="users/1")
    await append(log, make_event(), event)
    entry = await reader.find_event(UUID(event.id))
    assert entry is not None
    assert (entry.position, entry.subject) == (2, "users/1")
    assert await reader.find_event(uuid4()) is None


async def test_pages_go_down_to_the_floor(reader, service, log):
    await append(log, *(make_event() for _ in range(5)))
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE events.floor SET position = 1"))
    first = await reader.list_page(ALL, None, 2)
    assert ([entry.position for entry in first.entries], first.next_before) == ([5, 4], 4)
    last = await reader.list_page(ALL, first.next_before, 2)
    assert ([entry.position for entry in last.entries], last.next_before) == ([3, 2], None)


async def test_an_empty_log_has_one_empty_page(reader):
    page = await reader.list_page(ALL, None, 2)
    assert (page.entries, page.next_before) == ([], None)


async def test_stats_count_by_append_time(reader, service, log):
    await append(log, make_event(category=1), make_event(category=3, level=4))
    now = (await reader.read_stats()).time
    stats = await reader.read_stats()
    assert (stats.head_position, stats.hour.total, stats.hour.errors) == (2, 2, 1)
    assert stats.day.categories == {1: 1, 3: 1}
    assert timedelta(0) <= stats.time - now < timedelta(minutes=1)
