from nicegui import app
from starlette.routing import Route

from dashboard import paths
from dashboard.pages.overview import TILES
from dashboard.pages.registry import METRICS, PAGES
from dashboard.sessions import COOKIE


async def test_every_page_but_the_sign_in_needs_a_session(browser):
    client = browser.user.http_client
    client.cookies.delete(COOKIE)
    served = {
        route.path for route in app.routes if isinstance(route, Route) and "GET" in route.methods
    }
    pages = {page.path for page in PAGES} | {paths.EXPORT}
    assert pages <= served
    assert len(pages) == 10
    for path in pages:
        response = await client.get(path)
        assert response.status_code == 303
        assert response.headers["location"].startswith(paths.SIGN_IN)


def test_the_metrics_are_those_of_the_tiles():
    assert list(METRICS) == [tile.metric for tile in TILES]
