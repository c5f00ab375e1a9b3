"""Usage reports of the gateway's routes."""

from datetime import timedelta

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.metrics.domain.endpoints import (
    MINUTE,
    REQUEST_DURATION,
    EndpointReport,
    SeriesUsage,
    check_window,
    matches_route,
    summarize_usage,
)
from services.metrics.domain.series import TimeRange
from services.metrics.service.latest import LatestValues
from services.metrics.storage import series as storage


class EndpointAnalytics:
    """Reports the usage of routes from the stored request histograms."""

    def __init__(self, database: Database, clock: Clock, latest: LatestValues) -> None:
        self._database = database
        self._clock = clock
        self._latest = latest

    async def report_usage(self, window: timedelta, method: str, query: str) -> EndpointReport:
        """Return the usage of the matching routes in the last `window`.

        Raises:
            InvalidArgumentError: The window is too short or too long.
            UnavailableError: The database is unavailable.
        """
        check_window(window)
        now = self._clock.now()
        async with self._database.reading() as connection:
            found = await storage.find_series(connection, REQUEST_DURATION)
            series = [one for one in found if matches_route(one, method, query)]
            ids = [one.id for one in series]
            span = TimeRange(now - window, now, window)
            counts = await storage.read_counts(connection, ids, span, merge=False)
            usage = SeriesUsage(
                counts={series_id: buckets for (series_id, _), buckets in counts.items()},
                last_minute=await storage.read_sums(connection, ids, now - MINUTE, now),
                last_times=await storage.read_last_times(connection, ids, now - window),
            )
        return summarize_usage(series, usage, self._latest.request_report)
