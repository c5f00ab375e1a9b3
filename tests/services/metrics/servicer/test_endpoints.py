from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.metrics.domain.endpoints import EndpointUsage
from services.metrics.servicer.endpoints import endpoint_message
from tests.services.metrics.helpers import exporter, make_report


async def test_gateway_reports_become_endpoints(channel, metrics):
    await exporter(channel)(make_report({"200": [90, 5, 0, 0], "503": [0, 0, 5, 0]}))
    stub = contract.ApiAnalyticsServiceStub(channel)
    response = await stub.ListEndpoints(metrics_pb2.ListEndpointsRequest())
    [endpoint] = response.endpoints
    assert (endpoint.method, endpoint.route) == ("GET", "/v1/users")
    assert endpoint.request_count == 100
    assert endpoint.server_error_rate == 0.05
    assert endpoint.p50.ToTimedelta().total_seconds() < 0.01
    assert 0.1 <= endpoint.p99.ToTimedelta().total_seconds() <= 1.0
    assert response.total.request_count == 100
    assert response.report_time.seconds
    query = metrics_pb2.QueryMetricsRequest(
        metric="http.server.request.duration", aggregation="SUM", merge=True
    )
    response = await metrics.QueryMetrics(query)
    assert [point.value for one in response.series for point in one.points] == [100.0]


def test_a_route_without_calls_has_no_percentiles():
    message = endpoint_message(EndpointUsage("GET", "/v1/users"))
    assert (message.method, message.route, message.request_count) == ("GET", "/v1/users", 0)
    assert not message.HasField("p50")
    assert not message.HasField("last_call_time")
