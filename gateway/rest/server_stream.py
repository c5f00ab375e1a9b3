"""Server streams over HTTP: SSE, NDJSON or an array, by Accept; and files as they are."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import structlog

from gateway.bodies import Upload
from gateway.context import Core
from gateway.http.errors import Metadata, StatusError, internal
from gateway.http.messages import ClientGoneError, Request, Response, Send, base_headers
from gateway.http.metadata import shown, with_trailers
from gateway.http.tasks import cancel_and_wait
from gateway.rest.stream_formats import Framing, choose_framing
from gateway.rest.unary import BINARY, raw_of, raw_type
from gateway.routing.params import Bound, bind
from gateway.routing.routes import Match
from gateway.streams.bidi import Dialog
from gateway.streams.fan_out import Item
from gateway.streams.subscription import OK_STATUS, Feed, resume

HEARTBEAT_SECONDS = 15.0
FIRST_SECONDS = 0.3
SOON_SECONDS = 0.01
STALL_SECONDS = 10.0
OK_HTTP = 200
NO_BUFFER = (b"x-accel-buffering", b"no")

LAST_EVENT_ID = "last-event-id"

log = structlog.get_logger()


async def respond(core: Core, request: Request, match: Match, send: Send) -> Response | None:
    """Calls a server stream and writes it to its end; HEAD is answered without a call.

    What a client that streams sends is passed on at the same time.

    Raises:
        StatusError: It failed before anything was written.
    """
    route = match.route
    authorization = request.headers.get("authorization")
    caller = await core.authenticator.caller(authorization, route.method.rule)
    framing = choose_framing(request.headers.get("accept", ""))
    if request.method == "HEAD":
        return Response(200, content_type="" if route.raw_answer else framing.content_type)
    upload = Upload(request, match, core.codec) if route.method.client_streaming else None
    feed: Feed | Dialog
    if upload is None:
        bound = await bind_whole(core, request, match)
        feed = core.feeds.open(request, route, bound, caller)
    else:
        bound = upload.bound
        feed = core.feeds.dialog(request, route, caller)
    if route.raw_answer:
        await RawWriter(core, request, send, upload).write(feed, match)
    else:
        writer = FramedWriter(core, request, send, upload)
        await writer.write(feed, framing, enum_numbers=bound.enum_numbers)
    return None


async def bind_whole(core: Core, request: Request, match: Match) -> Bound:
    """Makes the one request message, which goes on where the client says that it was."""
    route = match.route
    body = await request.read_json_body(raw=route.raw_body) if route.takes_body else None
    bound = bind(match, request.query, body, core.codec)
    if LAST_EVENT_ID in request.headers:
        cursor = request.headers[LAST_EVENT_ID]
        resume(route.method, bound.message, cursor, LAST_EVENT_ID)
    return bound


class Writer:
    """Writes one feed as the body of one answer, while what the client sends is passed on."""

    def __init__(self, core: Core, request: Request, send: Send, upload: Upload | None) -> None:
        self._core = core
        self._request = request
        self._send = send
        self._upload = upload
        self._sent = asyncio.Event()

    @contextlib.asynccontextmanager
    async def _reading(self, feed: Feed | Dialog) -> "AsyncGenerator[asyncio.Task[Item | None]]":
        """Reads the first message of a feed, which is closed in the end."""
        watch = asyncio.create_task(self._watch(feed))
        first = asyncio.create_task(feed.read())
        try:
            yield first
        except TimeoutError:
            self._request.abort()
        finally:
            feed.close()
            for task in (first, watch):
                await cancel_and_wait(task)

    async def _watch(self, feed: Feed | Dialog) -> None:
        """Passes on what the client sends, and ends the feed when the client goes."""
        try:
            if self._upload is not None and isinstance(feed, Dialog):
                await self._upload.send(feed)
            self._sent.set()
            while (await self._request.receive())["type"] != "http.disconnect":
                pass
            feed.close()
        except ClientGoneError:
            feed.close()
        except StatusError as error:
            feed.end(error)
        except Exception:
            log.exception("stream.failed", request_id=self._request.id)
            feed.end(internal())

    async def _start(self, content_type: str, metadata: Metadata) -> None:
        headers = [
            *base_headers(self._request, content_type),
            NO_BUFFER,
            *((name.encode(), value.encode()) for name, value in shown(metadata, [])),
        ]
        self._request.answer(OK_HTTP)
        await self._send({"type": "http.response.start", "status": OK_HTTP, "headers": headers})

    async def _write(self, chunk: bytes, *, more: bool = True) -> None:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError:
            raise
        except OSError:
            raise ClientGoneError from None


class FramedWriter(Writer):
    """Writes the messages of a feed as JSON, and its final status."""

    async def write(self, feed: Feed | Dialog, framing: Framing, *, enum_numbers: bool) -> None:
        """Writes all of it.

        Raises:
            StatusError: The feed failed before anything was written.
        """
        async with self._reading(feed) as first:
            await self._wait(first)
            if first.done():
                first.result()
            await self._start(framing.content_type, await metadata_soon(feed))
            async with beating(self._beat(framing)):
                end = await self._write_items(feed, first, framing, enum_numbers=enum_numbers)
            await self._write(end, more=False)

    async def _wait(self, first: "asyncio.Task[Item | None]") -> None:
        """Waits a moment for the first message, and before that until the client has spoken."""
        if self._upload is not None:
            sent = asyncio.create_task(self._sent.wait())
            await asyncio.wait({first, sent}, return_when=asyncio.FIRST_COMPLETED)
            await cancel_and_wait(sent)
        await asyncio.wait({first}, timeout=FIRST_SECONDS)

    async def _write_items(
        self,
        feed: Feed | Dialog,
        first: "asyncio.Task[Item | None]",
        framing: Framing,
        *,
        enum_numbers: bool,
    ) -> bytes:
        """Writes the messages, and tells what ends the answer."""
        try:
            item = await first
            while item is not None:
                data = self._core.codec.encode(item.message, item.field, enum_numbers=enum_numbers)
                await self._write(framing.message(data, item.cursor))
                item = await feed.read()
        except StatusError as error:
            self._request.outcome = error.code
            languages = self._request.headers.get("accept-language", "")
            status = self._core.renderer.status(error, languages)
            return framing.end(with_trailers(status, error.trailers), ok=False)
        return framing.end(with_trailers(OK_STATUS, feed.trailers()), ok=True)

    async def _beat(self, framing: Framing) -> None:
        while framing.heartbeat:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._write(framing.heartbeat)


class RawWriter(Writer):
    """Writes a feed of `google.api.HttpBody` as one file, of the first message's content type.

    One that breaks in the middle is cut off: the connection is dropped.
    """

    async def write(self, feed: Feed | Dialog, match: Match) -> None:
        """Writes all of it.

        Raises:
            StatusError: The feed failed before anything was written.
        """
        async with self._reading(feed) as first:
            item = await first
            kind = raw_type(raw_of(match.route, item.message)) if item is not None else BINARY
            await self._start(kind, await metadata_soon(feed))
            try:
                while item is not None:
                    await self._write(raw_of(match.route, item.message).data)
                    item = await feed.read()
            except StatusError as error:
                self._request.outcome = error.code
                self._request.abort()
                return
            await self._write(b"", more=False)


async def metadata_soon(feed: Feed | Dialog) -> Metadata:
    """The metadata before the first message, if it is there or comes at once."""
    try:
        async with asyncio.timeout(SOON_SECONDS):
            return await feed.headers()
    except TimeoutError:
        return []
    except StatusError as error:
        return error.initial


@contextlib.asynccontextmanager
async def beating(beat: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(beat)
    try:
        yield
    finally:
        await cancel_and_wait(task)
