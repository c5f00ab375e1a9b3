from datetime import UTC, datetime

from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2
from libral.payments.v1 import payments_pb2
from libral.telegram.v1 import telegram_pb2
from nicegui import ui

from dashboard.pages.overview import TILES
from dashboard.pages.registry import METRICS
from tests.fakes.gateway import Failure

STREAM = "/v1/events:stream"


def event(position: int) -> events_pb2.Event:
    return events_pb2.Event(id=str(position), position=position, type=f"probe.{position}")


async def test_the_whole_mesh_shows_live(browser):
    browser.gateway.replies |= {
        "/v1/infrastructure": metrics_pb2.Infrastructure(database={"version": "18.6"}),
        "/v1/telegram/bot": telegram_pb2.Bot(username="shop"),
        "/v1/endpoints": metrics_pb2.ListEndpointsResponse(
            endpoints=[{"method": "GET", "route": "/v1/users", "request_count": 5}]
        ),
        "/v1/payments": payments_pb2.ListPaymentsResponse(
            payments=[{"amount": {"currency_code": "XTR", "units": 7}}]
        ),
        "/v1/events": events_pb2.ListEventsResponse(events=[event(2), event(1)]),
    }
    await browser.open("/")
    await browser.sees("7 ⭐")
    texts = browser.texts()
    assert {"18.6", "@shop", "/v1/users", "不明"} <= set(texts)
    assert browser.gateway.asked("/v1/payments") == [{"pageSize": "6"}]
    await browser.until(lambda: browser.shown("fill"))
    assert [row[3] for row in browser.shown("fill")[0]] == ["probe.2", "probe.1"]
    await browser.gateway.push(STREAM, event(3))
    await browser.until(lambda: browser.shown("push"))
    assert [row[3] for row in browser.shown("push")[0]] == ["probe.3"]
    module = {"name": "modules/users", "state": metrics_pb2.Module.STOPPED}
    await browser.gateway.push(
        "/v1/modules:stream", metrics_pb2.ListModulesResponse(modules=[module])
    )
    await browser.sees("ユーザーサービス")
    assert browser.fact("ユーザーサービス") == "停止"


async def test_each_tile_follows_the_metric_that_it_declares(browser):
    assert [tile.metric for tile in TILES] == list(METRICS)
    await browser.open("/")
    samples = metrics_pb2.StreamMetricsResponse(
        samples=[{"metric": tile.metric, "value": 0.5 + n} for n, tile in enumerate(TILES)]
    )
    for sample in samples.samples:
        sample.time.FromDatetime(datetime.now(UTC))
    await browser.gateway.push("/v1/metrics:stream", samples)
    shown = [tile.show(0.5 + n) for n, tile in enumerate(TILES)]
    await browser.sees(shown[0])
    assert [browser.fact(tile.name) for tile in TILES] == shown


async def test_what_is_not_known_is_no_data(browser):
    browser.gateway.replies |= dict.fromkeys(
        ("/v1/infrastructure", "/v1/telegram/bot", "/v1/endpoints", "/v1/payments"), Failure(503)
    )
    await browser.open("/")
    await browser.sees("最近の決済")
    assert browser.fact("最近の決済") == "データなし"
    assert "決済はまだありません。" not in browser.texts()
    browser.gateway.replies |= {
        "/v1/endpoints": metrics_pb2.ListEndpointsResponse(),
        "/v1/payments": payments_pb2.ListPaymentsResponse(),
    }
    await browser.open("/")
    await browser.sees("決済はまだありません。")
    assert "この期間のリクエストはありません。" in browser.texts()
    assert ("すべて表示", "/payments") in [
        (one.text, one.props["href"]) for one in browser.elements(ui.link)
    ]
