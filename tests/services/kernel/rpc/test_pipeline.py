"""Every call has a request id, a deadline, error details and a measurement."""

import asyncio
from uuid import uuid4

import grpc
import pytest
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.calls import current_call
from services.kernel.errors import NotFoundError
from services.kernel.rpc import pipeline
from services.kernel.server import ServiceDefinition
from tests.services.helpers import refused

PATH = "/libral.users.v1.UserService/GetUser"


class Users(users_pb2_grpc.UserServiceServicer):
    """Returns the request id of the call, or fails, depending on the name of the user."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()

    async def GetUser(self, request, context):
        if request.name == "users/missing":
            raise NotFoundError("user", request.name)
        if request.name == "users/defect":
            raise ZeroDivisionError
        if request.name == "users/slow":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return users_pb2.User(name=current_call().request_id, login=current_call().caller.subject)


@pytest.fixture
def servicer() -> Users:
    return Users()


@pytest.fixture
async def running(mesh, servicer):
    async def build(_kernel) -> ServiceDefinition:
        return ServiceDefinition(services=[servicer])

    return await mesh.start("users", build)


@pytest.fixture
def users(mesh, running):
    return users_pb2_grpc.UserServiceStub(mesh.channel(running, "payments"))


async def get(users, name="users/1", metadata=(), **options):
    return await users.GetUser(
        users_pb2.GetUserRequest(name=name), metadata=list(metadata), **options
    )


async def test_a_call_has_the_callers_request_id_or_a_new_one(users):
    request_id = str(uuid4())
    found = await get(users, metadata=[("x-request-id", request_id)])
    assert (found.name, found.login) == (request_id, "services/payments")
    first, second = (await get(users)).name, (await get(users)).name
    assert len({first, second, ""}) == 3


async def test_an_invalid_request_id_is_refused_by_name(users):
    with refused("INVALID_ARGUMENT", "INVALID_FIELDS", ["x-request-id"]):
        await get(users, metadata=[("x-request-id", "nonsense")])


async def test_errors_keep_their_reason_and_unexpected_errors_are_hidden(users):
    with refused("NOT_FOUND", "USER_NOT_FOUND"):
        await get(users, "users/missing")
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await get(users, "users/defect")
    assert (failure.value.code().name, failure.value.details()) == ("INTERNAL", "Internal error.")


async def test_a_call_without_a_good_token_is_refused(mesh, running):
    users = users_pb2_grpc.UserServiceStub(mesh.anonymous_channel(running))
    with refused("UNAUTHENTICATED", "TOKEN_MISSING"):
        await get(users)
    with refused("UNAUTHENTICATED", "TOKEN_INVALID"):
        await get(users, metadata=[("authorization", "Basic abc")])


async def test_a_call_ends_at_its_deadline(users, servicer, monkeypatch):
    monkeypatch.setattr(pipeline, "UNARY_SECONDS", 0.2)
    with refused("UNAVAILABLE", "TIMEOUT"):
        await get(users, "users/slow", timeout=20)
    assert servicer.cancelled.is_set()


async def test_a_call_is_measured_by_method_and_status(users, running):
    running.kernel.meter.take_histograms()
    await get(users)
    with refused("NOT_FOUND"):
        await get(users, "users/missing")
    taken = running.kernel.meter.take_histograms()
    statuses = {
        dict(attributes)["rpc.grpc.status_code"]: sum(histogram.counts)
        for (name, attributes), histogram in taken.items()
        if name == pipeline.DURATION and dict(attributes)["rpc.method"] == PATH
    }
    assert statuses == {"OK": 1, "NOT_FOUND": 1}
