"""The sending half of a connection, which respects the peer's flow-control windows."""

from collections import deque
from collections.abc import Callable

from gateway.http2 import frames
from gateway.http2.frames import ErrorCode, ProtocolError
from gateway.http2.stream import Http2Stream

# Unlimited until the peer announces a maximum (section 6.5.2).
STREAMS = frames.STREAM_ID_MAX


class FrameSender:
    """Sends data of streams and buffers what exceeds the windows. `output` is what to write."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.output: list[bytes] = []
        self.streams: dict[int, Http2Stream] = {}
        self.streams_max = STREAMS
        self._wake = wake
        self._window = frames.WINDOW_BYTES
        self._peer_window = frames.WINDOW_BYTES
        self._frame_bytes = frames.FRAME_BYTES

    def send(self, stream: Http2Stream, data: bytes, *, end: bool) -> None:
        """Send data as far as the windows allow, and buffer the rest."""
        stream.closing = stream.closing or end
        size = len(data)
        if stream.waiting is None and size <= min(stream.window, self._window, self._frame_bytes):
            if size or end:
                stream.window -= size
                self._window -= size
                self._write(frames.frame(frames.DATA, end, stream.id, data))
                stream.sent = end
            return
        if stream.waiting is None:
            stream.waiting = deque()
        stream.waiting.append(data)
        stream.backlog += size
        self._drain(stream)

    def _apply_setting(self, key: int, value: int) -> None:
        if key == frames.MAX_CONCURRENT_STREAMS:
            self.streams_max = value
        elif key == frames.INITIAL_WINDOW_SIZE:
            if value > frames.WINDOW_BYTES_MAX:
                raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large")
            change, self._peer_window = value - self._peer_window, value
            for stream in self.streams.values():
                self._widen(stream, change)
        elif key == frames.MAX_FRAME_SIZE:
            if not frames.FRAME_BYTES <= value <= frames.FRAME_BYTES_MAX:
                raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "an invalid frame size")
            self._frame_bytes = value
        elif key == frames.ENABLE_PUSH and value:
            raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "a server cannot enable push")

    def _widen(self, stream: Http2Stream, size: int) -> None:
        stream.window += size
        if stream.window > frames.WINDOW_BYTES_MAX:
            raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large")

    def _drain_all(self) -> None:
        for stream in [*self.streams.values()]:
            self._drain(stream)

    def _drain(self, stream: Http2Stream) -> None:
        """Send buffered data as far as the windows allow."""
        waiting = stream.waiting
        if waiting is None:
            return
        while waiting:
            data = waiting[0]
            size = min(len(data), stream.window, self._window, self._frame_bytes)
            if size <= 0 < len(data):
                return
            if size == len(data):
                waiting.popleft()
            else:
                waiting[0] = data[size:]
            stream.window -= size
            self._window -= size
            stream.backlog -= size
            end = stream.closing and not waiting
            self._write(frames.frame(frames.DATA, end, stream.id, data[:size]))
            stream.sent = end
        stream.waiting = None
        stream.owner.on_writable()

    def _write(self, data: bytes) -> None:
        if not self.output:
            self._wake()
        self.output.append(data)
