"""Our connection against h2, an HTTP/2 of other hands: what one says, the other understands."""

from collections import defaultdict
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http2 import frames
from gateway.http2.blocks import BlockReader, literal
from gateway.http2.connection import OWN_WINDOW, Connection
from gateway.http2.frames import ErrorCode, ProtocolError

REQUEST = ((":method", "POST"), (":scheme", "http"), (":path", "/a/B"), (":authority", "x"))


@dataclass
class Heard:
    """What the owner of a stream hears."""

    headers: list = field(default_factory=list)
    data: bytes = b""
    ended: bool = False
    reset: tuple | None = None
    rooms: int = 0

    def on_headers(self, fields, *, end):
        assert not self.ended
        self.headers.append(fields)
        self.ended = end

    def on_data(self, data, *, end):
        assert not self.ended
        self.data += data
        self.ended = end

    def on_room(self):
        self.rooms += 1

    def on_reset(self, code, *, unprocessed):
        assert not self.ended
        self.reset = (code, unprocessed)


class Pair:
    """A client of ours and a server of h2's, joined by hand."""

    def __init__(self, **server_settings) -> None:
        self.client = Connection(lambda: None)
        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self.server = h2.connection.H2Connection(config)
        self.server.initiate_connection()
        codes = h2.settings.SettingCodes
        self.server.update_settings({codes[name.upper()]: v for name, v in server_settings.items()})
        self.bodies: dict[int, bytes] = defaultdict(bytes)
        self.requests: dict[int, list] = {}
        self.ended: set[int] = set()
        self.resets: dict[int, int] = {}
        self.exchange()

    def exchange(self, cuts=()) -> None:
        """Carries bytes both ways until neither has any. h2 raises if a window is overrun."""
        cuts = list(cuts)
        while True:
            sent, received = b"".join(self.client.output), self.server.data_to_send()
            self.client.output.clear()
            if not sent and not received:
                return
            for event in self.server.receive_data(sent) if sent else ():
                self.note(event)
            while received:
                size = cuts.pop() if cuts else len(received)
                self.client.receive(received[:size])
                received = received[size:]

    def note(self, event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = event.headers
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] += event.data
            self.server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = event.error_code

    def open(self, data=b"", *, end=True, extra=()):
        heard = Heard()
        fields = [(name.encode(), value.encode()) for name, value in (*REQUEST, *extra)]
        block = b"".join(literal(name, value) for name, value in fields)
        return heard, self.client.open(heard, block, data, end=end)


def test_a_request_and_its_answer():
    pair = Pair()
    heard, stream = pair.open(b"abc", extra=[("authorization", "secret" * 40)])
    pair.exchange()
    assert dict(pair.requests[stream.id])[b"authorization"] == b"secret" * 40
    assert (pair.bodies[stream.id], stream.id in pair.ended) == (b"abc", True)
    pair.server.send_headers(stream.id, [(":status", "200"), ("x", "y")])
    pair.server.send_data(stream.id, b"def", pad_length=7)
    pair.server.send_headers(stream.id, [("grpc-status", "0")], end_stream=True)
    pair.exchange()
    assert heard.headers == [((b":status", b"200"), (b"x", b"y")), ((b"grpc-status", b"0"),)]
    assert (heard.data, heard.ended, pair.client.streams) == (b"def", True, {})


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 150_000), min_size=1, max_size=4),
    answers=st.lists(st.integers(0, 60_000), min_size=4, max_size=4),
    cuts=st.lists(st.integers(1, 20_000), max_size=60),
    window=st.integers(4_000, 100_000),
    frame=st.integers(16_384, 60_000),
    long=st.integers(0, 30_000),
)
def test_bodies_of_any_size_arrive_both_ways(sizes, answers, cuts, window, frame, long):
    pair = Pair(initial_window_size=window, max_frame_size=frame)
    opened = [pair.open(bytes([n + 1]) * size) for n, size in enumerate(sizes)]
    pair.exchange(cuts)
    for number, ((heard, stream), size) in enumerate(zip(opened, sizes, strict=True)):
        assert pair.bodies[stream.id] == bytes([number + 1]) * size
        assert stream.id in pair.ended
        left = bytes([number + 65]) * answers[number]
        # h2 cuts a block this long into CONTINUATION frames.
        pair.server.send_headers(stream.id, [(":status", "200"), ("long", "x" * long)])
        while left:
            pair.exchange(cuts)
            room = min(pair.server.local_flow_control_window(stream.id), 16_384)
            assert room > 0
            pair.server.send_data(stream.id, left[:room])
            left = left[room:]
            pair.exchange(cuts)
            pair.client.acknowledge(stream, stream.received) if stream.received else None
        pair.server.send_headers(stream.id, [("grpc-status", "0")], end_stream=True)
        pair.exchange(cuts)
        assert heard.data == bytes([number + 65]) * answers[number]
        assert heard.ended
        assert heard.headers[0][1] == (b"long", b"x" * long)
    assert not pair.client.streams


