"""The append loop while the database fails and recovers."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.events.service import appender as module
from services.events.service.appender import LogAppender
from services.events.service.tail import LogTail
from services.events.workers.appender import AppendWorker
from services.kernel.clock import SystemClock
from services.kernel.database.database import Database
from services.kernel.errors import ResourceExhaustedError, UnavailableError
from tests.services.events.helpers import SAMPLE
from tests.services.helpers import eventually

NOWHERE = "postgresql://u:p@127.0.0.1:9/x"


def make_appender(database: Database) -> LogAppender:
    tail = LogTail(database, lambda entry: entry.position)
    return LogAppender(SystemClock(), tail, lambda entry, _: entry.position)


def entries(count: int) -> list:
    return [SAMPLE._replace(id=uuid4()) for _ in range(count)]


async def append(appender: LogAppender, count: int = 1) -> list[int]:
    given = entries(count)
    return await appender.append(given, [None] * count)


@pytest.fixture
async def running(database):
    """An appender with a running worker."""
    appender = make_appender(database)
    task = asyncio.create_task(AppendWorker(database, appender).run())
    yield appender
    task.cancel()


async def test_pending_appends_are_written_in_groups(database, monkeypatch):
    appender = make_appender(database)
    waiting = [asyncio.create_task(append(appender, count)) for count in (2, 1, 3)]
    await asyncio.sleep(0)
    monkeypatch.setattr(module, "GROUP_MAX", 3)
    async with database.session() as connection:
        await appender.write_group(connection)
        assert [task.done() for task in waiting] == [False] * 3
        await asyncio.sleep(0)
        assert [task.done() for task in waiting] == [True, True, False]
        await appender.write_group(connection)
    assert [await task for task in waiting] == [[1, 2], [3], [4, 5, 6]]


async def test_it_reconnects_after_its_connection_is_lost(database, running):
    assert await append(running) == [1]
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    with pytest.raises(UnavailableError):
        await append(running)

    async def appended() -> bool:
        try:
            return await append(running, 2) == [2, 3]
        except UnavailableError:
            return False

    await eventually(appended)


async def test_callers_fail_while_the_database_is_unavailable():
    database = Database(NOWHERE)
    appender = make_appender(database)
    task = asyncio.create_task(AppendWorker(database, appender).run())
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(append(appender), 10)
    task.cancel()
    await database.close()


async def test_appends_beyond_the_limit_are_refused(monkeypatch):
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    appender = make_appender(Database(NOWHERE))
    waiting = asyncio.create_task(append(appender, 2))
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhaustedError):
        await append(appender, 2)
    appender.fail_pending()
    with pytest.raises(UnavailableError):
        await waiting
