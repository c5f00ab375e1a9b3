"""Many WebSockets that read cheaply: frames are cut by hand, and only told events are looked for.

python -m tests.benchmarks.gateway.programs.sockets '{"port": …, "count": …, "path": …, …}'

An event is `#number#time#` somewhere in a frame, the time that of CLOCK_MONOTONIC in nanoseconds,
which all processes of a machine share. Standard output gets `ready` when every socket has seen the
text `ready` (or its handshake, without one), then for each event that all sockets got a line: its
number and the nanoseconds that it took to each. With `stall`, sockets read nothing once ready.
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
class Plan:
    """What the sockets connect to, and what each says at first."""

    port: int
    count: int
    path: str
    hello: list[str]
    ready: str
    stall: bool


class Tally:
    """The events that came so far, and how long each took to each socket."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._times: dict[int, list[int]] = defaultdict(list)

    def take(self, payload: bytes, now: int) -> None:
        for number, sent in EVENT.findall(payload):
            times = self._times[int(number)]
            times.append(now - int(sent))
            if len(times) == self._count:
                print(number.decode(), *times, flush=True)
                self._times.pop(int(number))


class Socket(asyncio.Protocol):
    """One WebSocket."""

    def __init__(self, plan: Plan, tally: Tally) -> None:
        self._plan = plan
        self._tally = tally
        self._buffer = b""
        self._open = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(UPGRADE.format(path=self._plan.path).encode())

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
        while (frame := cut(buffer, start)) is not None:
            opcode, payload, start = frame
            self._handle(opcode, payload, now)
        self._buffer = buffer[start:]

    def connection_lost(self, error: Exception | None) -> None:
        if not self._plan.stall:
            fail(f"A socket was closed: {error}.")

    def _begin(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 101"):
            fail(f"No WebSocket: {head.decode(errors='replace')}")
        self._open = True
        for text in self._plan.hello:
            self._transport.write(make_frame(TEXT, text.encode()))
        if not self._plan.ready:
            self._be_ready()

    def _handle(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == PING:
            self._transport.write(make_frame(PONG, payload))
        elif opcode == CLOSE:
            fail(f"A socket was closed: {payload!r}.")
        elif not self.ready.done() and self._plan.ready.encode() in payload:
            self._be_ready()
        else:
            self._tally.take(payload, now)

    def _be_ready(self) -> None:
        self.ready.set_result(None)
        if self._plan.stall:
            self._transport.pause_reading()


def cut(buffer: bytes, start: int) -> tuple[int, bytes, int] | None:
    """Cuts a frame that a server sent: opcode, payload, and where the next begins."""
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
    """Makes a frame as clients send them: masked, with a mask of zeros, which changes nothing."""
    length = len(payload)
    size = bytes([0x80 | length]) if length <= SHORT_MAX else b"\xfe" + length.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


def fail(text: str) -> NoReturn:
    """Ends at once: the event loop would take an exception of a protocol for itself."""
    print(text, file=sys.stderr, flush=True)
    os._exit(1)


async def run(plan: Plan) -> None:
    loop, tally = asyncio.get_running_loop(), Tally(plan.count)
    for start in range(0, plan.count, AT_ONCE):
        waits = []
        for _ in range(min(AT_ONCE, plan.count - start)):
            raw = socket.socket()
            if plan.stall:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_RECEIVE_BYTES)
            raw.settimeout(0)
            await loop.sock_connect(raw, ("127.0.0.1", plan.port))
            _, each = await loop.create_connection(lambda: Socket(plan, tally), sock=raw)
            waits.append(each.ready)
        await asyncio.gather(*waits)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run(Plan(**json.loads(sys.argv[1]))))
