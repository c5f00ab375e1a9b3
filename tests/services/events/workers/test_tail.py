"""The loops of two processes that share a log, with Redis and without."""

import asyncio

import pytest

from services.events.adapters.announcer import Announcer
from services.events.service.tail import Tail
from services.events.workers import tail as module
from services.events.workers.tail import TailWorker
from services.kernel.database.database import Database
from tests.services.events.helpers import append, make_event
from tests.services.helpers import eventually

NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
async def start():
    """Starts the loops of a tail in the background."""
    tasks = []

    def start(tail: Tail, redis_url: str, *loops: str) -> None:
        worker = TailWorker(tail, Announcer(redis_url))
        tasks.extend(asyncio.create_task(getattr(worker, name)()) for name in loops)

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def make_tail(database: Database) -> Tail:
    return Tail(database, lambda entry: entry.position)


async def reach(tail: Tail, position: int) -> None:
    async def reached() -> bool:
        return tail.position == position

    await eventually(reached)


async def test_an_announced_position_is_read_before_the_poll(
    room, log, start, redis_url, monkeypatch
):
    monkeypatch.setattr(module, "POLL_SECONDS", 60)
    tail = make_tail(room.kernel.database)
    start(tail, redis_url, "follow", "listen")
    await asyncio.sleep(0.3)
    await append(log, make_event())
    await reach(tail, 1)


@pytest.mark.parametrize("redis", [None, NOWHERE])
async def test_without_redis_the_poll_finds_what_is_new(room, log, start, redis, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.1)
    tail = make_tail(room.kernel.database)
    start(tail, NOWHERE, "follow", *(["listen", "announce"] if redis else []))
    await append(log, make_event(), make_event())
    await reach(tail, 2)


async def test_a_position_is_announced_once(database, start, redis_url):
    positions: list[int] = []
    heard, tail = make_tail(database), make_tail(database)
    heard.note_position = positions.append
    start(heard, redis_url, "listen")
    await asyncio.sleep(0.2)
    start(tail, redis_url, "announce")
    await asyncio.sleep(0.1)
    assert positions == []
    tail._grow(7)

    async def announced() -> bool:
        return positions == [7]

    await eventually(announced)
    await asyncio.sleep(0.1)
    assert positions == [7]


async def test_following_goes_on_while_the_database_is_unavailable(start, monkeypatch):
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
