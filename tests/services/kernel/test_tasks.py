"""Background tasks are restarted after failures and cancelled at shutdown."""

import asyncio

import pytest

from services.kernel import tasks
from services.kernel.errors import UnavailableError
from services.kernel.tasks import end_tasks, run_forever, run_unless_set


async def test_a_task_is_restarted_until_it_returns(monkeypatch):
    monkeypatch.setattr(tasks, "RESTART_SECONDS", 0)
    errors = [UnavailableError("X", "x"), ZeroDivisionError()]

    async def work() -> None:
        if errors:
            raise errors.pop()

    async with asyncio.timeout(5):
        await run_forever("test", work)
    assert errors == []


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again(monkeypatch):
    monkeypatch.setattr(tasks, "CANCEL_SECONDS", 0.05)

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await end_tasks([task])
    assert task.cancelled()


async def test_work_is_cancelled_once_the_event_is_set():
    stop, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    asyncio.get_running_loop().call_later(0.01, stop.set)
    assert not await run_unless_set(stop, work())
    await asyncio.wait_for(cancelled.wait(), 5)


async def test_work_completes_or_raises_while_the_event_is_not_set():
    async def fail() -> None:
        raise ZeroDivisionError

    assert await run_unless_set(asyncio.Event(), asyncio.sleep(0))
    with pytest.raises(ZeroDivisionError):
        await run_unless_set(asyncio.Event(), fail())
