"""OTLP metrics receiver (opentelemetry.proto.collector.metrics.v1).

It accepts gauges, sums (as plain values), and histograms with explicit bounds and delta
temporality. Other points are rejected and counted in `partial_success`.
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
from services.kernel.rpc.pipeline import Context
from services.metrics.domain.series import (
    Attributes,
    Distribution,
    MeasurementReport,
    Sample,
    SeriesKey,
)
from services.metrics.service.recorder import Recorder

POINTS_MAX = 2000
ATTRIBUTES_MAX = 20
TEXT_MAX = 200
BUCKETS_MAX = 200
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


class OtlpServicer(metrics_service_pb2_grpc.MetricsServiceServicer):
    """Receives OTLP exports of any process."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def Export(
        self, request: ExportMetricsServiceRequest, context: Context
    ) -> ExportMetricsServiceResponse:
        report, rejected = read_report(request)
        try:
            await self._recorder.record_report(report)
        except UnavailableError as error:
            # OTLP exporters retry on UNAVAILABLE.
            await context.abort(grpc.StatusCode.UNAVAILABLE, error.message)
        response = ExportMetricsServiceResponse()
        if rejected:
            response.partial_success.rejected_data_points = rejected
            response.partial_success.error_message = (
                "Only gauges, sums and delta histograms with explicit bounds are accepted, "
                f"and at most {POINTS_MAX} points per report."
            )
        return response


def read_report(request: ExportMetricsServiceRequest) -> tuple[MeasurementReport, int]:
    """Return at most 2,000 measurements of an export, and the number of rejected points."""
    samples: list[Sample] = []
    distributions: list[Distribution] = []
    versions: dict[str, str] = {}
    rejected = 0
    for resource in request.resource_metrics:
        attributes = dict(read_attributes(resource.resource.attributes))
        source = attributes.get("service.name", "unknown")
        if version := attributes.get("service.version"):
            versions[source] = version
        metrics = (metric for scope in resource.scope_metrics for metric in scope.metrics)
        for item in (item for metric in metrics for item in read_metric(source, metric)):
            if item is None or len(samples) + len(distributions) >= POINTS_MAX:
                rejected += 1
            elif isinstance(item, Sample):
                samples.append(item)
            else:
                distributions.append(item)
    return MeasurementReport(samples, distributions, versions), rejected


def read_metric(source: str, metric: Metric) -> Iterator[Sample | Distribution | None]:
    """Yield the points of a metric, None for an unsupported one."""
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
    """Return attributes as sorted text, truncated to 20 attributes of 200 characters."""
    return tuple(sorted(read_attribute(one) for one in list(attributes)[:ATTRIBUTES_MAX]))


def read_attribute(attribute: KeyValue) -> tuple[str, str]:
    kind = attribute.value.WhichOneof("value") or "string_value"
    return attribute.key[:TEXT_MAX], str(getattr(attribute.value, kind))[:TEXT_MAX]
