"""A dashboard in this process, with a fake gateway and a simulated browser."""

import gc
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

from dashboard import fonts
from dashboard.api.http import GatewayHttp
from dashboard.connection import GatewayConnections
from dashboard.context import AppContext, PageContext
from dashboard.event_rows import EventRowCache
from dashboard.page import PageDefinition
from dashboard.pages.registry import METRICS, add_pages
from dashboard.routes import add_routes
from dashboard.sessions import COOKIE, SessionStore
from tests.fakes import gateway as fake
from tests.waiting import until

CALL = re.compile(r'return runMethod\((\d+), "(\w+)", (.*)\)', re.DOTALL)


@pytest.fixture
async def gateway() -> AsyncIterator[fake.FakeGateway]:
    async with fake.serve() as served:
        yield served


@pytest.fixture
async def dashboard(gateway) -> AsyncIterator[AppContext]:
    """The context of a dashboard without pages."""
    zone = ZoneInfo("Asia/Tokyo")
    http = GatewayHttp(gateway.url)
    sessions = SessionStore(http, None)
    context = AppContext(sessions, GatewayConnections(sessions, METRICS), EventRowCache(zone), zone)
    yield context
    context.connections.close()
    await http.close()


@dataclass(eq=False)
class Scripts:
    """Records the element methods that pages call in the browser."""

    calls: list[tuple[str, list]] = field(default_factory=list)

    def match(self, code: str) -> None:
        if found := CALL.match(code):
            self.calls.append((found[2], json.loads(found[3])))


@dataclass
class Browser:
    """A simulated browser with the session of an operator."""

    user: User
    gateway: fake.FakeGateway
    dashboard: AppContext
    scripts: Scripts

    async def sign_in(self, *roles: str) -> None:
        self.gateway.replies[fake.LOGIN] = fake.token_pair(list(roles))
        session = await self.dashboard.sessions.sign_in("hanako", "secret")
        self.user.http_client.cookies.set(COOKIE, session.id)

    async def open(self, path: str) -> None:
        await self.user.open(path)
        self.user.javascript_rules = {self.scripts: None}

    async def draw(self, build: Callable[[PageContext], None], path: str = "/drawn") -> None:
        """Open a page whose contents `build` draws."""
        PageDefinition(path, build).add_to(self.dashboard)
        await self.open(path)

    def elements(self, kind: type[ui.element] = ui.label) -> list:
        """Return the visible elements of a class, in creation order."""
        try:
            return sorted(self.user.find(kind).elements, key=lambda one: one.id)
        except AssertionError:
            return []

    def texts(self, kind: type[ui.element] = ui.label) -> list[str]:
        return [element.text for element in self.elements(kind)]

    def fact(self, name: str) -> str:
        """Return the value next to a name."""
        texts = self.texts()
        return texts[texts.index(name) + 1]

    def classes_of(self, words: str) -> list[str]:
        return next(one.classes for one in self.elements() if one.text == words)

    def button(self, words: str) -> ui.button:
        return next(one for one in self.elements(ui.button) if one.text == words)

    def press(self, words: str) -> None:
        self.user.find(kind=ui.button, content=words).click()

    def rows(self, index: int = 0) -> list[dict]:
        """Return the rows of a table."""
        return self.elements(ui.table)[index].rows

    def shown(self, method: str) -> list[list]:
        """Return the arguments of the calls of a live list method."""
        return [arguments[0] for name, arguments in self.scripts.calls if name == method]

    async def sees(self, words: str) -> None:
        await self.until(lambda: any(words in one for one in self.texts()), words)

    async def notified(self, words: str) -> None:
        await self.until(lambda: self.user.notify.contains(words), words)

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        await until(holds, lambda: f"{what} on a page with {self.texts()}")


@pytest.fixture(scope="session")
def font_folder(tmp_path_factory) -> Path:
    """A folder with the font subsets."""
    folder = tmp_path_factory.mktemp("fonts")
    assert not fonts.are_cut(folder)
    fonts.cut_fonts(folder)
    return folder


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    """Exclude existing objects from garbage collection, which each simulated page triggers."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def browser(frozen, gateway, dashboard, caplog) -> AsyncIterator[Browser]:
    """A browser with the session of an administrator."""
    async with user_simulation() as user:
        add_pages(dashboard)
        add_routes(dashboard)
        opened = Browser(user, gateway, dashboard, Scripts())
        await opened.sign_in("ADMIN")
        yield opened
        dashboard.connections.close()
    errors = [one for one in caplog.get_records("call") if one.levelno >= logging.ERROR]
    assert not errors, errors[0].getMessage()
