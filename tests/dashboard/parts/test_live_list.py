from dashboard.parts.live_list import LiveList

ROW = ["k", "bad", "一"]


async def test_only_new_rows_are_sent_to_the_browser(browser):
    opened: list[str] = []
    lists: list[LiveList] = []

    def build(_) -> None:
        lists.append(LiveList({"title": "種類"}, 5, badge="title", on_open=opened.append))

    await browser.draw(build)
    (shown,) = lists
    assert shown.props["columns"] == [{"name": "title", "label": "種類", "badge": True}]
    assert (shown.props["bound"], shown.props["opens"]) == (5, True)
    with browser.user.client:
        shown.fill([ROW])
        shown.push([ROW, ROW])
        shown.highlight("k")
    await browser.until(lambda: len(browser.scripts.calls) == 3)
    assert browser.scripts.calls == [
        ("fill", [[ROW]]),
        ("push", [[ROW, ROW]]),
        ("highlight", ["k"]),
    ]
    browser.user.find(LiveList).trigger("open", "k")
    assert opened == ["k"]


async def test_without_a_handler_rows_do_not_open(browser):
    await browser.draw(lambda _: LiveList({"title": "種類"}, 5))
    (shown,) = browser.elements(LiveList)
    assert not shown.props["opens"]
