"""Servers that fan events out to WebSockets, and how to subscribe and publish to them.

All send the same bytes for a message: the JSON of the gateway for one event of a stream.
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
from tests.benchmarks.gateway.contracts import EVENT_STREAM, read_class, write_event_stream
from tests.benchmarks.gateway.standalone_gateway import gateway
from tests.benchmarks.gateway.subscribers import SubscriberSettings
from tests.benchmarks.processes import ENVIRONMENT, running_process, running_program

SUBJECT = "events"
CONNECT = 'CONNECT {"verbose":false,"pedantic":false}\r\n'
PUBLISH_SECONDS = 10.0

Publish = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True)
class FanoutServer:
    """A server that fans events out: its process, its subscriber settings, and a publisher.

    `publisher` opens a connection. It yields a function that takes the number of an event and its
    number of padding bytes.
    """

    pid: int
    settings: SubscriberSettings
    publisher: Callable[[], contextlib.AbstractAsyncContextManager[Publish]]


def make_text(number: int, filling: int) -> str:
    """Return the text of an event: its number, the current time, and padding."""
    return f"#{number}#{time.monotonic_ns()}#{'x' * filling}"


def make_message(number: int, filling: int) -> bytes:
    text = make_text(number, filling)
    data = f'{{"position":"{number}","text":"{text}"}}'
    return f'{{"type":"message","id":"stream","data":{data},"cursor":"{number}"}}'.encode()


@dataclass(frozen=True)
class GatewayEventStream:
    """A gateway in front of a gRPC event source: both ports, and the gateway's pid."""

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
            call = UpstreamCall(f"{EVENT_STREAM}/Publish", content, [], PUBLISH_SECONDS)
            await upstream.unary(call)

        try:
            yield publish
        finally:
            await upstream.close()


@contextlib.contextmanager
def running_event_stream(folder: Path) -> Iterator[GatewayEventStream]:
    descriptors = write_event_stream(folder / "stream.binpb")
    with (
        running_program(folder, "source", str(descriptors)) as (source, _),
        gateway(folder, descriptors, source) as (port, pid),
    ):
        yield GatewayEventStream(port, pid, source, descriptors)


@contextlib.contextmanager
def gateway_server(folder: Path, sockets: int) -> Iterator[FanoutServer]:
    with running_event_stream(folder) as stream:
        yield FanoutServer(stream.pid, make_settings(stream.port, sockets), stream.publisher)


def make_settings(port: int, count: int, *others: str, stall: bool = False) -> SubscriberSettings:
    """Return sockets of the gateway that subscribe to the events and to other topics."""
    hello = [
        f'{{"type":"subscribe","id":"{name}","path":"/v1/events:stream?topic={topic}&after=-1"}}'
        for name, topic in [("stream", SUBJECT), *zip(others, others, strict=True)]
    ]
    return SubscriberSettings(port, count, "/v1/ws", (*hello, '{"type":"ping"}'), '"pong"', stall)


@contextlib.contextmanager
def websockets_server(folder: Path, sockets: int) -> Iterator[FanoutServer]:
    """Run a bare server of the package websockets."""
    lines = free_port(set())
    with running_program(folder, "websockets_fanout", str(lines)) as (port, pid):
        yield FanoutServer(pid, SubscriberSettings(port, sockets), lambda: line_publisher(lines))


@contextlib.asynccontextmanager
async def line_publisher(port: int) -> AsyncIterator[Publish]:
    async with connection(port) as writer:

        async def publish(number: int, filling: int) -> None:
            writer.write(make_message(number, filling) + b"\n")
            await writer.drain()

        yield publish


@contextlib.contextmanager
def nats_server(folder: Path, sockets: int) -> Iterator[FanoutServer]:
    """Run a NATS server with a WebSocket listener, without TLS and compression."""
    port = free_port(set())
    clients = free_port({port})
    configuration = folder / "nats.conf"
    configuration.write_text(
        f'listen: "127.0.0.1:{clients}"\nping_interval: "10m"\n'
        f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}\n'
    )
    command = [find_nats(), "-c", str(configuration)]
    hello = (CONNECT, f"SUB {SUBJECT} 1\r\n", "PING\r\n")
    with running_process(command, ENVIRONMENT, folder, port) as process:
        settings = SubscriberSettings(port, sockets, "/", hello, "PONG")
        yield FanoutServer(process.pid, settings, lambda: nats_publisher(clients))


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
