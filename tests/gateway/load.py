"""A load of HTTP/1.1 requests over keep-alive connections, with every response checked."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import orjson

CONNECTIONS = 16
RESPONSE_SECONDS = 20.0

Check = Callable[[int, dict], bool]


class Load:
    """Sends requests sequentially on each of 16 connections.

    `ask` returns the path of each request and a check of its response. A connection is reopened
    only after a
    response with `Connection: close`; no request is sent twice.
    """

    def __init__(self, port: int, ask: Callable[[int], tuple[str, Check]]) -> None:
        self._port = port
        self._ask = ask
        self.sent = 0
        self.closes = 0
        self.failures: Counter[str] = Counter()
        self._marks: dict[int, asyncio.Event] = {}

    async def reach(self, count: int) -> None:
        """Wait until `count` requests were started."""
        if self.sent < count:
            await self._marks.setdefault(count, asyncio.Event()).wait()

    async def run(self, count: int, *, until: asyncio.Event) -> None:
        """Send at least `count` requests, and continue until the event is set."""
        turns = self._turns(count, until)
        await asyncio.gather(*(self._connect(turns) for _ in range(CONNECTIONS)))

    def _turns(self, count: int, until: asyncio.Event) -> Iterator[int]:
        while self.sent < count or not until.is_set():
            self.sent += 1
            if self.sent in self._marks:
                self._marks.pop(self.sent).set()
            yield self.sent

    async def _connect(self, turns: Iterator[int]) -> None:
        writer = None
        for turn in turns:
            path, check = self._ask(turn)
            try:
                async with asyncio.timeout(RESPONSE_SECONDS):
                    if writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                    status, last, content = await read_response(reader)
            except (OSError, EOFError, TimeoutError) as error:
                self.failures[type(error).__name__] += 1
                writer = None
                continue
            if not check(status, content):
                self.failures[f"{path}: {status} {content}"] += 1
            if last:
                self.closes += 1
                writer.close()
                writer = None
        if writer is not None:
            writer.close()


async def read_response(reader: asyncio.StreamReader) -> tuple[int, bool, dict]:
    """Return the status, whether the connection ends, and the JSON."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1]), headers.get("connection") == "close", orjson.loads(body)
