"""The web server: assembles pages, routes and fonts, and serves them."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from nicegui import app, ui

from dashboard import fonts, text
from dashboard.api.http import GatewayHttp
from dashboard.config import Settings
from dashboard.connection import GatewayConnections
from dashboard.context import AppContext
from dashboard.event_rows import EventRowCache
from dashboard.pages.registry import METRICS, add_pages
from dashboard.routes import add_routes
from dashboard.sessions import SessionStore
from services.common.settings import SettingsError

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 86400
RECONNECT_SECONDS = 30.0


def run_server(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError: The port is in use.
    """
    check_port(settings.host, settings.port)
    http = GatewayHttp(settings.gateway_url)
    context = create_context(http, settings)
    add_fonts(settings.fonts or Path(tempfile.mkdtemp(prefix="libral-fonts-")))
    app.add_static_files("/static", str(STATIC), max_cache_age=60)
    ui.add_head_html('<link rel="stylesheet" href="/static/style.css">', shared=True)
    # Pages are added first, because a page replaces all routes at its path.
    add_pages(context)
    add_routes(context)
    app.on_shutdown(context.connections.close)
    app.on_shutdown(http.close)
    ui.run(
        host=settings.host,
        port=settings.port,
        title=text.common.PRODUCT,
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


def create_context(http: GatewayHttp, settings: Settings) -> AppContext:
    """Return the context that all pages share."""
    sessions = SessionStore(http, settings.sessions)
    connections = GatewayConnections(sessions, METRICS)
    return AppContext(sessions, connections, EventRowCache(settings.zone), settings.zone)


def check_port(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"Cannot listen on {host}:{port}: {reason}.") from None


def add_fonts(folder: Path) -> None:
    """Serve the fonts in a folder. Subset them again if the texts have changed."""
    if not fonts.are_cut(folder):
        command = [sys.executable, "-m", "dashboard.fonts", str(folder)]
        subprocess.run(command, check=True)  # noqa: S603 - a module of the dashboard
    whole = fonts.file_of(*fonts.JAPANESE)
    app.add_static_file(
        local_file=whole, url_path=f"/fonts/{fonts.WHOLE}", max_cache_age=YEAR_SECONDS
    )
    app.add_static_files("/fonts", str(folder), max_cache_age=YEAR_SECONDS)
    sheet = f"/fonts/{fonts.SHEET}?{fonts.cache_key()}"
    ui.add_head_html(f'<link rel="stylesheet" href="{sheet}">', shared=True)
