"""Fixtures: the events service and its tables."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from libral.events.v1 import events_pb2_grpc

from services.events.__main__ import build
from services.events.domain.checkpoints import Checkpoint
from services.events.domain.entries import LogEntry
from services.events.storage import log as storage
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.server import RunningService
from tests.services.events.helpers import LENGTH, append, make_event


@pytest.fixture
async def database(database_url) -> AsyncIterator[Database]:
    """A migrated database without a running service."""
    await migrate.migrate_schema("events", database_url)
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def service(mesh, redis_url) -> AsyncIterator[RunningService]:
    return await mesh.start("events", build, {"REDIS_URL": redis_url})


@pytest.fixture
def log(mesh, service) -> events_pb2_grpc.EventServiceStub:
    return events_pb2_grpc.EventServiceStub(mesh.channel(service))


@pytest.fixture
async def stored_log(service, log) -> tuple[list[Checkpoint], list[LogEntry]]:
    """A log of 40 events, with checkpoints at position 25 and at the head."""
    points = []
    async with service.kernel.database.reading() as connection:
        for count in (25, LENGTH - 25):
            await append(log, *(make_event(subject=f"users/{n}") for n in range(count)))
            head, floor = await storage.read_head(connection), await storage.read_floor(connection)
            points.append(Checkpoint(head, floor, datetime.now(UTC)))
        return points, await storage.list_entries(connection, 0, LENGTH, LENGTH)
