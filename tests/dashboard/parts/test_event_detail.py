from nicegui import ui

from dashboard.api.events import Event
from dashboard.parts.event_detail import draw_event

LONG = "長" * 1000
AUDIT = {
    "id": "e-1",
    "position": "1234",
    "type": "audit.call",
    "category": "AUDIT",
    "level": "INFO",
    "source": "metrics",
    "subject": "modules/users",
    "time": "2026-01-01T15:00:00Z",
    "data": {"method": "/x/StopModule", "code": 7.0, "reason": "", "long": LONG},
}


async def test_all_fields_of_an_event_are_shown(browser):
    await browser.draw(lambda page: draw_event(page, Event.parse(AUDIT)))
    facts = {
        "番号": "1234",
        "日時": "2026/01/02 00:00:00",
        "記録日時": "—",
        "種類": "操作の記録（audit.call）",
        "分類": "監査",
        "発生元": "メトリクスサービス",
        "操作者": "—",
        "結果コード": "7",
    }
    assert {name: browser.fact(name) for name in facts} == facts
    assert "理由" not in browser.texts()
    (link,) = browser.elements(ui.link)
    assert link.props["href"] == "/modules?module=users"


async def test_long_data_is_cut_until_all_of_it_is_wanted(browser):
    await browser.draw(lambda page: draw_event(page, Event.parse(AUDIT)))
    assert LONG not in browser.texts()[-1]
    assert "…（残り700文字）" in browser.texts()[-1]
    browser.press("すべて表示")
    assert LONG in browser.texts()[-1]
    assert "すべて表示" not in browser.texts(ui.button)
