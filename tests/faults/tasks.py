"""Cancellation of tasks, repeated because a library can swallow a cancellation."""

import asyncio
from collections.abc import Iterable
from typing import Any

ROUNDS = 10
ROUND_SECONDS = 2.0


async def cancel_tasks(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks and wait for their end.

    Raises:
        RuntimeError: A task does not end.
    """
    pending = {task for task in tasks if task is not None and not task.done()}
    for _ in range(ROUNDS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ROUND_SECONDS)
    raise RuntimeError(f"These do not end: {pending}")
