"""Sent data respects the windows of the peer."""

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.http2.oracle import Pair


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 150_000), min_size=1, max_size=4),
    responses=st.lists(st.integers(0, 60_000), min_size=4, max_size=4),
    cuts=st.lists(st.integers(1, 20_000), max_size=60),
    window=st.integers(4_000, 100_000),
    frame=st.integers(16_384, 60_000),
    long=st.integers(0, 30_000),
)
def test_bodies_of_any_size_arrive_both_ways(sizes, responses, cuts, window, frame, long):
    pair = Pair(initial_window_size=window, max_frame_size=frame)
    opened = [pair.open(bytes([n + 1]) * size) for n, size in enumerate(sizes)]
    pair.exchange(cuts)
    for number, ((received, stream), size) in enumerate(zip(opened, sizes, strict=True)):
        assert pair.bodies[stream.id] == bytes([number + 1]) * size
        assert stream.id in pair.ended
        left = bytes([number + 65]) * responses[number]
        # h2 splits a block of this length into CONTINUATION frames.
        pair.server.send_headers(stream.id, [(":status", "200"), ("long", "x" * long)])
        while left:
            pair.exchange(cuts)
            window = min(pair.server.local_flow_control_window(stream.id), 16_384)
            assert window > 0
            pair.server.send_data(stream.id, left[:window])
            left = left[window:]
            pair.exchange(cuts)
            pair.client.acknowledge(stream, stream.received) if stream.received else None
        pair.server.send_headers(stream.id, [("grpc-status", "0")], end_stream=True)
        pair.exchange(cuts)
        assert received.data == bytes([number + 65]) * responses[number]
        assert received.ended
        assert received.headers[0][1] == (b"long", b"x" * long)
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


def test_no_more_streams_than_the_server_takes():
    pair = Pair(max_concurrent_streams=2)
    _, first = pair.open()
    pair.open()
    assert not pair.client.available
    pair.exchange()
    pair.server.send_headers(first.id, [(":status", "200")], end_stream=True)
    pair.exchange()
    assert pair.client.available
