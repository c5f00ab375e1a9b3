"""The port of a WebSocket: writes frames and closes the connection.

A server that offers the extension `SOCKET` provides a port that writes whole frames to its
transport.
Under any other server `AsgiPort` sends them as ASGI messages.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from gateway.http.messages import Receive, Send
from gateway.websocket.framing import TEXT, payload_of

SOCKET = "gateway.socket"
# The kernel doubles it. With the buffer of the transport, an unread client costs 256 KiB.
SEND_BUFFER_BYTES = 64 * 1024
STALL_SECONDS = 10.0
CLOSE_SECONDS = 10.0
NORMAL = 1000
STATUS_BASE = 4000
TOO_SLOW = (4008, "reads too slowly")


class Port(Protocol):
    """The sending side of an accepted WebSocket.

    Writers stop while `takes_more` is false; `on_ready` is called when it is true again, and
    `writable` is set.
    """

    on_ready: Callable[[], None] | None
    takes_more: bool
    writable: asyncio.Event

    def push(self, frame: bytes) -> None:
        """Send a whole frame, unless the connection is closing."""
        ...

    def close_now(self, code: int, reason: str) -> None:
        """Close although the client has not read what was sent."""
        ...


class AsgiPort:
    """A port that sends frames as ASGI messages, in order, from a separate task.

    A client that accepts no message for 10 seconds is closed with 4008.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self.on_ready: Callable[[], None] | None = None
        self.takes_more = True
        self.writable = asyncio.Event()
        self.writable.set()
        self._receive = receive
        self._send = send
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._writing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._lost: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def receive(self) -> dict[str, Any]:
        """Wait for a message of the server, or for `websocket.disconnect` after `close_now`."""
        received = asyncio.ensure_future(self._receive())
        try:
            waited: set[asyncio.Future[Any]] = {received, self._lost}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not received.done():
                if self._closing is not None:
                    await self._closing
                return self._lost.result()
        finally:
            received.cancel()
        message = received.result()
        if message["type"] == "websocket.disconnect":
            self._lose(message)
        return message

    async def send(self, message: dict[str, Any]) -> None:
        """Send an ASGI message after all frames that were pushed before."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
        if not self._lost.done():
            with contextlib.suppress(OSError):
                await self._send(message)

    def push(self, frame: bytes) -> None:
        if self._lost.done():
            return
        self._frames.append(frame)
        self._size += len(frame)
        if self._size > SEND_BUFFER_BYTES:
            self.takes_more = False
            self.writable.clear()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    def close_now(self, code: int, reason: str) -> None:
        if not self._lost.done():
            self._closing = asyncio.create_task(self._close(code, reason))
            self._lose({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def _write(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                async with asyncio.timeout(STALL_SECONDS):
                    await self._send(message_of(frame))
                self._size -= len(frame)
                if not self.takes_more and self._size <= SEND_BUFFER_BYTES:
                    self._resume()
        except TimeoutError:
            self.close_now(*TOO_SLOW)
        except OSError:
            pass  # The server reports the disconnect by `websocket.disconnect`.
        finally:
            self._writing = None

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def _resume(self) -> None:
        self.takes_more = True
        self.writable.set()
        if self.on_ready is not None:
            self.on_ready()

    def _lose(self, message: dict[str, Any]) -> None:
        self._frames.clear()
        if self._writing is not None:
            self._writing.cancel()
        self.writable.set()
        if not self._lost.done():
            self._lost.set_result(message)


def message_of(frame: bytes) -> dict[str, Any]:
    """Return the ASGI message that sends a frame's payload."""
    payload = payload_of(frame)
    if frame[0] == TEXT:
        return {"type": "websocket.send", "text": payload.decode()}
    return {"type": "websocket.send", "bytes": payload}
