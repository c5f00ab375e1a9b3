import asyncio

from libral.events.v1 import events_pb2
from nicegui import ui

from dashboard.api.http import GatewayError
from dashboard.sessions import SignedOutError


async def test_what_a_page_loads_ends_with_it(browser):
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    await browser.draw(lambda page: page.load(work))
    await asyncio.sleep(0.05)
    browser.user.client.delete()
    await asyncio.wait_for(ended.wait(), 5)


async def test_an_error_shows_and_goes_with_the_next_success(browser):
    failing = True

    async def work() -> None:
        if failing:
            raise GatewayError(500, "X", "だめです。")

    def build(page) -> None:
        problem = ui.label()
        problem.visible = False
        page.load(work, problem)
        ui.button("もう一度", on_click=lambda: page.load(work, problem))

    await browser.draw(build)
    await browser.sees("だめです。")
    failing = False
    browser.press("もう一度")
    await browser.until(lambda: browser.texts() == [], "no text")


async def test_a_session_that_ended_leads_to_the_sign_in(browser):
    async def work() -> None:
        raise SignedOutError

    await browser.draw(lambda page: page.load(work))
    await browser.sees("サインインの有効期限が切れました。")


async def test_live_state_that_ended_leads_to_the_sign_in(browser):
    await browser.draw(lambda page: page.follow(lambda: None))
    browser.dashboard.connections._known.popitem()[1].state.ended = True
    await browser.sees("サインインの有効期限が切れました。")


async def test_events_that_match_act_once(browser):
    browser.gateway.replies["/v1/events"] = events_pb2.ListEventsResponse()
    acts: list[int] = []
    await browser.draw(
        lambda page: page.on_events(lambda event: event.type == "a.b", lambda: acts.append(1))
    )
    for position, kind in enumerate(["a.b", "c.d", "a.b"], 1):
        event = events_pb2.Event(id=str(position), position=position, type=kind)
        await browser.gateway.push("/v1/events:stream", event)
    await browser.until(lambda: acts)
    await asyncio.sleep(1.2)
    assert acts == [1]
