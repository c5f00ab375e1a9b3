from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.metrics.domain.endpoints import REQUEST_DURATION
from services.metrics.domain.series import Distribution, MeasurementReport, SeriesKey
from services.metrics.service.endpoints import EndpointAnalytics
from services.metrics.service.latest import LatestValues
from services.metrics.service.recorder import Recorder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def requests(method: str, status: str, count: int, ago: timedelta) -> Distribution:
    labels = (
        ("http.request.method", method),
        ("http.response.status_code", status),
        ("http.route", "/v1/users"),
    )
    key = SeriesKey(REQUEST_DURATION, "gateway", labels, "s")
    return Distribution(key, NOW - ago, (0.1, 1.0), (count, 0, 0), 0.0)


@pytest.fixture
async def analytics(store, clock) -> EndpointAnalytics:
    latest = LatestValues(clock)
    reports = [
        requests("GET", "200", 3, timedelta(seconds=30)),
        requests("GET", "200", 4, timedelta(minutes=10)),
        requests("GET", "500", 1, timedelta(minutes=20)),
        requests("POST", "200", 2, timedelta(minutes=30)),
        requests("GET", "200", 100, timedelta(hours=2)),
    ]
    await Recorder(store.database, latest).record_report(MeasurementReport(distributions=reports))
    return EndpointAnalytics(store.database, store.clock, latest)


async def test_routes_are_reported_by_window(analytics):
    report = await analytics.report_usage(HOUR, "", "")
    assert [(one.method, one.count) for one in report.endpoints] == [("GET", 8), ("POST", 2)]
    first = report.endpoints[0]
    assert (first.last_minute, first.server_error_rate) == (3, 0.125)
    assert first.last_time == NOW - timedelta(seconds=30)
    assert (report.total.count, report.report_time) == (10, NOW)
    assert (await analytics.report_usage(timedelta(hours=3), "", "")).total.count == 110


async def test_routes_are_filtered(analytics):
    assert [one.method for one in (await analytics.report_usage(HOUR, "post", "")).endpoints] == [
        "POST"
    ]
    assert (await analytics.report_usage(HOUR, "", "payments")).endpoints == []


async def test_a_window_is_bounded(analytics):
    with pytest.raises(InvalidArgumentError):
        await analytics.report_usage(timedelta(seconds=1), "", "")
