"""Stages: servers that spread events to WebSockets, what their sockets say, and how to publish.

A message is the same bytes from each: what the gateway makes of one event of its feed.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.home import free_port
from gateway.upstream import UpstreamCall
from gateway.upstream.lean import LeanUpstream
from tests.benchmarks.gateway.alone import gateway
from tests.benchmarks.gateway.audience import Seats
from tests.benchmarks.gateway.contracts import FEED, read_class, write_feed
from tests.benchmarks.processes import ENVIRONMENT, program, running

SUBJECT = "events"
CONNECT = 'CONNECT {"verbose":false,"pedantic":false}\r\n'
PUBLISH_SECONDS = 10.0

Publish = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True)
class Stage:
    """A server that spreads events: its process, its seats, and a way to publish to it.

    `publisher` opens that way; what it yields takes the number of an event and how many bytes of
    filling its text has.
    """

    pid: int
    seats: Seats
    publisher: Callable[[], contextlib.AbstractAsyncContextManager[Publish]]


def make_text(number: int, filling: int) -> str:
    """The text of an event: its number, the time now, and so many bytes more."""
    return f"#{number}#{time.monotonic_ns()}#{'x' * filling}"


def make_message(number: int, filling: int) -> bytes:
    text = make_text(number, filling)
    data = f'{{"position":"{number}","text":"{text}"}}'
    return f'{{"type":"message","id":"feed","data":{data},"cursor":"{number}"}}'.encode()


@dataclass(frozen=True)
class Feed:
    """A gateway before a gRPC server of one feed: the ports of both, and the gateway's pid."""

    port: int
    pid: int
    source: int
    descriptors: Path

    @contextlib.asynccontextmanager
    async def publisher(self, topic: str = SUBJECT) -> AsyncIterator[Publish]:
        post_class = read_class(self.descriptors, "Post")
        upstream = LeanUpstream("source", [f"127.0.0.1:{self.source}"])

        async def publish(number: int, filling: int) -> None:
            event = {"position": number, "text": make_text(number, filling)}
            content = post_class(topic=topic, event=event).SerializeToString()
            await upstream.unary(UpstreamCall(f"{FEED}/Publish", content, [], PUBLISH_SECONDS))

        try:
            yield publish
        finally:
            await upstream.close()


@contextlib.contextmanager
def running_feed(folder: Path) -> Iterator[Feed]:
    descriptors = write_feed(folder / "feed.binpb")
    with (
        program(folder, "source", str(descriptors)) as (source, _),
        gateway(folder, descriptors, source) as (port, pid),
    ):
        yield Feed(port, pid, source, descriptors)


@contextlib.contextmanager
def gateway_stage(folder: Path, sockets: int) -> Iterator[Stage]:
    with running_feed(folder) as feed:
        yield Stage(feed.pid, make_seats(feed.port, sockets), feed.publisher)


def make_seats(port: int, count: int, *others: str, stall: bool = False) -> Seats:
    """Sockets of the gateway that watch the events by the id `feed`, and other topics."""
    hello = [
        f'{{"type":"subscribe","id":"{name}","path":"/v1/events:stream?topic={topic}&after=-1"}}'
        for name, topic in [("feed", SUBJECT), *zip(others, others, strict=True)]
    ]
    return Seats(port, count, "/v1/ws", (*hello, '{"type":"ping"}'), '"pong"', stall)


@contextlib.contextmanager
def websockets_stage(folder: Path, sockets: int) -> Iterator[Stage]:
    """A bare server of the package websockets."""
    lines = free_port(set())
    with program(folder, "broadcast", str(lines)) as (port, pid):
        yield Stage(pid, Seats(port, sockets), lambda: line_publisher(lines))


@contextlib.asynccontextmanager
async def line_publisher(port: int) -> AsyncIterator[Publish]:
    async with connection(port) as writer:

        async def publish(number: int, filling: int) -> None:
            writer.write(make_message(number, filling) + b"\n")
            await writer.drain()

        yield publish


@contextlib.contextmanager
def nats_stage(folder: Path, sockets: int) -> Iterator[Stage]:
    """A NATS server with its WebSocket listener, without TLS and compression."""
    port = free_port(set())
    clients = free_port({port})
    configuration = folder / "nats.conf"
    configuration.write_text(
        f'listen: "127.0.0.1:{clients}"\nping_interval: "10m"\n'
        f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}\n'
    )
    command = [find_nats(), "-c", str(configuration)]
    hello = (CONNECT, f"SUB {SUBJECT} 1\r\n", "PING\r\n")
    with running(command, ENVIRONMENT, folder, port) as process:
        seats = Seats(port, sockets, "/", hello, "PONG")
        yield Stage(process.pid, seats, lambda: nats_publisher(clients))


def find_nats() -> str:
    return str(Path(sys.executable).with_name("nats-server"))


@contextlib.asynccontextmanager
async def nats_publisher(port: int) -> AsyncIterator[Publish]:
    async with connection(port) as writer:
        writer.write(CONNECT.encode())

        async def publish(number: int, filling: int) -> None:
            message = make_message(number, filling)
            writer.write(f"PUB {SUBJECT} {len(message)}\r\n".encode() + message + b"\r\n")
            await writer.drain()

        yield publish


@contextlib.asynccontextmanager
async def connection(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield writer
    finally:
        writer.close()
