"""Loops that keep the tails of all processes up to date."""

import asyncio
from typing import Any

import structlog
from redis.exceptions import RedisError

from services.events.adapters.position_pubsub import PositionPubSub
from services.events.service.tail import LogTail
from services.kernel.errors import UnavailableError

POLL_SECONDS = 1.0
PUBLISH_SECONDS = 0.005
RECONNECT_SECONDS = 0.5

log = structlog.get_logger()


class TailWorker:
    """Exchanges positions with the other processes and reads the events that they append."""

    def __init__(self, tail: LogTail[Any], pubsub: PositionPubSub) -> None:
        self._tail = tail
        self._pubsub = pubsub
        self._published = 0

    async def publish(self) -> None:
        """Publish the newest position to the other processes, at most 200 times a second."""
        while True:
            position = self._tail.position
            await self._tail.wait_beyond(self._published)
            self._published = max(self._tail.position, position)
            await self._pubsub.publish(self._published)
            await asyncio.sleep(PUBLISH_SECONDS)

    async def subscribe(self) -> None:
        """Receive the positions that other processes publish."""
        while True:
            try:
                async for position in self._pubsub.subscribe():
                    self._tail.note_position(position)
            except (RedisError, OSError) as error:
                log.info("tail.redis_unavailable", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def follow(self) -> None:
        """Read the events of other processes, at each published position and once a second."""
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
