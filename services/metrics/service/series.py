"""Queries of stored series."""

from datetime import timedelta

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.metrics.domain.series import (
    Points,
    SeriesKey,
    SeriesPoints,
    SeriesQuery,
    StoredSeries,
    aggregate_counts,
    check_aggregation,
    make_range,
)
from services.metrics.storage import series as storage

SERIES_MAX = 100
MERGED_ID = 0


class SeriesQueries:
    """Queries stored series."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def query_series(self, query: SeriesQuery) -> tuple[timedelta, list[SeriesPoints]]:
        """Return the step width and at most 100 series.

        Raises:
            InvalidArgumentError: The range or the aggregation is invalid.
            UnavailableError: The database is unavailable.
        """
        span = make_range(query.start, query.end, query.step, self._clock.now())
        async with self._database.reading() as connection:
            found = await storage.find_series(connection, query.metric, query.source)
            series = found if query.merge else found[:SERIES_MAX]
            ids = [one.id for one in series]
            histogram = any(one.bounds for one in series)
            check_aggregation(query.aggregation, histogram=histogram)
            points: dict[int, Points] = {}
            if histogram:
                counts = await storage.read_counts(connection, ids, span, merge=query.merge)
                points = aggregate_counts(counts, series[0].bounds, query.aggregation)
            elif ids:
                points = await storage.read_points(
                    connection, ids, span, query.aggregation, merge=query.merge
                )
        shown = merge_series(series) if query.merge else series
        return span.step, [SeriesPoints(one.key, points.get(one.id, [])) for one in shown]


def merge_series(series: list[StoredSeries]) -> list[StoredSeries]:
    """Return one series without source and attributes, or none if there are none."""
    keys = [SeriesKey(one.key.metric, "", (), one.key.unit) for one in series[:1]]
    return [StoredSeries(MERGED_ID, key, ()) for key in keys]
