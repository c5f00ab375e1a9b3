"""Calls on an HTTP/2 connection: how they begin and end, and unary calls."""

import asyncio

from gateway.http.errors import (
    DEADLINE_EXCEEDED,
    OK,
    RESOURCE_EXHAUSTED,
    Metadata,
    StatusError,
    failure,
)
from gateway.http2.blocks import Fields
from gateway.http2.connection import OWN_WINDOW, Http2Connection
from gateway.http2.frames import ErrorCode
from gateway.http2.stream import Http2Stream
from gateway.upstream import grpc_framing
from gateway.upstream.call import (
    MESSAGE_BYTES_MAX,
    Reply,
    UpstreamCall,
    malformed_response,
    status_error,
)

ACKNOWLEDGED_BYTES = OWN_WINDOW // 4
INFORMATIONAL, HTTP_OK = range(100, 200), 200
TRUNCATED = "its message is truncated"
COMPRESSED = "its message is compressed, which was not offered"


class ConnectionLostError(Exception):
    """The connection was lost during the call. `unprocessed`: the server did not process it."""

    def __init__(self, *, unprocessed: bool) -> None:
        super().__init__()
        self.unprocessed = unprocessed


class Http2Call:
    """Base of unary and streaming calls: how a call begins, and how it ends."""

    __slots__ = ("_connection", "_initial", "_name", "_stream", "_timer", "_trailers")

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection: Http2Connection | None = None
        self._stream: Http2Stream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._initial: Metadata = []
        self._trailers: Metadata = []

    def start(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: Http2Connection,
        head: bytes,
        call: UpstreamCall,
        seconds: float,
    ) -> None:
        block = grpc_framing.request_block(head, call.metadata, seconds)
        self._timer = loop.call_later(seconds, self._expire)
        self._connection = connection
        request = call.request
        data = b"" if request is None else grpc_framing.frame_message(request)
        self._stream = connection.open(self, block, data, end=request is not None)

    def on_headers(self, fields: Fields, *, end: bool) -> None:
        status = grpc_framing.read_status(fields) if end else None
        if status is not None:
            self._trailers = grpc_framing.read_metadata(fields)
            self._end(self._judge(*status))
            return
        http = grpc_framing.http_status(fields)
        if http in INFORMATIONAL and not end:
            return
        if http != HTTP_OK or end:
            code = grpc_framing.code_of_http(http)
            self._fail(status_error(self._name, code, f"HTTP status {http}", [], []))
            return
        self._initial = grpc_framing.read_metadata(fields)

    def on_data(self, data: bytes, *, end: bool) -> None:
        self._take(data)
        if end:
            self._end(malformed_response(self._name, "it has no trailers"))

    def on_writable(self) -> None:
        """Nothing to resume: only streaming calls wait for the window."""

    def on_reset(self, code: ErrorCode, *, unprocessed: bool) -> None:
        if unprocessed or code == ErrorCode.CONNECT_ERROR:
            self._end(ConnectionLostError(unprocessed=unprocessed))
            return
        grpc = grpc_framing.code_of_reset(code)
        self._end(status_error(self._name, grpc, f"reset with {code.name}", [], []))

    def cancel(self) -> None:
        """Cancel the call, unless it has ended."""
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None and self._stream is not None:
            self._connection.cancel(self._stream)

    def _judge(self, code: int, message: str) -> StatusError | None:
        if code == OK:
            return None
        return status_error(self._name, code, message, self._initial, self._trailers)

    def _fail(self, error: StatusError) -> None:
        self.cancel()
        self._end(error)

    def _expire(self) -> None:
        self._fail(status_error(self._name, DEADLINE_EXCEEDED, "", self._initial, []))

    def _take(self, data: bytes) -> None:
        raise NotImplementedError

    def _end(self, error: BaseException | None) -> None:
        raise NotImplementedError


class Http2UnaryCall(Http2Call):
    """A unary call: one message each way."""

    __slots__ = ("_chunks", "_done", "_size")

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name)
        self._done: asyncio.Future[Reply] = loop.create_future()
        self._chunks: list[bytes] = []
        self._size = 0

    async def reply(self) -> Reply:
        """Wait for the response.

        Raises:
            StatusError: The server failed, or the deadline passed.
            ConnectionLostError: The connection was lost.
        """
        try:
            return await self._done
        finally:
            self.cancel()

    def _take(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > MESSAGE_BYTES_MAX + grpc_framing.PREFIX.size:
            self._fail(message_too_large(self._name))
            return
        stream, connection = self._stream, self._connection
        if stream and connection and stream.received >= ACKNOWLEDGED_BYTES:
            connection.acknowledge(stream, stream.received)

    def _end(self, error: BaseException | None) -> None:
        if self._done.done():
            return
        if error is not None:
            self._done.set_exception(error)
            return
        content = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        problem = check_single_message(content)
        if problem:
            self._done.set_exception(malformed_response(self._name, problem))
        else:
            message = content[grpc_framing.PREFIX.size :]
            self._done.set_result(Reply(message, self._initial, self._trailers))


def check_single_message(content: bytes) -> str:
    """Return the problem of a body that must be one message, or an empty text."""
    if len(content) < grpc_framing.PREFIX.size:
        return "it has no message"
    compressed, size = grpc_framing.PREFIX.unpack_from(content)
    if compressed:
        return COMPRESSED
    return "" if len(content) == size + grpc_framing.PREFIX.size else TRUNCATED


def message_too_large(name: str) -> StatusError:
    return failure(
        RESOURCE_EXHAUSTED,
        "ANSWER_TOO_LARGE",
        f"{name} sent a message longer than {MESSAGE_BYTES_MAX} bytes.",
    )
