"""CSV export of the events that match a search."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import structlog
from nicegui import app as server
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from dashboard import formats, paths, text
from dashboard.api.client import GatewayApi
from dashboard.api.events import Event
from dashboard.api.http import GatewayError
from dashboard.context import AppContext
from dashboard.event_rows import (
    category_words,
    data_text,
    event_title,
    level_words,
    service_words,
)
from dashboard.parts.event_filters import EventFilters
from dashboard.sessions import COOKIE, SignedOutError

ROWS_MAX = 100_000
PAGE_SIZE = 200
EXPORTS_MAX = 4
TOO_MANY = 429
# Excel runs cells with these prefixes as formulas, including the full-width characters.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
log = structlog.get_logger()


def add_export(app: AppContext) -> None:
    """Register the export route.

    One export per session and four in total can run at a time.
    """
    running: set[str] = set()

    @server.get(paths.EXPORT)
    async def export(request: Request) -> Response:
        session = app.sessions.find_session(request.cookies.get(COOKIE))
        if session is None:
            return RedirectResponse(paths.SIGN_IN, 303)
        if session.id in running or len(running) >= EXPORTS_MAX:
            plain = "text/plain; charset=utf-8"
            return Response(text.events.EXPORT_BUSY, TOO_MANY, media_type=plain)
        search = EventFilters.read(request.query_params, app.zone)
        name = datetime.now(app.zone).strftime("events-%Y%m%d-%H%M%S.csv")

        async def limited() -> AsyncIterator[str]:
            running.add(session.id)
            try:
                async for lines in write_events(app.api(session), search):
                    yield lines
            finally:
                running.discard(session.id)

        return StreamingResponse(
            limited(),
            media_type="text/csv; charset=utf-8",
            headers={
                "content-disposition": f'attachment; filename="{name}"',
                "cache-control": "no-store",
            },
        )


async def write_events(api: GatewayApi, search: EventFilters) -> AsyncIterator[str]:
    """Yield the newest matching events as CSV lines, page by page.

    Raises:
        GatewayError: A page could not be read. The download fails and shows as incomplete.
        SignedOutError: The session has ended.
    """
    yield "\ufeff" + csv_line(text.events.EXPORT_COLUMNS)
    request, count = search.list_request(PAGE_SIZE), 0
    while True:
        try:
            found = await api.list_events(request)
        except (GatewayError, SignedOutError) as error:
            log.warning("export.failed", rows=count, error=str(error))
            raise
        kept = found.items[: ROWS_MAX - count]
        count += len(kept)
        yield "".join(csv_line(event_cells(event, search)) for event in kept)
        if not found.next_page_token and len(kept) == len(found.items):
            return
        if count >= ROWS_MAX:
            yield csv_line([text.events.EXPORT_CUT.format(count=formats.integer(ROWS_MAX))])
            return
        request["pageToken"] = found.next_page_token


def event_cells(event: Event, search: EventFilters) -> Sequence[str]:
    """Return the cells of an event for `text.events.EXPORT_COLUMNS`."""
    return (
        str(event.position),
        formats.date_time(event.time, search.zone),
        level_words(event),
        category_words(event),
        event.type,
        event_title(event),
        service_words(event.source),
        event.subject,
        event.actor,
        event.request_id,
        event.id,
        data_text(event),
    )


def csv_line(values: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(escape_formula(value) for value in values)
    return written.getvalue()


def escape_formula(value: str) -> str:
    """Quote a value that a spreadsheet would run as a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
