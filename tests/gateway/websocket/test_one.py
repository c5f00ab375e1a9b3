"""The path of a method as a WebSocket."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.websocket import one
from tests.gateway.chat import know
from tests.gateway.conftest import eventually
from tests.gateway.sockets import closing_code, open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


OK = {"code": 0, "status": "OK", "message": "", "details": []}


async def test_a_server_stream(talk, chat):
    await chat.append("one", "two")
    async with open_socket(talk, "/v1/log:watch?after=1") as socket:
        received = await receive_json(socket)
        assert (received["type"], received["data"]["text"], received["cursor"]) == (
            "message",
            "two",
            "2",
        )
        assert "id" not in received
        await chat.append("three")
        assert (await receive_json(socket))["cursor"] == "3"
        assert chat.open == 1
    await eventually(lambda: chat.open == 0)


async def test_a_read_gets_a_response_and_is_closed(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/line?text=hi") as socket:
        assert (await receive_json(socket))["type"] == "headers"
        data = (await receive_json(socket))["data"]
        assert (data["room"], data["text"]) == ("red", "hi")
        assert await receive_json(socket) == {
            "type": "end",
            "status": OK,
            "trailers": {"x-cost": "3"},
        }
        assert await closing_code(socket) == 1000


async def test_the_path_wins_in_a_body(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/say") as socket:
        await send_json(socket, type="message", data={"text": "hi", "room": "blue"})
        assert (await receive_json(socket))["type"] == "headers"
        data = (await receive_json(socket))["data"]
        assert (data["room"], data["text"]) == ("red", "hi")
        assert (await receive_json(socket))["status"] == OK


async def test_a_client_stream_has_the_path_in_its_first_message(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/add") as socket:
        for number in range(4):
            await send_json(socket, type="message", data={"number": number, "room": f"{number}"})
        await send_json(socket, type="end")
        data = (await receive_json(socket))["data"]
        assert (data["room"], data["number"]) == ("1+2+3+red", "6")
        assert (await receive_json(socket))["status"] == OK
        assert await closing_code(socket) == 1000


async def test_a_client_stream_without_messages_sends_the_path(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/add") as socket:
        await send_json(socket, type="end")
        assert (await receive_json(socket))["data"]["room"] == "red"


async def test_both_sides_stream(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/chat") as socket:
        await send_json(socket, type="message", data={"text": "a"})
        assert (await receive_json(socket))["data"]["text"] == "A"
        await send_json(socket, type="ping")
        assert await receive_json(socket) == {"type": "pong"}
        await send_json(socket, type="message", data={"code": 9, "text": "no"})
        received = await receive_json(socket)
        assert (received["type"], received["status"]["status"]) == ("end", "FAILED_PRECONDITION")
        assert await closing_code(socket) == 4009


async def test_headers_are_metadata_and_deadline(talk, chat):
    headers = {"grpc-metadata-x-word": "yes", "grpc-timeout": "300m"}
    async with open_socket(talk, "/v1/rooms/red/chat", additional_headers=headers) as socket:
        received = await receive_json(socket)
        assert received["status"]["status"] == "DEADLINE_EXCEEDED"
        assert await closing_code(socket) == 4004
    assert chat.metadata["x-word"] == "yes"


async def test_a_client_cancels(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/chat") as socket:
        await send_json(socket, type="message", data={"text": "a"})
        await receive_json(socket)
        await send_json(socket, type="cancel")
        assert (await receive_json(socket))["status"]["status"] == "CANCELLED"
        assert await closing_code(socket) == 4001
    await eventually(lambda: chat.open == 0)


async def test_a_message_that_is_none_ends_the_call(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/chat") as socket:
        await send_json(socket, type="message", data={"nope": "a"})
        assert "nope" in (await receive_json(socket))["status"]["message"]
        assert await closing_code(socket) == 4003


async def test_a_browser_authenticates_first(talk, chat):
    async with open_socket(talk, "/v1/secret") as socket:
        await send_json(socket, type="message", data={})
        received = await receive_json(socket)
        assert received["status"]["details"][0]["reason"] == "TOKEN_MISSING"
        assert await closing_code(socket) == 4016
    async with open_socket(talk, "/v1/secret") as socket:
        await send_json(socket, type="authenticate", token="nonsense")
        assert (await receive_json(socket))["status"]["code"] == 401


async def test_callers_authenticate_by_message_or_header(talk, chat):
    header = know(talk, "users/1", "OPERATOR")
    token = header["authorization"].removeprefix("Bearer ")
    async with open_socket(talk, "/v1/secret") as socket:
        await send_json(socket, type="authenticate", token=token)
        assert await receive_json(socket) == {"type": "authenticated"}
        await send_json(socket, type="message", data={"text": "a"})
        assert (await receive_json(socket))["data"]["text"] == "A"
    async with open_socket(talk, "/v1/secret", additional_headers=header) as socket:
        await send_json(socket, type="message", data={"text": "b"})
        assert (await receive_json(socket))["data"]["text"] == "B"
    viewer = know(talk, "users/2", "VIEWER")
    with pytest.raises(InvalidStatus) as caught:
        await open_socket(talk, "/v1/secret", additional_headers=viewer).__aenter__()
    assert caught.value.response.status_code == 403


async def test_a_browser_that_sends_nothing_is_closed(talk, chat, monkeypatch):
    monkeypatch.setattr(one, "AUTHENTICATE_SECONDS", 0.2)
    async with open_socket(talk, "/v1/secret") as socket:
        assert (await receive_json(socket))["status"]["code"] == 401
        assert await closing_code(socket) == 4016


REFUSED = [
    ("/v1/log:watch?nope=1", 400),
    ("/v1/log:watch?after=x", 400),
    ("/v1/nothing", 404),
]


@pytest.mark.parametrize(("path", "code"), REFUSED)
async def test_what_is_wrong_at_the_upgrade_is_an_http_error(talk, chat, path, code):
    with pytest.raises(InvalidStatus) as caught:
        await open_socket(talk, path).__aenter__()
    assert caught.value.response.status_code == code


async def test_rejects_commands_out_of_order(talk, chat):
    async with open_socket(talk, "/v1/rooms/red/chat") as socket:
        for kind in ("authenticate", "subscribe", "call"):
            await send_json(socket, type=kind, id="a", token="x", path="/", method="x")
            received = await receive_json(socket)
            assert (received["type"], received["status"]["code"]) == ("error", 400)
            assert kind in received["status"]["message"]
        await send_json(socket, type="end")
        await send_json(socket, type="message", data={})
        received = [await receive_json(socket) for _ in range(4)]
        assert sorted(message["type"] for message in received) == [
            "end",
            "error",
            "message",
            "message",
        ]


async def test_other_paths_are_judged_at_the_upgrade(gateway):
    for path, code in (("/v1/echo?nope=1", 400), ("/nope", 404), ("/healthz", 404)):
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://127.0.0.1:{gateway.port}{path}", proxy=None).__aenter__()
        assert caught.value.response.status_code == code
