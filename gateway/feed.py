"""Feeds: server streams from upstream as the gateway carries them, over SSE or WebSocket."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gateway.auth import Caller, expired
from gateway.calls import STREAM_SECONDS_MAX, make_call, stream_seconds
from gateway.descriptors import Method
from gateway.errors import CANCELLED, StatusError, draining, failure, invalid_field
from gateway.fields import convert, find_field
from gateway.http import Request
from gateway.params import Bound
from gateway.routes import Route
from gateway.upstream import Metadata, Stream, Upstreams

T = TypeVar("T")

OK_STATUS = b'{"code":0,"status":"OK","message":"","details":[]}'


@dataclass(frozen=True)
class Item:
    """One message of a stream, the field of it to show (None: all), and its cursor."""

    message: Message
    field: FieldDescriptor | None
    cursor: str


class Feed:
    """One open stream: read it to the end, or until something here ends it."""

    def __init__(self, stream: Stream, route: Route, forget: Callable[["Feed"], None]) -> None:
        self._stream = stream
        self._route = route
        self._forget = forget
        self._ended: StatusError | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def read(self) -> Item | None:
        """Waits for the next message. None: the stream ended well.

        Raises:
            StatusError: It ended badly.
        """
        content = await self._ask(self._stream.read)
        if content is None:
            return None
        method = self._route.method
        message: Any = method.response_class.FromString(content)
        cursor = str(getattr(message, method.cursor)) if method.cursor else ""
        return Item(message, self._route.response_body, cursor)

    async def send(self, message: bytes) -> None:
        """Sends a message, when the upstream has room for it.

        Raises:
            StatusError: The call has ended.
        """
        await self._ask(lambda: self._stream.send(message))

    async def half_close(self) -> None:
        """Says that no more messages follow."""
        await self._ask(self._stream.half_close)

    async def headers(self) -> Metadata:
        """Waits for the metadata before the first message.

        Raises:
            StatusError: The stream ended badly.
        """
        return await self._ask(self._stream.headers)

    def trailers(self) -> Metadata:
        """The metadata that came with the end."""
        return self._stream.trailers()

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks the call, unless it was ended from here."""
        if self._ended is not None:
            raise self._ended
        try:
            return await ask()
        except asyncio.CancelledError:
            if self._ended is None:
                raise
            raise self._ended from None

    def end(self, error: StatusError) -> None:
        """Ends the stream from here: the reader gets this error."""
        if self._ended is None:
            self._ended = error
            self._stream.cancel()

    def end_with_token(self, caller: Caller) -> None:
        """Ends the stream as soon as that token is no longer taken."""
        seconds = max(0.0, caller.expire - time.time())
        if seconds < STREAM_SECONDS_MAX:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, lambda: self.end(expired()))

    def close(self) -> None:
        """Ends the stream because nobody reads it any more."""
        if self._timer is not None:
            self._timer.cancel()
        self.end(failure(CANCELLED, "CLIENT_GONE", "The client closed the stream."))
        self._forget(self)


class Feeds:
    """All open feeds, so that a gateway that stops can end each with a status."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._open: set[Feed] = set()
        self._idle = asyncio.Event()
        self._draining = False

    def open(self, request: Request, route: Route, bound: Bound, caller: Caller | None) -> Feed:
        """Opens a stream, which ends with the caller's token at the latest.

        Raises:
            StatusError: The gateway stops, or there is no upstream.
        """
        if self._draining:
            raise draining()
        method = route.method
        call = make_call(request, method, caller, bound, stream_seconds(request.headers, caller))
        stream = self._upstreams.of(method.service).open(call)
        feed = Feed(stream, route, self._close)
        self._open.add(feed)
        self._idle.clear()
        if caller is not None:
            feed.end_with_token(caller)
        return feed

    async def drain(self, seconds: float) -> bool:
        """Ends all feeds, and waits until their readers have closed them, if there were any."""
        self._draining = True
        for feed in list(self._open):
            feed.end(draining())
        if not self._open:
            return False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return True

    def _close(self, feed: Feed) -> None:
        self._open.discard(feed)
        if not self._open:
            self._idle.set()


def resume(method: Method, message: Any, cursor: str, shown: str) -> None:
    """Makes a request go on after the last cursor that the client saw.

    Raises:
        StatusError: 400 when the cursor is none; `shown` names where it stood.
    """
    field = find_field(method.input, method.resume) if method.resume else None
    if field is None:
        return
    try:
        setattr(message, field.name, convert(field, cursor))
    except ValueError as error:
        raise invalid_field(shown, f"{error}.") from None
