"""Redis pub/sub of the newest log position, between the processes of the service.

Delivery is best effort: a process that misses a message reads the events at its next poll of
the database.
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


class PositionPubSub:
    """Publish positions to the other processes, and receive theirs."""

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

    async def publish(self, position: int) -> None:
        """Publish a position. Failures are logged and not raised."""
        try:
            await self._client.publish(CHANNEL, position)
        except (RedisError, OSError, TimeoutError) as error:
            log.info("position.publish_failed", error=type(error).__name__)

    async def subscribe(self) -> AsyncIterator[int]:
        """Yield the positions that any process publishes.

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
