"""Migrations of a log with events."""

from libral.events.v1 import events_pb2_grpc
from sqlalchemy import text

from services.events.__main__ import build
from services.events.service.verification import verify_log
from services.kernel.database import migrate
from tests.services.events.helpers import append, make_event


async def test_existing_events_are_moved_into_partitions(mesh, redis_url, database_url):
    """Events of revision 0001 are kept, pass verification and keep their ids."""
    await migrate.migrate_schema("events", database_url)
    events = events_pb2_grpc.EventServiceStub
    service = await mesh.start("events", build, {"REDIS_URL": redis_url})
    log = events(mesh.channel(service))
    made = [make_event() for _ in range(5)]
    await append(log, *made)
    async with service.kernel.database.transaction() as connection:
        for statement in BACK:
            await connection.execute(text(statement))
    await migrate.migrate_schema("events", database_url)
    async with service.kernel.database.reading() as connection:
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
