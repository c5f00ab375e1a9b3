"""The web server: sign-in and sign-out, headers, fonts, and the pages."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from nicegui import app, ui
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from dashboard import fonts, text
from dashboard.config import Settings, SettingsError
from dashboard.gateway import UNAUTHENTICATED, Gateway, GatewayError
from dashboard.hub import Hubs
from dashboard.pages import add_pages
from dashboard.parts.events import Rows
from dashboard.parts.shell import SIGN_IN, House
from dashboard.sessions import COOKIE, READERS, Sessions
from dashboard.version import VERSION

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 86400
RECONNECT_SECONDS = 30.0
TOO_MANY = 429
BAD_REQUEST = 400
FORM_BYTES_MAX = 4096
# Vue compiles templates in the browser, which needs 'unsafe-eval'. Nothing leaves the machine.
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


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises:
        SettingsError: The port is in use.
    """
    check_port(settings.host, settings.port)
    gateway = Gateway(settings.gateway_url)
    sessions = Sessions(gateway, settings.sessions)
    house = House(sessions, Hubs(sessions), Rows(settings.zone), settings.zone)
    add_fonts(settings.fonts or Path(tempfile.mkdtemp(prefix="libral-fonts-")))
    app.add_static_files("/static", str(STATIC), max_cache_age=60)
    ui.add_head_html('<link rel="stylesheet" href="/static/style.css">', shared=True)
    # A page takes the place of routes that are there already at its address.
    add_pages(house)
    add_routes(house)
    app.on_shutdown(house.hubs.close)
    app.on_shutdown(gateway.close)
    ui.run(
        host=settings.host,
        port=settings.port,
        title=text.PRODUCT,
        favicon=STATIC / "favicon.svg",
        dark=True,
        language="ja",
        reload=False,
        show=False,
        tailwind=False,
        show_welcome_message=False,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        timeout_graceful_shutdown=3,
    )


def check_port(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"Cannot listen on {host}:{port}: {reason}.") from None


def add_fonts(folder: Path) -> None:
    """Serves the fonts, cut into the folder once for each version of the words."""
    if not fonts.are_cut(folder):
        command = [sys.executable, "-m", "dashboard.fonts", str(folder)]
        subprocess.run(command, check=True)  # noqa: S603 - a program of ours
    whole = fonts.file_of(*fonts.JAPANESE)
    app.add_static_file(
        local_file=whole, url_path=f"/fonts/{fonts.WHOLE}", max_cache_age=YEAR_SECONDS
    )
    app.add_static_files("/fonts", str(folder), max_cache_age=YEAR_SECONDS)
    sheet = f"/fonts/{fonts.SHEET}?{fonts.key()}"
    ui.add_head_html(f'<link rel="stylesheet" href="{sheet}">', shared=True)


def add_routes(house: House) -> None:
    """Adds what is no page: health, sign-in and sign-out, and the headers of all."""
    start = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @app.middleware("http")
    async def secure(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        known = {"status": "SERVING", "version": VERSION, "pid": os.getpid(), "startTime": start}
        return JSONResponse(known)

    @app.post(SIGN_IN)
    async def sign_in(request: Request) -> RedirectResponse:
        if not same_origin(request):
            return refuse("origin")
        form = await request.form(max_fields=5, max_files=0, max_part_size=FORM_BYTES_MAX)
        login, password, to = (str(form.get(name, "")) for name in ("login", "password", "to"))
        try:
            session = await house.sessions.sign_in(login, password)
        except GatewayError as error:
            return refuse(problem_of(error), to)
        if not READERS & set(session.roles):
            await house.sessions.sign_out(session)
            return refuse("role", to)
        response = RedirectResponse(safe_target(to), 303)
        secure_cookie = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, session.id, httponly=True, samesite="strict", secure=secure_cookie
        )
        return response

    @app.post("/sign-out")
    async def sign_out(request: Request) -> RedirectResponse:
        session = house.sessions.find(request.cookies.get(COOKIE))
        if session is not None and same_origin(request):
            house.hubs.forget(session)
            await house.sessions.sign_out(session)
        response = RedirectResponse(SIGN_IN, 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response


def problem_of(error: GatewayError) -> str:
    """Says which words of `text.SIGN_IN_ERRORS` fit."""
    if error.status in {UNAUTHENTICATED, BAD_REQUEST}:
        return "credentials"
    return "limit" if error.status == TOO_MANY else "away"


def same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of ours."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def safe_target(to: str) -> str:
    """Gives the page to go on to, which must be one of ours."""
    with suppress(ValueError):
        parts = urlsplit(to)
        local = not parts.scheme and not parts.netloc and parts.path.startswith("/")
        if local and not parts.path.startswith("//") and "\\" not in to:
            return to
    return "/"


def refuse(problem: str, to: str = "/") -> RedirectResponse:
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'error': problem, 'to': to})}", 303)
