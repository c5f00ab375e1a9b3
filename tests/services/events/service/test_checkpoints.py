"""Checkpoints are told outside of the database, when there is something to tell."""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.__main__ import build
from services.events.adapters.checkpoint_files import FileChannel, read_checkpoints
from services.events.domain.checkpoints import ChannelError
from services.events.service.checkpoints import Checkpointer
from services.kernel.clock import FixedClock
from tests.services.events.helpers import append, make_event
from tests.services.helpers import eventually, refused

NOON = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)


class Chat:
    """A channel that makes events, and can be away."""

    name = "TELEGRAM"
    echoes = True

    def __init__(self) -> None:
        self.told = []
        self.away = False

    async def publish(self, checkpoint) -> None:
        if self.away:
            raise ChannelError("It is away.")
        self.told.append(checkpoint.head.position)


@pytest.fixture
async def teller(room, tmp_path):
    """A clock, a chat and what tells them the log."""
    clock, chat = FixedClock(NOON), Chat()
    channels = [FileChannel(tmp_path / "points"), chat]
    return clock, chat, Checkpointer(room.kernel.database, clock, channels)


async def test_a_checkpoint_is_told_once_and_anew_when_the_log_has_grown(log, teller, tmp_path):
    clock, chat, checkpointer = teller
    await append(log, make_event(), make_event())
    for _ in range(3):
        await checkpointer.publish()
    clock.time += timedelta(minutes=1)
    await checkpointer.publish()
    await append(log, make_event())
    clock.time += timedelta(minutes=1)
    await checkpointer.publish()
    points = read_checkpoints(tmp_path / "points")
    assert [(p.head.position, p.time) for p in points] == [
        (2, NOON),
        (3, NOON + timedelta(minutes=2)),
    ]
    assert sorted(os.listdir(tmp_path / "points")) == [  # noqa: PTH208 - names are enough
        "checkpoints-2026-03.jsonl",
        "checkpoints-2026-04.jsonl",
    ]
    assert chat.told == [2, 3]
    listed = await log.ListEvents(events_pb2.ListEventsRequest())
    assert points[-1].head.hash == listed.events[0].hash


async def test_a_chat_is_not_told_of_its_own_messages(log, teller):
    clock, chat, checkpointer = teller
    await append(log, make_event())
    await checkpointer.publish()
    await append(log, make_event(actor="services/events"))
    clock.time += timedelta(minutes=1)
    await checkpointer.publish()
    assert chat.told == [1]


async def test_a_channel_that_was_away_is_told_later(room, log, teller):
    clock, chat, checkpointer = teller
    chat.away = True
    await append(log, make_event())
    await checkpointer.publish()
    latest = await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    marks = {mark.channel: mark for mark in latest.publications}
    assert marks[events_pb2.Checkpoint.TELEGRAM].error == "It is away."
    assert marks[events_pb2.Checkpoint.FILE].position == 1
    chat.away = False
    clock.time += timedelta(minutes=1)
    await checkpointer.publish()
    assert chat.told == [1]
    latest = await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    assert not any(mark.error for mark in latest.publications)


async def test_the_room_tells_its_folder(mesh, redis_url, tmp_path, monkeypatch):
    monkeypatch.setattr("services.events.service.checkpoints.INTERVAL_SECONDS", 0.1)
    environment = {"REDIS_URL": redis_url, "LIBRAL_CHECKPOINTS": str(tmp_path)}
    room = await mesh.start("events", build, environment)
    log = make_log(mesh, room)
    with refused("NOT_FOUND"):
        await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    await append(log, make_event())

    async def told() -> bool:
        points = read_checkpoints(tmp_path)
        return bool(points) and points[-1].head.position == 1

    await eventually(told)

    async def recorded() -> bool:
        # The folder is told before the transaction ends.
        with suppress(grpc.aio.AioRpcError):
            return bool(await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest()))
        return False

    await eventually(recorded)
    latest = await log.GetLatestCheckpoint(events_pb2.GetLatestCheckpointRequest())
    enabled = {mark.channel for mark in latest.publications if mark.enabled}
    assert enabled == {events_pb2.Checkpoint.FILE, events_pb2.Checkpoint.LOG}
    assert latest.position == 1


def make_log(mesh, room) -> events_pb2_grpc.EventServiceStub:
    return events_pb2_grpc.EventServiceStub(mesh.channel(room))
