import asyncio

import pytest

from services.events.service import tail as module
from services.events.service.tail import LogTail
from tests.services.events.helpers import append, make_chain, make_event


@pytest.fixture
def tail(service) -> LogTail:
    """A tail apart from the service's, whose messages are positions."""
    return LogTail(service.kernel.database, lambda entry: entry.position)


def events(*positions: int) -> list:
    chain = make_chain(max(positions))
    return [(chain[position - 1], position) for position in positions]


def messages(tail, after: int) -> list[int]:
    return [message for _, message in tail.recent.list_after(after, 10_000) or ()]


async def waits(awaitable) -> bool:
    """True if the awaitable does not return within 50 ms."""
    try:
        await asyncio.wait_for(awaitable, 0.05)
    except TimeoutError:
        return True
    return False


async def test_events_appended_here_wake_streams(tail):
    waiting = asyncio.create_task(tail.wait_beyond(1))
    tail.add_appended(events(1))
    assert await waits(asyncio.shield(waiting))
    tail.add_appended(events(2, 3))
    await asyncio.wait_for(waiting, 1)
    assert tail.position == 3
    assert messages(tail, 0) == [1, 2, 3]
    assert await waits(tail.wait_until_behind())


async def test_after_a_gap_the_events_are_read(tail, log):
    await append(log, *(make_event() for _ in range(4)))
    tail.add_appended(events(1))
    tail.add_appended(events(4))
    assert tail.position == 1
    assert not await waits(tail.wait_until_behind())
    await tail.catch_up()
    assert tail.position == 4
    assert messages(tail, 0) == [1, 2, 3, 4]
    assert await waits(tail.wait_until_behind())


async def test_only_a_newer_position_makes_it_behind(tail):
    tail.add_appended(events(1, 2))
    tail.note_position(2)
    assert await waits(tail.wait_until_behind())
    tail.note_position(3)
    assert not await waits(tail.wait_until_behind())


async def test_far_behind_only_the_newest_are_read(tail, log, monkeypatch):
    monkeypatch.setattr(module, "EVENTS_MAX", 5)
    monkeypatch.setattr(module, "READ_MAX", 2)
    await append(log, *(make_event() for _ in range(12)))
    await tail.catch_up()
    assert tail.position == 12
    assert messages(tail, 7) == [8, 9, 10, 11, 12]
    assert tail.recent.list_after(6, 10) is None
