"""An event is in the outbox exactly when its transaction committed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import MetaData, text

from services.kernel.calls import CallContext, Caller, enter_call
from services.kernel.clock import FixedClock
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.errors import InvalidArgumentError
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.outbox import Outbox

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CREATED = NewEvent("user.created", Category.USER, "users/1", {"name": "太郎"})


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(KernelTables.of(MetaData(schema="payments")), FixedClock(NOW))


@pytest.fixture
async def database(database_url):
    await migrate.migrate_schema("payments", database_url)
    database = Database(database_url)
    yield database
    await database.close()


async def rows(database: Database) -> list:
    async with database.reading() as connection:
        return list(await connection.execute(text("SELECT * FROM payments.outbox")))


async def test_an_event_commits_with_its_transaction(database, outbox):
    enter_call(CallContext(request_id="r1", caller=Caller(subject="users/9")))
    async with database.transaction() as connection:
        await outbox.publish(connection, CREATED)
    (row,) = await rows(database)
    assert (row.type, row.subject, row.actor) == ("user.created", "users/1", "users/9")
    assert (row.request_id, row.time, row.data) == ("r1", NOW, {"name": "太郎"})


async def test_an_event_is_undone_with_its_transaction(database, outbox):
    async def fail() -> None:
        async with database.transaction() as connection:
            await outbox.publish(connection, CREATED)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await rows(database) == []


def test_what_the_log_would_refuse_is_refused_here(outbox):
    with pytest.raises(InvalidArgumentError) as refused:
        outbox.make_row(NewEvent("user.created", Category.USER, subject="a\0"), CallContext())
    assert [one.field for one in refused.value.violations] == ["event.subject"]


def test_an_actor_that_is_named_is_not_the_caller(outbox):
    call = CallContext(caller=Caller(subject="users/9"))
    assert (
        outbox.make_row(NewEvent("a.b", Category.USER, actor="services/x"), call)["actor"]
        == "services/x"
    )
    assert outbox.make_row(NewEvent("a.b", Category.USER, actor=""), call)["actor"] == ""
