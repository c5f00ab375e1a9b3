"""The frame of every page: who is signed in, where one is, whether what shows is live."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from nicegui import background_tasks, ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import GatewayError, Json, Query
from dashboard.hub import Hub, Hubs
from dashboard.journal import Journal
from dashboard.parts.events import REACTION, Rows
from dashboard.sessions import COOKIE, Session, Sessions, SignedOutError

EVENTS = "/events"
UNHANDLED = "/events/unhandled"
VERIFICATION = "/events/verification"
PAGES = {
    "/": text.OVERVIEW,
    "/modules": text.MODULES,
    "/infrastructure": text.INFRASTRUCTURE,
    EVENTS: text.EVENTS,
    "/payments": text.PAYMENTS,
    "/users": text.USERS,
    "/analytics": text.ANALYTICS,
}
TABS = {
    EVENTS: text.EVENTS,
    UNHANDLED: text.UNHANDLED,
    VERIFICATION: text.VERIFICATION,
}
SIGN_IN = "/sign-in"
TICK_SECONDS = 1.0
NEWS_SECONDS = 1.0


@dataclass(frozen=True)
class House:
    """What all pages share."""

    sessions: Sessions
    hubs: Hubs
    rows: Rows
    zone: ZoneInfo


@dataclass(frozen=True)
class Visit:
    """One page that an operator has open."""

    house: House
    session: Session
    hub: Hub
    works: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def zone(self) -> ZoneInfo:
        return self.house.zone

    @property
    def journal(self) -> Journal:
        return self.house.hubs.journal

    async def get(self, path: str, query: Query | None = None) -> Json:
        """Reads from the gateway.

        Raises:
            GatewayError: There is no answer, or it is an error.
            SignedOutError: The session has ended.
        """
        token = await self.house.sessions.token(self.session)
        return await self.house.sessions.gateway.get(path, token, query)

    async def find(self, path: str, query: Query | None = None) -> Json | None:
        """Reads from the gateway as `get` does. None: there is no answer, so nothing is known."""
        try:
            return await self.get(path, query)
        except GatewayError:
            return None

    async def post(self, path: str, body: Json, seconds: float) -> Json:
        """Posts a command to the gateway. Raises as `get` does."""
        token = await self.house.sessions.token(self.session)
        return await self.house.sessions.gateway.post(path, token, body, seconds)

    def follow(self, refresh: Callable[[], None]) -> None:
        """Calls `refresh` when something changed, and every second, so that ages are true."""
        client = ui.context.client

        def guarded() -> None:
            if self.hub.view.ended:
                with client:
                    ui.navigate.to(f"{SIGN_IN}?error=ended")
            with client:
                refresh()

        client.on_delete(self.hub.listen(guarded))
        ui.timer(TICK_SECONDS, guarded)

    def follow_events(self, take: Callable[[Sequence[Json]], None]) -> None:
        """Calls `take` with the events that came, the oldest first, at most ten times a second."""
        client = ui.context.client

        def guarded(events: Sequence[Json]) -> None:
            with client:
                take(events)

        client.on_delete(self.journal.listen(self.session, guarded))

    def follow_news(self, matters: Callable[[Json], bool], act: Callable[[], None]) -> None:
        """Calls `act` when events came that matter, at most once a second."""
        due = False

        def note(events: Sequence[Json]) -> None:
            nonlocal due
            due = due or any(map(matters, events))

        def check() -> None:
            nonlocal due
            if due:
                due = False
                act()

        self.follow_events(note)
        ui.timer(NEWS_SECONDS, check)

    def load(self, work: Callable[[], Awaitable[None]], problem: ui.label | None = None) -> None:
        """Runs `work` beside the page, until that is closed.

        What goes wrong shows in `problem`, if there is one.
        """
        client = ui.context.client

        async def run() -> None:
            with client:
                told = ""
                try:
                    await work()
                except SignedOutError:
                    ui.navigate.to(f"{SIGN_IN}?error=ended")
                except GatewayError as error:
                    told = error.message
                if problem is not None:
                    problem.text = told
                    problem.visible = bool(told)

        task = background_tasks.create(run())
        self.works.add(task)
        task.add_done_callback(self.works.discard)

    def close(self) -> None:
        for task in list(self.works):
            task.cancel()


def admit(house: House) -> Visit | RedirectResponse:
    """Lets a signed-in operator in, and sends others to the sign-in."""
    request = ui.context.client.request
    session = house.sessions.find(request.cookies.get(COOKIE))
    if session is None:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?to={quote(target, safe='')}", 303)
    visit = Visit(house, session, house.hubs.of(session))
    ui.context.client.on_delete(visit.close)
    return visit


@contextmanager
def frame(visit: Visit, path: str) -> Generator[ui.label, None, None]:
    """Draws the frame. Gives the label for what goes wrong."""
    ui.page_title(f"{TABS.get(path) or PAGES[path]}｜{text.PRODUCT}")
    root = EVENTS if path in TABS else path
    counts: list[ui.label] = []
    with box("shell"):
        with box("side", "nav"):
            ui.label(text.PRODUCT).classes("brand")
            for target, name in PAGES.items():
                link = draw_link(target, name, here=target == root)
                if target == EVENTS:
                    counts.append(draw_count(link))
            box("spacer")
            roles = "・".join(text.ROLE_NAMES.get(role, role) for role in visit.session.roles)
            ui.label(f"{visit.session.display_name}（{roles}）").classes("who")
            with ui.element("form").props("method=post action=/sign-out"):
                ui.button(text.SIGN_OUT).props("type=submit flat dense no-caps color=grey-5")
        with box("main", "main"):
            with box("top"):
                heading(PAGES[root])
                show_connection(visit)
            if path in TABS:
                with box("tabs", "nav").props(f'aria-label="{text.EVENTS}"'):
                    for target, name in TABS.items():
                        link = draw_link(target, name, here=path == target)
                        if target == UNHANDLED:
                            counts.append(draw_count(link))
            problem = ui.label().classes("alert").props("role=alert")
            problem.visible = False
            count_unhandled(visit, counts)
            yield problem


def draw_link(target: str, name: str, *, here: bool) -> ui.link:
    link = ui.link(name, target).classes("nav" + " here" * here)
    return link.props("aria-current=page") if here else link


def draw_count(link: ui.link) -> ui.label:
    with link:
        count = ui.label().classes("badge warn num").props(f'aria-label="{text.UNHANDLED}"')
    count.visible = False
    return count


def count_unhandled(visit: Visit, counts: Sequence[ui.label]) -> None:
    """Shows how many events wait for an operator, if any do and it is known."""

    async def load() -> None:
        found = await visit.find("/v1/consumers", {"pageSize": 1000}) or {}
        consumers = found.get("consumers", [])
        number = sum(int(one.get("deadLetterCount", 0)) for one in consumers)
        for count in counts:
            count.text = formats.integer(number)
            count.visible = number > 0

    visit.load(load)
    visit.follow_news(is_reaction, lambda: visit.load(load))


def is_reaction(event: Json) -> bool:
    """Whether an event tells of one that a room could not handle."""
    return str(event.get("type", "")).startswith(REACTION)


def heading(words: str, level: int = 1) -> None:
    with ui.element(f"h{level}"):
        ui.label(words)


def box(classes: str, tag: str = "div") -> ui.element:
    return ui.element(tag).classes(classes)


@contextmanager
def panel(title: str, link: str = "", count: str = "") -> Generator[None, None, None]:
    """A box with a title and, where there is more to see, a link."""
    with box("panel", "section"):
        with box("head"):
            heading(title, 2)
            if count:
                ui.label(count).classes("muted")
            if link:
                ui.link(text.SEE_ALL, link).classes("more")
        yield


def show_connection(visit: Visit) -> None:
    label = ui.label(text.RECONNECTING).classes("live lost").props("role=status")

    def refresh() -> None:
        connected = visit.hub.connected and visit.journal.connected
        label.text = text.CONNECTED if connected else text.RECONNECTING
        label.classes(replace="live" if connected else "live lost")

    visit.follow(refresh)


def address(path: str, query: Mapping[str, str]) -> str:
    """Writes the address of a page with the filters that are set."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
