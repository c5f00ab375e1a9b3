"""A stream of a connection, and the callbacks of its owner."""

from collections import deque
from typing import Protocol

from gateway.http2.blocks import Fields
from gateway.http2.frames import ErrorCode


class StreamOwner(Protocol):
    """Callbacks of the code that opened a stream. There are none after `on_reset`."""

    def on_headers(self, fields: Fields, *, end: bool) -> None: ...

    def on_data(self, data: bytes, *, end: bool) -> None: ...

    def on_writable(self) -> None:
        """All buffered data was sent."""
        ...

    def on_reset(self, code: ErrorCode, *, unprocessed: bool) -> None:
        """The stream ended early. `unprocessed`: the peer did not process it at all."""
        ...


class Http2Stream:
    """A stream. `window` is how many bytes may be sent, and `waiting` the data that exceeds it."""

    __slots__ = ("backlog", "closing", "id", "owner", "received", "sent", "waiting", "window")

    def __init__(self, number: int, owner: StreamOwner, window: int) -> None:
        self.id = number
        self.owner = owner
        self.window = window
        self.waiting: deque[bytes] | None = None
        self.backlog = 0
        self.received = 0
        self.closing = False
        self.sent = False
