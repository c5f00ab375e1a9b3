from nicegui import ui

from dashboard.parts.drawer import Drawer


async def test_it_shows_one_thing_at_a_time_until_it_is_closed(browser):
    closed: list[bool] = []
    drawers: list[Drawer] = []
    await browser.draw(lambda _: drawers.append(Drawer(lambda: closed.append(True))))
    assert browser.texts(ui.button) == []
    (drawer,) = drawers
    with browser.user.client:
        drawer.show("一", lambda: ui.label("中身"))
    assert browser.texts() == ["一", "中身"]
    with browser.user.client:
        drawer.show("二", lambda: None)
    assert browser.texts() == ["二"]
    browser.press("閉じる")
    await browser.until(lambda: browser.texts() == [])
    assert closed == [True]
