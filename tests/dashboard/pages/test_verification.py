from datetime import UTC, datetime, timedelta

from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2

from dashboard.api.consumers import Consumer
from dashboard.api.verification import Publication
from dashboard.pages.verification import channel_state, channel_words, consumer_row
from deploy.local.programs import SERVICES
from tests.fakes.gateway import Failure


def published(**fields) -> Publication:
    return Publication.parse({"channel": "FILE", "enabled": True} | fields)


def test_a_channel_shows_its_publication_or_error():
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = published(position="1234", publishTime=now)
    assert channel_state(found) == "on"
    assert channel_words(found).startswith("番号1,234・")
    failed = published(error="disk full")
    assert (channel_state(failed), channel_words(failed)) == ("error", "disk full")
    assert channel_words(published()) == "未送信"
    off = published(enabled=False)
    assert (channel_state(off), channel_words(off)) == ("off", "")


def test_the_lag_of_a_stale_report_is_no_data():
    now = datetime.now(UTC)
    fresh = consumer_row(Consumer("users", 5, 1000, 2, now))
    assert (fresh["lag"], fresh["dead_letters"]) == ("1,000件以上", "2件")
    assert consumer_row(Consumer("users", 5, 3, 0, now))["lag"] == "3件"
    stale = consumer_row(Consumer("users", 5, 3, 0, now - timedelta(minutes=2)))
    assert stale["lag"] == "データなし（2分前）"
    assert consumer_row(Consumer("users", None, None, None, None))["position"] == "データなし"


def measured(value: float) -> metrics_pb2.QueryMetricsResponse:
    found = metrics_pb2.QueryMetricsResponse(
        series=[{"source": "users", "points": [{"value": value}]}]
    )
    found.series[0].points[0].time.FromDatetime(datetime.now(UTC))
    return found


async def test_checkpoint_consumers_and_outboxes_show(browser):
    checkpoint = events_pb2.Checkpoint(
        position=1234,
        hash=b"\x01" * 32,
        publications=[{"channel": events_pb2.Checkpoint.TELEGRAM}],
    )
    checkpoint.create_time.FromDatetime(datetime(2026, 1, 1, 15, tzinfo=UTC))
    consumer = events_pb2.Consumer(name="consumers/users", position=9)
    consumer.report_time.FromDatetime(datetime.now(UTC))
    browser.gateway.replies |= {
        "/v1/checkpoints:latest": checkpoint,
        "/v1/consumers": events_pb2.ListConsumersResponse(consumers=[consumer]),
        "/v1/metrics:query": measured(2.0),
    }
    await browser.open("/events/verification")
    await browser.sees("1,234")
    assert browser.fact("ハッシュ") == "010101010101…"
    assert "2026/01/02 00:00:00" in browser.fact("日時")
    assert "未設定" in browser.texts()
    await browser.until(lambda: browser.rows(0) and browser.rows(1))
    (row,) = browser.rows(0)
    assert (row["consumer"], row["position"], row["lag"]) == ("ユーザーサービス", "9", "0件")
    rows = {row["key"]: row for row in browser.rows(1)}
    assert rows.keys() == set(SERVICES)
    assert (rows["users"]["pending"], rows["users"]["lag"]) == ("2", "2.00 s")
    assert (rows["events"]["pending"], rows["events"]["measured"]) == ("データなし", "データなし")


async def test_what_is_not_known_is_no_data(browser):
    browser.gateway.replies |= dict.fromkeys(
        ("/v1/checkpoints:latest", "/v1/consumers", "/v1/metrics:query"), Failure(503)
    )
    await browser.open("/events/verification")
    await browser.until(lambda: browser.rows(1))
    assert "データなし" in browser.texts()
    assert {row["pending"] for row in browser.rows(1)} == {"データなし"}
