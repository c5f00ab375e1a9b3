"""Many WebSockets with a minimal frame parser that only looks for event marks.

python -m tests.benchmarks.gateway.programs.sockets '{"port": …, "count": …, "path": …, …}'

An event mark is `#number#time#` anywhere in a frame. The time is CLOCK_MONOTONIC in nanoseconds,
which all processes of a machine share. The program prints `ready` when every socket has received
the text `ready` (or finished its handshake, if that is empty). Then it prints a line for each event
that all sockets have received: its number and the nanoseconds of each delivery. With `stall`,
sockets stop reading once ready.
"""

import asyncio
import json
import os
import re
import socket
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import NoReturn

import uvloop

EVENT = re.compile(rb"#(\d+)#(\d+)#")
UPGRADE = (
    "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
SHORT_MAX, MEDIUM, LONG = 125, 126, 127
AT_ONCE = 50
STALLED_RECEIVE_BYTES = 4096


@dataclass(frozen=True)
class SocketSettings:
    """The server that the sockets connect to, and the first messages of each socket."""

    port: int
    count: int
    path: str
    hello: list[str]
    ready: str
    stall: bool


class DeliveryTimes:
    """The received events and their delivery times."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._times: dict[int, list[int]] = defaultdict(list)

    def record_payload(self, payload: bytes, now: int) -> None:
        for number, sent in EVENT.findall(payload):
            times = self._times[int(number)]
            times.append(now - int(sent))
            if len(times) == self._count:
                print(number.decode(), *times, flush=True)
                self._times.pop(int(number))


class ReadingSocket(asyncio.Protocol):
    """One WebSocket."""

    def __init__(self, settings: SocketSettings, times: DeliveryTimes) -> None:
        self._settings = settings
        self._deliveries = times
        self._buffer = b""
        self._open = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(UPGRADE.format(path=self._settings.path).encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._begin(head)
        start = 0
        while (frame := parse_frame(buffer, start)) is not None:
            opcode, payload, start = frame
            self._handle(opcode, payload, now)
        self._buffer = buffer[start:]

    def connection_lost(self, error: Exception | None) -> None:
        if not self._settings.stall:
            fail(f"A socket was closed: {error}.")

    def _begin(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 101"):
            fail(f"No WebSocket: {head.decode(errors='replace')}")
        self._open = True
        for text in self._settings.hello:
            self._transport.write(make_frame(TEXT, text.encode()))
        if not self._settings.ready:
            self._be_ready()

    def _handle(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == PING:
            self._transport.write(make_frame(PONG, payload))
        elif opcode == CLOSE:
            fail(f"A socket was closed: {payload!r}.")
        elif not self.ready.done() and self._settings.ready.encode() in payload:
            self._be_ready()
        else:
            self._deliveries.record_payload(payload, now)

    def _be_ready(self) -> None:
        self.ready.set_result(None)
        if self._settings.stall:
            self._transport.pause_reading()


def parse_frame(buffer: bytes, start: int) -> tuple[int, bytes, int] | None:
    """Parse a frame of a server. Return opcode, payload and the start of the next frame."""
    if len(buffer) < start + 2:
        return None
    length, head = buffer[start + 1], 2
    if length > SHORT_MAX:
        head = 4 if length == MEDIUM else 10
        length = int.from_bytes(buffer[start + 2 : start + head], "big")
    end = start + head + length
    if len(buffer) < end or len(buffer) < start + head:
        return None
    return buffer[start] & 0xF, buffer[start + head : end], end


def make_frame(opcode: int, payload: bytes) -> bytes:
    """Return a masked client frame. The mask is zero, so the payload is unchanged."""
    length = len(payload)
    size = bytes([0x80 | length]) if length <= SHORT_MAX else b"\xfe" + length.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


def fail(text: str) -> NoReturn:
    """Exit at once: asyncio would swallow an exception raised in a protocol."""
    print(text, file=sys.stderr, flush=True)
    os._exit(1)


async def run(settings: SocketSettings) -> None:
    loop, times = asyncio.get_running_loop(), DeliveryTimes(settings.count)
    for start in range(0, settings.count, AT_ONCE):
        waits = []
        for _ in range(min(AT_ONCE, settings.count - start)):
            raw = socket.socket()
            if settings.stall:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_RECEIVE_BYTES)
            raw.settimeout(0)
            await loop.sock_connect(raw, ("127.0.0.1", settings.port))
            _, each = await loop.create_connection(lambda: ReadingSocket(settings, times), sock=raw)
            waits.append(each.ready)
        await asyncio.gather(*waits)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run(SocketSettings(**json.loads(sys.argv[1]))))
