"""概要: how the whole mesh does, live."""

from collections.abc import Sequence
from itertools import islice
from zoneinfo import ZoneInfo

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.pages.infrastructure import bot_facts, cache_facts, database_facts
from dashboard.parts.events import NOTE_LENGTH_MAX, event_note, event_title
from dashboard.parts.feed import Feed, FeedRow
from dashboard.parts.figures import Tile, badge, facts
from dashboard.parts.modules import module_title, state_tone, state_words
from dashboard.parts.payments import TONES
from dashboard.parts.shell import EVENTS, House, Visit, admit, box, frame, panel

FEED_ROWS = 12
FEED_COLUMNS = {"time": text.TIME, "title": text.TYPE, "note": text.DETAIL}
PLACE_SECONDS = 2.0
LIST_ROWS = 6
RELOAD_SECONDS = 10.0


def add(house: House) -> None:
    @ui.page("/")
    def page() -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        with frame(visit, "/") as problem:
            with box("tiles"):
                Tile(visit, text.CPU, "system.cpu.utilization", formats.percent)
                Tile(visit, text.MEMORY, "system.memory.utilization", formats.percent)
                Tile(
                    visit,
                    text.ACTIVE_USERS,
                    "users.active",
                    formats.integer_of,
                    text.ACTIVE_USERS_NOTE,
                )
                Tile(visit, text.REQUESTS, "http.server.requests", formats.integer_of)
            with box("panels"):
                show_modules(visit)
                show_feed(visit)
            with box("panels three") as infrastructure:
                pass
            with box("panels") as lists:
                pass

            async def load() -> None:
                found = await visit.find("/v1/infrastructure") or {}
                bot = await visit.find("/v1/telegram/bot") or {}
                endpoints = await visit.find("/v1/endpoints")
                payments = await visit.find("/v1/payments", {"pageSize": LIST_ROWS})
                infrastructure.clear()
                with infrastructure:
                    with panel(text.DATABASE, "/infrastructure"):
                        facts(database_facts(found.get("database", {})))
                    with panel(text.CACHE, "/infrastructure"):
                        facts(cache_facts(found.get("cache", {})))
                    with panel(text.BOT, "/infrastructure"):
                        facts(bot_facts(bot))
                lists.clear()
                with lists:
                    show_endpoints(endpoints)
                    show_payments(visit, payments)

            visit.load(load, problem)
            ui.timer(RELOAD_SECONDS, lambda: visit.load(load, problem))
        return None


def show_modules(visit: Visit) -> None:
    with panel(text.MODULES, "/modules"), box("list") as rows:
        pass
    shown: list[Json | None] = [None]

    def refresh() -> None:
        modules = visit.hub.view.fresh_modules()
        told = None if modules is None else {m["name"]: m.get("state", "") for m in modules}
        if told == shown[0] and told is not None:
            return
        shown[0] = told
        rows.clear()
        with rows:
            if modules is None:
                ui.label(text.NO_DATA).classes("muted")
            for module in modules or []:
                with box("line"):
                    ui.label(module_title(module)).classes("grow")
                    badge(state_words(module), state_tone(module))

    visit.follow(refresh)


def show_feed(visit: Visit) -> None:
    with panel(text.LIVE_FEED, EVENTS):
        feed = Feed(FEED_COLUMNS, FEED_ROWS).classes("short")

    async def load() -> None:
        journal = visit.journal
        await journal.placed(PLACE_SECONDS)
        feed.fill([feed_row(event, visit.zone) for event in islice(journal.events, FEED_ROWS)])
        top = journal.head

        def take(events: Sequence[Json]) -> None:
            newest = [event for event in events[-FEED_ROWS:] if int(event["position"]) > top]
            if newest:
                feed.push([feed_row(event, visit.zone) for event in reversed(newest)])

        visit.follow_events(take)

    visit.load(load)


def feed_row(event: Json, zone: ZoneInfo) -> FeedRow:
    time = formats.clock(formats.parse_time(event.get("time")), zone)
    return ("", "", time, event_title(event), event_note(event)[:NOTE_LENGTH_MAX])


def show_endpoints(found: Json | None) -> None:
    with panel(text.ANALYTICS, "/analytics", text.WINDOWS["3600s"]):
        endpoints = (found or {}).get("endpoints", [])
        if not endpoints:
            ui.label(text.NO_DATA if found is None else text.NO_CALLS).classes("muted")
        for endpoint in endpoints[:LIST_ROWS]:
            with box("line"):
                ui.label(endpoint.get("method", "")).classes("muted")
                route = str(endpoint.get("route", ""))
                ui.label(text.ROUTES.get(route, route)).classes("grow")
                ui.label(formats.integer(endpoint.get("requestCount", 0))).classes("num")
                p95 = formats.parse_seconds(endpoint.get("p95"))
                ui.label(f"{text.P95} {formats.milliseconds(p95)}").classes("muted num")


def show_payments(visit: Visit, found: Json | None) -> None:
    with panel(text.RECENT_PAYMENTS, "/payments"):
        payments = (found or {}).get("payments", [])
        if not payments:
            ui.label(text.NO_DATA if found is None else text.NO_PAYMENTS).classes("muted")
        for payment in payments:
            time = formats.parse_time(payment.get("payTime"))
            state = payment.get("state", "")
            with box("line"):
                ui.label(formats.date_time(time, visit.zone)).classes("grow muted num")
                ui.label(formats.money(payment.get("amount"))).classes("num")
                badge(text.PAYMENT_STATES.get(state, text.STATE_UNKNOWN), TONES.get(state, ""))
