import asyncio

import pytest

from services.events.service.tail import LogTail
from services.events.workers import indexer as module
from services.events.workers.indexer import IndexWorker
from services.kernel.database.database import Database, database_unavailable
from tests.services.events.helpers import make_chain
from tests.services.helpers import eventually


class InMemoryIndex:
    """An in-memory index that can be unavailable."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.added: list[int] = []
        self.failures = 0

    async def read_next_block_start(self) -> int:
        return self.end

    async def add_block(self, after: int) -> None:
        if self.failures:
            self.failures -= 1
            raise database_unavailable()
        self.added.append(after)
        self.end = after + 100


@pytest.fixture
def tail() -> LogTail:
    return LogTail(Database("postgresql://u:p@127.0.0.1:9/x"), lambda entry: entry.position)


@pytest.fixture
async def index(tail, monkeypatch):
    """An index with a running worker, indexed up to position 100."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    index = InMemoryIndex(100)
    task = asyncio.create_task(IndexWorker(index, tail).run())
    yield index
    task.cancel()


async def grow(tail: LogTail, index: InMemoryIndex, position: int, expected: list[int]) -> None:
    tail.add_appended([(entry, 0) for entry in make_chain(position)[tail.position :]])

    async def indexed() -> bool:
        return index.added == expected

    await eventually(indexed)
    await asyncio.sleep(0.02)
    assert index.added == expected


async def test_a_block_is_indexed_when_it_is_complete(tail, index):
    await grow(tail, index, 199, [])
    await grow(tail, index, 200, [100])
    await grow(tail, index, 450, [100, 200, 300])


async def test_a_failed_block_is_retried(tail, index):
    index.failures = 2
    await grow(tail, index, 300, [100, 200])
