"""What a process measures of itself, reported over OTLP every 5 seconds.

Histograms are kept as plain lists of counts: recording costs a microsecond or
two, where the OpenTelemetry SDK takes 16 to 19. They are sent with delta
temporality; counts that could not be sent go with the next report.
"""

import asyncio
import os
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import grpc
import psutil
import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, ScopeMetrics

from services.kernel.errors import LibralError
from services.kernel.version import VERSION

EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
INTERVAL_SECONDS = 5.0
EXPORT_SECONDS = 2.0
SERIES_MAX = 2000

# The boundaries that OpenTelemetry's semantic conventions advise for seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

Attributes = tuple[tuple[str, str], ...]
Reading = Callable[[], Awaitable[float | None]]

log = structlog.get_logger()


@dataclass
class Histogram:
    """Counts of durations in seconds since the last report."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def record(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def add(self, other: "Histogram") -> None:
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


class Meter:
    """Collects and reports the measurements of one process."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._start = time.time_ns()
        self._histograms: dict[tuple[str, Attributes], Histogram] = {}
        self._gauges: dict[str, tuple[str, Reading]] = {}
        process = psutil.Process()
        process.cpu_percent()
        self.gauge("process.cpu.utilization", "1", cpu_reading(process))
        self.gauge("process.memory.usage", "By", memory_reading(process))

    def record(self, name: str, attributes: Attributes, seconds: float) -> None:
        """Records a duration. Series beyond 2000 are dropped."""
        histogram = self._histograms.get((name, attributes))
        if histogram is None:
            if len(self._histograms) >= SERIES_MAX:
                return
            histogram = self._histograms[name, attributes] = Histogram()
        histogram.record(seconds)

    def gauge(self, name: str, unit: str, read: Reading) -> None:
        """Reports what `read` tells, or nothing when it tells None or its source is away."""
        self._gauges[name] = (unit, read)

    async def run(self, channel: grpc.aio.Channel) -> None:
        export = channel.unary_unary(
            EXPORT,
            request_serializer=ExportMetricsServiceRequest.SerializeToString,
            response_deserializer=ExportMetricsServiceResponse.FromString,
        )
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            taken, self._histograms = self._histograms, {}
            report = await self._report(taken)
            try:
                await export(report, timeout=EXPORT_SECONDS)
            except grpc.aio.AioRpcError as error:
                self._keep(taken)
                log.debug("telemetry.kept", code=error.code().name)

    def _keep(self, taken: dict[tuple[str, Attributes], Histogram]) -> None:
        for key, histogram in taken.items():
            if key in self._histograms:
                self._histograms[key].add(histogram)
            elif len(self._histograms) < SERIES_MAX:
                self._histograms[key] = histogram

    async def _report(
        self, histograms: dict[tuple[str, Attributes], Histogram]
    ) -> ExportMetricsServiceRequest:
        report = ExportMetricsServiceRequest()
        resource = report.resource_metrics.add()
        resource.resource.attributes.extend(
            [
                attribute("service.name", self._module),
                attribute("service.version", VERSION),
                KeyValue(key="process.pid", value=AnyValue(int_value=os.getpid())),
            ]
        )
        scope = resource.scope_metrics.add()
        now = time.time_ns()
        for name, (unit, read) in self._gauges.items():
            try:
                value = await read()
            except (LibralError, OSError, psutil.Error):
                continue
            if value is not None:
                metric = scope.metrics.add(name=name, unit=unit)
                metric.gauge.data_points.add(time_unix_nano=now, as_double=value)
        self._add_histograms(scope, histograms, now)
        self._start = now
        return report

    def _add_histograms(
        self,
        scope: ScopeMetrics,
        histograms: dict[tuple[str, Attributes], Histogram],
        now: int,
    ) -> None:
        for (name, attributes), histogram in histograms.items():
            metric = scope.metrics.add(name=name, unit="s")
            metric.histogram.aggregation_temporality = (
                AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
            )
            metric.histogram.data_points.add(
                attributes=[attribute(key, value) for key, value in attributes],
                start_time_unix_nano=self._start,
                time_unix_nano=now,
                count=sum(histogram.counts),
                sum=histogram.total,
                bucket_counts=histogram.counts,
                explicit_bounds=BOUNDS,
            )


def attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def cpu_reading(process: psutil.Process) -> Reading:
    async def read() -> float:
        return process.cpu_percent() / 100

    return read


def memory_reading(process: psutil.Process) -> Reading:
    """Reads the memory that is this process's share: PSS where Linux tells it, else RSS."""

    async def read() -> float:
        memory = process.memory_full_info()
        return float(getattr(memory, "pss", 0) or memory.rss)

    return read
