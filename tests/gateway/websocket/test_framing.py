"""Whole frames, as the websockets library decodes them."""

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from gateway.websocket.framing import BINARY, TEXT, make_frame, payload_of

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 300_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("first", "opcode"), [(TEXT, Opcode.TEXT), (BINARY, Opcode.BINARY)])
def test_a_frame_is_one_message(size, first, opcode):
    client = ClientProtocol(parse_uri("ws://x/"), max_size=None)
    client.state = 1
    client.reader.feed_data(b"")
    client.parser = client.parse()
    client.parser.send(None)
    payload = bytes(range(256)) * (size // 256 + 1)
    client.receive_data(make_frame(first, payload[:size]))
    (frame,) = client.events_received()
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (opcode, True, payload[:size])


@pytest.mark.parametrize("size", SIZES)
def test_the_payload_is_what_was_framed(size):
    assert payload_of(make_frame(TEXT, b"x" * size)) == b"x" * size
