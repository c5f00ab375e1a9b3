from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from libral.metrics.v1 import metrics_pb2
from nicegui import ui

from dashboard.api.metrics import Series
from dashboard.parts.charts import ChartLine, chart_points, draw_chart

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_points_are_on_the_wall_clock_in_the_unit_of_the_chart():
    found = [Series("host", [(NOON, 0.12345)]), Series("other", [(NOON, 1.0)])]
    points = chart_points(found, 100, ZoneInfo("Asia/Tokyo"))
    assert points == [["2026-01-01 21:00:00", 12.345]]
    assert chart_points([], 100, ZoneInfo("UTC")) == []


async def test_each_line_is_loaded_with_its_aggregation(browser):
    reply = metrics_pb2.QueryMetricsResponse(series=[{"points": [{"value": 2.0}]}])
    reply.series[0].points[0].time.FromDatetime(NOON)
    browser.gateway.replies["/v1/metrics:query"] = reply
    lines = [ChartLine("受信", "network.in"), ChartLine("送信", "network.out", 10)]
    await browser.draw(lambda page: page.load(draw_chart(page, lines, "ms", "P95")))
    (drawn,) = browser.elements(ui.echart)
    await browser.until(lambda: drawn.options["series"])
    names = [(one["name"], one["data"][0][1]) for one in drawn.options["series"]]
    assert names == [("受信", 2.0), ("送信", 20.0)]
    assert drawn.options["yAxis"]["name"] == "ms"
    requested = browser.gateway.asked("/v1/metrics:query")
    assert [one["metric"] for one in requested] == ["network.in", "network.out"]
    assert {one["aggregation"] for one in requested} == {"P95"}
