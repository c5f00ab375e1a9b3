"""The loops of two processes on one log, with and without Redis."""

import asyncio

import pytest

from services.events.adapters.position_pubsub import PositionPubSub
from services.events.service.tail import LogTail
from services.events.workers import tail as module
from services.events.workers.tail import TailWorker
from services.kernel.database.database import Database
from tests.services.events.helpers import append, make_event
from tests.services.helpers import eventually

NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
async def start():
    """Return a function that starts loops of a tail in the background."""
    tasks = []

    def start(tail: LogTail, redis_url: str, *loops: str) -> None:
        worker = TailWorker(tail, PositionPubSub(redis_url))
        tasks.extend(asyncio.create_task(getattr(worker, name)()) for name in loops)

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def make_tail(database: Database) -> LogTail:
    return LogTail(database, lambda entry: entry.position)


async def reach(tail: LogTail, position: int) -> None:
    async def reached() -> bool:
        return tail.position == position

    await eventually(reached)


async def test_a_published_position_is_read_before_the_poll(
    service, log, start, redis_url, monkeypatch
):
    monkeypatch.setattr(module, "POLL_SECONDS", 60)
    tail = make_tail(service.kernel.database)
    start(tail, redis_url, "follow", "subscribe")
    await asyncio.sleep(0.3)
    await append(log, make_event())
    await reach(tail, 1)


@pytest.mark.parametrize("redis", [None, NOWHERE])
async def test_without_redis_the_poll_finds_what_is_new(service, log, start, redis, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.1)
    tail = make_tail(service.kernel.database)
    start(tail, NOWHERE, "follow", *(["subscribe", "publish"] if redis else []))
    await append(log, make_event(), make_event())
    await reach(tail, 2)


async def test_a_position_is_published_once(database, start, redis_url):
    positions: list[int] = []
    other, tail = make_tail(database), make_tail(database)
    other.note_position = positions.append
    start(other, redis_url, "subscribe")
    await asyncio.sleep(0.2)
    start(tail, redis_url, "publish")
    await asyncio.sleep(0.1)
    assert positions == []
    tail._grow(7)

    async def published() -> bool:
        return positions == [7]

    await eventually(published)
    await asyncio.sleep(0.1)
    assert positions == [7]


async def test_following_continues_while_the_database_is_unavailable(start, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    database = Database("postgresql://u:p@127.0.0.1:9/x")
    tail = make_tail(database)
    tries = []
    catch_up = tail.catch_up

    async def count() -> None:
        tries.append(1)
        await catch_up()

    tail.catch_up = count
    start(tail, NOWHERE, "follow")

    async def tried() -> bool:
        return len(tries) > 2

    await eventually(tried)
    await database.close()
