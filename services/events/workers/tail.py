"""Loops that keep the tail of this process and of the others up to date."""

import asyncio
from typing import Any

import structlog
from redis.exceptions import RedisError

from services.events.adapters.announcer import Announcer
from services.events.service.tail import Tail
from services.kernel.errors import UnavailableError

POLL_SECONDS = 1.0
ANNOUNCE_SECONDS = 0.005
RECONNECT_SECONDS = 0.5

log = structlog.get_logger()


class TailWorker:
    """Exchanges positions with the other processes, and reads the events that they append."""

    def __init__(self, tail: Tail[Any], announcer: Announcer) -> None:
        self._tail = tail
        self._announcer = announcer
        self._announced = 0

    async def announce(self) -> None:
        """Publish the newest position to the other processes, at most 200 times a second."""
        while True:
            position = self._tail.position
            await self._tail.wait_beyond(self._announced)
            self._announced = max(self._tail.position, position)
            await self._announcer.announce(self._announced)
            await asyncio.sleep(ANNOUNCE_SECONDS)

    async def listen(self) -> None:
        """Receive the positions of other processes."""
        while True:
            try:
                async for position in self._announcer.positions():
                    self._tail.note_position(position)
            except (RedisError, OSError) as error:
                log.info("tail.redis_unavailable", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def follow(self) -> None:
        """Read what other processes appended: when they announce it, and once a second."""
        while True:
            try:
                await self._tail.catch_up()
            except UnavailableError:
                log.info("tail.database_unavailable")
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._tail.wait_until_behind()
            except TimeoutError:
                pass
