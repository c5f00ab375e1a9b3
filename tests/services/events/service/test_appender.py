"""Concurrent appends: one log, each event once, and streams that miss none."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.__main__ import build
from services.events.domain.entries import Head, HeadMovedError, chain_entries
from services.events.servicer.event_messages import parse_entry
from services.events.storage import log as storage
from services.events.storage.partitions import list_partitions
from services.kernel.clock import FixedClock
from tests.services.events.helpers import append, make_event, take
from tests.services.helpers import eventually, refused

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def second(mesh, service, redis_url) -> events_pb2_grpc.EventServiceStub:
    """A second process of the service on the same log."""
    other = await mesh.start("events", build, {"REDIS_URL": redis_url})
    return events_pb2_grpc.EventServiceStub(mesh.channel(other))


async def test_two_processes_append_to_one_log(log, second):
    events = [make_event(subject=f"users/{n}") for n in range(60)]
    reading = [asyncio.create_task(take(each, 60, after=0)) for each in (log, second)]
    results = await asyncio.gather(
        *(append(each, event) for event in events for each in (log, second))
    )
    assert sorted({position for [position] in results}) == list(range(1, 61))
    assert results[::2] == results[1::2]
    for streamed in await asyncio.gather(*reading):
        assert [event.position for event in streamed] == list(range(1, 61))
        assert {event.id for event in streamed} == {event.id for event in events}
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert (verdict.valid, verdict.checked_count) == (True, 60)


async def test_events_chained_to_a_stale_head_are_not_appended(log, service):
    await append(log, make_event())
    entry = parse_entry(make_event(), "event")
    placed, after = chain_entries(Head(), [entry], NOON)
    async with service.kernel.database.transaction() as connection:
        with pytest.raises(HeadMovedError):
            await storage.append_entries(connection, placed, Head(), after)
        assert (await storage.read_head(connection)).position == 1
        assert await storage.find_positions(connection, [entry.id]) == {}
        assert len(await storage.list_entries(connection, 0, 10, 10)) == 1


async def test_known_and_new_events_in_one_request(log):
    events = [make_event() for _ in range(4)]
    assert await append(log, *events[:2]) == [1, 2]
    assert await append(log, events[2], events[1], events[3], events[2]) == [3, 2, 4, 3]
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert (verdict.valid, verdict.checked_count) == (True, 4)


async def test_a_live_event_equals_the_stored_one(log):
    event = make_event("user.created", id=str(uuid4()).upper())
    event.time.nanos = 123_456_789
    event.data.update({"list": [1, 2.5, None, True, {"x": "y"}], "big": 2**60, "名": "é\n"})
    reading = asyncio.create_task(take(log, 1, after=-1))
    await asyncio.sleep(0.2)
    await append(log, event)
    [live] = await reading
    kept = await log.GetEvent(events_pb2.GetEventRequest(name=live.name))
    assert live == kept
    assert live.id == event.id.lower()
    assert live.datacontenttype == "application/json"
    assert live.data == event.data


async def test_append_times_do_not_decrease(mesh, redis_url):
    clock = FixedClock(NOON)
    service = await mesh.start("events", build, {"REDIS_URL": redis_url}, clock=clock)
    log = events_pb2_grpc.EventServiceStub(mesh.channel(service))
    for jump in (0, 3600, -7200, 60):
        clock.time += timedelta(seconds=jump)
        await append(log, make_event())
    listed = await log.ListEvents(events_pb2.ListEventsRequest())
    times = [event.append_time.ToDatetime(tzinfo=UTC) for event in reversed(listed.events)]
    assert times == [NOON] + [NOON + timedelta(hours=1)] * 3
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert verdict.valid


async def test_a_partition_is_created_again_after_a_failed_append(mesh, redis_url, monkeypatch):
    clock = FixedClock(NOON)
    service = await mesh.start("events", build, {"REDIS_URL": redis_url}, clock=clock)
    log = events_pb2_grpc.EventServiceStub(mesh.channel(service))

    async def partitions_exist() -> bool:
        async with service.kernel.database.reading() as connection:
            return len(await list_partitions(connection)) == 2

    await eventually(partitions_exist)
    clock.time = NOON.replace(year=2031)

    async def fail(*_) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(storage, "append_entries", fail)
        with refused("UNAVAILABLE"):
            await append(log, make_event())
    assert await append(log, make_event()) == [1]
