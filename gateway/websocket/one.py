"""The path of a method as a WebSocket: one call, from the upgrade to the closing."""

import asyncio
from typing import Any

from gateway.auth.auth import Authenticator, Caller
from gateway.bodies.maker import Maker
from gateway.context import Core
from gateway.http.errors import CANCELLED, OK, StatusError, failure, unauthenticated
from gateway.http.messages import JSON, Body, ClientGoneError, Request, Send
from gateway.http.tasks import cancel_and_wait
from gateway.routing.params import Bound, bind
from gateway.routing.routes import Match
from gateway.websocket.commands import Command, wrong_time
from gateway.websocket.operations import Conversation, Subscription
from gateway.websocket.port import NORMAL, STATUS_BASE
from gateway.websocket.session import Connection
from gateway.websocket.wires import BinaryWire, choose_wire

AUTHENTICATE_SECONDS = 10.0


class OneSocket:
    """One connection and its one call.

    It is closed with 1000 if the call ended well, else with 4000 and the code of its status.
    """

    def __init__(self, core: Core, request: Request, match: Match, send: Send) -> None:
        self._core = core
        self._request = request
        self._match = match
        self._method = match.route.method
        wire = choose_wire(request.scope.get("subprotocols", []), core.codec, core.renderer)
        self._connection = Connection(request, send, wire)
        self._wire = wire
        self._call: Subscription | Conversation | None = None
        self._over: asyncio.Future[StatusError | None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Serves the call to its end.

        Raises:
            StatusError: What is wrong with path, query or authorization.
        """
        caller, admitted = await self._admit()
        self._maker = Maker(self._match, self._request.query, self._core.codec)
        bound = None if self._waits else self._maker.bound
        await self._connection.accept()
        self._connection.on_ready(self._wake)
        hearing = asyncio.create_task(self._hear(caller, bound, admitted=admitted))
        try:
            waited: set[asyncio.Future[Any]] = {hearing, self._over}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
            await self._close(self._over.result())
        except ClientGoneError:
            pass
        finally:
            await cancel_and_wait(hearing)
            if self._call is not None:
                await self._call.close()

    @property
    def _waits(self) -> bool:
        """Whether the request comes in messages."""
        return self._match.route.takes_body or self._method.client_streaming

    def _wake(self) -> None:
        if self._call is not None:
            self._call.wake()

    async def _admit(self) -> tuple[Caller | None, bool]:
        """Tells who calls, and whether they need not say so first, as browsers must."""
        rule, authorization = self._method.rule, self._request.headers.get("authorization")
        later = not authorization and rule is not None and not rule.public
        if later and isinstance(self._core.authenticator, Authenticator):
            return None, False
        return await self._core.authenticator.caller(authorization, rule), True

    async def _hear(self, caller: Caller | None, bound: Bound | None, *, admitted: bool) -> None:
        try:
            if not admitted:
                caller = await self._authenticate()
            if bound is None and not self._method.client_streaming:
                bound = await self._first()
            await self._begin(caller, bound)
        except StatusError as error:
            self._connection.push(self._wire.end(b"", error, []))
            self._end(error)
            return
        while True:
            await self._take(await self._command())

    async def _begin(self, caller: Caller | None, bound: Bound | None) -> None:
        method, feeds = self._method, self._core.feeds
        if bound is not None and method.server_streaming and not method.client_streaming:
            feed = feeds.open(self._request, self._match.route, bound, caller)
            self._call = Subscription(
                self._connection, b"", feed, self._end, enum_numbers=bound.enum_numbers
            )
        else:
            dialog = feeds.dialog(self._request, self._match.route, caller)
            self._call = call = Conversation(self._connection, b"", dialog, self._end)
            if bound is not None:
                await call.say(bound.message)
                await call.say_all()
        self._call.start()

    async def _authenticate(self) -> Caller | None:
        try:
            async with asyncio.timeout(AUTHENTICATE_SECONDS):
                command = await self._command()
        except TimeoutError:
            raise unauthenticated("TOKEN_MISSING", "This needs a bearer token.") from None
        if command.kind != "authenticate":
            raise unauthenticated("TOKEN_MISSING", "This needs a bearer token: authenticate first.")
        caller = await self._core.authenticator.caller(f"Bearer {command.token}", self._method.rule)
        self._connection.push(self._wire.authenticated())
        return caller

    async def _first(self) -> Bound:
        command = await self._command()
        if command.kind != "message":
            raise wrong_time(command, "the request message comes first")
        return self._bind(command)

    async def _command(self) -> Command:
        """Waits for a command, and answers what is none and what is a ping."""
        while True:
            heard = await self._connection.hear()
            if isinstance(heard, StatusError):
                self._connection.push(self._wire.error(heard))
            elif heard.kind == "ping":
                self._connection.push(self._wire.pong())
            else:
                return heard
            await self._connection.room()

    async def _take(self, command: Command) -> None:
        call = self._call
        if command.kind == "cancel":
            if call is not None:
                await call.close()
            error = failure(CANCELLED, "CANCELLED", "The client cancelled the call.")
            self._connection.push(self._wire.end(b"", error, []))
            self._end(error)
        elif command.kind not in {"message", "end"}:
            self._connection.push(self._wire.error(wrong_time(command, "this is one call")))
        elif not isinstance(call, Conversation) or call.dialog.said_all:
            error = wrong_time(command, "the client has said all of this call")
            self._connection.push(self._wire.error(error))
        elif command.kind == "end":
            for message in self._maker.rest():
                await call.say(message)
            await call.say_all()
        else:
            await self._say(call, command)

    async def _say(self, call: Conversation, command: Command) -> None:
        """Sends a message on; path and query are in the first one, as over HTTP."""
        try:
            if isinstance(self._wire, BinaryWire):
                said = self._wire.request(self._method, command.content)
                messages = list(self._maker.of_message(said))
            else:
                messages = list(self._maker.of_json(command.content or b"{}"))
        except StatusError as error:
            call.dialog.end(error)
            return
        for message in messages:
            await call.say(message)

    def _bind(self, command: Command) -> Bound:
        """Makes the one request message of what path, query and client say; the path wins."""
        query = self._request.query
        if not isinstance(self._wire, BinaryWire):
            return bind(self._match, query, Body(command.content or b"", JSON), self._core.codec)
        (message,) = self._maker.of_message(self._wire.request(self._method, command.content))
        return Bound(message)

    def _end(self, error: StatusError | None) -> None:
        self._request.outcome = error.code if error is not None else OK
        if not self._over.done():
            self._over.set_result(error)

    async def _close(self, error: StatusError | None) -> None:
        code = NORMAL if error is None else STATUS_BASE + error.code
        await self._connection.close(code)
