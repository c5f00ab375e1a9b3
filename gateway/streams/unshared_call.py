"""Calls that serve one client only and that no other client can join.

These are bidi calls and, on a WebSocket, also client streams and calls with a single response.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.calls.closable import Closable
from gateway.http.errors import Metadata
from gateway.routing.routes import Route
from gateway.streams.fan_out import StreamItem
from gateway.upstream import UpstreamStream

T = TypeVar("T")


class UnsharedCall(Closable):
    """An open upstream call of a method of any kind, on which the client may send messages."""

    def __init__(
        self, stream: UpstreamStream, route: Route, forget: Callable[["UnsharedCall"], None]
    ) -> None:
        super().__init__()
        self.method = route.method
        self.half_closed = False
        self._stream = stream
        self._field = route.response_body
        self._forget = forget

    @property
    def is_streaming(self) -> bool:
        return self.method.client_streaming or self.method.server_streaming

    async def send(self, message: bytes) -> None:
        """Send a message, once the upstream has capacity for it.

        Raises:
            StatusError: The call has ended.
        """
        await self._run_unless_ended(lambda: self._stream.send(message))

    async def half_close(self) -> None:
        """Signal that no more messages follow."""
        self.half_closed = True
        await self._run_unless_ended(self._stream.half_close)

    async def initial_metadata(self) -> Metadata:
        """Wait for the metadata before the first message.

        Raises:
            StatusError: The call failed.
        """
        return await self._run_unless_ended(self._stream.initial_metadata)

    async def read(self) -> StreamItem | None:
        """Wait for the next message. None: the call ended with OK.

        Raises:
            StatusError: It failed.
        """
        content = await self._run_unless_ended(self._stream.read)
        return None if content is None else StreamItem(content, self.method, self._field)

    def trailers(self) -> Metadata:
        """Return the trailing metadata."""
        return self._stream.trailers()

    def on_end(self) -> None:
        self._stream.cancel()

    def close(self) -> None:
        self.end_by_client()
        self._forget(self)

    async def _run_unless_ended(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Run an operation of the upstream call, or raise the error that ended it."""
        self.raise_ended()
        try:
            return await operation()
        except asyncio.CancelledError:
            self.raise_ended()
            raise
