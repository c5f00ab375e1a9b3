"""API解析: requests, errors and latencies of each route, as measured by the gateway."""

from nicegui import ui

from dashboard import formats, paths, text
from dashboard.api.metrics import Endpoint
from dashboard.context import PageContext
from dashboard.page import page
from dashboard.parts.charts import ChartLine, draw_chart
from dashboard.parts.layout import page_frame, panel
from dashboard.parts.tables import DataTable, TableRow
from dashboard.parts.url_filters import Filters
from dashboard.parts.widgets import box, plain_tile

RELOAD_SECONDS = 10.0
WINDOW = "3600s"
METHODS = {verb: verb for verb in ("GET", "POST", "PATCH", "PUT", "DELETE")}
COLUMNS = {
    "method": text.analytics.METHOD,
    "route": text.analytics.ROUTE,
    "count": text.analytics.REQUEST_COUNT,
    "rate": text.analytics.PER_MINUTE,
    "errors": text.analytics.ERROR_RATE,
    "refused": text.analytics.CLIENT_ERROR_RATE,
    "p50": text.analytics.P50,
    "p95": text.analytics.P95,
    "p99": text.analytics.P99,
    "last": text.analytics.LAST_CALL,
}
WIDE = ("rate", "refused", "p50", "p99")
NUMBERS = ("count", "rate", "errors", "refused", "p50", "p95", "p99")
REQUESTS = ChartLine(text.analytics.PER_MINUTE, "http.server.requests")
LATENCY = ChartLine(text.analytics.P95, "http.server.request.duration", 1000.0)


@page(paths.ANALYTICS)
def analytics(page: PageContext, window: str = WINDOW, method: str = "", q: str = "") -> None:
    chosen = window if window in text.analytics.WINDOWS else WINDOW
    query = {"window": chosen, "method": method, "q": q}
    with page_frame(page, paths.ANALYTICS) as problem:
        tiles = box("tiles")
        draw_endpoint_filters(query)
        with box("panels"):
            with panel(text.analytics.PER_MINUTE, note=text.common.LAST_HOUR):
                requests = draw_chart(page, [REQUESTS], text.analytics.TIMES_PER_MINUTE)
            with panel(text.analytics.LATENCY_TREND, note=text.common.LAST_HOUR):
                latency = draw_chart(page, [LATENCY], text.analytics.MILLISECONDS, "P95")
        rows = DataTable(COLUMNS, text.analytics.NO_CALLS, numbers=NUMBERS, wide=WIDE)

        async def load() -> None:
            request = {"window": chosen, "method": method, "query": q}
            given = {name: value for name, value in request.items() if value}
            report = await page.api.list_endpoints(given)
            rows.fill(endpoint_row(page, one) for one in report.endpoints)
            tiles.clear()
            with tiles:
                show_total(report.total)
            await requests()
            await latency()

        page.load(load, problem)
        ui.timer(RELOAD_SECONDS, lambda: page.load(load, problem), immediate=False)


def draw_endpoint_filters(query: dict[str, str]) -> None:
    with box("filters"):
        filters = Filters(paths.ANALYTICS, query)
        filters.choice("window", text.analytics.WINDOW, text.analytics.WINDOWS, every=False)
        filters.choice("method", text.analytics.METHOD, METHODS)
        filters.words("q", text.analytics.ROUTE)


def route_words(endpoint: Endpoint) -> str:
    return text.analytics.ROUTES.get(endpoint.route, endpoint.route)


def endpoint_row(page: PageContext, endpoint: Endpoint) -> TableRow:
    return {
        "key": f"{endpoint.method} {endpoint.route}",
        "method": endpoint.method,
        "route": route_words(endpoint),
        "count": formats.integer(endpoint.request_count),
        "rate": formats.decimal(endpoint.requests_per_minute),
        "errors": formats.percent(endpoint.server_error_rate),
        "refused": formats.percent(endpoint.client_error_rate),
        "p50": formats.milliseconds(endpoint.p50),
        "p95": formats.milliseconds(endpoint.p95),
        "p99": formats.milliseconds(endpoint.p99),
        "last": formats.date_time(endpoint.last_call_time, page.zone),
    }


def show_total(total: Endpoint) -> None:
    plain_tile(text.analytics.REQUEST_COUNT, formats.integer(total.request_count))
    plain_tile(text.analytics.PER_MINUTE, formats.decimal(total.requests_per_minute))
    plain_tile(text.analytics.ERROR_RATE, formats.percent(total.server_error_rate))
    plain_tile(text.analytics.P95, formats.milliseconds(total.p95))
