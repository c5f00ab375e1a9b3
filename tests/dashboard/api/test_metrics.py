from datetime import UTC, datetime, timedelta

from google.protobuf import json_format
from libral.metrics.v1 import metrics_pb2

from dashboard.api.metrics import (
    STALE_SECONDS,
    EndpointReport,
    Sample,
    parse_samples,
    parse_series,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_samples_without_a_time_are_left_out():
    message = metrics_pb2.StreamMetricsResponse()
    message.samples.add(metric="a", source="host", value=0.5).time.FromDatetime(NOON)
    message.samples.add(metric="b", source="host", value=1.0)
    (sample,) = parse_samples(json_format.MessageToDict(message))
    assert sample == Sample("a", 0.5, "host", NOON)


def test_a_sample_grows_stale():
    now = datetime.now(UTC)
    assert Sample("a", 1.0, "", now).fresh
    old = Sample("a", 1.0, "", now - timedelta(seconds=STALE_SECONDS + 1))
    assert not old.fresh
    assert old.age > STALE_SECONDS


def test_a_series_has_its_points_in_order():
    message = metrics_pb2.QueryMetricsResponse()
    series = message.series.add(source="host")
    for minute, value in enumerate([1.0, 0.0]):
        series.points.add(value=value).time.FromDatetime(NOON + timedelta(minutes=minute))
    (found,) = parse_series(json_format.MessageToDict(message))
    assert found.source == "host"
    assert list(found.points) == [(NOON, 1.0), (NOON + timedelta(minutes=1), 0.0)]


def test_a_report_has_routes_and_their_total():
    message = metrics_pb2.ListEndpointsResponse()
    endpoint = message.endpoints.add(method="GET", route="/v1/users", request_count=2)
    endpoint.p95.FromMilliseconds(150)
    message.total.request_count = 3
    found = EndpointReport.parse(json_format.MessageToDict(message))
    (one,) = found.endpoints
    assert (one.method, one.route, one.request_count, one.p95) == ("GET", "/v1/users", 2, 0.15)
    assert one.p50 is None
    assert found.total.request_count == 3
