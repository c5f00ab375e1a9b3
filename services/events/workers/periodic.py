"""A loop that runs a task at intervals."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from services.kernel.errors import UnavailableError

log = structlog.get_logger()


@dataclass(frozen=True)
class PeriodicWorker:
    """Runs `work` at once and then every `seconds`. `name` appears in log lines."""

    name: str
    work: Callable[[], Awaitable[None]]
    seconds: float

    async def run(self) -> None:
        while True:
            try:
                await self.work()
            except UnavailableError:
                log.info("worker.database_unavailable", worker=self.name)
            await asyncio.sleep(self.seconds)
