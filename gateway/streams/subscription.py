"""Subscriptions to server streams of any method, delivered over REST or WebSocket."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Any, Protocol

from gateway.auth.auth import RequestCaller, token_expired
from gateway.calls.closable import Closable
from gateway.calls.requests import STREAM_SECONDS_MAX, make_call, stream_seconds, unary_seconds
from gateway.http.errors import (
    DEADLINE_EXCEEDED,
    Metadata,
    StatusError,
    draining,
    failure,
)
from gateway.http.messages import Request
from gateway.routing.params import BoundRequest
from gateway.routing.routes import Route
from gateway.streams.coalescing import INDIFFERENT
from gateway.streams.cursors import read_resume_cursor
from gateway.streams.fan_out import FanOut, StreamItem
from gateway.streams.unshared_call import UnsharedCall
from gateway.upstream import UpstreamCall, Upstreams

OK_STATUS = b'{"code":0,"status":"OK","message":"","details":[]}'

Key = tuple[object, ...]


class ItemSink(Protocol):
    """Receives the items of a subscription as they arrive, instead of reading them one by one."""

    @property
    def ready(self) -> bool:
        """True if it accepts an item now. Otherwise it calls the subscription's `wake` later."""
        ...

    def begin(self, headers: Metadata) -> None: ...

    def take(self, item: StreamItem) -> None: ...

    def finish(self, error: StatusError | None, trailers: Metadata) -> None:
        """The stream has ended. Called once."""
        ...


class StreamSubscription(Closable):
    """One reader of a fan-out, until the stream ends or the gateway ends it.

    It is read with `read`, or delivers its items to a sink.
    """

    def __init__(self, fan_out: FanOut, forget: Callable[["StreamSubscription"], None]) -> None:
        super().__init__()
        self.at = 0
        self.after: int | None = None
        self._fan_out = fan_out
        self._forget = forget
        self._waiting: list[asyncio.Future[None]] = []
        self._sink: ItemSink | None = None
        self._begun = False

    async def initial_metadata(self) -> Metadata:
        """Wait for the metadata before the first message.

        Raises:
            StatusError: The stream failed.
        """
        while self._fan_out.initial_metadata is None:
            self.raise_ended()
            if self._fan_out.done:
                raise self._fan_out.error or draining()
            await self._change()
        return self._fan_out.initial_metadata

    def trailers(self) -> Metadata:
        """Return the trailing metadata."""
        return self._fan_out.trailers

    async def read(self) -> StreamItem | None:
        """Wait for the next message. None: the stream ended with OK.

        Raises:
            StatusError: It failed.
        """
        while True:
            item = self._next()
            if item is not None or self._fan_out.done:
                return item
            await self._change()

    def deliver_to(self, sink: ItemSink) -> None:
        """Deliver all items to a sink, including those that have arrived already."""
        self._sink = sink
        self.wake()

    @property
    def is_streaming(self) -> bool:
        return True

    def wake(self) -> None:
        if self._sink is not None:
            self._deliver(self._sink)
        else:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    def close(self) -> None:
        """End the subscription because its client is gone."""
        self._sink = None
        self.end_by_client()
        self._fan_out.remove(self)
        self._forget(self)

    def on_end(self) -> None:
        self.wake()

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _next(self) -> StreamItem | None:
        self.raise_ended()
        item = self._fan_out.take(self)
        if item is None and self._fan_out.error is not None:
            raise self._fan_out.error
        return item

    def _deliver(self, sink: ItemSink) -> None:
        if not self._begun and self._fan_out.initial_metadata is not None:
            self._begun = True
            sink.begin(self._fan_out.initial_metadata)
        error: StatusError | None = None
        try:
            while sink.ready or self.ended is not None:
                item = self._next()
                if item is None:
                    break
                sink.take(item)
            else:
                return
            if not self._fan_out.done:
                return
        except StatusError as problem:
            error = problem
        self._sink = None
        sink.finish(error, self.trailers())


