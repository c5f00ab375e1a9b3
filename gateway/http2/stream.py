"""A stream of a connection, and what its owner is told of it."""

from collections import deque
from typing import Protocol

from gateway.http2.blocks import Fields
from gateway.http2.frames import ErrorCode


class StreamOwner(Protocol):
    """Who opened a stream, and is told what becomes of it. `reset` is the last that it hears."""

    def on_headers(self, fields: Fields, *, end: bool) -> None: ...

    def on_data(self, data: bytes, *, end: bool) -> None: ...

    def on_writable(self) -> None:
        """What waited for a window is sent."""
        ...

    def on_reset(self, code: ErrorCode, *, unprocessed: bool) -> None:
        """The stream ended early. `unprocessed`: the peer did nothing with it."""
        ...


class Http2Stream:
    """A stream of a connection."""

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
