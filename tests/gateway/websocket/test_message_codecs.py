"""The binary subprotocol: the same calls, in protobuf."""

import asyncio

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from libral.gateway.v1 import socket_pb2

from tests.gateway.sockets import closing_code, open_socket

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUBPROTOCOLS = ["libral.v2.unknown", "libral.v1.binary", "libral.v1.json"]


def binary(talk, path="/v1/ws"):
    return open_socket(talk, path, subprotocols=SUBPROTOCOLS)


async def send_json(socket, **values):
    await socket.send(socket_pb2.ClientFrame(**values).SerializeToString())


async def receive_json(socket):
    return socket_pb2.ServerFrame.FromString(await asyncio.wait_for(socket.recv(), 5))


async def test_a_unary_call(talk, chat):
    async with binary(talk) as socket:
        assert socket.subprotocol == "libral.v1.binary"
        request = chat.line(text="日本").SerializeToString()
        call = socket_pb2.Call(
            method="chat.v1.ChatService/Say",
            message=request,
            metadata={"x-word": "yes"},
            timeout=Duration(seconds=1, nanos=500_000_000),
        )
        await send_json(socket, id="a", call=call)
        received = [await receive_json(socket) for _ in range(3)]
    assert [frame.WhichOneof("event") for frame in received] == ["headers", "message", "end"]
    assert {frame.id for frame in received} == {"a"}
    assert dict(received[0].headers.metadata) == {"x-mood": "good", "x-raw-bin": "AP8="}
    assert received[1].message.content == request
    assert received[2].end.status.code == 0
    assert dict(received[2].end.trailers) == {"x-cost": "3"}
    assert chat.metadata["x-word"] == "yes"
    assert 1 < chat.remaining < 1.6


async def test_both_sides_stream(talk, chat):
    async with binary(talk) as socket:
        await send_json(socket, id="a", call=socket_pb2.Call(method="chat.v1.ChatService/Chat"))
        await send_json(socket, id="a", message=chat.line(text="x").SerializeToString())
        received = await receive_json(socket)
        assert type(chat.line()).FromString(received.message.content).text == "X"
        await send_json(socket, id="a", end=Empty())
        received = [await receive_json(socket), await receive_json(socket)]
        assert received[1].end.status.code == 0


async def test_a_subscription_has_cursors(talk, chat):
    await chat.append("one")
    async with binary(talk) as socket:
        await send_json(socket, id="a", subscribe=socket_pb2.Subscribe(path="/v1/log:watch"))
        received = await receive_json(socket)
        assert received.message.cursor == "1"
        assert type(chat.line()).FromString(received.message.content).text == "one"


async def test_one_call(talk, chat):
    async with binary(talk, "/v1/rooms/red/chat") as socket:
        await send_json(socket, message=chat.line(room="blue", text="x").SerializeToString())
        received = type(chat.line()).FromString((await receive_json(socket)).message.content)
        assert (received.room, received.text) == ("red", "X")
        await send_json(socket, message=chat.line(code=9, text="no").SerializeToString())
        received = await receive_json(socket)
        assert (received.end.status.code, received.end.status.message) == (9, "no")
        assert await closing_code(socket) == 4009


WRONG = [
    (b"\xff", "MESSAGE_NOT_PROTOBUF"),
    (b"", "INVALID_ARGUMENT"),
    ("text", "MESSAGE_NOT_BINARY"),
]


@pytest.mark.parametrize(("message", "reason"), WRONG)
async def test_rejects_invalid_commands(talk, chat, message, reason):
    async with binary(talk) as socket:
        await socket.send(message)
        received = await receive_json(socket)
        assert reason.encode() in received.error.details[0].value
        await send_json(socket, ping=Empty())
        assert (await receive_json(socket)).WhichOneof("event") == "pong"


async def test_a_message_that_is_none_ends_its_call(talk, chat):
    async with binary(talk) as socket:
        await send_json(socket, id="a", call=socket_pb2.Call(method="chat.v1.ChatService/Chat"))
        await send_json(socket, id="a", message=b"\xff")
        received = await receive_json(socket)
        assert received.end.status.code == 3
        assert received.end.status.message.startswith("message")
