"""Generations: the gateway that serves, and those before it whose requests have not ended."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from gateway.app import Gateway
from gateway.calls.requests import UNARY_SECONDS_MAX
from gateway.context import Core
from gateway.http.messages import Receive, Scope, Send

RETIRED_MAX = 32
DRAIN_SECONDS = 1.0


@dataclass(eq=False)
class Generation:
    """A gateway on one core, and the requests that it serves."""

    gateway: Gateway
    running: "set[asyncio.Task[Any]]" = field(default_factory=set["asyncio.Task[Any]"])

    @property
    def core(self) -> Core:
        return self.gateway.core


class Generations:
    """An ASGI application whose core can be replaced while it serves.

    A request, stream or WebSocket ends on the core that it began with. A core
    is closed, with the upstreams that only it has, when the last of them has
    ended. 32 replaced cores may be open; when there is one more, the streams of
    the oldest are ended with a status, and a minute later its WebSockets.
    """

    def __init__(self, core: Core) -> None:
        self._current = Generation(Gateway(core))
        self._retired: list[Generation] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def core(self) -> Core:
        return self._current.core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        generation = self._current
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        task: Any = asyncio.current_task(self._loop)
        generation.running.add(task)
        try:
            await generation.gateway(scope, receive, send)
        finally:
            generation.running.discard(task)
            if generation is not self._current and not generation.running:
                self._release(generation)

    def replace(self, core: Core) -> None:
        """Serves what comes from now on with that core."""
        retired, self._current = self._current, Generation(Gateway(core))
        self._retired.append(retired)
        if not retired.running:
            self._release(retired)
        elif len(self._retired) > RETIRED_MAX:
            self._start(self._end(self._retired[0]))

    async def drain(self, seconds: float) -> bool:
        """Ends all streams with a status, and tells whether there were any."""
        generations = (self._current, *self._retired)
        drained = await asyncio.gather(*(each.core.feeds.drain(seconds) for each in generations))
        return any(drained)

    async def close(self) -> None:
        """Closes all upstreams."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        for generation in (*self._retired, self._current):
            await generation.core.upstreams.close()

    def _release(self, generation: Generation) -> None:
        if generation in self._retired:
            self._retired.remove(generation)
            live = [each.core.upstreams for each in (self._current, *self._retired)]
            self._start(generation.core.upstreams.close(*live))

    async def _end(self, generation: Generation) -> None:
        await generation.core.feeds.drain(DRAIN_SECONDS)
        if generation.running:
            await asyncio.wait(generation.running, timeout=UNARY_SECONDS_MAX)
        for task in list(generation.running):
            task.cancel()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
