"""uvicorn's protocols, extended with bounds and immediate closing."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request as Handshake

from gateway.http.errors import INVALID_ARGUMENT, Renderer, StatusError, failure
from gateway.http.messages import ABORT, SEND_RESPONSE
from gateway.websocket.port import (
    CLOSE_SECONDS,
    SEND_BUFFER_BYTES,
    SOCKET,
    STALL_SECONDS,
    TOO_SLOW,
)

HEADER_BYTES_MAX = 64 * 1024
DISCARDED_BYTES_MAX = 8 * 1024 * 1024
CLOSE = (b"connection", b"close")


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 with bounded headers, AIP-193 errors, and an extension that drops the connection."""

    renderer: Renderer
    _header_bytes = 0
    _in_headers = True
    _discarded = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._header_bytes += len(data) if self._in_headers else 0
        if self._header_bytes > HEADER_BYTES_MAX:
            self._reject(
                failure(
                    INVALID_ARGUMENT,
                    "HEADERS_TOO_LARGE",
                    f"The headers are longer than {HEADER_BYTES_MAX} bytes.",
                    http=431,
                )
            )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes, self._in_headers, self._discarded = 0, True, 0
        scope: Any = self.scope
        scope["extensions"] = {ABORT: self.transport.abort}

    def on_headers_complete(self) -> None:
        self._in_headers = False
        super().on_headers_complete()
        cycle: Any = self.cycle
        if cycle is not None:
            cycle.scope["extensions"][SEND_RESPONSE] = partial(send_response, cycle)

    def on_body(self, body: bytes) -> None:
        """Discard the body of a request that was refused early, up to 8 MiB.

        A client reads the response only after it has sent its body.
        """
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > DISCARDED_BYTES_MAX:
                self.transport.abort()
        super().on_body(body)

    @property
    def idle(self) -> bool:
        """True if no request is being processed."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def close_after_response(self) -> None:
        """Close the connection after the response, unless that has begun already."""
        if not self.idle and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self._reject(failure(INVALID_ARGUMENT, "HTTP_MALFORMED", msg))

    def _reject(self, error: StatusError) -> None:
        if self.transport.is_closing():
            return
        body = self.renderer.render_body(error)
        self.transport.write(
            b"%scontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (STATUS_LINE[error.http], len(body), body)
        )
        self.transport.close()


def send_response(
    cycle: RequestResponseCycle, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> bool:
    """Send a whole response at once, for less than half of the cost of ASGI's two messages.

    Returns:
        False, and nothing is sent, while the client reads too slowly or is gone.

    Raises:
        ValueError: A header contains a line break.
    """
    if cycle.flow.write_paused or cycle.disconnected or cycle.response_started:
        return False
    fields = [*cycle.default_headers, *headers]
    if CLOSE in fields:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        fields.append(CLOSE)
    head = b"".join([b"%b: %b\r\n" % field for field in fields])
    if head.count(b"\r") != len(fields) or head.count(b"\n") != len(fields):
        raise ValueError("A header has a line break in it.")
    shown = b"" if cycle.scope["method"] == "HEAD" else body
    cycle.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n", shown)))
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


class ClosableWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that takes whole frames and can be closed while its client reads nothing.

    A client that leaves more than 64 KiB unread for 10 seconds is closed with 4008.
    """

    on_ready: Callable[[], None] | None = None
    takes_more = True
    _stalled: asyncio.TimerHandle | None = None

    def handle_connect(self, event: Handshake) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            scope: Any = self.scope
            scope["extensions"][SOCKET] = self
            connected: Any = self.transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def push(self, frame: bytes) -> None:
        """Send a whole frame, unless the connection is closing."""
        if not self.close_sent and not self.disconnected:
            self.transport.write(frame)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.takes_more = False
        self._stalled = self.loop.call_later(STALL_SECONDS, self.close_now, *TOO_SLOW)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_waiting()
        self.takes_more = True
        if self.on_ready is not None:
            self.on_ready()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def close_now(self, code: int, reason: str) -> None:
        """Queue a close frame after unsent data, and drop the connection after 10 seconds."""
        if self.close_sent or self.transport.is_closing():
            return
        self._stop_waiting()
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
        self.loop.call_later(CLOSE_SECONDS, self.transport.abort)
        self.writable.set()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def _stop_waiting(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
