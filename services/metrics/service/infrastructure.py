"""Measurement of host, database and cache."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from services.kernel.errors import UnavailableError
from services.metrics.adapters.cache import CacheCollector
from services.metrics.adapters.host import HostCollector
from services.metrics.adapters.postgresql import DatabaseCollector
from services.metrics.domain.infrastructure import (
    CacheFigures,
    DatabaseFigures,
    HostDescription,
    HostFigures,
    cache_samples,
    database_samples,
    host_samples,
)
from services.metrics.service.latest import LatestValues
from services.metrics.service.recorder import Recorder

MEASURE_SECONDS = 4.0
DATABASE, CACHE = "postgresql", "cache"
NOT_MEASURED = "It was not measured yet."

Figures = TypeVar("Figures")

log = structlog.get_logger()


class InfrastructureMonitor:
    """Holds the newest figures of each source, or the reason why they are missing."""

    def __init__(
        self,
        host: HostCollector,
        database: DatabaseCollector,
        cache: CacheCollector,
        recorder: Recorder,
        latest: LatestValues,
    ) -> None:
        self._host = host
        self._database = database
        self._cache = cache
        self._recorder = recorder
        self._latest = latest
        self._problems: dict[str, str] = {}
        self.host: HostFigures | None = None
        self.database: DatabaseFigures | None = None
        self.cache: CacheFigures | None = None

    @property
    def host_description(self) -> HostDescription:
        return self._host.description

    @property
    def database_problem(self) -> str:
        """The reason why the database has no figures."""
        return self._problems.get(DATABASE, NOT_MEASURED)

    @property
    def cache_problem(self) -> str:
        """The reason why the cache has no figures."""
        return self._problems.get(CACHE, NOT_MEASURED)

    async def measure(self) -> None:
        """Measure all sources and record the samples. Clear the figures of unavailable sources."""
        self.host = self._host.measure()
        self.database, self.cache = await asyncio.gather(
            self._try(DATABASE, self._database.measure),
            self._try(CACHE, self._cache.measure),
        )
        samples = host_samples(self.host) + self._latest.request_rate_samples()
        if self.database is not None:
            samples += database_samples(self.database)
        if self.cache is not None:
            samples += cache_samples(self.cache)
        try:
            await self._recorder.record_measurements(samples)
        except UnavailableError:
            log.warning("infrastructure.samples_not_stored", samples=len(samples))

    async def _try(self, source: str, measure: Callable[[], Awaitable[Figures]]) -> Figures | None:
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                figures = await measure()
        except (UnavailableError, TimeoutError) as error:
            self._problems[source] = str(error) or "The measurement timed out."
            return None
        self._problems.pop(source, None)
        return figures
