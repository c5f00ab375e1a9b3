"""Fan-out: one upstream call of a server stream, shared by all identical subscriptions.

The fastest reader sets the pace: reading pauses when the upstream is 64 KiB ahead of it. The latest
messages are kept for slower readers. A slow reader whose next message is no longer kept is closed
with RESOURCE_EXHAUSTED; the others are not slowed down.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gateway.contracts.descriptors import Method
from gateway.http.errors import (
    CANCELLED,
    RESOURCE_EXHAUSTED,
    Metadata,
    StatusError,
    failure,
    internal,
)
from gateway.routing.routes import Route
from gateway.upstream import UpstreamStream

KEPT_BYTES_MAX = 256 * 1024
KEPT_ITEMS_MIN = 16
LEAD_BYTES_MAX = 64 * 1024
TOO_SLOW = "READER_TOO_SLOW"

log = structlog.get_logger()


class StreamItem:
    """One message of a stream, the field of it to show (None: all), and its cursor.

    `end` is the number of bytes of the stream up to and including this message. `frames` caches its
    encoded frames.
    """

    __slots__ = ("_message", "_method", "content", "cursor", "end", "field", "frames")

    def __init__(self, content: bytes, method: Method, field: FieldDescriptor | None) -> None:
        self.content = content
        self.field = field
        self.end = 0
        self.frames: dict[object, bytes] = {}
        self._method = method
        self._message: Message | None = None
        self.cursor = str(getattr(self.message, method.cursor)) if method.cursor else ""

    @property
    def message(self) -> Message:
        if self._message is None:
            self._message = self._method.response_class.FromString(self.content)
        return self._message


class FanOutReader(Protocol):
    """A reader of a fan-out. `at` is the number of its next item.

    `after` is the numbered cursor up to which items are skipped; None: no item is.
    """

    at: int
    after: int | None

    def wake(self) -> None:
        """There is a new item, or the stream has ended."""
        ...


class FanOut:
    """An open upstream call, its latest messages, and its readers.

    Reading pauses until the fastest reader takes more items. Slow readers never pause it: their
    next `take` raises an error if their next item is no longer kept.
    """

    def __init__(
        self,
        stream: UpstreamStream,
        route: Route,
        after: int | None,
        forget: Callable[["FanOut"], None],
    ) -> None:
        """`after` is the numbered cursor after which the call begins; None: it begins now."""
        self.initial_metadata: Metadata | None = None
        self.trailers: Metadata = []
        self.error: StatusError | None = None
        self.done = False
        self._stream = stream
        self._route = route
        self._numbered = route.method.numbered
        self._complete_after = after
        self._forget = forget
        self._readers: dict[FanOutReader, None] = {}
        self._items: deque[StreamItem] = deque()
        self._first = self._next = 0
        self._kept_bytes = self._read_bytes = self._fastest_bytes = 0
        self._paused: asyncio.Future[None] | None = None
        self._task = asyncio.create_task(self._run())

    def add(self, reader: FanOutReader, at: int, after: int | None) -> None:
        """Start a reader at an item, and skip items up to a cursor.

        A call that was opened at an earlier cursor may not have reached the reader's cursor yet.
        """
        reader.at = at
        reader.after = after
        self._readers[reader] = None

    def remove(self, reader: FanOutReader) -> None:
        """Remove a reader. The call ends with its last reader."""
        self._readers.pop(reader, None)
        if not self._readers:
            self._task.cancel()
            self._finish()
        else:
            self._fastest_bytes = max(map(self._bytes_before, self._readers))
            self._resume_reading()

    def find_position(self, method: Method, after: int | None) -> int | None:
        """Return where a reader that wants the items after a cursor (None: from now on) can join.

        Returns:
            The number of its first item, or None if it would miss items.
        """
        if self.done:
            return None
        if method.whole:
            return max(self._first, self._next - 1)
        if not method.numbered:
            return 0 if self._next == 0 else None
        if after is None:
            return self._next
        if self._complete_after is None or after < self._complete_after:
            return None
        newer = sum(1 for item in self._items if int(item.cursor) > after)
        return self._next - newer

    def take(self, reader: FanOutReader) -> StreamItem | None:
        """Return the next item of a reader. None: there is none yet.

        Raises:
            StatusError: It fell too far behind.
        """
        while reader.at != self._next:
            if reader.at < self._first:
                raise failure(RESOURCE_EXHAUSTED, TOO_SLOW, "The stream is read too slowly.")
            item = self._items[reader.at - self._first]
            reader.at += 1
            if item.end > self._fastest_bytes:
                self._fastest_bytes = item.end
                if self._paused is not None:
                    self._resume_reading()
            if reader.after is None:
                return item
            if int(item.cursor) > reader.after:
                reader.after = None
                return item
        return None

    async def _run(self) -> None:
        try:
            self.initial_metadata = await self._stream.initial_metadata()
            self._wake_all()
            while (content := await self._stream.read()) is not None:
                self._keep(content)
                self._wake_all()
                while self._read_bytes - self._fastest_bytes > LEAD_BYTES_MAX:
                    self._paused = asyncio.get_running_loop().create_future()
                    await self._paused
        except StatusError as error:
            self.error = error
        except asyncio.CancelledError:
            self.error = failure(CANCELLED, "CALL_ENDED", "The call upstream was cancelled.")
        except Exception:
            log.exception("fan_out.failed", method=self._route.method.full_name)
            self.error = internal()
        self.trailers = self.error.trailers if self.error else self._stream.trailers()
        self._finish()

    def _finish(self) -> None:
        if not self.done:
            self.done = True
            self._stream.cancel()
            self._forget(self)
            self._wake_all()

    def _keep(self, content: bytes) -> None:
        item = StreamItem(content, self._route.method, self._route.response_body)
        if not self._route.method.safe:
            self._drop_taken_by_all()
        if self._complete_after is None:
            self._complete_after = int(item.cursor)
        self._read_bytes += len(content)
        item.end = self._read_bytes
        self._items.append(item)
        self._next += 1
        self._kept_bytes += len(content)
        while self._kept_bytes > KEPT_BYTES_MAX and len(self._items) > KEPT_ITEMS_MIN:
            gone = self._items.popleft()
            self._first += 1
            self._kept_bytes -= len(gone.content)
            if self._numbered:
                self._complete_after = int(gone.cursor)

    def _drop_taken_by_all(self) -> None:
        """Drop items that all readers have taken. Calls of unsafe methods are never joined."""
        slowest = min(reader.at for reader in self._readers)
        while self._first < slowest:
            self._kept_bytes -= len(self._items.popleft().content)
            self._first += 1

    def _bytes_before(self, reader: FanOutReader) -> int:
        number = min(reader.at - self._first, len(self._items))
        return self._items[number - 1].end if number > 0 else 0

    def _wake_all(self) -> None:
        for reader in list(self._readers):
            reader.wake()

    def _resume_reading(self) -> None:
        if self._paused is not None and not self._paused.done():
            self._paused.set_result(None)
