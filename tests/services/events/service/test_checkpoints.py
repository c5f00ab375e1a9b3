"""Checkpoints are published outside the database when the log has grown."""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.__main__ import build
from services.events.adapters.checkpoint_files import FileChannel, read_checkpoints
from services.events.domain.checkpoints import ChannelError
from services.events.service.checkpoints import CheckpointPublisher
from services.kernel.clock import FixedClock
from tests.services.events.helpers import append, make_event
from tests.services.helpers import eventually, refused

NOON = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)


class ChatChannel:
    """A channel that causes events and can be unavailable."""

    name = "TELEGRAM"
    causes_events = True

    def __init__(self) -> None:
        self.published = []
        self.unavailable = False

    async def publish(self, checkpoint) -> None:
        if self.unavailable:
            raise ChannelError("It is unavailable.")
        self.published.append(checkpoint.head.position)


@pytest.fixture
async def publication(service, tmp_path):
    """A clock, a chat channel, and a publisher that uses both."""
    clock, chat = FixedClock(NOON), ChatChannel()
    channels = [FileChannel(tmp_path / "points"), chat]
    return clock, chat, CheckpointPublisher(service.kernel.database, clock, channels)


async def test_a_checkpoint_is_published_once_until_the_log_grows(log, publication, tmp_path):
    clock, chat, publisher = publication
    await append(log, make_event(), make_event())
    for _ in range(3):
        await publisher.publish_if_due()
    clock.time += timedelta(minutes=1)
    await publisher.publish_if_due()
    await append(log, make_event())
    clock.time += timedelta(minutes=1)
    await publisher.publish_if_due()
    points = read_checkpoints(tmp_path / "points")
    assert [(p.head.position, p.time) for p in points] == [
        (2, NOON),
        (3, NOON + timedelta(minutes=2)),
    ]
    assert sorted(os.listdir(tmp_path / "points")) == [  # noqa: PTH208 - names are enough
        "checkpoints-2026-03.jsonl",
        "checkpoints-2026-04.jsonl",
    ]
    assert chat.published == [2, 3]
    listed = await log.ListEvents(events_pb2.ListEventsRequest())
    assert points[-1].head.hash == listed.events[0].hash


async def test_a_channel_that_causes_events_is_skipped_for_its_own_events(log, publication):
    clock, chat, publisher = publication
    await append(log, make_event())
    await publisher.publish_if_due()
    await append(log, make_event(actor="services/events"))
    clock.time += timedelta(minutes=1)
    await publisher.publish_if_due()
    assert chat.published == [1]


async def test_an_unavailable_channel_is_retried(service, log, publication):
    clock, chat, publisher = publication
    chat.unavailable = True
    await append(log, make_event())
    await publisher.publish_if_due()
    latest = await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    marks = {mark.channel: mark for mark in latest.publications}
    assert marks[events_pb2.Checkpoint.TELEGRAM].error == "It is unavailable."
    assert marks[events_pb2.Checkpoint.FILE].position == 1
    chat.unavailable = False
    clock.time += timedelta(minutes=1)
    await publisher.publish_if_due()
    assert chat.published == [1]
    latest = await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    assert not any(mark.error for mark in latest.publications)


async def test_the_service_publishes_to_its_folder(mesh, redis_url, tmp_path, monkeypatch):
    monkeypatch.setattr("services.events.service.checkpoints.INTERVAL_SECONDS", 0.1)
    environment = {"REDIS_URL": redis_url, "LIBRAL_CHECKPOINTS": str(tmp_path)}
    service = await mesh.start("events", build, environment)
    log = make_log(mesh, service)
    with refused("NOT_FOUND"):
        await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    await append(log, make_event())

    async def published() -> bool:
        points = read_checkpoints(tmp_path)
        return bool(points) and points[-1].head.position == 1

    await eventually(published)

    async def recorded() -> bool:
        # The file is written before the transaction commits.
        with suppress(grpc.aio.AioRpcError):
            return bool(await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest()))
        return False

    await eventually(recorded)
    latest = await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    enabled = {mark.channel for mark in latest.publications if mark.enabled}
    assert enabled == {events_pb2.Checkpoint.FILE, events_pb2.Checkpoint.LOG}
    assert latest.position == 1


def make_log(mesh, service) -> events_pb2_grpc.EventServiceStub:
    return events_pb2_grpc.EventServiceStub(mesh.channel(service))
