"""The gateway's connection joined to one of h2, an independent implementation."""

from collections import defaultdict
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

from gateway.http2.blocks import literal_field
from gateway.http2.connection import Http2Connection

REQUEST = ((":method", "POST"), (":scheme", "http"), (":path", "/a/B"), (":authority", "x"))


@dataclass
class RecordingOwner:
    """Records the callbacks of a stream."""

    headers: list = field(default_factory=list)
    data: bytes = b""
    ended: bool = False
    reset: tuple | None = None
    writable_calls: int = 0

    def on_headers(self, fields, *, end):
        assert not self.ended
        self.headers.append(fields)
        self.ended = end

    def on_data(self, data, *, end):
        assert not self.ended
        self.data += data
        self.ended = end

    def on_writable(self):
        self.writable_calls += 1

    def on_reset(self, code, *, unprocessed):
        assert not self.ended
        self.reset = (code, unprocessed)


class Pair:
    """A client connection of the gateway and a server connection of h2."""

    def __init__(self, **server_settings) -> None:
        self.client = Http2Connection(lambda: None)
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
        """Transfer bytes both ways until there are none. h2 raises if a window is exceeded."""
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
        received = RecordingOwner()
        fields = [(name.encode(), value.encode()) for name, value in (*REQUEST, *extra)]
        block = b"".join(literal_field(name, value) for name, value in fields)
        return received, self.client.open(received, block, data, end=end)
