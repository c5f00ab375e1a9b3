"""`/v1/ws`: many calls on one WebSocket, as specified in docs/architecture.md."""

from dataclasses import replace

import structlog

from gateway.auth.auth import RequestCaller
from gateway.context import GatewayContext
from gateway.http.errors import (
    ALREADY_EXISTS,
    CANCELLED,
    RESOURCE_EXHAUSTED,
    StatusError,
    failure,
    internal,
    invalid_field,
    unauthenticated,
)
from gateway.http.messages import ClientGoneError, Request, Send
from gateway.http.metadata import METADATA_PREFIX
from gateway.routing.params import BoundRequest, bind_request
from gateway.websocket.commands import ClientCommand, check_id, check_path, unexpected_command
from gateway.websocket.message_codecs import choose_message_codec
from gateway.websocket.operations import CallOperation, Ended, StreamOperation
from gateway.websocket.session import WebSocketConnection

PATH = "/v1/ws"
CALLS_MAX = 32
TIMEOUT = "x-request-timeout"

log = structlog.get_logger()


class ManySocket:
    """One connection and the calls that are open on it."""

    def __init__(self, context: GatewayContext, request: Request, send: Send) -> None:
        self._context = context
        self._request = request
        message_codec = choose_message_codec(
            request.scope.get("subprotocols", []), context.codec, context.renderer
        )
        self._connection = WebSocketConnection(request, send, message_codec)
        self._message_codec = message_codec
        self._caller: RequestCaller | None = None
        self._calls: dict[str, StreamOperation | CallOperation] = {}

    async def serve(self) -> None:
        """Serve the connection until either side closes it.

        Raises:
            StatusError: The authorization of the handshake is invalid.
        """
        authorization = self._request.headers.get("authorization")
        if authorization:
            self._caller = await self._context.authenticator.verify(authorization)
        await self._connection.accept()
        self._connection.on_ready(self._wake)
        try:
            while True:
                received = await self._connection.receive_command()
                error = (
                    received if isinstance(received, StatusError) else await self._handle(received)
                )
                if error is not None:
                    self._connection.push(self._message_codec.encode_error(error))
                await self._connection.wait_writable()
        except ClientGoneError:
            pass
        finally:
            for call in list(self._calls.values()):
                await call.close()

    def _wake(self) -> None:
        for call in list(self._calls.values()):
            call.wake()

    async def _handle(self, command: ClientCommand) -> StatusError | None:
        try:
            match command.kind:
                case "authenticate":
                    await self._authenticate(command)
                case "subscribe" | "call":
                    await self._open(command)
                case "message" | "end":
                    await self._send_message(command)
                case "cancel":
                    await self._cancel(command)
                case _:
                    self._connection.push(self._message_codec.encode_pong())
        except StatusError as error:
            return error
        return None

    async def _authenticate(self, command: ClientCommand) -> None:
        if not command.token:
            raise invalid_field("token", "must be a token.")
        if not command.token.isascii():
            raise unauthenticated("TOKEN_INVALID", "token must be a token.")
        self._caller = await self._context.authenticator.verify(f"Bearer {command.token}")
        self._connection.push(self._message_codec.encode_authenticated())

    async def _open(self, command: ClientCommand) -> None:
        """Open a call. An error ends only that call."""
        name = check_id(command)
        if name in self._calls:
            raise failure(ALREADY_EXISTS, "ID_IN_USE", f"id: {name!r} is in use already.")
        if len(self._calls) >= CALLS_MAX:
            raise failure(
                RESOURCE_EXHAUSTED,
                "TOO_MANY_CALLS",
                f"One socket has at most {CALLS_MAX} calls.",
                metadata={"id": name, "limit": str(CALLS_MAX)},
            )
        if command.kind == "subscribe":
            check_path(command)
        tag = self._message_codec.encode_tag(name)
        opens = self._subscribe if command.kind == "subscribe" else self._call
        try:
            call = await opens(command, tag)
        except StatusError as error:
            self._connection.push(self._message_codec.encode_end(tag, error, []))
        except Exception:
            log.exception("websocket.failed", request_id=self._request.id)
            self._connection.push(self._message_codec.encode_end(tag, internal(), []))
        else:
            self._calls[name] = call
            call.start()

    async def _subscribe(self, command: ClientCommand, tag: bytes) -> StreamOperation:
        """Open the server stream at a path."""
        path, _, query = command.path.partition("?")
        match = self._context.table.find_route("GET", path)
        method = match.route.method
        if not method.server_streaming or method.client_streaming:
            raise invalid_field("path", f"{path} is not a server stream.")
        caller = await self._context.authenticator.authenticate(self._authorization, method.rule)
        bound = bind_request(match, query.encode(), None, self._context.codec)
        subscription = self._context.subscriptions.open_stream(
            self._request, match.route, bound, caller
        )
        return StreamOperation(
            self._connection,
            tag,
            subscription,
            self._forgetting(command.id),
            enum_numbers=bound.enum_numbers,
        )

    async def _call(self, command: ClientCommand, tag: bytes) -> StreamOperation | CallOperation:
        """Call a method by its name."""
        context, message_codec = self._context, self._message_codec
        route = context.table.find_method_route(command.method)
        method = route.method
        caller = await context.authenticator.authenticate(self._authorization, method.rule)
        request = with_call_headers(self._request, command)
        message = None
        if command.content is not None or not method.client_streaming:
            message = message_codec.decode_request(method, command.content)
        if message is not None and method.server_streaming and not method.client_streaming:
            whole = replace(route, response_body=None)
            subscription = context.subscriptions.open_stream(
                request, whole, BoundRequest(message), caller
            )
            ended = self._forgetting(command.id)
            return StreamOperation(self._connection, tag, subscription, ended, enum_numbers=False)
        unshared_call = context.subscriptions.open_unshared_call(
            request, replace(route, response_body=None), caller
        )
        call = CallOperation(self._connection, tag, unshared_call, self._forgetting(command.id))
        if message is not None:
            await call.send_message(message)
        if command.end or not method.client_streaming:
            await call.half_close()
        return call

    async def _send_message(self, command: ClientCommand) -> None:
        """Send a message upstream, or half-close the call."""
        call = self._calls.get(check_id(command))
        if call is None:
            raise invalid_field("id", "is not an open call.")
        if isinstance(call, StreamOperation) or call.unshared_call.half_closed:
            raise unexpected_command(command, "the client has half-closed this call")
        if command.kind == "end":
            await call.half_close()
            return
        try:
            message = self._message_codec.decode_request(call.unshared_call.method, command.content)
        except StatusError as error:
            call.unshared_call.end(error)
        else:
            await call.send_message(message)

    async def _cancel(self, command: ClientCommand) -> None:
        call = self._calls.pop(check_id(command), None)
        if call is None:
            raise invalid_field("id", "is not an open call.")
        await call.close()
        cancelled = failure(CANCELLED, "CANCELLED", "The client cancelled the call.")
        self._connection.push(
            self._message_codec.encode_end(
                self._message_codec.encode_tag(command.id), cancelled, []
            )
        )

    @property
    def _authorization(self) -> str | None:
        return self._caller.authorization if self._caller is not None else None

    def _forgetting(self, name: str) -> Ended:
        def forget(_: StatusError | None) -> None:
            self._calls.pop(name, None)

        return forget


def with_call_headers(request: Request, command: ClientCommand) -> Request:
    """Return the request with the metadata and the deadline of a call as headers."""
    headers = request.headers | {
        f"{METADATA_PREFIX}{k}": value for k, value in command.metadata.items()
    }
    if command.seconds is not None:
        headers[TIMEOUT] = str(command.seconds)
        headers.pop("grpc-timeout", None)
    return replace(request, headers=headers)
