"""Background loops of the telegram service."""

import asyncio
from typing import Any

from services.kernel.errors import LibralError
from services.telegram.service.bot import BotService
from services.telegram.service.update_processor import UpdateProcessor

CONCURRENCY = 8
IDLE_SECONDS = 1.0
CHECK_SECONDS = 30.0
CLEANUP_SECONDS = 3600.0


class UpdateWorker:
    """Processes the updates of one lane, up to 8 concurrently.

    `arrived` is set when an update of the lane is stored.
    """

    def __init__(self, processor: UpdateProcessor, arrived: asyncio.Event, *, urgent: bool) -> None:
        self._processor = processor
        self._arrived = arrived
        self._urgent = urgent

    async def run(self) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                # Clear before leasing: an update that arrives in between sets the event again.
                self._arrived.clear()
                free = CONCURRENCY - len(running)
                updates = await self._processor.lease_updates(free, urgent=self._urgent)
                running |= {
                    asyncio.create_task(self._processor.process_update(update))
                    for update in updates
                }
                running = await self._wait(running)
        except LibralError:
            # Finish the running updates before the kernel restarts this loop.
            await asyncio.gather(*running, return_exceptions=True)
            raise
        finally:
            for task in running:
                task.cancel()

    async def _wait(self, running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        """Wait until a task ends or an update arrives. Return the tasks that still run."""
        arrival = set[asyncio.Task[Any]]()
        if len(running) < CONCURRENCY:
            arrival.add(asyncio.create_task(self._arrived.wait()))
        try:
            done, _ = await asyncio.wait(
                running | arrival, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in arrival:
                task.cancel()
        for task in done & running:
            task.result()
        return running - done


class CleanupWorker:
    """Deletes old updates once an hour."""

    def __init__(self, processor: UpdateProcessor) -> None:
        self._processor = processor

    async def run(self) -> None:
        while True:
            await self._processor.delete_old_updates()
            await asyncio.sleep(CLEANUP_SECONDS)


class ConnectionWorker:
    """Checks the connection to the Bot API every 30 seconds."""

    def __init__(self, bot: BotService) -> None:
        self._bot = bot

    async def run(self) -> None:
        while True:
            await self._bot.check_connection()
            await asyncio.sleep(CHECK_SECONDS)
