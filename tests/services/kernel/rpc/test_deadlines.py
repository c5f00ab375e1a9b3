"""A task that works too long is cancelled, and only by its own deadline does that time out."""

import asyncio

import pytest

from services.kernel.rpc.deadlines import Deadline


async def test_what_is_done_in_time_goes_on():
    with Deadline(asyncio.get_running_loop(), 1):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)


async def test_what_is_not_times_out():
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(TimeoutError), Deadline(loop, 0.05):
        await asyncio.sleep(5)
    assert loop.time() - started < 1
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)


async def test_another_cancellation_stays_one():
    async def work():
        with Deadline(asyncio.get_running_loop(), 5):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_is_itself():
    with pytest.raises(KeyError), Deadline(asyncio.get_running_loop(), 5):
        raise KeyError
