"""The newest events, in memory, for all who stream them."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from libral.events.v1 import events_pb2

from services.events.domain import Entry

EVENTS_MAX = 2_000
BYTES_MAX = 16 * 1024 * 1024


class Recent:
    """Events without a gap, up to the last one offered.

    Each is kept with the message that tells of it, made once for all streams.
    """

    def __init__(self) -> None:
        self._events: deque[tuple[Entry, events_pb2.Event]] = deque()
        self._bytes = 0
        self.position = 0

    def offer(self, events: Sequence[tuple[Entry, events_pb2.Event]]) -> bool:
        """Takes events that go on where it ends. Tells whether they do."""
        if events and self._events and events[0][0].position != self.position + 1:
            return False
        for event in events:
            self._events.append(event)
            self._bytes += len(event[0].data)
        if events:
            self.position = events[-1][0].position
        while len(self._events) > EVENTS_MAX or self._bytes > BYTES_MAX:
            self._bytes -= len(self._events.popleft()[0].data)
        return True

    def after(self, position: int, limit: int) -> list[tuple[Entry, events_pb2.Event]] | None:
        """Gives the events that follow a position, or None when it does not have the next one."""
        if not self._events or not self._events[0][0].position <= position + 1 <= self.position:
            return None
        first = position + 1 - self._events[0][0].position
        return list(islice(self._events, first, first + limit))
