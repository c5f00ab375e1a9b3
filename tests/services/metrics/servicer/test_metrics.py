import asyncio

from google.protobuf.duration_pb2 import Duration
from libral.metrics.v1 import metrics_pb2
from libral.metrics.v1 import metrics_pb2_grpc as contract

from tests.services.helpers import refused
from tests.services.metrics.helpers import eventually


async def test_collected_series_are_queried_and_streamed(metrics):
    request = metrics_pb2.QueryMetricsRequest(metric="system.memory.utilization")
    response = await eventually(
        lambda: metrics.QueryMetrics(request), lambda response: len(response.series) == 1
    )
    assert response.series[0].source == "host"
    assert 0 < response.series[0].points[-1].value < 1
    stream = metrics.StreamMetrics(metrics_pb2.StreamMetricsRequest(metrics=["system.load.1m"]))
    message = await asyncio.wait_for(stream.read(), 5)
    assert [one.metric for one in message.samples] == ["system.load.1m"]
    stream.cancel()


async def test_bad_queries_are_named(metrics, channel):
    with refused("INVALID_ARGUMENT", fields=["metric"]):
        await metrics.QueryMetrics(metrics_pb2.QueryMetricsRequest())
    with refused("INVALID_ARGUMENT", fields=["window"]):
        await contract.ApiAnalyticsServiceStub(channel).ListEndpoints(
            metrics_pb2.ListEndpointsRequest(window=Duration(seconds=1))
        )


async def test_a_query_without_series_has_none(metrics):
    for merge in (False, True):
        request = metrics_pb2.QueryMetricsRequest(metric="no.such.metric", merge=merge)
        response = await metrics.QueryMetrics(request)
        assert list(response.series) == []
        assert response.step.seconds == 60
