"""Subscriptions: where they resume, and what ends them."""

import asyncio
import json
import time

import pytest

from gateway.auth import auth
from gateway.server.server import DRAIN_SECONDS
from tests.gateway.conftest import (
    RunningGateway,
    eventually,
    read_events,
    violations_of,
)
from tests.gateway.sockets import open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


SSE = {"accept": "text/event-stream"}


PATH = "/v1/public:stream"


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


async def test_ends_streams_when_the_token_expires(gateway, tokens):
    expire = time.time() - auth.LEEWAY_SECONDS + 1
    async with open_socket(gateway) as socket:
        await send_json(socket, type="authenticate", token=tokens.sign("VIEWER", exp=expire))
        await receive_json(socket)
        await send_json(socket, type="subscribe", id="a", path="/v1/numbers:stream?wait=true")
        received = await receive_json(socket)
        assert (received["type"], received["id"], received["status"]["code"]) == ("end", "a", 401)
        await send_json(socket, type="ping")
        assert await receive_json(socket) == {"type": "pong"}
