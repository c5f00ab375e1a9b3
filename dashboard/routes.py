"""Routes other than pages: sign-in, sign-out, health check, and response headers."""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from nicegui import app
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from dashboard import paths
from dashboard.api.http import UNAUTHENTICATED, GatewayError
from dashboard.context import AppContext
from dashboard.sessions import COOKIE, READERS
from services.common.version import VERSION

TOO_MANY = 429
BAD_REQUEST = 400
FORM_BYTES_MAX = 4096
# Vue compiles templates in the browser, which needs 'unsafe-eval'. All sources are this server.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


def add_routes(context: AppContext) -> None:
    """Add the routes, and the headers to the responses of all routes."""
    add_headers()
    add_health_check()
    add_sign_in(context)
    add_sign_out(context)


def add_headers() -> None:
    @app.middleware("http")
    async def secure(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response


def add_health_check() -> None:
    start = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        known = {"status": "SERVING", "version": VERSION, "pid": os.getpid(), "startTime": start}
        return JSONResponse(known)


def add_sign_in(context: AppContext) -> None:
    @app.post(paths.SIGN_IN)
    async def sign_in(request: Request) -> RedirectResponse:
        if not same_origin(request):
            return redirect_with_error("origin")
        form = await request.form(max_fields=5, max_files=0, max_part_size=FORM_BYTES_MAX)
        login, password, to = (str(form.get(name, "")) for name in ("login", "password", "to"))
        try:
            session = await context.sessions.sign_in(login, password)
        except GatewayError as error:
            return redirect_with_error(sign_in_error(error), to)
        if not READERS & set(session.roles):
            await context.sessions.sign_out(session)
            return redirect_with_error("role", to)
        response = RedirectResponse(safe_target(to), 303)
        secure_cookie = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, session.id, httponly=True, samesite="strict", secure=secure_cookie
        )
        return response


def add_sign_out(context: AppContext) -> None:
    @app.post(paths.SIGN_OUT)
    async def sign_out(request: Request) -> RedirectResponse:
        session = context.sessions.find_session(request.cookies.get(COOKIE))
        if session is not None and same_origin(request):
            context.connections.forget(session)
            await context.sessions.sign_out(session)
        response = RedirectResponse(paths.SIGN_IN, 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response


def sign_in_error(error: GatewayError) -> str:
    """Return the key of `text.sign_in.ERRORS` for a failed sign-in."""
    if error.status in {UNAUTHENTICATED, BAD_REQUEST}:
        return "credentials"
    return "limit" if error.status == TOO_MANY else "away"


def same_origin(request: Request) -> bool:
    """True if a form was sent from a page of this server."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def safe_target(to: str) -> str:
    """Return `to` if it is a page of this server, or else the overview."""
    with suppress(ValueError):
        parts = urlsplit(to)
        local = not parts.scheme and not parts.netloc and parts.path.startswith("/")
        if local and not parts.path.startswith("//") and "\\" not in to:
            return to
    return "/"


def redirect_with_error(problem: str, to: str = "/") -> RedirectResponse:
    return RedirectResponse(f"{paths.SIGN_IN}?{urlencode({'error': problem, 'to': to})}", 303)
