"""Metrics of a process, reported over OTLP every 5 seconds.

Histograms are lists of counts: recording a duration takes 1 to 2 µs, with the OpenTelemetry SDK 16
to 19 µs. They are sent with delta temporality. If a report fails, its counts are added to the next.
"""

import asyncio
import os
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import psutil
import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, ScopeMetrics

from services.common.version import VERSION

# The gRPC method of an OTLP receiver.
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
INTERVAL_SECONDS = 5.0
EXPORT_SECONDS = 2.0
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA

# Bucket boundaries in seconds, those of OpenTelemetry's semantic conventions.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

Attributes = tuple[tuple[str, str | int], ...]
Series = tuple[str, Attributes]
Reading = Callable[[], Awaitable[float | None]]
Send = Callable[[bytes], Awaitable[None]]

log = structlog.get_logger()


class ExportError(Exception):
    """A report was not delivered. The message is the reason, such as UNAVAILABLE."""


@dataclass
class Histogram:
    """Counts of durations by bucket, and their sum in seconds.

    `counts` has one item for each bound of `BOUNDS`, which is inclusive, and one for longer
    durations.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def record_duration(self, seconds: float) -> None:
        """Add a duration in seconds."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def add_histogram(self, other: "Histogram") -> None:
        """Add the counts and the sum of another histogram."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


Histograms = dict[Series, Histogram]


class Meter:
    """Collects the metrics of a process: histograms of durations, and gauges.

    A series is a name with its attributes. Durations of new series are dropped once there are
    `series_max`.
    """

    def __init__(self, series_max: int = 2000) -> None:
        self._series_max = series_max
        self._histograms: Histograms = {}
        self.gauges: dict[str, tuple[str, Reading]] = {}

    def record_duration(self, name: str, attributes: Attributes, seconds: float) -> None:
        """Add a duration in seconds to the histogram `name` with these attributes."""
        histogram = self._histograms.get((name, attributes))
        if histogram is None:
            if len(self._histograms) >= self._series_max:
                return
            histogram = self._histograms[name, attributes] = Histogram()
        histogram.record_duration(seconds)

    def add_gauge(self, name: str, unit: str, read: Reading) -> None:
        """Register a gauge. Each report awaits `read`, and omits the gauge if it is None or raises.

        `unit` is a UCUM code, such as `s`, `By` or `1`.
        """
        self.gauges[name] = (unit, read)

    def take_histograms(self) -> Histograms:
        """Return the histograms recorded since the last call."""
        taken, self._histograms = self._histograms, {}
        return taken

    def restore_histograms(self, histograms: Mapping[Series, Histogram]) -> None:
        """Add histograms of a failed report to the current ones."""
        self.merge_histograms(self._histograms, histograms)

    def merge_histograms(self, target: Histograms, source: Mapping[Series, Histogram]) -> None:
        """Add the histograms of `source` to `target`, up to `series_max` series."""
        for series, histogram in source.items():
            if series in target or len(target) < self._series_max:
                target.setdefault(series, Histogram()).add_histogram(histogram)


class Reporter:
    """Reports the metrics of a meter and the process's CPU and memory to an OTLP receiver.

    `module` is the `service.name`. `send` takes a serialized ExportMetricsServiceRequest and raises
    ExportError if it is not delivered. `sent` is called with the histograms of each delivered
    report.
    """

    def __init__(
        self,
        module: str,
        meter: Meter,
        send: Send,
        sent: Callable[[Histograms], None] | None = None,
    ) -> None:
        self._module = module
        self._meter = meter
        self._send = send
        self._sent = sent
        self._start = time.time_ns()
        self._process = psutil.Process()
        self._process.cpu_percent()

    async def run(self) -> None:
        """Send a report every 5 seconds until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self.send_report()

    async def send_report(self) -> None:
        """Send a report. If it fails, keep its histograms for the next one."""
        taken = self._meter.take_histograms()
        now = time.time_ns()
        request = await self._make_request(taken, now)
        try:
            await self._send(request.SerializeToString())
        except ExportError as error:
            self._meter.restore_histograms(taken)
            log.debug("telemetry.not_sent", code=str(error))
            return
        self._start = now
        if self._sent is not None:
            self._sent(taken)

    async def _make_request(self, histograms: Histograms, now: int) -> ExportMetricsServiceRequest:
        request = ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        resource.resource.attributes.extend(
            [
                attribute("service.name", self._module),
                attribute("service.version", VERSION),
                attribute("process.pid", os.getpid()),
            ]
        )
        scope = resource.scope_metrics.add()
        add_gauge(scope, "process.cpu.utilization", "1", now, self._process.cpu_percent() / 100)
        add_gauge(scope, "process.memory.usage", "By", now, memory_bytes(self._process))
        for name, (unit, read) in self._meter.gauges.items():
            try:
                value = await read()
            except Exception as error:  # noqa: BLE001 - one failed reading must not stop the report
                log.debug("telemetry.gauge_failed", gauge=name, error=type(error).__name__)
                continue
            if value is not None:
                add_gauge(scope, name, unit, now, value)
        add_histograms(scope, histograms, self._start, now)
        return request


def add_gauge(scope: ScopeMetrics, name: str, unit: str, now: int, value: float) -> None:
    """Add a gauge metric. `now` is in nanoseconds of Unix time."""
    metric = scope.metrics.add(name=name, unit=unit)
    metric.gauge.data_points.add(time_unix_nano=now, as_double=value)


def add_histograms(scope: ScopeMetrics, histograms: Histograms, start: int, now: int) -> None:
    """Add a metric for each name, with a data point for each set of attributes.

    `start` and `now` bound the interval of the counts, in nanoseconds of Unix time.
    """
    metrics = {}
    for (name, attributes), histogram in histograms.items():
        if name not in metrics:
            metrics[name] = scope.metrics.add(name=name, unit="s")
            metrics[name].histogram.aggregation_temporality = DELTA
        metrics[name].histogram.data_points.add(
            attributes=[attribute(key, value) for key, value in attributes],
            start_time_unix_nano=start,
            time_unix_nano=now,
            count=sum(histogram.counts),
            sum=histogram.total,
            bucket_counts=histogram.counts,
            explicit_bounds=BOUNDS,
        )


def attribute(key: str, value: str | int) -> KeyValue:
    """Return an OTLP attribute."""
    content = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=key, value=content)


def memory_bytes(process: psutil.Process) -> float:
    """Return the memory of a process in bytes: PSS where Linux reports it, else RSS."""
    memory = process.memory_full_info()
    return float(getattr(memory, "pss", 0) or memory.rss)
