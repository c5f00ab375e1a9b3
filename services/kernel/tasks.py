"""Background tasks: restarted after failures, and cancelled at shutdown."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from services.kernel.errors import UnavailableError

RESTART_SECONDS = 1.0
CANCEL_ROUNDS = 3
CANCEL_SECONDS = 0.5

Task = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger()


async def run_unless_set(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> bool:
    """Await `work`, or cancel it once `stop` is set. Return True if it completed."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        return False
    stopped.cancel()
    await working
    return True


async def run_forever(name: str, task: Task) -> None:
    """Run a background task until it returns. Restart it 1 second after a failure."""
    while True:
        try:
            await task()
        except UnavailableError as error:
            log.warning("task.waits", task=name, reason=error.reason)
        except Exception:
            log.exception("task.failed", task=name)
        else:
            return
        await asyncio.sleep(RESTART_SECONDS)


async def end_tasks(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks, up to 3 times, since a library can swallow a cancellation. Log those left."""
    for _ in range(CANCEL_ROUNDS):
        pending = [task for task in tasks if not task.done()]
        if not pending:
            return
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_SECONDS)
    log.error("tasks.stuck", tasks=[task.get_name() for task in tasks if not task.done()])
