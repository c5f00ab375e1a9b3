"""`/v1/ws`: many calls on one WebSocket, as docs/architecture.md describes it."""

from dataclasses import replace

import structlog

from gateway.auth.auth import Caller
from gateway.context import Core
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
from gateway.routing.params import Bound, bind
from gateway.websocket.commands import Command, check_id, check_path, wrong_time
from gateway.websocket.operations import Conversation, Ended, Subscription
from gateway.websocket.session import Connection
from gateway.websocket.wires import choose_wire

PATH = "/v1/ws"
CALLS_MAX = 32
TIMEOUT = "x-request-timeout"

log = structlog.get_logger()


class ManySocket:
    """One connection and the calls that are open on it."""

    def __init__(self, core: Core, request: Request, send: Send) -> None:
        self._core = core
        self._request = request
        wire = choose_wire(request.scope.get("subprotocols", []), core.codec, core.renderer)
        self._connection = Connection(request, send, wire)
        self._wire = wire
        self._caller: Caller | None = None
        self._calls: dict[str, Subscription | Conversation] = {}

    async def serve(self) -> None:
        """Serves the connection until either side closes it.

        Raises:
            StatusError: The authorization at the upgrade is no good.
        """
        authorization = self._request.headers.get("authorization")
        if authorization:
            self._caller = await self._core.authenticator.verify(authorization)
        await self._connection.accept()
        self._connection.on_ready(self._wake)
        try:
            while True:
                heard = await self._connection.hear()
                error = heard if isinstance(heard, StatusError) else await self._handle(heard)
                if error is not None:
                    self._connection.push(self._wire.error(error))
                await self._connection.room()
        except ClientGoneError:
            pass
        finally:
            for call in list(self._calls.values()):
                await call.close()

    def _wake(self) -> None:
        for call in list(self._calls.values()):
            call.wake()

    async def _handle(self, command: Command) -> StatusError | None:
        try:
            match command.kind:
                case "authenticate":
                    await self._authenticate(command)
                case "subscribe" | "call":
                    await self._open(command)
                case "message" | "end":
                    await self._say(command)
                case "cancel":
                    await self._cancel(command)
                case _:
                    self._connection.push(self._wire.pong())
        except StatusError as error:
            return error
        return None

    async def _authenticate(self, command: Command) -> None:
        if not command.token:
            raise invalid_field("token", "must be a token.")
        if not command.token.isascii():
            raise unauthenticated("TOKEN_INVALID", "token must be a token.")
        self._caller = await self._core.authenticator.verify(f"Bearer {command.token}")
        self._connection.push(self._wire.authenticated())

    async def _open(self, command: Command) -> None:
        """Opens a call. What is wrong with it ends that call alone."""
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
        tag = self._wire.tag(name)
        opens = self._subscribe if command.kind == "subscribe" else self._call
        try:
            call = await opens(command, tag)
        except StatusError as error:
            self._connection.push(self._wire.end(tag, error, []))
        except Exception:
            log.exception("websocket.failed", request_id=self._request.id)
            self._connection.push(self._wire.end(tag, internal(), []))
        else:
            self._calls[name] = call
            call.start()

    async def _subscribe(self, command: Command, tag: bytes) -> Subscription:
        """Opens the server stream at a path."""
        path, _, query = command.path.partition("?")
        match = self._core.table.find("GET", path)
        method = match.route.method
        if not method.server_streaming or method.client_streaming:
            raise invalid_field("path", f"{path} is no server stream.")
        caller = await self._core.authenticator.caller(self._authorization, method.rule)
        bound = bind(match, query.encode(), None, self._core.codec)
        feed = self._core.feeds.open(self._request, match.route, bound, caller)
        return Subscription(
            self._connection,
            tag,
            feed,
            self._forgetting(command.id),
            enum_numbers=bound.enum_numbers,
        )

    async def _call(self, command: Command, tag: bytes) -> Subscription | Conversation:
        """Calls a method by its name."""
        core, wire = self._core, self._wire
        route = core.table.of(command.method)
        method = route.method
        caller = await core.authenticator.caller(self._authorization, method.rule)
        request = told(self._request, command)
        message = None
        if command.content is not None or not method.client_streaming:
            message = wire.request(method, command.content)
        if message is not None and method.server_streaming and not method.client_streaming:
            whole = replace(route, response_body=None)
            feed = core.feeds.open(request, whole, Bound(message), caller)
            ended = self._forgetting(command.id)
            return Subscription(self._connection, tag, feed, ended, enum_numbers=False)
        dialog = core.feeds.dialog(request, replace(route, response_body=None), caller)
        call = Conversation(self._connection, tag, dialog, self._forgetting(command.id))
        if message is not None:
            await call.say(message)
        if command.end or not method.client_streaming:
            await call.say_all()
        return call

    async def _say(self, command: Command) -> None:
        """Sends a message to the upstream, or that there are no more."""
        call = self._calls.get(check_id(command))
        if call is None:
            raise invalid_field("id", "is no open call.")
        if isinstance(call, Subscription) or call.dialog.said_all:
            raise wrong_time(command, "the client has said all of this call")
        if command.kind == "end":
            await call.say_all()
            return
        try:
            message = self._wire.request(call.dialog.method, command.content)
        except StatusError as error:
            call.dialog.end(error)
        else:
            await call.say(message)

    async def _cancel(self, command: Command) -> None:
        call = self._calls.pop(check_id(command), None)
        if call is None:
            raise invalid_field("id", "is no open call.")
        await call.close()
        cancelled = failure(CANCELLED, "CANCELLED", "The client cancelled the call.")
        self._connection.push(self._wire.end(self._wire.tag(command.id), cancelled, []))

    @property
    def _authorization(self) -> str | None:
        return self._caller.authorization if self._caller is not None else None

    def _forgetting(self, name: str) -> Ended:
        def forget(_: StatusError | None) -> None:
            self._calls.pop(name, None)

        return forget


def told(request: Request, command: Command) -> Request:
    """The request as if it had the metadata and the deadline of a call."""
    headers = request.headers | {
        f"{METADATA_PREFIX}{k}": value for k, value in command.metadata.items()
    }
    if command.seconds is not None:
        headers[TIMEOUT] = str(command.seconds)
        headers.pop("grpc-timeout", None)
    return replace(request, headers=headers)
