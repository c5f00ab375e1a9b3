from libral.metrics.v1 import metrics_pb2
from libral.telegram.v1 import telegram_pb2
from nicegui import ui

from tests.fakes.gateway import Failure


async def test_servers_and_charts_show(browser):
    browser.gateway.replies |= {
        "/v1/infrastructure": metrics_pb2.Infrastructure(host={"hostname": "libral-1"}),
        "/v1/telegram/bot": telegram_pb2.Bot(state=telegram_pb2.Bot.UNCONFIGURED),
        "/v1/metrics:query": metrics_pb2.QueryMetricsResponse(series=[{"source": "host"}]),
    }
    await browser.open("/infrastructure")
    await browser.sees("libral-1")
    assert "未設定" in browser.texts()
    usage, network = browser.elements(ui.echart)
    await browser.until(lambda: usage.options["series"] and network.options["series"])
    assert [one["name"] for one in network.options["series"]] == ["受信", "送信"]


async def test_what_is_not_known_is_no_data(browser):
    browser.gateway.replies |= dict.fromkeys(
        ("/v1/infrastructure", "/v1/telegram/bot", "/v1/metrics:query"), Failure(503)
    )
    await browser.open("/infrastructure")
    await browser.sees("できません。")
    await browser.sees("ホスト名")
    assert browser.fact("ホスト名") == browser.fact("ボット名").replace("—", "データなし")
    assert browser.texts().count("データなし") > 20
