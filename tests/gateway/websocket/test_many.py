"""Calls of every kind by method name, many on one socket."""

import time

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway.conftest import RunningGateway, eventually
from tests.gateway.sockets import call, open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


OK = {"code": 0, "status": "OK", "message": "", "details": []}


SERVICE = "chat.v1.ChatService"


def line(**values):
    return {"room": "", "text": "", "number": "0", "code": 0} | values


async def test_a_unary_call(talk, chat):
    async with open_socket(talk) as socket:
        await call(
            socket,
            "a",
            "Say",
            data={"text": "hi"},
            metadata={"X-Word": "yes", "x-raw-bin": "AP8="},
            timeout=2,
        )
        assert await receive_json(socket) == {
            "type": "headers",
            "id": "a",
            "metadata": {"x-mood": "good", "x-raw-bin": "AP8="},
        }
        assert await receive_json(socket) == {"type": "message", "id": "a", "data": line(text="hi")}
        assert await receive_json(socket) == {
            "type": "end",
            "id": "a",
            "status": OK,
            "trailers": {"x-cost": "3"},
        }
    assert chat.metadata["x-word"] == "yes"
    assert chat.metadata["x-raw-bin"] == b"\x00\xff"
    assert 1 < chat.remaining < 2.1


async def test_a_unary_call_without_data_sends_an_empty_message(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Say")
        received = [await receive_json(socket) for _ in range(3)]
        assert received[1]["data"] == line()


async def test_a_client_stream(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Add", data={"number": "1"})
        for number in range(2, 100):
            await send_json(socket, type="message", id="a", data={"number": number})
        await send_json(socket, type="end", id="a")
        assert (await receive_json(socket))["data"] == line(number=str(sum(range(100))))
        assert await receive_json(socket) == {"type": "end", "id": "a", "status": OK}


async def test_both_sides_stream(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat")
        for text in ("one", "two"):
            await send_json(socket, type="message", id="a", data={"text": text})
            assert (await receive_json(socket))["data"]["text"] == text.upper()
        await send_json(socket, type="end", id="a")
        assert (await receive_json(socket))["data"]["text"] == "bye"
        assert (await receive_json(socket))["status"] == OK


async def test_a_server_stream_by_name(talk, chat):
    await chat.append("first")
    async with open_socket(talk) as socket:
        await call(socket, "a", "Watch", data={"after": 0})
        received = await receive_json(socket)
        assert (received["data"]["text"], received["cursor"]) == ("first", "1")


async def test_a_deadline_ends_the_call(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat", timeout=0.2)
        received = await receive_json(socket)
        assert (received["type"], received["status"]["status"]) == ("end", "DEADLINE_EXCEEDED")
    await eventually(lambda: chat.open == 0)


async def test_a_client_cancels(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat", data={"text": "x"})
        await receive_json(socket)
        assert chat.open == 1
        await send_json(socket, type="cancel", id="a")
        assert (await receive_json(socket))["status"]["status"] == "CANCELLED"
        await eventually(lambda: chat.open == 0)
        await send_json(socket, type="message", id="a", data={})
        assert (await receive_json(socket))["type"] == "error"


async def test_a_message_that_is_none_ends_its_call_alone(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Chat")
        await call(socket, "b", "Chat")
        await send_json(socket, type="message", id="a", data={"nope": 1})
        received = await receive_json(socket)
        assert (received["type"], received["id"], received["status"]["code"]) == ("end", "a", 400)
        assert "nope" in received["status"]["message"]
        await send_json(socket, type="message", id="b", data={"text": "x"})
        assert (await receive_json(socket))["data"]["text"] == "X"


REFUSED = [
    ({"type": "call", "id": "a"}, "METHOD_NOT_FOUND"),
    ({"type": "call", "id": "a", "method": "chat.v1.ChatService.Say"}, "METHOD_NOT_FOUND"),
    ({"type": "call", "id": "a", "method": f"{SERVICE}/Secret"}, "TOKEN_MISSING"),
    ({"type": "call", "id": "a", "method": f"{SERVICE}/Say", "data": []}, "INVALID_ARGUMENT"),
]


@pytest.mark.parametrize(("message", "reason"), REFUSED)
async def test_a_call_that_cannot_be_made_ends(talk, chat, message, reason):
    async with open_socket(talk) as socket:
        await send_json(socket, **message)
        received = await receive_json(socket)
        assert (received["type"], received["id"]) == ("end", "a")
        assert received["status"]["details"][0]["reason"] == reason


WRONG = [
    {"type": "call", "id": 1},
    {"type": "call", "id": "a", "metadata": {"x": 1}},
    {"type": "call", "id": "a", "metadata": {f"k{n}": "" for n in range(65)}},
    {"type": "call", "id": "a", "timeout": "5"},
    {"type": "call", "id": "a", "timeout": 0},
    {"type": "call", "id": "a", "timeout": True},
    {"type": "end", "id": "none"},
]


@pytest.mark.parametrize("message", WRONG)
async def test_names_the_invalid_member(talk, chat, message):
    async with open_socket(talk) as socket:
        await send_json(socket, **message)
        received = await receive_json(socket)
        assert (received["type"], received["status"]["code"]) == ("error", 400)
        assert received["status"]["message"].split(":")[0] in message


async def test_no_message_follows_a_half_close(talk, chat):
    async with open_socket(talk) as socket:
        await call(socket, "a", "Watch", data={"after": -1})
        await send_json(socket, type="message", id="a", data={})
        assert "half-closed" in (await receive_json(socket))["status"]["message"]


PATH = "/v1/public:stream"


async def test_carries_a_stream(gateway):
    async with open_socket(gateway) as socket:
        await send_json(socket, type="subscribe", id="a", path=f"{PATH}?until=2")
        assert [await receive_json(socket) for _ in range(3)] == [
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
            await send_json(socket, type="subscribe", id=f"n{number}", path=f"{PATH}?until=20")
        received = [await receive_json(socket) for _ in range(20 * 21)]
    for number in range(20):
        mine = [message for message in received if message["id"] == f"n{number}"]
        assert [m.get("cursor") for m in mine] == [*map(str, range(1, 21)), None]


async def test_resumes_across_a_restart_without_gap_or_repeat(contracts, shared_echo):
    seen: list[int] = [0]
    for until in (700, 1500):
        async with (
            RunningGateway(contracts, shared_echo.targets) as gateway,
            open_socket(gateway) as socket,
        ):
            path = f"{PATH}?until={until}&wait=true&after={seen[-1]}"
            await send_json(socket, type="subscribe", id="a", path=path)
            while seen[-1] < until:
                seen.append(int((await receive_json(socket))["cursor"]))
    assert seen == list(range(1501))


async def test_cancel_ends_the_call(gateway, echo):
    async with open_socket(gateway) as socket:
        await send_json(socket, type="subscribe", id="a", path=f"{PATH}?until=1&wait=true")
        await receive_json(socket)
        assert echo.open_streams == 1
        await send_json(socket, type="cancel", id="a")
        received = await receive_json(socket)
        assert (received["type"], received["id"], received["status"]["code"]) == ("end", "a", 499)
        await eventually(lambda: echo.open_streams == 0)
        await send_json(socket, type="subscribe", id="a", path=f"{PATH}?until=0")
        assert await receive_json(socket) == {"type": "end", "id": "a", "status": OK}


async def test_a_socket_that_closes_ends_its_calls(gateway, echo):
    async with open_socket(gateway) as socket:
        for name in "abc":
            await send_json(socket, type="subscribe", id=name, path=f"{PATH}?wait=true")
        await eventually(lambda: echo.open_streams == 3)
    await eventually(lambda: echo.open_streams == 0)


async def test_authorizes_by_header(gateway, tokens):
    headers = tokens.bearer("VIEWER")
    async with open_socket(gateway, additional_headers=headers) as socket:
        await send_json(socket, type="subscribe", id="a", path="/v1/numbers:stream?until=1")
        assert (await receive_json(socket))["type"] == "message"


async def test_refuses_a_bad_header_at_the_upgrade(gateway):
    headers = {"authorization": "Bearer nonsense"}
    with pytest.raises(InvalidStatus) as caught:
        await open_socket(gateway, additional_headers=headers).__aenter__()
    assert caught.value.response.status_code == 401
    assert orjson.loads(caught.value.response.body)["error"]["status"] == "UNAUTHENTICATED"


async def test_authorizes_by_message(gateway, tokens):
    async with open_socket(gateway) as socket:
        path = "/v1/numbers:stream?until=0"
        await send_json(socket, type="subscribe", id="a", path=path)
        assert (await receive_json(socket))["status"]["code"] == 401
        await send_json(socket, type="authenticate", token=tokens.sign("USER"))
        assert await receive_json(socket) == {"type": "authenticated"}
        await send_json(socket, type="subscribe", id="a", path=path)
        assert (await receive_json(socket))["status"]["code"] == 403
        await send_json(socket, type="authenticate", token=tokens.sign("VIEWER"))
        assert await receive_json(socket) == {"type": "authenticated"}
        await send_json(socket, type="subscribe", id="a", path=path)
        assert (await receive_json(socket))["status"] == OK
        await send_json(socket, type="authenticate", token="nonsense")
        received = await receive_json(socket)
        assert (received["type"], received["status"]["code"]) == ("error", 401)


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
        await send_json(socket, type="subscribe", id="é", path=path)
        received = await receive_json(socket)
        assert (received["type"], received["id"], received["status"]["code"]) == ("end", "é", code)


async def test_an_id_is_used_once_at_a_time(gateway):
    async with open_socket(gateway) as socket:
        await send_json(socket, type="subscribe", id="a", path=f"{PATH}?wait=true")
        await send_json(socket, type="subscribe", id="a", path=f"{PATH}?wait=true")
        received = await receive_json(socket)
        assert (received["type"], received["status"]["code"]) == ("error", 409)


async def test_a_socket_has_32_subscriptions(gateway, echo):
    async with open_socket(gateway) as socket:
        for number in range(33):
            await send_json(socket, type="subscribe", id=str(number), path=f"{PATH}?wait=true")
        received = await receive_json(socket)
        assert (received["type"], received["status"]["code"]) == ("error", 429)
        await eventually(lambda: echo.open_streams == 32)
    await eventually(lambda: echo.open_streams == 0)


async def test_a_gateway_that_stops_ends_streams_with_a_status(contracts, shared_echo):
    async with (
        RunningGateway(contracts, shared_echo.targets) as gateway,
        open_socket(gateway) as socket,
    ):
        await send_json(socket, type="subscribe", id="a", path=f"{PATH}?until=1&wait=true")
        await receive_json(socket)
        started = time.monotonic()
        await gateway.stop()
        assert time.monotonic() - started < 3
        received = await receive_json(socket)
        assert (received["type"], received["id"], received["status"]["code"]) == ("end", "a", 503)
        with pytest.raises(ConnectionClosed) as caught:
            await receive_json(socket)
        assert caught.value.rcvd.code == 1012
