"""The path of a method as a WebSocket: one call, from the handshake to the close frame."""

import asyncio
from typing import Any

from gateway.auth.auth import Authenticator, RequestCaller
from gateway.bodies.message_builder import MessageBuilder
from gateway.context import GatewayContext
from gateway.http.errors import CANCELLED, OK, StatusError, failure, unauthenticated
from gateway.http.messages import JSON, Body, ClientGoneError, Request, Send
from gateway.http.tasks import cancel_and_wait
from gateway.routing.params import BoundRequest, bind_request
from gateway.routing.routes import RouteMatch
from gateway.websocket.commands import ClientCommand, unexpected_command
from gateway.websocket.message_codecs import BinaryMessageCodec, choose_message_codec
from gateway.websocket.operations import CallOperation, StreamOperation
from gateway.websocket.port import NORMAL, STATUS_BASE
from gateway.websocket.session import WebSocketConnection

AUTHENTICATE_SECONDS = 10.0


class OneSocket:
    """One connection and its one call.

    It is closed with 1000 if the call ended with OK, else with 4000 plus its gRPC code.
    """

    def __init__(
        self, context: GatewayContext, request: Request, match: RouteMatch, send: Send
    ) -> None:
        self._context = context
        self._request = request
        self._match = match
        self._method = match.route.method
        message_codec = choose_message_codec(
            request.scope.get("subprotocols", []), context.codec, context.renderer
        )
        self._connection = WebSocketConnection(request, send, message_codec)
        self._message_codec = message_codec
        self._call: StreamOperation | CallOperation | None = None
        self._over: asyncio.Future[StatusError | None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Serve the call to its end.

        Raises:
            StatusError: Path, query or authorization are invalid.
        """
        caller, admitted = await self._admit()
        self._builder = MessageBuilder(self._match, self._request.query, self._context.codec)
        bound = None if self._waits else self._builder.bound
        await self._connection.accept()
        self._connection.on_ready(self._wake)
        serving = asyncio.create_task(self._serve_client(caller, bound, admitted=admitted))
        try:
            waited: set[asyncio.Future[Any]] = {serving, self._over}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            await self._close(self._over.result())
        except ClientGoneError:
            pass
        finally:
            await cancel_and_wait(serving)
            if self._call is not None:
                await self._call.close()

    @property
    def _waits(self) -> bool:
        """True if the client sends the request as messages."""
        return self._match.route.takes_body or self._method.client_streaming

    def _wake(self) -> None:
        if self._call is not None:
            self._call.wake()

    async def _admit(self) -> tuple[RequestCaller | None, bool]:
        """Return the caller, and False if the client must send an `authenticate` command first."""
        rule, authorization = self._method.rule, self._request.headers.get("authorization")
        later = not authorization and rule is not None and not rule.public
        if later and isinstance(self._context.authenticator, Authenticator):
            return None, False
        return await self._context.authenticator.authenticate(authorization, rule), True

    async def _serve_client(
        self, caller: RequestCaller | None, bound: BoundRequest | None, *, admitted: bool
    ) -> None:
        try:
            if not admitted:
                caller = await self._authenticate()
            if bound is None and not self._method.client_streaming:
                bound = await self._first()
            await self._begin(caller, bound)
        except StatusError as error:
            self._connection.push(self._message_codec.encode_end(b"", error, []))
            self._end(error)
            return
        while True:
            await self._take(await self._command())

    async def _begin(self, caller: RequestCaller | None, bound: BoundRequest | None) -> None:
        method, subscriptions = self._method, self._context.subscriptions
        if bound is not None and method.server_streaming and not method.client_streaming:
            subscription = subscriptions.open_stream(
                self._request, self._match.route, bound, caller
            )
            self._call = StreamOperation(
                self._connection, b"", subscription, self._end, enum_numbers=bound.enum_numbers
            )
        else:
            unshared_call = subscriptions.open_unshared_call(
                self._request, self._match.route, caller
            )
            self._call = call = CallOperation(self._connection, b"", unshared_call, self._end)
            if bound is not None:
                await call.send_message(bound.message)
                await call.half_close()
        self._call.start()

    async def _authenticate(self) -> RequestCaller | None:
        try:
            async with asyncio.timeout(AUTHENTICATE_SECONDS):
                command = await self._command()
        except TimeoutError:
            raise unauthenticated("TOKEN_MISSING", "A bearer token is required.") from None
        if command.kind != "authenticate":
            raise unauthenticated(
                "TOKEN_MISSING", "A bearer token is required: authenticate first."
            )
        caller = await self._context.authenticator.authenticate(
            f"Bearer {command.token}", self._method.rule
        )
        self._connection.push(self._message_codec.encode_authenticated())
        return caller

    async def _first(self) -> BoundRequest:
        command = await self._command()
        if command.kind != "message":
            raise unexpected_command(command, "the request message comes first")
        return self._bind(command)

    async def _command(self) -> ClientCommand:
        """Wait for a command. Respond to invalid ones and to pings."""
        while True:
            received = await self._connection.receive_command()
            if isinstance(received, StatusError):
                self._connection.push(self._message_codec.encode_error(received))
            elif received.kind == "ping":
                self._connection.push(self._message_codec.encode_pong())
            else:
                return received
            await self._connection.wait_writable()

    async def _take(self, command: ClientCommand) -> None:
        call = self._call
        if command.kind == "cancel":
            if call is not None:
                await call.close()
            error = failure(CANCELLED, "CANCELLED", "The client cancelled the call.")
            self._connection.push(self._message_codec.encode_end(b"", error, []))
            self._end(error)
        elif command.kind not in {"message", "end"}:
            self._connection.push(
                self._message_codec.encode_error(unexpected_command(command, "this is one call"))
            )
        elif not isinstance(call, CallOperation) or call.unshared_call.half_closed:
            error = unexpected_command(command, "the client has message all of this call")
            self._connection.push(self._message_codec.encode_error(error))
        elif command.kind == "end":
            for message in self._builder.remaining():
                await call.send_message(message)
            await call.half_close()
        else:
            await self._send_message(call, command)

    async def _send_message(self, call: CallOperation, command: ClientCommand) -> None:
        """Send a message upstream. The first one includes path and query, as over HTTP."""
        try:
            if isinstance(self._message_codec, BinaryMessageCodec):
                message = self._message_codec.decode_request(self._method, command.content)
                messages = list(self._builder.from_message(message))
            else:
                messages = list(self._builder.from_json(command.content or b"{}"))
        except StatusError as error:
            call.unshared_call.end(error)
            return
        for message in messages:
            await call.send_message(message)

    def _bind(self, command: ClientCommand) -> BoundRequest:
        """Build the one request message from path, query and message. The path takes precedence."""
        query = self._request.query
        if not isinstance(self._message_codec, BinaryMessageCodec):
            return bind_request(
                self._match, query, Body(command.content or b"", JSON), self._context.codec
            )
        (message,) = self._builder.from_message(
            self._message_codec.decode_request(self._method, command.content)
        )
        return BoundRequest(message)

    def _end(self, error: StatusError | None) -> None:
        self._request.outcome = error.code if error is not None else OK
        if not self._over.done():
            self._over.set_result(error)

    async def _close(self, error: StatusError | None) -> None:
        code = NORMAL if error is None else STATUS_BASE + error.code
        await self._connection.close(code)
