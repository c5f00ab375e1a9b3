"""WebSockets to a gateway, with JSON messages."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.gateway.conftest import RunningGateway


def open_socket(gateway: RunningGateway, path: str = "/v1/ws", **options: Any) -> connect:
    url = f"ws://127.0.0.1:{gateway.port}{path}"
    return connect(url, proxy=None, compression=None, **options)


async def send_json(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def receive_json(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def closing_code(socket: ClientConnection) -> int:
    await asyncio.wait_for(socket.wait_closed(), 5)
    return socket.close_code


async def call(socket, name, method, **options):
    await send_json(socket, type="call", id=name, method=f"chat.v1.ChatService/{method}", **options)
