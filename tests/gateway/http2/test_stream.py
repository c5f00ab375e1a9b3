"""Streams of one connection: read at their own pace, ended by either side."""

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

from gateway.http2.connection import OWN_WINDOW
from gateway.http2.frames import ErrorCode
from tests.gateway.http2.oracle import Pair


def test_a_reader_that_does_not_read_stops_its_sender_and_no_other():
    pair = Pair()
    slow, first = pair.open()
    quick, second = pair.open()
    pair.exchange()
    for stream in (first, second):
        pair.server.send_headers(stream.id, [(":status", "200")])
    while window := pair.server.local_flow_control_window(first.id):
        pair.server.send_data(first.id, bytes(min(window, 16_384)))
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
