"""Requests counted by method, route and status."""

import pytest

from gateway.telemetry import metrics as telemetry
from gateway.telemetry.metrics import RequestMeter, prometheus, series_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_counts_by_route_and_by_nothing_a_client_can_make_up(http, gateway):
    before = gateway.context.meter.total()
    await http.get("/v1/items/a")
    await http.get("/v1/items/b")
    await http.get("/nope/1")
    await http.get("/nope/2")
    await http.request("PROPFIND", "/nope/3")
    after = gateway.context.meter.total()
    added = {
        series: sum(found.counts) - (sum(before[series].counts) if series in before else 0)
        for series, found in after.items()
    }
    assert added[series_of("GET", "/v1/{name=items/*}", 200)] == 2
    assert added[series_of("GET", "unmatched", 404)] == 2
    assert added[series_of("_OTHER", "unmatched", 404)] == 1
    known = [dict(attributes) for _, attributes in after]
    assert not [each for each in known if "nope" in each["http.route"]]
    assert not [each for each in known if "PROPFIND" in each["http.request.method"]]


async def test_series_have_a_bound(monkeypatch):
    monkeypatch.setattr(telemetry, "SERIES_MAX", 3)
    meter = RequestMeter()
    for number in range(10):
        meter.record_request("GET", f"/{number}", 200, 0.1)
    taken = meter.take_histograms()
    assert len(taken) == 3
    meter.record_request("GET", "/new", 200, 0.1)
    meter.restore_histograms(taken)
    assert len(meter.take_histograms()) == 3


async def test_prometheus_counts_are_cumulative(http):
    meter = RequestMeter()
    for seconds in (0.001, 0.005, 0.3, 99):
        meter.record_request("GET", '/a"b\\', 200, seconds)
    lines = prometheus(meter.total()).decode().splitlines()
    name = "http_server_request_duration_seconds"
    labels = r'method="GET",route="/a\"b\\",status="200"'
    assert f'{name}_bucket{{{labels},le="0.005"}} 2' in lines
    assert f'{name}_bucket{{{labels},le="0.5"}} 3' in lines
    assert f'{name}_bucket{{{labels},le="+Inf"}} 4' in lines
    assert f"{name}_count{{{labels}}} 4" in lines
    response = await http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
