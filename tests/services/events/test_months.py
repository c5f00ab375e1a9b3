"""The log by months: kept, dropped, and sound all the while."""

from datetime import UTC, datetime

import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc
from sqlalchemy import text

from services.common.settings import Environment, SettingsError
from services.events.__main__ import build
from services.events.config import EventsSettings
from services.events.storage import log as storage
from services.events.verify import verify
from services.events.worker.months import Months
from services.kernel.clock import FixedClock
from tests.services.events.test_servicer import append, make_event, take
from tests.services.helpers import eventually, refused

MONTHS = [datetime(2026, month, 10, tzinfo=UTC) for month in (1, 2, 3)]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONTHS[0])


@pytest.fixture
async def room(mesh, redis_url, clock):
    return await mesh.start("events", build, {"REDIS_URL": redis_url}, clock=clock)


async def test_what_is_past_its_time_goes_and_the_chain_holds(room, log, clock):
    events = [make_event() for _ in range(360)]
    for number, month in enumerate(MONTHS):
        clock.time = month
        await append(log, *events[number * 120 : number * 120 + 120])

    async def indexed() -> bool:
        async with room.kernel.database.reading() as connection:
            return await connection.scalar(text("SELECT count(*) FROM events.blocks")) == 3

    await eventually(indexed)
    await Months(room.kernel.database, clock, 1).keep()
    listed = await log.ListEvents(events_pb2.ListEventsRequest(page_size=1000))
    assert [event.position for event in listed.events] == list(range(360, 120, -1))
    assert not listed.next_page_token
    by_type = await log.ListEvents(
        events_pb2.ListEventsRequest(page_size=1000, type="user.created")
    )
    assert len(by_type.events) == 240
    verdict = await log.VerifyEvents(events_pb2.VerifyEventsRequest())
    assert (verdict.valid, verdict.checked_count) == (True, 240)
    async with room.kernel.database.reading() as connection:
        whole = await verify(connection, [])
    assert (whole.checked, whole.defect) == (240, None)
    assert [event.position for event in await take(log, 2, after=0)] == [121, 122]
    assert [event.position for event in await take(log, 1, after=120)] == [121]
    with refused("OUT_OF_RANGE", "EVENTS_EXPIRED"):
        await take(log, 1, after=50)
    with refused("NOT_FOUND"):
        await log.GetEvent(events_pb2.GetEventRequest(name=f"events/{events[0].id}"))
    assert await append(log, make_event()) == [361]


async def test_months_are_ready_before_they_begin(room, clock):
    await Months(room.kernel.database, clock, None).keep()
    async with room.kernel.database.reading() as connection:
        months = await storage.list_periods(connection)
    assert [month.month for month in months] == [1, 2]


@pytest.mark.parametrize("value", ["0", "x", "-1", "1201"])
def test_retention_must_be_months(value):
    environment = {"REDIS_URL": "redis://h:1/0", "LIBRAL_EVENTS_RETENTION_MONTHS": value}
    with pytest.raises(SettingsError, match="LIBRAL_EVENTS_RETENTION_MONTHS"):
        EventsSettings.read(Environment(environment))


def test_month_arithmetic():
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert storage.month_after(december) == datetime(2027, 1, 1, tzinfo=UTC)
    assert storage.month_before(datetime(2027, 1, 1, tzinfo=UTC)) == december


async def test_a_log_of_before_is_moved_into_its_months(mesh, redis_url, database_url):
    """What was appended before the log had months is there, sound and found."""
    from services.kernel.database import migrate  # noqa: PLC0415 - one test runs an old migration

    await migrate.run("events", database_url)
    events = events_pb2_grpc.EventServiceStub
    room = await mesh.start("events", build, {"REDIS_URL": redis_url})
    log = events(mesh.channel(room))
    made = [make_event() for _ in range(5)]
    await append(log, *made)
    async with room.kernel.database.transaction() as connection:
        for statement in BACK:
            await connection.execute(text(statement))
    await migrate.run("events", database_url)
    async with room.kernel.database.reading() as connection:
        assert (await verify(connection, [])).checked == 5
    assert await append(log, *made, make_event()) == [1, 2, 3, 4, 5, 6]


BACK = (
    (
        "CREATE TABLE events.whole AS SELECT position, id, type, source, subject, category, level, "
        "actor, request_id, time, append_time, data, hash FROM events.log"
    ),
    (
        "DROP TABLE events.log, events.ids, events.floor, events.blocks, events.consumers, "
        "events.letters, events.checkpoints"
    ),
    "ALTER TABLE events.whole RENAME TO log",
    "ALTER TABLE events.log ADD CONSTRAINT log_pkey PRIMARY KEY (position)",
    "ALTER TABLE events.head DROP COLUMN append_time",
    "UPDATE events.alembic_version SET version_num = '0001'",
)
