"""An OTLP receiver of metrics (opentelemetry.proto.collector.metrics.v1).

Takes gauges, sums as the value they have, and histograms with explicit bounds
and delta temporality. What it cannot take it counts in `partial_success`.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from services.kernel.errors import UnavailableError
from services.metrics.domain import Attributes, Distribution, Sample, SeriesKey
from services.metrics.servicer.messages import Context
from services.metrics.worker.recorder import REQUEST_DURATION, Recorder

POINTS_MAX = 2000
ATTRIBUTES_MAX = 20
TEXT_MAX = 200
BUCKETS_MAX = 200
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


class OtlpReceiver(metrics_service_pb2_grpc.MetricsServiceServicer):
    """Takes reports of processes, ours and others'."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def Export(
        self, request: ExportMetricsServiceRequest, context: Context
    ) -> ExportMetricsServiceResponse:
        samples: list[Sample] = []
        reports: list[Distribution] = []
        refused = 0
        for source, metric in self._metrics(request):
            for item in read_metric(source, metric):
                if item is None or len(samples) + len(reports) >= POINTS_MAX:
                    refused += 1
                elif isinstance(item, Sample):
                    samples.append(item)
                else:
                    reports.append(item)
        try:
            await self._recorder.record(samples, reports)
        except UnavailableError as error:
            # Who reports by OTLP keeps the points, and sends them again.
            await context.abort(grpc.StatusCode.UNAVAILABLE, error.message)
        if any(one.key.metric == REQUEST_DURATION for one in reports) or any(
            one.key.source == "gateway" for one in samples
        ):
            self._recorder.count_requests(reports)
        response = ExportMetricsServiceResponse()
        if refused:
            response.partial_success.rejected_data_points = refused
            response.partial_success.error_message = (
                "Only gauges, sums and delta histograms with explicit bounds are taken, "
                f"and at most {POINTS_MAX} points a report."
            )
        return response

    def _metrics(self, request: ExportMetricsServiceRequest) -> Iterator[tuple[str, Metric]]:
        for resource in request.resource_metrics:
            told = dict(read_attributes(resource.resource.attributes))
            source = told.get("service.name", "unknown")
            if version := told.get("service.version"):
                self._recorder.versions[source] = version
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    yield source, metric


def read_metric(source: str, metric: Metric) -> Iterator[Sample | Distribution | None]:
    """Reads the points of a metric. None stands for one that cannot be taken."""
    name, unit = metric.name[:TEXT_MAX], metric.unit[:TEXT_MAX]
    if metric.HasField("histogram"):
        for point in metric.histogram.data_points:
            key = SeriesKey(name, source, read_attributes(point.attributes), unit)
            usable = (
                metric.histogram.aggregation_temporality == DELTA
                and 0 < len(point.explicit_bounds) < len(point.bucket_counts) <= BUCKETS_MAX
            )
            yield (
                Distribution(
                    key=key,
                    time=read_time(point.time_unix_nano),
                    bounds=tuple(point.explicit_bounds),
                    counts=tuple(point.bucket_counts),
                    total=point.sum,
                )
                if usable
                else None
            )
        return
    numbers: Any = metric.gauge if metric.HasField("gauge") else metric.sum
    for point in numbers.data_points:
        key = SeriesKey(name, source, read_attributes(point.attributes), unit)
        value = point.as_double if point.HasField("as_double") else float(point.as_int)
        yield Sample(key, read_time(point.time_unix_nano), value) if math.isfinite(value) else None


def read_time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def read_attributes(attributes: Any) -> Attributes:
    """Reads attributes as text, sorted and bounded."""
    return tuple(sorted(read_attribute(one) for one in list(attributes)[:ATTRIBUTES_MAX]))


def read_attribute(attribute: KeyValue) -> tuple[str, str]:
    kind = attribute.value.WhichOneof("value") or "string_value"
    return attribute.key[:TEXT_MAX], str(getattr(attribute.value, kind))[:TEXT_MAX]
