"""Recording of measurements in memory and in the database."""

from collections.abc import Sequence

from services.kernel.database.database import Database
from services.metrics.domain.endpoints import REQUEST_DURATION
from services.metrics.domain.series import Distribution, MeasurementReport, Sample, SeriesKey
from services.metrics.service.latest import LatestValues
from services.metrics.storage import series as storage

GATEWAY = "gateway"


class Recorder:
    """Records measurements. Series ids are cached."""

    def __init__(self, database: Database, latest: LatestValues) -> None:
        self._database = database
        self._latest = latest
        self._ids: dict[SeriesKey, int] = {}

    async def record_measurements(
        self, samples: Sequence[Sample], distributions: Sequence[Distribution] = ()
    ) -> None:
        """Add the measurements to the latest values, then store them.

        Raises:
            UnavailableError: The database is unavailable. The measurements are not stored.
        """
        self._latest.add_samples(samples)
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
        # Only after the commit: a series of a failed transaction does not exist.
        self._ids |= ids

    async def record_report(self, report: MeasurementReport) -> None:
        """Record the report of a process.

        Raises:
            UnavailableError: The database is unavailable. The process should retry.
        """
        self._latest.add_versions(report.versions)
        await self.record_measurements(report.samples, report.distributions)
        measured = any(one.key.metric == REQUEST_DURATION for one in report.distributions)
        if measured or any(one.key.source == GATEWAY for one in report.samples):
            self._latest.count_requests(report.distributions)
