"""Server streams over HTTP: SSE or NDJSON, by Accept."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Protocol

from gateway.broadcast import Item
from gateway.core import Core
from gateway.errors import StatusError
from gateway.feed import OK_STATUS, Feed, resume
from gateway.http import JSON, Request, Response, Send, base_headers
from gateway.params import bind
from gateway.routes import Match

SSE_TYPE = "text/event-stream"
NDJSON_TYPE = "application/x-ndjson"
HEARTBEAT_SECONDS = 15.0
FIRST_SECONDS = 0.3
STALL_SECONDS = 10.0
OK_HTTP = 200
NO_BUFFER = (b"x-accel-buffering", b"no")

LAST_EVENT_ID = "last-event-id"


class Framing(Protocol):
    """How the parts of a stream are written."""

    content_type: str
    heartbeat: bytes

    def message(self, data: bytes, cursor: str) -> bytes: ...

    def end(self, status: bytes) -> bytes: ...


class ServerSentEvents:
    """Server-sent events, as EventSource of a browser reads them."""

    content_type = SSE_TYPE
    heartbeat = b":\n\n"

    def message(self, data: bytes, cursor: str) -> bytes:
        position = b"id: " + cursor.encode() + b"\n" if cursor else b""
        return position + b"data: " + data + b"\n\n"

    def end(self, status: bytes) -> bytes:
        return b"event: status\ndata: " + status + b"\n\n"


class Lines:
    """One JSON object a line. It has no comments, so no heartbeats."""

    content_type = NDJSON_TYPE
    heartbeat = b""

    def message(self, data: bytes, cursor: str) -> bytes:  # noqa: ARG002 - see Framing
        return data + b"\n"

    def end(self, status: bytes) -> bytes:
        return b'{"status":' + status + b"}\n"


class Array:
    """One JSON array. One that broke is not closed: it ends with the error, and is no JSON."""

    content_type = JSON
    heartbeat = b"\n"

    def __init__(self) -> None:
        self._separator = b"["

    def message(self, data: bytes, cursor: str) -> bytes:  # noqa: ARG002 - see Framing
        separator, self._separator = self._separator, b","
        return separator + data

    def end(self, status: bytes) -> bytes:
        if status != OK_STATUS:
            return self._separator + b'{"error":' + status + b"}"
        return b"]" if self._separator == b"," else b"[]"


def choose_framing(accept: str) -> Framing:
    """Chooses by Accept: the kind named first of those that there are, else NDJSON."""
    for part in accept.split(","):
        framing = FRAMINGS.get(part.partition(";")[0].strip().lower())
        if framing is not None:
            return framing()
    return Lines()


FRAMINGS: dict[str, type[ServerSentEvents | Lines | Array]] = {
    SSE_TYPE: ServerSentEvents,
    NDJSON_TYPE: Lines,
    JSON: Array,
}


async def respond(core: Core, request: Request, match: Match, send: Send) -> Response | None:
    """Calls a server stream and writes it to its end; HEAD is answered without a call.

    Raises:
        StatusError: It failed before anything was written.
    """
    route = match.route
    authorization = request.headers.get("authorization")
    caller = await core.authenticator.caller(authorization, route.method.rule)
    framing = choose_framing(request.headers.get("accept", ""))
    if request.method == "HEAD":
        return Response(200, content_type=framing.content_type)
    body = await request.read_json_body(raw=route.raw_body) if route.takes_body else None
    bound = bind(match, request.query, body, core.codec)
    if LAST_EVENT_ID in request.headers:
        cursor = request.headers[LAST_EVENT_ID]
        resume(route.method, bound.message, cursor, LAST_EVENT_ID)
    feed = core.feeds.open(request, route, bound, caller)
    writer = StreamWriter(core, request, send, framing)
    await writer.write(feed, enum_numbers=bound.enum_numbers)
    return None


class StreamWriter:
    """Writes one feed as the body of one answer."""

    def __init__(self, core: Core, request: Request, send: Send, framing: Framing) -> None:
        self._core = core
        self._request = request
        self._send = send
        self._framing = framing

    async def write(self, feed: Feed, *, enum_numbers: bool) -> None:
        """Writes all of a feed and its final status.

        Raises:
            StatusError: The feed failed before anything was written.
        """
        watch = asyncio.create_task(self._watch(feed))
        first = asyncio.create_task(feed.read())
        try:
            await asyncio.wait({first}, timeout=FIRST_SECONDS)
            if first.done():
                first.result()
            await self._start()
            async with beating(self._beat()):
                status = await self._write_items(feed, first, enum_numbers=enum_numbers)
            await self._write(self._framing.end(status), more=False)
        except TimeoutError:
            self._request.abort()
        finally:
            feed.close()
            for task in (first, watch):
                await cancelled(task)

    async def _start(self) -> None:
        headers = [
            *base_headers(self._request, self._framing.content_type),
            NO_BUFFER,
            *self._core.cors.headers(self._request),
        ]
        self._request.answer(OK_HTTP)
        await self._send({"type": "http.response.start", "status": OK_HTTP, "headers": headers})

    async def _write_items(
        self, feed: Feed, first: "asyncio.Task[Item | None]", *, enum_numbers: bool
    ) -> bytes:
        try:
            item = await first
            while item is not None:
                data = self._core.codec.encode(item.message, item.field, enum_numbers=enum_numbers)
                await self._write(self._framing.message(data, item.cursor))
                item = await feed.read()
        except StatusError as error:
            self._request.outcome = error.code
            return self._core.renderer.status(error)
        return OK_STATUS

    async def _write(self, chunk: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(STALL_SECONDS):
            await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def _beat(self) -> None:
        while self._framing.heartbeat:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._write(self._framing.heartbeat)

    async def _watch(self, feed: Feed) -> None:
        """Ends the feed when the client goes."""
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        feed.close()


@contextlib.asynccontextmanager
async def beating(beat: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(beat)
    try:
        yield
    finally:
        await cancelled(task)


async def cancelled(task: "asyncio.Future[Any]") -> None:
    """Cancels a task and waits for its end, whatever that is."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
