"""The frame of every page: who is signed in, where one is, whether what shows is live."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from nicegui import background_tasks, ui
from starlette.responses import RedirectResponse

from dashboard import text
from dashboard.gateway import GatewayError, Json, Query
from dashboard.hub import Hub, Hubs
from dashboard.sessions import COOKIE, Session, Sessions, SignedOutError

PAGES = {
    "/": text.OVERVIEW,
    "/modules": text.MODULES,
    "/infrastructure": text.INFRASTRUCTURE,
    "/events": text.EVENTS,
    "/payments": text.PAYMENTS,
    "/users": text.USERS,
    "/analytics": text.ANALYTICS,
}
SIGN_IN = "/sign-in"
TICK_SECONDS = 1.0


@dataclass(frozen=True)
class House:
    """What all pages share."""

    sessions: Sessions
    hubs: Hubs
    zone: ZoneInfo


@dataclass(frozen=True)
class Visit:
    """One page that an operator has open."""

    house: House
    session: Session
    hub: Hub

    @property
    def zone(self) -> ZoneInfo:
        return self.house.zone

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

    def follow_news(self, category: str, act: Callable[[], None]) -> None:
        """Calls `act` when events of a category came."""
        shown = self.hub.view.head

        def refresh() -> None:
            nonlocal shown
            news = [
                event
                for event in self.hub.view.events
                if int(event["position"]) > shown and event.get("category") == category
            ]
            shown = self.hub.view.head
            if news:
                act()

        self.follow(refresh)

    def load(self, work: Callable[[], Awaitable[None]], problem: ui.label) -> None:
        """Runs `work` beside the page. What goes wrong shows in `problem`."""
        client = ui.context.client

        async def run() -> None:
            with client:
                try:
                    await work()
                    problem.visible = False
                except SignedOutError:
                    ui.navigate.to(f"{SIGN_IN}?error=ended")
                except GatewayError as error:
                    problem.text = error.message
                    problem.visible = True

        background_tasks.create(run())


def admit(house: House) -> Visit | RedirectResponse:
    """Lets a signed-in operator in, and sends others to the sign-in."""
    request = ui.context.client.request
    session = house.sessions.find(request.cookies.get(COOKIE))
    if session is None:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?to={quote(target, safe='')}", 303)
    return Visit(house, session, house.hubs.of(session))


@contextmanager
def frame(visit: Visit, path: str) -> Generator[ui.label, None, None]:
    """Draws the frame. Gives the label for what goes wrong."""
    ui.page_title(f"{PAGES[path]}｜{text.PRODUCT}")
    with box("shell"):
        with box("side", "nav"):
            ui.label(text.PRODUCT).classes("brand")
            for target, name in PAGES.items():
                link = ui.link(name, target).classes("nav" + " here" * (target == path))
                if target == path:
                    link.props("aria-current=page")
            box("spacer")
            roles = "・".join(text.ROLE_NAMES.get(role, role) for role in visit.session.roles)
            ui.label(f"{visit.session.display_name}（{roles}）").classes("who")
            with ui.element("form").props("method=post action=/sign-out"):
                ui.button(text.SIGN_OUT).props("type=submit flat dense no-caps color=grey-5")
        with box("main", "main"):
            with box("top"):
                heading(PAGES[path])
                show_connection(visit)
            problem = ui.label().classes("alert").props("role=alert")
            problem.visible = False
            yield problem


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
        connected = visit.hub.view.connected
        label.text = text.CONNECTED if connected else text.RECONNECTING
        label.classes(replace="live" if connected else "live lost")

    visit.follow(refresh)


def address(path: str, query: dict[str, str]) -> str:
    """Writes the address of a page with the filters that are set."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
