"""Hot reload: the current gateway, and replaced ones whose requests have not ended."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from gateway.app import Gateway
from gateway.calls.requests import UNARY_SECONDS_MAX
from gateway.context import GatewayContext
from gateway.http.messages import Receive, Scope, Send

RETIRED_MAX = 32
DRAIN_SECONDS = 1.0


@dataclass(eq=False)
class GatewayInstance:
    """A gateway with one context, and the tasks of its running requests."""

    gateway: Gateway
    running: "set[asyncio.Task[Any]]" = field(default_factory=set["asyncio.Task[Any]"])

    @property
    def context(self) -> GatewayContext:
        return self.gateway.context


class ReloadableGateway:
    """An ASGI application whose gateway context can be replaced while it serves.

    A request, stream or WebSocket ends with the context that it began with. A replaced context,
    with the
    upstreams that only it uses, is closed after the last of them. At most 32 replaced contexts stay
    open.
    Beyond that the streams of the oldest are ended with a status, and a minute later its
    WebSockets.
    """

    def __init__(self, context: GatewayContext) -> None:
        self._current = GatewayInstance(Gateway(context))
        self._retired: list[GatewayInstance] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def context(self) -> GatewayContext:
        return self._current.context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        instance = self._current
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        task: Any = asyncio.current_task(self._loop)
        instance.running.add(task)
        try:
            await instance.gateway(scope, receive, send)
        finally:
            instance.running.discard(task)
            if instance is not self._current and not instance.running:
                self._release(instance)

    def replace(self, context: GatewayContext) -> None:
        """Serve new requests with this context."""
        retired, self._current = self._current, GatewayInstance(Gateway(context))
        self._retired.append(retired)
        if not retired.running:
            self._release(retired)
        elif len(self._retired) > RETIRED_MAX:
            self._start(self._end(self._retired[0]))

    async def drain(self, seconds: float) -> bool:
        """End all streams with a status. Return True if there were any."""
        instances = (self._current, *self._retired)
        drained = await asyncio.gather(
            *(each.context.subscriptions.drain(seconds) for each in instances)
        )
        return any(drained)

    async def close(self) -> None:
        """Close all upstreams."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        for instance in (*self._retired, self._current):
            await instance.context.upstreams.close()

    def _release(self, instance: GatewayInstance) -> None:
        if instance in self._retired:
            self._retired.remove(instance)
            live = [each.context.upstreams for each in (self._current, *self._retired)]
            self._start(instance.context.upstreams.close(*live))

    async def _end(self, instance: GatewayInstance) -> None:
        await instance.context.subscriptions.drain(DRAIN_SECONDS)
        if instance.running:
            await asyncio.wait(instance.running, timeout=UNARY_SECONDS_MAX)
        for task in list(instance.running):
            task.cancel()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
