"""The measurement of host, database and cache."""

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


class Infrastructure:
    """Keep the newest figures of each source, or the reason why there are none."""

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
        """Why there are no figures of the database."""
        return self._problems.get(DATABASE, NOT_MEASURED)

    @property
    def cache_problem(self) -> str:
        """Why there are no figures of the cache."""
        return self._problems.get(CACHE, NOT_MEASURED)

    async def measure(self) -> None:
        """Measure once and record the samples. A source that does not answer has no figures."""
        self.host = self._host.measure()
        self.database, self.cache = await asyncio.gather(
            self._try(DATABASE, self._database.measure),
            self._try(CACHE, self._cache.measure),
        )
        samples = host_samples(self.host) + self._latest.request_rate()
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
            self._problems[source] = str(error) or "It did not answer in time."
            return None
        self._problems.pop(source, None)
        return figures
