import pytest
from nicegui import ui

from dashboard import text


@pytest.mark.parametrize("error", text.sign_in.ERRORS)
async def test_the_form_shows_the_error(browser, error):
    await browser.open(f"/sign-in?error={error}&to=/users")
    assert text.sign_in.ERRORS[error] in browser.texts()


async def test_the_form_keeps_where_to_go(browser):
    browser.user.http_client.cookies.clear()
    await browser.open("/users?q=a")
    assert browser.texts(ui.button) == ["サインイン"]
    values = [
        one.props["value"] for one in browser.elements(ui.element) if one.props.get("name") == "to"
    ]
    assert values == ["/users?q=a"]
    await browser.open('/sign-in?error=nothing&to="><b>')
    assert browser.texts() == ["Libral Core", "運用ダッシュボード"]
