"""The users room, running, with its first admin."""

import pytest
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import free_port
from services.users.__main__ import build
from tests.services.helpers import PASSWORD


@pytest.fixture
async def room(mesh, users_environment):
    port = free_port(set())
    target = f"127.0.0.1:{port}"
    return await mesh.start("users", build, users_environment, listen=target, users_target=target)


@pytest.fixture
def users(mesh, room):
    return users_pb2_grpc.UserServiceStub(mesh.channel(room))


@pytest.fixture
def auth(mesh, room):
    """AuthService, and UserService's DeleteUser, for a caller with a token of its own or none."""
    channel = mesh.anonymous_channel(room)
    stub = users_pb2_grpc.AuthServiceStub(channel)
    stub.delete_user = users_pb2_grpc.UserServiceStub(channel).DeleteUser
    return stub


@pytest.fixture
async def admin(auth) -> users_pb2.TokenPair:
    return await auth.Login(users_pb2.LoginRequest(login="admin", password=PASSWORD))
