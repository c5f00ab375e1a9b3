"""A connection on asyncio: writes are batched per turn of the loop, and dead peers are detected."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from gateway.http2.connection import Http2Connection
from gateway.http2.frames import ErrorCode, ProtocolError

CONNECT_SECONDS = 1.0
# Detects a dead peer within 45 seconds.
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
ALPN = "h2"


class HttpProtocol(asyncio.Protocol):
    """Runs one connection. `changed` is called when its availability may have changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._transport: asyncio.Transport | None = None
        self._scheduled = False
        self.connection = Http2Connection(self._wake)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        enable_keepalive(transport.get_extra_info("socket"))
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            self.connection.receive(data)
        except ProtocolError as error:
            self.end(error.code)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._transport = None
        self.connection.lose()
        self._changed()

    def end(self, code: ErrorCode = ErrorCode.NO_ERROR) -> None:
        """Send GOAWAY and close the connection with all its streams."""
        self.connection.abandon(code)
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _wake(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        connection = self.connection
        if connection.output and self._transport is not None:
            joined = b"".join(connection.output)
            connection.output.clear()
            self._transport.write(joined)
        if connection.closed and not connection.streams and self._transport is not None:
            self._transport.close()
        self._changed()


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None, changed: Callable[[], None]
) -> HttpProtocol:
    """Open a connection.

    Raises:
        OSError: Nothing listens there, or the peer does not speak HTTP/2.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS):
        transport, protocol = await loop.create_connection(
            lambda: HttpProtocol(changed), host, port, ssl=tls
        )
    if tls is not None:
        session = transport.get_extra_info("ssl_object")
        if session is None or session.selected_alpn_protocol() != ALPN:
            transport.abort()
            raise OSError("the peer does not speak HTTP/2")
    return protocol


def enable_keepalive(connected: socket.socket | None) -> None:
    if connected is None or connected.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
