"""Server streams as SSE and NDJSON: framing, final status, resume, ends."""

import asyncio
import json
import time

import httpx
import pytest

from gateway.auth import auth
from gateway.rest import server_stream as stream
from gateway.server.server import DRAIN_SECONDS
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
END = {"code": 0, "status": "OK", "message": "", "details": []}


async def test_events_have_a_cursor_and_end_with_a_status(http):
    async with http.stream("GET", f"{PATH}?until=3", headers=SSE) as response:
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-store"
        events = await read_events(response)
    assert [event.get("id") for event in events] == ["1", "2", "3", None]
    assert [json.loads(event["data"]).get("position") for event in events[:3]] == ["1", "2", "3"]
    assert events[3]["event"] == "status"
    assert json.loads(events[3]["data"]) == END


async def test_lines_end_with_a_status(http):
    response = await http.get(f"{PATH}?until=2")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines == [
        {"position": "1", "text": ""},
        {"position": "2", "text": ""},
        {"status": END},
    ]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/event-stream", "text/event-stream"),
        ("text/html, Text/Event-Stream;q=0.9", "text/event-stream"),
        ("application/json", "application/json"),
        ("*/*", "application/x-ndjson"),
    ],
)
async def test_accept_chooses(http, accept, kind):
    response = await http.get(f"{PATH}?until=1", headers={"accept": accept})
    assert response.headers["content-type"] == kind


async def test_a_torn_stream_does_not_look_complete(http):
    response = await http.get(f"{PATH}?until=2&fail=true")
    last = json.loads(response.text.splitlines()[-1])
    assert (last["status"]["code"], last["status"]["status"]) == (500, "DATA_LOSS")
    async with http.stream("GET", f"{PATH}?until=2&fail=true", headers=SSE) as answer:
        events = await read_events(answer)
    assert len(events) == 3
    assert json.loads(events[-1]["data"])["status"] == "DATA_LOSS"


async def test_what_fails_at_once_is_a_plain_error(http):
    response = await http.get(f"{PATH}?fail=true", headers=SSE)
    assert response.status_code == 500
    assert error_of(response)["status"] == "DATA_LOSS"
    found = violations_of(await http.get(f"{PATH}?until=x", headers=SSE))
    assert "until" in found


async def test_last_event_id_resumes(http, echo):
    headers = SSE | {"last-event-id": "2"}
    async with http.stream("GET", f"{PATH}?until=4&after=0", headers=headers) as response:
        events = await read_events(response)
    assert [event.get("id") for event in events] == ["3", "4", None]
    found = violations_of(await http.get(PATH, headers=SSE | {"last-event-id": "x"}))
    assert found.keys() == {"last-event-id"}


async def test_resumes_across_a_restart_without_gap_or_repeat(contracts, shared_echo):
    seen: list[int] = []
    for until in (500, 1000):
        async with RunningGateway(contracts, shared_echo.targets) as gateway:
            headers = SSE | ({"last-event-id": str(seen[-1])} if seen else {})
            url = f"{PATH}?until={until}&wait=true"
            async with gateway.http.stream("GET", url, headers=headers) as response:
                events = await read_events(response, count=until - len(seen))
                seen += [int(event["id"]) for event in events]
    assert seen == list(range(1, 1001))


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


async def test_ends_when_the_token_expires(http, tokens, echo):
    expire = time.time() - auth.LEEWAY_SECONDS + 1
    headers = SSE | tokens.bearer("VIEWER", exp=expire)
    url = "/v1/numbers:stream?until=1&wait=true"
    async with http.stream("GET", url, headers=headers) as response:
        events = await read_events(response)
    status = json.loads(events[-1]["data"])
    assert (status["code"], status["status"]) == (401, "UNAUTHENTICATED")
    assert status["details"][0]["reason"] == "TOKEN_EXPIRED"
    await eventually(lambda: echo.open_streams == 0)


async def test_the_deadline_of_the_client_holds(http):
    headers = SSE | {"grpc-timeout": "600m"}
    async with http.stream("GET", f"{PATH}?until=1&wait=true", headers=headers) as response:
        events = await read_events(response)
    assert json.loads(events[-1]["data"])["status"] == "DEADLINE_EXCEEDED"


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


async def test_a_gateway_that_stops_ends_streams_with_a_status(contracts, shared_echo):
    async with RunningGateway(contracts, shared_echo.targets) as gateway:

        async def follow() -> list[dict[str, str]]:
            url = f"{PATH}?until=1&wait=true"
            async with gateway.http.stream("GET", url, headers=SSE) as response:
                return await read_events(response)

        following = asyncio.create_task(follow())
        await eventually(lambda: shared_echo.open_streams == 1)
        await asyncio.sleep(0.1)
        started = time.monotonic()
        await gateway.stop()
        assert time.monotonic() - started < DRAIN_SECONDS + 2
        status = json.loads((await following)[-1]["data"])
    assert (status["code"], status["status"]) == (503, "UNAVAILABLE")
    assert status["details"][0]["reason"] == "GATEWAY_DRAINING"


async def test_a_client_that_does_not_read_is_dropped(gateway, echo, monkeypatch):
    monkeypatch.setattr(stream, "STALL_SECONDS", 0.3)
    _reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1)
    writer.write(f"GET {PATH}?until=100000&size=10000 HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await writer.drain()
    await eventually(lambda: echo.open_streams == 1)
    await eventually(lambda: echo.open_streams == 0, seconds=8)
    answer = await httpx.AsyncClient(trust_env=False).get(f"{gateway.url}/healthz")
    assert answer.status_code == 200
    writer.close()
