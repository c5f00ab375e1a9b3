"""ApiAnalyticsService."""

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.metrics.domain.endpoints import WINDOW_DEFAULT, EndpointUsage
from services.metrics.service.endpoints import EndpointAnalytics
from services.metrics.servicer.messages import Context, read_span, span, stamp


class ApiAnalyticsServicer(metrics_pb2_grpc.ApiAnalyticsServiceServicer):
    """Serve the usage of the gateway's routes."""

    def __init__(self, analytics: EndpointAnalytics) -> None:
        self._analytics = analytics

    async def ListEndpoints(
        self, request: metrics_pb2.ListEndpointsRequest, context: Context
    ) -> metrics_pb2.ListEndpointsResponse:
        window = read_span(request, "window") or WINDOW_DEFAULT
        report = await self._analytics.report(window, request.method, request.query)
        return metrics_pb2.ListEndpointsResponse(
            endpoints=map(endpoint_message, report.endpoints),
            total=endpoint_message(report.total),
            report_time=stamp(report.report_time),
        )


def endpoint_message(usage: EndpointUsage) -> metrics_pb2.Endpoint:
    return metrics_pb2.Endpoint(
        method=usage.method,
        route=usage.route,
        request_count=usage.count,
        requests_per_minute=usage.last_minute,
        server_error_rate=usage.server_error_rate,
        client_error_rate=usage.client_error_rate,
        p50=span(usage.latency(0.5)),
        p95=span(usage.latency(0.95)),
        p99=span(usage.latency(0.99)),
        last_call_time=stamp(usage.last_time),
    )
