"""Tasks of a request."""

import asyncio
from typing import Any


async def cancel_and_wait(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait for its end; its result or error is dropped."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
