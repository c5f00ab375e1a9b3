"""Work runs once for each request id of a caller."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from libral.payments.v1 import payments_pb2
from sqlalchemy import MetaData

from services.kernel.calls import AuditRecord, CallContext, Caller, enter_call
from services.kernel.clock import FixedClock
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.errors import AlreadyExistsError, InvalidArgumentError
from services.kernel.rpc.idempotency import RETENTION, IdempotencyStore

Request, Response = payments_pb2.RefundPaymentRequest, payments_pb2.Payment


class Work:
    """Counts how often it ran, and store with that."""

    def __init__(self) -> None:
        self.ran = 0
        self.fails = False

    async def __call__(self, _connection) -> Response:
        self.ran += 1
        if self.fails:
            raise RuntimeError
        return Response(name=f"payments/{self.ran}")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
async def store(database_url, clock):
    await migrate.migrate_schema("payments", database_url)
    database = Database(database_url)
    yield IdempotencyStore(database, KernelTables.of(MetaData(schema="payments")), clock)
    await database.close()


def request(request_id: str, reason: str = "a") -> Request:
    return Request(name="payments/1", reason=reason, request_id=request_id)


def serve(caller: str = "users/1") -> AuditRecord:
    audit = AuditRecord()
    enter_call(CallContext("/x/Refund", "r", Caller(subject=caller), audit))
    return audit


async def test_a_repeat_gets_the_first_answer_and_is_marked(store):
    work, asked = Work(), request(str(uuid4()))
    first = serve()
    response = await store.run_once(asked, Response, work)
    repeated = serve()
    assert await store.run_once(asked, Response, work) == response
    assert (work.ran, first.repeated, repeated.repeated) == (1, False, True)
    assert repeated.subject == "payments/1"


async def test_repeats_at_once_run_once(store):
    work, asked = Work(), request(str(uuid4()))
    serve()
    found = await asyncio.gather(*(store.run_once(asked, Response, work) for _ in range(4)))
    assert work.ran == 1
    assert len({one.name for one in found}) == 1


async def test_work_that_failed_runs_again(store):
    work, asked = Work(), request(str(uuid4()))
    serve()
    work.fails = True
    with pytest.raises(RuntimeError):
        await store.run_once(asked, Response, work)
    work.fails = False
    assert (await store.run_once(asked, Response, work)).name == "payments/2"


async def test_the_id_belongs_to_its_arguments_and_its_caller(store):
    work, request_id = Work(), str(uuid4())
    serve()
    await store.run_once(request(request_id), Response, work)
    with pytest.raises(AlreadyExistsError) as reused:
        await store.run_once(request(request_id, "b"), Response, work)
    assert reused.value.reason == "REQUEST_ID_REUSED"
    serve("users/2")
    await store.run_once(request(request_id, "b"), Response, work)
    assert work.ran == 2


async def test_requests_without_an_id_all_run_and_a_bad_id_is_refused(store):
    work = Work()
    serve()
    for _ in range(2):
        await store.run_once(request(""), Response, work)
    assert work.ran == 2
    with pytest.raises(InvalidArgumentError, match="request_id"):
        await store.run_once(request("nonsense"), Response, work)


async def test_answers_are_kept_for_a_week(store, clock):
    work, asked = Work(), request(str(uuid4()))
    serve()
    await store.run_once(asked, Response, work)
    clock.time += RETENTION
    await store.delete_expired()
    await store.run_once(asked, Response, work)
    assert work.ran == 1
    clock.time += timedelta(seconds=1)
    await store.delete_expired()
    await store.run_once(asked, Response, work)
    assert work.ran == 2
