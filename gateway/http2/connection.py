"""One HTTP/2 connection without I/O: takes received bytes, and calls the owners of streams.

Both directions respect flow control (RFC 9113, section 5.2). Received data counts against the
connection's window only until it is parsed, so a stream that is not read does not block others. It
counts against the stream's window until the owner acknowledges it.
"""

from collections.abc import Callable

from gateway.http2 import frames
from gateway.http2.blocks import HEADER_BYTES_MAX, BlockReader
from gateway.http2.frames import HEAD, HEAD_BYTES, ErrorCode, ProtocolError
from gateway.http2.sender import FrameSender
from gateway.http2.stream import Http2Stream, StreamOwner

OWN_WINDOW = 256 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024
# Consecutive frames without content. More are treated as an attack.
IDLE_FRAMES_MAX = 1_000
BLOCK_BYTES_MAX = HEADER_BYTES_MAX
PRIORITY_BYTES = 5
PING_BYTES = 8
OWN_SETTINGS = {
    frames.ENABLE_PUSH: 0,
    frames.INITIAL_WINDOW_SIZE: OWN_WINDOW,
    frames.MAX_HEADER_LIST_SIZE: HEADER_BYTES_MAX,
}


class Http2Connection(FrameSender):
    """The client side of a connection."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called when there is output to write, or a stream can be opened."""
        super().__init__(wake)
        self.output += [
            frames.PREFACE,
            frames.settings_frame(OWN_SETTINGS),
            frames.window_update(0, CONNECTION_WINDOW - frames.WINDOW_BYTES),
        ]
        self.ready = False
        self.closed = False
        self._next_id = 1
        self._blocks = BlockReader()
        self._rest = b""
        self._unacknowledged = 0
        self._idle_frames = 0
        self._block: tuple[int, int, bytearray] | None = None
        self._takers = {
            frames.DATA: self._take_data,
            frames.HEADERS: self._take_headers,
            frames.RST_STREAM: self._take_rst_stream,
            frames.SETTINGS: self._take_settings,
            frames.PUSH_PROMISE: self._take_push_promise,
            frames.PING: self._take_ping,
            frames.GOAWAY: self._take_goaway,
            frames.WINDOW_UPDATE: self._take_window_update,
            frames.CONTINUATION: self._take_continuation,
        }

    @property
    def available(self) -> bool:
        """True if a stream can be opened now."""
        return self.ready and not self.closed and len(self.streams) < self.streams_max

    def open(self, owner: StreamOwner, block: bytes, data: bytes, *, end: bool) -> Http2Stream:
        """Open a stream. Check `available` first."""
        number = self._next_id
        self._next_id += 2
        if self._next_id > frames.STREAM_ID_MAX:
            self.closed = True
        stream = Http2Stream(number, owner, self._peer_window)
        self.streams[number] = stream
        self._write(frames.headers_frames(number, block, end=False, size_max=self._frame_bytes))
        self.send(stream, data, end=end)
        return stream

    def acknowledge(self, stream: Http2Stream, size: int) -> None:
        """Enlarge the receive window of a stream by `size` bytes."""
        stream.received -= size
        if stream.id in self.streams:
            self._write(frames.window_update(stream.id, size))

    def cancel(self, stream: Http2Stream, code: ErrorCode = ErrorCode.CANCEL) -> None:
        """Reset a stream. Its owner gets no more calls."""
        if self.streams.pop(stream.id, None) is not None:
            self._write(frames.rst_stream(stream.id, code))
            self._wake()

    def receive(self, data: bytes) -> None:
        """Process received bytes.

        Raises:
            ProtocolError: The connection must end: call `abandon`.
        """
        if self._rest:
            data = self._rest + data
        position, size = 0, len(data)
        while size - position >= HEAD_BYTES:
            word, flags, number = HEAD.unpack_from(data, position)
            start, end = position + HEAD_BYTES, position + HEAD_BYTES + (word >> 8)
            if word >> 8 > frames.FRAME_BYTES:
                raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, "a frame is too long")
            if end > size:
                break
            self._take(word & 0xFF, flags, number & frames.STREAM_ID_MAX, data[start:end])
            position = end
        self._rest = data[position:] if position < size else b""

    def abandon(self, code: ErrorCode) -> None:
        """Queue GOAWAY and reset all streams."""
        self._write(frames.goaway(code))
        self.lose()

    def lose(self) -> None:
        """Reset all streams after the connection was lost."""
        self.closed = True
        for stream in [*self.streams.values()]:
            self._reset(stream, ErrorCode.CONNECT_ERROR, unprocessed=False)

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._block is not None and kind != frames.CONTINUATION:
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "a header block is interrupted")
        if not self.ready and kind != frames.SETTINGS:
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS")
        take = self._takers.get(kind)
        if take is not None:
            take(flags, number, payload)

    def _take_data(self, flags: int, number: int, payload: bytes) -> None:
        stream = self._find(number)
        self._unacknowledged += len(payload)
        if self._unacknowledged > CONNECTION_WINDOW // 2:
            self._write(frames.window_update(0, self._unacknowledged))
            self._unacknowledged = 0
        data, end = frames.remove_padding(flags, payload), bool(flags & frames.END_STREAM)
        self._count_idle(idle=not data and not end)
        if stream is None:
            return
        stream.received += len(payload)
        if stream.received > OWN_WINDOW:
            raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, "a stream overran its window")
        if len(data) < len(payload):
            self.acknowledge(stream, len(payload) - len(data))
        if end:
            self._end(stream)
        stream.owner.on_data(data, end=end)

    def _take_headers(self, flags: int, number: int, payload: bytes) -> None:
        self._find(number)
        block = frames.remove_padding(flags, payload)
        if flags & frames.PRIORITIZED:
            if len(block) < PRIORITY_BYTES:
                raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, "HEADERS is too short")
            block = block[PRIORITY_BYTES:]
        if flags & frames.END_HEADERS:
            self._give_headers(number, block, end=bool(flags & frames.END_STREAM))
        else:
            self._block = number, flags, bytearray(block)

    def _take_continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != number:
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without HEADERS")
        self._count_idle(idle=not payload)
        _, first, block = self._block
        block += payload
        if len(block) > BLOCK_BYTES_MAX:
            raise ProtocolError(ErrorCode.ENHANCE_YOUR_CALM, "a header block is too long")
        if flags & frames.END_HEADERS:
            self._block = None
            self._give_headers(number, bytes(block), end=bool(first & frames.END_STREAM))

    def _give_headers(self, number: int, block: bytes, *, end: bool) -> None:
        # Decode the block even for an ended stream: it may change the dynamic table.
        fields = self._blocks.read(block)
        stream = self.streams.get(number)
        if stream is None:
            return
        if end:
            self._end(stream)
        stream.owner.on_headers(fields, end=end)

    def _take_rst_stream(self, _: int, number: int, payload: bytes) -> None:
        code = error_code(read_number(payload))
        stream = self._find(number)
        if stream is not None:
            self._reset(stream, code, unprocessed=code == ErrorCode.REFUSED_STREAM)

    def _take_settings(self, flags: int, number: int, payload: bytes) -> None:
        if number or len(payload) % frames.SETTING.size or (flags & frames.ACK and payload):
            raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS is malformed")
        if flags & frames.ACK:
            return
        self._count_idle(idle=self.ready)
        for key, value in frames.SETTING.iter_unpack(payload):
            self._apply_setting(key, value)
        # The new windows apply after the acknowledgement, so it must precede any data.
        self._write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        self.ready = True
        self._drain_all()
        self._wake()

    def _take_ping(self, flags: int, number: int, payload: bytes) -> None:
        if number or len(payload) != PING_BYTES:
            raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, "PING is malformed")
        if flags & frames.ACK:
            return
        self._count_idle(idle=True)
        self._write(frames.frame(frames.PING, frames.ACK, 0, payload))

    def _take_goaway(self, _: int, number: int, payload: bytes) -> None:
        if number or len(payload) < frames.TWO_NUMBERS.size:
            raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY is malformed")
        last, code = frames.TWO_NUMBERS.unpack_from(payload)
        self.closed = True
        for stream in [*self.streams.values()]:
            if stream.id > last:
                self._reset(stream, error_code(code), unprocessed=True)
        self._wake()

    def _take_window_update(self, _: int, number: int, payload: bytes) -> None:
        size = read_number(payload) & frames.WINDOW_BYTES_MAX
        stream = self._find(number) if number else None
        if not size:
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "a window increment of 0")
        if not number:
            self._window += size
            if self._window > frames.WINDOW_BYTES_MAX:
                raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large")
            self._drain_all()
        elif stream is not None:
            self._widen(stream, size)
            self._drain(stream)

    def _take_push_promise(self, _: int, __: int, ___: bytes) -> None:
        raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "push is off")

    def _find(self, number: int) -> Http2Stream | None:
        """Return an open stream, or None for one that has ended."""
        if not number % 2 or number >= self._next_id:
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "a frame for an unknown stream")
        return self.streams.get(number)

    def _end(self, stream: Http2Stream) -> None:
        """End a stream that the peer has completed. Data that is still unsent is dropped."""
        del self.streams[stream.id]
        if not stream.sent:
            self._write(frames.rst_stream(stream.id, ErrorCode.NO_ERROR))
        self._wake()

    def _reset(self, stream: Http2Stream, code: ErrorCode, *, unprocessed: bool) -> None:
        if self.streams.pop(stream.id, None) is not None:
            stream.owner.on_reset(code, unprocessed=unprocessed)
            self._wake()

    def _count_idle(self, *, idle: bool) -> None:
        self._idle_frames = self._idle_frames + 1 if idle else 0
        if self._idle_frames > IDLE_FRAMES_MAX:
            raise ProtocolError(ErrorCode.ENHANCE_YOUR_CALM, "too many empty frames")


def read_number(payload: bytes) -> int:
    if len(payload) != frames.NUMBER.size:
        raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR, "a frame has an invalid length")
    return int(frames.NUMBER.unpack(payload)[0])


def error_code(number: int) -> ErrorCode:
    """Return the code of a number. Unknown codes count as INTERNAL_ERROR (RFC 9113, section 7)."""
    try:
        return ErrorCode(number)
    except ValueError:
        return ErrorCode.INTERNAL_ERROR
