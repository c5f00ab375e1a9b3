"""Server streams over HTTP: SSE, NDJSON or an array, by Accept; and files unchanged."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import structlog

from gateway.bodies import Upload
from gateway.context import GatewayContext
from gateway.http.errors import Metadata, StatusError, internal
from gateway.http.messages import ClientGoneError, Request, Response, Send, base_headers
from gateway.http.metadata import metadata_headers, with_trailers
from gateway.http.tasks import cancel_and_wait
from gateway.rest.stream_formats import StreamFormat, choose_format
from gateway.rest.unary import BINARY, raw_of, raw_type
from gateway.routing.params import BoundRequest, bind_request
from gateway.routing.routes import RouteMatch
from gateway.streams.cursors import set_resume_cursor
from gateway.streams.fan_out import StreamItem
from gateway.streams.subscription import OK_STATUS, StreamSubscription
from gateway.streams.unshared_call import UnsharedCall

HEARTBEAT_SECONDS = 15.0
FIRST_SECONDS = 0.3
SOON_SECONDS = 0.01
STALL_SECONDS = 10.0
OK_HTTP = 200
NO_BUFFER = (b"x-accel-buffering", b"no")

LAST_EVENT_ID = "last-event-id"

log = structlog.get_logger()


async def respond(
    context: GatewayContext, request: Request, match: RouteMatch, send: Send
) -> Response | None:
    """Call a method with a server stream and write the stream to its end. HEAD makes no call.

    The client's own messages are sent upstream at the same time.

    Raises:
        StatusError: The call failed before anything was written.
    """
    route = match.route
    authorization = request.headers.get("authorization")
    caller = await context.authenticator.authenticate(authorization, route.method.rule)
    stream_format = choose_format(request.headers.get("accept", ""))
    if request.method == "HEAD":
        return Response(200, content_type="" if route.raw_response else stream_format.content_type)
    upload = Upload(request, match, context.codec) if route.method.client_streaming else None
    stream: StreamSubscription | UnsharedCall
    if upload is None:
        bound = await bind_single(context, request, match)
        stream = context.subscriptions.open_stream(request, route, bound, caller)
    else:
        bound = upload.bound
        stream = context.subscriptions.open_unshared_call(request, route, caller)
    if route.raw_response:
        await RawStreamWriter(context, request, send, upload).write(stream, match)
    else:
        writer = JsonStreamWriter(context, request, send, upload)
        await writer.write(stream, stream_format, enum_numbers=bound.enum_numbers)
    return None


async def bind_single(context: GatewayContext, request: Request, match: RouteMatch) -> BoundRequest:
    """Return the single request message, resumed after `Last-Event-ID` if the client sent it."""
    route = match.route
    body = await request.read_json_body(raw=route.raw_body) if route.takes_body else None
    bound = bind_request(match, request.query, body, context.codec)
    if LAST_EVENT_ID in request.headers:
        cursor = request.headers[LAST_EVENT_ID]
        set_resume_cursor(route.method, bound.message, cursor, LAST_EVENT_ID)
    return bound


class StreamWriter:
    """Writes one stream as the body of a response while the client's messages are sent upstream."""

    def __init__(
        self, context: GatewayContext, request: Request, send: Send, upload: Upload | None
    ) -> None:
        self._context = context
        self._request = request
        self._send = send
        self._upload = upload
        self._uploaded = asyncio.Event()

    @contextlib.asynccontextmanager
    async def _reading(
        self, stream: StreamSubscription | UnsharedCall
    ) -> "AsyncGenerator[asyncio.Task[StreamItem | None]]":
        """Read the first message of a stream, and close the stream at the end."""
        watching = asyncio.create_task(self._watch_client(stream))
        first = asyncio.create_task(stream.read())
        try:
            yield first
        except TimeoutError:
            self._request.abort()
        finally:
            stream.close()
            for task in (first, watching):
                await cancel_and_wait(task)

    async def _watch_client(self, stream: StreamSubscription | UnsharedCall) -> None:
        """Send the client's messages upstream, and end the stream when the client disconnects."""
        try:
            if self._upload is not None and isinstance(stream, UnsharedCall):
                await self._upload.send(stream)
            self._uploaded.set()
            while (await self._request.receive())["type"] != "http.disconnect":
                pass
            stream.close()
        except ClientGoneError:
            stream.close()
        except StatusError as error:
            stream.end(error)
        except Exception:
            log.exception("stream.failed", request_id=self._request.id)
            stream.end(internal())

    async def _start(self, content_type: str, metadata: Metadata) -> None:
        headers = [
            *base_headers(self._request, content_type),
            NO_BUFFER,
            *((name.encode(), value.encode()) for name, value in metadata_headers(metadata, [])),
        ]
        self._request.start_response(OK_HTTP)
        await self._send({"type": "http.response.start", "status": OK_HTTP, "headers": headers})

    async def _write(self, chunk: bytes, *, more: bool = True) -> None:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError:
            raise
        except OSError:
            raise ClientGoneError from None


