"""The events room, running."""

from collections.abc import AsyncIterator

import pytest
from libral.events.v1 import events_pb2_grpc

from services.events.__main__ import build
from services.kernel.server import RunningRoom


@pytest.fixture
async def room(mesh, redis_url) -> AsyncIterator[RunningRoom]:
    return await mesh.start("events", build, {"REDIS_URL": redis_url})


@pytest.fixture
def log(mesh, room) -> events_pb2_grpc.EventServiceStub:
    return events_pb2_grpc.EventServiceStub(mesh.channel(room))
