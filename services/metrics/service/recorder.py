"""Recording of measurements: in memory at once, and in the database."""

from collections.abc import Sequence

from services.kernel.database.database import Database
from services.metrics.domain.endpoints import REQUEST_DURATION
from services.metrics.domain.series import Distribution, Report, Sample, SeriesKey
from services.metrics.service.latest import LatestValues
from services.metrics.storage import series as storage

GATEWAY = "gateway"


class Recorder:
    """Record measurements."""

    def __init__(self, database: Database, latest: LatestValues) -> None:
        self._database = database
        self._latest = latest
        self._ids: dict[SeriesKey, int] = {}

    async def record(
        self, samples: Sequence[Sample], distributions: Sequence[Distribution] = ()
    ) -> None:
        """Publish the measurements in memory, then store them.

        Raises:
            UnavailableError: The database does not answer. They are published and not stored.
        """
        self._latest.add(samples)
        if not samples and not distributions:
            return
        wanted: dict[SeriesKey, tuple[float, ...] | None] = {one.key: None for one in samples}
        wanted |= {one.key: one.bounds for one in distributions}
        async with self._database.transaction() as connection:
            ids = {
                key: self._ids.get(key) or await storage.save_series(connection, key, bounds)
                for key, bounds in wanted.items()
            }
            await storage.insert_points(connection, samples, ids)
            await storage.insert_distributions(connection, distributions, ids)
        # A series of a transaction that failed does not exist.
        self._ids |= ids

    async def record_report(self, report: Report) -> None:
        """Record what a process reported.

        Raises:
            UnavailableError: The database does not answer. The process should send it again.
        """
        self._latest.add_versions(report.versions)
        await self.record(report.samples, report.distributions)
        measured = any(one.key.metric == REQUEST_DURATION for one in report.distributions)
        if measured or any(one.key.source == GATEWAY for one in report.samples):
            self._latest.count_requests(report.distributions)
