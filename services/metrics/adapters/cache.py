"""Figures of Valkey or Redis, from INFO."""

from datetime import datetime, timedelta
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.kernel.clock import Clock
from services.kernel.errors import UnavailableError
from services.metrics.domain.infrastructure import CacheFigures

TIMEOUT_SECONDS = 1.0


def create_cache_client(url: str) -> redis.asyncio.Redis:
    """Return a client that connects on first use. Calls time out after 1 second."""
    return redis.asyncio.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class CacheCollector:
    """Measures the cache. Rates and ratios cover the time since the previous measurement."""

    def __init__(self, client: redis.asyncio.Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._before: dict[str, int] = {}
        self._measured: datetime | None = None

    async def measure(self) -> CacheFigures:
        """Return the current figures.

        Raises:
            UnavailableError: The cache is unavailable. The message contains no secret.
        """
        try:
            info: dict[str, Any] = await self._client.info("everything")
            channels = len(await self._client.pubsub_channels())
        except (RedisError, OSError, TimeoutError) as error:
            reason = type(error).__name__
            raise UnavailableError(
                "CACHE_UNAVAILABLE", f"The cache is unavailable: {reason}."
            ) from error
        return self._figures(info, channels)

    def _figures(self, info: dict[str, Any], channels: int) -> CacheFigures:
        now = self._clock.now()
        counters = {
            "hits": int(info["keyspace_hits"]),
            "misses": int(info["keyspace_misses"]),
            "commands": int(info["total_commands_processed"]),
        }
        changes = {name: value - self._before.get(name, 0) for name, value in counters.items()}
        known = bool(self._before) and min(changes.values()) >= 0
        lookups = changes["hits"] + changes["misses"]
        seconds = (now - self._measured).total_seconds() if self._measured else 0.0
        self._before, self._measured = counters, now
        databases = (value for name, value in info.items() if name.startswith("db"))
        return CacheFigures(
            time=now,
            software="valkey" if "valkey_version" in info else "redis",
            version=str(info.get("valkey_version") or info["redis_version"]),
            start_time=now - timedelta(seconds=int(info["uptime_in_seconds"])),
            memory_used=int(info["used_memory"]),
            memory_max=int(info["maxmemory"]),
            clients=int(info["connected_clients"]),
            pubsub_channels=channels,
            keys=sum(int(one["keys"]) for one in databases if isinstance(one, dict)),
            hit_ratio=changes["hits"] / lookups if known and lookups else None,
            command_rate=changes["commands"] / seconds if known and seconds else None,
        )
