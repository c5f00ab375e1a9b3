"""イベント: the log, filtered by the address, live on its first page."""

from urllib.parse import quote

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.pages import export
from dashboard.parts.drawer import Drawer, draw_event
from dashboard.parts.events import COLUMNS, event_title
from dashboard.parts.feed import Feed
from dashboard.parts.figures import plain_tile
from dashboard.parts.live import ROWS_MAX, Live
from dashboard.parts.search import Search
from dashboard.parts.shell import EVENTS, House, Visit, address, admit, box, frame
from dashboard.parts.tables import Filters

PAGE_SIZE = 50
PAGE_SIZE_MAX = 1000
TRIES_MAX = 5
PLACE_SECONDS = 2.0
STATS_SECONDS = 5.0
TILES = {
    text.HEAD: "headPosition",
    text.LAST_HOUR_COUNT: "lastHourCount",
    text.LAST_DAY_COUNT: "lastDayCount",
    text.ERRORS_DAY: "errorDayCount",
}


def add(house: House) -> None:
    @ui.page(EVENTS)
    def page() -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        Events(visit)
        return None


class Events:
    """The page of one visit."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        asked = ui.context.client.request.query_params
        self._search = Search.read(asked, visit.zone)
        self._open = asked.get("event", "")
        self._stats: Json = {}
        self._token = ""
        with frame(visit, EVENTS) as self._problem:
            self._tiles = box("tiles")
            draw_filters(self._search)
            with box("toolbar"):
                self._draw_toolbar()
            self._feed = Feed(COLUMNS, ROWS_MAX, badge="level", on_open=self._open_event)
            self._pager = ui.button(
                text.NEXT, on_click=lambda: visit.load(self._go_on, self._problem)
            )
            self._pager.props("flat dense no-caps").classes("self-start")
            self._pager.visible = False
        self._drawer = Drawer(self._close_event)
        self._live = Live(self._feed, self._search, visit.house.rows, self._note_change)
        visit.follow_events(self._live.take)
        visit.load(self._load, self._problem)
        ui.timer(STATS_SECONDS, lambda: visit.load(self._load_stats))
        if self._open:
            self._open_event(self._open)

    def _draw_toolbar(self) -> None:
        if self._search.live:
            self._pause = ui.button(text.PAUSE, on_click=self._toggle)
            self._pause.props("outline dense no-caps")
            self._waiting = ui.label().classes("muted num").props("role=status")
        else:
            ui.label(text.PAST_PAGE).classes("muted")
            newest = self._search.given | {"page": ""}
            ui.link(text.FIRST, address(EVENTS, newest)).classes("more")
        target = address(export.PATH, self._search.given | {"page": ""})
        ui.link(text.EXPORT, target).classes("more").props("download")

    def _toggle(self) -> None:
        self._live.pause(paused=not self._live.paused)
        self._pause.text = text.RESUME if self._live.paused else text.PAUSE

    def _note_change(self) -> None:
        if self._search.live:
            count = formats.integer(self._live.waiting_count)
            self._waiting.text = text.WAITING.format(count=count) if self._live.paused else ""
            self._pager.visible = self._pager.visible or self._live.beyond

    async def _load(self) -> None:
        if self._search.live:
            await self._visit.journal.placed(PLACE_SECONDS)
        events, token = await self._find()
        self._live.fill(events)
        self._feed.highlight(self._open)
        self._token = token
        self._pager.text = self._pager_words(events) if token else text.NEXT
        self._pager.visible = bool(token)

    async def _find(self) -> tuple[list[Json], str]:
        """Reads a page. A search may go so far only and have found nothing yet."""
        question = self._search.question(PAGE_SIZE)
        events, token = list[Json](), ""
        for _ in range(TRIES_MAX):
            found = await self._visit.get("/v1/events", question)
            events, token = found.get("events", []), found.get("nextPageToken", "")
            if events or not token:
                break
            question["pageToken"] = token
        return events, token

    def _pager_words(self, events: list[Json]) -> str:
        """Tells a page that is full from a search that went so far only."""
        if len(events) >= PAGE_SIZE:
            return text.NEXT
        if not events:
            return text.SEARCH_ON
        time = formats.parse_time(events[-1].get("time"))
        return text.SEARCH_ON_FROM.format(time=formats.date_time(time, self._visit.zone))

    async def _go_on(self) -> None:
        """Opens the next page, which begins behind what is shown now."""
        token = self._token
        if self._live.beyond:
            question = self._search.question(min(self._live.count, PAGE_SIZE_MAX))
            found = await self._visit.get("/v1/events", question)
            token = found.get("nextPageToken", "")
        ui.navigate.to(address(EVENTS, self._search.given | {"page": token}))

    async def _load_stats(self) -> None:
        if not self._live.filled:
            await self._load()
        stats = await self._visit.find("/v1/events:stats") or {}
        if stats == self._stats and self._stats:
            return
        self._stats = stats
        self._tiles.clear()
        with self._tiles:
            for words, field in TILES.items():
                plain_tile(words, formats.integer(stats.get(field)))

    def _open_event(self, event_id: str) -> None:
        async def show() -> None:
            event = await self._visit.get(f"/v1/events/{quote(event_id, safe='')}")
            self._drawer.show(event_title(event), lambda: draw_event(self._visit, event))
            self._mark(event_id)

        self._visit.load(show, self._problem)

    def _close_event(self) -> None:
        self._mark("")

    def _mark(self, event_id: str) -> None:
        """Marks the event that is open, in the list and in the address."""
        self._open = event_id
        self._feed.highlight(event_id)
        ui.navigate.history.replace(address(EVENTS, self._search.given | {"event": event_id}))


def draw_filters(search: Search) -> None:
    with box("filters"):
        filters = Filters(EVENTS, search.given)
        filters.choice("level", text.LEVEL, text.MIN_LEVELS)
        filters.choice("category", text.CATEGORY, text.CATEGORIES)
        filters.choice("source", text.SOURCE, text.MODULE_NAMES)
        filters.words("q", text.SEARCH)
        filters.words("user", text.USER_ID)
        filters.moment("from", text.FROM)
        filters.moment("to", text.TO)
        if any(search.given.values()):
            ui.link(text.NO_FILTERS, EVENTS).classes("more")
