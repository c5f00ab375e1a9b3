"""概要: the state of the whole mesh, live."""

from collections.abc import Sequence
from itertools import islice
from zoneinfo import ZoneInfo

from nicegui import ui

from dashboard import formats, paths, text
from dashboard.api.client import if_available
from dashboard.api.events import Event
from dashboard.api.infrastructure import Bot, Infrastructure
from dashboard.api.metrics import EndpointReport
from dashboard.api.pages import ListPage
from dashboard.api.payments import Payment
from dashboard.context import PageContext
from dashboard.event_rows import NOTE_LENGTH_MAX, EventRow, event_note, event_title
from dashboard.page import page
from dashboard.pages.analytics import WINDOW, route_words
from dashboard.parts import modules, payments
from dashboard.parts.infrastructure import bot_facts, cache_facts, database_facts
from dashboard.parts.layout import page_frame, panel
from dashboard.parts.live_list import LiveList
from dashboard.parts.tiles import TileDefinition
from dashboard.parts.widgets import badge, box, facts

TILES = (
    TileDefinition(text.infrastructure.CPU, "system.cpu.utilization", formats.percent),
    TileDefinition(text.infrastructure.MEMORY, "system.memory.utilization", formats.percent),
    TileDefinition(
        text.overview.ACTIVE_USERS,
        "users.active",
        formats.rounded,
        text.overview.ACTIVE_USERS_NOTE,
    ),
    TileDefinition(text.overview.REQUESTS, "http.server.requests", formats.rounded),
)
EVENT_ROWS = 12
EVENT_COLUMNS = {
    "time": text.common.TIME,
    "title": text.events.TYPE,
    "note": text.common.DETAIL,
}
LOADED_WITHIN_SECONDS = 2.0
LIST_ROWS = 6
RELOAD_SECONDS = 10.0


@page(paths.OVERVIEW)
def overview(page: PageContext) -> None:
    with page_frame(page, paths.OVERVIEW):
        with box("tiles"):
            for tile in TILES:
                tile.draw(page)
        with box("panels"):
            show_modules(page)
            show_events(page)
        servers, lists = box("panels three"), box("panels")

        async def load() -> None:
            found = await if_available(page.api.get_infrastructure())
            bot = await if_available(page.api.get_bot())
            report = await if_available(page.api.list_endpoints({}))
            newest = await if_available(page.api.list_payments({"pageSize": LIST_ROWS}))
            servers.clear()
            with servers:
                show_servers(found or Infrastructure.parse({}), bot or Bot.parse({}))
            lists.clear()
            with lists:
                show_endpoints(report)
                show_payments(page, newest)

        page.load(load)
        ui.timer(RELOAD_SECONDS, lambda: page.load(load), immediate=False)


def show_modules(page: PageContext) -> None:
    """Show the state of each module. The list is redrawn only when a state changes."""
    with panel(text.navigation.MODULES, paths.MODULES):
        rows = box("list")
    shown: dict[str, str] | None = None

    def refresh() -> None:
        nonlocal shown
        found = page.state.fresh_modules()
        states = None if found is None else {one.id: one.state for one in found}
        if states is not None and states == shown:
            return
        shown = states
        rows.clear()
        with rows:
            if found is None:
                ui.label(text.common.NO_DATA).classes("muted")
            for module in found or ():
                with box("line"):
                    ui.label(modules.module_title(module)).classes("grow")
                    badge(modules.state_words(module), modules.state_tone(module))

    page.follow(refresh)


def show_events(page: PageContext) -> None:
    """Show the newest events, live."""
    with panel(text.overview.LIVE_EVENTS, paths.EVENTS):
        shown = LiveList(EVENT_COLUMNS, EVENT_ROWS).classes("short")

    async def load() -> None:
        cache = page.event_cache
        await cache.wait_until_loaded(LOADED_WITHIN_SECONDS)
        shown.fill(
            [short_event_row(event, page.zone) for event in islice(cache.events, EVENT_ROWS)]
        )
        top = cache.head

        def take(events: Sequence[Event]) -> None:
            newest = [event for event in events[-EVENT_ROWS:] if event.position > top]
            if newest:
                shown.push([short_event_row(event, page.zone) for event in reversed(newest)])

        page.follow_events(take)

    page.load(load)


def short_event_row(event: Event, zone: ZoneInfo) -> EventRow:
    """Return the row of an event for EVENT_COLUMNS."""
    time = formats.clock(event.time, zone)
    return ("", "", time, event_title(event), event_note(event)[:NOTE_LENGTH_MAX])


def show_servers(found: Infrastructure, bot: Bot) -> None:
    with panel(text.infrastructure.DATABASE, paths.INFRASTRUCTURE):
        facts(database_facts(found.database))
    with panel(text.infrastructure.CACHE, paths.INFRASTRUCTURE):
        facts(cache_facts(found.cache))
    with panel(text.infrastructure.BOT, paths.INFRASTRUCTURE):
        facts(bot_facts(bot))


def show_endpoints(report: EndpointReport | None) -> None:
    with panel(text.navigation.ANALYTICS, paths.ANALYTICS, text.analytics.WINDOWS[WINDOW]):
        endpoints = report.endpoints if report else ()
        if not endpoints:
            nothing = text.common.NO_DATA if report is None else text.analytics.NO_CALLS
            ui.label(nothing).classes("muted")
        for endpoint in endpoints[:LIST_ROWS]:
            with box("line"):
                ui.label(endpoint.method).classes("muted")
                ui.label(route_words(endpoint)).classes("grow")
                ui.label(formats.integer(endpoint.request_count)).classes("num")
                p95 = formats.milliseconds(endpoint.p95)
                ui.label(f"{text.analytics.P95} {p95}").classes("muted num")


def show_payments(page: PageContext, newest: ListPage[Payment] | None) -> None:
    with panel(text.overview.RECENT_PAYMENTS, paths.PAYMENTS):
        found = newest.items if newest else ()
        if not found:
            nothing = text.common.NO_DATA if newest is None else text.payments.NO_PAYMENTS
            ui.label(nothing).classes("muted")
        for payment in found:
            with box("line"):
                time = formats.date_time(payment.pay_time, page.zone)
                ui.label(time).classes("grow muted num")
                ui.label(formats.money(payment.amount)).classes("num")
                badge(payments.state_words(payment), payments.state_tone(payment))
