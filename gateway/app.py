"""The gateway as an ASGI application.

It runs under any ASGI server. An HTTP request passes these steps:

1. `__call__` reads the head, with request id and trace. At the end it measures and logs the
request,
   whatever its outcome.
2. `_serve` adds the CORS headers, turns an error into an AIP-193 response, and encodes and sends
the
   response.
3. `_respond` handles OPTIONS and the gateway's own pages, and finds the route.
4. `rest.unary` and `rest.client_stream` authenticate, bind, call and return a response.
   `rest.server_stream` sends its response itself, message by message.

A WebSocket passes `__call__`, `_serve_socket` and a socket of `gateway.websocket`.
"""

import time

import structlog

from gateway.context import GatewayContext
from gateway.docs.pages import GatewayPages
from gateway.http.encoding import compress_response
from gateway.http.errors import StatusError, internal
from gateway.http.messages import (
    SEND_RESPONSE,
    ClientGoneError,
    Receive,
    Request,
    Response,
    ResponseAbortedError,
    Scope,
    Send,
    error_response,
    extensions_of,
)
from gateway.http.trace import trace_of
from gateway.rest import client_stream, server_stream, unary
from gateway.routing.table import not_allowed, with_implied
from gateway.websocket import PATH as SOCKET_PATH
from gateway.websocket import ManySocket, OneSocket
from gateway.websocket.port import STATUS_BASE

READING = frozenset({"GET", "HEAD"})
CLIENT_GONE = 499
DRAIN_SECONDS = 1.0
REFUSAL = "websocket.http.response"

log = structlog.get_logger()


class Gateway:
    """ASGI application that serves HTTP and WebSocket."""

    def __init__(self, context: GatewayContext) -> None:
        self.context = context
        self._pages = GatewayPages(context)
        self._log = log.bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._follow_lifespan(receive, send)
            return
        request = Request.read(scope, receive)
        started = time.perf_counter()
        try:
            if scope["type"] == "websocket":
                await self._serve_socket(request, send)
            else:
                await self._serve(request, send)
        except ClientGoneError:
            request.status = request.status or CLIENT_GONE
        finally:
            self._record(request, started)

    async def _serve(self, request: Request, send: Send) -> None:
        request.cors = self.context.cors.cors_headers(request)
        try:
            response = await self._respond(request, send)
        except StatusError as error:
            response = self._fail(request, error)
        except (ClientGoneError, ResponseAbortedError):
            raise
        except Exception:
            log.exception("request.failed", request_id=request.id, route=request.route)
            response = self._fail(request, internal())
        if response is not None and not request.status:
            response = compress_response(request, response)
            request.start_response(response.status)
            headers = response.encoded_headers(request)
            send_at_once = extensions_of(request.scope).get(SEND_RESPONSE)
            if not (send_at_once and send_at_once(response.status, headers, response.body)):
                await send_whole(request, response, headers, send)

    async def _respond(self, request: Request, send: Send) -> Response | None:
        """Return the response, or None after it was streamed."""
        if request.method == "OPTIONS":
            return self._options(request)
        page = self._pages.find_page(request.path)
        if page is not None:
            request.route = request.path
            if request.method not in READING:
                raise not_allowed(request.method, {"GET"})
            return await page()
        match = self.context.table.find_route(request.method, request.path)
        request.route = match.route.template.text
        method = match.route.method
        if method.server_streaming:
            return await server_stream.respond(self.context, request, match, send)
        if method.client_streaming:
            return await client_stream.respond(self.context, request, match)
        return await unary.respond(self.context, request, match)

    def _options(self, request: Request) -> Response:
        if self._pages.find_page(request.path) is not None:
            request.route, verbs = request.path, with_implied({"GET"})
        else:
            verbs = self.context.table.allowed_verbs(request.path)
        allowed = ", ".join(sorted(verbs))
        preflight = self.context.cors.preflight(request, allowed)
        return preflight or Response(204, content_type="", headers=[("allow", allowed)])

    def _fail(self, request: Request, error: StatusError) -> Response:
        request.outcome = error.code
        languages = request.headers.get("accept-language", "")
        return error_response(error, self.context.renderer, languages)

    async def _serve_socket(self, request: Request, send: Send) -> None:
        try:
            if request.path == SOCKET_PATH:
                request.route = SOCKET_PATH
                await ManySocket(self.context, request, send).serve()
            else:
                match = self.context.table.find_any_route(request.path)
                request.route = match.route.template.text
                await OneSocket(self.context, request, match, send).serve()
        except StatusError as error:
            await self._refuse(request, error, send)

    async def _refuse(self, request: Request, error: StatusError, send: Send) -> None:
        """Reject a handshake with an error.

        A server without ASGI's `websocket.http.response` extension responds with 403 instead.
        """
        response = self._fail(request, error)
        request.start_response(response.status)
        if REFUSAL not in extensions_of(request.scope):
            await send({"type": "websocket.close", "code": STATUS_BASE + error.code})
            return
        start = {"status": response.status, "headers": response.encoded_headers(request)}
        await send({"type": f"{REFUSAL}.start", **start})
        await send({"type": f"{REFUSAL}.body", "body": response.body})

    def _record(self, request: Request, started: float) -> None:
        """Record the time until the response began, which for a stream is not its end.

        The gateway's own pages are left out: probes request them constantly, and they are no API
        traffic.
        """
        ended = time.perf_counter()
        seconds = (request.responded_at or ended) - started
        if self._pages.find_page(request.route) is None:
            self.context.meter.record_request(
                request.method, request.route, request.status, seconds
            )
        self._log.info(
            "request",
            request_id=request.id,
            trace_id=trace_of(request.trace),
            method=request.method,
            route=request.route,
            status=request.status,
            code=request.outcome,
            milliseconds=round((ended - started) * 1000, 2),
        )

    async def _follow_lifespan(self, receive: Receive, send: Send) -> None:
        """End all streams and close the upstreams when the server stops."""
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await self.context.subscriptions.drain(DRAIN_SECONDS)
        await self.context.upstreams.close()
        await send({"type": "lifespan.shutdown.complete"})


async def send_whole(
    request: Request, response: Response, headers: list[tuple[bytes, bytes]], send: Send
) -> None:
    """Send a response as ASGI's two messages. The response to HEAD has no body.

    Raises:
        ClientGoneError: The client closed the connection.
    """
    body = b"" if request.method == "HEAD" else response.body
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    except OSError:
        raise ClientGoneError from None
