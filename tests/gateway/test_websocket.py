"""`/v1/ws`: the protocol, its bounds, slow readers, ends."""

import asyncio
import json
import time
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.auth import auth
from gateway.server import protocols
from tests.gateway.conftest import RunningGateway, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/v1/public:stream"
OK = {"code": 0, "status": "OK", "message": "", "details": []}


def open_socket(gateway, **options: Any) -> connect:
    return connect(gateway.ws_url, proxy=None, compression=None, **options)


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def test_carries_a_stream(gateway):
    async with open_socket(gateway) as socket:
        await say(socket, type="subscribe", id="a", path=f"{PATH}?until=2")
        assert [await hear(socket) for _ in range(3)] == [
            {
                "type": "message",
                "id": "a",
                "data": {"position": "1", "text": ""},
                "cursor": "1",
            },
            {
                "type": "message",
                "id": "a",
                "data": {"position": "2", "text": ""},
                "cursor": "2",
            },
            {"type": "end", "id": "a", "status": OK},
        ]


async def test_carries_many_streams(gateway):
    async with open_socket(gateway) as socket:
        for number in range(20):
            await say(socket, type="subscribe", id=f"n{number}", path=f"{PATH}?until=20")
        heard = [await hear(socket) for _ in range(20 * 21)]
    for number in range(20):
        mine = [message for message in heard if message["id"] == f"n{number}"]
        assert [m.get("cursor") for m in mine] == [*map(str, range(1, 21)), None]


async def test_resumes_across_a_restart_without_gap_or_repeat(contracts, shared_echo):
    seen: list[int] = [0]
    for until in (700, 1500):
        async with (
            RunningGateway(contracts, shared_echo.targets) as gateway,
            open_socket(gateway) as socket,
        ):
            path = f"{PATH}?until={until}&wait=true&after={seen[-1]}"
            await say(socket, type="subscribe", id="a", path=path)
            while seen[-1] < until:
                seen.append(int((await hear(socket))["cursor"]))
    assert seen == list(range(1501))


async def test_cancel_ends_the_call(gateway, echo):
    async with open_socket(gateway) as socket:
        await say(socket, type="subscribe", id="a", path=f"{PATH}?until=1&wait=true")
        await hear(socket)
        assert echo.open_streams == 1
        await say(socket, type="cancel", id="a")
        heard = await hear(socket)
        assert (heard["type"], heard["id"], heard["status"]["code"]) == ("end", "a", 499)
        await eventually(lambda: echo.open_streams == 0)
        await say(socket, type="subscribe", id="a", path=f"{PATH}?until=0")
        assert await hear(socket) == {"type": "end", "id": "a", "status": OK}


async def test_a_socket_that_closes_ends_its_calls(gateway, echo):
    async with open_socket(gateway) as socket:
        for name in "abc":
            await say(socket, type="subscribe", id=name, path=f"{PATH}?wait=true")
        await eventually(lambda: echo.open_streams == 3)
    await eventually(lambda: echo.open_streams == 0)


async def test_answers_pings(gateway):
    async with open_socket(gateway) as socket:
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}


async def test_authorizes_by_header(gateway, tokens):
    headers = tokens.bearer("VIEWER")
    async with open_socket(gateway, additional_headers=headers) as socket:
        await say(socket, type="subscribe", id="a", path="/v1/numbers:stream?until=1")
        assert (await hear(socket))["type"] == "message"


async def test_refuses_a_bad_header_at_the_upgrade(gateway):
    headers = {"authorization": "Bearer nonsense"}
    with pytest.raises(InvalidStatus) as caught:
        await open_socket(gateway, additional_headers=headers).__aenter__()
    assert caught.value.response.status_code == 401
    assert orjson.loads(caught.value.response.body)["error"]["status"] == "UNAUTHENTICATED"


async def test_authorizes_by_message(gateway, tokens):
    async with open_socket(gateway) as socket:
        path = "/v1/numbers:stream?until=0"
        await say(socket, type="subscribe", id="a", path=path)
        assert (await hear(socket))["status"]["code"] == 401
        await say(socket, type="authenticate", token=tokens.sign("USER"))
        assert await hear(socket) == {"type": "authenticated"}
        await say(socket, type="subscribe", id="a", path=path)
        assert (await hear(socket))["status"]["code"] == 403
        await say(socket, type="authenticate", token=tokens.sign("VIEWER"))
        assert await hear(socket) == {"type": "authenticated"}
        await say(socket, type="subscribe", id="a", path=path)
        assert (await hear(socket))["status"] == OK
        await say(socket, type="authenticate", token="nonsense")
        heard = await hear(socket)
        assert (heard["type"], heard["status"]["code"]) == ("error", 401)


async def test_ends_streams_when_the_token_expires(gateway, tokens):
    expire = time.time() - auth.LEEWAY_SECONDS + 1
    async with open_socket(gateway) as socket:
        await say(socket, type="authenticate", token=tokens.sign("VIEWER", exp=expire))
        await hear(socket)
        await say(socket, type="subscribe", id="a", path="/v1/numbers:stream?wait=true")
        heard = await hear(socket)
        assert (heard["type"], heard["id"], heard["status"]["code"]) == ("end", "a", 401)
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}


