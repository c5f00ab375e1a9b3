"""Cancellation of tasks."""

import asyncio

from gateway.http.tasks import cancel_and_wait


async def test_waits_until_the_task_has_cleaned_up():
    steps = []

    async def work():
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.01)
            steps.append("cleaned")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert (steps, task.cancelled()) == (["cleaned"], True)


async def test_drops_what_the_task_brought():
    async def fail():
        raise ValueError("nobody asks")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await cancel_and_wait(task)
    assert isinstance(task.exception(), ValueError)
