"""Services that run in the test process, on real PostgreSQL and real gRPC."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import free_port
from services.common.settings import Environment
from services.kernel import server
from services.kernel.clock import Clock
from services.kernel.database import migrate
from services.kernel.rpc.channels import ServiceChannels
from services.kernel.rpc.tokens import ServiceTokens
from services.kernel.server import Build, RunningService
from services.kernel.settings import Engine, KernelSettings
from services.users.__main__ import build as build_users
from tests.services.helpers import BOT_TOKEN, PASSWORD

NOWHERE = "127.0.0.1:9"


@dataclass(frozen=True)
class ServiceRunner:
    """Starts services that share a mesh key and a database."""

    key: Ed25519PrivateKey
    database_url: str
    engine: Engine
    stack: AsyncExitStack

    async def start(
        self,
        service: str,
        build: Build,
        environment: dict[str, str] | None = None,
        *,
        users_target: str = NOWHERE,
        events_target: str = NOWHERE,
        listen: str = "127.0.0.1:0",
        clock: Clock | None = None,
    ) -> RunningService:
        """Migrate the schema of a service and run it, by default on a free port."""
        await migrate.migrate_schema(service, self.database_url)
        settings = KernelSettings(
            service=service,
            listen=listen,
            database_url=self.database_url,
            mesh_key=write_key(self.key),
            users_target=users_target,
            events_target=events_target,
            otlp_target=None,
            engine=self.engine,
        )
        running = RunningService(settings, Environment(environment or {}), build, clock)
        return await self.stack.enter_async_context(running)

    def channel(self, running: RunningService, caller: str = "test") -> grpc.aio.Channel:
        """Return a channel whose calls carry the token of the service `caller`."""
        channels = ServiceChannels(ServiceTokens(caller, self.key))
        self.stack.push_async_callback(channels.close)
        return channels.get_channel(f"127.0.0.1:{running.port}")

    def anonymous_channel(self, running: RunningService) -> grpc.aio.Channel:
        """Return a channel whose calls carry no token."""
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{running.port}")
        self.stack.push_async_callback(channel.close)
        return channel


def write_key(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def users_environment(tmp_path) -> dict[str, str]:
    """Return the variables that the users service needs besides those of the kernel."""
    key = tmp_path / "token.pem"
    key.write_bytes(write_key(Ed25519PrivateKey.generate()))
    return {
        "LIBRAL_TOKEN_KEY": str(key),
        "LIBRAL_ADMIN_PASSWORD": PASSWORD,
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
    }


@pytest.fixture
def engine() -> Engine:
    return "grpcio" if os.environ.get("LIBRAL_GRPC_ENGINE") == "grpcio" else "native"


@pytest.fixture
async def mesh(
    database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ServiceRunner]:
    monkeypatch.setattr(server, "DRAIN_SECONDS", 0)
    async with AsyncExitStack() as stack:
        yield ServiceRunner(Ed25519PrivateKey.generate(), database_url, engine, stack)


@dataclass(frozen=True)
class Operator:
    """An admin that is signed in at a users service."""

    name: str
    session: str
    metadata: list[tuple[str, str]]
    users_target: str


@pytest.fixture
async def operator(mesh: ServiceRunner, users_environment: dict[str, str]) -> Operator:
    target = f"127.0.0.1:{free_port(set())}"
    service = await mesh.start(
        "users", build_users, users_environment, listen=target, users_target=target
    )
    auth = users_pb2_grpc.AuthServiceStub(mesh.anonymous_channel(service))
    pair = await auth.Login(users_pb2.LoginRequest(login="admin", password=PASSWORD))
    metadata = [("authorization", f"Bearer {pair.access_token}")]
    listed = await auth.ListSessions(users_pb2.ListSessionsRequest(), metadata=metadata)
    return Operator(pair.user.name, listed.sessions[0].name, metadata, target)
