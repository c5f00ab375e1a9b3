"""The server: its listening socket, and how it drains."""

import asyncio
import socket

import pytest

from gateway.server.server import listen
from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.conftest import RunningGateway, eventually
from tests.gateway.load import read_response

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


async def test_small_responses_are_sent_immediately():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def ask(port: int, *names: str):
    """Open a connection and send requests. Return it with the last response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    response = None
    for name in names:
        send(writer, name)
        response = await read_response(reader)
    return reader, writer, response


def send(writer: asyncio.StreamWriter, name: str) -> None:
    writer.write(f"GET /v1/things/{name} HTTP/1.1\r\nhost: x\r\n\r\n".encode())


async def test_a_stopping_server_completes_received_requests(tmp_path):
    async with Backend(write_set(tmp_path, GET)) as backend:
        targets = {"shop.v1": backend.address}
        async with RunningGateway(backend.contracts, targets, auth=False) as gateway:
            idle_reader, idle, response = await ask(gateway.port, "a")
            assert response[:2] == (200, False)
            silent_reader, silent, _ = await ask(gateway.port)
            running_reader, running, _ = await ask(gateway.port, "a")
            send(running, "slow")
            await asyncio.sleep(0.1)
            stopping = asyncio.create_task(gateway.stop())
            await eventually(lambda: not gateway.server.servers[0].is_serving())
            with pytest.raises(ConnectionRefusedError):
                await ask(gateway.port)
            await asyncio.sleep(0.3)
            for reader, writer in ((idle_reader, idle), (silent_reader, silent)):
                send(writer, "b")
                status, last, content = await read_response(reader)
                assert (status, last, content["name"]) == (200, True, "b")
                assert await reader.read() == b""
                writer.close()
            status, last, content = await read_response(running_reader)
            assert (status, last, content["name"]) == (200, True, "slow")
            await asyncio.wait_for(stopping, 1)
            running.close()


async def test_a_connection_that_stays_idle_is_closed(tmp_path):
    async with Backend(write_set(tmp_path, GET)) as backend:
        targets = {"shop.v1": backend.address}
        async with RunningGateway(backend.contracts, targets, auth=False) as gateway:
            reader, writer, _ = await ask(gateway.port, "a")
            stopping = asyncio.create_task(gateway.stop())
            assert await asyncio.wait_for(reader.read(), 4) == b""
            await asyncio.wait_for(stopping, 2)
            writer.close()
