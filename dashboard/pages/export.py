"""The events of a search as CSV, for those who are signed in."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import structlog
from nicegui import app
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from dashboard import formats, text
from dashboard.gateway import GatewayError, Json
from dashboard.parts.events import category_words, event_title, level_words, source_words
from dashboard.parts.search import Search
from dashboard.parts.shell import SIGN_IN, House
from dashboard.parts.words import data_text
from dashboard.sessions import COOKIE, Session, SignedOutError

PATH = "/events.csv"
ROWS_MAX = 100_000
PAGE_SIZE = 200
EXPORTS_MAX = 4
TOO_MANY = 429
# Excel takes a cell that begins so for a formula, in full width too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
log = structlog.get_logger()


def add(house: House) -> None:
    """Adds the address of the export. At most four run at once."""
    running: set[str] = set()

    @app.get(PATH)
    async def export(request: Request) -> Response:
        session = house.sessions.find(request.cookies.get(COOKIE))
        if session is None:
            return RedirectResponse(SIGN_IN, 303)
        if session.id in running or len(running) >= EXPORTS_MAX:
            return Response(text.EXPORT_BUSY, TOO_MANY, media_type="text/plain; charset=utf-8")
        search = Search.read(request.query_params, house.zone)
        name = datetime.now(house.zone).strftime("events-%Y%m%d-%H%M%S.csv")

        async def limited() -> AsyncIterator[str]:
            running.add(session.id)
            try:
                async for lines in write(house, session, search):
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


async def write(house: House, session: Session, search: Search) -> AsyncIterator[str]:
    """Writes the newest events that a search finds, page by page. Cut off, it fails."""
    yield "\ufeff" + line(text.EXPORT_COLUMNS)
    question, count = search.question(PAGE_SIZE), 0
    while True:
        try:
            bearer = await house.sessions.token(session)
            found = await house.sessions.gateway.get("/v1/events", bearer, question)
        except (GatewayError, SignedOutError) as error:
            log.warning("export.failed", rows=count, error=str(error))
            raise
        events, token = found.get("events", []), found.get("nextPageToken", "")
        kept = events[: ROWS_MAX - count]
        count += len(kept)
        yield "".join(line(cells(event, search)) for event in kept)
        if not token and len(kept) == len(events):
            return
        if count >= ROWS_MAX:
            yield line([text.EXPORT_CUT.format(count=formats.integer(ROWS_MAX))])
            return
        question["pageToken"] = token


def cells(event: Json, search: Search) -> Sequence[str]:
    """Chooses what a line tells of an event, as `text.EXPORT_COLUMNS` names it."""
    return (
        str(event.get("position", "")),
        formats.date_time(formats.parse_time(event.get("time")), search.zone),
        level_words(event),
        category_words(event),
        str(event.get("type", "")),
        event_title(event),
        source_words(event),
        str(event.get("subject", "")),
        str(event.get("actor", "")),
        str(event.get("requestId", "")),
        str(event.get("id", "")),
        data_text(event),
    )


def line(values: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(harmless(value) for value in values)
    return written.getvalue()


def harmless(value: str) -> str:
    """Marks as a text what a spreadsheet would run as a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
