"""The connection against h2: each side decodes the frames of the other."""

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http2 import frames
from gateway.http2.connection import Http2Connection
from gateway.http2.frames import ErrorCode, ProtocolError
from tests.gateway.http2.oracle import Pair, RecordingOwner


def test_a_request_and_its_response():
    pair = Pair()
    received, stream = pair.open(b"abc", extra=[("authorization", "secret" * 40)])
    pair.exchange()
    assert dict(pair.requests[stream.id])[b"authorization"] == b"secret" * 40
    assert (pair.bodies[stream.id], stream.id in pair.ended) == (b"abc", True)
    pair.server.send_headers(stream.id, [(":status", "200"), ("x", "y")])
    pair.server.send_data(stream.id, b"def", pad_length=7)
    pair.server.send_headers(stream.id, [("grpc-status", "0")], end_stream=True)
    pair.exchange()
    assert received.headers == [((b":status", b"200"), (b"x", b"y")), ((b"grpc-status", b"0"),)]
    assert (received.data, received.ended, pair.client.streams) == (b"def", True, {})


def test_a_response_before_the_end_of_the_request_stops_it():
    pair = Pair(initial_window_size=10)
    received, stream = pair.open(b"a" * 100_000)
    pair.server.receive_data(b"".join(pair.client.output))
    pair.client.output.clear()
    pair.server.send_headers(stream.id, [(":status", "200"), ("grpc-status", "8")], end_stream=True)
    pair.exchange()
    assert received.ended
    assert pair.resets == {stream.id: ErrorCode.NO_ERROR}


def test_goaway_marks_unprocessed_streams():
    pair = Pair()
    done, first = pair.open()
    lost, second = pair.open()
    pair.exchange()
    pair.server.close_connection(last_stream_id=first.id)
    received = pair.server.data_to_send()
    pair.client.receive(received)
    assert (done.reset, lost.reset) == (None, (ErrorCode.NO_ERROR, True))
    assert pair.client.closed
    assert not pair.client.available
    pair.client.lose()
    assert done.reset == (ErrorCode.CONNECT_ERROR, False)
    assert second.id not in pair.client.streams


def test_pings_are_acknowledged():
    pair = Pair()
    pair.server.ping(b"12345678")
    pair.client.receive(pair.server.data_to_send())
    events = pair.server.receive_data(b"".join(pair.client.output))
    assert [type(event) for event in events] == [h2.events.PingAckReceived]


SERVER_PREFACE = frames.settings_frame({})


BROKEN = {
    "no settings first": (frames.frame(frames.PING, 0, 0, bytes(8)), ErrorCode.PROTOCOL_ERROR),
    "a frame too long": (
        SERVER_PREFACE + frames.HEAD.pack(16_385 << 8, 0, 1),
        ErrorCode.FRAME_SIZE_ERROR,
    ),
    "a ping too short": (
        SERVER_PREFACE + frames.frame(frames.PING, 0, 0, b"1"),
        ErrorCode.FRAME_SIZE_ERROR,
    ),
    "data of no stream": (
        SERVER_PREFACE + frames.frame(frames.DATA, 0, 5, b"a"),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "a push": (
        SERVER_PREFACE + frames.frame(frames.PUSH_PROMISE, 4, 1, bytes(4)),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "continuation of nothing": (
        SERVER_PREFACE + frames.frame(frames.CONTINUATION, 4, 1, b""),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "a window too large": (
        SERVER_PREFACE + frames.window_update(0, 2**31 - 1),
        ErrorCode.FLOW_CONTROL_ERROR,
    ),
    "a window that grows by nothing": (
        SERVER_PREFACE + frames.window_update(0, 0),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "settings that cannot be": (
        frames.settings_frame({frames.MAX_FRAME_SIZE: 1}),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "a flood of pings": (
        SERVER_PREFACE + frames.frame(frames.PING, 0, 0, bytes(8)) * 1_002,
        ErrorCode.ENHANCE_YOUR_CALM,
    ),
    "a header block without end": (
        SERVER_PREFACE
        + frames.frame(frames.HEADERS, 0, 1, bytes(16_000))
        + frames.frame(frames.CONTINUATION, 0, 1, bytes(16_000)) * 5,
        ErrorCode.ENHANCE_YOUR_CALM,
    ),
    "a block that is none": (
        SERVER_PREFACE + frames.frame(frames.HEADERS, 4, 1, b"\xff\xff\xff\xff\xff"),
        ErrorCode.COMPRESSION_ERROR,
    ),
    "data beyond the window": (
        SERVER_PREFACE + frames.frame(frames.DATA, 0, 1, bytes(16_384)) * 17,
        ErrorCode.FLOW_CONTROL_ERROR,
    ),
    "padding alone": (
        SERVER_PREFACE + frames.frame(frames.DATA, frames.PADDED, 1, b"\x05abc"),
        ErrorCode.PROTOCOL_ERROR,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_protocol_is_refused(name):
    received, code = BROKEN[name]
    connection = Http2Connection(lambda: None)
    connection.open(RecordingOwner(), b"", b"", end=True)
    with pytest.raises(ProtocolError) as caught:
        connection.receive(received)
    assert caught.value.code == code


@settings(max_examples=300, deadline=None)
@given(
    junk=st.lists(
        st.tuples(
            st.integers(0, 12), st.integers(0, 255), st.integers(0, 6), st.binary(max_size=64)
        ),
        max_size=30,
    ),
    cuts=st.lists(st.integers(1, 50), max_size=40),
)
def test_frames_of_any_kind_break_nothing_but_the_connection(junk, cuts):
    connection = Http2Connection(lambda: None)
    for _ in range(2):
        connection.open(RecordingOwner(), b"", b"", end=True)
    received = SERVER_PREFACE + b"".join(frames.frame(*each) for each in junk)
    try:
        while received:
            size = cuts.pop() if cuts else len(received)
            connection.receive(received[:size])
            received = received[size:]
    except ProtocolError as error:
        connection.abandon(error.code)
        assert not connection.streams
