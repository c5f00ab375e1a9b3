"""What is measured, and how it is reported."""

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from gateway.telemetry import metrics as telemetry
from gateway.telemetry.metrics import BOUNDS, Meter, prometheus
from gateway.telemetry.otlp import CpuUsage, Reporter, memory_bytes
from gateway.upstream.pool import make_upstream

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Receiver:
    """An OTLP receiver that can be told to fail."""

    def __init__(self) -> None:
        self.reports: list[ExportMetricsServiceRequest] = []
        self.fails = False

    async def start(self) -> str:
        self.server = grpc.aio.server()
        handlers = {"Export": grpc.unary_unary_rpc_method_handler(self.export)}
        name = "opentelemetry.proto.collector.metrics.v1.MetricsService"
        handler = grpc.method_handlers_generic_handler(name, handlers)
        self.server.add_generic_rpc_handlers([handler])
        port = self.server.add_insecure_port("127.0.0.1:0")
        await self.server.start()
        return f"127.0.0.1:{port}"

    async def export(self, request: bytes, context) -> bytes:
        if self.fails:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        self.reports.append(ExportMetricsServiceRequest.FromString(request))
        return b""


def points_of(report) -> dict[tuple, tuple[int, float]]:
    metrics = report.resource_metrics[0].scope_metrics[0].metrics
    found = {}
    for metric in metrics:
        for point in metric.histogram.data_points:
            values = {a.key: a.value for a in point.attributes}
            series = (
                values["http.request.method"].string_value,
                values["http.route"].string_value,
                values["http.response.status_code"].int_value,
            )
            assert sum(point.bucket_counts) == point.count
            assert tuple(point.explicit_bounds) == BOUNDS
            found[series] = (point.count, point.sum)
    return found


async def test_reports_deltas_and_keeps_what_could_not_be_sent():
    receiver, meter = Receiver(), Meter()
    upstream = make_upstream("metrics", await receiver.start())
    reporter = Reporter(meter, upstream)
    series = ("GET", "/v1/x", 200)
    meter.record(*series, 0.25)
    await reporter.report()
    meter.record(*series, 0.5)
    receiver.fails = True
    await reporter.report()
    meter.record(*series, 1.0)
    receiver.fails = False
    await reporter.report()
    await reporter.report()
    found = [points_of(report) for report in receiver.reports]
    assert found == [{series: (1, 0.25)}, {series: (2, 1.5)}, {}]
    assert sum(meter.total()[series].counts) == 3
    await upstream.close()
    await receiver.server.stop(None)


async def test_reports_what_the_process_uses():
    receiver = Receiver()
    upstream = make_upstream("metrics", await receiver.start())
    await Reporter(Meter(), upstream).report()
    resource = receiver.reports[0].resource_metrics[0]
    names = {a.key for a in resource.resource.attributes}
    assert names == {"service.name", "service.version", "process.pid"}
    gauges = {m.name: m.gauge.data_points[0].as_double for m in resource.scope_metrics[0].metrics}
    assert gauges["process.memory.usage"] > 1_000_000
    assert gauges["process.cpu.utilization"] >= 0
    await upstream.close()
    await receiver.server.stop(None)


async def test_reads_cpu_and_memory():
    usage = CpuUsage()
    sum(range(3_000_000))
    assert 0 < usage.read() < 8
    assert memory_bytes() > 1_000_000


async def test_counts_by_route_and_by_nothing_a_client_can_make_up(http, gateway):
    before = gateway.core.meter.total()
    await http.get("/v1/items/a")
    await http.get("/v1/items/b")
    await http.get("/nope/1")
    await http.get("/nope/2")
    await http.request("PROPFIND", "/nope/3")
    after = gateway.core.meter.total()
    added = {
        series: sum(found.counts) - (sum(before[series].counts) if series in before else 0)
        for series, found in after.items()
    }
    assert added["GET", "/v1/{name=items/*}", 200] == 2
    assert added["GET", "unmatched", 404] == 2
    assert added["_OTHER", "unmatched", 404] == 1
    assert not [series for series in after if "nope" in series[1] or "DANCE" in series[0]]


async def test_series_have_a_bound(monkeypatch):
    monkeypatch.setattr(telemetry, "SERIES_MAX", 3)
    meter = Meter()
    for number in range(10):
        meter.record("GET", f"/{number}", 200, 0.1)
    taken = meter.take()
    assert len(taken) == 3
    meter.record("GET", "/new", 200, 0.1)
    meter.put_back(taken)
    assert len(meter.take()) == 3


async def test_prometheus_counts_are_cumulative(http):
    meter = Meter()
    for seconds in (0.001, 0.005, 0.3, 99):
        meter.record("GET", '/a"b\\', 200, seconds)
    lines = prometheus(meter.total()).decode().splitlines()
    name = "http_server_request_duration_seconds"
    labels = r'method="GET",route="/a\"b\\",status="200"'
    assert f'{name}_bucket{{{labels},le="0.005"}} 2' in lines
    assert f'{name}_bucket{{{labels},le="0.5"}} 3' in lines
    assert f'{name}_bucket{{{labels},le="+Inf"}} 4' in lines
    assert f"{name}_count{{{labels}}} 4" in lines
    response = await http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
