import pytest
from libral.events.v1 import events_pb2
from nicegui import ui

from dashboard.pages import events as events_page
from tests.fakes.gateway import Failure

STREAM = "/v1/events:stream"
PARSE = "/v1/events:parseQuery"


def event(position: int, kind: str = "a.b") -> events_pb2.Event:
    return events_pb2.Event(id=str(position), position=position, type=kind)


def listed(*positions: int, token: str = "") -> events_pb2.ListEventsResponse:
    return events_pb2.ListEventsResponse(
        events=[event(one) for one in positions], next_page_token=token
    )


@pytest.fixture(autouse=True)
def replies(gateway):
    terms = events_pb2.ParseEventQueryResponse(terms=[{"text": "kept", "pattern": "kept"}])
    gateway.replies |= {
        "/v1/events": listed(2, 1),
        "/v1/events:stats": events_pb2.EventStats(head_position=1234),
        "/v1/events/1": event(1, "user.created"),
        PARSE: terms,
    }


def keys(browser, method: str) -> list[str]:
    return [row[2] for rows in browser.shown(method) for row in rows]


async def test_the_newest_events_show_and_more_come(browser):
    await browser.open("/events?level=ERROR")
    await browser.until(lambda: browser.shown("fill"))
    assert keys(browser, "fill") == ["2", "1"]
    assert {"pageSize": "50", "minLevel": "ERROR"} in browser.gateway.asked("/v1/events")
    assert browser.gateway.asked(PARSE) == []
    await browser.sees("1,234")
    failed = event(4)
    failed.level = events_pb2.Event.ERROR
    await browser.gateway.push(STREAM, event(3))
    await browser.gateway.push(STREAM, failed)
    await browser.until(lambda: browser.shown("push"))
    assert keys(browser, "push") == ["4"]


async def test_words_are_parsed_once_and_then_found_in_what_comes(browser):
    await browser.open("/events?q=Kept")
    await browser.until(lambda: browser.shown("fill"))
    assert browser.gateway.asked(PARSE) == [{"query": "Kept"}]
    for position, kind in ((3, "left"), (4, "KEPT"), (5, "left"), (6, "ｋｅｐｔ")):
        await browser.gateway.push(STREAM, event(position, kind))
    await browser.until(lambda: len(keys(browser, "push")) == 2)
    assert sorted(keys(browser, "push")) == ["4", "6"]
    assert len(browser.gateway.asked(PARSE)) == 1


async def test_words_that_cannot_be_parsed_are_an_error_and_no_row_comes(browser, monkeypatch):
    monkeypatch.setattr(events_page, "STATS_SECONDS", 0.5)
    parsed, browser.gateway.replies[PARSE] = browser.gateway.replies[PARSE], Failure(500)
    await browser.open("/events?q=kept")
    await browser.sees("できません。")
    await browser.gateway.push(STREAM, event(3, "kept"))
    await browser.gateway.push(STREAM, event(4, "left"))
    await browser.until(lambda: browser.dashboard.connections.event_cache.head == 4)
    assert browser.scripts.calls == []
    browser.gateway.replies[PARSE] = parsed
    await browser.until(lambda: browser.shown("push"))
    assert keys(browser, "fill") == ["2", "1"]
    assert keys(browser, "push") == ["3"]
    await browser.until(lambda: "できません。" not in browser.texts())


async def test_a_pause_counts_what_waits(browser):
    await browser.open("/events")
    await browser.until(lambda: browser.shown("fill"))
    browser.press("一時停止")
    await browser.sees("待機中 0件")
    await browser.gateway.push(STREAM, event(3))
    await browser.sees("待機中 1件")
    assert keys(browser, "push") == []
    browser.press("再開")
    await browser.until(lambda: browser.shown("push"))
    assert keys(browser, "push") == ["3"]


async def test_a_past_page_does_not_grow(browser):
    await browser.open("/events?page=t&q=kept")
    await browser.until(lambda: browser.shown("fill"))
    await browser.sees("過去のイベントです。")
    assert browser.gateway.asked(PARSE) == []
    await browser.gateway.push(STREAM, event(3, "kept"))
    await browser.until(lambda: browser.dashboard.connections.event_cache.head == 3)
    assert browser.shown("push") == []
    links = {one.text: one.props["href"] for one in browser.elements(ui.link)}
    assert links["CSVダウンロード"] == "/events.csv?q=kept"
    assert links["最初のページ"] == "/events?q=kept"


async def test_a_search_that_found_nothing_yet_can_go_on(browser):
    browser.gateway.replies["/v1/events"] = listed(token="t")
    await browser.open("/events?level=ERROR")
    await browser.until(lambda: "続きを検索" in browser.texts(ui.button))
    requested = [one for one in browser.gateway.asked("/v1/events") if "minLevel" in one]
    assert [one.get("pageToken") for one in requested] == [None, "t", "t", "t", "t"]
    visited: list[str] = []
    browser.user.navigate.to = lambda target, new_tab=False: visited.append(target)
    browser.press("続きを検索")
    await browser.until(lambda: visited)
    assert visited == ["/events?level=ERROR&page=t"]


async def test_an_address_opens_an_event(browser):
    await browser.open("/events?event=1")
    await browser.sees("ユーザー作成")
    await browser.until(lambda: ("highlight", ["1"]) in browser.scripts.calls)
    browser.press("閉じる")
    await browser.until(lambda: ("highlight", [""]) in browser.scripts.calls)
    assert "ユーザー作成" not in browser.texts()