WRONG = [
    ("nonsense", "MESSAGE_NOT_JSON", 400),
    ("[]", "MESSAGE_NOT_JSON", 400),
    (b"{}", "MESSAGE_NOT_TEXT", 400),
    ("{}", "INVALID_ARGUMENT", 400),
    ('{"type":"dance"}', "INVALID_ARGUMENT", 400),
    ('{"type":"subscribe"}', "INVALID_ARGUMENT", 400),
    ('{"type":"subscribe","id":""}', "INVALID_ARGUMENT", 400),
    ('{"type":"subscribe","id":1,"path":"/"}', "INVALID_ARGUMENT", 400),
    (f'{{"type":"subscribe","id":"{"x" * 65}","path":"/"}}', "INVALID_ARGUMENT", 400),
    ('{"type":"subscribe","id":"a"}', "INVALID_ARGUMENT", 400),
    ('{"type":"subscribe","id":"a","path":"x"}', "INVALID_ARGUMENT", 400),
    ('{"type":"cancel","id":"none"}', "INVALID_ARGUMENT", 400),
    ('{"type":"authenticate"}', "INVALID_ARGUMENT", 400),
    ('{"type":"authenticate","token":"\\u00ff"}', "TOKEN_INVALID", 401),
]


@pytest.mark.parametrize(("text", "reason", "code"), WRONG)
async def test_says_what_it_does_not_understand(gateway, text, reason, code):
    async with open_socket(gateway) as socket:
        await socket.send(text)
        heard = await hear(socket)
        assert heard["type"] == "error"
        assert heard["status"]["code"] == code
        assert heard["status"]["details"][0]["reason"] == reason
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}


ENDED = [
    ("/nope", 404),
    ("/v1/echo", 400),
    (f"{PATH}?nope=1", 400),
    (f"{PATH}?fail=true", 500),
    ("/v1/numbers:stream", 401),
]


@pytest.mark.parametrize(("path", "code"), ENDED)
async def test_ends_what_cannot_be_opened(gateway, path, code):
    async with open_socket(gateway) as socket:
        await say(socket, type="subscribe", id="é", path=path)
        heard = await hear(socket)
        assert (heard["type"], heard["id"], heard["status"]["code"]) == ("end", "é", code)


async def test_an_id_is_used_once_at_a_time(gateway):
    async with open_socket(gateway) as socket:
        await say(socket, type="subscribe", id="a", path=f"{PATH}?wait=true")
        await say(socket, type="subscribe", id="a", path=f"{PATH}?wait=true")
        heard = await hear(socket)
        assert (heard["type"], heard["status"]["code"]) == ("error", 409)


async def test_a_socket_has_32_subscriptions(gateway, echo):
    async with open_socket(gateway) as socket:
        for number in range(33):
            await say(socket, type="subscribe", id=str(number), path=f"{PATH}?wait=true")
        heard = await hear(socket)
        assert (heard["type"], heard["status"]["code"]) == ("error", 429)
        await eventually(lambda: echo.open_streams == 32)
    await eventually(lambda: echo.open_streams == 0)


async def test_a_message_has_a_mebibyte(gateway):
    async with open_socket(gateway) as socket:
        await socket.send("x" * (1024 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as caught:
            await hear(socket)
        assert caught.value.rcvd.code == 1009


async def test_other_paths_are_judged_at_the_upgrade(gateway):
    for path, code in (("/v1/echo?nope=1", 400), ("/nope", 404), ("/healthz", 404)):
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://127.0.0.1:{gateway.port}{path}", proxy=None).__aenter__()
        assert caught.value.response.status_code == code


async def read_to_the_end(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


async def test_a_client_that_does_not_read_is_closed_and_others_do_not_feel_it(
    gateway, echo, monkeypatch
):
    monkeypatch.setattr(protocols, "STALL_SECONDS", 0.5)
    slow = await open_socket(gateway, max_queue=1)
    await say(slow, type="subscribe", id="a", path=f"{PATH}?until=1000000&size=10000")
    await eventually(lambda: echo.open_streams == 1)
    async with open_socket(gateway) as quick:
        for _ in range(20):
            started = time.monotonic()
            await say(quick, type="subscribe", id="q", path=f"{PATH}?until=1")
            assert (await hear(quick))["cursor"] == "1"
            assert (await hear(quick))["type"] == "end"
            assert time.monotonic() - started < 1
    await eventually(lambda: echo.open_streams == 0, seconds=8)
    with pytest.raises(ConnectionClosed) as caught:
        await read_to_the_end(slow)
    assert caught.value.rcvd.code == 4008
    await slow.close()


async def test_a_gateway_that_stops_ends_streams_with_a_status(contracts, shared_echo):
    async with (
        RunningGateway(contracts, shared_echo.targets) as gateway,
        open_socket(gateway) as socket,
    ):
        await say(socket, type="subscribe", id="a", path=f"{PATH}?until=1&wait=true")
        await hear(socket)
        started = time.monotonic()
        await gateway.stop()
        assert time.monotonic() - started < 3
        heard = await hear(socket)
        assert (heard["type"], heard["id"], heard["status"]["code"]) == ("end", "a", 503)
        with pytest.raises(ConnectionClosed) as caught:
            await hear(socket)
        assert caught.value.rcvd.code == 1012
