"""Unshared calls: bidi calls over HTTP."""

import asyncio
import json

import pytest

from tests.gateway.conftest import violations_of as violations

pytestmark = pytest.mark.asyncio(loop_scope="session")


NDJSON = {"content-type": "application/x-ndjson"}


async def test_bidirectional(uploading, upstream):
    lines = b'{"displayName": "a"}\n{"displayName": "b"}\n'
    response = await uploading.post("/v1/chat", content=lines, headers=NDJSON)
    assert response.headers["grpc-metadata-tenant"] == "a"
    found = [json.loads(line) for line in response.text.splitlines()]
    assert [item.get("displayName") for item in found] == ["a", "b", None]
    assert found[2]["status"]["status"] == "OK"


async def test_bidirectional_at_once(upload_gateway, upstream):
    """Each message gets a response before the next is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", upload_gateway.port)
    writer.write(b"POST /v1/chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n")
    writer.write(b"accept: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for name in ("one", "two", "three"):
        line = json.dumps({"displayName": name}).encode() + b"\n"
        writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        assert name.encode() in await asyncio.wait_for(reader.readuntil(f'"{name}"'.encode()), 5)
    writer.write(b"0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b'"status":"OK"'), 5)
    writer.close()


async def test_bidirectional_errors(uploading, upstream):
    response = await uploading.post("/v1/chat", content=b"x\n", headers=NDJSON)
    assert list(violations(response)) == ["body[0]"]
    content = b'{"displayName": "a"}\n{"displayName": "refuse"}\n{}'
    response = await uploading.post("/v1/chat", content=content, headers=NDJSON)
    last = json.loads(response.text.splitlines()[-1])
    assert last["status"]["status"] == "FAILED_PRECONDITION"

    async def late():
        yield b'{"displayName": "a"}\n'
        await asyncio.sleep(0.5)
        yield b"x\n"

    response = await uploading.post("/v1/chat", content=late(), headers=NDJSON)
    last = json.loads(response.text.splitlines()[-1])
    assert last["status"]["message"].startswith("body[1]: is not JSON")


async def test_an_upstream_may_end_a_chat(uploading, upstream):
    content = b'{"displayName": "a"}\n{"displayName": "end"}\n{"displayName": "c"}\n'
    response = await uploading.post("/v1/chat", content=content, headers=NDJSON)
    assert len(response.text.splitlines()) == 2
