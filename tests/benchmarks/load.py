"""Load generators with low client cost: HTTP/1.1 keep-alive and lean gRPC connections."""

import asyncio
from collections.abc import Sequence

from gateway.upstream import UpstreamCall
from gateway.upstream.lean import LeanUpstream

CALLS_OPEN = 64
CALL_SECONDS = 10.0
ROUND_SECONDS = 300.0
LENGTH = b"content-length: "


class LoadError(Exception):
    """A response is missing or not the expected one."""


class Asker(asyncio.Protocol):
    """A connection that sends the same request repeatedly, each after the last response."""

    def __init__(self, request: bytes, count: int) -> None:
        self._request = request
        self._left = count
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        start = buffer.find(LENGTH, 0, end)
        if not buffer.startswith(b"HTTP/1.1 200") or start < 0:
            self._finish(LoadError(buffer.decode(errors="replace")))
            return
        length = int(buffer[start + len(LENGTH) : buffer.find(b"\r", start)])
        if len(buffer) < end + 4 + length:
            return
        self._buffer = b""
        self._left -= 1
        if self._left:
            self._transport.write(self._request)
        else:
            self._finish(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(LoadError(f"The server closed the connection: {error}."))

    def _finish(self, error: LoadError | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)
            self._transport.close()


def make_request(path: str, token: str = "") -> bytes:
    authorization = f"authorization: Bearer {token}\r\n" if token else ""
    return (
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}accept: application/json\r\n\r\n"
    ).encode()


async def ask(port: int, requests: Sequence[bytes], count: int) -> None:
    """Send `count` requests in total, with one concurrent connection for each of `requests`.

    Raises:
        LoadError: A response was not 200, or there are fewer requests than connections.
        TimeoutError: It took longer than 5 minutes.
    """
    if count < len(requests):
        raise LoadError(f"{count} requests are too few for {len(requests)} connections.")
    loop = asyncio.get_running_loop()
    share = count // len(requests)
    async with asyncio.timeout(ROUND_SECONDS):
        askers = [
            (await loop.create_connection(lambda each=each: Asker(each, share), "127.0.0.1", port))
            for each in requests
        ]
        await asyncio.gather(*(asker.done for _, asker in askers))


async def call(target: str, path: str, messages: Sequence[bytes], token: str, count: int) -> None:
    """Make `count` unary calls, 64 at a time, cycling through the messages.

    Raises:
        StatusError: A call failed.
        TimeoutError: It took longer than 5 minutes.
    """
    upstream = LeanUpstream("benchmark", [target])
    metadata = [("authorization", f"Bearer {token}")]
    calls = [UpstreamCall(path, message, metadata, CALL_SECONDS) for message in messages]
    turns = iter(range(count))

    async def work() -> None:
        for turn in turns:
            await upstream.unary(calls[turn % len(calls)])

    try:
        async with asyncio.timeout(ROUND_SECONDS), asyncio.TaskGroup() as group:
            for _ in range(CALLS_OPEN):
                group.create_task(work())
    finally:
        await upstream.close()
