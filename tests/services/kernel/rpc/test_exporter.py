"""Reports arrive as they were serialized, or ExportError is raised."""

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as otlp
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as otlp_grpc

from services.common.telemetry import ExportError
from services.kernel.rpc.exporter import exporter


class Receiver(otlp_grpc.MetricsServiceServicer):
    def __init__(self) -> None:
        self.taken: list[otlp.ExportMetricsServiceRequest] = []

    async def Export(self, request, context):
        self.taken.append(request)
        return otlp.ExportMetricsServiceResponse()


async def test_a_report_arrives():
    receiver, server = Receiver(), grpc.aio.server()
    otlp_grpc.add_MetricsServiceServicer_to_server(receiver, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    report = otlp.ExportMetricsServiceRequest()
    report.resource_metrics.add(schema_url="test")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await exporter(channel)(report.SerializeToString())
    await server.stop(0)
    assert receiver.taken == [report]


async def test_a_receiver_that_is_away():
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        with pytest.raises(ExportError, match="UNAVAILABLE"):
            await exporter(channel)(b"")
