"""Migrations of a log that has events already."""

from libral.events.v1 import events_pb2_grpc
from sqlalchemy import text

from services.events.__main__ import build
from services.events.service.verification import verify_log
from services.kernel.database import migrate
from tests.services.events.helpers import append, make_event


async def test_a_log_of_before_is_moved_into_its_months(mesh, redis_url, database_url):
    """What was appended before the log had months is there, sound and found."""
    await migrate.migrate_schema("events", database_url)
    events = events_pb2_grpc.EventServiceStub
    room = await mesh.start("events", build, {"REDIS_URL": redis_url})
    log = events(mesh.channel(room))
    made = [make_event() for _ in range(5)]
    await append(log, *made)
    async with room.kernel.database.transaction() as connection:
        for statement in BACK:
            await connection.execute(text(statement))
    await migrate.migrate_schema("events", database_url)
    async with room.kernel.database.reading() as connection:
        assert (await verify_log(connection, [])).checked == 5
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
