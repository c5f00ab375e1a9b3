"""The export: the events of a search as CSV, for operators with a session."""

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
from dashboard.parts.search import Search
from dashboard.sessions import COOKIE, SignedOutError

ROWS_MAX = 100_000
PAGE_SIZE = 200
EXPORTS_MAX = 4
TOO_MANY = 429
# Excel takes a cell that begins so for a formula, with full-width characters too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
log = structlog.get_logger()


def add_to(app: AppContext) -> None:
    """Add the address of the export. A session may run one at a time, all together four."""
    running: set[str] = set()

    @server.get(paths.EXPORT)
    async def export(request: Request) -> Response:
        session = app.sessions.find(request.cookies.get(COOKIE))
        if session is None:
            return RedirectResponse(paths.SIGN_IN, 303)
        if session.id in running or len(running) >= EXPORTS_MAX:
            plain = "text/plain; charset=utf-8"
            return Response(text.events.EXPORT_BUSY, TOO_MANY, media_type=plain)
        search = Search.read(request.query_params, app.zone)
        name = datetime.now(app.zone).strftime("events-%Y%m%d-%H%M%S.csv")

        async def limited() -> AsyncIterator[str]:
            running.add(session.id)
            try:
                async for lines in write(app.api(session), search):
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


async def write(api: GatewayApi, search: Search) -> AsyncIterator[str]:
    """Yield the newest events that a search finds as lines, page by page.

    Raises:
        GatewayError: A page cannot be read. The download fails, so that it looks incomplete.
        SignedOutError: The session has ended.
    """
    yield "\ufeff" + line(text.events.EXPORT_COLUMNS)
    question, count = search.question(PAGE_SIZE), 0
    while True:
        try:
            found = await api.list_events(question)
        except (GatewayError, SignedOutError) as error:
            log.warning("export.failed", rows=count, error=str(error))
            raise
        kept = found.items[: ROWS_MAX - count]
        count += len(kept)
        yield "".join(line(cells(event, search)) for event in kept)
        if not found.next_page_token and len(kept) == len(found.items):
            return
        if count >= ROWS_MAX:
            yield line([text.events.EXPORT_CUT.format(count=formats.integer(ROWS_MAX))])
            return
        question["pageToken"] = found.next_page_token


def cells(event: Event, search: Search) -> Sequence[str]:
    """Return the line of an event with the fields of `text.events.EXPORT_COLUMNS`."""
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


def line(values: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(harmless(value) for value in values)
    return written.getvalue()


def harmless(value: str) -> str:
    """Mark a value as text if a spreadsheet would run it as a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
