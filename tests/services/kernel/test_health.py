"""Health and shutdown of a service. Its database is behind a proxy that tests can cut."""

import asyncio
import time
from dataclasses import replace
from urllib.parse import urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.users.__main__ import build
from tests.services.helpers import eventually, refused
from tests.services.proxies import proxy_to

SERVING, NOT_SERVING = 1, 2


async def test_health_follows_the_database(mesh, users_environment):
    port = urlsplit(mesh.database_url).port
    async with proxy_to(port) as (proxy, proxy_port):
        proxied = replace(
            mesh, database_url=mesh.database_url.replace(f":{port}/", f":{proxy_port}/")
        )
        service = await proxied.start("users", build, users_environment)
        channel = mesh.channel(service)
        health, users = health_pb2_grpc.HealthStub(channel), users_pb2_grpc.UserServiceStub(channel)

        async def state() -> int:
            return (await health.Check(health_pb2.HealthCheckRequest())).status

        async def serves() -> bool:
            return await state() == SERVING

        async def fails() -> bool:
            return await state() == NOT_SERVING

        await eventually(serves)
        proxy.cut()
        await eventually(fails, 5)
        started = time.monotonic()
        with refused("UNAVAILABLE"):
            await users.ListUsers(users_pb2.ListUsersRequest(), timeout=5)
        assert time.monotonic() - started < 5
        proxy.accepts = True
        await eventually(serves, 5)
        assert len((await users.ListUsers(users_pb2.ListUsersRequest())).users) == 1


async def test_a_draining_service_refuses_new_calls_and_ends_old_ones(mesh, users_environment):
    service = await mesh.start("users", build, users_environment)
    channel = mesh.channel(service)
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
