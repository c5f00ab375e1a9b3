"""Dialogs: calls on which the client may speak more than once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.calls.closable import Ending
from gateway.http.errors import Metadata
from gateway.routing.routes import Route
from gateway.streams.fan_out import Item
from gateway.upstream import Stream

T = TypeVar("T")


class Dialog(Ending):
    """An open call of a method of any kind."""

    def __init__(self, stream: Stream, route: Route, forget: Callable[["Dialog"], None]) -> None:
        super().__init__()
        self.method = route.method
        self.said_all = False
        self._stream = stream
        self._field = route.response_body
        self._forget = forget

    @property
    def streams(self) -> bool:
        return self.method.client_streaming or self.method.server_streaming

    async def send(self, message: bytes) -> None:
        """Sends a message, when the upstream has room for it.

        Raises:
            StatusError: The call has ended.
        """
        await self._ask(lambda: self._stream.send(message))

    async def half_close(self) -> None:
        """Says that no more messages follow."""
        self.said_all = True
        await self._ask(self._stream.half_close)

    async def headers(self) -> Metadata:
        """Waits for the metadata before the first message.

        Raises:
            StatusError: The call ended badly.
        """
        return await self._ask(self._stream.headers)

    async def read(self) -> Item | None:
        """Waits for the next message. None: the call ended well.

        Raises:
            StatusError: It ended badly.
        """
        content = await self._ask(self._stream.read)
        return None if content is None else Item(content, self.method, self._field)

    def trailers(self) -> Metadata:
        """The metadata that came with the end."""
        return self._stream.trailers()

    def on_end(self) -> None:
        self._stream.cancel()

    def close(self) -> None:
        self.leave()
        self._forget(self)

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks the call, unless it was ended from here."""
        self.raise_ended()
        try:
            return await ask()
        except asyncio.CancelledError:
            self.raise_ended()
            raise
