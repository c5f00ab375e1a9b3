"""Dialogs: calls on which the client may speak more than once."""

import asyncio
from collections.abc import Callable

from gateway.broadcast import Item
from gateway.descriptors import Method
from gateway.ending import Ending
from gateway.errors import RESOURCE_EXHAUSTED, Metadata, StatusError, failure
from gateway.upstream import Stream

WAITING_MAX = 64
TURN_SECONDS = 1.0


class Dialog(Ending):
    """An open call of a method of any kind. What the client says waits its turn, 64 messages."""

    def __init__(self, stream: Stream, method: Method, forget: Callable[["Dialog"], None]) -> None:
        super().__init__()
        self.method = method
        self._stream = stream
        self._forget = forget
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_MAX)
        self._sender = asyncio.create_task(self._send())
        self._closed_half = False

    @property
    def streams(self) -> bool:
        return self.method.client_streaming or self.method.server_streaming

    @property
    def said_all(self) -> bool:
        """Whether the client may say no more."""
        return self._closed_half

    async def say(self, message: bytes) -> None:
        """Sends a message, when those before it are on their way."""
        await self._waiting.put(message)

    async def say_soon(self, message: bytes) -> None:
        """Sends a message, or ends the call if it cannot wait its turn within a second."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._waiting.put(message)
        except TimeoutError:
            problem = f"{WAITING_MAX} messages wait for the upstream, which takes none."
            self.end(failure(RESOURCE_EXHAUSTED, "UPSTREAM_TOO_SLOW", problem))

    async def half_close(self) -> None:
        """Says that no more messages follow."""
        self._closed_half = True
        await self._waiting.put(None)

    async def headers(self) -> Metadata:
        """Waits for the metadata before the first message.

        Raises:
            StatusError: The call ended badly.
        """
        try:
            return await self._stream.headers()
        except asyncio.CancelledError:
            self.raise_ended()
            raise

    async def read(self) -> Item | None:
        """Waits for the next message. None: the call ended well.

        Raises:
            StatusError: It ended badly.
        """
        self.raise_ended()
        try:
            content = await self._stream.read()
        except asyncio.CancelledError:
            self.raise_ended()
            raise
        return None if content is None else Item(content, self.method, None)

    def trailers(self) -> Metadata:
        return self._stream.trailers()

    def on_end(self) -> None:
        self._stream.cancel()

    def close(self) -> None:
        self.leave()
        self._sender.cancel()
        self._forget(self)

    async def _send(self) -> None:
        try:
            while (message := await self._waiting.get()) is not None:
                await self._stream.send(message)
            await self._stream.half_close()
        except StatusError:
            # The reader is told how the call ended. What else is said goes nowhere.
            while await self._waiting.get() is not None:
                pass
