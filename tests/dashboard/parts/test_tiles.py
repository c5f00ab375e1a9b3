from datetime import UTC, datetime, timedelta

from libral.metrics.v1 import metrics_pb2
from nicegui import ui

from dashboard import formats
from dashboard.api.metrics import STALE_SECONDS, Sample
from dashboard.parts.tiles import TileDefinition, sparkline

TILE = TileDefinition("CPU", "system.cpu.utilization", formats.percent, "注")


async def test_a_tile_shows_its_metric_with_source_and_age(browser):
    reply = metrics_pb2.QueryMetricsResponse(series=[{"points": [{"value": 1}, {"value": 2}]}])
    for point in reply.series[0].points:
        point.time.FromDatetime(datetime.now(UTC))
    browser.gateway.replies["/v1/metrics:query"] = reply
    await browser.draw(TILE.draw)
    assert browser.texts() == ["CPU", "データなし", ""]
    samples = metrics_pb2.StreamMetricsResponse(
        samples=[{"metric": TILE.metric, "source": "host", "value": 0.25}]
    )
    samples.samples[0].time.FromDatetime(datetime.now(UTC))
    await browser.gateway.push("/v1/metrics:stream", samples)
    await browser.sees("25.0%")
    assert browser.texts()[2].startswith("注・このマシン・")
    (trend,) = browser.elements(ui.html)
    await browser.until(lambda: "polyline" in trend.content)


async def test_a_stale_figure_is_no_data(browser):
    old = datetime.now(UTC) - timedelta(seconds=STALE_SECONDS + 60)
    session = next(iter(browser.dashboard.sessions._known.values()))
    state = browser.dashboard.connections.connection_of(session).state
    state.add_samples([Sample(TILE.metric, 0.25, "host", old)])
    await browser.draw(TILE.draw)
    await browser.sees("1分前")
    assert browser.texts()[1] == "データなし"
    assert browser.classes_of("データなし") == ["value", "none"]


def test_a_trend_ends_at_the_right_edge():
    assert sparkline([1.0]) == ""
    assert sparkline([0.0, 1.0, 0.5]).count(",") == 3
    assert ' 300.0,37.0"' in sparkline([1.0, 0.0])
