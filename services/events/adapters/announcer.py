"""Redis pub/sub between the processes of the service: the newest position, nothing else.

A message that Redis loses is made up for by the next poll of the database.
"""

from collections.abc import AsyncIterator

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CHANNEL = "libral:events"
TIMEOUT_SECONDS = 0.25
LISTEN_SECONDS = 5.0

log = structlog.get_logger()


class Announcer:
    """Publishes the newest position and receives those of other processes."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._listener = redis.asyncio.from_url(
            url, socket_connect_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
        )

    async def announce(self, position: int) -> None:
        """Publish a position. A failure is logged, not raised."""
        try:
            await self._client.publish(CHANNEL, position)
        except (RedisError, OSError, TimeoutError) as error:
            log.info("announce.lost", error=type(error).__name__)

    async def positions(self) -> AsyncIterator[int]:
        """Yield published positions.

        Raises:
            RedisError, OSError: Redis is unavailable.
        """
        async with self._listener.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            while True:
                message = await channel.get_message(
                    ignore_subscribe_messages=True, timeout=LISTEN_SECONDS
                )
                if message is not None and message["data"] is not None:
                    yield int(message["data"])
