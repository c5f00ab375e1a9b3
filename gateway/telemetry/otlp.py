"""Reports over OTLP, every 5 seconds, to the metrics room or any other receiver."""

import asyncio
import os
import time
from pathlib import Path

import psutil
import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    HistogramDataPoint,
    ScopeMetrics,
)

from gateway.http.errors import StatusError
from gateway.telemetry.metrics import BOUNDS, Histogram, Histograms, Meter, Series
from gateway.upstream import Call, Upstream
from gateway.version import VERSION

EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
DURATION = "http.server.request.duration"
INTERVAL_SECONDS = 5.0
EXPORT_SECONDS = 2.0
ROLLUP = Path("/proc/self/smaps_rollup")

log = structlog.get_logger()


class Reporter:
    """Sends what a meter recorded to an OTLP receiver."""

    def __init__(self, meter: Meter, upstream: Upstream) -> None:
        self._meter = meter
        self._upstream = upstream
        self._start = time.time_ns()
        self._cpu = CpuUsage()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self.report()

    async def report(self) -> None:
        taken = self._meter.take()
        now = time.time_ns()
        request = make_report(taken, self._start, now, self._cpu.read()).SerializeToString()
        try:
            await self._upstream.unary(Call(EXPORT, request, [], EXPORT_SECONDS))
        except StatusError as error:
            self._meter.put_back(taken)
            log.debug("telemetry.kept", code=error.code)
        else:
            self._meter.remember(taken)
            self._start = now


class CpuUsage:
    """The processor time of this process, in cores, since the last reading."""

    def __init__(self) -> None:
        self._wall, self._used = time.monotonic(), time.process_time()

    def read(self) -> float:
        wall, used = time.monotonic(), time.process_time()
        usage = (used - self._used) / max(wall - self._wall, 1e-9)
        self._wall, self._used = wall, used
        return usage


def memory_bytes() -> int:
    """This process's share of memory: PSS where Linux tells it, else RSS."""
    try:
        for line in ROLLUP.read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return int(psutil.Process().memory_info().rss)


def make_report(
    histograms: Histograms, start: int, now: int, cpu: float
) -> ExportMetricsServiceRequest:
    report = ExportMetricsServiceRequest()
    resource = report.resource_metrics.add()
    resource.resource.attributes.extend(
        [
            text_attribute("service.name", "gateway"),
            text_attribute("service.version", VERSION),
            number_attribute("process.pid", os.getpid()),
        ]
    )
    scope = resource.scope_metrics.add()
    add_gauge(scope, "process.cpu.utilization", "1", now, cpu)
    add_gauge(scope, "process.memory.usage", "By", now, memory_bytes())
    if histograms:
        metric = scope.metrics.add(name=DURATION, unit="s")
        metric.histogram.aggregation_temporality = (
            AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        )
        for series, histogram in histograms.items():
            metric.histogram.data_points.append(make_point(series, histogram, start, now))
    return report


def make_point(series: Series, histogram: Histogram, start: int, now: int) -> HistogramDataPoint:
    method, route, status = series
    return HistogramDataPoint(
        attributes=[
            text_attribute("http.request.method", method),
            text_attribute("http.route", route),
            number_attribute("http.response.status_code", status),
        ],
        start_time_unix_nano=start,
        time_unix_nano=now,
        count=sum(histogram.counts),
        sum=histogram.total,
        bucket_counts=histogram.counts,
        explicit_bounds=BOUNDS,
    )


def add_gauge(scope: ScopeMetrics, name: str, unit: str, now: int, value: float) -> None:
    metric = scope.metrics.add(name=name, unit=unit)
    metric.gauge.data_points.add(time_unix_nano=now, as_double=value)


def text_attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def number_attribute(key: str, value: int) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(int_value=value))
