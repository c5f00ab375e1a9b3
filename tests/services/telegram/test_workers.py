import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.kernel.errors import UnavailableError
from services.kernel.server import end_tasks
from services.telegram import workers
from services.telegram.domain.bot import BotState
from services.telegram.service.bot import BotService
from services.telegram.service.update_processor import RETENTION
from services.telegram.workers import CleanupWorker, ConnectionWorker, UpdateWorker
from tests.fakes import botapi
from tests.services.helpers import eventually
from tests.services.telegram.helpers import rows

LONG_SECONDS = 60


@asynccontextmanager
async def running(worker):
    task = asyncio.create_task(worker.run())
    yield task
    # The kernel ends tasks the same way, because asyncpg sometimes swallows a cancellation.
    await end_tasks([task])


@pytest.fixture
def regular(processor, inbox) -> UpdateWorker:
    return UpdateWorker(processor, inbox.regular_arrived, urgent=False)


@pytest.fixture
def urgent(processor, inbox) -> UpdateWorker:
    return UpdateWorker(processor, inbox.urgent_arrived, urgent=True)


@pytest.fixture
def done(database):
    """Return a function that waits until a number of updates are done."""

    async def wait(number: int) -> None:
        async def holds() -> bool:
            return len(await rows(database, "SELECT 1 FROM updates WHERE state = 'done'")) == number

        await eventually(holds)

    return wait


@pytest.fixture
def idle_long(monkeypatch) -> None:
    """Make workers idle until an update arrives."""
    monkeypatch.setattr(workers, "IDLE_SECONDS", LONG_SECONDS)


async def test_stored_updates_are_processed_at_the_start_and_new_ones_at_once(
    receive, regular, done, handler, idle_long
):
    await receive(botapi.command_update(1, "/start"))
    async with running(regular):
        await done(1)
        await receive(botapi.command_update(2, "/start"))
        await done(2)
    assert handler.handled == [1, 2]


async def test_an_idle_worker_leases_once_for_an_arrival(
    receive, regular, done, processor, idle_long, monkeypatch
):
    leases, lease = [], processor.lease_updates

    async def count_lease(limit: int, *, urgent: bool):
        leases.append(limit)
        return await lease(limit, urgent=urgent)

    monkeypatch.setattr(processor, "lease_updates", count_lease)
    async with running(regular):
        await receive(botapi.command_update(1, "/start"))
        await done(1)
        await asyncio.sleep(0.1)
    # One at the start, one for the arrival and one after processing.
    assert len(leases) <= 3


async def test_updates_of_a_chat_are_processed_in_order(receive, regular, done, handler):
    for number in (3, 1, 2):
        await receive(botapi.command_update(number, "/start"))
    async with running(regular):
        await done(3)
    assert handler.handled == [1, 2, 3]


async def test_at_most_8_updates_are_processed_at_once(receive, regular, done, handler, database):
    gate = asyncio.Event()
    for number in range(1, 11):
        handler.gates[number] = gate
        await receive(botapi.command_update(number, "/start", number))

    async def leased() -> bool:
        return len(await rows(database, "SELECT 1 FROM updates WHERE tries = 1")) == 8

    async with running(regular):
        await eventually(leased)
        await asyncio.sleep(0.2)
        assert await leased()
        gate.set()
        await done(10)


async def test_a_slow_update_does_not_delay_other_chats(receive, regular, done, handler):
    handler.gates[1] = asyncio.Event()
    for number in range(1, 20):
        await receive(botapi.command_update(number, "/start", number))
    async with running(regular):
        await done(18)
        assert 1 not in handler.handled


async def test_a_pre_checkout_query_does_not_wait_for_messages(
    receive, regular, urgent, done, handler
):
    for number in range(1, 9):
        handler.gates[number] = asyncio.Event()
        await receive(botapi.command_update(number, "/start", number))
    async with running(regular), running(urgent):
        await receive(botapi.pre_checkout_update(9))
        await done(1)
    assert handler.handled == [9]


async def test_a_failed_update_is_retried_when_it_is_due(
    receive, regular, done, handler, clock, database, monkeypatch
):
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.02)
    handler.failures[1] = ValueError("x")
    await receive(botapi.command_update(1, "/start"))

    async def failed() -> bool:
        return bool(await rows(database, "SELECT 1 FROM updates WHERE error <> ''"))

    async with running(regular):
        await eventually(failed)
        await asyncio.sleep(0.1)
        assert handler.handled == [1]
        handler.failures.clear()
        clock.time += timedelta(seconds=1)
        await done(1)


async def test_a_database_outage_ends_the_run_after_running_updates(
    receive, regular, done, handler, processor, monkeypatch, inbox
):
    gate = handler.gates[1] = asyncio.Event()
    await receive(botapi.command_update(1, "/start"))
    lease, outage = processor.lease_updates, UnavailableError("DATABASE_UNAVAILABLE", "x")
    calls = iter([None, outage])

    async def lease_once(limit: int, *, urgent: bool):
        if failure := next(calls):
            raise failure
        return await lease(limit, urgent=urgent)

    monkeypatch.setattr(processor, "lease_updates", lease_once)
    task = asyncio.create_task(regular.run())
    await asyncio.sleep(0.1)
    inbox.regular_arrived.set()
    await asyncio.sleep(0.1)
    assert not task.done()
    gate.set()
    with pytest.raises(UnavailableError):
        await task
    await done(1)


async def test_a_cancelled_worker_cancels_its_updates(receive, regular, handler, database):
    handler.gates[1] = asyncio.Event()
    await receive(botapi.command_update(1, "/start"))

    async def leased() -> bool:
        return bool(await rows(database, "SELECT 1 FROM updates WHERE tries = 1"))

    before = asyncio.all_tasks()
    async with running(regular):
        await eventually(leased)
    handler.gates[1].set()
    await asyncio.sleep(0.05)
    assert handler.handled == []
    assert asyncio.all_tasks() <= before
    (row,) = await rows(database, "SELECT state FROM updates")
    assert row.state == "pending"


async def test_old_updates_are_deleted_again_and_again(
    receive, processor, database, clock, monkeypatch
):
    monkeypatch.setattr(workers, "CLEANUP_SECONDS", 0.02)

    async def store_old(number: int) -> None:
        await receive(botapi.command_update(number, "/start"))
        (update,) = await processor.lease_updates(1, urgent=False)
        await processor.process_update(update)
        clock.time += 2 * RETENTION

    async def empty() -> bool:
        return await rows(database, "SELECT 1 FROM updates") == []

    await store_old(1)
    async with running(CleanupWorker(processor)):
        await eventually(empty)
        await store_old(2)
        await eventually(empty)


async def test_the_connection_is_checked_again_and_again(bot_api, api, clock, monkeypatch):
    monkeypatch.setattr(workers, "CHECK_SECONDS", 0.02)
    bot = BotService(bot_api, clock)

    def reaches(state: BotState):
        async def holds() -> bool:
            return bot.status.state == state

        return eventually(holds)

    async with running(ConnectionWorker(bot)):
        await reaches(BotState.CONNECTED)
        api.failures["getMe"] = (500, "Internal Server Error")
        await reaches(BotState.UNREACHABLE)
        api.failures.clear()
        await reaches(BotState.CONNECTED)
