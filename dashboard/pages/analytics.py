"""API解析: what the gateway measured of each route."""

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.charts import chart
from dashboard.parts.figures import plain_tile
from dashboard.parts.shell import House, Visit, admit, box, frame, panel
from dashboard.parts.tables import Filters, Row, Table

PATH = "/analytics"
RELOAD_SECONDS = 10.0
METHODS = {verb: verb for verb in ("GET", "POST", "PATCH", "PUT", "DELETE")}
COLUMNS = {
    "method": text.METHOD,
    "route": text.ROUTE,
    "count": text.REQUEST_COUNT,
    "rate": text.PER_MINUTE,
    "errors": text.ERROR_RATE,
    "refused": text.CLIENT_ERROR_RATE,
    "p50": text.P50,
    "p95": text.P95,
    "p99": text.P99,
    "last": text.LAST_CALL,
}
WIDE = ("rate", "refused", "p50", "p99")
NUMBERS = ("count", "rate", "errors", "refused", "p50", "p95", "p99")


def add(house: House) -> None:
    @ui.page(PATH)
    def page(window: str = "3600s", method: str = "", q: str = "") -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        chosen = window if window in text.WINDOWS else "3600s"
        query = {"window": chosen, "method": method, "q": q}
        with frame(visit, PATH) as problem:
            tiles = box("tiles")
            with box("filters"):
                filters = Filters(PATH, query)
                filters.choice("window", text.WINDOW, text.WINDOWS, every=False)
                filters.choice("method", text.METHOD, METHODS)
                filters.words("q", text.ROUTE)
            with box("panels"):
                with panel(text.REQUEST_TREND, count=text.LAST_HOUR):
                    lines = [(text.PER_MINUTE, "http.server.requests", 1.0)]
                    requests = chart(visit, lines, text.TIMES_PER_MINUTE)
                with panel(text.LATENCY_TREND, count=text.LAST_HOUR):
                    lines = [(text.P95, "http.server.request.duration", 1000.0)]
                    latency = chart(visit, lines, "ms", "P95")
            rows = Table(COLUMNS, text.NO_CALLS, numbers=NUMBERS, wide=WIDE)

            async def load() -> None:
                asked = {"window": chosen, "method": method, "query": q}
                given = {name: value for name, value in asked.items() if value}
                found = await visit.get("/v1/endpoints", given)
                rows.fill(endpoint_row(visit, one) for one in found.get("endpoints", []))
                tiles.clear()
                with tiles:
                    show_total(found.get("total", {}))
                await requests()
                await latency()

            visit.load(load, problem)
            ui.timer(RELOAD_SECONDS, lambda: visit.load(load, problem))
        return None


def endpoint_row(visit: Visit, endpoint: Json) -> Row:
    def latency(field: str) -> str:
        return formats.milliseconds(formats.parse_seconds(endpoint.get(field)))

    route = str(endpoint.get("route", ""))
    return {
        "key": f"{endpoint.get('method', '')} {route}",
        "method": endpoint.get("method", ""),
        "route": text.ROUTES.get(route, route),
        "count": formats.integer(endpoint.get("requestCount", 0)),
        "rate": formats.decimal(float(endpoint.get("requestsPerMinute", 0))),
        "errors": formats.percent(float(endpoint.get("serverErrorRate", 0))),
        "refused": formats.percent(float(endpoint.get("clientErrorRate", 0))),
        "p50": latency("p50"),
        "p95": latency("p95"),
        "p99": latency("p99"),
        "last": formats.date_time(formats.parse_time(endpoint.get("lastCallTime")), visit.zone),
    }


def show_total(total: Json) -> None:
    plain_tile(text.REQUEST_COUNT, formats.integer(total.get("requestCount", 0)))
    plain_tile(text.PER_MINUTE, formats.decimal(float(total.get("requestsPerMinute", 0))))
    plain_tile(text.ERROR_RATE, formats.percent(float(total.get("serverErrorRate", 0))))
    p95 = formats.milliseconds(formats.parse_seconds(total.get("p95")))
    plain_tile(text.P95, p95)
