"""Helpers of the tests of the metrics service."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as otlp
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp_metrics

from services.common.telemetry import EXPORT
from services.kernel.server import Kernel, ServiceDefinition

BOUNDS = (0.01, 0.1, 1.0)


async def build_nothing(_: Kernel) -> ServiceDefinition:
    """Build a service without servicers and workers, for its database and outbox."""
    return ServiceDefinition(services=[])


async def eventually(read, accept, seconds: float = 10.0):
    """Read until the value is accepted, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        value = await read()
        if accept(value):
            return value
        assert time.monotonic() < deadline, value
        await asyncio.sleep(0.1)


def make_report(statuses: dict[str, list[int]]) -> otlp.ExportMetricsServiceRequest:
    report = otlp.ExportMetricsServiceRequest()
    resource = report.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "gateway"
    metric = resource.scope_metrics.add().metrics.add(name="http.server.request.duration", unit="s")
    metric.histogram.aggregation_temporality = otlp_metrics.AGGREGATION_TEMPORALITY_DELTA
    for status, counts in statuses.items():
        point = metric.histogram.data_points.add(
            time_unix_nano=time.time_ns(), bucket_counts=counts, explicit_bounds=BOUNDS
        )
        labels = {
            "http.request.method": "GET",
            "http.route": "/v1/users",
            "http.response.status_code": status,
        }
        for key, value in labels.items():
            point.attributes.add(key=key).value.string_value = value
    return report


def exporter(channel):
    return channel.unary_unary(
        EXPORT,
        request_serializer=otlp.ExportMetricsServiceRequest.SerializeToString,
        response_deserializer=otlp.ExportMetricsServiceResponse.FromString,
    )


class StatusPage:
    """An HTTP server at `url` whose response a test can change."""

    def __init__(self) -> None:
        self.url = ""
        self.status = "200 OK"
        self.body = json.dumps({"version": "1.2", "startTime": "2026-01-01T00:00:00Z"}).encode()
        self.seconds = 0.0
        self.requests: list[bytes] = []

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(self.seconds)
        head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\n\r\n"
        writer.write(head.encode() + self.body)
        writer.close()


@asynccontextmanager
async def serve_page():
    page = StatusPage()
    server = await asyncio.start_server(page.respond, "127.0.0.1", 0)
    page.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/healthz"
    async with server:
        yield page