class StreamSubscriptions:
    """All open subscriptions and unshared calls. Streams are ended when the gateway stops.

    Subscriptions of one caller to the same stream of a safe method share an upstream call, unless
    one of them would miss items.
    """

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._open: set[StreamSubscription | UnsharedCall] = set()
        self._shared: dict[Key, list[FanOut]] = {}
        self._idle = asyncio.Event()
        self._draining = False

    def open_stream(
        self, request: Request, route: Route, bound: BoundRequest, caller: RequestCaller | None
    ) -> StreamSubscription:
        """Open a subscription, which ends at the latest when the caller's token expires.

        Raises:
            StatusError: The gateway is stopping, or there is no upstream.
        """
        self._admit()
        seconds = stream_seconds(request.headers, caller)
        fan_out, at = self._find(request, route, bound, caller, seconds)
        subscription = StreamSubscription(fan_out, self._close)
        after = read_resume_cursor(route.method, bound.message) if route.method.numbered else None
        fan_out.add(subscription, at, after)
        self._open.add(subscription)
        subscription.end_after(seconds, deadline_exceeded)
        if caller is not None:
            subscription.end_after(caller.expire - time.time(), token_expired)
        return subscription

    def open_unshared_call(
        self, request: Request, route: Route, caller: RequestCaller | None
    ) -> UnsharedCall:
        """Open a call on which the client sends messages, or that returns a single message.

        Raises:
            StatusError: The gateway is stopping, or there is no upstream.
        """
        self._admit()
        method, headers = route.method, request.headers
        is_streaming = method.client_streaming or method.server_streaming
        seconds = stream_seconds(headers, caller) if is_streaming else unary_seconds(headers)
        bound = BoundRequest(method.request_class())
        call = dataclasses.replace(make_call(request, method, caller, bound, seconds), request=None)
        unshared_call = UnsharedCall(
            self._upstreams.find_upstream(method.service).open(call), route, self._close
        )
        self._open.add(unshared_call)
        if caller is not None:
            unshared_call.end_after(caller.expire - time.time(), token_expired)
        return unshared_call

    async def drain(self, seconds: float) -> bool:
        """End all streams and wait until they are closed. Return True if there were any."""
        self._draining = True
        for each in list(self._open):
            if each.is_streaming:
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
        self,
        request: Request,
        route: Route,
        bound: BoundRequest,
        caller: RequestCaller | None,
        seconds: float,
    ) -> tuple[FanOut, int]:
        """Return the call to share and the position to join at, or open a new call."""
        method, message = route.method, bound.message
        after = read_resume_cursor(method, message)
        call = make_call(request, method, caller, bound, seconds)
        if not method.safe:
            return self._call(route, call, after, lambda _: None), 0
        key = sharing_key(route, call, caller, message, live=after is None)
        for fan_out in self._shared.get(key, ()):
            at = fan_out.find_position(method, after)
            if at is not None:
                return fan_out, at
        lasting = dataclasses.replace(call, seconds=STREAM_SECONDS_MAX)
        fan_out = self._call(route, lasting, after, lambda gone: self._unshare(key, gone))
        self._shared.setdefault(key, []).append(fan_out)
        return fan_out, 0

    def _call(
        self, route: Route, call: UpstreamCall, after: int | None, forget: Callable[[FanOut], None]
    ) -> FanOut:
        stream = self._upstreams.find_upstream(route.method.service).open(call)
        return FanOut(stream, route, after, forget)

    def _unshare(self, key: Key, fan_out: FanOut) -> None:
        known = self._shared.get(key, [])
        if fan_out in known:
            known.remove(fan_out)
        if not known:
            self._shared.pop(key, None)

    def _close(self, closed: StreamSubscription | UnsharedCall) -> None:
        self._open.discard(closed)
        if not self._open:
            self._idle.set()


def sharing_key(
    route: Route, call: UpstreamCall, caller: RequestCaller | None, message: Any, *, live: bool
) -> Key:
    """Return a key that is equal for calls that can be shared: all but the resume cursor."""
    method = route.method
    content = call.request
    if method.numbered:
        rest = method.request_class()
        rest.CopyFrom(message)
        rest.ClearField(method.resume)
        content = rest.SerializeToString(deterministic=True)
    metadata = frozenset(
        (name, value)
        for name, value in call.metadata
        if name not in INDIFFERENT and name != "authorization"
    )
    identity = caller and (caller.subject or caller.authorization, caller.roles, caller.scopes)
    shown = route.response_body.name if route.response_body is not None else ""
    return method.path, content, live, metadata, identity, shown


def deadline_exceeded() -> StatusError:
    return failure(DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "The stream reached its deadline.")
