"""Streaming calls on an HTTP/2 connection."""

import asyncio
from collections import deque

from gateway.http.errors import CANCELLED, Metadata, StatusError, failure, unavailable
from gateway.http2.blocks import Fields
from gateway.upstream import grpc_framing
from gateway.upstream.call import MESSAGE_BYTES_MAX, malformed_response
from gateway.upstream.http2_call import (
    ACKNOWLEDGED_BYTES,
    COMPRESSED,
    INFORMATIONAL,
    TRUNCATED,
    ConnectionLostError,
    Http2Call,
    message_too_large,
)

BACKLOG_BYTES_MAX = 64 * 1024


class Http2StreamCall(Http2Call):
    """A call on which either side may stream."""

    __slots__ = ("_buffer", "_changed", "_ended", "_error", "_opened", "_queue", "_queued")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._buffer = bytearray()
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._opened = False
        self._ended = False
        self._error: BaseException | None = None
        self._changed: list[asyncio.Future[None]] = []

    def on_headers(self, fields: Fields, *, end: bool) -> None:
        super().on_headers(fields, end=end)
        if not self._opened and http_status_is_final(fields):
            self._opened = True
            self._notify()

    async def send(self, message: bytes) -> None:
        if self._ended:
            raise self._reason()
        self._push(grpc_framing.frame_message(message), end=False)
        while not self._ended and self._stream and self._stream.backlog > BACKLOG_BYTES_MAX:
            await self._change()

    def half_close(self) -> None:
        if not self._ended:
            self._push(b"", end=True)

    async def initial_metadata(self) -> Metadata:
        while not self._opened and not self._ended:
            await self._change()
        if self._error is not None and not self._queue:
            raise self._reason()
        return self._initial

    async def read(self) -> bytes | None:
        while not self._queue:
            if self._ended:
                if self._error is not None:
                    raise self._reason()
                return None
            await self._change()
        message = self._queue.popleft()
        self._queued -= len(message) + grpc_framing.PREFIX.size
        self._acknowledge()
        return message

    def trailers(self) -> Metadata:
        return self._trailers

    def on_writable(self) -> None:
        self._notify()

    def cancel(self) -> None:
        super().cancel()
        if not self._ended:
            self._end(asyncio.CancelledError())

    def _fail(self, error: StatusError) -> None:
        Http2Call.cancel(self)
        self._end(error)

    def _reason(self) -> BaseException:
        error = self._error
        if isinstance(error, ConnectionLostError):
            return unavailable(self._name)
        return error or failure(CANCELLED, "CALL_ENDED", f"{self._name} has ended the call.")

    def _push(self, data: bytes, *, end: bool) -> None:
        if self._connection is not None and self._stream is not None:
            self._connection.send(self._stream, data, end=end)

    def _take(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while len(buffer) >= grpc_framing.PREFIX.size:
            compressed, size = grpc_framing.PREFIX.unpack_from(buffer)
            if compressed or size > MESSAGE_BYTES_MAX:
                problem = (
                    message_too_large(self._name)
                    if size
                    else malformed_response(self._name, COMPRESSED)
                )
                self._fail(malformed_response(self._name, COMPRESSED) if compressed else problem)
                return
            end = grpc_framing.PREFIX.size + size
            if len(buffer) < end:
                break
            self._queue.append(bytes(buffer[grpc_framing.PREFIX.size : end]))
            self._queued += end
            del buffer[:end]
        self._acknowledge()
        self._notify()

    def _acknowledge(self) -> None:
        """Enlarge the receive window by all bytes that are not in unread messages."""
        stream, connection = self._stream, self._connection
        if stream is not None and connection is not None:
            size = stream.received - self._queued
            if size >= ACKNOWLEDGED_BYTES:
                connection.acknowledge(stream, size)

    def _end(self, error: BaseException | None) -> None:
        if not self._ended:
            if self._timer is not None:
                self._timer.cancel()
            self._ended, self._error = True, error
            if error is None and self._buffer:
                self._error = malformed_response(self._name, TRUNCATED)
            self._notify()

    async def _change(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        await future

    def _notify(self) -> None:
        waiting, self._changed = self._changed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


def http_status_is_final(fields: Fields) -> bool:
    return grpc_framing.http_status(fields) not in INFORMATIONAL
