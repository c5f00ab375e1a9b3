"""The users room, running, with its first admin."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import free_port
from services.users.__main__ import build

PASSWORD = "correct horse battery"
BOT_TOKEN = "123456:test-token"


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    key = tmp_path / "token.pem"
    key.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    return {
        "LIBRAL_TOKEN_KEY": str(key),
        "LIBRAL_ADMIN_PASSWORD": PASSWORD,
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
    }


@pytest.fixture
async def room(mesh, environment):
    port = free_port(set())
    target = f"127.0.0.1:{port}"
    return await mesh.start("users", build, environment, listen=target, users_target=target)


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
