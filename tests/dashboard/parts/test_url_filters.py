import pytest
from nicegui import ui

from dashboard.parts.url_filters import Filters, list_query, pager

QUERY = {"state": "A", "q": "", "page": "t"}


def test_a_request_has_the_filters_that_are_set():
    names = {"state": "state", "q": "query", "page": "pageToken"}
    assert list_query(QUERY, names) == {"pageSize": 50, "state": "A", "pageToken": "t"}


@pytest.fixture
async def filters(browser):
    """Filters at an address, and the addresses that they navigate to."""
    visited: list[str] = []

    def build(_) -> None:
        drawn = Filters("/list", QUERY)
        drawn.choice("state", "状態", {"A": "有効", "B": "停止"})
        drawn.words("q", "検索")
        drawn.moment("from", "開始日時")

    await browser.draw(build)
    browser.user.navigate.to = lambda target, new_tab=False: visited.append(target)
    return visited


async def test_a_filter_writes_the_address_of_the_first_page(browser, filters):
    (choice,) = browser.elements(ui.select)
    assert (choice.value, choice.options) == ("A", {"": "すべて", "A": "有効", "B": "停止"})
    choice.value = "B"
    words, moment = [one for one in browser.elements(ui.input) if one is not choice]
    words.value = " 花子 "
    browser.user.find("検索").trigger("keydown.enter")
    moment.value = ""
    browser.user.find("開始日時").trigger("blur")
    moment.value = "2026-01-01T00:00"
    browser.user.find("開始日時").trigger("blur")
    assert filters == [
        "/list?state=B",
        "/list?state=A&q=%E8%8A%B1%E5%AD%90",
        "/list?state=A&from=2026-01-01T00%3A00",
    ]


async def test_pages_lead_to_the_first_and_the_next(browser):
    await browser.draw(lambda _: pager("/list", QUERY, "u"))
    links = {one.text: one.props["href"] for one in browser.elements(ui.link)}
    assert links == {"最初のページ": "/list?state=A", "次のページ": "/list?state=A&page=u"}


async def test_the_only_page_has_no_links(browser):
    await browser.draw(lambda _: pager("/list", {"page": ""}, ""))
    assert browser.elements(ui.link) == []
