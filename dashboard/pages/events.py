"""イベント: the event log, filtered by query parameters, live on the first page."""

from collections.abc import Sequence

from nicegui import ui

from dashboard import formats, paths, text
from dashboard.api.client import PAGE_SIZE_MAX, if_available
from dashboard.api.events import Event, EventStats
from dashboard.api.pages import ListPage
from dashboard.context import PageContext
from dashboard.event_rows import COLUMNS, event_title
from dashboard.page import page
from dashboard.parts.drawer import Drawer
from dashboard.parts.event_detail import draw_event
from dashboard.parts.event_filters import EventFilters
from dashboard.parts.layout import page_frame
from dashboard.parts.live_events import ROWS_MAX, LiveListFeeder
from dashboard.parts.live_list import LiveList
from dashboard.parts.url_filters import Filters
from dashboard.parts.widgets import box, plain_tile
from dashboard.paths import address

PAGE_SIZE = 50
TRIES_MAX = 5
LOADED_WITHIN_SECONDS = 2.0
STATS_SECONDS = 5.0


@page(paths.EVENTS)
def events(page: PageContext) -> None:
    EventsPage(page)


class EventsPage:
    """The page of one operator."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        query = ui.context.client.request.query_params
        self._search = EventFilters.read(query, page.zone)
        self._open = query.get("event", "")
        self._stats: EventStats | None = None
        self._token = ""
        with page_frame(page, paths.EVENTS) as self._problem:
            self._tiles = box("tiles")
            draw_event_filters(self._search)
            with box("toolbar"):
                self._draw_toolbar()
            self._list = LiveList(COLUMNS, ROWS_MAX, badge="level", on_open=self._open_event)
            self._pager = ui.button(
                text.common.NEXT, on_click=lambda: page.load(self._go_on, self._problem)
            )
            self._pager.props("flat dense no-caps").classes("self-start")
            self._pager.visible = False
        self._drawer = Drawer(self._close_event)
        self._live = LiveListFeeder(page.app.rows, self._list, self._note_change)
        if self._search.live:
            page.follow_events(self._live.take)
        page.load(self._load, self._problem)
        page.load(self._load_stats)
        ui.timer(STATS_SECONDS, self._reload, immediate=False)
        if self._open:
            self._open_event(self._open)

    def _draw_toolbar(self) -> None:
        if self._search.live:
            self._pause = ui.button(text.events.PAUSE, on_click=self._toggle)
            self._pause.props("outline dense no-caps")
            self._waiting = ui.label().classes("muted num").props("role=status")
        else:
            ui.label(text.events.PAST_PAGE).classes("muted")
            newest = self._search.filters | {"page": ""}
            ui.link(text.common.FIRST, address(paths.EVENTS, newest)).classes("more")
        target = address(paths.EXPORT, self._search.filters | {"page": ""})
        ui.link(text.events.EXPORT, target).classes("more").props("download")

    def _toggle(self) -> None:
        self._live.pause(paused=not self._live.paused)
        self._pause.text = text.events.RESUME if self._live.paused else text.events.PAUSE

    def _note_change(self) -> None:
        if self._search.live:
            count = formats.integer(self._live.waiting_count)
            waiting = text.events.WAITING.format(count=count)
            self._waiting.text = waiting if self._live.paused else ""
            self._pager.visible = self._pager.visible or self._live.beyond

    async def _load(self) -> None:
        if self._search.live:
            await self._page.event_cache.wait_until_loaded(LOADED_WITHIN_SECONDS)
            if not self._live.checks:
                self._live.check_with(await self._search.matcher(self._page.api))
        found = await self._find()
        self._live.fill(found.items)
        self._list.highlight(self._open)
        self._token = found.next_page_token
        self._pager.text = self._pager_words(found.items) if self._token else text.common.NEXT
        self._pager.visible = bool(self._token)

    async def _find(self) -> ListPage[Event]:
        """Read a page. Skip empty pages, which the gateway returns for a search in progress."""
        request = self._search.list_request(PAGE_SIZE)
        found = await self._page.api.list_events(request)
        for _ in range(TRIES_MAX - 1):
            if found.items or not found.next_page_token:
                break
            request["pageToken"] = found.next_page_token
            found = await self._page.api.list_events(request)
        return found

    def _pager_words(self, found: Sequence[Event]) -> str:
        """Return the label of the button: next page, or continue the search."""
        if len(found) >= PAGE_SIZE:
            return text.common.NEXT
        if not found:
            return text.events.SEARCH_ON
        time = formats.date_time(found[-1].time, self._page.zone)
        return text.events.SEARCH_ON_FROM.format(time=time)

    async def _go_on(self) -> None:
        """Open the next page, starting after the last event of the list."""
        token = self._token
        if self._live.beyond:
            request = self._search.list_request(min(self._live.count, PAGE_SIZE_MAX))
            token = (await self._page.api.list_events(request)).next_page_token
        ui.navigate.to(address(paths.EVENTS, self._search.filters | {"page": token}))

    def _reload(self) -> None:
        """Load the counts, and the list if loading it has failed before."""
        if not self._live.filled:
            self._page.load(self._load, self._problem)
        self._page.load(self._load_stats)

    async def _load_stats(self) -> None:
        stats = await if_available(self._page.api.get_event_stats()) or EventStats()
        if stats == self._stats:
            return
        self._stats = stats
        self._tiles.clear()
        with self._tiles:
            show_event_counts(stats)

    def _open_event(self, event_id: str) -> None:
        async def show() -> None:
            event = await self._page.api.get_event(event_id)
            self._drawer.show(event_title(event), lambda: draw_event(self._page, event))
            self._mark(event_id)

        self._page.load(show, self._problem)

    def _close_event(self) -> None:
        self._mark("")

    def _mark(self, event_id: str) -> None:
        """Mark the open event in the list and in the address."""
        self._open = event_id
        self._list.highlight(event_id)
        opened = self._search.filters | {"event": event_id}
        ui.navigate.history.replace(address(paths.EVENTS, opened))


def show_event_counts(stats: EventStats) -> None:
    plain_tile(text.events.HEAD, formats.integer(stats.head_position))
    plain_tile(text.events.LAST_HOUR_COUNT, formats.integer(stats.last_hour_count))
    plain_tile(text.events.LAST_DAY_COUNT, formats.integer(stats.last_day_count))
    plain_tile(text.events.ERRORS_DAY, formats.integer(stats.error_day_count))


def draw_event_filters(search: EventFilters) -> None:
    with box("filters"):
        filters = Filters(paths.EVENTS, search.filters)
        filters.choice("level", text.events.LEVEL, text.events.MIN_LEVELS)
        filters.choice("category", text.events.CATEGORY, text.events.CATEGORIES)
        filters.choice("source", text.events.SOURCE, text.common.MODULE_NAMES)
        filters.words("q", text.common.SEARCH)
        filters.words("user", text.events.USER_ID)
        filters.moment("from", text.events.FROM)
        filters.moment("to", text.events.TO)
        if any(search.filters.values()):
            ui.link(text.events.NO_FILTERS, paths.EVENTS).classes("more")
