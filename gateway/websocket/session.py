"""A connection: what is sent on it, and whether it takes more."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.http.errors import StatusError
from gateway.http.messages import ClientGoneError, Request, Send
from gateway.server.protocols import SOCKET, TOO_SLOW, ClosableWebSocket
from gateway.websocket.commands import Command
from gateway.websocket.wires import Wire

SWITCHING = 101


class Connection:
    """One accepted WebSocket, and the form of what is said on it.

    Frames are written to the transport at once, with what it has buffered bounded by whoever
    writes: they stop while it is not `ready`.
    """

    def __init__(self, request: Request, send: Send, wire: Wire) -> None:
        self.wire = wire
        self._request = request
        self._send = send
        self._protocol: ClosableWebSocket = request.scope["extensions"][SOCKET]

    async def accept(self) -> None:
        offered: list[str] = self._request.scope["subprotocols"]
        chosen = self.wire.subprotocol if self.wire.subprotocol in offered else None
        await self._send({"type": "websocket.accept", "subprotocol": chosen})
        self._request.answer(SWITCHING)

    @property
    def ready(self) -> bool:
        return self._protocol.takes_more

    def push(self, frame: bytes) -> None:
        self._protocol.push(frame)

    async def room(self) -> None:
        """Waits until the client has read enough of what was sent."""
        await self._protocol.writable.wait()

    def on_ready(self, call: Callable[[], None]) -> None:
        """Calls whenever more is taken again."""
        self._protocol.on_ready = call

    async def hear(self) -> Command | StatusError:
        """Waits for what the client says, or for what is wrong with it.

        Raises:
            ClientGoneError: The connection is closed.
        """
        while True:
            message: dict[str, Any] = await self._request.receive()
            if message["type"] == "websocket.disconnect":
                raise ClientGoneError
            if message["type"] == "websocket.receive":
                try:
                    return self.wire.read(message)
                except StatusError as error:
                    return error

    async def close(self, code: int, reason: str = "") -> None:
        """Closes when all that was sent has been read, which is waited for 10 seconds."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def drop_slow(self) -> None:
        """Closes although the client has not read what was sent."""
        self._protocol.close_now(*TOO_SLOW)


async def gone(task: "asyncio.Task[Any]") -> None:
    """Cancels a task and waits for its end, whatever that is."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
