from datetime import timedelta

import grpc
import pytest
from grpc.aio import AioRpcError, Metadata

from services.kernel.errors import FailedPreconditionError, UnavailableError, invalid
from services.telegram.domain.updates import LEASE, TRIES_MAX
from services.telegram.service.update_processor import RETENTION, is_transient
from tests.fakes import botapi
from tests.services.telegram.helpers import rows

STATES = "SELECT id, state, tries, due_time, error FROM updates ORDER BY id"
EVENTS = "SELECT type, subject, level, data FROM outbox"


def rpc_error(code: grpc.StatusCode) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), "unavailable")


@pytest.fixture
def process_next(processor, clock):
    """Return a function that processes the one pending update, after any retry delay."""

    async def process(*, urgent: bool = False) -> None:
        clock.time += LEASE
        (update,) = await processor.lease_updates(8, urgent=urgent)
        await processor.process_update(update)

    return process


async def test_a_handled_update_is_done(receive, process_next, handler, database):
    await receive(botapi.command_update(1, "/start"))
    await process_next()
    assert handler.handled == [1]
    (row,) = await rows(database, STATES)
    assert (row.state, row.tries, row.error) == ("done", 1, "")


async def test_a_leased_update_cannot_be_leased_until_the_lease_expires(receive, processor, clock):
    await receive(botapi.command_update(1, "/start"))
    assert [one.id for one in await processor.lease_updates(8, urgent=False)] == [1]
    assert await processor.lease_updates(8, urgent=False) == []
    clock.time += LEASE
    (again,) = await processor.lease_updates(8, urgent=False)
    assert (again.id, again.tries) == (1, 2)


async def test_the_lanes_are_separate(receive, processor):
    await receive(botapi.command_update(1, "/start"))
    await receive(botapi.pre_checkout_update(2))
    assert [one.id for one in await processor.lease_updates(8, urgent=True)] == [2]
    assert [one.id for one in await processor.lease_updates(8, urgent=False)] == [1]


async def test_an_update_that_keeps_failing_is_given_up_after_5_tries(
    receive, process_next, handler, database
):
    await receive(botapi.command_update(1, "/start"))
    handler.failures[1] = FailedPreconditionError("NO", "Refused.")
    for tries in range(1, TRIES_MAX):
        await process_next()
        (row,) = await rows(database, STATES)
        assert (row.state, row.tries) == ("pending", tries)
        assert await rows(database, EVENTS) == []
    await process_next()
    (row,) = await rows(database, STATES)
    assert (row.state, row.error) == ("failed", "FailedPreconditionError: Refused.")
    (event,) = await rows(database, EVENTS)
    assert (event.type, event.subject, event.level) == ("telegram.failed", "updates/1", 4)
    assert event.data == {"kind": "message", "error": row.error}


async def test_retry_delays_double(receive, process_next, handler, database, clock):
    await receive(botapi.command_update(1, "/start"))
    handler.failures[1] = ValueError("x")
    delays = []
    for _ in range(4):
        await process_next()
        (row,) = await rows(database, STATES)
        delays.append((row.due_time - clock.time).total_seconds())
    assert delays == [1, 2, 4, 8]


@pytest.mark.parametrize(
    "failure",
    [
        UnavailableError("TELEGRAM_UNAVAILABLE", "x"),
        rpc_error(grpc.StatusCode.UNAVAILABLE),
        rpc_error(grpc.StatusCode.DEADLINE_EXCEEDED),
    ],
)
async def test_transient_errors_are_retried_forever(
    receive, process_next, handler, database, failure
):
    await receive(botapi.command_update(1, "/start"))
    handler.failures[1] = failure
    for _ in range(2 * TRIES_MAX):
        await process_next()
    (row,) = await rows(database, STATES)
    assert (row.state, row.tries) == ("pending", 0)
    handler.failures.clear()
    await process_next()
    assert [row.state for row in await rows(database, STATES)] == ["done"]


async def test_an_invalid_update_is_given_up_at_once(receive, process_next, handler, database):
    await receive(botapi.command_update(1, "/start"))
    handler.failures[1] = invalid("message", "x")
    await process_next()
    assert [row.state for row in await rows(database, STATES)] == ["failed"]


async def test_an_expired_pre_checkout_query_is_not_handled(
    receive, processor, handler, database, clock
):
    await receive(botapi.pre_checkout_update(1))
    clock.time += timedelta(seconds=11)
    (update,) = await processor.lease_updates(8, urgent=True)
    await processor.process_update(update)
    assert handler.handled == []
    (row,) = await rows(database, STATES)
    assert row.state == "failed"
    assert "時間切れ" in row.error


async def test_a_late_failure_does_not_change_a_done_update(
    receive, processor, handler, database, clock
):
    await receive(botapi.command_update(1, "/start"))
    (slow,) = await processor.lease_updates(8, urgent=False)
    clock.time += LEASE
    (fast,) = await processor.lease_updates(8, urgent=False)
    await processor.process_update(fast)
    handler.failures[1] = invalid("message", "x")
    await processor.process_update(slow)
    assert [row.state for row in await rows(database, STATES)] == ["done"]
    assert await rows(database, EVENTS) == []


async def test_old_updates_are_deleted_unless_they_are_about_money(
    receive, processor, process_next, database, clock
):
    for number, update in enumerate(
        (
            botapi.command_update(1, "/start", 1),
            botapi.payment_update(2, "charge-1", 100, 2),
            botapi.refund_update(3, "charge-1", 100, 3),
            {"update_id": 4, "poll": {"id": "x"}},
        )
    ):
        assert update["update_id"] == number + 1
        await receive(update)
    for update in await processor.lease_updates(8, urgent=False):
        await processor.process_update(update)
    await receive(botapi.command_update(5, "/start", 5))
    clock.time += RETENTION
    await processor.delete_old_updates()
    assert len(await rows(database, STATES)) == 5
    clock.time += timedelta(seconds=1)
    await processor.delete_old_updates()
    assert [row.id for row in await rows(database, STATES)] == [2, 3, 5]


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (rpc_error(grpc.StatusCode.UNAVAILABLE), True),
        (rpc_error(grpc.StatusCode.INTERNAL), False),
        (UnavailableError("X", "x"), True),
        (FailedPreconditionError("X", "x"), False),
        (ValueError("x"), False),
    ],
)
def test_transient_errors(error, transient):
    assert is_transient(error) == transient
