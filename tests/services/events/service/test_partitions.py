"""Partitions are created and dropped, and the hash chain stays valid."""

from datetime import UTC, datetime

import pytest
from libral.events.v1 import events_pb2
from sqlalchemy import text

from services.events.__main__ import build
from services.events.service.partitions import PartitionKeeper
from services.events.service.verification import verify_log
from services.events.storage.partitions import list_partitions
from services.kernel.clock import FixedClock
from tests.services.events.helpers import append, make_event, take
from tests.services.helpers import eventually, refused

MONTHS = [datetime(2026, month, 10, tzinfo=UTC) for month in (1, 2, 3)]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONTHS[0])


@pytest.fixture
async def service(mesh, redis_url, clock):
    return await mesh.start("events", build, {"REDIS_URL": redis_url}, clock=clock)


async def test_expired_events_are_dropped_and_the_chain_stays_valid(service, log, clock):
    events = [make_event() for _ in range(360)]
    for number, month in enumerate(MONTHS):
        clock.time = month
        await append(log, *events[number * 120 : number * 120 + 120])

    async def indexed() -> bool:
        async with service.kernel.database.reading() as connection:
            return await connection.scalar(text("SELECT count(*) FROM events.blocks")) == 3

    await eventually(indexed)
    await PartitionKeeper(service.kernel.database, clock, 1).update_partitions()
    listed = await log.ListEvents(events_pb2.ListEventsRequest(page_size=1000))
    assert [event.position for event in listed.events] == list(range(360, 120, -1))
    assert not listed.next_page_token
    by_type = await log.ListEvents(
        events_pb2.ListEventsRequest(page_size=1000, type="user.created")
    )
    assert len(by_type.events) == 240
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert (verdict.valid, verdict.checked_count) == (True, 240)
    async with service.kernel.database.reading() as connection:
        whole = await verify_log(connection, [])
    assert (whole.checked, whole.defect) == (240, None)
    assert [event.position for event in await take(log, 2, after=0)] == [121, 122]
    assert [event.position for event in await take(log, 1, after=120)] == [121]
    with refused("OUT_OF_RANGE", "EVENTS_EXPIRED"):
        await take(log, 1, after=50)
    with refused("NOT_FOUND"):
        await log.GetEvent(events_pb2.GetEventRequest(name=f"events/{events[0].id}"))
    assert await append(log, make_event()) == [361]


async def test_partitions_are_created_in_advance(service, clock):
    await PartitionKeeper(service.kernel.database, clock, None).update_partitions()
    async with service.kernel.database.reading() as connection:
        months = await list_partitions(connection)
    assert [month.month for month in months] == [1, 2]