@settings(max_examples=40, deadline=None)
@given(changes=st.lists(st.integers(0, 150_000), min_size=1, max_size=5))
def test_windows_that_shrink_below_what_was_sent(changes):
    pair = Pair(initial_window_size=100_000)
    _, stream = pair.open(b"a" * 500_000)
    for window in [*changes, 600_000]:
        pair.server.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        pair.exchange()
    assert pair.bodies[stream.id] == b"a" * 500_000


def test_a_reader_that_does_not_read_stops_its_sender_and_no_other():
    pair = Pair()
    slow, first = pair.open()
    quick, second = pair.open()
    pair.exchange()
    for stream in (first, second):
        pair.server.send_headers(stream.id, [(":status", "200")])
    while room := pair.server.local_flow_control_window(first.id):
        pair.server.send_data(first.id, bytes(min(room, 16_384)))
        pair.exchange()
    assert (len(slow.data), first.received) == (OWN_WINDOW, OWN_WINDOW)
    pair.server.send_data(second.id, b"x", end_stream=True)
    pair.exchange()
    assert quick.data == b"x"
    pair.client.acknowledge(first, 1000)
    pair.exchange()
    assert pair.server.local_flow_control_window(first.id) == 1000


def test_cancel_and_reset():
    pair = Pair()
    ours, first = pair.open(b"a", end=False)
    theirs, second = pair.open(b"b", end=False)
    refused, third = pair.open(b"c", end=False)
    pair.exchange()
    pair.client.cancel(first)
    pair.server.reset_stream(second.id, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
    pair.server.reset_stream(third.id, h2.errors.ErrorCodes.REFUSED_STREAM)
    pair.exchange()
    assert pair.resets == {first.id: ErrorCode.CANCEL}
    assert (ours.reset, theirs.reset) == (None, (ErrorCode.ENHANCE_YOUR_CALM, False))
    assert refused.reset == (ErrorCode.REFUSED_STREAM, True)


def test_an_answer_before_the_request_has_ended_stops_it():
    pair = Pair(initial_window_size=10)
    heard, stream = pair.open(b"a" * 100_000)
    pair.server.receive_data(b"".join(pair.client.output))
    pair.client.output.clear()
    pair.server.send_headers(stream.id, [(":status", "200"), ("grpc-status", "8")], end_stream=True)
    pair.exchange()
    assert heard.ended
    assert pair.resets == {stream.id: ErrorCode.NO_ERROR}


def test_goaway_tells_what_was_not_processed():
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


def test_no_more_streams_than_the_server_takes():
    pair = Pair(max_concurrent_streams=2)
    _, first = pair.open()
    pair.open()
    assert not pair.client.available
    pair.exchange()
    pair.server.send_headers(first.id, [(":status", "200")], end_stream=True)
    pair.exchange()
    assert pair.client.available


def test_pings_are_answered():
    pair = Pair()
    pair.server.ping(b"12345678")
    pair.client.receive(pair.server.data_to_send())
    events = pair.server.receive_data(b"".join(pair.client.output))
    assert [type(event) for event in events] == [h2.events.PingAckReceived]


SERVER_PREFACE = frames.settings({})
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
        frames.settings({frames.MAX_FRAME_SIZE: 1}),
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
    connection = Connection(lambda: None)
    connection.open(Heard(), b"", b"", end=True)
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
    connection = Connection(lambda: None)
    for _ in range(2):
        connection.open(Heard(), b"", b"", end=True)
    received = SERVER_PREFACE + b"".join(frames.frame(*each) for each in junk)
    try:
        while received:
            size = cuts.pop() if cuts else len(received)
            connection.receive(received[:size])
            received = received[size:]
    except ProtocolError as error:
        connection.abandon(error.code)
        assert not connection.streams


@settings(max_examples=100, deadline=None)
@given(
    blocks=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([b"grpc-status", b"x-a", b"content-type"]),
                st.sampled_from([b"0", b"1", b"application/grpc", b"y" * 300]),
            ),
            max_size=4,
        ),
        max_size=60,
    ),
    size=st.sampled_from([0, 60, 4096]),
)
def test_cached_blocks_mean_what_they_say(blocks, size):
    """The cache of blocks never outlives the table, also where entries are driven out."""
    encoder, reader = hpack.Encoder(), BlockReader()
    encoder.header_table_size = size
    for fields in blocks:
        assert list(reader.read(encoder.encode(fields))) == fields
