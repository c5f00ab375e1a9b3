from nicegui import ui

from dashboard.page import page
from dashboard.sessions import COOKIE


@page("/greeting")
def greeting(context, name: str = "", times: int = 1) -> None:
    ui.label(f"{context.session.display_name}: {name} {times + 1}")


async def test_a_page_gets_its_context_and_its_query(browser):
    greeting.add_to(browser.dashboard)
    await browser.open("/greeting?name=太郎&times=2")
    assert browser.texts() == ["花子: 太郎 3"]


async def test_without_a_session_a_page_leads_to_the_sign_in_and_back(browser):
    greeting.add_to(browser.dashboard)
    client = browser.user.http_client
    for cookie in (None, "wrong"):
        client.cookies.clear()
        if cookie:
            client.cookies.set(COOKIE, cookie)
        response = await client.get("/greeting?name=a%26b")
        assert response.status_code == 303
        assert response.headers["location"] == "/sign-in?to=%2Fgreeting%3Fname%3Da%2526b"
