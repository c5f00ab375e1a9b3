"""Reports over OTLP."""

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from gateway.telemetry.metrics import RequestMeter, series_of
from gateway.telemetry.otlp import make_reporter
from gateway.upstream.pool import make_upstream
from services.common.telemetry import BOUNDS

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Receiver:
    """An OTLP receiver that can be made to fail."""

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
    receiver, meter = Receiver(), RequestMeter()
    upstream = make_upstream("metrics", await receiver.start())
    reporter = make_reporter(meter, upstream)
    series = ("GET", "/v1/x", 200)
    meter.record_request(*series, 0.25)
    await reporter.send_report()
    meter.record_request(*series, 0.5)
    receiver.fails = True
    await reporter.send_report()
    meter.record_request(*series, 1.0)
    receiver.fails = False
    await reporter.send_report()
    await reporter.send_report()
    found = [points_of(report) for report in receiver.reports]
    assert found == [{series: (1, 0.25)}, {series: (2, 1.5)}, {}]
    assert sum(meter.total()[series_of(*series)].counts) == 3
    await upstream.close()
    await receiver.server.stop(None)


async def test_reports_what_the_process_uses():
    receiver = Receiver()
    upstream = make_upstream("metrics", await receiver.start())
    await make_reporter(RequestMeter(), upstream).send_report()
    resource = receiver.reports[0].resource_metrics[0]
    names = {a.key for a in resource.resource.attributes}
    assert names == {"service.name", "service.version", "process.pid"}
    gauges = {m.name: m.gauge.data_points[0].as_double for m in resource.scope_metrics[0].metrics}
    assert gauges["process.memory.usage"] > 1_000_000
    assert 0 <= gauges["process.cpu.utilization"] < 8
    await upstream.close()
    await receiver.server.stop(None)
