"""Calls over our own HTTP/2: round robin over the addresses of an upstream, retried where safe."""

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
from gateway.http2.connection import Connection
from gateway.upstream import grpc_framing
from gateway.upstream.call import DETAILS, Call, Reply, Stream, status_error
from gateway.upstream.channel import Address, Channel
from gateway.upstream.exchange import LostError, UnaryExchange
from gateway.upstream.stream_exchange import StreamExchange

TRIES_MAX = 3
WAITING_MAX = 1_000
CONNECT_SECONDS = 1.0
# Who opens a stream is told soon that there is nobody, and comes again by itself.
STREAM_CONNECT_SECONDS = 0.2
HEALTH_SECONDS = 2.0
HEALTH_PATH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}

Place = tuple[Connection, Channel]


class LeanUpstream:
    """An upstream at one address or several."""

    def __init__(self, name: str, targets: Sequence[str]) -> None:
        self._name = name
        self._channels = [Channel(name, Address.read(target), self._wake) for target in targets]
        self._turn = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of all calls. To ask for the running one is a system call in Python 3.11."""
        return asyncio.get_running_loop()

    async def unary(self, call: Call) -> Reply:
        loop = self.loop
        deadline = loop.time() + call.seconds
        for left in reversed(range(TRIES_MAX)):
            place = self._pick() or await self._wait(deadline, CONNECT_SECONDS)
            try:
                return await self._call(place, call, deadline - loop.time())
            except LostError as error:
                if not (error.unprocessed or call.safe):
                    break
            except StatusError as error:
                if not (left and call.safe and is_of_stopping(error)):
                    raise
        raise unavailable(self._name)

    def open(self, call: Call) -> Stream:
        return LeanStream(self, self._name, call)

    async def place(self, seconds: float) -> Place:
        """Finds a connection for a stream that may last so long.

        Raises:
            StatusError: There is none.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        return self._pick() or await self._wait(deadline, STREAM_CONNECT_SECONDS)

    async def close(self) -> None:
        self._closed = True
        if self._watching is not None:
            self._watching.cancel()
        for channel in self._channels:
            await channel.close()
        self._wake()

    async def _call(self, place: Place, call: Call, seconds: float) -> Reply:
        loop = self.loop
        exchange = UnaryExchange(self._name, loop)
        exchange.start(loop, place[0], request_head(place, call), call, seconds)
        return await exchange.reply()

    def _pick(self) -> Place | None:
        """Takes the next address in turn that is healthy and has room."""
        channels = self._channels
        for _ in channels:
            self._turn = (self._turn + 1) % len(channels)
            channel = channels[self._turn]
            connection = channel.connection
            if connection is not None and channel.healthy:
                return connection, channel
        return None

    async def _wait(self, deadline: float, connecting: float) -> Place:
        """Waits so many seconds for a connection, and for room on one until the deadline."""
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
            place = self._pick()
            if place is not None:
                return place
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
        """Takes addresses that do not serve out of the turn, and puts them back."""
        while True:
            for channel in self._channels:
                if channel.connection is not None:
                    channel.healthy = await self._check(channel)
            self._wake()
            await asyncio.sleep(HEALTH_SECONDS)

    async def _check(self, channel: Channel) -> bool:
        call = Call(HEALTH_PATH, b"", [], HEALTH_SECONDS)
        connection = channel.connection
        if connection is None:
            return channel.healthy
        try:
            reply = await self._call((connection, channel), call, call.seconds)
        except LostError:
            return True
        except StatusError as error:
            return error.code == UNIMPLEMENTED
        return reply.content == SERVING


class LeanStream:
    """A call that is open, or about to be while there is no connection yet."""

    def __init__(self, upstream: LeanUpstream, name: str, call: Call) -> None:
        self._upstream = upstream
        self._call = call
        self._exchange = StreamExchange(name)
        self._starting = asyncio.ensure_future(self._start())

    async def send(self, message: bytes) -> None:
        await self._started()
        await self._exchange.send(message)

    async def half_close(self) -> None:
        await self._started()
        self._exchange.half_close()

    async def headers(self) -> Metadata:
        await self._started()
        return await self._exchange.headers()

    async def read(self) -> bytes | None:
        await self._started()
        return await self._exchange.read()

    def trailers(self) -> Metadata:
        return self._exchange.trailers()

    def cancel(self) -> None:
        self._starting.cancel()
        self._exchange.cancel()

    async def _start(self) -> None:
        place = await self._upstream.place(self._call.seconds)
        head = request_head(place, self._call)
        loop = self._upstream.loop
        self._exchange.start(loop, place[0], head, self._call, self._call.seconds)

    async def _started(self) -> None:
        if not self._starting.done():
            await asyncio.wait([self._starting])
        self._starting.result()


def is_of_stopping(error: StatusError) -> bool:
    """Whether a server that stops ends the calls that it has with this error."""
    told = any(key == DETAILS for key, _ in error.trailers)
    return error.code in {CANCELLED, UNAVAILABLE} and not told


def request_head(place: Place, call: Call) -> bytes:
    address = place[1].address
    return grpc_framing.request_head(call.path, address.authority, address.scheme)
