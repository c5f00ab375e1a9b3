from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.metrics.domain.endpoints import (
    REQUEST_DURATION,
    EndpointUsage,
    SeriesUsage,
    busiest_routes,
    check_window,
    matches_route,
    summarize_usage,
)
from services.metrics.domain.series import SeriesKey, StoredSeries

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = (0.1, 1.0)


def stored(number: int, method: str, route: str, status: str) -> StoredSeries:
    labels = (
        ("http.request.method", method),
        ("http.response.status_code", status),
        ("http.route", route),
    )
    return StoredSeries(number, SeriesKey(REQUEST_DURATION, "gateway", labels, "s"), BOUNDS)


def test_statuses_of_a_route_are_added_up():
    series = [
        stored(1, "GET", "/v1/users", "200"),
        stored(2, "GET", "/v1/users", "404"),
        stored(3, "POST", "/v1/users", "500"),
        stored(4, "GET", "/v1/never", "200"),
    ]
    earlier = NOW - timedelta(seconds=5)
    usage = SeriesUsage(
        counts={1: [6, 0, 0], 2: [0, 2, 0], 3: [0, 0, 1]},
        last_minute={1: 3, 3: 1},
        last_times={1: earlier, 2: NOW, 3: earlier},
    )
    report = summarize_usage(series, usage, NOW)
    first, second = report.endpoints
    assert (first.method, first.route, first.count, first.last_minute) == (
        "GET",
        "/v1/users",
        8,
        3,
    )
    assert (first.client_error_rate, first.server_error_rate) == (0.25, 0.0)
    assert first.last_time == NOW
    assert (second.method, second.server_error_rate) == ("POST", 1.0)
    assert (report.total.count, report.total.last_minute) == (9, 4)
    assert first.latency(0.5) <= BOUNDS[0] < report.total.latency(0.99)
    assert report.report_time == NOW


def test_a_route_without_calls_has_no_rates():
    unused = EndpointUsage()
    assert (unused.client_error_rate, unused.server_error_rate) == (0.0, 0.0)
    assert unused.latency(0.5) is None


def test_the_most_called_routes_come_first():
    few, many = EndpointUsage(route="/few", counts=[1]), EndpointUsage(route="/many", counts=[2])
    also = EndpointUsage(route="/also", counts=[1])
    assert busiest_routes([few, many, also]) == [many, also, few]


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [("", "", True), ("get", "", True), ("POST", "", False), ("", "USER", True), ("", "x", False)],
)
def test_routes_match_by_method_and_text(method, query, expected):
    assert matches_route(stored(1, "GET", "/v1/users", "200"), method, query) is expected


@pytest.mark.parametrize("window", [timedelta(seconds=59), timedelta(days=7, seconds=1)])
def test_a_window_is_bounded(window):
    check_window(timedelta(minutes=1))
    check_window(timedelta(days=7))
    with pytest.raises(InvalidArgumentError) as failure:
        check_window(window)
    assert [one.field for one in failure.value.violations] == ["window"]
