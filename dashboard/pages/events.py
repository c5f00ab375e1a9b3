"""イベント: the log, filtered by the address, live on its first page."""

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.events import event_row, show_event
from dashboard.parts.figures import plain_tile
from dashboard.parts.shell import House, admit, box, frame
from dashboard.parts.tables import Filters, Table, pager

PATH = "/events"
PAGE_SIZE = 50
COLUMNS = {
    "key": text.POSITION,
    "time": text.TIME,
    "level": text.LEVEL,
    "category": text.CATEGORY,
    "title": text.TYPE,
    "note": text.DETAIL,
    "source": text.SOURCE,
}


def add(house: House) -> None:
    @ui.page(PATH)
    def page(
        category: str = "", level: str = "", source: str = "", q: str = "", page: str = ""
    ) -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        query = {"category": category, "level": level, "source": source, "q": q, "page": page}
        events: dict[str, Json] = {}
        with frame(visit, PATH) as problem:
            tiles = box("tiles")
            with box("filters"):
                filters = Filters(PATH, query)
                filters.choice("category", text.CATEGORY, text.CATEGORIES)
                filters.choice("level", text.LEVEL, text.MIN_LEVELS)
                filters.choice("source", text.SOURCE, text.MODULE_NAMES)
                filters.words("q", text.SEARCH)
            rows = Table(
                COLUMNS,
                text.NO_EVENTS,
                badges=["level"],
                numbers=["key"],
                wide=["key", "source"],
                on_row=lambda row: show_event(events[row["key"]], visit.zone),
            )
            footer = box("footer")

            async def load() -> None:
                found = await visit.get("/v1/events", request(query))
                events.clear()
                events.update({event["position"]: event for event in found.get("events", [])})
                rows.fill(event_row(event, visit.zone) for event in events.values())
                footer.clear()
                with footer:
                    pager(PATH, query, found.get("nextPageToken", ""))
                stats = await visit.get("/v1/events:stats")
                tiles.clear()
                with tiles:
                    plain_tile(text.HEAD, formats.integer(stats.get("headPosition")))
                    plain_tile(text.LAST_HOUR_COUNT, formats.integer(stats.get("lastHourCount")))
                    plain_tile(text.LAST_DAY_COUNT, formats.integer(stats.get("lastDayCount")))
                    plain_tile(text.ERRORS_DAY, formats.integer(stats.get("errorDayCount")))

            visit.load(load, problem)
            shown = [visit.hub.view.head]

            def refresh() -> None:
                if not page and visit.hub.view.head != shown[0]:
                    shown[0] = visit.hub.view.head
                    visit.load(load, problem)

            visit.follow(refresh)
        return None


def request(query: dict[str, str]) -> dict[str, str | int | list[str]]:
    """Turns the address of the page into a request to the gateway."""
    asked: dict[str, str | int | list[str]] = {"pageSize": PAGE_SIZE}
    names = {"category": "categories", "level": "minLevel", "source": "source", "q": "query"}
    for field, name in names.items():
        if query[field]:
            asked[name] = query[field]
    if query["page"]:
        asked["pageToken"] = query["page"]
    return asked
