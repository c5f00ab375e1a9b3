"""A WebSocket connection: sends and receives messages."""

from collections.abc import Callable
from typing import Any

from gateway.http.errors import StatusError
from gateway.http.messages import ClientGoneError, Request, Send, extensions_of
from gateway.websocket.commands import ClientCommand
from gateway.websocket.message_codecs import MessageCodec
from gateway.websocket.port import SOCKET, TOO_SLOW, AsgiPort, Port

SWITCHING = 101


class WebSocketConnection:
    """One accepted WebSocket, with its message codec.

    Frames are written to the transport immediately. Callers must stop while it is not `ready`,
    which bounds
    its buffer.
    """

    def __init__(self, request: Request, send: Send, message_codec: MessageCodec) -> None:
        self.message_codec = message_codec
        self._request = request
        offered: Port | None = extensions_of(request.scope).get(SOCKET)
        self._port: Port
        if offered is not None:
            self._port, self._receive, self._send = offered, request.receive, send
        else:
            port = AsgiPort(request.receive, send)
            self._port, self._receive, self._send = port, port.receive, port.send

    async def accept(self) -> None:
        offered: list[str] = self._request.scope.get("subprotocols", [])
        chosen = (
            self.message_codec.subprotocol if self.message_codec.subprotocol in offered else None
        )
        await self._send({"type": "websocket.accept", "subprotocol": chosen})
        self._request.start_response(SWITCHING)

    @property
    def ready(self) -> bool:
        return self._port.takes_more

    def push(self, frame: bytes) -> None:
        self._port.push(frame)

    async def wait_writable(self) -> None:
        """Wait until the client has read enough of what was sent."""
        await self._port.writable.wait()

    def on_ready(self, call: Callable[[], None]) -> None:
        """Set the function to call whenever the connection becomes ready again."""
        self._port.on_ready = call

    async def receive_command(self) -> ClientCommand | StatusError:
        """Wait for a command of the client. Return the error of an invalid one.

        Raises:
            ClientGoneError: The connection is closed.
        """
        while True:
            message: dict[str, Any] = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise ClientGoneError
            if message["type"] == "websocket.receive":
                try:
                    return self.message_codec.decode_command(message)
                except StatusError as error:
                    return error

    async def close(self, code: int, reason: str = "") -> None:
        """Close after the client has read everything, which may take 10 seconds."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def drop_slow(self) -> None:
        """Close although the client has not read what was sent."""
        self._port.close_now(*TOO_SLOW)
