import asyncio

from libral.events.v1 import events_pb2, events_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import free_port
from services.events.__main__ import build as build_events
from services.users.__main__ import build as build_users
from tests.services.helpers import eventually

AWAY_SECONDS = 2.5
CALLS_AT_ONCE = 8


async def test_events_reach_a_log_that_was_away(mesh, users_environment, redis_url):
    """The relay leads again after a failure, whichever connection the pool gives it."""
    port = free_port(set())
    target = f"127.0.0.1:{port}"
    room = await mesh.start("users", build_users, users_environment, events_target=target)
    users = users_pb2_grpc.UserServiceStub(mesh.channel(room))
    end = asyncio.get_running_loop().time() + AWAY_SECONDS
    while asyncio.get_running_loop().time() < end:
        request = users_pb2.ListUsersRequest()
        await asyncio.gather(*(users.ListUsers(request) for _ in range(CALLS_AT_ONCE)))
        await asyncio.sleep(0.01)
    assert await room.kernel.database.answers()
    environment = {"REDIS_URL": redis_url}
    events = await mesh.start("events", build_events, environment, listen=target)
    log = events_pb2_grpc.EventServiceStub(mesh.channel(events))

    async def arrived() -> bool:
        request = events_pb2.ListEventsRequest()
        found = await log.ListEvents(request, wait_for_ready=True)
        return [event.type for event in found.events] == ["user.created"]

    await eventually(arrived, 5)