class JsonStreamWriter(StreamWriter):
    """Writes the messages of a stream as JSON, and its final status."""

    async def write(
        self,
        stream: StreamSubscription | UnsharedCall,
        stream_format: StreamFormat,
        *,
        enum_numbers: bool,
    ) -> None:
        """Write the whole stream.

        Raises:
            StatusError: It failed before anything was written.
        """
        async with self._reading(stream) as first:
            await self._wait(first)
            if first.done():
                first.result()
            await self._start(stream_format.content_type, await metadata_if_ready(stream))
            async with run_heartbeat(self._beat(stream_format)):
                end = await self._write_items(
                    stream, first, stream_format, enum_numbers=enum_numbers
                )
            await self._write(end, more=False)

    async def _wait(self, first: "asyncio.Task[StreamItem | None]") -> None:
        """Wait until the upload has ended, and then up to 0.3 seconds for the first message."""
        if self._upload is not None:
            sent = asyncio.create_task(self._uploaded.wait())
            await asyncio.wait({first, sent}, return_when=asyncio.FIRST_COMPLETED)
            await cancel_and_wait(sent)
        await asyncio.wait({first}, timeout=FIRST_SECONDS)

    async def _write_items(
        self,
        stream: StreamSubscription | UnsharedCall,
        first: "asyncio.Task[StreamItem | None]",
        stream_format: StreamFormat,
        *,
        enum_numbers: bool,
    ) -> bytes:
        """Write the messages. Return the last chunk of the body."""
        try:
            item = await first
            while item is not None:
                data = self._context.codec.encode(
                    item.message, item.field, enum_numbers=enum_numbers
                )
                await self._write(stream_format.message(data, item.cursor))
                item = await stream.read()
        except StatusError as error:
            self._request.outcome = error.code
            languages = self._request.headers.get("accept-language", "")
            status = self._context.renderer.render_status(error, languages)
            return stream_format.end(with_trailers(status, error.trailers), ok=False)
        return stream_format.end(with_trailers(OK_STATUS, stream.trailers()), ok=True)

    async def _beat(self, stream_format: StreamFormat) -> None:
        while stream_format.heartbeat:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._write(stream_format.heartbeat)


class RawStreamWriter(StreamWriter):
    """Writes a stream of `google.api.HttpBody` as one file, with the content type of the first.

    If the stream fails in the middle, the connection is dropped.
    """

    async def write(self, stream: StreamSubscription | UnsharedCall, match: RouteMatch) -> None:
        """Write the whole stream.

        Raises:
            StatusError: It failed before anything was written.
        """
        async with self._reading(stream) as first:
            item = await first
            kind = raw_type(raw_of(match.route, item.message)) if item is not None else BINARY
            await self._start(kind, await metadata_if_ready(stream))
            try:
                while item is not None:
                    await self._write(raw_of(match.route, item.message).data)
                    item = await stream.read()
            except StatusError as error:
                self._request.outcome = error.code
                self._request.abort()
                return
            await self._write(b"", more=False)


async def metadata_if_ready(stream: StreamSubscription | UnsharedCall) -> Metadata:
    """Return the initial metadata if it arrives within 10 ms, or else nothing."""
    try:
        async with asyncio.timeout(SOON_SECONDS):
            return await stream.initial_metadata()
    except TimeoutError:
        return []
    except StatusError as error:
        return error.initial


@contextlib.asynccontextmanager
async def run_heartbeat(beat: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(beat)
    try:
        yield
    finally:
        await cancel_and_wait(task)
