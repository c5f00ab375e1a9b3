"""Feeds: server streams as the gateway carries them, over SSE or WebSocket."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Any, Protocol

from gateway.auth.auth import Caller, expired
from gateway.calls.closable import Ending
from gateway.calls.requests import STREAM_SECONDS_MAX, make_call, stream_seconds, unary_seconds
from gateway.contracts.descriptors import Method
from gateway.http.errors import (
    DEADLINE_EXCEEDED,
    Metadata,
    StatusError,
    draining,
    failure,
    invalid_field,
)
from gateway.http.messages import Request
from gateway.routing.params import Bound
from gateway.routing.routes import Route
from gateway.routing.text_fields import convert, find_field
from gateway.streams.bidi import Dialog
from gateway.streams.fan_out import Broadcast, Item, start_of
from gateway.streams.singleflight import INDIFFERENT
from gateway.upstream import Call, Upstreams

OK_STATUS = b'{"code":0,"status":"OK","message":"","details":[]}'

Key = tuple[object, ...]


class Sink(Protocol):
    """Where a feed puts its items as they come, for who does not wait for them one by one."""

    @property
    def ready(self) -> bool:
        """Whether it takes an item now. When it does again, it calls `wake` of the feed."""
        ...

    def begin(self, headers: Metadata) -> None: ...

    def take(self, item: Item) -> None: ...

    def finish(self, error: StatusError | None, trailers: Metadata) -> None:
        """The stream is over. It is called once."""
        ...


class Feed(Ending):
    """One reader of a stream: until its end, or until something here ends it.

    It is read with `read`, or pours itself into a sink.
    """

    def __init__(self, broadcast: Broadcast, forget: Callable[["Feed"], None]) -> None:
        super().__init__()
        self.at = 0
        self.after: int | None = None
        self._broadcast = broadcast
        self._forget = forget
        self._waiting: list[asyncio.Future[None]] = []
        self._sink: Sink | None = None
        self._begun = False

    async def headers(self) -> Metadata:
        """Waits for the metadata before the first message.

        Raises:
            StatusError: The stream ended badly.
        """
        while self._broadcast.headers is None:
            self.raise_ended()
            if self._broadcast.done:
                raise self._broadcast.error or draining()
            await self._change()
        return self._broadcast.headers

    def trailers(self) -> Metadata:
        """The metadata that came with the end."""
        return self._broadcast.trailers

    async def read(self) -> Item | None:
        """Waits for the next message. None: the stream ended well.

        Raises:
            StatusError: It ended badly.
        """
        while True:
            item = self._next()
            if item is not None or self._broadcast.done:
                return item
            await self._change()

    def pour(self, sink: Sink) -> None:
        """Puts what comes, and what is there already, into a sink."""
        self._sink = sink
        self.wake()

    @property
    def streams(self) -> bool:
        return True

    def wake(self) -> None:
        if self._sink is not None:
            self._pour(self._sink)
        else:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    def close(self) -> None:
        """Ends the stream because nobody reads it any more."""
        self._sink = None
        self.leave()
        self._broadcast.remove(self)
        self._forget(self)

    def on_end(self) -> None:
        self.wake()

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _next(self) -> Item | None:
        self.raise_ended()
        item = self._broadcast.take(self)
        if item is None and self._broadcast.error is not None:
            raise self._broadcast.error
        return item

    def _pour(self, sink: Sink) -> None:
        if not self._begun and self._broadcast.headers is not None:
            self._begun = True
            sink.begin(self._broadcast.headers)
        error: StatusError | None = None
        try:
            while sink.ready or self.ended is not None:
                item = self._next()
                if item is None:
                    break
                sink.take(item)
            else:
                return
            if not self._broadcast.done:
                return
        except StatusError as problem:
            error = problem
        self._sink = None
        sink.finish(error, self.trailers())


class Feeds:
    """All that is open, so that a gateway that stops can end each with a status.

    Whoever asks for the same stream of a safe method as the same caller shares one call, if they
    miss nothing by it.
    """

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._open: set[Feed | Dialog] = set()
        self._shared: dict[Key, list[Broadcast]] = {}
        self._idle = asyncio.Event()
        self._draining = False

    def open(self, request: Request, route: Route, bound: Bound, caller: Caller | None) -> Feed:
        """Opens a stream, which ends with the caller's token at the latest.

        Raises:
            StatusError: The gateway stops, or there is no upstream.
        """
        self._admit()
        seconds = stream_seconds(request.headers, caller)
        broadcast, at = self._find(request, route, bound, caller, seconds)
        feed = Feed(broadcast, self._close)
        after = start_of(route.method, bound.message) if route.method.numbered else None
        broadcast.add(feed, at, after)
        self._open.add(feed)
        feed.end_after(seconds, too_late)
        if caller is not None:
            feed.end_after(caller.expire - time.time(), expired)
        return feed

    def dialog(self, request: Request, route: Route, caller: Caller | None) -> Dialog:
        """Opens a call on which the client speaks too, or of which it gets a single answer.

        Raises:
            StatusError: The gateway stops, or there is no upstream.
        """
        self._admit()
        method, headers = route.method, request.headers
        streams = method.client_streaming or method.server_streaming
        seconds = stream_seconds(headers, caller) if streams else unary_seconds(headers)
        bound = Bound(method.request_class())
        call = dataclasses.replace(make_call(request, method, caller, bound, seconds), request=None)
        dialog = Dialog(self._upstreams.of(method.service).open(call), route, self._close)
        self._open.add(dialog)
        if caller is not None:
            dialog.end_after(caller.expire - time.time(), expired)
        return dialog

    async def drain(self, seconds: float) -> bool:
        """Ends all that is open, and waits until it is closed, if there was anything."""
        self._draining = True
        for each in list(self._open):
            if each.streams:
                each.end(draining())
        if not self._open:
            return False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return True

    def _admit(self) -> None:
        if self._draining:
            raise draining()
        self._idle.clear()

    def _find(
        self, request: Request, route: Route, bound: Bound, caller: Caller | None, seconds: float
    ) -> tuple[Broadcast, int]:
        """Finds the call to share and where to join it, or else opens one."""
        method, message = route.method, bound.message
        after = start_of(method, message)
        call = make_call(request, method, caller, bound, seconds)
        if not method.safe:
            return self._call(route, call, after, lambda _: None), 0
        key = key_of(route, call, caller, message, live=after is None)
        for broadcast in self._shared.get(key, ()):
            at = broadcast.place(method, after)
            if at is not None:
                return broadcast, at
        lasting = dataclasses.replace(call, seconds=STREAM_SECONDS_MAX)
        broadcast = self._call(route, lasting, after, lambda gone: self._unshare(key, gone))
        self._shared.setdefault(key, []).append(broadcast)
        return broadcast, 0

    def _call(
        self, route: Route, call: Call, after: int | None, forget: Callable[[Broadcast], None]
    ) -> Broadcast:
        stream = self._upstreams.of(route.method.service).open(call)
        return Broadcast(stream, route, after, forget)

    def _unshare(self, key: Key, broadcast: Broadcast) -> None:
        known = self._shared.get(key, [])
        if broadcast in known:
            known.remove(broadcast)
        if not known:
            self._shared.pop(key, None)

    def _close(self, closed: Feed | Dialog) -> None:
        self._open.discard(closed)
        if not self._open:
            self._idle.set()


def key_of(route: Route, call: Call, caller: Caller | None, message: Any, *, live: bool) -> Key:
    """What two calls must have in common to be one: all but where they begin."""
    method = route.method
    content = call.request
    if method.numbered:
        rest = method.request_class()
        rest.CopyFrom(message)
        rest.ClearField(method.resume)
        content = rest.SerializeToString(deterministic=True)
    told = frozenset(
        (name, value)
        for name, value in call.metadata
        if name not in INDIFFERENT and name != "authorization"
    )
    who = caller and (caller.subject or caller.authorization, caller.roles, caller.scopes)
    shown = route.response_body.name if route.response_body is not None else ""
    return method.path, content, live, told, who, shown


def too_late() -> StatusError:
    return failure(DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "The stream reached its deadline.")


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
