"""The keys of users' tokens, as the users service publishes them."""

import grpc
import jwt
import pytest
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.errors import UnavailableError
from services.kernel.rpc.keys import UserKeys
from services.users.__main__ import build
from tests.services.helpers import PASSWORD


async def test_published_keys_verify_tokens(mesh, users_environment):
    running = await mesh.start("users", build, users_environment)
    channel = mesh.anonymous_channel(running)
    keys = await UserKeys(channel).fetch_keys()
    auth = users_pb2_grpc.AuthServiceStub(channel)
    pair = await auth.Login(users_pb2.LoginRequest(login="admin", password=PASSWORD))
    key = keys[jwt.get_unverified_header(pair.access_token)["kid"]]
    assert jwt.decode(pair.access_token, key, ["EdDSA"], issuer="libral")["roles"] == ["ADMIN"]


async def test_a_users_service_that_is_away():
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        with pytest.raises(UnavailableError) as away:
            await UserKeys(channel).fetch_keys()
    assert away.value.reason == "KEYS_UNAVAILABLE"
