"""A room whose database goes away, through a connection that the test can cut."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.users.__main__ import build
from tests.services.helpers import eventually, refused

SERVING, NOT_SERVING = 1, 2


class Wire:
    """A loopback port that leads to a server, until it is cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.whole = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    def cut(self) -> None:
        self.whole = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def wire_to(port: int):
    wire = Wire(port)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    try:
        yield wire, server.sockets[0].getsockname()[1]
    finally:
        wire.cut()
        server.close()


async def test_a_room_says_that_its_database_is_away_and_recovers(mesh, users_environment):
    port = urlsplit(mesh.database_url).port
    async with wire_to(port) as (wire, wire_port):
        wired = replace(mesh, database_url=mesh.database_url.replace(f":{port}/", f":{wire_port}/"))
        room = await wired.start("users", build, users_environment)
        channel = mesh.channel(room)
        health, users = health_pb2_grpc.HealthStub(channel), users_pb2_grpc.UserServiceStub(channel)

        async def state() -> int:
            return (await health.Check(health_pb2.HealthCheckRequest())).status

        async def serves() -> bool:
            return await state() == SERVING

        async def fails() -> bool:
            return await state() == NOT_SERVING

        await eventually(serves)
        wire.cut()
        await eventually(fails, 5)
        started = time.monotonic()
        with refused("UNAVAILABLE"):
            await users.ListUsers(users_pb2.ListUsersRequest(), timeout=5)
        assert time.monotonic() - started < 5
        wire.whole = True
        await eventually(serves, 5)
        assert len((await users.ListUsers(users_pb2.ListUsersRequest())).users) == 1


async def test_a_draining_room_refuses_new_calls_and_ends_old_ones(mesh, users_environment):
    room = await mesh.start("users", build, users_environment)
    channel = mesh.channel(room)
    users = users_pb2_grpc.UserServiceStub(channel)
    running = [
        asyncio.ensure_future(
            users.CreateUser(
                users_pb2.CreateUserRequest(
                    user=users_pb2.User(login=f"user{number}", display_name="名前"),
                    password="a long password",
                )
            )
        )
        for number in range(4)
    ]
    await asyncio.sleep(0.05)
    await mesh.stack.aclose()
    ended = await asyncio.gather(*running, return_exceptions=True)
    for one in ended:
        if isinstance(one, grpc.aio.AioRpcError):
            assert one.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        else:
            assert isinstance(one, users_pb2.User | asyncio.CancelledError), one
