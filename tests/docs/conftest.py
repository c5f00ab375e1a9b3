"""The users and the events service, for clients in other processes."""

from dataclasses import dataclass

import pytest
from libral.events.v1 import events_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

from deploy.local.home import free_port
from services.events.__main__ import build as build_events
from services.users.__main__ import build as build_users
from tests.services.conftest import engine, mesh, users_environment
from tests.services.helpers import PASSWORD

__all__ = ["engine", "mesh", "users_environment"]

SCOPES = ("users.read", "events.read", "events.write")


@dataclass(frozen=True)
class Services:
    """The addresses of two services, an API key, and a stub of a trusted caller."""

    users_target: str
    events_target: str
    api_key: str
    log: events_pb2_grpc.EventServiceStub

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LIBRAL_USERS_TARGET": self.users_target,
            "LIBRAL_EVENTS_TARGET": self.events_target,
            "LIBRAL_API_KEY": self.api_key,
        }


@pytest.fixture
async def services(mesh, users_environment, redis_url) -> Services:
    users_target = f"127.0.0.1:{free_port(set())}"
    events = await mesh.start(
        "events", build_events, {"REDIS_URL": redis_url}, users_target=users_target
    )
    events_target = f"127.0.0.1:{events.port}"
    users = await mesh.start(
        "users",
        build_users,
        users_environment,
        users_target=users_target,
        events_target=events_target,
        listen=users_target,
    )
    auth = users_pb2_grpc.AuthServiceStub(mesh.anonymous_channel(users))
    tokens = await auth.Login(users_pb2.LoginRequest(login="admin", password=PASSWORD))
    key = await auth.CreateApiKey(
        users_pb2.CreateApiKeyRequest(
            api_key=users_pb2.ApiKey(display_name="example", scopes=SCOPES)
        ),
        metadata=[("authorization", f"Bearer {tokens.access_token}")],
    )
    log = events_pb2_grpc.EventServiceStub(mesh.channel(events))
    return Services(users_target, events_target, key.secret, log)
