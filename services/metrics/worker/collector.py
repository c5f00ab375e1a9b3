"""Measures the host, the database and the cache every 5 seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

import structlog

from services.kernel.errors import UnavailableError
from services.metrics.adapters.cache import CacheCollector, CacheFigures
from services.metrics.adapters.host import HostCollector, HostFigures
from services.metrics.adapters.postgresql import DatabaseCollector, DatabaseFigures
from services.metrics.domain import Sample, SeriesKey
from services.metrics.worker.recorder import Recorder

INTERVAL_SECONDS = 5.0
MEASURE_SECONDS = 4.0

Figures = TypeVar("Figures")

log = structlog.get_logger()


class Collector:
    """Holds the newest figures of each source, or why there are none."""

    def __init__(
        self,
        host: HostCollector,
        database: DatabaseCollector,
        cache: CacheCollector,
        recorder: Recorder,
    ) -> None:
        self._host = host
        self._database = database
        self._cache = cache
        self._recorder = recorder
        self.host: HostFigures | None = None
        self.database: DatabaseFigures | None = None
        self.cache: CacheFigures | None = None
        self.problems: dict[str, str] = {}

    async def run(self) -> None:
        while True:
            started = asyncio.get_running_loop().time()
            await self.collect()
            spent = asyncio.get_running_loop().time() - started
            await asyncio.sleep(max(INTERVAL_SECONDS - spent, 0.0))

    async def collect(self) -> None:
        """Measures once. A source that is away has no figures."""
        self.host = self._host.measure()
        self.database, self.cache = await asyncio.gather(
            self._try("postgresql", self._database.measure),
            self._try("cache", self._cache.measure),
        )
        samples = host_samples(self.host) + self._recorder.request_rate()
        if self.database is not None:
            samples += database_samples(self.database)
        if self.cache is not None:
            samples += cache_samples(self.cache)
        try:
            await self._recorder.record(samples)
        except UnavailableError:
            log.warning("collector.unstored", samples=len(samples))

    async def _try(self, source: str, measure: Callable[[], Awaitable[Figures]]) -> Figures | None:
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                figures = await measure()
        except (UnavailableError, TimeoutError) as error:
            self.problems[source] = str(error) or "It did not answer in time."
            return None
        self.problems.pop(source, None)
        return figures


def make_samples(
    source: str, time: datetime, values: Mapping[tuple[str, str], float | None]
) -> list[Sample]:
    """Makes a sample of each value that was measured. Keys are (metric, unit)."""
    return [
        Sample(SeriesKey(metric, source, unit=unit), time, float(value))
        for (metric, unit), value in values.items()
        if value is not None
    ]


def host_samples(host: HostFigures) -> list[Sample]:
    return make_samples(
        "host",
        host.time,
        {
            ("system.cpu.utilization", "1"): host.cpu_utilization,
            ("system.memory.utilization", "1"): host.memory_used / host.memory_total,
            ("system.memory.usage", "By"): host.memory_used,
            ("system.memory.limit", "By"): host.memory_total,
            ("system.filesystem.utilization", "1"): host.disk_used / host.disk_total,
            ("system.filesystem.usage", "By"): host.disk_used,
            ("system.filesystem.limit", "By"): host.disk_total,
            ("system.network.receive", "By/s"): host.network_receive,
            ("system.network.transmit", "By/s"): host.network_transmit,
            ("system.disk.read", "By/s"): host.disk_read,
            ("system.disk.write", "By/s"): host.disk_write,
            ("system.load.1m", "1"): host.load[0],
            ("system.load.5m", "1"): host.load[1],
            ("system.load.15m", "1"): host.load[2],
        },
    )


def database_samples(database: DatabaseFigures) -> list[Sample]:
    return make_samples(
        "postgresql",
        database.time,
        {
            ("postgresql.connections", "1"): database.connections,
            ("postgresql.connections.max", "1"): database.max_connections,
            ("postgresql.replicas", "1"): database.replicas,
            ("postgresql.size", "By"): database.size,
            ("postgresql.queries", "1/s"): database.query_rate,
            ("postgresql.transactions", "1/s"): database.transaction_rate,
            ("postgresql.cache_hit_ratio", "1"): database.cache_hit_ratio,
        },
    )


def cache_samples(cache: CacheFigures) -> list[Sample]:
    return make_samples(
        "cache",
        cache.time,
        {
            ("cache.memory.usage", "By"): cache.memory_used,
            ("cache.memory.limit", "By"): cache.memory_max,
            ("cache.clients", "1"): cache.clients,
            ("cache.pubsub_channels", "1"): cache.pubsub_channels,
            ("cache.keys", "1"): cache.keys,
            ("cache.hit_ratio", "1"): cache.hit_ratio,
            ("cache.commands", "1/s"): cache.command_rate,
        },
    )
