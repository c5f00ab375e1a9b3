"""Server streams over HTTP: headers, heartbeats, files, clients that disconnect or stall."""

import asyncio
import json
import time

import httpx
import pytest

from gateway.rest import server_stream as stream
from tests.gateway.conftest import (
    EchoService,
    RunningGateway,
    error_of,
    eventually,
    read_events,
    violations_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


SSE = {"accept": "text/event-stream"}


PATH = "/v1/public:stream"


async def test_what_fails_at_once_is_a_plain_error(http):
    response = await http.get(f"{PATH}?fail=true", headers=SSE)
    assert response.status_code == 500
    assert error_of(response)["status"] == "DATA_LOSS"
    found = violations_of(await http.get(f"{PATH}?until=x", headers=SSE))
    assert "until" in found


async def test_headers_come_before_the_first_message(http):
    started = time.monotonic()
    async with http.stream("GET", f"{PATH}?wait=true", headers=SSE) as response:
        assert response.status_code == 200
        assert time.monotonic() - started < 2


async def test_heartbeats_keep_a_quiet_stream_open(http, monkeypatch):
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    async with http.stream("GET", f"{PATH}?until=1&wait=true", headers=SSE) as response:
        lines = response.aiter_lines()
        found = [await anext(lines) for _ in range(8)]
    assert found.count(":") >= 2


async def test_a_client_that_goes_ends_the_call(http, echo):
    async with http.stream("GET", f"{PATH}?until=1&wait=true", headers=SSE) as response:
        await read_events(response, count=1)
    await eventually(lambda: echo.open_streams == 0)


async def test_needs_a_token_and_a_role(http, tokens):
    assert (await http.get("/v1/numbers:stream?until=1")).status_code == 401
    refused = await http.get("/v1/numbers:stream?until=1", headers=tokens.bearer("USER"))
    assert refused.status_code == 403
    taken = await http.get("/v1/numbers:stream?until=1", headers=tokens.bearer("VIEWER"))
    assert taken.status_code == 200


async def test_head_opens_nothing(http, echo):
    response = await http.head(PATH, headers=SSE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream"
    assert echo.requests == []


async def test_an_upstream_that_dies_ends_the_stream_with_a_status(contracts, tokens):
    service = EchoService(contracts, tokens)
    await service.start()
    async with RunningGateway(contracts, service.targets) as gateway:
        url = f"{PATH}?until=1&wait=true"
        async with gateway.http.stream("GET", url, headers=SSE) as response:
            reading = asyncio.create_task(read_events(response))
            await eventually(lambda: service.open_streams == 1)
            await asyncio.sleep(0.1)
            await service.stop()
            events = await reading
        assert events[0]["id"] == "1"
        assert json.loads(events[-1]["data"])["code"] in {499, 503}
        assert (await gateway.http.get(url, headers=SSE)).status_code == 503


async def test_a_client_that_does_not_read_is_dropped(gateway, echo, monkeypatch):
    monkeypatch.setattr(stream, "STALL_SECONDS", 0.3)
    _reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1)
    writer.write(f"GET {PATH}?until=100000&size=10000 HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await writer.drain()
    await eventually(lambda: echo.open_streams == 1)
    await eventually(lambda: echo.open_streams == 0, seconds=8)
    response = await httpx.AsyncClient(trust_env=False).get(f"{gateway.url}/healthz")
    assert response.status_code == 200
    writer.close()


async def test_an_array_stays_one(uploading, upstream):
    response = await uploading.get("/v1/describe:stream", headers={"accept": "application/json"})
    assert [item["displayName"] for item in response.json()] == ["told"]


@pytest.mark.parametrize("path", ["/v1/files:fetch", "/v1/parts:fetch"])
async def test_a_stream_of_chunks_is_a_file(uploading, upstream, path):
    response = await uploading.get(f"{path}?chunks=3&contentType=image/png")
    assert response.headers["content-type"] == "image/png"
    assert response.content == b"0" * 1000 + b"1" * 1000 + b"2" * 1000
    assert "content-encoding" not in response.headers
    head = await uploading.head(f"{path}?chunks=3")
    assert (head.status_code, head.content) == (200, b"")
    empty = await uploading.get(path)
    assert (empty.status_code, empty.content) == (200, b"")


@pytest.mark.parametrize("kind", ["a%0d%0ax:%20y", "%E6%97%A5", "%40", "image", ""])
async def test_a_content_type_that_is_none_is_not_sent(uploading, upstream, kind):
    response = await uploading.get(f"/v1/files:fetch?chunks=1&contentType={kind}")
    assert response.headers["content-type"] == "application/octet-stream"
    assert "x" not in response.headers


async def test_a_file_that_breaks_is_cut_off(uploading, upstream):
    failed = await uploading.get("/v1/files:fetch?fail=true")
    assert error_of(failed)["status"] == "DATA_LOSS"
    with pytest.raises(httpx.RemoteProtocolError):
        await uploading.get("/v1/files:fetch?chunks=3&fail=true")


async def test_a_reader_of_a_file_may_leave(uploading, upstream):
    url = "/v1/files:fetch?chunks=100000"
    async with uploading.stream("GET", url) as response:
        await anext(response.aiter_bytes())
        assert upstream.fetching == 1
    await eventually(lambda: upstream.fetching == 0)
