"""Calls over the gateway's HTTP/2 client: round robin over addresses, retried where safe."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from functools import cached_property

from gateway.http.errors import (
    CANCELLED,
    DEADLINE_EXCEEDED,
    UNAVAILABLE,
    UNIMPLEMENTED,
    Metadata,
    StatusError,
    unavailable,
)
from gateway.http2.connection import Http2Connection
from gateway.upstream import grpc_framing
from gateway.upstream.call import DETAILS, Reply, UpstreamCall, UpstreamStream, status_error
from gateway.upstream.channel import UpstreamAddress, UpstreamChannel
from gateway.upstream.http2_call import ConnectionLostError, Http2UnaryCall
from gateway.upstream.http2_stream_call import Http2StreamCall

TRIES_MAX = 3
WAITING_MAX = 1_000
CONNECT_SECONDS = 1.0
# Fail new streams quickly when no server is connected; clients reconnect on their own.
STREAM_CONNECT_SECONDS = 0.2
HEALTH_SECONDS = 2.0
HEALTH_PATH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}

ReadyChannel = tuple[Http2Connection, UpstreamChannel]


class LeanUpstream:
    """An upstream at one address or several."""

    def __init__(self, name: str, targets: Sequence[str]) -> None:
        self._name = name
        self._channels = [
            UpstreamChannel(name, UpstreamAddress.read(target), self._wake) for target in targets
        ]
        self._turn = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of all calls, cached: looking it up costs a system call in Python 3.11."""
        return asyncio.get_running_loop()

    async def unary(self, call: UpstreamCall) -> Reply:
        loop = self.loop
        deadline = loop.time() + call.seconds
        for left in reversed(range(TRIES_MAX)):
            ready = self._pick_ready() or await self._wait(deadline, CONNECT_SECONDS)
            try:
                return await self._call(ready, call, deadline - loop.time())
            except ConnectionLostError as error:
                if not (error.unprocessed or call.safe):
                    break
            except StatusError as error:
                if not (left and call.safe and is_shutdown_error(error)):
                    raise
        raise unavailable(self._name)

    def open(self, call: UpstreamCall) -> UpstreamStream:
        return LeanStream(self, self._name, call)

    async def wait_ready_channel(self, seconds: float) -> ReadyChannel:
        """Return a connection for a stream that may last `seconds`.

        Raises:
            StatusError: There is none.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        return self._pick_ready() or await self._wait(deadline, STREAM_CONNECT_SECONDS)

    async def close(self) -> None:
        self._closed = True
        if self._watching is not None:
            self._watching.cancel()
        for channel in self._channels:
            await channel.close()
        self._wake()

    async def _call(self, ready: ReadyChannel, call: UpstreamCall, seconds: float) -> Reply:
        loop = self.loop
        http2_call = Http2UnaryCall(self._name, loop)
        http2_call.start(loop, ready[0], call_head(ready, call), call, seconds)
        return await http2_call.reply()

    def _pick_ready(self) -> ReadyChannel | None:
        """Return the next address in turn that is healthy and accepts a call."""
        channels = self._channels
        for _ in channels:
            self._turn = (self._turn + 1) % len(channels)
            channel = channels[self._turn]
            connection = channel.connection
            if connection is not None and channel.healthy:
                return connection, channel
        return None

    async def _wait(self, deadline: float, connecting: float) -> ReadyChannel:
        """Wait for a connection.

        Raises:
            StatusError: None was established within `connecting` seconds, or none had a free
                stream until `deadline`.
        """
        loop = asyncio.get_running_loop()
        self._start()
        soon = loop.time() + connecting
        while len(self._waiting) < WAITING_MAX and not self._closed:
            connected = any(channel.connected for channel in self._channels)
            until = deadline if connected else min(soon, deadline)
            future = loop.create_future()
            self._waiting.append(future)
            timer = loop.call_at(until, future.cancel)
            try:
                await future
            except asyncio.CancelledError:
                if loop.time() < until:
                    raise
                break
            finally:
                timer.cancel()
                with contextlib.suppress(ValueError):
                    self._waiting.remove(future)
            ready = self._pick_ready()
            if ready is not None:
                return ready
        if loop.time() >= deadline:
            raise status_error(self._name, DEADLINE_EXCEEDED, "", [], [])
        raise unavailable(self._name)

    def _start(self) -> None:
        for channel in self._channels:
            channel.start()
        if len(self._channels) > 1 and self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def _wake(self) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)

    async def _watch(self) -> None:
        """Check the health of all addresses periodically; skip those that are not serving."""
        while True:
            for channel in self._channels:
                if channel.connection is not None:
                    channel.healthy = await self._check(channel)
            self._wake()
            await asyncio.sleep(HEALTH_SECONDS)

    async def _check(self, channel: UpstreamChannel) -> bool:
        call = UpstreamCall(HEALTH_PATH, b"", [], HEALTH_SECONDS)
        connection = channel.connection
        if connection is None:
            return channel.healthy
        try:
            reply = await self._call((connection, channel), call, call.seconds)
        except ConnectionLostError:
            return True
        except StatusError as error:
            return error.code == UNIMPLEMENTED
        return reply.content == SERVING


class LeanStream:
    """A call that is open, or waits for a connection."""

    def __init__(self, upstream: LeanUpstream, name: str, call: UpstreamCall) -> None:
        self._upstream = upstream
        self._call = call
        self._http2_call = Http2StreamCall(name)
        self._starting = asyncio.ensure_future(self._start())

    async def send(self, message: bytes) -> None:
        await self._started()
        await self._http2_call.send(message)

    async def half_close(self) -> None:
        await self._started()
        self._http2_call.half_close()

    async def initial_metadata(self) -> Metadata:
        await self._started()
        return await self._http2_call.initial_metadata()

    async def read(self) -> bytes | None:
        await self._started()
        return await self._http2_call.read()

    def trailers(self) -> Metadata:
        return self._http2_call.trailers()

    def cancel(self) -> None:
        self._starting.cancel()
        self._http2_call.cancel()

    async def _start(self) -> None:
        ready = await self._upstream.wait_ready_channel(self._call.seconds)
        head = call_head(ready, self._call)
        loop = self._upstream.loop
        self._http2_call.start(loop, ready[0], head, self._call, self._call.seconds)

    async def _started(self) -> None:
        if not self._starting.done():
            await asyncio.wait([self._starting])
        self._starting.result()


def is_shutdown_error(error: StatusError) -> bool:
    """True if a stopping server ends its open calls with this error."""
    has_details = any(key == DETAILS for key, _ in error.trailers)
    return error.code in {CANCELLED, UNAVAILABLE} and not has_details


def call_head(ready: ReadyChannel, call: UpstreamCall) -> bytes:
    address = ready[1].address
    return grpc_framing.request_head(call.path, address.authority, address.scheme)
