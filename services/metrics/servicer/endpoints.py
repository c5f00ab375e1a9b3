"""ApiAnalyticsService: contract ↔ service."""

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.messages import duration, read_duration, timestamp
from services.kernel.rpc.pipeline import Context
from services.metrics.domain.endpoints import WINDOW_DEFAULT, EndpointUsage
from services.metrics.service.endpoints import EndpointAnalytics


class ApiAnalyticsServicer(metrics_pb2_grpc.ApiAnalyticsServiceServicer):
    """Serves the usage of the gateway's routes."""

    def __init__(self, analytics: EndpointAnalytics) -> None:
        self._analytics = analytics

    async def ListEndpoints(
        self, request: metrics_pb2.ListEndpointsRequest, context: Context
    ) -> metrics_pb2.ListEndpointsResponse:
        window = read_duration(request, "window") or WINDOW_DEFAULT
        report = await self._analytics.report_usage(window, request.method, request.query)
        return metrics_pb2.ListEndpointsResponse(
            endpoints=map(endpoint_message, report.endpoints),
            total=endpoint_message(report.total),
            report_time=timestamp(report.report_time),
        )


def endpoint_message(usage: EndpointUsage) -> metrics_pb2.Endpoint:
    return metrics_pb2.Endpoint(
        method=usage.method,
        route=usage.route,
        request_count=usage.count,
        requests_per_minute=usage.last_minute,
        server_error_rate=usage.server_error_rate,
        client_error_rate=usage.client_error_rate,
        p50=duration(usage.latency(0.5)),
        p95=duration(usage.latency(0.95)),
        p99=duration(usage.latency(0.99)),
        last_call_time=timestamp(usage.last_time),
    )
