"""A session: pings, and the bound of a message."""

import pytest
from websockets.exceptions import ConnectionClosed

from tests.gateway.sockets import hear, open_socket, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_answers_pings(gateway):
    async with open_socket(gateway) as socket:
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}


async def test_a_message_has_a_mebibyte(gateway):
    async with open_socket(gateway) as socket:
        await socket.send("x" * (1024 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as caught:
            await hear(socket)
        assert caught.value.rcvd.code == 1009
