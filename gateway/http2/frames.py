"""Frames (RFC 9113, sections 4 and 6) and error codes (section 7)."""

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9
FRAME_BYTES = 16_384
FRAME_BYTES_MAX = 2**24 - 1
WINDOW_BYTES = 65_535
WINDOW_BYTES_MAX = 2**31 - 1
STREAM_ID_MAX = 2**31 - 1

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9

END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS = 1, 2, 3
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = 4, 5, 6

# The length and the type share the first four bytes.
HEAD = struct.Struct(">IBI")
SETTING = struct.Struct(">HI")
NUMBER = struct.Struct(">I")
TWO_NUMBERS = struct.Struct(">II")


class ErrorCode(IntEnum):
    """Why a stream or a connection ended."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class ProtocolError(Exception):
    """The peer violated the protocol: the connection ends with this code."""

    def __init__(self, code: ErrorCode, problem: str) -> None:
        super().__init__(problem)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return HEAD.pack(len(payload) << 8 | kind, flags, stream) + payload


def settings_frame(values: dict[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(SETTING.pack(*item) for item in values.items()))


def window_update(stream: int, size: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, NUMBER.pack(size))


def rst_stream(stream: int, code: ErrorCode) -> bytes:
    return frame(RST_STREAM, 0, stream, NUMBER.pack(code))


def goaway(code: ErrorCode) -> bytes:
    """Return a client's GOAWAY. Its last stream is 0, since push is disabled."""
    return frame(GOAWAY, 0, 0, TWO_NUMBERS.pack(0, code))


def headers_frames(stream: int, block: bytes, *, end: bool, size_max: int) -> bytes:
    """Return HEADERS, and CONTINUATION frames if the block exceeds the maximum frame size."""
    flags = END_STREAM if end else 0
    if len(block) <= size_max:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    parts = [block[start : start + size_max] for start in range(0, len(block), size_max)]
    written = [frame(HEADERS, flags, stream, parts[0])]
    written += [frame(CONTINUATION, 0, stream, part) for part in parts[1:-1]]
    written.append(frame(CONTINUATION, END_HEADERS, stream, parts[-1]))
    return b"".join(written)


def remove_padding(flags: int, payload: bytes) -> bytes:
    """Remove the padding of DATA or HEADERS (section 6.1)."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise ProtocolError(ErrorCode.PROTOCOL_ERROR, "a frame is all padding")
    return payload[1 : len(payload) - payload[0]]
