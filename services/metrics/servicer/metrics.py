"""MetricService: contract ↔ service."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.errors import invalid
from services.kernel.messages import duration, read_duration, read_timestamp, timestamp
from services.kernel.rpc.pipeline import Context
from services.metrics.domain.series import Aggregation, Sample, SeriesPoints, SeriesQuery
from services.metrics.service.latest import LatestValues
from services.metrics.service.series import SeriesQueries


class MetricServicer(metrics_pb2_grpc.MetricServiceServicer):
    """Serves time series."""

    def __init__(self, queries: SeriesQueries, latest: LatestValues) -> None:
        self._queries = queries
        self._latest = latest

    async def QueryMetrics(
        self, request: metrics_pb2.QueryMetricsRequest, context: Context
    ) -> metrics_pb2.QueryMetricsResponse:
        if not request.metric:
            raise invalid("metric", "It is required.")
        query = SeriesQuery(
            metric=request.metric,
            source=request.source,
            aggregation=Aggregation(request.aggregation or Aggregation.AVERAGE),
            start=read_timestamp(request, "start_time"),
            end=read_timestamp(request, "end_time"),
            step=read_duration(request, "step"),
            merge=request.merge,
        )
        step, series = await self._queries.query_series(query)
        return metrics_pb2.QueryMetricsResponse(
            step=duration(step.total_seconds()), series=map(series_message, series)
        )

    async def StreamMetrics(
        self, request: metrics_pb2.StreamMetricsRequest, context: Context
    ) -> AsyncIterator[metrics_pb2.StreamMetricsResponse]:
        async with aclosing(self._latest.follow_samples(frozenset(request.metrics))) as batches:
            async for samples in batches:
                yield metrics_pb2.StreamMetricsResponse(samples=map(sample_message, samples))


def series_message(series: SeriesPoints) -> metrics_pb2.Series:
    message = metrics_pb2.Series(
        metric=series.key.metric,
        source=series.key.source,
        attributes=dict(series.key.attributes),
        unit=series.key.unit,
    )
    for at, value in series.points:
        message.points.add(time=timestamp(at), value=value)
    return message


def sample_message(sample: Sample) -> metrics_pb2.StreamMetricsResponse.Sample:
    return metrics_pb2.StreamMetricsResponse.Sample(
        metric=sample.key.metric,
        source=sample.key.source,
        attributes=dict(sample.key.attributes),
        unit=sample.key.unit,
        value=sample.value,
        time=timestamp(sample.time),
    )
