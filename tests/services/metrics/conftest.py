"""The metrics room, running."""

import pytest
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.metrics.__main__ import build


@pytest.fixture
def environment(redis_url) -> dict[str, str]:
    return {"REDIS_URL": redis_url}


@pytest.fixture
async def room(mesh, environment):
    return await mesh.start("metrics", build, environment)


@pytest.fixture
def channel(mesh, room):
    return mesh.channel(room)


@pytest.fixture
def metrics(channel):
    return contract.MetricServiceStub(channel)
