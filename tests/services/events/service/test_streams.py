import asyncio

import pytest
from sqlalchemy import text

from services.events.domain.entries import ExpiredError
from services.events.domain.filters import EventFilter
from services.events.service.streams import EventStreams
from services.events.service.tail import LogTail
from services.kernel.errors import InvalidArgumentError
from tests.services.events.helpers import append, make_event

ALL = EventFilter()


class CountingMessages:
    """Builds messages, which are positions, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def make(self, entry) -> int:
        self.made += 1
        return entry.position


@pytest.fixture
def messages() -> CountingMessages:
    return CountingMessages()


@pytest.fixture
async def streams(service, log, messages) -> EventStreams:
    """Streams of a log of 4 events: 1 and 3 are `a.b`, 2 and 4 are `c.d`."""
    await append(log, *(make_event(kind) for kind in ("a.b", "c.d") * 2))
    tail = LogTail(service.kernel.database, messages.make)
    await tail.catch_up()
    return EventStreams(service.kernel.database, tail, messages.make)


async def test_streams_share_the_messages_of_the_tail(streams, messages):
    for wanted, expected in ((ALL, [2, 3, 4]), (EventFilter(types=("a.b",)), [3])):
        stream = await streams.open_stream(wanted, 1)
        assert list(await stream.next_batch()) == expected
    assert messages.made == 4


async def test_history_is_read_and_made_into_messages(service, streams, messages):
    tail = LogTail(service.kernel.database, messages.make)
    tail._grow(4)  # The head is known, but its events are not cached.
    stream = await EventStreams(service.kernel.database, tail, messages.make).open_stream(
        EventFilter(types=("c.d",)), 0
    )
    assert list(await stream.next_batch()) == [2, 4]


async def test_a_batch_ends_where_the_next_begins(streams, monkeypatch):
    monkeypatch.setattr("services.events.service.streams.BATCH_MAX", 3)
    stream = await streams.open_stream(ALL, 0)
    assert [list(await stream.next_batch()) for _ in range(2)] == [[1, 2, 3], [4]]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stream.next_batch(), 0.05)


async def test_a_stream_from_now_on_waits(streams):
    stream = await streams.open_stream(ALL, -1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stream.next_batch(), 0.05)


@pytest.mark.parametrize("after", [-2, 5])
async def test_a_position_out_of_range_is_refused(streams, after):
    with pytest.raises(InvalidArgumentError):
        await streams.open_stream(ALL, after)


async def test_a_stream_begins_at_the_floor(service, streams):
    async with service.kernel.database.transaction() as connection:
        await connection.execute(text("UPDATE events.floor SET position = 2"))
    for after in (0, 2):
        stream = await streams.open_stream(ALL, after)
        assert list(await stream.next_batch()) == [3, 4]
    with pytest.raises(ExpiredError) as failure:
        await streams.open_stream(ALL, 1)
    assert failure.value.metadata == {"first_position": "3"}
