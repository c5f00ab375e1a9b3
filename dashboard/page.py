"""The `page` decorator, which registers a function as a page for signed-in operators."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse

from dashboard import paths
from dashboard.context import AppContext, PageContext
from dashboard.sessions import COOKIE, OperatorSession

P = ParamSpec("P")


@dataclass(frozen=True)
class PageDefinition:
    """A page before its registration."""

    path: str
    build: Callable[..., None]

    def add_to(self, app: AppContext) -> None:
        """Register the page with NiceGUI.

        All parameters of `build` but the first become query parameters of the page.
        """

        @wraps(self.build)
        def guarded(*args: Any, **query: Any) -> RedirectResponse | None:
            session = require_session(app, ui.context.client.request)
            if isinstance(session, RedirectResponse):
                return session
            self.build(PageContext.open(app, session), *args, **query)
            return None

        _, *query = inspect.signature(self.build).parameters.values()
        vars(guarded)["__signature__"] = inspect.Signature(query)
        ui.page(self.path)(guarded)


def page(path: str) -> Callable[[Callable[Concatenate[PageContext, P], None]], PageDefinition]:
    """Make the decorated function build the page at `path`."""

    def decorate(build: Callable[Concatenate[PageContext, P], None]) -> PageDefinition:
        return PageDefinition(path, build)

    return decorate


def require_session(app: AppContext, request: Request) -> OperatorSession | RedirectResponse:
    """Return the session of a request, or a redirect to the sign-in that leads back."""
    session = app.sessions.find_session(request.cookies.get(COOKIE))
    if session is not None:
        return session
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{paths.SIGN_IN}?to={quote(target, safe='')}", 303)
