"""How tasks are ended: more than once if need be, for a library can swallow a cancellation."""

import asyncio
from collections.abc import Iterable
from typing import Any

ROUNDS = 10
ROUND_SECONDS = 2.0


async def end(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancels tasks and waits for them.

    Raises:
        RuntimeError: One does not end.
    """
    pending = {task for task in tasks if task is not None and not task.done()}
    for _ in range(ROUNDS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ROUND_SECONDS)
    raise RuntimeError(f"These do not end: {pending}")
