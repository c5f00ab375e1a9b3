"""Client messages that are not commands."""

import pytest

from tests.gateway.sockets import open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
async def test_rejects_invalid_commands(gateway, text, reason, code):
    async with open_socket(gateway) as socket:
        await socket.send(text)
        received = await receive_json(socket)
        assert received["type"] == "error"
        assert received["status"]["code"] == code
        assert received["status"]["details"][0]["reason"] == reason
        await send_json(socket, type="ping")
        assert await receive_json(socket) == {"type": "pong"}
