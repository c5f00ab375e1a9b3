"""Events are handled once and in order, and failing ones are dead-lettered."""

import asyncio

from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy import MetaData, select

from services.events.__main__ import build as build_events
from services.kernel.database.tables import KernelTables
from services.kernel.events import consumer as consumer_module
from services.kernel.events.consumer import EventConsumer
from services.users.__main__ import build as build_users
from tests.services.helpers import eventually

LOGINS = [f"user{number}" for number in range(4)]
ADMINS = 1


async def test_a_failing_event_is_dead_lettered_and_the_stream_goes_on(
    mesh, users_environment, redis_url, monkeypatch
):
    monkeypatch.setattr(consumer_module, "RETRY_SECONDS", (0, 0, 0, 0))
    events = await mesh.start("events", build_events, {"REDIS_URL": redis_url})
    target = f"127.0.0.1:{events.port}"
    service = await mesh.start("users", build_users, users_environment, events_target=target)
    users = users_pb2_grpc.UserServiceStub(mesh.channel(service))
    for login in LOGINS:
        user = users_pb2.User(login=login, display_name=login)
        await users.CreateUser(users_pb2.CreateUserRequest(user=user, password="a long password"))
    seen: list[int] = []
    tries: list[int] = []

    async def react(_, event) -> None:
        if len(seen) == 2:
            tries.append(event.position)
            if len(tries) <= consumer_module.TRIES_MAX:
                raise ValueError("broken")
        seen.append(event.position)

    kernel, tables = service.kernel, KernelTables.of(MetaData(schema="users"))
    consumer = make_consumer(service, mesh.channel(events), react)
    task = asyncio.create_task(consumer.run())

    async def all_handled() -> bool:
        return len(seen) == len(LOGINS) and await consumer.read_position() == seen[-1]

    await eventually(all_handled)
    task.cancel()
    dead_letters = select(tables.dead_letters)
    async with kernel.database.reading() as connection:
        found = (await connection.execute(dead_letters)).all()
    assert [(row.position, row.tries, row.error) for row in found] == [
        (tries[0], consumer_module.TRIES_MAX, "ValueError: broken")
    ]
    assert seen == sorted(seen)
    assert tries[0] not in seen


async def test_two_processes_of_a_service_handle_each_event_once(
    mesh, users_environment, redis_url
):
    events = await mesh.start("events", build_events, {"REDIS_URL": redis_url})
    target = f"127.0.0.1:{events.port}"
    service = await mesh.start("users", build_users, users_environment, events_target=target)
    users = users_pb2_grpc.UserServiceStub(mesh.channel(service))
    seen: list[int] = []

    async def react(_, event) -> None:
        await asyncio.sleep(0.01)
        seen.append(event.position)

    both = [make_consumer(service, mesh.channel(events), react) for _ in range(2)]
    tasks = [asyncio.create_task(consumer.run()) for consumer in both]
    for login in LOGINS:
        user = users_pb2.User(login=login, display_name=login)
        await users.CreateUser(users_pb2.CreateUserRequest(user=user))

    async def all_handled() -> bool:
        return len(set(seen)) == len(LOGINS) + ADMINS

    await eventually(all_handled)
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    assert seen == sorted(set(seen))


def make_consumer(service, channel, react) -> EventConsumer:
    kernel, tables = service.kernel, KernelTables.of(MetaData(schema="users"))
    return EventConsumer(
        "test",
        {"user.created": react},
        kernel.database,
        tables,
        channel,
        kernel.clock,
        kernel.outbox,
    )
