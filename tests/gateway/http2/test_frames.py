"""Frames, as h2's frame library reads them."""

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from gateway.http2 import frames
from gateway.http2.frames import ErrorCode, ProtocolError


def read(data: bytes) -> list[Frame]:
    found = []
    while data:
        frame, length = Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + length]))
        found.append(frame)
        data = data[9 + length :]
    return found


def test_control_frames():
    written = (
        frames.settings_frame({frames.ENABLE_PUSH: 0, frames.INITIAL_WINDOW_SIZE: 70_000})
        + frames.window_update(3, 1000)
        + frames.rst_stream(5, ErrorCode.CANCEL)
        + frames.goaway(ErrorCode.ENHANCE_YOUR_CALM)
    )
    settings, window, reset, goaway = read(written)
    assert isinstance(settings, SettingsFrame)
    assert settings.settings == {2: 0, 4: 70_000}
    assert isinstance(window, WindowUpdateFrame)
    assert (window.stream_id, window.window_increment) == (3, 1000)
    assert isinstance(reset, RstStreamFrame)
    assert (reset.stream_id, reset.error_code) == (5, 8)
    assert isinstance(goaway, GoAwayFrame)
    assert (goaway.last_stream_id, goaway.error_code) == (0, 11)


@pytest.mark.parametrize("size", [0, 10, 11, 20, 35])
@pytest.mark.parametrize("end", [False, True])
def test_a_long_block_continues(size, end):
    first, *rest = read(frames.headers_frames(1, b"b" * size, end=end, size_max=10))
    assert isinstance(first, HeadersFrame)
    assert all(isinstance(each, ContinuationFrame) for each in rest)
    assert len(rest) == max(0, (size - 1) // 10)
    assert ("END_STREAM" in first.flags) is end
    assert ["END_HEADERS" in each.flags for each in (first, *rest)] == [False] * len(rest) + [True]
    assert b"".join(each.data for each in (first, *rest)) == b"b" * size


def test_padding_is_taken_off():
    assert frames.remove_padding(0, b"\x02abc") == b"\x02abc"
    assert frames.remove_padding(frames.PADDED, b"\x02abcd") == b"ab"
    assert frames.remove_padding(frames.PADDED, b"\x00") == b""
    for payload in (b"", b"\x01", b"\x04abc"):
        with pytest.raises(ProtocolError):
            frames.remove_padding(frames.PADDED, payload)
