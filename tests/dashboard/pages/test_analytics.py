from libral.metrics.v1 import metrics_pb2
from nicegui import ui

from tests.fakes.gateway import Failure


async def test_routes_and_their_total_are_listed(browser):
    report = metrics_pb2.ListEndpointsResponse(
        endpoints=[
            {"method": "GET", "route": "unmatched", "request_count": 1200, "client_error_rate": 0.5}
        ],
        total={"request_count": 3456},
    )
    report.endpoints[0].p95.FromMilliseconds(150)
    browser.gateway.replies |= {
        "/v1/endpoints": report,
        "/v1/metrics:query": metrics_pb2.QueryMetricsResponse(),
    }
    await browser.open("/analytics?window=900s&method=GET&q=users")
    await browser.sees("3,456")
    (row,) = browser.rows()
    assert (row["route"], row["count"], row["refused"]) == ("該当なし", "1,200", "50.0%")
    assert (row["p95"], row["p50"], row["last"]) == ("150 ms", "データなし", "—")
    assert browser.gateway.asked("/v1/endpoints") == [
        {"window": "900s", "method": "GET", "query": "users"}
    ]
    await browser.until(lambda: len(browser.gateway.asked("/v1/metrics:query")) == 2)


async def test_a_window_that_is_not_offered_is_the_last_hour(browser):
    browser.gateway.replies["/v1/endpoints"] = Failure(503)
    await browser.open("/analytics?window=1s")
    await browser.sees("できません。")
    assert browser.gateway.asked("/v1/endpoints") == [{"window": "3600s"}]
    window = browser.elements(ui.select)[0]
    assert window.value == "3600s"
