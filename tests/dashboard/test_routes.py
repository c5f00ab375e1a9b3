import pytest

from dashboard.api.http import GatewayError
from dashboard.routes import safe_target, sign_in_error
from dashboard.sessions import COOKIE
from tests.fakes.gateway import LOGIN, Failure, token_pair


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("/events?level=ERROR", "/events?level=ERROR"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_the_sign_in_one_stays_here(to, target):
    assert safe_target(to) == target


def test_a_sign_in_that_failed_has_its_own_text():
    assert sign_in_error(GatewayError(401, "", "")) == "credentials"
    assert sign_in_error(GatewayError(429, "", "")) == "limit"
    assert sign_in_error(GatewayError(503, "", "")) == "away"


FORM = {"login": "hanako", "password": "secret", "to": "/users"}


async def test_a_sign_in_sets_the_cookie_and_a_sign_out_ends_the_session(browser):
    client = browser.user.http_client
    client.cookies.clear()
    response = await client.post("/sign-in", data=FORM)
    assert (response.status_code, response.headers["location"]) == (303, "/users")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    session = browser.dashboard.sessions.find_session(client.cookies[COOKIE])
    response = await client.post("/sign-out")
    assert response.headers["location"] == "/sign-in"
    assert browser.dashboard.sessions.find_session(session.id) is None
    assert browser.gateway.asked("/v1/auth:logout") == [{"refreshToken": "refresh"}]


async def test_a_refused_sign_in_shows_the_reason(browser):
    client = browser.user.http_client
    response = await client.post("/sign-in", data=FORM, headers={"origin": "http://evil.example"})
    assert response.headers["location"] == "/sign-in?error=origin&to=%2F"
    browser.gateway.replies[LOGIN] = token_pair(["USER"])
    response = await client.post("/sign-in", data=FORM)
    assert response.headers["location"] == "/sign-in?error=role&to=%2Fusers"
    browser.gateway.replies[LOGIN] = Failure(401)
    response = await client.post("/sign-in", data=FORM)
    assert response.headers["location"] == "/sign-in?error=credentials&to=%2Fusers"
    assert "set-cookie" not in response.headers


async def test_health_and_headers(browser):
    response = await browser.user.http_client.get("/healthz")
    assert response.json()["status"] == "SERVING"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
