"""MetricService."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import invalid
from services.metrics import storage
from services.metrics.domain import Range, Sample, SeriesKey, make_range, percentile
from services.metrics.servicer.messages import Context, read_span, read_time, span, stamp
from services.metrics.storage import StoredSeries
from services.metrics.worker.recorder import Recorder

PERCENTILES = {"P50": 0.5, "P95": 0.95, "P99": 0.99}
COUNTED = {"SUM", *PERCENTILES}

Aggregation = metrics_pb2.QueryMetricsRequest.Aggregation
Points = dict[int, list[tuple[datetime, float]]]


class MetricServicer(metrics_pb2_grpc.MetricServiceServicer):
    """Serves time series."""

    def __init__(self, database: Database, clock: Clock, recorder: Recorder) -> None:
        self._database = database
        self._clock = clock
        self._recorder = recorder

    async def QueryMetrics(
        self, request: metrics_pb2.QueryMetricsRequest, context: Context
    ) -> metrics_pb2.QueryMetricsResponse:
        if not request.metric:
            raise invalid("metric", "It is required.")
        aggregation = Aggregation.Name(request.aggregation or Aggregation.AVERAGE)
        chosen = make_range(
            read_time(request, "start_time"),
            read_time(request, "end_time"),
            read_span(request, "step"),
            self._clock.now(),
        )
        async with self._database.reading() as connection:
            found = await storage.find_series(connection, request.metric, request.source)
            series = found if request.merge else found[: storage.SERIES_MAX]
            ids = [one.id for one in series]
            distributed = any(one.bounds for one in series)
            if distributed and aggregation not in COUNTED:
                raise invalid("aggregation", "A histogram has SUM, P50, P95 and P99 only.")
            if not distributed and aggregation in PERCENTILES:
                raise invalid("aggregation", "Percentiles are of histograms only.")
            points: Points = {}
            if distributed:
                counts = await storage.read_counts(connection, ids, chosen, merge=request.merge)
                points = distribution_points(counts, series[0].bounds, aggregation)
            elif ids:
                for series_id, at, value in await storage.read_points(
                    connection, ids, chosen, aggregation, merge=request.merge
                ):
                    points.setdefault(series_id, []).append((at, value))
        return query_response(series, points, chosen, merge=request.merge)

    async def StreamMetrics(
        self, request: metrics_pb2.StreamMetricsRequest, context: Context
    ) -> AsyncIterator[metrics_pb2.StreamMetricsResponse]:
        wanted = frozenset(request.metrics)
        sent: dict[SeriesKey, datetime] = {}
        while True:
            samples = [
                one
                for one in self._recorder.newest()
                if (not wanted or one.key.metric in wanted) and sent.get(one.key) != one.time
            ]
            sent |= {one.key: one.time for one in samples}
            if samples:
                yield metrics_pb2.StreamMetricsResponse(samples=map(sample_message, samples))
            await self._recorder.change()


def distribution_points(
    counts: dict[tuple[int, datetime], list[int]], bounds: Sequence[float], aggregation: str
) -> Points:
    points: Points = {}
    for (series_id, at), buckets in counts.items():
        value: float | None = float(sum(buckets))
        if aggregation in PERCENTILES:
            value = percentile(bounds, buckets, PERCENTILES[aggregation])
        if value is not None:
            points.setdefault(series_id, []).append((at, value))
    return points


def query_response(
    series: Sequence[StoredSeries], points: Points, chosen: Range, *, merge: bool
) -> metrics_pb2.QueryMetricsResponse:
    response = metrics_pb2.QueryMetricsResponse(step=span(chosen.step.total_seconds()))
    shown = (
        [StoredSeries(0, SeriesKey(series[0].key.metric, "", (), series[0].key.unit), ())]
        if merge and series
        else series
    )
    for one in shown:
        message = response.series.add(
            metric=one.key.metric,
            source=one.key.source,
            attributes=dict(one.key.attributes),
            unit=one.key.unit,
        )
        for at, value in points.get(one.id, []):
            message.points.add(time=stamp(at), value=value)
    return response


def sample_message(sample: Sample) -> metrics_pb2.StreamMetricsResponse.Sample:
    return metrics_pb2.StreamMetricsResponse.Sample(
        metric=sample.key.metric,
        source=sample.key.source,
        attributes=dict(sample.key.attributes),
        unit=sample.key.unit,
        value=sample.value,
        time=stamp(sample.time),
    )
