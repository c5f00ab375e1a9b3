"""Both sides in front of one upstream: sends each request to both and compares the results."""

import asyncio
import json
import socket
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import grpc
from google.protobuf import message_factory
from google.protobuf.message import DecodeError, Message

from deploy.envoy.configuration import SocketAddress, make_configuration
from deploy.envoy.program import Envoy
from gateway.contracts.descriptors import Contracts
from gateway.http.errors import StatusError
from gateway.routing.routes import Route, RouteMatch
from gateway.routing.table import make_table
from tests.gateway.conftest import PACKAGE, EchoService, RunningGateway, Tokens
from tests.gateway.spec.mirror import HttpResponse, Mirror, RawClient

LOCAL = "127.0.0.1"
RESPONSE_SECONDS = 10.0
IDLE_SECONDS = 1.0  # less than the idle timeout of servers


@dataclass(frozen=True)
class RawRequest:
    """A raw HTTP/1.1 request."""

    world: str
    verb: str
    target: str
    body: bytes = b""
    kind: str = "application/json"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class Side:
    """The response of one side, and its upstream request (None: it sent none)."""

    status: int
    kind: str
    content: bytes
    arrived: Message | None

    @cached_property
    def json(self) -> Any:
        """The response as JSON, or None."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    @property
    def accepted(self) -> bool:
        return self.arrived is not None


@dataclass(frozen=True)
class GatewayComparison:
    """One request with the results of both sides. `match` is the gateway's route, if any."""

    request: RawRequest
    match: RouteMatch | None
    ours: Side
    envoy: Side

    @property
    def route(self) -> Route | None:
        return self.match and self.match.route

    @property
    def variables(self) -> dict[str, str]:
        return self.match.variables if self.match else {}


class World:
    """An upstream, the gateway and Envoy in front of it, and a connection to each."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts = contracts
        self._table = make_table(contracts)

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        enter = self._stack.enter_async_context
        targets, self._take = await self._open_upstream(enter)
        gateway = await enter(RunningGateway(self.contracts, targets))
        listen = SocketAddress(LOCAL, free_port())
        configuration = make_configuration(self.contracts, listen, targets)
        self._stack.enter_context(Envoy(configuration, listen, 1))
        self._ours = await enter(ReconnectingClient(gateway.port))
        self._envoy = await enter(ReconnectingClient(listen.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open_upstream(self, enter):
        parrot = await enter(Parrot(inputs={m.path: m.input for m in self.contracts.methods}))
        targets = {method.package: parrot.target for method in self.contracts.methods}
        return targets, lambda response: parrot.messages.pop(response.id, None)

    async def compare(self, request: RawRequest) -> GatewayComparison:
        ours = await self._ask(self._ours, request)
        envoy = await self._ask(self._envoy, request)
        return GatewayComparison(request, self._match(request), ours, envoy)

    def _match(self, request: RawRequest) -> RouteMatch | None:
        verb = "GET" if request.verb == "HEAD" else request.verb
        try:
            return self._table.find_route(verb, request.path)
        except StatusError:
            return None

    async def _ask(self, line: "ReconnectingClient", request: RawRequest) -> Side:
        async with asyncio.timeout(RESPONSE_SECONDS):
            response = await line.send(request)
        kind = response.headers.get("content-type", "")
        return Side(response.status, kind, response.content, self._take(response))


class EchoWorld(World):
    """A world whose upstream is the echo service: streams, errors, raw bodies."""

    async def _open_upstream(self, enter):
        service = EchoService(self.contracts, Tokens())
        await service.start()
        self._stack.push_async_callback(service.stop)

        def take(_: HttpResponse) -> Message | None:
            found = service.requests[-1] if service.requests else None
            service.forget()
            return found

        return {PACKAGE: f"{LOCAL}:{service.port}"}, take


@dataclass
class Parrot(Mirror):
    """A mirror that parses its requests, as a server with generated code does."""

    inputs: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)

    def service(self, handler_call_details):
        kind = message_factory.GetMessageClass(self.inputs[handler_call_details.method])

        async def echo(request, context):
            try:
                message = kind.FromString(request)
            except DecodeError:
                await context.abort(grpc.StatusCode.INTERNAL, "undecodable")
            self.messages[dict(context.invocation_metadata())["x-request-id"]] = message
            return message.SerializeToString()

        return grpc.unary_unary_rpc_method_handler(echo)


class ReconnectingClient:
    """A client that reconnects after a server closed the connection, or may have."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._used = 0.0
        self._client: RawClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._hang_up()

    async def send(self, request: RawRequest) -> HttpResponse:
        if time.monotonic() - self._used > IDLE_SECONDS:
            await self._hang_up()
        if self._client is None:
            self._client = await RawClient(self._port).__aenter__()
        try:
            response = await self._client.send(
                request.verb, request.target, request.body, request.kind
            )
        except BaseException:
            await self._hang_up()
            raise
        self._used = time.monotonic()
        if response.headers.get("connection") == "close":
            await self._hang_up()
        return response

    async def _hang_up(self) -> None:
        if self._client is not None:
            await self._client.__aexit__()
            self._client = None


def free_port() -> int:
    with socket.create_server((LOCAL, 0)) as listener:
        return listener.getsockname()[1]
