"""In-memory cache of the newest events, shared by all streams of a process."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Generic, TypeVar

from services.events.domain.entries import LogEntry

EVENTS_MAX = 2_000
BYTES_MAX = 16 * 1024 * 1024

MessageT = TypeVar("MessageT")


class RecentEvents(Generic[MessageT]):
    """Consecutive events up to the newest one, each with its serializable message.

    The message of an event is built once for all streams. The cache holds at most 2,000 events
    and 16 MiB of event data.
    """

    def __init__(self) -> None:
        self._events: deque[tuple[LogEntry, MessageT]] = deque()
        self._bytes = 0
        self.position = 0

    def append_next(self, events: Sequence[tuple[LogEntry, MessageT]]) -> bool:
        """Append events. Return False, without effect, if they do not follow the newest one."""
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

    def list_after(self, position: int, limit: int) -> list[tuple[LogEntry, MessageT]] | None:
        """Return up to `limit` events after a position, or None if the next one is not cached."""
        if not self._events or not self._events[0][0].position <= position + 1 <= self.position:
            return None
        first = position + 1 - self._events[0][0].position
        return list(islice(self._events, first, first + limit))
