"""Drive an ASGI application with plain messages, like a server without extensions."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import unquote

from gateway.app import Gateway
from gateway.context import GatewayContext
from gateway.contracts.descriptors import Contracts
from gateway.routing.table import make_table
from gateway.upstream import Upstreams

SECONDS = 5.0


def make_app(contracts: Contracts, targets: Mapping[str, str], **options: Any) -> Gateway:
    return Gateway(
        GatewayContext.make(contracts, make_table(contracts), Upstreams(targets), **options)
    )


class AsgiConnection:
    """One call of an application. `sent` returns the messages that it sends."""

    def __init__(
        self,
        app: Gateway,
        kind: str,
        target: str = "/",
        headers: Mapping[str, str] | None = None,
        **scope: Any,
    ) -> None:
        path, _, query = target.partition("?")
        self.scope: dict[str, Any] = {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "http",
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
        } | scope
        self.taking = asyncio.Event()
        self.taking.set()
        self._app = app
        self._given: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._app(self.scope, self._given.get, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.task.done():
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

    async def _send(self, message: dict[str, Any]) -> None:
        await self.taking.wait()
        self._sent.put_nowait(message)

    def give(self, kind: str, **values: Any) -> None:
        self._given.put_nowait({"type": kind} | values)

    async def sent(self, kind: str) -> dict[str, Any]:
        """Wait for the next message, which must be of that type."""
        waiting = asyncio.ensure_future(self._sent.get())
        await asyncio.wait(
            {waiting, self.task}, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not waiting.done() and self.task.done():
            waiting.cancel()
            self.task.result()
        message = await asyncio.wait_for(waiting, 0.1)
        assert message["type"] == kind, message
        return message

    async def ended(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.task), SECONDS)

    @property
    def silent(self) -> bool:
        return self._sent.empty()


def request(app: Gateway, target: str, method: str = "GET", **scope: Any) -> AsgiConnection:
    """Return a request without a body."""
    connection = AsgiConnection(app, "http", target, method=method, **scope)
    connection.give("http.request")
    return connection


class AsgiSocket(AsgiConnection):
    """A WebSocket with JSON messages."""

    def __init__(self, app: Gateway, target: str = "/v1/ws", **scope: Any) -> None:
        super().__init__(app, "websocket", target, **scope)
        self.give("websocket.connect")

    async def send_json(self, **message: Any) -> None:
        self.give("websocket.receive", text=json.dumps(message))

    async def receive_json(self) -> dict[str, Any]:
        return json.loads((await self.sent("websocket.send"))["text"])
