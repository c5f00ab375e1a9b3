"""Bounds of connections: malformed HTTP, headers, clients that do not read."""

import asyncio
import time

import orjson
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from gateway.server import protocols
from tests.gateway.conftest import (
    eventually,
)
from tests.gateway.sockets import open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def raw_exchange(port: int, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    await writer.drain()
    response = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return response


async def test_malformed_http_is_an_error_of_ours(gateway):
    response = await raw_exchange(gateway.port, b"NONSENSE\r\n\r\n")
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert orjson.loads(body)["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("content", [b"x: " + b"y" * 70_000, b"x: y\r\n" * 12_000])
async def test_headers_have_a_bound(gateway, content):
    response = await raw_exchange(gateway.port, b"GET / HTTP/1.1\r\n" + content)
    assert response.startswith(b"HTTP/1.1 431 ")
    assert b'"code":431' in response


PATH = "/v1/public:stream"


async def read_to_the_end(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


async def test_a_client_that_does_not_read_is_closed_and_others_do_not_feel_it(
    gateway, echo, monkeypatch
):
    monkeypatch.setattr(protocols, "STALL_SECONDS", 0.5)
    slow = await open_socket(gateway, max_queue=1)
    await send_json(slow, type="subscribe", id="a", path=f"{PATH}?until=1000000&size=10000")
    await eventually(lambda: echo.open_streams == 1)
    async with open_socket(gateway) as quick:
        for _ in range(20):
            started = time.monotonic()
            await send_json(quick, type="subscribe", id="q", path=f"{PATH}?until=1")
            assert (await receive_json(quick))["cursor"] == "1"
            assert (await receive_json(quick))["type"] == "end"
            assert time.monotonic() - started < 1
    await eventually(lambda: echo.open_streams == 0, seconds=8)
    with pytest.raises(ConnectionClosed) as caught:
        await read_to_the_end(slow)
    assert caught.value.rcvd.code == 4008
    await slow.close()
