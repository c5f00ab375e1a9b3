"""The relay loses and reorders no event, and one rejected event does not block others."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from libral.events.v1 import events_pb2, events_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc
from sqlalchemy import text
from sqlalchemy.event import listen

from deploy.local.home import free_port
from services.events.__main__ import build as build_events
from services.kernel.calls import CallContext, enter_call
from services.kernel.clock import FixedClock
from services.kernel.errors import InvalidArgumentError
from services.kernel.events import relay
from services.kernel.events.event import Category, NewEvent
from services.kernel.events.relay import Backoff, Relay
from services.users.__main__ import build as build_users
from tests.services.helpers import eventually

AWAY_SECONDS = 2.5
CALLS_AT_ONCE = 8
FIRST = "user.created"


def noted(number: int = 0, **data: Any) -> NewEvent:
    return NewEvent("test.noted", Category.SYSTEM, f"things/{number}", data)


@dataclass
class RelayedService:
    """A users service and its event log, which is started later."""

    mesh: Any
    service: Any
    redis_url: str
    listen: str
    stub: Any = None

    async def start_log(self) -> None:
        environment = {"REDIS_URL": self.redis_url}
        events = await self.mesh.start("events", build_events, environment, listen=self.listen)
        self.stub = events_pb2_grpc.EventServiceStub(self.mesh.channel(events))

    @asynccontextmanager
    async def transaction(self):
        async with self.service.kernel.database.transaction() as connection:
            yield connection

    async def publish(self, connection, *events: NewEvent) -> None:
        for event in events:
            await self.service.kernel.outbox.publish(connection, event)

    async def arrived(self) -> list[events_pb2.Event]:
        """Return the events in the log, without that of the first admin."""
        call = self.stub.StreamEvents(events_pb2.StreamEventsRequest(), wait_for_ready=True)
        found = []
        try:
            await call.wait_for_connection()
            while True:
                async with asyncio.timeout(0.5):
                    event = await call.read()
                if event is grpc.aio.EOF:
                    break
                found.append(event)
        except TimeoutError:
            pass
        finally:
            call.cancel()
        return [event for event in found if event.type != FIRST]

    async def subjects(self) -> list[str]:
        return [event.subject for event in await self.arrived()]

    async def pending(self) -> int:
        async with self.service.kernel.database.reading() as connection:
            return await connection.scalar(text("SELECT count(*) FROM users.outbox"))

    async def drained(self, seconds: float = 10) -> None:
        async def empty() -> bool:
            return await self.pending() == 0

        await eventually(empty, seconds)


@pytest.fixture
async def disconnected(mesh, users_environment, redis_url) -> RelayedService:
    target = f"127.0.0.1:{free_port(set())}"
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    service = await mesh.start(
        "users", build_users, users_environment, events_target=target, clock=clock
    )
    return RelayedService(mesh, service, redis_url, target)


@pytest.fixture
async def relayed(disconnected) -> RelayedService:
    await disconnected.start_log()
    await disconnected.drained()
    return disconnected


async def test_events_reach_a_log_that_was_away(mesh, users_environment, redis_url):
    """The relay takes its lock again after a failure, on any connection of the pool."""
    port = free_port(set())
    target = f"127.0.0.1:{port}"
    service = await mesh.start("users", build_users, users_environment, events_target=target)
    users = users_pb2_grpc.UserServiceStub(mesh.channel(service))
    end = asyncio.get_running_loop().time() + AWAY_SECONDS
    while asyncio.get_running_loop().time() < end:
        request = users_pb2.ListUsersRequest()
        await asyncio.gather(*(users.ListUsers(request) for _ in range(CALLS_AT_ONCE)))
        await asyncio.sleep(0.01)
    assert await service.kernel.database.is_available()
    environment = {"REDIS_URL": redis_url}
    events = await mesh.start("events", build_events, environment, listen=target)
    log = events_pb2_grpc.EventServiceStub(mesh.channel(events))

    async def arrived() -> bool:
        request = events_pb2.ListEventsRequest()
        found = await log.ListEvents(request, wait_for_ready=True)
        return [event.type for event in found.events] == ["user.created"]

    await eventually(arrived, relay.RETRY_SECONDS_MAX + 2)


async def test_a_late_commit_is_not_skipped(relayed):
    """An event that is inserted first and committed last comes first."""
    async with relayed.transaction() as late:
        await relayed.publish(late, noted(1))
        async with relayed.transaction() as early:
            await relayed.publish(early, noted(2))
        assert await relayed.subjects() == []
    await relayed.drained()
    assert await relayed.subjects() == ["things/1", "things/2"]


async def test_the_order_of_waiting_transactions_is_kept(relayed):
    """Transaction ids may be in another order than the changes of an aggregate."""
    number = text("SELECT pg_current_xact_id()")
    async with relayed.transaction() as second:
        await second.execute(number)
        async with relayed.transaction() as bystander:
            await bystander.execute(number)
            async with relayed.transaction() as first:
                await relayed.publish(first, noted(1))
            await relayed.publish(second, noted(2))
            await second.commit()
            assert await relayed.subjects() == []
    await relayed.drained()
    assert await relayed.subjects() == ["things/1", "things/2"]


async def fail(relayed) -> None:
    async with relayed.transaction() as connection:
        await relayed.publish(connection, noted(1))
        raise KeyError


async def test_a_rolled_back_event_is_not_relayed(relayed):
    with pytest.raises(KeyError):
        await fail(relayed)
    async with relayed.transaction() as connection:
        await relayed.publish(connection, noted(2))
    await relayed.drained()
    assert await relayed.subjects() == ["things/2"]


async def test_a_commit_wakes_the_relay(relayed, monkeypatch):
    monkeypatch.setattr(relay, "POLL_SECONDS", 60.0)
    for number in range(5):
        async with relayed.transaction() as connection:
            await relayed.publish(connection, noted(number))
        await relayed.drained(5)


async def test_the_lock_is_tried_once_a_second_also_after_commits(relayed, mesh, users_environment):
    other = await mesh.start("users", build_users, users_environment, events_target=relayed.listen)
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_) -> None:
        if "pg_try_advisory_lock" in statement:
            asked.append(statement)

    listen(other.kernel.database.engine.sync_engine, "before_cursor_execute", note)
    async with other.kernel.database.transaction() as connection:
        await other.kernel.outbox.publish(connection, noted(1))
    await relayed.drained()
    await asyncio.sleep(2.5)
    assert 1 <= len(asked) <= 5, len(asked)
    assert await relayed.subjects() == ["things/1"]


async def test_a_backlog_drains_in_order(disconnected):
    for start in range(0, 1700, 100):
        async with disconnected.transaction() as connection:
            await disconnected.publish(connection, *(noted(start + more) for more in range(100)))
    await disconnected.start_log()
    await disconnected.drained(30)
    expected = [f"things/{number}" for number in range(1700)]

    async def complete() -> bool:
        return await disconnected.subjects() == expected

    await eventually(complete)


async def test_large_events_go_in_small_batches(disconnected, monkeypatch):
    """JSON of many short values grows the most in protobuf."""
    sizes, deliver = [], Relay._deliver

    async def watch(relay, connection, rows) -> None:
        sizes.append(sum(relay._event(row, row.data).ByteSize() for row in rows))
        await deliver(relay, connection, rows)

    monkeypatch.setattr(Relay, "_deliver", watch)
    async with disconnected.transaction() as connection:
        await disconnected.publish(
            connection,
            *(noted(number, values=[0] * 32_000) for number in range(20)),
            *(noted(20 + number, text="名" * 20_000) for number in range(20)),
        )
    await disconnected.start_log()
    await disconnected.drained(30)
    assert await disconnected.subjects() == [f"things/{number}" for number in range(40)]
    assert max(sizes) < 4 * 1024 * 1024
    assert sum(sizes) > 4 * 1024 * 1024


async def insert(relayed, number: int, event_type: str = "test.noted", data: str = "'{}'") -> None:
    """Insert a row without validation."""
    names = "id, type, category, level, subject, actor, request_id, time, data"
    values = f"gen_random_uuid(), '{event_type}', 1, 2, 'things/{number}', '', '', now(), {data}"
    async with relayed.transaction() as connection:
        statement = text(
            f"INSERT INTO users.outbox ({names}) VALUES ({values})".replace(":", "\\:")
        )
        await connection.execute(statement)


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("No type", "'{}'"),
        ("test.noted", "jsonb_build_object('text', repeat('x', 70000))"),
        ("test.noted", "jsonb_build_object('text', repeat('x', 5000000))"),
        ("test.noted", "('{\"n\": 1' || repeat('0', 400) || '}')::jsonb"),
        ("outbox.refused", "jsonb_build_object('text', repeat('x', 70000))"),
    ],
    ids=["type", "size", "message", "number", "refusal"],
)
async def test_a_rejected_row_is_dead_lettered(disconnected, event_type, data):
    for number in range(20):
        await insert(disconnected, number)
    await insert(disconnected, 20, event_type, data)
    for number in range(21, 40):
        await insert(disconnected, number)
    await disconnected.start_log()
    await disconnected.drained(20)
    others = [f"things/{number}" for number in range(40) if number != 20]
    refused = [event for event in await disconnected.arrived() if event.type == "outbox.refused"]
    assert [one for one in await disconnected.subjects() if one] == others
    query = text("SELECT * FROM users.dead_letters WHERE consumer = 'outbox'")
    async with disconnected.service.kernel.database.reading() as connection:
        (dead_letter,) = (await connection.execute(query)).all()
    kept = events_pb2.Event.FromString(dead_letter.event)
    assert (kept.subject, kept.type) == ("things/20", event_type)
    assert dead_letter.error
    if event_type != "outbox.refused":
        (event,) = refused
        assert event.level == events_pb2.Event.ERROR
        assert event.data["id"] == kept.id
        assert event.data["problem"] == dead_letter.error
    else:
        assert refused == []


def nested(levels: int) -> dict[str, Any]:
    return {"d": nested(levels - 1)} if levels > 1 else {"d": 1}


async def publish_all(relayed, *events: NewEvent) -> None:
    async with relayed.transaction() as connection:
        await relayed.publish(connection, *events)


LARGEST = 64 * 1024 - len('{"text":""}')


@pytest.mark.parametrize(
    "event",
    [
        NewEvent("test.noted", Category.SYSTEM, subject="x" * 256),
        NewEvent("t." + "x" * 254, Category.SYSTEM),
        NewEvent("test.noted", Category.SYSTEM, data={"text": "x" * LARGEST}),
        NewEvent("test.noted", Category.SYSTEM, data={"text": "あ" * (LARGEST // 3)}),
        NewEvent("test.noted", Category.SYSTEM, data=nested(32)),
        NewEvent("test.noted", Category.SYSTEM, data={"n": 2**1000, "x": [None, True, 1.5]}),
    ],
    ids=["subject", "type", "data", "japanese", "depth", "numbers"],
)
async def test_the_log_accepts_what_the_outbox_accepts(relayed, event):
    async with relayed.transaction() as connection:
        await relayed.publish(connection, event)
    await relayed.drained()
    assert [one.type for one in await relayed.arrived()] == [event.type]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (NewEvent("Test", Category.SYSTEM), "type"),
        (NewEvent("t." + "x" * 255, Category.SYSTEM), "type"),
        (NewEvent("test.noted", Category.SYSTEM, subject="x" * 257), "subject"),
        (NewEvent("test.noted", Category.SYSTEM, subject="\0"), "subject"),
        (NewEvent("test.noted", Category.SYSTEM, actor="x" * 257), "actor"),
        (NewEvent("test.noted", Category.SYSTEM, data={"text": "x" * (LARGEST + 1)}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"t": "あ" * (LARGEST // 3 + 2)}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"text": ["\0"]}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"\0": 1}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data=nested(33)), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"n": 10**400}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"n": float("nan")}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"text": "\ud800"}), "data"),
        (NewEvent("test.noted", Category.SYSTEM, data={"time": datetime.now(UTC)}), "data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_outbox_refuses_what_the_log_refuses(disconnected, event, field):
    before = await disconnected.pending()
    with pytest.raises(InvalidArgumentError) as failure:
        await publish_all(disconnected, noted(1), event)
    assert [one.field for one in failure.value.violations] == [f"event.{field}"]
    assert await disconnected.pending() == before


async def test_a_request_id_too_long_is_refused(disconnected):
    enter_call(CallContext(request_id="x" * 257))
    with pytest.raises(InvalidArgumentError):
        await publish_all(disconnected, noted(1))
    enter_call(CallContext())


async def test_the_lag_is_the_age_of_the_oldest(disconnected):
    kernel = disconnected.service.kernel
    unit, read = kernel.meter.gauges["outbox.lag"]
    assert unit == "s"
    assert await read() == 0
    kernel.clock.time += timedelta(seconds=90)
    async with disconnected.transaction() as connection:
        await disconnected.publish(connection, noted(1))
    assert await read() == 90
    await disconnected.start_log()
    await disconnected.drained()
    assert await read() == 0


def test_delays_double_with_jitter_until_reset():
    backoff = Backoff(0.1, 3.0)
    seconds = [backoff.next_delay() for _ in range(10)]
    longest = [0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0, 3.0, 3.0]
    for taken, most in zip(seconds, longest, strict=True):
        assert most / 2 <= taken <= most
    assert len(set(seconds)) == 10
    backoff.reset()
    assert backoff.next_delay() <= 0.1
