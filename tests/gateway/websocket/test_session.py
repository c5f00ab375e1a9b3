"""A session: pings, and the maximum size of a message."""

import pytest
from websockets.exceptions import ConnectionClosed

from tests.gateway.sockets import open_socket, receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_responds_to_pings(gateway):
    async with open_socket(gateway) as socket:
        await send_json(socket, type="ping")
        assert await receive_json(socket) == {"type": "pong"}


async def test_a_message_has_a_mebibyte(gateway):
    async with open_socket(gateway) as socket:
        await socket.send("x" * (1024 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as caught:
            await receive_json(socket)
        assert caught.value.rcvd.code == 1009
