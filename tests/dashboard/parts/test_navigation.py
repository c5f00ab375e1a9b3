from libral.events.v1 import events_pb2
from nicegui import ui

from dashboard.parts import navigation


def consumers(*counts: int) -> events_pb2.ListConsumersResponse:
    found = [{"name": f"consumers/{n}", "dead_letter_count": n} for n in counts]
    return events_pb2.ListConsumersResponse(consumers=found)


async def test_a_tab_of_events_belongs_to_their_page(browser):
    def build(page) -> None:
        navigation.draw_side(page, "/events/unhandled")
        navigation.draw_tabs("/events/unhandled")
        assert navigation.draw_tabs("/users") == []

    await browser.draw(build)
    here = [one.text for one in browser.elements(ui.link) if one.props.get("aria-current")]
    assert here == ["イベント", "未処理"]
    assert "花子（管理者）" in browser.texts()
    assert navigation.page_name("/events/unhandled") == "未処理"
    assert navigation.section_of("/events/unhandled") == "/events"


async def test_the_count_of_unhandled_events_follows_them(browser):
    browser.gateway.replies["/v1/events"] = events_pb2.ListEventsResponse()
    browser.gateway.replies["/v1/consumers"] = consumers(0)
    await browser.draw(
        lambda page: navigation.count_dead_letters(page, navigation.draw_side(page, "/"))
    )
    await browser.until(lambda: browser.gateway.asked("/v1/consumers"))
    assert "0" not in browser.texts()
    browser.gateway.replies["/v1/consumers"] = consumers(2, 3)
    event = events_pb2.Event(id="e", position=1, type="reaction.buried")
    await browser.gateway.push("/v1/events:stream", event)
    await browser.sees("5")


async def test_the_connection_is_lost_until_all_streams_are_open(browser):
    browser.gateway.replies["/v1/events"] = events_pb2.ListEventsResponse()

    def build(page) -> None:
        navigation.show_connection(page)
        page.follow_events(lambda _: None)

    await browser.draw(build)
    assert browser.texts() == ["再接続中…"]
    await browser.sees("接続中")
    await browser.until(lambda: browser.texts() == ["接続中"])
    assert browser.classes_of("接続中") == ["live"]
