"""Messages sent upstream as they arrive, and early ends of an upload."""

import asyncio
import contextlib
import json

import pytest

from gateway.http import messages as http_module
from tests.gateway.conftest import eventually
from tests.gateway.conftest import violations_of as violations
from tests.gateway.uploading import names_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


NDJSON = {"content-type": "application/x-ndjson"}


async def test_messages_go_on_as_they_arrive(uploading, upstream):
    go = asyncio.Event()

    async def content():
        yield b'{"displayName": "a"}\n{"display'
        await go.wait()
        yield b'Name": "b"}'

    asked = asyncio.create_task(uploading.post("/v1/items", content=content(), headers=NDJSON))
    await eventually(lambda: upstream.taken == 1)
    go.set()
    assert names_of(await asked) == ["a", "b"]


async def test_a_broken_message_in_the_middle_cancels_the_call(uploading, upstream):
    async def content():
        yield b"{}\n" * 3
        await eventually(lambda: upstream.taken == 3)
        yield b"x\n"
        await asyncio.sleep(0.1)

    response = await uploading.post("/v1/items", content=content(), headers=NDJSON)
    assert list(violations(response)) == ["body[3]"]
    await eventually(lambda: upstream.cancelled >= 1)


async def test_a_client_that_leaves_cancels_the_call(uploading, upstream):
    async def content():
        yield b"{}\n"
        await asyncio.sleep(10)

    asked = asyncio.create_task(uploading.post("/v1/items", content=content(), headers=NDJSON))
    await eventually(lambda: upstream.taken == 1)
    asked.cancel()
    await eventually(lambda: upstream.cancelled >= 1)


async def test_a_slow_upstream_slows_the_client(upload_gateway, upstream):
    """The buffers between client and upstream are bounded."""
    upstream.slow = 2.0
    _, writer = await asyncio.open_connection("127.0.0.1", upload_gateway.port)
    writer.write(b"POST /v1/items HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n")
    writer.write(b"transfer-encoding: chunked\r\n\r\n")
    line = json.dumps({"displayName": "x" * 60_000}).encode() + b"\n"
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 20 * 1024 * 1024:
            writer.write(b"%x\r\n%b\r\n" % (len(line), line))
            await asyncio.wait_for(writer.drain(), 1.0)
            sent += len(line)
    assert sent < 20 * 1024 * 1024
    upstream.slow = 0.0
    writer.transport.abort()
    await eventually(lambda: upstream.cancelled >= 1, seconds=8)


async def test_a_stalled_client_gets_an_error(uploading, upstream, monkeypatch):
    monkeypatch.setattr(http_module, "BODY_SECONDS", 0.2)

    async def content():
        yield b"{}\n"
        await asyncio.sleep(1)

    response = await uploading.post("/v1/items", content=content(), headers=NDJSON)
    assert response.status_code == 408
    await eventually(lambda: upstream.cancelled >= 1)
