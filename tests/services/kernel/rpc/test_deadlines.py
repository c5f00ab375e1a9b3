"""A deadline cancels its task and raises TimeoutError. Other cancellations pass."""

import asyncio

import pytest

from services.kernel.rpc.deadlines import Deadline


async def test_work_within_the_deadline_completes():
    with Deadline(asyncio.get_running_loop(), 1):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)


async def test_work_beyond_the_deadline_times_out():
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(TimeoutError), Deadline(loop, 0.05):
        await asyncio.sleep(5)
    assert loop.time() - started < 1
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)


async def test_another_cancellation_passes():
    async def work():
        with Deadline(asyncio.get_running_loop(), 5):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_passes():
    with pytest.raises(KeyError), Deadline(asyncio.get_running_loop(), 5):
        raise KeyError
